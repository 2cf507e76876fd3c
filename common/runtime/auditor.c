/* auditor.c - the background audit.
 * Invariant: a finding that two audits in a row have is logged by the first of them alone. */
#include "runtime/auditor.h"

#include "runtime/env.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "storage/audit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct auditor {
	struct db *db;
	const char *source;
	int64_t interval_us;
	pthread_t thread;
	struct audit last;     /* the thread's: the audit before */
	pthread_mutex_t mutex; /* guards the rest */
	pthread_cond_t stop;
	bool stopping;
};

static _Atomic int64_t last_success_s, findings, interval_s;

static struct metric metrics[] = {
	{"audit_last_success_timestamp_seconds", METRIC_GAUGE,
         "When the newest part of the journal was last audited without a finding; 0 is never.",
         metric_collect_value, &last_success_s, NULL},
	{"audit_interval_seconds", METRIC_GAUGE,
         "Time between two background audits (AUDIT_INTERVAL), rounded up; 0: there are none.",
         metric_collect_value, &interval_s, NULL},
	{"audit_findings", METRIC_GAUGE, "Findings of the last background audit.",
         metric_collect_value, &findings, NULL},
};

void auditor_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}

static bool is_known(const struct audit *last, const struct finding *finding)
{
	for (size_t i = 0; i < audit_findings_kept(last); i++)
		if (strcmp(last->findings[i].check, finding->check) == 0 &&
		    strcmp(last->findings[i].where, finding->where) == 0 &&
		    strcmp(last->findings[i].detail, finding->detail) == 0)
			return true;
	return false;
}

static void tell(const struct auditor *auditor, const struct audit *audit)
{
	for (size_t i = 0; i < audit_findings_kept(audit); i++) {
		const struct finding *finding = &audit->findings[i];

		if (!is_known(&auditor->last, finding))
			log_error("audit_finding", L_STR("check", finding->check),
			          L_STR("where", finding->where), L_STR("detail", finding->detail));
	}
	atomic_store(&findings, audit->findings_count);
	if (audit->findings_count == 0)
		atomic_store(&last_success_s, env_now_us(&env_system) / US_PER_S);
}

static bool is_stopping(struct auditor *auditor)
{
	ensure(pthread_mutex_lock(&auditor->mutex) == 0);
	bool stopping = auditor->stopping;
	ensure(pthread_mutex_unlock(&auditor->mutex) == 0);
	return stopping;
}

static void audit_once(struct auditor *auditor)
{
	struct audit audit;

	audit_init(&audit);
	if (audit_journal_tail(&audit, auditor->db, auditor->source, AUDITOR_EVENTS_MAX) != DB_OK)
		audit_finding(&audit, "audit", "journal", "it cannot be read: %s",
		              db_why(auditor->db));
	if (is_stopping(auditor)) { /* which may be why it cannot be read */
		audit_release(&audit);
		return;
	}
	tell(auditor, &audit);
	audit_release(&auditor->last);
	auditor->last = audit;
}

/* Until the time has passed, or the end has come: false. */
static bool wait_interval(struct auditor *auditor)
{
	struct timespec until = env_monotonic_after(auditor->interval_us);
	int result = 0;

	ensure(pthread_mutex_lock(&auditor->mutex) == 0);
	while (!auditor->stopping && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&auditor->stop, &auditor->mutex, &until);
	bool goes_on = !auditor->stopping;
	ensure(pthread_mutex_unlock(&auditor->mutex) == 0);
	return goes_on;
}

static void *run(void *arg)
{
	struct auditor *auditor = arg;

	(void)pthread_setname_np(pthread_self(), "auditor");
	do
		audit_once(auditor);
	while (wait_interval(auditor));
	return NULL;
}

static void auditor_free(struct auditor *auditor)
{
	db_close(auditor->db);
	audit_release(&auditor->last);
	ensure(pthread_cond_destroy(&auditor->stop) == 0);
	ensure(pthread_mutex_destroy(&auditor->mutex) == 0);
	free(auditor);
}

struct auditor *auditor_start(const char *url, const char *source, int64_t interval_us,
                              struct buf *why)
{
	struct auditor *auditor = calloc(1, sizeof(*auditor));
	pthread_condattr_t attributes;

	if (auditor == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	auditor->source = source;
	auditor->interval_us = interval_us;
	atomic_store(&interval_s, (interval_us + US_PER_S - 1) / US_PER_S);
	audit_init(&auditor->last);
	ensure(pthread_mutex_init(&auditor->mutex, NULL) == 0);
	ensure(pthread_condattr_init(&attributes) == 0);
	ensure(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ensure(pthread_cond_init(&auditor->stop, &attributes) == 0);
	ensure(pthread_condattr_destroy(&attributes) == 0);
	if (db_open(url, DB_READER, &auditor->db, why) != DB_OK) {
		auditor_free(auditor);
		return NULL;
	}
	if (pthread_create(&auditor->thread, NULL, run, auditor) != 0) {
		buf_add_str(why, "A thread cannot be started: raise the limit of processes.");
		auditor_free(auditor);
		return NULL;
	}
	return auditor;
}

void auditor_stop(struct auditor *auditor)
{
	ensure(pthread_mutex_lock(&auditor->mutex) == 0);
	auditor->stopping = true;
	ensure(pthread_cond_signal(&auditor->stop) == 0);
	ensure(pthread_mutex_unlock(&auditor->mutex) == 0);
	db_interrupt(auditor->db);
	ensure(pthread_join(auditor->thread, NULL) == 0);
	auditor_free(auditor);
}
