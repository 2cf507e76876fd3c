/* reconcile.c - walks along both services' lists, compares each order with its payments, and prints
 * what differs. Every order of the order service is compared; of the payments only those of orders
 * that it does not have are left then.
 * The two are read one after the other while they change, and each hears of the other a moment
 * later. So an order that differs is only kept as a suspect; suspects are looked at again, after
 * longer and longer pauses, and what still differs at the last look is told. Memory: one page of
 * each side and SUSPECTS_MAX ids. */
#include "runtime/env.h"
#include "web/commands.h"
#include "web/own_url.h"
#include "web/reconcile_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WHY_BYTES_MAX 4096
#define LINE_BYTES_MAX 1024
#define SUSPECTS_MAX 10000
/* Pauses of 0.25, 0.5, 1, 2 and 4 s: a follower that runs is milliseconds behind. */
#define LOOKS_MAX 5
#define FIRST_PAUSE_MS 250
#define PAYMENT_PAGES_MAX (COMPARED_PAYMENTS_MAX / RECONCILE_PAGE_ROWS)

enum { EXIT_AGREED = 0, EXIT_DIFFERENT = 1, EXIT_REFUSED = 2 };

struct reconcile {
	struct reconcile_reader reader;
	bool as_json;
	int64_t orders_count, payments_count, differences_count;
	struct reconciled_order orders[RECONCILE_PAGE_ROWS];
	struct reconciled_payment payments[RECONCILE_PAGE_ROWS];
	/* Of the order that is looked at; a page of the walk stays in `payments`. */
	struct reconciled_payment own_payments[RECONCILE_PAGE_ROWS];
	char first_payment[ID_SIZE]; /* the oldest of them, "": there is none */
	char suspects[SUSPECTS_MAX][ORDER_ID_MAX + 1];
	size_t suspects_count;
};

/* ---- printing ---- */

static void add_figure(struct buf *out, const char *service, const char *figure, int64_t minor,
                       const struct currency *currency)
{
	buf_addf(out, " %s %s ", service, figure);
	if (minor == MONEY_NONE) {
		buf_add_str(out, "none");
		return;
	}
	money_render(minor, currency, out);
	buf_addf(out, " %s", currency->code);
}

static void print_line(const struct difference *difference, struct buf *out)
{
	buf_addf(out, "%s: order %s", difference->kind, difference->order_id);
	if (difference->payment_id[0] != '\0')
		buf_addf(out, ", payment %s", difference->payment_id);
	buf_add_char(out, ':');
	add_figure(out, "order-service", difference->order_figure, difference->order_minor,
	           difference->currency);
	buf_add_char(out, ',');
	add_figure(out, "payment-service", difference->payment_figure, difference->payment_minor,
	           difference->currency);
	buf_add_char(out, '\n');
}

static void add_side(struct buf *out, const char *name, const char *figure, int64_t minor,
                     const struct currency *currency)
{
	json_key(out, name);
	json_open(out, '{');
	json_member_str(out, "figure", figure);
	json_key(out, "amount");
	if (minor == MONEY_NONE)
		json_string(out, TEXT_NONE);
	else
		money_render(minor, currency, out);
	json_close(out, '}');
}

static void print_object(const struct difference *difference, struct buf *out)
{
	const char *payment_id = difference->payment_id;

	json_open(out, '{');
	json_member_str(out, "kind", difference->kind);
	json_member_str(out, "order_id", difference->order_id);
	json_member_string(out, "payment_id",
	                   payment_id[0] == '\0' ? TEXT_NONE : text_of(payment_id));
	json_member_str(out, "currency", difference->currency->code);
	add_side(out, "order_service", difference->order_figure, difference->order_minor,
	         difference->currency);
	add_side(out, "payment_service", difference->payment_figure, difference->payment_minor,
	         difference->currency);
	json_close(out, '}');
}

static void print_difference(void *arg, const struct difference *difference)
{
	struct reconcile *reconcile = arg;
	struct buf text AUTO_BUF;

	buf_init(&text, LINE_BYTES_MAX);
	if (reconcile->as_json)
		print_object(difference, &text);
	else
		print_line(difference, &text);
	if (reconcile->as_json && reconcile->differences_count > 0)
		(void)putchar(',');
	(void)fputs(buf_str(&text), stdout);
	reconcile->differences_count++;
}

