/* reader.h - two threads, each with a read connection of its own, for what may take long: lists,
 * events, audits. So no scan stalls a payment or the I/O thread. */
#ifndef RUNTIME_READER_H
#define RUNTIME_READER_H

#include "base/error.h"
#include "storage/db.h"

#define READER_THREADS 2
#define READER_QUEUE_MAX 256

struct reader_job {
	struct reader_job *next;
	void *owner; /* the submitter's */
	/* On a reader's thread; then done, likewise. */
	void (*run)(struct reader_job *job, struct db *db);
	void (*done)(struct reader_job *job);
};

struct readers;

/* NULL and a sentence in why on failure. */
struct readers *readers_start(const char *url, struct buf *why);
/* Any thread. ERR_OVERLOADED: too many wait; the job is the caller's again. */
must_use enum error readers_submit(struct readers *readers, struct reader_job *job);
/* Runs what waits, ends the threads, closes the connections. */
void readers_stop(struct readers *readers);

#endif
