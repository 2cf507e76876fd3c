/* test_order_core.c - what POST /order accepts, as tables: totals, what is due, the same order
 * again. */
#include <string.h>

#include "order-service/order.h"
#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123456)
#define ITEMS_MAX 3
#define UNTOUCHED INT64_C(-7)

static const struct {
	const char *rule;
	const char *currency;
	size_t count;
	struct {
		int64_t quantity, price_minor;
	} items[ITEMS_MAX];
	enum order_total_fault want;
	int64_t total_minor;
} totals[] = {
	{"one", "USD", 1, {{1, 1099}}, ORDER_TOTAL_OK, 1099},
	{"many of one", "USD", 1, {{1000000, 1}}, ORDER_TOTAL_OK, 1000000},
	{"several", "USD", 3, {{2, 1099}, {1, 1}, {3, 0}}, ORDER_TOTAL_OK, 2199},
	{"free items beside one with a price", "JPY", 2, {{5, 0}, {1, 1}}, ORDER_TOTAL_OK, 1},
	{"all free", "USD", 2, {{1, 0}, {1000000, 0}}, ORDER_TOTAL_ZERO, UNTOUCHED},
	{"the most with no decimals", "JPY", 1, {{1, 999999999999}}, ORDER_TOTAL_OK, 999999999999},
	{"above it", "JPY", 2, {{1, 999999999999}, {1, 1}}, ORDER_TOTAL_TOO_LARGE, UNTOUCHED},
	{"the most with two decimals",
         "USD",
         1,
         {{1, 99999999999999}},
         ORDER_TOTAL_OK,
         99999999999999},
	{"above it", "USD", 2, {{1, 99999999999999}, {1, 1}}, ORDER_TOTAL_TOO_LARGE, UNTOUCHED},
	{"the most with three decimals",
         "KWD",
         1,
         {{1, 999999999999999}},
         ORDER_TOTAL_OK,
         999999999999999},
	{"above it", "KWD", 2, {{1, 999999999999999}, {1, 1}}, ORDER_TOTAL_TOO_LARGE, UNTOUCHED},
	{"15 digits with four decimals",
         "CLF",
         1,
         {{1, 999999999999999}},
         ORDER_TOTAL_OK,
         999999999999999},
	{"a product beyond 64 bits",
         "KWD",
         1,
         {{1000000, 999999999999999}},
         ORDER_TOTAL_TOO_LARGE,
         UNTOUCHED},
	{"a product that is too large by the least",
         "KWD",
         1,
         {{2, 500000000000000}},
         ORDER_TOTAL_TOO_LARGE,
         UNTOUCHED},
};

START_TEST(a_total_is_the_sum_of_the_items)
{
	struct order_item items[ITEMS_MAX] = {{.quantity = 0}};
	int64_t total = UNTOUCHED;

	for (size_t i = 0; i < totals[_i].count; i++) {
		items[i].quantity = totals[_i].items[i].quantity;
		items[i].unit_price_minor = totals[_i].items[i].price_minor;
	}
	enum order_total_fault fault = order_total(
		items, totals[_i].count, currency_find(text_of(totals[_i].currency)), &total);
	ck_assert_msg(fault == totals[_i].want, "%s: fault %d", totals[_i].rule, fault);
	ck_assert_msg(total == totals[_i].total_minor, "%s: total", totals[_i].rule);
}
END_TEST

START_TEST(a_hundred_of_the_dearest_items_do_not_overflow)
{
	struct order_item items[ORDER_ITEMS_MAX];
	int64_t total = UNTOUCHED;

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = (struct order_item){.quantity = 1000000,
		                               .unit_price_minor = MONEY_MINOR_MAX};
	ck_assert_int_eq(
		order_total(items, ARRAY_LEN(items), currency_find(text_of("KWD")), &total),
		ORDER_TOTAL_TOO_LARGE);
	ck_assert_int_eq(total, UNTOUCHED);
}
END_TEST

static const struct {
	enum order_state state;
	int64_t amount_minor, paid_minor, refunded_minor, due_minor, overpaid_minor;
} derived[] = {
	{ORDER_PENDING, 1000, 0, 0, 1000, 0},
	{ORDER_PENDING, 1000, 999, 999, 1, 0},
	{ORDER_PAID, 1000, 1000, 0, 0, 0},
	{ORDER_PAID, 1000, 1000, 1000, 0, 0},
	{ORDER_PAID, 1000, 1001, 0, 0, 1},
	{ORDER_PAID, 1000, 1001, 1, 0, 0},
	{ORDER_PAID, 1000, 1003, 1, 0, 2},
	{ORDER_FULFILLED, 1000, 1001, 0, 0, 1},
	{ORDER_CANCELLED, 1000, 0, 0, 0, 0},
	{ORDER_CANCELLED, 1000, 1001, 0, 0, 0},
	{ORDER_CANCELLED, MONEY_NONE, 5, 0, 0, 0},
	{ORDER_PENDING, MONEY_NONE, 0, 0, MONEY_NONE, 0},
	{ORDER_PENDING, MONEY_MINOR_MAX, 0, 0, MONEY_MINOR_MAX, 0},
};

