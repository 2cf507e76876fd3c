/* test_events.c - GET /events: the stored lines and their chain, pages, types. */
#include "e2e/pair.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#define NDJSON "Accept: application/x-ndjson"
#define EVENTS 25
#define BODY_SIZE 256
#define HEX_SIZE 65

static struct service service;
static struct client client;

static void set_up(void)
{
	service_init(&service, "payment-service");
	service_start(&service, NULL);
	client_open(&client, service.port);
}

static void tear_down(void)
{
	client_close(&client);
	service_release(&service);
}

static void make_payment(int number, const char *method, int status)
{
	char body[BODY_SIZE];

	(void)snprintf(body, sizeof(body),
	               "{'order_id':'event-%d','amount':1,'payment_method':'%s',"
	               "'description':'secret words','metadata':{'k':'secret value'}}",
	               number, method);
	post(&client, "/pay", NULL, body, status);
}

/* Every fifth is declined. */
static void make_events(void)
{
	for (int i = 1; i <= EVENTS; i++)
		make_payment(i, i % 5 == 0 ? "pm_declined" : "pm_success", i % 5 == 0 ? 402 : 200);
}

static void sha256_hex(const char *bytes, size_t count, char out[HEX_SIZE])
{
	uint8_t hash[32];

	ck_assert_int_eq(gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, count, hash), 0);
	for (size_t i = 0; i < sizeof(hash); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static int64_t header_int(const char *name)
{
	const char *value = client_header(&client, name);

	ck_assert_ptr_nonnull(value);
	return strtoll(value, NULL, 10);
}

static const char *string_of(const cJSON *event, const char *member)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, member));

	ck_assert_msg(value != NULL, "no %s", member);
	return value;
}

/* ---- the chain ---- */

static void check_event(const cJSON *event, int64_t seq, const char *prev_hash)
{
	char subject[32];

	(void)snprintf(subject, sizeof(subject), "event-%lld", (long long)seq);
	ck_assert_str_eq(string_of(event, "specversion"), "1.0");
	ck_assert_str_eq(string_of(event, "subject"), subject);
	ck_assert_str_eq(string_of(event, "type"),
	                 seq % 5 == 0 ? "payment.failed" : "payment.captured");
	ck_assert_int_eq(strncmp(string_of(event, "source"), "/payment-service/jrn_", 21), 0);
	ck_assert_int_eq(strncmp(string_of(event, "id"), "evt_", 4), 0);
	ck_assert_int_eq(strlen(string_of(event, "time")), strlen("2026-11-23T04:30:00.123Z"));
	ck_assert_str_eq(string_of(event, "prev_hash"), prev_hash);
	ck_assert_int_eq(cJSON_GetObjectItemCaseSensitive(event, "seq")->valueint, seq);
	ck_assert(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(event, "data")));
}

/* Walks along one page of lines: the seq of the last one. */
static int64_t check_lines(const char *lines, int64_t seq, char hash[HEX_SIZE])
{
	for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1) {
		cJSON *event = cJSON_ParseWithLength(lines, (size_t)(end - lines));
		check_event(event, ++seq, hash);
		cJSON_Delete(event);
		sha256_hex(lines, (size_t)(end - lines), hash);
	}
	ck_assert_str_eq(lines, ""); /* the last line ends too */
	return seq;
}

START_TEST(the_lines_form_a_chain_that_anyone_can_check)
{
	char hash[HEX_SIZE], path[64];
	int64_t seq = 0;

	(void)snprintf(hash, sizeof(hash), "%064d", 0);
	make_events();
	while (seq < EVENTS) {
		(void)snprintf(path, sizeof(path), "/events?limit=7&after=%lld", (long long)seq);
		get(&client, path, NDJSON, 200);
		ck_assert_str_eq(client_header(&client, "Content-Type"), "application/x-ndjson");
		check_lacks(&client, "secret");
		int64_t last = check_lines(buf_str(&client.body), seq, hash);
		ck_assert_int_eq(last, seq + 7 < EVENTS ? seq + 7 : EVENTS);
		ck_assert_int_eq(header_int("Events-Next"), last);
		ck_assert_int_eq(header_int("Events-Head"), EVENTS);
		seq = last;
	}
}
END_TEST

