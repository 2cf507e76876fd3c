/* reader.h - threads with a read connection each, for what may take long. Two of them take lists
 * and events, so that no scan stalls a payment or the I/O thread; one more takes what lasts minutes
 * (audits, snapshots), so that no list waits for that. */
#ifndef RUNTIME_READER_H
#define RUNTIME_READER_H

#include "base/error.h"
#include "storage/db.h"

#define READER_THREADS_MAX 2
#define READER_QUEUE_MAX 256

struct reader_job {
	struct reader_job *next;
	void *owner;      /* the submitter's */
	uint64_t subject; /* for whom it is */
	int64_t turn;     /* reader.c's */
	/* On a reader's thread; then done, likewise. */
	void (*run)(struct reader_job *job, struct db *db);
	void (*done)(struct reader_job *job);
};

struct readers;

/* At most READER_THREADS_MAX. NULL and a sentence in why on failure. */
struct readers *readers_start(const char *url, size_t threads, struct buf *why);
/* Any thread. Subjects take turns, whoever has how many waiting. ERR_OVERLOADED: too many wait, or
 * half of the queue is the subject's; the job is the caller's again. */
must_use enum error readers_submit(struct readers *readers, struct reader_job *job);
/* Ends with DB_FAILED what reads, now and from now on. Any thread. */
void readers_interrupt(struct readers *readers);
/* Runs what waits, ends the threads, closes the connections. */
void readers_stop(struct readers *readers);

#endif
