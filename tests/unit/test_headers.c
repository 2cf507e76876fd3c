/* test_headers.c - the values of single header fields: what each grammar admits. */
#include "web/headers.h"

#include <string.h>

#include "storage/seen.h"
#include "unit/unit.h"

/* A copy of exactly these bytes, so that the address sanitizer sees a read behind them. */
static struct text exactly(struct text text)
{
	char *bytes = malloc(text.len > 0 ? text.len : 1);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, text.ptr, text.len);
	return (struct text){bytes, text.len};
}

static void drop(struct text text)
{
	free((void *)(uintptr_t)text.ptr);
}

static const struct {
	const char *accept, *media_type;
	bool admits;
} accepts[] = {
	{"", "application/json", true},
	{" \t", "application/json", true},
	{"*/*", "application/json", true},
	{"application/*", "application/json", true},
	{"application/json", "application/json", true},
	{"Application/JSON", "application/json", true},
	{"application/json; charset=utf-8", "application/json", true},
	{"text/html, application/json", "application/json", true},
	{"text/html,\tapplication/json ;q=0.5", "application/json", true},
	{",, application/json,", "application/json", true},
	{"text/html", "application/json", false},
	{"text/*", "application/json", false},
	{"application/jso", "application/json", false},
	{"application/json2", "application/json", false},
	{"application", "application/json", false},
	{"application/", "application/json", false},
	{"json", "application/json", false},
	{"*", "application/json", false},
	{"*/json", "application/json", false},
	{"application/xml", "application/json", false},
	/* Weights. */
	{"application/json;q=1", "application/json", true},
	{"application/json;q=0.001", "application/json", true},
	{"application/json;q=0", "application/json", false},
	{"application/json; Q=0.000", "application/json", false},
	{"application/json;a=b;q=0", "application/json", false},
	{"*/*;q=0", "application/json", false},
	/* The most specific range decides, wherever it stands. */
	{"*/*, application/json;q=0", "application/json", false},
	{"application/json;q=0, */*", "application/json", false},
	{"application/*;q=0, */*", "application/json", false},
	{"application/*;q=0, application/json", "application/json", true},
	{"*/*;q=0, application/*", "application/json", true},
	{"text/html;q=0, */*", "application/json", true},
	/* A media type with parameters of its own. */
	{"text/plain", "text/plain; version=0.0.4", true},
	{"text/*", "text/plain; version=0.0.4", true},
	{"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4", true},
	{"text/plain2", "text/plain; version=0.0.4", false},
	{"text/plai", "text/plain; version=0.0.4", false},
	{"application/x-ndjson", "application/x-ndjson", true},
	{"application/x-ndjson", "application/json", false},
};

START_TEST(the_most_specific_range_decides)
{
	struct text accept = exactly(text_of(accepts[_i].accept));

	ck_assert_msg((accept_weight(accept, accepts[_i].media_type) > 0) == accepts[_i].admits,
	              "Accept: %s for %s", accepts[_i].accept, accepts[_i].media_type);
	drop(accept);
}
END_TEST

START_TEST(no_accept_admits_everything)
{
	ck_assert_int_eq(accept_weight(TEXT_NONE, "application/json"), 1000);
}
END_TEST

static const struct {
	const char *accept;
	int weight;
} weights[] = {
	{"application/json", 1000},      {"application/json;q=1.000", 1000},
	{"application/json;q=0.3", 300}, {"application/json;q=0.001", 1},
	{"application/json;q=0.000", 0}, {"application/json;q=0.1, */*;q=0.9", 100},
	{"*/*;q=0.8, text/html", 800},   {"application/json;q=x", 0},
};

START_TEST(a_weight_is_read_in_thousandths)
{
	struct text accept = exactly(text_of(weights[_i].accept));

	ck_assert_int_eq(accept_weight(accept, "application/json"), weights[_i].weight);
	drop(accept);
}
END_TEST

static const struct {
	const char *value;
	bool is_json;
} content_types[] = {
	{"application/json", true},
	{"APPLICATION/Json", true},
	{"application/json;charset=utf-8", true},
	{"application/json ; charset=\"utf-8\"", true},
	{" application/json\t", true},
	{"application/json;", true},
	{"", false},
	{"application/jsonp", false},
	{"application/jso", false},
	{"application/json, text/plain", false},
	{"application/json charset=utf-8", false},
	{"application/problem+json", false},
	{"text/json", false},
	{"text/plain;application/json", false},
	{"*/*", false},
};

