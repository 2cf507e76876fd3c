/* test_field_render.c - a struct is printed as its table says, and the schema made from the same
 * table says so too. */
#include "unit/sample_fields.h"
#include "unit/unit.h"

#define BYTES_MAX (1 << 20)

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

struct answer_line {
	char id[8];
	int64_t price_minor;
};

struct answer {
	char id[8];
	char reference[8];
	int64_t amount_minor, refunded_minor;
	const struct currency *currency;
	struct text note;
	struct text steps;
	int status;
	int64_t at_us;
	bool is_late;
	struct text metadata;
	struct answer_line lines[2];
	size_t lines_count;
};

static const struct field answer_line_fields[] = {
	FIELD_STR("id", struct answer_line, id, "Its id."),
	FIELD_MONEY("price", struct answer_line, price_minor, 0, 0, "Its price."),
	FIELD_END,
};

static const struct field answer_fields[] = {
	FIELD_ORDER_ID("id", struct answer, id, 0, "The \"id\"."),
	FIELD_STR("reference", struct answer, reference, "A reference."),
	FIELD_MONEY("amount", struct answer, amount_minor, 0, 0, "The amount."),
	FIELD_MONEY("refunded", struct answer, refunded_minor, 0, 0, "What went back."),
	FIELD_CURRENCY("currency", struct answer, currency, 0, "Its currency."),
	FIELD_TEXT("note", struct answer, note, 0, 0, 10, "A note."),
	FIELD_RAW("steps", struct answer, steps, "Steps."),
	FIELD_ENUM("status", struct answer, status, 0, sample_captures, "The status."),
	FIELD_TIME("at", struct answer, at_us, 0, "When."),
	FIELD_BOOLEAN("late", struct answer, is_late, 0, "Whether late."),
	FIELD_METADATA("metadata", struct answer, metadata, 0, "Anything."),
	FIELD_LIST("lines", struct answer, lines, lines_count, 0, answer_line_fields,
                   struct answer_line, 2, "Lines."),
	FIELD_END,
};

START_TEST(an_answer_is_printed_member_by_member)
{
	const struct answer answer = {
		.id = "o\"1",
		.reference = "r",
		.amount_minor = 1099,
		.refunded_minor = 0,
		.currency = currency_of("USD"),
		.note = TEXT_LITERAL("a\nb"),
		.steps = TEXT_LITERAL("[1]"),
		.status = 1,
		.at_us = 1500,
		.is_late = true,
		.metadata = TEXT_LITERAL("{\"a\":\"b\"}"),
		.lines = {{.id = "x", .price_minor = 5}, {.id = "y", .price_minor = MONEY_NONE}},
		.lines_count = 2,
	};
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	field_render(answer_fields, &answer, &out);
	ck_assert_str_eq(
		buf_str(&out),
		"{\"id\":\"o\\\"1\",\"reference\":\"r\",\"amount\":10.99,\"refunded\":0.00,"
		"\"currency\":\"USD\",\"note\":\"a\\nb\",\"steps\":[1],"
		"\"status\":\"manual\",\"at\":\"1970-01-01T00:00:00.001Z\",\"late\":true,"
		"\"metadata\":{\"a\":\"b\"},\"lines\":[{\"id\":\"x\",\"price\":0.05},"
		"{\"id\":\"y\",\"price\":null}]}");
}
END_TEST

START_TEST(what_an_answer_lacks_is_null)
{
	const struct answer answer = {
		.amount_minor = MONEY_NONE,
		.refunded_minor = MONEY_NONE,
		.status = -1,
		.at_us = INT64_MIN,
	};
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	json_open(&out, '{');
	json_member_int(&out, "first", 1);
	field_render_members(answer_fields, &answer, &out);
	json_member_int(&out, "last", 2);
	json_close(&out, '}');
	ck_assert_str_eq(buf_str(&out),
	                 "{\"first\":1,\"id\":null,\"reference\":null,\"amount\":null,"
	                 "\"refunded\":null,\"currency\":null,\"note\":null,\"steps\":null,"
	                 "\"status\":null,\"at\":null,\"late\":false,\"metadata\":{},\"lines\":[],"
	                 "\"last\":2}");
}
END_TEST

