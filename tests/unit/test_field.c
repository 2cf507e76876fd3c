/* test_field.c - a body is taken exactly as api.md, section 1, says, and every fault in it is
 * named. */
#include "unit/sample_fields.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#define BYTES_MAX (1 << 20)

/* 64, 65 and 500 characters */
#define C16 "0123456789abcdef"
#define C64 C16 C16 C16 C16
#define C65 C64 "x"
#define C500 C64 C64 C64 C64 C64 C64 C64 C16 C16 C16 "0123"
#define EURO "\xE2\x82\xAC"
#define CARD "4111111111111111"

static const struct currency *currency_of(const char *code)
{
	return currency_find(text_of(code));
}

static void parse_text(const char *text, struct json_doc *ret_doc)
{
	const char *detail = "";
	size_t offset = 0;

	ck_assert_msg(json_parse(text_of(text), ret_doc, &detail, &offset), "%s: %s", text, detail);
}

/* The faults of a body as text: a pointer each, with $ behind one of money. */
static void parse_body(const char *text, struct json_doc *ret_doc, struct sample *ret_sample,
                       struct field_errors *errors, struct buf *ret_faults)
{
	bool ok;

	*ret_sample = (struct sample){0};
	errors->count = 0;
	buf_init(ret_faults, BYTES_MAX);
	parse_text(text, ret_doc);
	ok = field_parse(sample_fields, ret_doc, currency_of("USD"), ret_sample, errors);
	ck_assert(ok == (errors->count == 0));
	for (size_t i = 0; i < errors->count && i < FIELD_ERRORS_MAX; i++)
		buf_addf(ret_faults, "%s%s%s", i == 0 ? "" : " ", errors->rows[i].pointer,
		         errors->rows[i].is_money ? "$" : "");
}

#define OK "{\"order_id\":\"o-1\",\"amount\":1"

