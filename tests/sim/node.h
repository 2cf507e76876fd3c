/* node.h - one service as the simulator runs it: the real store on a file system in memory, the
 * real engine and resolver, and the part of writer.c and resolver_thread.c that needs no thread.
 * It can lose its power at any call to the disk, and then starts again on what it had written. */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "payment-service/resolver.h"
#include "runtime/engine.h"
#include "sim/world.h"

#define NODE_URL_SIZE 256

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
	struct node_owner owner;
	char url[NODE_URL_SIZE];
	struct store store, reader; /* reader: the resolver's and the checks' */
	struct engine *engine;
	struct resolver *resolver;
	struct job_queue inbox;
	struct batch batch, later;
	bool is_up, is_calm;
	bool has_struck;    /* the disk failed in this batch */
	int64_t life;       /* counts the starts: events of an earlier life are void */
	int64_t resolve_us; /* when the resolver's next turn is planned */
	int64_t ticked_us;
	int64_t crashes, faults, batches; /* so far */
};

/* `directory` exists and is empty. */
void node_open(struct node *node, struct world *world, const char *directory,
               struct node_owner owner);
void node_close(struct node *node);
/* A job as writer_publish takes it. While the node is down the job is lost. */
void node_submit(struct node *node, struct job *job);
/* Loses everything that is not on the disk, and starts again a while later. */
void node_crash(struct node *node);
/* No faults from now on. */
void node_calm(struct node *node);

#endif