START_TEST(what_is_due_and_overpaid_follows_from_the_sums)
{
	struct order order = {.state = derived[_i].state,
	                      .amount_minor = derived[_i].amount_minor,
	                      .paid_minor = derived[_i].paid_minor,
	                      .refunded_minor = derived[_i].refunded_minor,
	                      .due_minor = UNTOUCHED,
	                      .overpaid_minor = UNTOUCHED};

	order_derive(&order);
	ck_assert_int_eq(order.due_minor, derived[_i].due_minor);
	ck_assert_int_eq(order.overpaid_minor, derived[_i].overpaid_minor);
}
END_TEST

static struct order_command command_of(int64_t amount_minor, int64_t expires_in_s)
{
	struct order_command command = {
		.order_id = "o-1",
		.currency = currency_find(text_of("USD")),
		.amount_minor = amount_minor,
		.items = TEXT_LITERAL("[]"),
		.customer = TEXT_LITERAL("c"),
		.description = TEXT_LITERAL("d"),
		.metadata = TEXT_LITERAL("{\"k\":\"v\"}"),
		.expires_in_s = expires_in_s,
	};

	hash_sha256("content", 7, &command.content_hash);
	return command;
}

static const struct {
	int64_t amount_minor, expires_in_s;
	int64_t due_minor, expires_us;
} new_orders[] = {
	{1099, 0, 1099, INT64_MIN},
	{MONEY_NONE, 0, MONEY_NONE, INT64_MIN},
	{1, 1, 1, NOW_US + US_PER_S},
	{MONEY_MINOR_MAX, 31536000, MONEY_MINOR_MAX, NOW_US + 31536000 * US_PER_S},
};

START_TEST(a_new_order_holds_what_was_asked)
{
	const struct order_command command =
		command_of(new_orders[_i].amount_minor, new_orders[_i].expires_in_s);
	const struct order_view view = {0};
	struct order_outcome outcome = {0};
	const struct order *order = &outcome.order;

	ck_assert_int_eq(order_decide_create(&view, &command, NOW_US, &outcome), ERR_NONE);
	ck_assert(outcome.is_new && !outcome.replays);
	ck_assert_str_eq(order->order_id, "o-1");
	ck_assert_int_eq(order->state, ORDER_PENDING);
	ck_assert_int_eq(order->status, 0);
	ck_assert_ptr_eq(order->currency, command.currency);
	ck_assert_int_eq(order->amount_minor, new_orders[_i].amount_minor);
	ck_assert_int_eq(order->due_minor, new_orders[_i].due_minor);
	ck_assert_int_eq(order->expires_us, new_orders[_i].expires_us);
	ck_assert_int_eq(order->paid_minor + order->authorized_minor + order->refunded_minor +
	                         order->overpaid_minor,
	                 0);
	ck_assert(text_equal(order->items, command.items));
	ck_assert(text_equal(order->customer, command.customer));
	ck_assert(text_equal(order->description, command.description));
	ck_assert(text_equal(order->metadata, command.metadata));
	ck_assert(hash_equal(&order->content_hash, &command.content_hash));
	ck_assert_int_eq(order->created_us, NOW_US);
	ck_assert_int_eq(order->updated_us, NOW_US);
}
END_TEST

START_TEST(the_same_order_again_is_the_same_order)
{
	const struct order_command command = command_of(1099, 0);
	const struct order_view view = {.order_known = true,
	                                .order.content_hash = command.content_hash};
	struct order_outcome outcome = {0};

	ck_assert_int_eq(order_decide_create(&view, &command, NOW_US, &outcome), ERR_NONE);
	ck_assert(outcome.replays && !outcome.is_new);
}
END_TEST

START_TEST(another_content_is_refused)
{
	const struct order_command command = command_of(1099, 0);
	struct order_view view = {.order_known = true, .order.content_hash = command.content_hash};
	struct order_outcome outcome = {0};

	view.order.content_hash.bytes[HASH_BYTES - 1] ^= 1;
	ck_assert_int_eq(order_decide_create(&view, &command, NOW_US, &outcome), ERR_ORDER_EXISTS);
	ck_assert(!outcome.replays && !outcome.is_new);
}
END_TEST

static Suite *order_core_suite(void)
{
	Suite *suite = suite_create("order_core");
	TCase *tests = tcase_create("order_core");

	tcase_add_loop_test(tests, a_total_is_the_sum_of_the_items, 0, ARRAY_LEN(totals));
	tcase_add_test(tests, a_hundred_of_the_dearest_items_do_not_overflow);
	tcase_add_loop_test(tests, what_is_due_and_overpaid_follows_from_the_sums, 0,
	                    ARRAY_LEN(derived));
	tcase_add_loop_test(tests, a_new_order_holds_what_was_asked, 0, ARRAY_LEN(new_orders));
	tcase_add_test(tests, the_same_order_again_is_the_same_order);
	tcase_add_test(tests, another_content_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(order_core_suite)
