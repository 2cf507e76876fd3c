/* test_tamper.c - for each thing that an audit watches, one change to a stopped store, which the
 * command audit must tell with its place. The store is put back after each. */
#include "e2e/pair.h"
#include "e2e/tamper.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX (64 * 1024 * 1024)

static const char *const audit_command[] = {"audit", NULL};

/* What is paid and ordered: event N is of the N-th row. */
static const struct {
	const char *body;
	int status;
} payments[] = {
	{"{'order_id':'a-1','amount':10.99}", 200},
	{"{'order_id':'a-2','amount':10.99,'payment_method':'pm_declined'}", 402},
	{"{'order_id':'a-3','amount':10.99}", 200},
	{"{'order_id':'a-2','amount':10.99,'payment_method':'pm_expired_card'}", 402},
	{"{'order_id':'a-2','amount':10.99}", 200},
};
static const char *const orders[] = {
	"{'order_id':'a-1','amount':10.99}", "{'order_id':'a-2'}",
	"{'order_id':'a-3','amount':10.99,'expires_in':3600}",
	"{'order_id':'a-4','amount':10.99}", /* and cancelled */
};

static void fill_and_stop(void)
{
	pair_start();
	for (size_t i = 0; i < ARRAY_LEN(payments); i++)
		post(&pay, "/pay", i == 2 ? "Idempotency-Key: k-3" : NULL, payments[i].body,
		     payments[i].status);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		post(&order, "/order", NULL, orders[i], 200);
	post(&order, "/orders/a-4/cancel", NULL, "{'reason':'why'}", 200);
	service_stop(&payment_service);
	service_stop(&order_service);
}

#define OTHER_ID \
	"substr(payment_id, 1, 29) || CASE substr(payment_id, 30) WHEN '0' THEN '1' ELSE '0' END "

/* A copy of the third payment with an id and a key of its own. */
#define MADE_UP_PAYMENT(key) \
	"INSERT INTO payments SELECT " key ", " OTHER_ID ", " \
	"amount_minor, currency, payment_status, captured_minor, refunded_minor, " \
	"refund_pending_minor, refunds_count, capture, pending_operation, pending_minor, " \
	"intent_key, is_reversed, has_key, payment_method, processor, processor_reference, " \
	"decline_code, description, metadata, resolve_reason, created_us, updated_us, " \
	"last_event_seq FROM payments WHERE last_event_seq = 3"

#define MADE_UP_ORDER(seq, last_event_seq) \
	"INSERT INTO orders SELECT " seq ", order_hash, order_id, content_hash, state, " \
	"amount_minor, was_open, currency, paid_minor, authorized_minor, refunded_minor, items, " \
	"customer, description, metadata, cancel_reason, expires_us, created_us, " \
	"updated_us, " last_event_seq " FROM orders WHERE order_seq = 3"

#define MADE_UP_PAID_ORDER(seq, where) \
	"INSERT INTO orders (order_seq, order_hash, order_id, last_event_seq, excess_minor) " \
	"SELECT " seq ", order_hash, order_id, " seq ", 0 FROM orders WHERE " where

/* The index as it is once all rows are merged into its table. */
#define INDEXED(table, name, hash, key) \
	"INSERT INTO " name " SELECT " hash ", " key " FROM " table ";" \
	"UPDATE index_places SET place = (SELECT max(" key ") FROM " table ") " \
	"WHERE name = '" name "';"

