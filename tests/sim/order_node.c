/* order_node.c - the order service as a node runs it: what its main.c tells of it, and what
 * expirer_thread.c does, as one turn. */
#include "order-service/expirer.h"
#include "order-service/order_audit.h"
#include "order-service/order_commands.h"
#include "order-service/order_store.h"
#include "sim/node.h"

static void *order_work_new(struct db *reader, struct submitter submitter, struct buf *why)
{
	return expirer_new(reader, submitter, why);
}

static int64_t order_work_turn(void *work, int64_t now_us)
{
	return expirer_turn(work, now_us);
}

static void order_work_free(void *work)
{
	expirer_free(work);
}

const struct node_service order_node = {
	.name = "order-service",
	.migrations = order_migrations,
	.migrations_count = &order_migrations_count,
	.domain = &order_domain,
	.audit = order_audit,
	.work_new = order_work_new,
	.work_turn = order_work_turn,
	.work_free = order_work_free,
};
