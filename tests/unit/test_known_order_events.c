/* test_known_order_events.c - the order service's events as commands: what is read of them, and
 * what is wrong with those that cannot be. */
#include <string.h>

#include "payment-service/known_order.h"
#include "payment-service/payment_commands.h"
#include "unit/unit.h"

#define AT_US INT64_C(1795408200123000) /* 2026-11-23T04:30:00.123Z */

static const uint8_t sip_key[SIP_KEY_BYTES] = "0123456789abcdef";

static const struct {
	const char *type, *subject, *data, *why; /* why NULL: it is read */
	const char *currency;
	int64_t total_minor, expires_us;
	int end;
} cases[] = {
	{"order.created", "o-1", "{\"amount\":10.99,\"currency\":\"USD\"}", NULL, "USD", 1099},
	{"order.created", "o-1",
         "{\"state\":\"pending\",\"amount\":10,\"currency\":\"JPY\",\"amount_paid\":0,"
         "\"expires_at\":\"2026-11-23T04:30:00.123Z\",\"new\":[{}]}",
         NULL, "JPY", 10, AT_US},
	{"order.created", "o-1", "{\"amount\":null,\"currency\":\"KWD\",\"expires_at\":null}", NULL,
         "KWD"},
	{"order.created", "o-1", "{\"currency\":\"KWD\"}", NULL, "KWD"},
	{"order.created", "o-1", "{\"amount\":0,\"currency\":\"USD\"}", "its amount is malformed"},
	{"order.created", "o-1", "{\"amount\":1.001,\"currency\":\"USD\"}",
         "its amount is malformed"},
	{"order.created", "o-1", "{\"amount\":-1,\"currency\":\"USD\"}", "its amount is malformed"},
	{"order.created", "o-1", "{\"amount\":\"1\",\"currency\":\"USD\"}",
         "its amount is malformed"},
	{"order.created", "o-1", "{\"amount\":1e3,\"currency\":\"USD\"}",
         "its amount is malformed"},
	{"order.created", "o-1", "{\"amount\":1,\"currency\":\"XXQ\"}", "its currency is unknown"},
	{"order.created", "o-1", "{\"amount\":1}", "its currency is unknown"},
	{"order.created", "o-1", "[]", "its currency is unknown"},
	{"order.created", "o-1", "{\"currency\":\"USD\",\"expires_at\":1}",
         "its expires_at is malformed"},
	{"order.created", "o-1", "{\"currency\":\"USD\",\"expires_at\":\"tomorrow\"}",
         "its expires_at is malformed"},
	{"order.created", "o-1", "{\"currency\":\"USD\",\"expires_at\":\"1969-01-01T00:00:00Z\"}",
         "its expires_at is malformed"},
	{"order.created", "", "{\"currency\":\"USD\"}", "its subject is no order id"},
	{"order.created", "0123456789012345678901234567890123456789012345678901234567890123x",
         "{\"currency\":\"USD\"}", "its subject is no order id"},
	{"order.cancelled", "o-1", "{\"amount\":10.99,\"currency\":\"USD\"}", NULL, NULL, 0, 0,
         ORDER_CANCELLED},
	{"order.expired", "o-1", "{}", NULL, NULL, 0, 0, ORDER_EXPIRED},
	{"order.cancelled", "", "{}", "its subject is no order id"},
};

static const struct peer_kind *kind_of(const char *type)
{
	for (const struct peer_kind *kind = payment_peer_kinds; kind->type != NULL; kind++)
		if (strcmp(kind->type, type) == 0)
			return kind;
	ck_abort_msg("no kind for %s", type);
	return NULL;
}

START_TEST(an_event_is_read_or_what_is_wrong_is_told)
{
	const struct peer_kind *kind = kind_of(cases[_i].type);
	struct json_doc AUTO_JSON doc = {0};
	struct known_order_command command = {0};
	const struct order_heard *heard = &command.heard;
	char why[PEER_WHY_SIZE] = "";
	const char *detail;
	size_t offset;

	ck_assert(json_parse(text_of(cases[_i].data), &doc, &detail, &offset));
	const struct peer_event event = {.doc = &doc,
	                                 .data = doc.root,
	                                 .type = text_of(cases[_i].type),
	                                 .subject = text_of(cases[_i].subject)};

	ck_assert_uint_eq(kind->command_size, sizeof(command));
	ck_assert(kind->read(&event, sip_key, &command, why) == (cases[_i].why == NULL));
	ck_assert_str_eq(why, cases[_i].why == NULL ? "" : cases[_i].why);
	if (cases[_i].why != NULL)
		return;
	ck_assert_str_eq(command.order_id, "o-1");
	ck_assert_uint_eq(command.order_hash, hash_keyed(sip_key, TEXT_LITERAL("o-1")));
	ck_assert_ptr_eq(heard->currency, cases[_i].currency == NULL
	                                          ? NULL
	                                          : currency_find(text_of(cases[_i].currency)));
	ck_assert_int_eq(heard->total_minor, cases[_i].total_minor);
	ck_assert_int_eq(heard->expires_us, cases[_i].expires_us);
	ck_assert_int_eq(heard->end, cases[_i].end);
	ck_assert_ptr_eq(kind->kind,
	                 heard->end == ORDER_LIVES ? &order_heard_kind : &order_ended_kind);
}
END_TEST

static Suite *known_order_events_suite(void)
{
	Suite *suite = suite_create("known_order_events");
	TCase *tests = tcase_create("known_order_events");

	tcase_add_loop_test(tests, an_event_is_read_or_what_is_wrong_is_told, 0, ARRAY_LEN(cases));
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(known_order_events_suite)