static const struct {
	const char *body;
	const char *faults;
} bodies[] = {
	/* the whole */
	{"[]", "#"},
	{"null", "#"},
	{"10", "#"},
	{"{}", "#/order_id #/amount"},
	{OK "}", ""},
	{OK ",\"note\":1,\"capture\":1,\"x\":1,\"a/b~c d\":1}",
         "#/note #/capture #/x #/a~1b~0c%20d"},
	/* names of unknown fields */
	{OK ",\"\":1}", "#/"},
	{OK ",\"AMOUNT\":1}", "#/AMOUNT"},
	{OK ",\"\xC3\xA9\\u0001%\\\"\":1}", "#/%C3%A9%01%25%22"},
	{OK ",\"-._!$&'()*+,;=:@?\":1}", "#/-._!$&'()*+,;=:@?"},
	{OK ",\"" C64 "\":1}", "#/" C64},
	{OK ",\"" C65 "\":1}", "#"},
	{OK ",\"" EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO
                 EURO EURO "\":1}",
         "#"},
	{OK ",\"" CARD "\":1}", "#"},
	{OK ",\"items\":[{\"sku\":\"s\",\"quantity\":1,\"unit_price\":1,\"x/\":1}]}",
         "#/items/0/x~1"},
	/* order_id */
	{"{\"order_id\":\"" C64 "\",\"amount\":1}", ""},
	{"{\"order_id\":\"" C65 "\",\"amount\":1}", "#/order_id"},
	{"{\"order_id\":\"\",\"amount\":1}", "#/order_id"},
	{"{\"order_id\":\"..\",\"amount\":1}", "#/order_id"},
	{"{\"order_id\":\"a b\",\"amount\":1}", "#/order_id"},
	{"{\"order_id\":0,\"amount\":1}", ""},
	{"{\"order_id\":9007199254740991,\"amount\":1}", ""},
	{"{\"order_id\":9007199254740992,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":-1,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":1.5,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":1.0,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":1e3,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":true,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":null,\"amount\":1}", "#/order_id"},
	{"{\"order_id\":{},\"amount\":1}", "#/order_id"},
	/* money */
	{"{\"order_id\":1,\"amount\":10.99}", ""},
	{"{\"order_id\":1,\"amount\":\"10.990\"}", ""},
	{"{\"order_id\":1,\"amount\":0.01}", ""},
	{"{\"order_id\":1,\"amount\":999999999999.99}", ""},
	{"{\"order_id\":1,\"amount\":1000000000000}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":0}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":0.00}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":-0}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":-1}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":1e3}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":10.999}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":0.9999999999999999999}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":9007199254740993}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":\"\"}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":\" 1\"}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":\"01\"}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":\"1,5\"}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":\"\\uff11\"}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":true}", "#/amount"},
	{"{\"order_id\":1,\"amount\":null}", "#/amount"},
	{"{\"order_id\":1,\"amount\":[1]}", "#/amount"},
	{"{\"order_id\":1}", "#/amount"},
	{"{\"amount\":0}", "#/order_id #/amount$"},
	{OK ",\"part\":0.125}", ""},
	{OK ",\"part\":\"0\"}", "#/part$"},
	{OK ",\"part\":\"x\"}", "#/part$"},
	{OK ",\"part\":0.12345}", "#/part$"},
	{OK ",\"part\":{}}", "#/part"},
	/* currency, which may follow its money */
	{"{\"order_id\":1,\"amount\":1.005,\"currency\":\"KWD\"}", ""},
	{"{\"currency\":\"JPY\",\"order_id\":1,\"amount\":1.5}", "#/amount$"},
	{"{\"order_id\":1,\"amount\":1.0,\"currency\":\"JPY\"}", ""},
	{"{\"order_id\":1,\"amount\":1.555,\"currency\":\"usd\"}", "#/currency"},
	{"{\"order_id\":1,\"amount\":\"x\",\"currency\":\"XXY\"}", "#/amount$ #/currency"},
	{"{\"order_id\":1,\"amount\":1.555,\"currency\":978}", "#/currency"},
	{OK ",\"currency\":null}", "#/currency"},
	/* texts */
	{OK ",\"note\":\"\"}", ""},
	{OK ",\"note\":\"a\\tb\\nc" EURO EURO EURO EURO EURO "\"}", ""},
	{OK ",\"note\":\"0123456789a\"}", "#/note"},
	{OK ",\"note\":\"a\\u0001\"}", "#/note"},
	{OK ",\"note\":\"a\\r\"}", "#/note"},
	{OK ",\"note\":\"a\\u007f\"}", "#/note"},
	{OK ",\"note\":\"a\\u0085\"}", "#/note"},
	{OK ",\"note\":[]}", "#/note"},
	{OK ",\"method\":\"\"}", "#/method"},
	{OK ",\"method\":\"" CARD "\"}", ""}, /* asked of note only */
	/* words, integers, booleans, times */
	{OK ",\"capture\":\"manual\"}", ""},
	{OK ",\"capture\":\"Manual\"}", "#/capture"},
	{OK ",\"capture\":\"\"}", "#/capture"},
	{OK ",\"expires_in\":1}", ""},
	{OK ",\"expires_in\":31536000}", ""},
	{OK ",\"expires_in\":31536001}", "#/expires_in"},
	{OK ",\"expires_in\":0}", "#/expires_in"},
	{OK ",\"expires_in\":-1}", "#/expires_in"},
	{OK ",\"expires_in\":1.0}", "#/expires_in"},
	{OK ",\"expires_in\":999999999999999999999}", "#/expires_in"},
	{OK ",\"expires_in\":\"5\"}", "#/expires_in"},
	{OK ",\"is_test\":true}", ""},
	{OK ",\"is_test\":\"true\"}", "#/is_test"},
	{OK ",\"is_test\":0}", "#/is_test"},
	{OK ",\"due\":\"2026-11-23T04:30:00Z\"}", ""},
	{OK ",\"due\":\"2026-11-23\"}", "#/due"},
	{OK ",\"due\":1}", "#/due"},
	/* metadata */
	{OK ",\"metadata\":{}}", ""},
	{OK ",\"metadata\":{\"" C64 "\":\"" C500 "\",\"A.b_c-9\":\"\"}}", ""},
	{OK ",\"metadata\":{\"a\":\"" C500 "x\"}}", "#/metadata/a"},
	{OK ",\"metadata\":{\"a\":1,\"b c\":\"\",\"\":\"\"}}",
         "#/metadata/a #/metadata/b%20c #/metadata/"},
	{OK ",\"metadata\":{\"" C65 "\":\"\",\"x\":\"\\u0002\"}}", "#/metadata #/metadata/x"},
	{OK ",\"metadata\":{\"a\":1,\"b\":\"\"}}", "#/metadata/a"},
	{OK ",\"metadata\":[]}", "#/metadata"},
	{OK ",\"metadata\":null}", "#/metadata"},
	/* names */
	{OK ",\"names\":[\"a\"]}", ""},
	{OK ",\"names\":[\"a.b_c-D\",\"" C64 "\",\"0\"]}", ""},
	{OK ",\"names\":[]}", "#/names"},
	{OK ",\"names\":[\"a\",\"b\",\"c\",\"d\"]}", "#/names"},
	{OK ",\"names\":[\"\"]}", "#/names"},
	{OK ",\"names\":[\"a b\"]}", "#/names"},
	{OK ",\"names\":[\"a\\\"b\"]}", "#/names"},
	{OK ",\"names\":[\"" C65 "\"]}", "#/names"},
	{OK ",\"names\":[1]}", "#/names"},
	{OK ",\"names\":\"a\"}", "#/names"},
	{OK ",\"names\":null}", "#/names"},
	/* lists */
	{OK ",\"items\":[{\"sku\":\"s\",\"quantity\":1,\"unit_price\":0}]}", ""},
	{OK ",\"items\":[]}", "#/items"},
	{OK ",\"items\":[1,2,3,4]}", "#/items"},
	{OK ",\"items\":{}}", "#/items"},
	{OK ",\"items\":[null,{\"sku\":\"\",\"unit_price\":-1},{\"x\":1}]}",
         "#/items/0 #/items/1/sku #/items/1/quantity #/items/1/unit_price$ "
         "#/items/2/sku #/items/2/quantity #/items/2/unit_price #/items/2/x"},
	{OK ",\"items\":[{\"sku\":\"s\",\"quantity\":1,\"unit_price\":0.5}],\"currency\":\"JPY\"}",
         "#/items/0/unit_price$"},
	{OK ",\"items\":[{\"sku\":\"s\",\"quantity\":1,\"unit_price\":0.5}],\"currency\":\"Y\"}",
         "#/currency"},
};

