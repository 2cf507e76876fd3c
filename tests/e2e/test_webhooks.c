/* test_webhooks.c - webhooks from the real binaries to a real receiver that loses, delays, refuses,
 * redirects, is gone and hangs: in order, nothing lost, nobody else delayed, signed so that anyone
 * can verify. */
#include "base/webhook_sign.h"
#include "e2e/receiver.h"
#include "e2e/single.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ID_PATH_SIZE 128
#define SECRET_SIZE 128

static const char *const allow_private[] = {"WEBHOOK_ALLOW_PRIVATE=1", NULL};

static struct receiver receiver, other;

static void set_up(void)
{
	service_init(&service, "payment-service");
	service_start(&service, allow_private);
	client_open(&client, service.port);
}

/* ---- endpoints ---- */

/* Makes an endpoint at the receiver; its path. */
static void add_webhook(const struct receiver *at, const char *more, char ret_path[ID_PATH_SIZE],
                        char ret_secret[SECRET_SIZE])
{
	char body[256];

	(void)snprintf(body, sizeof(body), "{'url':'http://127.0.0.1:%d/hook?token=hidden'%s}",
	               at->port, more);
	post(&client, "/webhooks", NULL, body, 200);
	(void)snprintf(ret_path, ID_PATH_SIZE, "/webhooks/%s",
	               client_string(&client, "webhook_id"));
	(void)snprintf(ret_secret, SECRET_SIZE, "%s", client_string(&client, "secret"));
}

/* A member of the one endpoint in GET /webhooks. */
static const cJSON *shown(const char *member)
{
	get(&client, "/webhooks", NULL, 200);
	check_lacks(&client, "secret\"");
	check_lacks(&client, "whsec_");
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&client)), 1);
	return single_member(answer_data(&client)->child, member);
}

/* Pays once more, and tells the journal's head. */
static int64_t pay_again(void)
{
	static int number;
	char body[128];

	(void)snprintf(body, sizeof(body), "{'order_id':'w-%d','amount':10.99}", number++);
	post(&client, "/pay", NULL, body, 200);
	get(&client, "/events?after=999999999", NULL, 200);
	return answer_int(&client, "head");
}

/* Each event from first on was taken, and no event before the one before it was. A request after
 * its event was taken already is a repetition, of one of the last `again_max` events. */
static void check_order(const struct receiver *of, int64_t first, int64_t last, int64_t again_max)
{
	int64_t taken = first - 1;

	for (size_t i = 0; i < of->count; i++) {
		const struct received *kept = &of->kept[i];

		if (kept->seq <= taken && kept->seq > taken - again_max)
			continue;
		ck_assert_int_eq(kept->seq, taken + 1);
		if (kept->reply == REPLY_OK || kept->reply == REPLY_LATE ||
		    kept->reply == REPLY_ENDLESS)
			taken++;
	}
	ck_assert_int_eq(taken, last);
}

static bool is_signed(const struct received *kept, const char *secret)
{
	uint8_t key[64];
	size_t key_len;
	char signature[WEBHOOK_SIGNATURE_SIZE];

	ck_assert_int_eq(strncmp(secret, "whsec_", 6), 0);
	ck_assert_int_eq(sodium_base642bin(key, sizeof(key), secret + 6, strlen(secret + 6), NULL,
	                                   &key_len, NULL, sodium_base64_VARIANT_ORIGINAL),
	                 0);
	ck_assert(webhook_sign((struct text){(const char *)key, key_len}, text_of(kept->id),
	                       strtoll(kept->timestamp, NULL, 10), text_of(kept->body), signature));
	return strstr(kept->signature, signature) != NULL;
}

/* ---- deliveries ---- */

