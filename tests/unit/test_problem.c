/* test_problem.c - errors as problem+json, byte for byte. */
#include "base/problem.h"

#include <stdio.h>

#include "unit/unit.h"

#define REQUEST_ID TEXT_LITERAL("req-1")

static const struct {
	const char *rule;
	enum error error;
	const char *detail;
	const char *want;
} problems[] = {
	{"the row's own sentence", ERR_NOT_FOUND, NULL,
         "{\"type\":\"/problems/not-found\",\"title\":\"There is nothing here\",\"status\":404,"
         "\"detail\":\"Check the path and the id in it.\",\"request_id\":\"req-1\","
         "\"retryable\":false}"},
	{"the row's own sentence where there is no other", ERR_NOT_FOUND, "",
         "{\"type\":\"/problems/not-found\",\"title\":\"There is nothing here\",\"status\":404,"
         "\"detail\":\"Check the path and the id in it.\",\"request_id\":\"req-1\","
         "\"retryable\":false}"},
	{"a more exact sentence, escaped", ERR_NOT_FOUND, "Ask for \"o-1\".",
         "{\"type\":\"/problems/not-found\",\"title\":\"There is nothing here\",\"status\":404,"
         "\"detail\":\"Ask for \\\"o-1\\\".\",\"request_id\":\"req-1\",\"retryable\":false}"},
	{"what can be repeated", ERR_OVERLOADED, NULL,
         "{\"type\":\"/problems/overloaded\",\"title\":\"The service is at its limit\","
         "\"status\":503,\"detail\":\"The request was not executed: repeat it a little later.\","
         "\"request_id\":\"req-1\",\"retryable\":true}"},
};

START_TEST(a_problem_has_the_members_of_the_contract)
{
	struct buf AUTO_BUF out;

	buf_init(&out, 4096);
	problem_render(&out, problems[_i].error, problems[_i].detail, REQUEST_ID, NULL);
	ck_assert_str_eq(buf_str(&out), problems[_i].want);
}
END_TEST

START_TEST(every_error_is_one_well_formed_problem)
{
	for (int error = ERR_NONE + 1; error < ERROR_COUNT; error++) {
		struct json_doc AUTO_JSON doc = {0};
		struct buf AUTO_BUF out;
		const char *detail;
		size_t offset;

		buf_init(&out, 4096);
		problem_render(&out, (enum error)error, NULL, REQUEST_ID, NULL);
		ck_assert_msg(json_parse(buf_text(&out), &doc, &detail, &offset), "%s",
		              buf_str(&out));
		ck_assert_int_eq((int)cJSON_GetNumberValue(json_member(doc.root, "status")),
		                 error_row((enum error)error)->status);
	}
}
END_TEST

START_TEST(members_can_be_added_to_an_open_problem)
{
	struct buf AUTO_BUF out;

	buf_init(&out, 4096);
	problem_open(&out, ERR_PAYMENT_DECLINED, "d", REQUEST_ID);
	json_member_str(&out, "payment_id", "pay_1");
	json_close(&out, '}');
	ck_assert_str_eq(buf_str(&out),
	                 "{\"type\":\"/problems/payment-declined\","
	                 "\"title\":\"The payment was declined\",\"status\":402,\"detail\":\"d\","
	                 "\"request_id\":\"req-1\",\"retryable\":false,\"payment_id\":\"pay_1\"}");
}
END_TEST

START_TEST(bad_fields_are_named_by_pointer)
{
	static struct field_errors errors;
	struct buf AUTO_BUF out;

	buf_init(&out, 4096);
	field_error_add(&errors, "#/amount", true, "must be above 0");
	field_error_add(&errors, "#/items/0/sku", false, "is required");
	problem_render(&out, ERR_INVALID_REQUEST, "d", REQUEST_ID, &errors);
	ck_assert_str_eq(
		buf_str(&out),
		"{\"type\":\"/problems/invalid-request\",\"title\":\"Some fields are not valid\","
		"\"status\":422,\"detail\":\"d\",\"request_id\":\"req-1\",\"retryable\":false,"
		"\"errors\":[{\"pointer\":\"#/amount\",\"detail\":\"must be above 0\"},"
		"{\"pointer\":\"#/items/0/sku\",\"detail\":\"is required\"}]}");
}
END_TEST

START_TEST(no_bad_field_no_errors_member)
{
	static const struct field_errors errors;
	struct buf AUTO_BUF out;

	buf_init(&out, 4096);
	problem_render(&out, ERR_NOT_FOUND, "d", REQUEST_ID, &errors);
	ck_assert_str_eq(buf_str(&out),
	                 "{\"type\":\"/problems/not-found\",\"title\":\"There is nothing here\","
	                 "\"status\":404,\"detail\":\"d\",\"request_id\":\"req-1\","
	                 "\"retryable\":false}");
}
END_TEST

static size_t count_pointers(const struct buf *out)
{
	struct json_doc AUTO_JSON doc = {0};
	const char *detail;
	size_t offset;

	ck_assert(json_parse(buf_text(out), &doc, &detail, &offset));
	return (size_t)cJSON_GetArraySize(json_member(doc.root, "errors"));
}

START_TEST(as_many_bad_fields_are_named_as_are_kept)
{
	static struct field_errors errors;
	struct buf AUTO_BUF out;

	buf_init(&out, 65536);
	for (int i = 0; i < FIELD_ERRORS_MAX + 10; i++) {
		char pointer[FIELD_POINTER_SIZE];

		(void)snprintf(pointer, sizeof(pointer), "#/f%d", i);
		field_error_add(&errors, pointer, i < FIELD_ERRORS_MAX, "is unknown");
	}
	ck_assert_uint_eq(errors.count, FIELD_ERRORS_MAX + 10);
	problem_render(&out, ERR_INVALID_REQUEST, "d", REQUEST_ID, &errors);
	ck_assert_uint_eq(count_pointers(&out), FIELD_ERRORS_MAX);
}
END_TEST

static const struct {
	bool is_money[3];
	size_t count;
	enum error want;
} kinds[] = {
	{{true}, 1, ERR_INVALID_AMOUNT},
	{{true, true, true}, 3, ERR_INVALID_AMOUNT},
	{{false}, 1, ERR_INVALID_REQUEST},
	{{true, false}, 2, ERR_INVALID_REQUEST},
	{{false, true, true}, 3, ERR_INVALID_REQUEST},
};

START_TEST(only_where_all_that_is_wrong_is_money_it_is_the_amount)
{
	static struct field_errors errors;

	for (size_t i = 0; i < kinds[_i].count; i++)
		field_error_add(&errors, "#/amount", kinds[_i].is_money[i], "must be above 0");
	ck_assert_int_eq(problem_of_fields(&errors), kinds[_i].want);
}
END_TEST

static Suite *problem_suite(void)
{
	Suite *suite = suite_create("problem");
	TCase *tests = tcase_create("problem");

	tcase_add_loop_test(tests, a_problem_has_the_members_of_the_contract, 0,
	                    ARRAY_LEN(problems));
	tcase_add_test(tests, every_error_is_one_well_formed_problem);
	tcase_add_test(tests, members_can_be_added_to_an_open_problem);
	tcase_add_test(tests, bad_fields_are_named_by_pointer);
	tcase_add_test(tests, no_bad_field_no_errors_member);
	tcase_add_test(tests, as_many_bad_fields_are_named_as_are_kept);
	tcase_add_loop_test(tests, only_where_all_that_is_wrong_is_money_it_is_the_amount, 0,
	                    ARRAY_LEN(kinds));
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(problem_suite)