START_TEST(a_body_is_taken_or_every_fault_is_named)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf faults;
	struct field_errors errors;
	struct sample sample;

	parse_body(bodies[_i].body, &doc, &sample, &errors, &faults);
	ck_assert_msg(strcmp(buf_str(&faults), bodies[_i].faults) == 0, "%s:\n got %s\nwant %s",
	              bodies[_i].body, buf_str(&faults), bodies[_i].faults);
	for (size_t i = 0; i < errors.count; i++) {
		const char *detail = errors.rows[i].detail;

		ck_assert_msg(strncmp(detail, "must ", 5) == 0 ||
		                      strcmp(detail, "is required") == 0 ||
		                      strcmp(detail, "is not a known field") == 0,
		              "%s", detail);
	}
}
END_TEST

static const struct {
	const char *body;
	const char *detail;
} details[] = {
	{"{\"amount\":1}", "is required"},
	{"{\"order_id\":1,\"amount\":0}", "must be greater than 0"},
	{"{\"order_id\":1,\"amount\":1.555}", "must have at most 2 decimals in USD"},
	{"{\"order_id\":1,\"amount\":0.5,\"currency\":\"JPY\"}",
         "must have at most 0 decimals in JPY"},
	{"{\"order_id\":1,\"amount\":1000000000000}",
         "must be at most 999999999999, with at most 15 digits in all"},
	{OK ",\"note\":\"0123456789a\"}", "must be a text of at most 10 characters"},
	{OK ",\"method\":\"\"}", "must be a text of 1 to 255 characters"},
	{OK ",\"capture\":\"x\"}", "must be one of: automatic, manual"},
	{OK ",\"expires_in\":0}", "must be an integer from 1 to 31536000"},
	{OK ",\"items\":[]}", "must be an array of 1 to 3 objects"},
	{OK ",\"x\":1}", "is not a known field"},
	{OK ",\"" C65 "\":1}", "must not hold a field that is not known"},
};