START_TEST(whatever_a_receiver_does_it_gets_every_event_in_order)
{
	static const enum reply script[] = {REPLY_DROP,     REPLY_OK,   REPLY_ERROR, REPLY_OK,
	                                    REPLY_REDIRECT, REPLY_LATE, REPLY_OK,    REPLY_ENDLESS,
	                                    REPLY_ERROR,    REPLY_OK};
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];
	int64_t head = 0;

	receiver_start(&receiver, script, ARRAY_LEN(script));
	add_webhook(&receiver, "", path, secret);
	for (int i = 0; i < 20; i++)
		head = pay_again();
	receiver_wait(&receiver, head);
	check_order(&receiver, 2, head, 0);
	for (size_t i = 0; i < receiver.count; i++)
		ck_assert(is_signed(&receiver.kept[i], secret));
	ck_assert_uint_eq(receiver.count, 24);
	receiver_stop(&receiver);
}
END_TEST

START_TEST(a_delivery_is_the_stored_line)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];

	receiver_start(&receiver, NULL, 0);
	add_webhook(&receiver, "", path, secret);
	receiver_wait(&receiver, pay_again());
	get(&client, "/events?after=1", "Accept: application/x-ndjson", 200);
	size_t len = strlen(receiver.kept[0].body);
	ck_assert_uint_eq(client.body.len, len + 1);
	ck_assert_int_eq(memcmp(buf_str(&client.body), receiver.kept[0].body, len), 0);
	check_holds(&client, receiver.kept[0].id);
	receiver_stop(&receiver);
}
END_TEST

START_TEST(a_receiver_that_hangs_delays_no_other)
{
	static const enum reply script[] = {REPLY_NONE};
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];
	int64_t head = 0;

	receiver_start(&receiver, script, ARRAY_LEN(script));
	receiver_start(&other, NULL, 0);
	add_webhook(&receiver, ",'types':['payment.captured']", path, secret);
	add_webhook(&other, ",'types':['payment.captured']", path, secret);
	head = pay_again();
	receiver_wait_count(&receiver, 1);
	for (int i = 0; i < 10; i++)
		head = pay_again();
	receiver_wait(&other, head);
	ck_assert_uint_eq(receiver_count(&receiver), 1);
	receiver_wait(&receiver, head); /* its attempt has ended */
	check_order(&other, 3, head, 0);
	check_order(&receiver, 3, head, 0);
	receiver_stop(&receiver);
	receiver_stop(&other);
}
END_TEST

START_TEST(only_the_types_that_are_wanted_come)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];

	receiver_start(&receiver, NULL, 0);
	add_webhook(&receiver, ",'types':['payment.failed']", path, secret);
	(void)pay_again();
	post(&client, "/pay", NULL,
	     "{'order_id':'w-no','amount':1.00,'payment_method':'pm_declined'}", 402);
	(void)pay_again();
	receiver_wait(&receiver, 3);
	ck_assert_uint_eq(receiver.count, 1);
	receiver_stop(&receiver);
}
END_TEST

/* ---- a stop, a crash ---- */

static const int signals[] = {SIGTERM, SIGKILL};

START_TEST(after_a_restart_deliveries_go_on_from_their_place)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];
	int64_t head = 0;

	receiver_start(&receiver, NULL, 0);
	add_webhook(&receiver, "", path, secret);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 10; i++)
			head = pay_again();
		service_signal(&service, signals[_i]);
		(void)service_wait(&service);
		single_restart(allow_private);
	}
	receiver_wait(&receiver, head);
	/* A stop does not wait for the reply to the one delivery that is under way. */
	check_order(&receiver, 2, head, signals[_i] == SIGKILL ? INT64_MAX : 1);
	receiver_stop(&receiver);
}
END_TEST

START_TEST(a_stop_does_not_wait_for_a_receiver)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];

	receiver_start(&receiver, NULL, 0);
	receiver_reply_otherwise(&receiver, REPLY_NONE);
	add_webhook(&receiver, "", path, secret);
	(void)pay_again();
	receiver_wait_count(&receiver, 1);
	service_stop(&service);
	ck_assert_uint_eq(receiver_count(&receiver), 1);
	receiver_stop(&receiver);
}
END_TEST

/* ---- what operators do ---- */

