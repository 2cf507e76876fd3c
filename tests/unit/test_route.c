/* test_route.c - paths against the endpoint table. */
#include "web/route.h"

#include <string.h>

#include "unit/unit.h"

static const struct {
	const char *pattern, *path;
	bool matches;
	const char *id; /* NULL: none */
} patterns[] = {
	{"/pay", "/pay", true, NULL},
	{"/pay", "/pa", false, NULL},
	{"/pay", "/payy", false, NULL},
	{"/pay", "/pay/", false, NULL},
	{"/pay", "/PAY", false, NULL},
	{"/pay", "//pay", false, NULL},
	{"/pay", "/%70ay", false, NULL},
	{"/pay", "/", false, NULL},
	{"/pay", "", false, NULL},
	{"/payments/{payment_id}", "/payments/p-1", true, "p-1"},
	{"/payments/{payment_id}", "/payments/a%2Fb", true, "a%2Fb"},
	{"/payments/{payment_id}", "/payments/..", true, ".."},
	{"/payments/{payment_id}", "/payments/", true, ""},
	{"/payments/{payment_id}", "/payments", false, NULL},
	{"/payments/{payment_id}", "/payments/p-1/", false, NULL},
	{"/payments/{payment_id}", "/payments/p-1/capture", false, NULL},
	{"/payments/{payment_id}/capture", "/payments/p-1/capture", true, "p-1"},
	{"/payments/{payment_id}/capture", "/payments//capture", true, ""},
	{"/payments/{payment_id}/capture", "/payments/p-1", false, NULL},
	{"/payments/{payment_id}/capture", "/payments/p-1/captur", false, NULL},
	{"/payments/{payment_id}/capture", "/payments/p-1/captured", false, NULL},
	{"/payments/{payment_id}/capture", "/payments/p/1/capture", false, NULL},
};

START_TEST(a_path_fits_a_pattern_as_a_whole)
{
	struct text id, path = text_of(patterns[_i].path);
	bool matches = route_matches(patterns[_i].pattern, path, &id);

	ck_assert_msg(matches == patterns[_i].matches, "%s against %s", patterns[_i].path,
	              patterns[_i].pattern);
	if (!matches)
		return;
	ck_assert(text_equal(id, patterns[_i].id == NULL ? TEXT_NONE : text_of(patterns[_i].id)));
}
END_TEST

static const struct endpoint rows[] = {
	{.method = "POST", .path = "/pay"},
	{.method = "GET", .path = "/things"},
	{.method = "POST", .path = "/things"},
	{.method = "GET", .path = "/things/{id}"},
	{.method = "POST", .path = "/things/{id}/cancel"},
	{.method = "DELETE", .path = "/things/{id}"},
	{0},
};

static const struct {
	const char *method, *path;
	int row; /* -1: none */
	const char *allow, *id;
} calls[] = {
	{"POST", "/pay", 0, "", NULL},
	{"GET", "/pay", -1, "POST", NULL},
	{"HEAD", "/pay", -1, "POST", NULL},
	{"GET", "/things", 1, "", NULL},
	{"HEAD", "/things", 1, "", NULL},
	{"POST", "/things", 2, "", NULL},
	{"PUT", "/things", -1, "GET, HEAD, POST", NULL},
	{"GET", "/things/t-1", 3, "", "t-1"},
	{"HEAD", "/things/t-1", 3, "", "t-1"},
	{"DELETE", "/things/t-1", 5, "", "t-1"},
	{"DELETE", "/things", -1, "GET, HEAD, POST", NULL},
	{"POST", "/things/t-1", -1, "GET, HEAD, DELETE", NULL},
	{"POST", "/things/t-1/cancel", 4, "", "t-1"},
	{"GET", "/things/t-1/cancel", -1, "POST", NULL},
	{"GET", "/nothing", -1, "", NULL},
	{"POST", "/", -1, "", NULL},
	{"OPTIONS", "/pay", -1, "POST", NULL},
	{"post", "/pay", -1, "POST", NULL},
	{"POSTS", "/pay", -1, "POST", NULL},
	{"DELETE", "/healthz", -1, "GET, HEAD", NULL}, /* the common rows follow */
};