/* A run that could not be finished leaves a whole object too, but no sum as a line. */
static void print_end(const struct reconcile *reconcile, bool is_complete)
{
	struct buf text AUTO_BUF;

	buf_init(&text, LINE_BYTES_MAX);
	if (reconcile->as_json) {
		json_member_int(&text, "orders", reconcile->orders_count);
		json_member_int(&text, "payments", reconcile->payments_count);
		json_member_int(&text, "differences_count", reconcile->differences_count);
		json_member_bool(&text, "complete", is_complete);
		json_member_bool(&text, "ok", is_complete && reconcile->differences_count == 0);
		(void)printf("],%s}\n", buf_str(&text));
	} else if (is_complete) {
		(void)printf("%" PRId64 " orders and %" PRId64 " payments compared: %" PRId64
		             " differences\n",
		             reconcile->orders_count, reconcile->payments_count,
		             reconcile->differences_count);
	}
}

/* ---- one order ---- */

static void count_difference(void *arg, const struct difference *difference)
{
	size_t *count = arg;

	(void)difference;
	(*count)++;
}

/* order NULL: the order service has none. */
static bool compare(struct reconcile *reconcile, const char *order_id,
                    const struct reconciled_order *order, difference_fn *take, void *arg)
{
	struct reconcile_walk walk = {.is_over = false};
	struct comparison comparison;
	size_t count;

	reconcile->first_payment[0] = '\0';
	compare_begin(&comparison, order, env_now_us(&env_system), take, arg);
	for (int pages = 0; !walk.is_over; pages++) {
		if (pages == PAYMENT_PAGES_MAX) {
			buf_addf(reconcile->reader.why, "order %s has more than %d payments",
			         order_id, COMPARED_PAYMENTS_MAX);
			return false;
		}
		if (!reconcile_read_payments(&reconcile->reader, &walk, order_id,
		                             reconcile->own_payments, &count))
			return false;
		for (size_t i = 0; i < count; i++)
			compare_payment(&comparison, &reconcile->own_payments[i]);
		if (count > 0)
			text_copy(text_of(reconcile->own_payments[count - 1].payment_id),
			          reconcile->first_payment, sizeof(reconcile->first_payment));
	}
	compare_end(&comparison);
	return true;
}

static bool look_again(struct reconcile *reconcile, const char *order_id, difference_fn *take,
                       void *arg)
{
	struct reconciled_order order;
	bool found;

	return reconcile_read_order(&reconcile->reader, order_id, &order, &found) &&
	       compare(reconcile, order_id, found ? &order : NULL, take, arg);
}

/* ---- suspects ---- */

/* Drops those that agree by now. */
static bool look_at_suspects(struct reconcile *reconcile)
{
	size_t left = 0;

	for (size_t i = 0; i < reconcile->suspects_count; i++) {
		size_t differences = 0;

		if (!look_again(reconcile, reconcile->suspects[i], count_difference, &differences))
			return false;
		if (differences > 0)
			memmove(reconcile->suspects[left++], reconcile->suspects[i],
			        sizeof(reconcile->suspects[i]));
	}
	reconcile->suspects_count = left;
	return true;
}

/* Looks at them until they agree, and at the last look prints what still differs. */
static bool settle_suspects(struct reconcile *reconcile)
{
	int64_t pause_ms = FIRST_PAUSE_MS;

	for (int look = 1; look <= LOOKS_MAX && reconcile->suspects_count > 0; look++) {
		const struct timespec pause = {.tv_sec = pause_ms / 1000,
		                               .tv_nsec = pause_ms % 1000 * 1000000};

		(void)nanosleep(&pause, NULL);
		pause_ms *= 2;
		if (look < LOOKS_MAX && !look_at_suspects(reconcile))
			return false;
	}
	for (size_t i = 0; i < reconcile->suspects_count; i++)
		if (!look_again(reconcile, reconcile->suspects[i], print_difference, reconcile))
			return false;
	reconcile->suspects_count = 0;
	return true;
}

