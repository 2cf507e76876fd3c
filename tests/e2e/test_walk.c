/* test_walk.c - walks along a list by its cursors: each row once, and no page that takes too long.
 */
#include "e2e/load.h"
#include "e2e/pair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BODY_SIZE 256
#define PATH_SIZE 512

/* ---- under writes ---- */

static int shown(struct client *client, const char *path)
{
	get(client, path, NULL, 200);
	return cJSON_GetArraySize(answer_data(client));
}

static const char *row_string(const cJSON *row, const char *member)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, member));

	ck_assert_ptr_nonnull(value);
	return value;
}

#define ROWS_BEFORE 45
#define ROWS_A_PAGE 2
#define ROWS_MAX 200
#define LIMIT 7

/* A list, what makes a row of it, and a filter that shows those alone. */
static const struct walk_row {
	const char *name;
	struct client *client;
	const char *post_path, *id_before, *id_after, *list_path, *id_member;
} walks[] = {
	{"payments", &pay, "/pay", "{'order_id':'walk-", "','amount':1,'currency':'CHF'}",
         "/payments?currency=CHF", "payment_id"},
	{"payments of an order", &pay, "/pay", "{'payment_method':'pm_declined','metadata':{'n':'",
         "'},'order_id':'walk','amount':1}", "/payments?order_id=walk", "payment_id"},
	{"orders", &order, "/order", "{'order_id':'walk-", "','customer':'walker'}",
         "/orders?customer=walker", "order_id"},
};

struct walk {
	const struct walk_row *row;
	size_t made;
	char ids[ROWS_MAX][65];
	size_t times_shown[ROWS_MAX];
	char last_created[64];
};

static void make_rows(struct walk *walk, size_t count)
{
	const struct walk_row *row = walk->row;

	for (; count > 0; count--) {
		char body[BODY_SIZE];

		(void)snprintf(body, sizeof(body), "%s%zu%s", row->id_before, walk->made,
		               row->id_after);
		post(row->client, row->post_path, NULL, body,
		     strstr(body, "pm_declined") == NULL ? 200 : 402);
		ck_assert_uint_lt(walk->made, ROWS_MAX);
		(void)snprintf(walk->ids[walk->made++], sizeof(walk->ids[0]), "%s",
		               client_string(row->client, row->id_member));
	}
}

/* Rows come newest first. */
static void note_shown(struct walk *walk, const cJSON *row)
{
	const char *id = row_string(row, walk->row->id_member);
	const char *created = row_string(row, "created_at");

	ck_assert_str_le(created, walk->last_created);
	(void)snprintf(walk->last_created, sizeof(walk->last_created), "%s", created);
	for (size_t i = 0; i < walk->made; i++)
		if (strcmp(walk->ids[i], id) == 0)
			walk->times_shown[i]++;
}

START_TEST(a_walk_under_writes_shows_each_row_that_was_there_once)
{
	static struct walk walk = {.last_created = "~"};
	char path[PATH_SIZE];
	const cJSON *row;

	walk.row = &walks[_i];
	make_rows(&walk, ROWS_BEFORE);
	(void)snprintf(path, sizeof(path), "%s&limit=%d", walk.row->list_path, LIMIT);
	for (bool has_more = true; has_more;) {
		int count = shown(walk.row->client, path);
		cJSON_ArrayForEach (row, answer_data(walk.row->client)) {
			note_shown(&walk, row);
		}
		has_more = cJSON_IsTrue(answer_member(walk.row->client, "has_more"));
		ck_assert(!has_more || count == LIMIT);
		ck_assert(has_more == cJSON_IsString(answer_member(walk.row->client, "next")));
		if (has_more)
			(void)snprintf(path, sizeof(path), "%s&limit=%d&after=%s",
			               walk.row->list_path, LIMIT,
			               client_string(walk.row->client, "next"));
		make_rows(&walk, ROWS_A_PAGE);
	}
	for (size_t i = 0; i < ROWS_BEFORE; i++)
		ck_assert_uint_eq(walk.times_shown[i], 1);
}
END_TEST

/* ---- a page that finds little ---- */

#define MANY 10100

static void make_payment(void *arg, uint64_t number, struct buf *out)
{
	char body[BODY_SIZE];

	(void)arg;
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"many-%" PRIu64 "\",\"amount\":1}",
	               number);
	load_post(out, "/pay", "", body);
}

static void check_paid(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	(void)number;
	(void)body;
	ck_assert_int_eq(status, 200);
}

START_TEST(a_page_examines_10000_rows_and_tells_where_to_go_on)
{
	struct load_plan plan = {.port = payment_service.port,
	                         .connections = 64,
	                         .requests = MANY,
	                         .make = make_payment,
	                         .answered = check_paid};
	struct load_result result;
	char path[PATH_SIZE];

	post(&pay, "/pay", NULL,
	     "{'order_id':'old','amount':1,'currency':'ISK','payment_method':'pm_declined'}", 402);
	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, MANY);
	ck_assert_int_eq(shown(&pay, "/payments?currency=ISK"), 0);
	ck_assert(cJSON_IsTrue(answer_member(&pay, "has_more")));
	(void)snprintf(path, sizeof(path), "/payments?currency=ISK&after=%s",
	               client_string(&pay, "next"));
	ck_assert_int_eq(shown(&pay, path), 1);
	ck_assert(cJSON_IsFalse(answer_member(&pay, "has_more")));
}
END_TEST

static Suite *walk_suite(void)
{
	Suite *suite = suite_create("walk");
	TCase *tcase = tcase_create("walk");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_loop_test(tcase, a_walk_under_writes_shows_each_row_that_was_there_once, 0,
	                    ARRAY_LEN(walks));
	tcase_add_test(tcase, a_page_examines_10000_rows_and_tells_where_to_go_on);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(walk_suite)
