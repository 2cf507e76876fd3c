/* pair.c - starts and stops both daemons (pair.h). */
#include "e2e/pair.h"

struct service payment_service, order_service;
struct client pay, order;

void pair_start(void)
{
	service_init(&payment_service, "payment-service");
	service_init(&order_service, "order-service");
	service_start(&payment_service, NULL);
	service_start(&order_service, NULL);
	client_open(&pay, payment_service.port);
	client_open(&order, order_service.port);
}

void pair_stop(void)
{
	client_close(&pay);
	client_close(&order);
	service_release(&payment_service);
	service_release(&order_service);
}
