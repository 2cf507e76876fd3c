/* node.h - one service as the simulator runs it: the real store on a file system in memory, the
 * real engine, what works beside the requests, and the part of writer.c and worker.c that needs no
 * thread. It can lose its power at any call to the disk, and then starts again on what it had
 * written. */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "runtime/engine.h"
#include "runtime/submitter.h"
#include "sim/world.h"
#include "storage/audit_report.h"

#define NODE_URL_SIZE 256

/* Which service it is. */
struct node_service {
	const char *name;
	const struct migration *migrations;
	const size_t *migrations_count;
	const struct domain *domain;
	audit_part_fn *audit;
	/* What works beside the requests: made with a reader's connection, NULL and a sentence in
	 * why on failure; its turn returns when the next one is due. */
	void *(*work_new)(struct db *reader, struct submitter submitter, struct buf *why);
	int64_t (*work_turn)(void *work, int64_t now_us);
	void (*work_free)(void *work); /* none of its commands is under way */
};
extern const struct node_service payment_node, order_node;

/* Whom the node tells; on the thread of the caller, as there is but one. */
struct node_owner {
	/* The batch was executed in this order, before anyone is told. is_committed: what it
	 * writes is there; decided by what the disk holds, where the engine cannot know. */
	void (*executed)(void *arg, struct job *const *jobs, size_t count, bool is_committed);
	/* The job was dropped without an answer. */
	void (*lost)(void *arg, struct job *job);
	void *arg;
};

struct node {
	struct world *world;
	const struct node_service *service;
	struct node_owner owner;
	int64_t peer_wait_us; /* as engine_times */
	char url[NODE_URL_SIZE];
	struct store store, reader; /* reader: the work's and the checks' */
	struct engine *engine;
	void *work;
	struct job_queue inbox;
	struct batch batch, later;
	bool is_up, is_calm;
	bool has_struck; /* the disk failed in this batch */
	int64_t life;    /* counts the starts: events of an earlier life are void */
	int64_t work_us; /* when the work's next turn is planned */
	int64_t ticked_us;
	int64_t crashes, faults, batches; /* so far */
};

/* A store of its own below `directory`. peer_wait_us 0: it has no peer. */
void node_open(struct node *node, struct world *world, const struct node_service *service,
               const char *directory, int64_t peer_wait_us, struct node_owner owner);
void node_close(struct node *node);
/* After node_close: another life, on what is stored now. */
void node_start(struct node *node);
/* A job as writer_publish takes it. While the node is down the job is lost. */
void node_submit(struct node *node, struct job *job);
/* Loses everything that is not on the disk, and starts again a while later. */
void node_crash(struct node *node);
/* No faults from now on. */
void node_calm(struct node *node);

/* To the payment service: a payment that was declined is approved after all. */
void payment_node_tell(struct node *node, const char *payment_id);

#endif
