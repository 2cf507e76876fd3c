/* reader.c - a bounded queue and the threads that read. The queue is in the order of turns: a
 * subject's first job has the turn that is being served, each further one the next. So who has
 * many waiting is passed by who has one. */
#include "runtime/reader.h"

#include "runtime/shares.h"

#include <pthread.h>
#include <stdlib.h>

struct reader {
	struct readers *readers;
	struct db *db; /* this thread's own */
	pthread_t thread;
	bool started;
};

struct readers {
	struct reader threads[READER_THREADS_MAX];
	size_t threads_count;
	pthread_mutex_t mutex; /* guards the rest */
	pthread_cond_t submitted;
	struct reader_job *first; /* by turn, then in the order in which they came */
	int64_t turn;             /* the last one taken */
	size_t waiting;
	bool stopping;
};

static struct reader_job *take(struct readers *readers)
{
	struct reader_job *job;

	pthread_mutex_lock(&readers->mutex);
	while (readers->first == NULL && !readers->stopping)
		pthread_cond_wait(&readers->submitted, &readers->mutex);
	job = readers->first;
	if (job != NULL) {
		readers->first = job->next;
		readers->turn = job->turn;
		readers->waiting--;
	}
	pthread_mutex_unlock(&readers->mutex);
	return job;
}

static void *run(void *arg)
{
	struct reader *reader = arg;
	struct reader_job *job;

	while ((job = take(reader->readers)) != NULL) {
		job->run(job, reader->db);
		job->done(job);
	}
	return NULL;
}

struct readers *readers_start(const char *url, size_t threads, struct buf *why)
{
	struct readers *readers = calloc(1, sizeof(*readers));

	ensure(threads <= READER_THREADS_MAX);
	if (readers == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	pthread_mutex_init(&readers->mutex, NULL);
	pthread_cond_init(&readers->submitted, NULL);
	readers->threads_count = threads;
	for (size_t i = 0; i < threads; i++) {
		struct reader *reader = &readers->threads[i];

		reader->readers = readers;
		if (db_open(url, DB_READER, &reader->db, why) != DB_OK) {
			readers_stop(readers);
			return NULL;
		}
		if (pthread_create(&reader->thread, NULL, run, reader) != 0) {
			buf_add_str(why,
			            "A thread cannot be started: raise the limit of processes.");
			readers_stop(readers);
			return NULL;
		}
		reader->started = true;
	}
	return readers;
}

/* Puts the job into its place, unless its subject has half of the queue. */
static bool queue_add(struct readers *readers, struct reader_job *job)
{
	struct reader_job **link = &readers->first;
	int64_t own = 0;

	job->turn = readers->turn;
	for (const struct reader_job *at = readers->first; at != NULL; at = at->next) {
		if (at->subject != job->subject)
			continue;
		own++;
		job->turn = at->turn + 1;
	}
	if (own >= shares_half(READER_QUEUE_MAX))
		return false;
	while (*link != NULL && (*link)->turn <= job->turn)
		link = &(*link)->next;
	job->next = *link;
	*link = job;
	readers->waiting++;
	return true;
}

enum error readers_submit(struct readers *readers, struct reader_job *job)
{
	enum error error = ERR_NONE;

	pthread_mutex_lock(&readers->mutex);
	if (readers->stopping) {
		error = ERR_SHUTTING_DOWN;
	} else if (readers->waiting == READER_QUEUE_MAX || !queue_add(readers, job)) {
		error = ERR_OVERLOADED;
	} else {
		pthread_cond_signal(&readers->submitted);
	}
	pthread_mutex_unlock(&readers->mutex);
	return error;
}

void readers_interrupt(struct readers *readers)
{
	for (size_t i = 0; i < readers->threads_count; i++)
		db_interrupt(readers->threads[i].db);
}

void readers_stop(struct readers *readers)
{
	pthread_mutex_lock(&readers->mutex);
	readers->stopping = true;
	pthread_cond_broadcast(&readers->submitted);
	pthread_mutex_unlock(&readers->mutex);
	for (size_t i = 0; i < readers->threads_count; i++) {
		if (readers->threads[i].started)
			pthread_join(readers->threads[i].thread, NULL);
		db_close(readers->threads[i].db);
	}
	pthread_cond_destroy(&readers->submitted);
	pthread_mutex_destroy(&readers->mutex);
	free(readers);
}
