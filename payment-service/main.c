/* main.c - the payment service: its options, and what the shared main needs to know of it. */
#include "ledger_metrics.h"
#include "payment_api.h"
#include "payment_audit.h"
#include "payment_commands.h"
#include "payment_store.h"
#include "resolver_thread.h"
#include "web/service.h"

#define HOUR_US (3600 * US_PER_S)

struct payment_options {
	struct common_options common;
	int64_t processor, unknown_orders;
};

static const char *const processor_names[] = {"sandbox", NULL};
static const struct processor *const processors[] = {&processor_sandbox};

enum { UNKNOWN_ORDERS_ACCEPT, UNKNOWN_ORDERS_REJECT };
static const char *const unknown_orders_names[] = {"accept", "reject", NULL};

static const struct option options[] = {
	COMMON_OPTION("PORT", OPTION_INTEGER, port, "5000", 0, 65535, NULL,
                      "port to listen on; 0 is any free one"),
	COMMON_OPTION("DATABASE_URL", OPTION_TEXT, database_url, "sqlite:data/payment/payment.db",
                      8, 4096, NULL,
                      "the store, sqlite:PATH; its directory is this process's alone"),
	{"PROCESSOR", OPTION_ENUM, offsetof(struct payment_options, processor), "sandbox", 0, 0,
         processor_names, "who moves the money; sandbox moves none and decides by payment_method"},
	COMMON_OPTION("PROCESSOR_TIMEOUT", OPTION_DURATION, outcome_wait_us, "5s", 0, HOUR_US, NULL,
                      "how long a call waits for a processor's answer before it is answered 202"),
	{"UNKNOWN_ORDERS", OPTION_ENUM, offsetof(struct payment_options, unknown_orders), "accept",
         0, 0, unknown_orders_names,
         "whether orders that the order service has not told of can be paid"},
	{0},
};

static const struct endpoint *const endpoints[] = {payment_endpoints, operation_endpoints,
                                                   payment_read_endpoints, NULL};

static void *start_work(const struct work_context *context, struct buf *why)
{
	const struct payment_options *own = (const struct payment_options *)context->options;

	processor_use(processors[own->processor]);
	payment_reject_unknown_orders(own->unknown_orders == UNKNOWN_ORDERS_REJECT);
	return resolver_start(context->options->database_url, context->env, processor_get(),
	                      context->writer, why);
}

static void stop_work(void *work)
{
	resolver_stop(work);
}

static const struct service payment_service = {
	.name = "payment-service",
	.summary = "takes payments of orders and never loses or doubles one",
	.options = options,
	.options_size = sizeof(struct payment_options),
	.migrations = payment_migrations,
	.migrations_count = &payment_migrations_count,
	.endpoints = endpoints,
	.domain = &payment_domain,
	.peer_kinds = payment_peer_kinds,
	.lost_kinds = payment_lost_kinds,
	.open_count = &inquiries_state,
	.on_accept = &inquiries_accepted,
	.start_work = start_work,
	.stop_work = stop_work,
	.register_metrics = payment_register_metrics,
	.read_metrics = ledger_read_metrics,
	.audit = payment_audit,
	.takes_payments = true,
};

int main(int argc, char **argv)
{
	return service_main(&payment_service, argc, argv);
}
