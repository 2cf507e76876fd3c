/* test_card.c - a card number is refused wherever a text is taken, and is then nowhere: not in the
 * answer, the log, the metrics or any file of the store. */
#include "e2e/pair.h"
#include "e2e/run.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#define BODY_SIZE 512
#define BYTES_MAX (64 * 1024 * 1024)

static const struct {
	const char *number, *member;
	struct client *client;
	const char *path;
} cards[] = {
	{"4111111111111111", "payment_method", &pay, "/pay"},
	{"4111 1111 1111 1111", "description", &pay, "/pay"},
	{"5555-5555-5555-4444", "description", &pay, "/pay"},
	{"378282246310005", "customer", &order, "/order"},
	{"4000056655665556", "description", &order, "/order"},
};

/* Texts of calls on a payment that is there. */
static const struct {
	const char *call, *members, *pointer;
} texts[] = {
	{"refunds", "", "#/reason"},
	{"resolve", "'outcome':'failed',", "#/reason"},
};

static struct buf everything;

static int add_file(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)walk;
	if (kind == FTW_F)
		read_file(path, &everything);
	return 0;
}

static bool is_anywhere(const char *text)
{
	return memmem(everything.data, everything.len, text, strlen(text)) != NULL;
}

START_TEST(a_card_number_is_refused_and_leaves_no_trace)
{
	const struct service *service =
		cards[_i].client == &pay ? &payment_service : &order_service;
	char body[BODY_SIZE], pointer[64];

	(void)snprintf(body, sizeof(body), "{'order_id':'card-%d','amount':1,'%s':'my %s thanks'}",
	               _i, cards[_i].member, cards[_i].number);
	post(cards[_i].client, cards[_i].path, "Idempotency-Key: card", body, 422);
	(void)snprintf(pointer, sizeof(pointer), "#/%s", cards[_i].member);
	check_field_problem(cards[_i].client, "invalid-request", pointer);
	check_lacks(cards[_i].client, cards[_i].number);
	/* What is accepted shows that the search finds what is there. */
	(void)snprintf(body, sizeof(body),
	               "{'order_id':'card-%d','amount':1,'description':'needle-%d'}", _i, _i);
	post(cards[_i].client, cards[_i].path, NULL, body, 200);
	get(cards[_i].client, "/metrics", NULL, 200);
	check_lacks(cards[_i].client, cards[_i].number);

	buf_init(&everything, BYTES_MAX);
	ck_assert_int_eq(nftw(service->directory, add_file, 16, FTW_PHYS), 0);
	(void)snprintf(body, sizeof(body), "needle-%d", _i);
	ck_assert(is_anywhere(body));
	ck_assert(is_anywhere("\"event\":\"request\"")); /* the log is there too */
	ck_assert(!is_anywhere(cards[_i].number));
	buf_release(&everything);
}
END_TEST

START_TEST(nor_does_a_card_number_in_a_reason)
{
	static const char *const number = "6011111111111117";
	char path[BODY_SIZE], body[BODY_SIZE];

	post(&pay, "/pay", NULL, "{'order_id':'card-reason','amount':1}", 200);
	(void)snprintf(path, sizeof(path), "/payments/%s/%s", client_string(&pay, "payment_id"),
	               texts[_i].call);
	(void)snprintf(body, sizeof(body), "{%s'reason':'card %s'}", texts[_i].members, number);
	post(&pay, path, NULL, body, 422);
	check_field_problem(&pay, "invalid-request", texts[_i].pointer);
	buf_init(&everything, BYTES_MAX);
	ck_assert_int_eq(nftw(payment_service.directory, add_file, 16, FTW_PHYS), 0);
	ck_assert(is_anywhere("card-reason"));
	ck_assert(!is_anywhere(number));
	buf_release(&everything);
}
END_TEST

static Suite *card_suite(void)
{
	Suite *suite = suite_create("card");
	TCase *tcase = tcase_create("card");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_loop_test(tcase, a_card_number_is_refused_and_leaves_no_trace, 0,
	                    ARRAY_LEN(cards));
	tcase_add_loop_test(tcase, nor_does_a_card_number_in_a_reason, 0, ARRAY_LEN(texts));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(card_suite)