START_TEST(a_list_is_printed_alone_in_the_given_currency)
{
	const struct answer answer = {.lines = {{.id = "x", .price_minor = 5}}, .lines_count = 1};
	const struct field *lines = &answer_fields[ARRAY_LEN(answer_fields) - 2];
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	field_render_list(lines, currency_of("JPY"), &answer, &out);
	ck_assert_str_eq(buf_str(&out), "[{\"id\":\"x\",\"price\":5}]");
}
END_TEST

/* As the fingerprint of a request does: printed with the body's own table. */
START_TEST(bodies_that_mean_the_same_print_the_same)
{
	static const char *const texts[] = {
		"{\"order_id\":7,\"amount\":10,\"part\":2.50,\"metadata\":{\"a\":\"1\",\"b\":\"2\"}"
		","
		"\"names\":[\"a\",\"b\"]}",
		" { \"names\": [ \"a\",\"\\u0062\" ],\"metadata\":{\"b\":\"2\",\"\\u0061\":\"1\"}, "
		"\"capture\":\"automatic\",\n"
		"\"part\":\"2.5\", \"currency\":\"USD\", \"amount\":\"10.00\",\"order_id\":\"7\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_JSON struct json_doc doc = {0};
		AUTO_BUF struct buf out;
		struct field_errors errors;
		struct sample sample = {0};

		errors.count = 0;
		buf_init(&out, BYTES_MAX);
		parse_text(texts[i], &doc);
		ck_assert(field_parse(sample_fields, &doc, currency_of("USD"), &sample, &errors));
		field_render(sample_fields, &sample, &out);
		ck_assert_str_eq(
			buf_str(&out),
			"{\"order_id\":\"7\",\"amount\":10.00,\"part\":2.5,\"currency\":\"USD\","
			"\"note\":null,\"method\":null,\"capture\":\"automatic\",\"expires_in\":-1,"
			"\"is_test\":false,\"due\":null,\"metadata\":{\"a\":\"1\",\"b\":\"2\"},"
			"\"names\":[\"a\",\"b\"],\"items\":[]}");
	}
}
END_TEST

/* ---- schemas ---- */

static const char *schema_part(const cJSON *root, const char *path[])
{
	static char text[500];
	const cJSON *node = root;

	for (size_t i = 0; path[i] != NULL; i++) {
		node = json_member(node, path[i]);
		ck_assert_msg(node != NULL, "no %s", path[i]);
	}
	ck_assert(cJSON_PrintPreallocated((cJSON *)(uintptr_t)node, text, sizeof(text), false));
	return text;
}

#define PART(root, ...) schema_part(root, (const char *[]){__VA_ARGS__, NULL})

