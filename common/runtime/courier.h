/* courier.h - delivers the journal's events to the webhook endpoints: in order and at least once
 * for each, many at once, none waiting for another. It has no thread, clock or socket:
 * courier_thread.h drives it, and so can a test. How far it is, is stored by commands
 * (webhook_note_kind), about once a second for each endpoint; after a crash what is not stored yet
 * is delivered again. */
#ifndef RUNTIME_COURIER_H
#define RUNTIME_COURIER_H

#include "runtime/env.h"
#include "runtime/job.h"
#include "storage/webhooks.h"

/* Two signatures, and a blank between them. */
#define COURIER_SIGNATURES_SIZE (2 * WEBHOOK_SIGNATURE_SIZE)

/* One attempt. Borrowed: body until its end, the rest for the call alone. */
struct post {
	struct text url, body;
	const char *id; /* the event's */
	int64_t timestamp_s;
	const char *signatures;
};

struct post_result {
	int status;                     /* HTTP; 0: there was no answer */
	int64_t retry_after_us;         /* 0: none was asked for */
	char error[WEBHOOK_ERROR_SIZE]; /* where there was no answer: why */
};

/* What the courier acts through. Slots are 0 to WEBHOOKS_MAX - 1, one attempt at a time each. */
struct courier_hands {
	/* Begins an attempt; courier_posted tells its end. False: no memory. */
	bool (*post)(void *arg, size_t slot, const struct post *post);
	/* Ends it: courier_posted is not called. */
	void (*cancel)(void *arg, size_t slot);
	enum error (*reserve)(void *arg); /* as writer_reserve and writer_publish */
	void (*publish)(void *arg, struct job *job);
	/* On the thread that executed a command, which is back: there may be more to do. */
	void (*came_back)(void *arg);
	void *arg;
};

struct courier;

/* Once a process: the metrics are of all its couriers. */
void courier_register_metrics(void);

/* Borrows db, a reader, and env. NULL: no memory. */
struct courier *courier_new(struct db *db, const struct env *env, struct courier_hands hands);
/* Takes what came back, begins what is due, submits what is to be stored. has_news: something was
 * committed since the turn before; are_changed: also endpoints. now_us is the wall clock. Returns
 * when to be called again; earlier after courier_posted or came_back, or with news. */
int64_t courier_turn(struct courier *courier, bool has_news, bool are_changed, int64_t now_us);
/* The end of an attempt, between two turns. */
void courier_posted(struct courier *courier, size_t slot, const struct post_result *result,
                    int64_t now_us);
/* Ends all attempts, and submits what is not stored yet. From now on only courier_settle. */
void courier_end(struct courier *courier);
/* True once all that was submitted came back. Takes it. */
bool courier_settle(struct courier *courier);
/* It is settled. NULL is fine. */
void courier_free(struct courier *courier);

/* Endpoints that it knows: without any, news need not be told. Any thread. */
size_t courier_targets_count(const struct courier *courier);

#endif