/* All through SQL, as someone with a shell would; hash(text) is the SHA-256 of a line. */
static const struct tamper_row {
	const char *name;
	struct service *service;
	const char *sql;
	const char *finding; /* how one line begins: check and place */
} tampers[] = {
	{"a line was edited", &payment_service,
         "UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = 3",
         "journal-chain: journal seq 4: prev_hash is not the hash of seq 3"},
	{"a line is no JSON", &payment_service, "UPDATE journal SET line = 'x' WHERE seq = 3",
         "journal-chain: journal seq 3: "},
	{"the last line was edited", &payment_service,
         "UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = 5",
         "journal-chain: journal head: its hash is not that of seq 5"},
	{"the last line was edited, and the head with it", &payment_service,
         "UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = 5;"
         "UPDATE journal_head SET hash = (SELECT hash(line) FROM journal WHERE seq = 5)",
         "payment-state: payments payment_id pay_"},
	{"an event was deleted", &payment_service, "DELETE FROM journal WHERE seq = 3",
         "journal-chain: journal seq 4: seq 3 to 3 are missing"},
	{"the first event was deleted", &payment_service, "DELETE FROM journal WHERE seq = 1",
         "journal-chain: journal seq 2: seq 1 to 1 are missing"},
	{"the tail was cut off", &payment_service, "DELETE FROM journal WHERE seq > 3",
         "journal-chain: journal head: seq 4 to 5 are missing"},
	{"the tail was cut off, and the head with it", &payment_service,
         "DELETE FROM journal WHERE seq > 4; UPDATE journal_head SET seq = 4, "
         "hash = (SELECT hash(line) FROM journal WHERE seq = 4)",
         "payment-state: payments payment_id pay_"},
	{"two lines changed places", &payment_service,
         "UPDATE journal SET seq = 99 WHERE seq = 3; UPDATE journal SET seq = 3 WHERE seq = 4;"
         "UPDATE journal SET seq = 4, order_prev_seq = 0 WHERE seq = 99",
         "journal-chain: journal seq 3: the line holds another seq"},
	{"a line's type was tcase, and the head with it", &payment_service,
         "UPDATE journal SET line = replace(line, '.captured', '.failed') WHERE seq = 5;"
         "UPDATE journal_head SET hash = (SELECT hash(line) FROM journal WHERE seq = 5)",
         "payment-event: journal seq 5: "},
	{"an event was tied to another order", &payment_service,
         "UPDATE journal SET order_prev_seq = 1 WHERE seq = 4",
         "journal-links: journal seq 1: it is tied to the events of order a-2"},
	{"an event was untied", &payment_service,
         "UPDATE journal SET order_prev_seq = 0 WHERE seq = 4",
         "journal-links: journal seq 2: no later event of its order leads back to it"},
	{"two events were tied to one", &payment_service,
         "UPDATE journal SET order_prev_seq = 2 WHERE seq = 5",
         "journal-links: journal seq 4: no later event"},
	{"the head was moved on", &payment_service, "UPDATE journal_head SET seq = 6",
         "journal-chain: journal head: seq 6 to 6 are missing"},
	{"a payment was deleted", &payment_service, "DELETE FROM payments WHERE last_event_seq = 3",
         "payment-missing: journal seq 3: "},
	{"a payment's amount was changed", &payment_service,
         "UPDATE payments SET amount_minor = 9999, captured_minor = 9999 "
         "WHERE last_event_seq = 3",
         "payment-state: payments payment_id pay_"},
	{"what a payment captured was changed", &payment_service,
         "UPDATE payments SET captured_minor = 0 WHERE last_event_seq = 3",
         "payment-state: payments payment_id pay_"},
	{"a payment's status was changed", &payment_service,
         "UPDATE payments SET payment_status = 'success', decline_code = NULL, "
         "captured_minor = amount_minor WHERE last_event_seq = 2",
         "payment-state: payments payment_id pay_"},
	{"a payment's currency was changed", &payment_service,
         "UPDATE payments SET currency = 'EUR' WHERE last_event_seq = 3",
         "payment-state: payments payment_id pay_"},
	{"a payment was given another id", &payment_service,
         "UPDATE payments SET payment_id = " OTHER_ID "WHERE last_event_seq = 3",
         "payment-missing: journal seq 3: "},
	{"a payment was moved to another order", &payment_service,
         "UPDATE payments SET payment_key = 1 * 1024 + 7 WHERE last_event_seq = 3",
         "payment-state: payments payment_id pay_"},
	{"a payment was made up", &payment_service, MADE_UP_PAYMENT("payment_key + 1"),
         "payment-state: payments payment_id pay_"},
	{"a payment was made up for no order", &payment_service, MADE_UP_PAYMENT("900000 * 1024"),
         "payment-order: payments payment_id pay_"},
	{"a payment was made up before all orders", &payment_service, MADE_UP_PAYMENT("-128"),
         "payment-order: payments payment_id pay_"},
	{"a payment was moved within its order", &payment_service,
         "UPDATE payments SET payment_key = payment_key + 1 WHERE last_event_seq = 5",
         "payment-key: payments payment_id pay_"},
	{"a payment was moved back in time", &payment_service,
         "UPDATE payments SET created_us = created_us - 1000 WHERE last_event_seq = 3",
         "payment-state: payments payment_id pay_"},
	{"a payment was moved on in time", &payment_service,
         "UPDATE payments SET created_us = created_us + 1000, updated_us = updated_us + 1000 "
         "WHERE last_event_seq = 3",
         "payment-state: payments payment_id pay_"},
	{"an order of payments cannot be found", &payment_service,
         "UPDATE orders SET order_hash = order_hash + 1 WHERE order_id = 'a-3'",
         "order-hash: orders order_seq 3: "},
	{"the secret of the hashes was changed", &payment_service,
         "UPDATE store SET sip_key = zeroblob(16)", "order-hash: orders order_seq 1: "},
	{"an idempotency key cannot be found", &payment_service,
         "UPDATE seen SET key_hash = key_hash + 1", "seen-hash: seen seq 1: "},
	{"an idempotency key was changed", &payment_service, "UPDATE seen SET key = 'k-4'",
         "seen-hash: seen seq 1: "},
	{"an order of payments was made up", &payment_service,
         MADE_UP_PAID_ORDER("900000", "order_id = 'a-3'"),
         "order-event: orders order_seq 900000: "},
	{"an order's payments were divided", &payment_service,
         "UPDATE journal SET order_prev_seq = 0 WHERE seq = 5;" MADE_UP_PAID_ORDER(
		 "5", "order_seq = 2") ";"
                                       "UPDATE orders SET last_event_seq = 4 WHERE order_seq = 2;"
                                       "UPDATE payments SET payment_key = 5 * 1024 WHERE "
                                       "last_event_seq = 5",
         "order-twice: orders order_seq 5: "},
	{"an order's place in the journal was changed", &payment_service,
         "UPDATE orders SET last_event_seq = 3 WHERE order_id = 'a-2'",
         "order-event: orders order_seq 2: "},
	{"an order of payments was deleted", &payment_service,
         "DELETE FROM orders WHERE order_id = 'a-3'", "payment-order: payments payment_id pay_"},
	{"an order of payments was given another id", &payment_service,
         "UPDATE orders SET order_id = 'b-3' WHERE order_id = 'a-3'",
         "payment-state: payments payment_id pay_"},
	{"an order's entry in the index was deleted", &payment_service,
         INDEXED("orders", "orders_by_hash", "order_hash",
                 "order_seq") "DELETE FROM orders_by_hash WHERE order_seq = 2",
         "hash-index: orders_by_hash key 2: "},
	{"an order's entry in the index was changed", &payment_service,
         INDEXED("orders", "orders_by_hash", "order_hash",
                 "order_seq") "UPDATE orders_by_hash SET order_hash = 1 WHERE order_seq = 2",
         "hash-index: orders_by_hash hash 1: "},
	{"the place of an index was moved on", &payment_service,
         "UPDATE index_places SET place = 1 WHERE name = 'orders_by_hash'",
         "hash-index: orders_by_hash key 1: "},
	{"the place of an index was deleted", &payment_service, "DELETE FROM index_places",
         "hash-index: orders_by_hash key 1: "},
	{"a key's entry in the index was deleted", &payment_service,
         INDEXED("seen", "seen_by_key_hash", "key_hash", "seq") "DELETE FROM seen_by_key_hash",
         "hash-index: seen_by_key_hash key 1: "},
	{"an order's payments were divided, once the index has both", &payment_service,
         MADE_UP_PAID_ORDER("5", "order_seq = 2") ";" INDEXED("orders", "orders_by_hash",
                                                              "order_hash", "order_seq"),
         "order-twice: orders order_seq 2: "},
	{"an accepted order's entry in the index was deleted", &order_service,
         INDEXED("orders", "orders_by_hash", "order_hash",
                 "order_seq") "DELETE FROM orders_by_hash WHERE order_seq = 2",
         "hash-index: orders_by_hash key 2: "},
	{"an accepted order was deleted", &order_service, "DELETE FROM orders WHERE order_seq = 1",
         "order-missing: journal seq 1: "},
	{"an accepted order's amount was changed", &order_service,
         "UPDATE orders SET amount_minor = 1 WHERE order_seq = 1",
         "order-state: orders order_seq 1: "},
	{"an open amount was closed", &order_service,
         "UPDATE orders SET amount_minor = 1 WHERE order_seq = 2",
         "order-state: orders order_seq 2: "},
	{"an accepted order's currency was changed", &order_service,
         "UPDATE orders SET currency = 'EUR' WHERE order_seq = 1",
         "order-state: orders order_seq 1: "},
	{"an accepted order's end was moved", &order_service,
         "UPDATE orders SET expires_us = expires_us + 1000 WHERE order_seq = 3",
         "order-state: orders order_seq 3: "},
	{"an accepted order was given another id", &order_service,
         "UPDATE orders SET order_id = 'b-1' WHERE order_seq = 1",
         "order-state: orders order_seq 1: its last event is about another order"},
	{"an accepted order's event was changed", &order_service,
         "UPDATE orders SET last_event_seq = 3 WHERE order_seq = 2",
         "order-state: orders order_seq 2: its last event is about another order"},
	{"an accepted order was moved back in time", &order_service,
         "UPDATE orders SET created_us = created_us - 1000 WHERE order_seq = 2",
         "order-state: orders order_seq 2: "},
	{"an accepted order was moved on in time", &order_service,
         "UPDATE orders SET created_us = created_us + 1000, updated_us = updated_us + 1000 "
         "WHERE order_seq = 2",
         "order-state: orders order_seq 2: "},
	{"an accepted order was made paid", &order_service,
         "UPDATE orders SET state = 'paid', paid_minor = 1099 WHERE order_seq = 1",
         "order-sums: orders order_seq 1: "},
	{"a cancelled order was made pending", &order_service,
         "UPDATE orders SET state = 'pending', cancel_reason = NULL WHERE order_seq = 4",
         "order-state: orders order_seq 4: the row says"},
	{"a cancelled order's last event was taken from it", &order_service,
         "UPDATE orders SET state = 'pending', cancel_reason = NULL, last_event_seq = 4, "
         "updated_us = created_us WHERE order_seq = 4",
         "order-missing: journal seq 5: "},
	{"an accepted order was given no state that there is", &order_service,
         "UPDATE orders SET state = 'lost' WHERE order_seq = 1",
         "order-state: orders order_seq 1: the row holds what no service writes"},
	{"a payment of an order was made up", &order_service,
         "INSERT INTO payments SELECT 1, 'pay_01M83AP0DV0000000000000000', order_seq, order_hash, "
         "order_id, currency, 'success', 1099, 1099, 0, 1, 1, 1 FROM orders WHERE order_seq = 1",
         "payment-state: payments payment_key 1: "},
	{"a count of orders was changed", &order_service,
         "UPDATE order_counts SET orders = orders + 1 WHERE name = 'cancelled'",
         "order-counts: order_counts cancelled: it says 2, there are 1"},
	{"an accepted order cannot be found", &order_service,
         "UPDATE orders SET order_hash = order_hash + 1 WHERE order_seq = 2",
         "order-hash: orders order_seq 2: "},
	{"the secret of the hashes was changed", &order_service,
         "UPDATE store SET sip_key = zeroblob(16)", "order-hash: orders order_seq 1: "},
	{"an accepted order was made up", &order_service, MADE_UP_ORDER("900000", "900000"),
         "order-state: orders order_seq 900000: "},
	{"an accepted order was made up before all others", &order_service, MADE_UP_ORDER("0", "3"),
         "journal-links: orders order_seq 0: "},
	{"an order's event was tied to another", &order_service,
         "UPDATE journal SET order_prev_seq = 1 WHERE seq = 2",
         "journal-links: orders order_seq 2: "},
	{"an order's line was edited", &order_service,
         "UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = 1",
         "journal-chain: journal seq 2: prev_hash is not the hash of seq 1"},
};