START_TEST(a_detail_says_what_to_send_with_its_limits)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf faults;
	struct field_errors errors;
	struct sample sample;

	parse_body(details[_i].body, &doc, &sample, &errors, &faults);
	ck_assert_uint_eq(errors.count, 1);
	ck_assert_str_eq(errors.rows[0].detail, details[_i].detail);
}
END_TEST

START_TEST(a_card_number_is_refused_and_not_repeated)
{
	static const struct field fields[] = {
		FIELD_TEXT("text", struct sample, note, FIELD_NO_CARD, 1, 100, ""),
		FIELD_END,
	};
	static const char *const texts[] = {
		"{\"text\":\"" CARD "\"}",
		"{\"text\":\"card 4111 1111-1111 1111, please\"}",
		"{\"" CARD "\":1}",
		"{\"card " CARD "\":1}",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_JSON struct json_doc doc = {0};
		struct sample sample = {0};
		struct field_errors errors;

		errors.count = 0;
		parse_text(texts[i], &doc);
		ck_assert(!field_parse(fields, &doc, NULL, &sample, &errors));
		ck_assert_uint_eq(errors.count, 1);
		ck_assert_ptr_null(strstr(errors.rows[0].pointer, "1111"));
		ck_assert_ptr_null(strstr(errors.rows[0].detail, "1111"));
		ck_assert_ptr_null(sample.note.ptr);
	}
}
END_TEST

START_TEST(what_is_sent_is_what_is_stored)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf faults;
	struct field_errors errors;
	struct sample s;
	struct decimal part;

	parse_body("{\"items\":[{\"sku\":\"s-1\",\"quantity\":2,\"unit_price\":\"0.005\"},"
	           "{\"sku\":\"\\u00e9\",\"quantity\":1000000,\"unit_price\":1,"
	           "\"metadata\":{\"k\":\"v\"}}],"
	           "\"metadata\":{\"b\":\"\\t\\\"\",\"B\":\"2\",\"a\":\"\\u20ac\"},"
	           "\"due\":\"1970-01-01T00:00:01.5Z\",\"is_test\":true,\"expires_in\":60,"
	           "\"capture\":\"manual\",\"method\":\"m\",\"note\":\"n\",\"currency\":\"KWD\","
	           "\"part\":\"2.50\",\"amount\":3.125,\"order_id\":42}",
	           &doc, &s, &errors, &faults);
	ck_assert_str_eq(buf_str(&faults), "");
	part = s.part;
	ck_assert_str_eq(s.order_id, "42");
	ck_assert_int_eq(s.amount_minor, 3125);
	ck_assert(part.digits == 25 && part.decimals == 1);
	ck_assert_ptr_eq(s.currency, currency_of("KWD"));
	ck_assert(text_is(s.note, "n"));
	ck_assert(text_is(s.method, "m"));
	ck_assert_int_eq(s.capture, 1);
	ck_assert_int_eq(s.expires_s, 60);
	ck_assert(s.is_test);
	ck_assert_int_eq(s.due_us, 1500000);
	ck_assert(text_is(s.metadata, "{\"B\":\"2\",\"a\":\"" EURO "\",\"b\":\"\\t\\\"\"}"));
	ck_assert_uint_eq(s.items_count, 2);
	ck_assert(text_is(s.items[0].sku, "s-1"));
	ck_assert_int_eq(s.items[0].quantity, 2);
	ck_assert_int_eq(s.items[0].unit_price_minor, 5);
	ck_assert(text_is(s.items[0].metadata, "{}"));
	ck_assert(text_is(s.items[1].sku, "\xC3\xA9"));
	ck_assert_int_eq(s.items[1].unit_price_minor, 1000);
	ck_assert(text_is(s.items[1].metadata, "{\"k\":\"v\"}"));
}
END_TEST