static bool suspect(struct reconcile *reconcile, const char *order_id)
{
	text_copy(text_of(order_id), reconcile->suspects[reconcile->suspects_count++],
	          ORDER_ID_MAX + 1);
	return reconcile->suspects_count < SUSPECTS_MAX || settle_suspects(reconcile);
}

/* ---- the walks ---- */

static bool walk_orders(struct reconcile *reconcile)
{
	struct reconcile_walk walk = {.is_over = false};
	size_t count;

	while (!walk.is_over) {
		if (!reconcile_read_orders(&reconcile->reader, &walk, reconcile->orders, &count))
			return false;
		for (size_t i = 0; i < count; i++) {
			const struct reconciled_order *order = &reconcile->orders[i];
			size_t differences = 0;

			if (!compare(reconcile, order->order_id, order, count_difference,
			             &differences) ||
			    (differences > 0 && !suspect(reconcile, order->order_id)))
				return false;
		}
		reconcile->orders_count += (int64_t)count;
	}
	return true;
}

/* An order that the order service does not have is compared once, at its first payment. */
static bool look_for_order(struct reconcile *reconcile, const struct reconciled_payment *payment)
{
	struct reconciled_order order;
	size_t differences = 0;
	bool found;

	if (!reconcile_read_order(&reconcile->reader, payment->order_id, &order, &found))
		return false;
	if (found)
		return true;
	if (!compare(reconcile, payment->order_id, NULL, count_difference, &differences))
		return false;
	if (differences == 0 || strcmp(reconcile->first_payment, payment->payment_id) != 0)
		return true;
	return suspect(reconcile, payment->order_id);
}

static bool walk_payments(struct reconcile *reconcile)
{
	struct reconcile_walk walk = {.is_over = false};
	size_t count;

	while (!walk.is_over) {
		if (!reconcile_read_payments(&reconcile->reader, &walk, NULL, reconcile->payments,
		                             &count))
			return false;
		for (size_t i = 0; i < count; i++)
			if (!look_for_order(reconcile, &reconcile->payments[i]))
				return false;
		reconcile->payments_count += (int64_t)count;
	}
	return true;
}

/* ---- the command ---- */

static int refuse(const struct service *service, const struct buf *why)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: %s\n", service->name, buf_str(why));
	return EXIT_REFUSED;
}

static int run(struct reconcile *reconcile, const struct service *service, const struct buf *why)
{
	bool is_complete;

	if (reconcile->as_json)
		(void)fputs("{\"differences\":[", stdout);
	is_complete =
		walk_orders(reconcile) && walk_payments(reconcile) && settle_suspects(reconcile);
	print_end(reconcile, is_complete);
	if (!is_complete)
		return refuse(service, why);
	return reconcile->differences_count == 0 ? EXIT_AGREED : EXIT_DIFFERENT;
}

int run_reconcile(const struct service *service, const struct common_options *options,
                  const char *const *words)
{
	struct reconcile *reconcile = calloc(1, sizeof(*reconcile));
	struct peer_access *access = NULL;
	struct buf why AUTO_BUF, own AUTO_BUF, peer AUTO_BUF;
	int status = EXIT_REFUSED;

	buf_init(&why, WHY_BYTES_MAX);
	buf_init(&own, FETCH_URL_MAX);
	buf_init(&peer, FETCH_URL_MAX);
	if (reconcile == NULL) {
		buf_add_str(&why, "There is not enough memory to start.");
		return refuse(service, &why);
	}
	reconcile->as_json = words[0] != NULL;
	bool has_urls = own_url_add(options, &own, &why) && peer_url_add(options, &peer, &why);
	reconcile->reader.order_url = buf_str(service->takes_payments ? &peer : &own);
	reconcile->reader.payment_url = buf_str(service->takes_payments ? &own : &peer);
	if (has_urls)
		access = peer_access_new(&options->peer, env_now_us(&env_system), &why);
	if (access == NULL || !reconcile_reader_init(&reconcile->reader, access, &why))
		status = refuse(service, &why);
	else
		status = run(reconcile, service, &why);
	reconcile_reader_release(&reconcile->reader);
	peer_access_free(access);
	free(reconcile);
	return status;
}
