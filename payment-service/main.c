/* main.c - the payment service: its options, and what the shared main needs to know of it. */
#include "payment_api.h"
#include "payment_audit.h"
#include "payment_commands.h"
#include "payment_store.h"
#include "web/service.h"

static const struct option options[] = {
	COMMON_OPTION("PORT", OPTION_INTEGER, port, "5000", 0, 65535, NULL,
                      "port to listen on; 0 is any free one"),
	COMMON_OPTION("DATABASE_URL", OPTION_TEXT, database_url, "sqlite:data/payment/payment.db",
                      8, 4096, NULL,
                      "the store, sqlite:PATH; its directory is this process's alone"),
	{0},
};

static const struct service payment_service = {
	.name = "payment-service",
	.summary = "takes payments of orders and never loses or doubles one",
	.options = options,
	.options_size = sizeof(struct common_options),
	.migrations = payment_migrations,
	.migrations_count = &payment_migrations_count,
	.endpoints = payment_endpoints,
	.domain = &payment_domain,
	.register_metrics = payment_register_metrics,
	.audit = payment_audit,
};

int main(int argc, char **argv)
{
	return service_main(&payment_service, argc, argv);
}
