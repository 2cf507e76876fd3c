/* main.c - the order service: its options, and what the shared main needs to know of it. */
#include "expirer_thread.h"
#include "order_api.h"
#include "order_audit.h"
#include "order_commands.h"
#include "order_metrics.h"
#include "order_store.h"
#include "web/service.h"

static const struct option options[] = {
	COMMON_OPTION("PORT", OPTION_INTEGER, port, "5001", 0, 65535, NULL,
                      "port to listen on; 0 is any free one"),
	COMMON_OPTION("DATABASE_URL", OPTION_TEXT, database_url, "sqlite:data/order/order.db", 8,
                      4096, NULL, "the store, sqlite:PATH; its directory is this process's alone"),
	{0},
};

static const struct endpoint *const endpoints[] = {order_endpoints, order_read_endpoints, NULL};

static void *start_work(const struct work_context *context, struct buf *why)
{
	return expirer_start(context->options->database_url, context->env, context->writer, why);
}

static void stop_work(void *work)
{
	expirer_stop(work);
}

static const struct service order_service = {
	.name = "order-service",
	.summary = "accepts orders and never loses or doubles one",
	.options = options,
	.options_size = sizeof(struct common_options),
	.migrations = order_migrations,
	.migrations_count = &order_migrations_count,
	.endpoints = endpoints,
	.domain = &order_domain,
	.start_work = start_work,
	.stop_work = stop_work,
	.register_metrics = order_register_metrics,
	.read_metrics = order_read_metrics,
	.peer_kinds = order_peer_kinds,
	.audit = order_audit,
};

int main(int argc, char **argv)
{
	return service_main(&order_service, argc, argv);
}