START_TEST(a_body_is_json_by_its_content_type)
{
	struct text value = exactly(text_of(content_types[_i].value));

	ck_assert_msg(content_type_is_json(value) == content_types[_i].is_json, "%s",
	              content_types[_i].value);
	drop(value);
}
END_TEST

static const struct {
	const char *value;
	const char *key; /* NULL: malformed */
} keys[] = {
	{"k", "k"},
	{"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
	{"!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
	{"a\"b", "a\"b"},
	{"\"k\"", "k"},
	{" \"k\"\t", "k"},
	{"\"a b\"", "a b"},
	{"\" \"", " "},
	{"\"a\\\"b\\\\c\"", "a\"b\\c"},
	{"", NULL},
	{" ", NULL},
	{"a b", NULL},
	{"a\tb", NULL},
	{"k\x7f", NULL},
	{"k\x01", NULL},
	{"k\xc3\xa9", NULL},
	{"\"\"", NULL},
	{"\"", NULL},
	{"\"k", NULL},
	{"\"a\"b\"", NULL},
	{"\"k\\\"", NULL},
	{"\"a\\b\"", NULL},
	{"\"a\tb\"", NULL},
	{"\"k\x7f\"", NULL},
	{"\"k\xc3\xa9\"", NULL},
	{"\"k\";a=1", NULL},
};

START_TEST(a_key_is_bare_or_a_quoted_string)
{
	struct text value = exactly(text_of(keys[_i].value));
	struct buf AUTO_BUF key;
	bool is_right;

	buf_init(&key, 1024);
	is_right = idempotency_key_parse(value, &key);
	ck_assert_msg(is_right == (keys[_i].key != NULL), "%s", keys[_i].value);
	if (is_right)
		ck_assert_str_eq(buf_str(&key), keys[_i].key);
	drop(value);
}
END_TEST

/* `chars` characters of a key, with something around them. */
static bool parse_long_key(size_t chars, bool is_quoted, char character)
{
	char value[2 * SEEN_KEY_MAX + 4];
	struct buf AUTO_BUF key;
	size_t len = 0;

	buf_init(&key, 1024);
	if (is_quoted)
		value[len++] = '"';
	for (size_t i = 0; i < chars; i++) {
		if (character == '"')
			value[len++] = '\\';
		value[len++] = character;
	}
	if (is_quoted)
		value[len++] = '"';
	return idempotency_key_parse((struct text){value, len}, &key) && key.len == chars;
}

START_TEST(a_key_has_at_most_255_characters_without_its_quotes)
{
	ck_assert(parse_long_key(SEEN_KEY_MAX, false, 'a'));
	ck_assert(!parse_long_key(SEEN_KEY_MAX + 1, false, 'a'));
	ck_assert(parse_long_key(SEEN_KEY_MAX, true, 'a'));
	ck_assert(!parse_long_key(SEEN_KEY_MAX + 1, true, 'a'));
	ck_assert(parse_long_key(SEEN_KEY_MAX, true, '"'));
	ck_assert(!parse_long_key(SEEN_KEY_MAX + 1, true, '"'));
}
END_TEST

START_TEST(a_key_with_a_nul_is_malformed)
{
	struct buf AUTO_BUF key;

	buf_init(&key, 1024);
	ck_assert(!idempotency_key_parse(TEXT_LITERAL("a\0b"), &key));
	ck_assert(!idempotency_key_parse(TEXT_LITERAL("\"a\0b\""), &key));
}
END_TEST

static const struct {
	struct text value;
	bool is_safe;
} request_ids[] = {
	{TEXT_LITERAL("a"), true},         {TEXT_LITERAL("req_01KAZ-Zaz09._:-/+=@"), true},
	{TEXT_LITERAL(""), false},         {TEXT_LITERAL("a b"), false},
	{TEXT_LITERAL("a\0"), false},      {TEXT_LITERAL("a\""), false},
	{TEXT_LITERAL("a\\"), false},      {TEXT_LITERAL("a,b"), false},
	{TEXT_LITERAL("a;b"), false},      {TEXT_LITERAL("<a>"), false},
	{TEXT_LITERAL("\xc3\xa9"), false}, {TEXT_LITERAL("a\x7f"), false},
};

START_TEST(a_request_id_has_safe_characters_only)
{
	struct text value = exactly(request_ids[_i].value);

	ck_assert(request_id_is_safe(value) == request_ids[_i].is_safe);
	drop(value);
}
END_TEST

START_TEST(a_request_id_has_at_most_128_characters)
{
	char value[REQUEST_ID_MAX + 1];

	memset(value, 'a', sizeof(value));
	ck_assert(request_id_is_safe((struct text){value, REQUEST_ID_MAX}));
	ck_assert(!request_id_is_safe((struct text){value, REQUEST_ID_MAX + 1}));
}
END_TEST

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define ZEROS "0000000000000000"

static const struct {
	const char *value;
	bool is_valid;
} traceparents[] = {
	{"00-" TRACE "-" SPAN "-01", true},
	{"00-" TRACE "-" SPAN "-00", true},
	{"00-" TRACE "-" SPAN "-ff", true},
	{"00-" ZEROS "0000000000000001-" SPAN "-01", true},
	{"", false},
	{"00", false},
	{"01-" TRACE "-" SPAN "-01", false},
	{"ff-" TRACE "-" SPAN "-01", false},
	{"00-" ZEROS ZEROS "-" SPAN "-01", false},
	{"00-" TRACE "-" ZEROS "-01", false},
	{"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false},
	{"00-" TRACE "-" SPAN "-0A", false},
	{"00-" TRACE "-" SPAN "-0g", false},
	{"00-" TRACE "-" SPAN "-0", false},
	{"00-" TRACE "-" SPAN "-011", false},
	{"00-" TRACE "-" SPAN "-01-", false},
	{"00-" TRACE "-" SPAN "_01", false},
	{"00-" TRACE "_" SPAN "-01", false},
	{"00_" TRACE "-" SPAN "-01", false},
	{"00-" TRACE SPAN "--01", false},
	{" 00-" TRACE "-" SPAN "-01", false},
};

START_TEST(a_traceparent_is_of_version_00_and_not_all_zeros)
{
	struct text value = exactly(text_of(traceparents[_i].value));

	ck_assert_msg(traceparent_is_valid(value) == traceparents[_i].is_valid, "%s",
	              traceparents[_i].value);
	drop(value);
}
END_TEST

START_TEST(a_traceparent_is_not_read_behind_its_end)
{
	const char *longer = "00-" TRACE "-" SPAN "-0"
			     "1"; /* its flags are one digit here */

	ck_assert(!traceparent_is_valid((struct text){longer, TRACEPARENT_CHARS - 1}));
	ck_assert(!traceparent_is_valid(TEXT_LITERAL("00-" TRACE "-" SPAN "-0\0")));
}
END_TEST

static const struct {
	const char *value, *token; /* NULL: refused */
} bearers[] = {
	{"Bearer fk_abc", "fk_abc"},
	{"bearer x", "x"},
	{"BEARER   x", "x"},
	{"Bearer x \t", "x"},
	{"Bearer x y", "x y"},
	{"", NULL},
	{"Bearer", NULL},
	{"Bearer  ", NULL},
	{"Bearerx", NULL},
	{" Bearer", NULL},
	{"Basic x", NULL},
	{"Basic x, Bearer y", NULL},
};

START_TEST(a_bearer_has_a_token_behind_its_scheme)
{
	struct text value = exactly(text_of(bearers[_i].value)), token = TEXT_NONE;
	bool is_right = bearer_parse(value, &token);

	ck_assert(is_right == (bearers[_i].token != NULL));
	ck_assert(!is_right || text_is(token, bearers[_i].token));
	drop(value);
}
END_TEST

static Suite *headers_suite(void)
{
	Suite *suite = suite_create("headers");
	TCase *tests = tcase_create("headers");

	tcase_add_loop_test(tests, the_most_specific_range_decides, 0, ARRAY_LEN(accepts));
	tcase_add_test(tests, no_accept_admits_everything);
	tcase_add_loop_test(tests, a_weight_is_read_in_thousandths, 0, ARRAY_LEN(weights));
	tcase_add_loop_test(tests, a_body_is_json_by_its_content_type, 0, ARRAY_LEN(content_types));
	tcase_add_loop_test(tests, a_bearer_has_a_token_behind_its_scheme, 0, ARRAY_LEN(bearers));
	tcase_add_loop_test(tests, a_key_is_bare_or_a_quoted_string, 0, ARRAY_LEN(keys));
	tcase_add_test(tests, a_key_has_at_most_255_characters_without_its_quotes);
	tcase_add_test(tests, a_key_with_a_nul_is_malformed);
	tcase_add_loop_test(tests, a_request_id_has_safe_characters_only, 0,
	                    ARRAY_LEN(request_ids));
	tcase_add_test(tests, a_request_id_has_at_most_128_characters);
	tcase_add_loop_test(tests, a_traceparent_is_of_version_00_and_not_all_zeros, 0,
	                    ARRAY_LEN(traceparents));
	tcase_add_test(tests, a_traceparent_is_not_read_behind_its_end);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(headers_suite)