START_TEST(the_schema_of_a_body_says_its_limits)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	field_schema(sample_fields, false, &out);
	parse_text(buf_str(&out), &doc);
	ck_assert_str_eq(PART(doc.root, "required"), "[\"order_id\",\"amount\"]");
	ck_assert_str_eq(PART(doc.root, "additionalProperties"), "false");
	ck_assert_str_eq(PART(doc.root, "properties", "order_id", "type"),
	                 "[\"string\",\"integer\"]");
	ck_assert_str_eq(PART(doc.root, "properties", "amount"),
	                 "{\"type\":[\"number\",\"string\"],\"exclusiveMinimum\":0,"
	                 "\"maximum\":999999999999,\"pattern\":\"^(0|[1-9][0-9]*)(\\\\.[0-9]+)?$\","
	                 "\"description\":\"The amount.\"}");
	ck_assert_str_eq(PART(doc.root, "properties", "note"),
	                 "{\"type\":\"string\",\"minLength\":0,\"maxLength\":10,"
	                 "\"description\":\"A note.\"}");
	ck_assert_str_eq(PART(doc.root, "properties", "capture"),
	                 "{\"type\":\"string\",\"enum\":[\"automatic\",\"manual\"],"
	                 "\"default\":\"automatic\",\"description\":\"When.\"}");
	ck_assert_str_eq(PART(doc.root, "properties", "expires_in"),
	                 "{\"type\":\"integer\",\"minimum\":1,\"maximum\":31536000,"
	                 "\"description\":\"Seconds.\"}");
	ck_assert_str_eq(PART(doc.root, "properties", "part"),
	                 "{\"type\":[\"number\",\"string\"],\"exclusiveMinimum\":0,"
	                 "\"maximum\":999999999999,\"pattern\":\"^(0|[1-9][0-9]*)(\\\\.[0-9]+)?$\","
	                 "\"description\":\"An amount of it.\"}");
	ck_assert_str_eq(
		PART(doc.root, "properties", "is_test"),
		"{\"type\":\"boolean\",\"default\":false,\"description\":\"Whether a test.\"}");
	ck_assert_str_eq(PART(doc.root, "properties", "items", "maxItems"), "3");
	ck_assert_str_eq(PART(doc.root, "properties", "items", "items", "required"),
	                 "[\"sku\",\"quantity\",\"unit_price\"]");
	ck_assert_str_eq(PART(doc.root, "properties", "items", "items", "properties", "unit_price",
	                      "minimum"),
	                 "0");
}
END_TEST

START_TEST(the_schema_of_an_answer_says_what_may_be_null)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	field_schema(answer_fields, true, &out);
	parse_text(buf_str(&out), &doc);
	ck_assert_int_eq(cJSON_GetArraySize(json_member(doc.root, "required")),
	                 (int)ARRAY_LEN(answer_fields) - 1);
	ck_assert_ptr_null(json_member(doc.root, "additionalProperties"));
	ck_assert_str_eq(PART(doc.root, "properties", "amount", "type"), "[\"number\",\"null\"]");
	ck_assert_str_eq(PART(doc.root, "properties", "status", "enum"),
	                 "[\"automatic\",\"manual\",null]");
	ck_assert_str_eq(PART(doc.root, "properties", "steps"), "{\"description\":\"Steps.\"}");
	ck_assert_str_eq(PART(doc.root, "properties", "id", "description"), "\"The \\\"id\\\".\"");
}
END_TEST

START_TEST(each_query_field_is_one_parameter)
{
	AUTO_JSON struct json_doc doc = {0};
	AUTO_BUF struct buf out;
	const cJSON *limit;

	buf_init(&out, BYTES_MAX);
	json_open(&out, '[');
	field_query_parameters(sample_query_fields, &out);
	json_close(&out, ']');
	parse_text(buf_str(&out), &doc);
	ck_assert_int_eq(cJSON_GetArraySize(doc.root), (int)ARRAY_LEN(sample_query_fields) - 1);
	limit = cJSON_GetArrayItem(doc.root, 1);
	ck_assert_str_eq(PART(limit, "name"), "\"limit\"");
	ck_assert_str_eq(PART(limit, "in"), "\"query\"");
	ck_assert_str_eq(PART(limit, "required"), "false");
	ck_assert_str_eq(PART(limit, "schema"),
	                 "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20}");
	ck_assert_str_eq(PART(cJSON_GetArrayItem(doc.root, 7), "schema"),
	                 "{\"type\":\"boolean\",\"default\":false}");
}
END_TEST

static Suite *field_render_suite(void)
{
	Suite *suite = suite_create("field_render");
	TCase *tcase = tcase_create("field_render");

	tcase_add_test(tcase, an_answer_is_printed_member_by_member);
	tcase_add_test(tcase, what_an_answer_lacks_is_null);
	tcase_add_test(tcase, a_list_is_printed_alone_in_the_given_currency);
	tcase_add_test(tcase, bodies_that_mean_the_same_print_the_same);
	tcase_add_test(tcase, the_schema_of_a_body_says_its_limits);
	tcase_add_test(tcase, the_schema_of_an_answer_says_what_may_be_null);
	tcase_add_test(tcase, each_query_field_is_one_parameter);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(field_render_suite)
