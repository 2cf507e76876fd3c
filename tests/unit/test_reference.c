/* test_reference.c - one thing has one reference, whenever it is asked for, and no other thing has
 * it. */
#include "unit/unit.h"

#include "payment-service/reference.h"

#include <string.h>

#define PAYMENT_ID "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV"

static const struct payment payment = {
	.payment_id = PAYMENT_ID, .last_event_seq = 7, .refunds_count = 1};
static const struct hash cause = {{1, 2, 3}};

START_TEST(the_same_is_the_same_and_sorts_with_its_payment)
{
	char first[ID_SIZE], second[ID_SIZE];

	reference_of_return(&payment, &cause, 100, first);
	reference_of_return(&payment, &cause, 100, second);
	ck_assert_str_eq(first, second);
	ck_assert(id_is_valid("ref_", text_of(first)));
	ck_assert_int_eq(memcmp(&first[ID_PREFIX_CHARS], &PAYMENT_ID[ID_PREFIX_CHARS], 10), 0);
	reference_of_operation(&payment, OPERATION_VOID, 100, first);
	reference_of_operation(&payment, OPERATION_VOID, 100, second);
	ck_assert_str_eq(first, second);
	ck_assert(id_is_valid("evt_", text_of(first)));
}
END_TEST

START_TEST(what_differs_has_another_reference)
{
	static const struct hash other_cause = {{1, 2, 4}};
	struct payment other = payment;
	char ids[7][ID_SIZE];

	reference_of_return(&payment, &cause, 100, ids[0]);
	reference_of_return(&payment, &cause, 101, ids[1]);
	reference_of_return(&payment, &other_cause, 100, ids[2]);
	other.refunds_count++;
	reference_of_return(&other, &cause, 100, ids[3]);
	reference_of_operation(&payment, OPERATION_VOID, 100, ids[4]);
	reference_of_operation(&payment, OPERATION_CAPTURE, 100, ids[5]);
	other.last_event_seq++;
	reference_of_operation(&other, OPERATION_VOID, 100, ids[6]);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(ids[i], ids[j]);
}
END_TEST

static Suite *reference_suite(void)
{
	Suite *s = suite_create("reference");
	TCase *cases = tcase_create("all");

	suite_add_tcase(s, cases);
	tcase_add_test(cases, the_same_is_the_same_and_sorts_with_its_payment);
	tcase_add_test(cases, what_differs_has_another_reference);
	return s;
}

TEST_MAIN(reference_suite)