START_TEST(the_json_answer_is_the_lines_with_their_hashes)
{
	const cJSON *event;
	int at = 0;

	make_events();
	get(&client, "/events", NDJSON, 200);
	char *lines = strdup(buf_str(&client.body)), *line = lines;
	get(&client, "/events", NULL, 200);
	ck_assert_str_eq(client_header(&client, "Content-Type"), "application/json");
	ck_assert_int_eq(answer_int(&client, "next"), EVENTS);
	ck_assert_int_eq(answer_int(&client, "head"), EVENTS);
	cJSON_ArrayForEach (event, answer_member(&client, "events")) {
		char hash[HEX_SIZE], *end = strchr(line, '\n');
		at++;
		sha256_hex(line, (size_t)(end - line), hash);
		ck_assert_str_eq(string_of(event, "hash"), hash);
		*end = '\0';
		/* The line itself stands in the answer, without its closing brace. */
		end[-1] = '\0';
		ck_assert_ptr_nonnull(strstr(buf_str(&client.body), line));
		line = end + 1;
	}
	ck_assert_int_eq(at, EVENTS);
	free(lines);
}
END_TEST

/* ---- pages ---- */

static const struct {
	const char *query;
	int shown;
	int64_t next;
} pages[] = {
	{"", EVENTS, EVENTS},
	{"?limit=1", 1, 1},
	{"?limit=1000", EVENTS, EVENTS},
	{"?after=3&limit=2", 2, 5},
	{"?after=24", 1, EVENTS},
	{"?after=25", 0, EVENTS},
	{"?types=payment.failed", 5, EVENTS},
	{"?types=payment.failed&limit=7", 1, 7}, /* the last one examined */
	{"?types=payment.failed&after=5&limit=4", 0, 9},
	{"?types=payment.failed,payment.captured", EVENTS, EVENTS},
	{"?types=payment.captured&limit=5", 4, 5},
	{"?types=payment", 0, EVENTS},
	{"?types=no.such.type,payment.failed", 5, EVENTS},
	{"?after=26", 0, EVENTS},
	{"?after=999999&wait=60", 0, EVENTS}, /* beyond the head: at once */
	{"?after=9223372036854775807&wait=60", 0, EVENTS},
	{"?after=3&limit=1&wait=60", 1, 4}, /* there is something: at once */
};

START_TEST(a_page_says_where_the_next_one_begins)
{
	char path[128];

	make_events();
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		(void)snprintf(path, sizeof(path), "/events%s", pages[i].query);
		get(&client, path, NULL, 200);
		ck_assert_msg(cJSON_GetArraySize(answer_member(&client, "events")) ==
		                      pages[i].shown,
		              "%s: %s", path, buf_str(&client.body));
		ck_assert_int_eq(answer_int(&client, "next"), pages[i].next);
		ck_assert_int_eq(answer_int(&client, "head"), EVENTS);
		get(&client, path, NDJSON, 200);
		ck_assert_int_eq(header_int("Events-Next"), pages[i].next);
	}
}
END_TEST

static const char *const bad_queries[] = {
	"limit=0",  "limit=1001", "wait=61", "wait=-1",         "after=x",
	"after=-1", "after=1.5",  "types=",  "limit=1&limit=2", "since=1"};

START_TEST(a_wrong_parameter_is_refused)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/events?%s", bad_queries[_i]);
	get(&client, path, NULL, 400);
	check_problem(&client, "malformed-request");
}
END_TEST

static Suite *events_suite(void)
{
	Suite *suite = suite_create("events");
	TCase *tcase = tcase_create("events");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_lines_form_a_chain_that_anyone_can_check);
	tcase_add_test(tcase, the_json_answer_is_the_lines_with_their_hashes);
	tcase_add_test(tcase, a_page_says_where_the_next_one_begins);
	tcase_add_loop_test(tcase, a_wrong_parameter_is_refused, 0, ARRAY_LEN(bad_queries));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(events_suite)