static void check_defaults(const struct sample *s)
{
	ck_assert(s->part.digits == -1);
	ck_assert_ptr_eq(s->currency, currency_of("USD"));
	ck_assert_ptr_null(s->note.ptr);
	ck_assert_int_eq(s->capture, 0);
	ck_assert_int_eq(s->expires_s, -1);
	ck_assert(!s->is_test);
	ck_assert(s->due_us == INT64_MIN);
	ck_assert(text_is(s->metadata, "{}"));
	ck_assert_uint_eq(s->items_count, 0);
}

START_TEST(what_is_left_out_has_its_default)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf faults;
	struct field_errors errors;
	struct sample parsed, empty;

	parse_body(OK "}", &doc, &parsed, &errors, &faults);
	check_defaults(&parsed);
	ck_assert_int_eq(parsed.amount_minor, 100);

	memset(&empty, 0xFF, sizeof(empty));
	field_defaults(sample_fields, currency_of("USD"), &empty);
	check_defaults(&empty);
	ck_assert_int_eq(empty.amount_minor, MONEY_NONE);
	ck_assert_str_eq(empty.order_id, "");
}
END_TEST

/* With the longest keys and values there are, of characters of 4 bytes. */
START_TEST(metadata_takes_32_keys_and_not_33)
{
	for (int keys = 32; keys <= 33; keys++) {
		AUTO_JSON struct json_doc doc = {0};
		AUTO_BUF struct buf faults;
		AUTO_BUF struct buf body;
		struct field_errors errors;
		struct sample sample;

		buf_init(&body, BYTES_MAX);
		buf_add_str(&body, OK ",\"metadata\":{");
		for (int i = 0; i < keys; i++) {
			buf_addf(&body, "%s\"%02d%.62s\":\"", i == 0 ? "" : ",", 99 - i, C64);
			for (int c = 0; c < METADATA_VALUE_CHARS_MAX; c++)
				buf_add_str(&body, "\xF0\x9F\x98\x80");
			buf_add_char(&body, '"');
		}
		buf_add_str(&body, "}}");
		parse_body(buf_str(&body), &doc, &sample, &errors, &faults);
		ck_assert_str_eq(buf_str(&faults), keys == 32 ? "" : "#/metadata");
		if (keys == 32)
			ck_assert(strncmp(sample.metadata.ptr, "{\"68", 4) == 0);
	}
}
END_TEST

START_TEST(faults_past_the_last_row_are_counted)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf faults;
	AUTO_BUF struct buf body;
	struct field_errors errors;
	struct sample sample;

	buf_init(&body, BYTES_MAX);
	buf_add_str(&body, "{\"k\":1");
	for (int i = 0; i < 999; i++)
		buf_addf(&body, ",\"k%d\":1", i);
	buf_add_str(&body, ",\"amount\":0}");
	parse_body(buf_str(&body), &doc, &sample, &errors, &faults);
	ck_assert_uint_eq(errors.count, 1002);
	/* The fields that are known come first. */
	ck_assert(strncmp(buf_str(&faults), "#/order_id #/amount$ #/k #/k0 ", 30) == 0);
}
END_TEST

static Suite *field_suite(void)
{
	Suite *suite = suite_create("field");
	TCase *tcase = tcase_create("field");

	tcase_add_loop_test(tcase, a_body_is_taken_or_every_fault_is_named, 0,
	                    (int)ARRAY_LEN(bodies));
	tcase_add_loop_test(tcase, a_detail_says_what_to_send_with_its_limits, 0,
	                    (int)ARRAY_LEN(details));
	tcase_add_test(tcase, a_card_number_is_refused_and_not_repeated);
	tcase_add_test(tcase, what_is_sent_is_what_is_stored);
	tcase_add_test(tcase, what_is_left_out_has_its_default);
	tcase_add_test(tcase, metadata_takes_32_keys_and_not_33);
	tcase_add_test(tcase, faults_past_the_last_row_are_counted);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(field_suite)