START_TEST(during_a_rotation_both_secrets_sign)
{
	char path[ID_PATH_SIZE], before[SECRET_SIZE], after[SECRET_SIZE], call[ID_PATH_SIZE + 8];
	const struct received *kept = receiver.kept;

	receiver_start(&receiver, NULL, 0);
	add_webhook(&receiver, ",'types':['payment.captured']", path, before);
	receiver_wait(&receiver, pay_again());
	(void)snprintf(call, sizeof(call), "%s/rotate", path);
	post_replay(&client, call, "Idempotency-Key: rotate-1", "{}", 200, false);
	(void)snprintf(after, sizeof(after), "%s", client_string(&client, "secret"));
	post_replay(&client, call, "Idempotency-Key: rotate-1", "{}", 200, true);
	check_lacks(&client, "whsec_");
	receiver_wait(&receiver, pay_again());
	ck_assert(is_signed(&kept[0], before) && !is_signed(&kept[0], after));
	ck_assert(is_signed(&kept[1], before) && is_signed(&kept[1], after));
	ck_assert(cJSON_IsString(shown("previous_secret_until")));
	receiver_stop(&receiver);
}
END_TEST

START_TEST(a_disabled_endpoint_loses_nothing)
{
	static const enum reply script[] = {REPLY_OK, REPLY_GONE};
	char path[ID_PATH_SIZE], secret[SECRET_SIZE], call[ID_PATH_SIZE + 8];
	int64_t head = 0;

	receiver_start(&receiver, script, ARRAY_LEN(script));
	add_webhook(&receiver, "", path, secret);
	for (int i = 0; i < 5; i++)
		head = pay_again();
	service_wait_log(&service, "\"event\":\"webhook_disabled\"");
	while (strcmp(shown("status")->valuestring, "disabled") != 0)
		continue; /* its note is under way */
	ck_assert_str_eq(shown("disabled_reason")->valuestring, "gone");
	ck_assert_str_eq(shown("last_error")->valuestring, "answered 410");
	ck_assert_int_eq(shown("place")->valueint, 2);
	ck_assert_int_eq(shown("lag")->valueint, head - 2);
	ck_assert_int_eq(get_metric(&client, "webhooks_disabled"), 1);

	service_stop(&service);
	single_restart(allow_private);
	(void)snprintf(call, sizeof(call), "%s/enable", path);
	post(&client, call, NULL, "{}", 200);
	receiver_wait(&receiver, head + 1); /* webhook.enabled */
	check_order(&receiver, 2, head + 1, 0);
	ck_assert_int_eq(get_metric(&client, "webhooks_disabled"), 0);
	receiver_stop(&receiver);
}
END_TEST

START_TEST(a_failure_is_shown_with_the_next_attempt)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];

	receiver_start(&receiver, NULL, 0);
	receiver_reply_otherwise(&receiver, REPLY_ERROR);
	add_webhook(&receiver, "", path, secret);
	(void)pay_again();
	receiver_wait_count(&receiver, 2);
	while (shown("attempts")->valueint < 2)
		continue; /* its note is under way */
	ck_assert_str_eq(shown("last_error")->valuestring, "answered 500");
	ck_assert(cJSON_IsString(shown("next_attempt_at")));
	ck_assert_str_eq(shown("status")->valuestring, "enabled");
	receiver_stop(&receiver);
}
END_TEST

START_TEST(a_deleted_endpoint_is_no_more)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];

	receiver_start(&receiver, NULL, 0);
	add_webhook(&receiver, "", path, secret);
	receiver_wait(&receiver, pay_again());
	ck_assert_int_eq(client_send(&client, "DELETE", path, NULL, NULL), 200);
	ck_assert_int_eq(client_send(&client, "DELETE", path, NULL, NULL), 404);
	check_problem(&client, "not-found");
	(void)pay_again();
	get(&client, "/webhooks", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&client)), 0);
	get(&client, path, NULL, 405);
	ck_assert_str_eq(client_header(&client, "Allow"), "DELETE");
	ck_assert_uint_eq(receiver_count(&receiver), 1);
	service_stop(&service);
	ck_assert_int_eq(service_command(&service, "audit"), 0);
	receiver_stop(&receiver);
}
END_TEST