START_TEST(a_change_is_told_with_its_place)
{
	const struct tamper_row *row = &tampers[_i];
	struct run run;

	tamper_audit(row->service, row->name, row->sql, &run);
	ck_assert_msg(run.status == 1, "%s: exit %d", row->name, run.status);
	tamper_check_line(buf_str(&run.out), row->finding);
	run_release(&run);
}
END_TEST

START_TEST(a_damaged_page_is_told)
{
	char path[TAMPER_PATH_SIZE], noise[8192]; /* a page */
	struct buf sound AUTO_BUF;
	struct run run;

	buf_init(&sound, BYTES_MAX);
	tamper_path(&payment_service, path);
	read_file(path, &sound);
	memset(noise, 0xA5, sizeof(noise));
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), (off_t)(sound.len - sizeof(noise))),
	                 sizeof(noise));
	(void)close(fd);
	run_service(&payment_service, NULL, audit_command, &run);
	tamper_write_file(path, &sound);
	ck_assert_int_eq(run.status, 1);
	tamper_check_line(buf_str(&run.out), "storage: ");
	run_release(&run);
}
END_TEST

static Suite *tamper_suite(void)
{
	Suite *suite = suite_create("tamper");
	TCase *tcase = tcase_create("changed");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, fill_and_stop, pair_stop);
	tcase_add_loop_test(tcase, a_change_is_told_with_its_place, 0, ARRAY_LEN(tampers));
	tcase_add_test(tcase, a_damaged_page_is_told);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(tamper_suite)