START_TEST(a_call_finds_its_row_or_the_methods_there_are)
{
	const struct endpoint *const tables[] = {rows, NULL};
	const struct api_settings settings = {
		.endpoints = tables, .limits.queue_max = 1, .limits.connections_max = 1};
	struct api *api = api_new(&settings);
	char allow[ALLOW_SIZE];
	struct text id;

	ck_assert_ptr_nonnull(api);
	const struct endpoint *found =
		route_find(api, text_of(calls[_i].method), text_of(calls[_i].path), &id, allow);
	ck_assert_msg(found == (calls[_i].row < 0 ? NULL : &rows[calls[_i].row]), "%s %s",
	              calls[_i].method, calls[_i].path);
	if (found == NULL)
		ck_assert_str_eq(allow, calls[_i].allow);
	else
		ck_assert(text_equal(id, calls[_i].id == NULL ? TEXT_NONE : text_of(calls[_i].id)));
	api_free(api);
}
END_TEST

static const struct {
	const char *raw;
	const char *id; /* NULL: malformed */
} ids[] =
	{
		{"o-1", "o-1"},     {"%6f-1", "o-1"}, {"%6F%2D1", "o-1"},
		{"a%2Fb", "a/b"}, /* whether an id has it is for its own rule to say */
		{"%25", "%"},       {"~", "~"},       {"%7E", "~"},
		{"", NULL},         {"%", NULL},      {"%4", NULL},
		{"o%", NULL},       {"o%4", NULL},    {"%4g", NULL},
		{"%g4", NULL},      {"%-1", NULL},    {"%00", NULL},
		{"o%00", NULL},     {"%20", " "},     {"a%20b", "a b"},
		{"%0a", NULL},      {"%7f", NULL},    {"%80", NULL},
		{"\xc3\xa9", NULL}, {"%ff", NULL},
};

START_TEST(an_id_is_decoded_once_or_refused)
{
	char out[PATH_ID_MAX + 1];
	bool is_right = route_decode_id(text_of(ids[_i].raw), out);

	ck_assert_msg(is_right == (ids[_i].id != NULL), "%s", ids[_i].raw);
	if (is_right)
		ck_assert_str_eq(out, ids[_i].id);
}
END_TEST

START_TEST(an_id_is_no_longer_than_its_place)
{
	char raw[3 * PATH_ID_MAX + 3], out[PATH_ID_MAX + 1];

	memset(raw, 'a', sizeof(raw));
	ck_assert(route_decode_id((struct text){raw, PATH_ID_MAX}, out));
	ck_assert_uint_eq(strlen(out), PATH_ID_MAX);
	ck_assert(!route_decode_id((struct text){raw, PATH_ID_MAX + 1}, out));
	for (size_t i = 0; i < sizeof(raw); i += 3)
		memcpy(raw + i, "%61", 3);
	ck_assert(route_decode_id((struct text){raw, (size_t)3 * PATH_ID_MAX}, out));
	ck_assert(!route_decode_id((struct text){raw, sizeof(raw)}, out));
}
END_TEST

static Suite *route_suite(void)
{
	Suite *suite = suite_create("route");
	TCase *tests = tcase_create("route");

	tcase_add_loop_test(tests, a_path_fits_a_pattern_as_a_whole, 0, ARRAY_LEN(patterns));
	tcase_add_loop_test(tests, a_call_finds_its_row_or_the_methods_there_are, 0,
	                    ARRAY_LEN(calls));
	tcase_add_loop_test(tests, an_id_is_decoded_once_or_refused, 0, ARRAY_LEN(ids));
	tcase_add_test(tests, an_id_is_no_longer_than_its_place);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(route_suite)