/* ---- where they may go ---- */

static const char *const forbidden[] = {"http://hooks.example/",      "https://127.0.0.1/",
                                        "https://2130706433/",        "https://0x7f.1/",
                                        "https://localhost:1/",       "https://[::1]/",
                                        "https://169.254.169.254",    "https://[::ffff:10.0.0.1]/",
                                        "https://u:p@hooks.example/", "https://hooks.example/#"};

START_TEST(a_url_that_is_not_public_is_refused)
{
	char body[256];

	service_stop(&service);
	single_restart(NULL);
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		(void)snprintf(body, sizeof(body), "{'url':'%s'}", forbidden[i]);
		post(&client, "/webhooks", NULL, body, 422);
		check_field_problem(&client, "invalid-request", "#/url");
	}
	post(&client, "/webhooks", NULL, "{'url':'https://hooks.example/','types':[]}", 422);
	check_field_problem(&client, "invalid-request", "#/types");
	post(&client, "/webhooks", NULL, "{'url':'https://hooks.invalid/'}", 200);
}
END_TEST

/* The call let it pass, as the name is only resolved by the courier. */
START_TEST(a_name_that_leads_to_a_private_address_is_not_connected_to)
{
	char body[128];

	receiver_start(&receiver, NULL, 0);
	(void)snprintf(body, sizeof(body), "{'url':'https://localhost:%d/'}", receiver.port);
	post(&client, "/webhooks", NULL, body, 200);
	service_stop(&service);
	single_restart(NULL);
	(void)pay_again();
	service_wait_log(&service, "its name leads to a loopback address");
	ck_assert_uint_eq(receiver.connected, 0);
	receiver_stop(&receiver);
}
END_TEST

/* ---- the other service ---- */

START_TEST(the_order_service_has_them_too)
{
	char path[ID_PATH_SIZE], secret[SECRET_SIZE];

	client_close(&client);
	service_release(&service);
	service_init(&service, "order-service");
	service_start(&service, allow_private);
	client_open(&client, service.port);
	receiver_start(&receiver, NULL, 0);
	add_webhook(&receiver, ",'types':['order.created']", path, secret);
	post(&client, "/order", NULL, "{'order_id':'o-1'}", 200);
	receiver_wait(&receiver, 2);
	ck_assert(is_signed(&receiver.kept[0], secret));
	service_stop(&service);
	ck_assert_int_eq(service_command(&service, "audit"), 0);
	receiver_stop(&receiver);
}
END_TEST

static Suite *webhooks_suite(void)
{
	Suite *suite = suite_create("webhooks");
	TCase *tests = tcase_create("webhooks");

	tcase_set_timeout(tests, 180);
	tcase_add_checked_fixture(tests, set_up, single_stop);
	tcase_add_test(tests, whatever_a_receiver_does_it_gets_every_event_in_order);
	tcase_add_test(tests, a_delivery_is_the_stored_line);
	tcase_add_test(tests, a_receiver_that_hangs_delays_no_other);
	tcase_add_test(tests, only_the_types_that_are_wanted_come);
	tcase_add_loop_test(tests, after_a_restart_deliveries_go_on_from_their_place, 0,
	                    ARRAY_LEN(signals));
	tcase_add_test(tests, a_stop_does_not_wait_for_a_receiver);
	tcase_add_test(tests, during_a_rotation_both_secrets_sign);
	tcase_add_test(tests, a_disabled_endpoint_loses_nothing);
	tcase_add_test(tests, a_failure_is_shown_with_the_next_attempt);
	tcase_add_test(tests, a_deleted_endpoint_is_no_more);
	tcase_add_test(tests, a_url_that_is_not_public_is_refused);
	tcase_add_test(tests, a_name_that_leads_to_a_private_address_is_not_connected_to);
	tcase_add_test(tests, the_order_service_has_them_too);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(webhooks_suite)
