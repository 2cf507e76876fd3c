/* follower.c - one thread: fetches pages of the peer's journal, a page ahead of what is committed,
 * verifies each line, submits it, and looks at what came back.
 *
 *   page: fetched --> lines read (place.seq moves) --> submitted (stepped) --> came back (passed)
 *
 * Invariants: (1) what is submitted is gapless: each step begins where the one before it ends, and
 * the first where the store's place is; (2) after anything unexpected nothing more is submitted
 * until all came back, and the place was read again from the store. */
#include "runtime/follower_parts.h"

#include "runtime/log.h"
#include "runtime/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN_US US_PER_S         /* the longest wait; a skip is told of as often */
#define FULL_US (10 * US_PER_MS) /* until the queue is tried again */
#define FIRST_CATCH_UP_US (60 * US_PER_S)

_Atomic int64_t follower_reconnects, follower_broken;
static _Atomic int64_t lag_events, behind_since_us;

static void collect_lag(const struct metric *metric, struct buf *out)
{
	int64_t since_us = atomic_load(&behind_since_us);
	int64_t lag_us = since_us == 0 ? 0 : env_monotonic_us(&env_system) - since_us;

	buf_addf(out, "%s %" PRId64 ".%03" PRId64 "\n", metric->name, lag_us / US_PER_S,
	         lag_us % US_PER_S / US_PER_MS);
}

static struct metric metrics[] = {
	{"peer_lag_events", METRIC_GAUGE,
         "Events of the peer that did not take effect yet, as far as its head is known.",
         metric_collect_value, &lag_events, NULL},
	{"peer_lag_seconds", METRIC_GAUGE,
         "Time since all events of the peer had taken effect; 0: they have.", collect_lag, NULL,
         NULL},
	{"peer_reconnects_total", METRIC_COUNTER, "Fetches of the peer's journal that failed.",
         metric_collect_value, &follower_reconnects, NULL},
	{"peer_journal_broken", METRIC_GAUGE,
         "1 while the peer's journal went back or changed, and is not followed.",
         metric_collect_value, &follower_broken, NULL},
};

void follower_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}

/* ---- a turn ---- */

static void read_place(struct follower *follower)
{
	struct peer_place *place = &follower->place;

	if (!follower->must_read_place || follower->window.count > 0 ||
	    follower->now_us < follower->poll_us)
		return;
	if (peer_read(follower->db, place) != DB_OK) {
		log_error("peer_place_unreadable", L_STR("why", db_why(follower->db)));
		follower->poll_us = follower->now_us + RETRY_US_MAX;
		return;
	}
	follower->must_read_place = false;
	follower->must_check_place = true;
	/* Whichever was committed last, an operator's word or what the peer told. */
	atomic_store(&follower->rolled_back, place->rollback != PEER_INTACT);
	follower->stepped_seq = follower->fetched_seq = follower->passed_seq = place->seq;
	follower->stepped_hash = place->hash;
	follower->head = -1;
	follower->purpose = place->accepted_seq < 0 ? FOR_PAGE : FOR_ACCEPTED;
}

/* All that is known of the peer's journal has come back, but perhaps for what is to be skipped. */
static bool is_at_head(const struct follower *follower)
{
	return !follower->must_read_place && follower->reading == NULL &&
	       follower->window.count == 0 && follower->head >= 0 &&
	       follower->place.seq >= follower->head;
}

static void tell_heard(struct follower *follower)
{
	struct peer_command command = {.ticket = follower->asked_ticket};

	if (follower->was_probed && !follower->must_read_place &&
	    follower->place.seq >= follower->probed_head &&
	    peer_window_has_passed(&follower->window, follower->probed_head))
		follower->was_probed = !follower_submit_own(follower, &peer_heard_kind, &command);
}

static void take_count(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);
}

/* Of what only the peer knew nothing is left to be found out. */
static bool is_complete(const struct follower *follower)
{
	int64_t count = -1;

	if (follower->options.open_count == NULL)
		return true;
	DB_SEND0(follower->db, follower->options.open_count, take_count, &count);
	return db_flush(follower->db) == DB_OK && count == 0;
}

static void tell(struct follower *follower)
{
	struct peer_command intact = {.place = follower->place};

	intact.place.rollback = PEER_INTACT;
	tell_heard(follower);
	if (!is_at_head(follower))
		return;
	if (!atomic_exchange(&follower->caught_up, true))
		log_info("peer_caught_up", L_INT("seq", follower->place.seq));
	if (follower->place.rollback == PEER_RESTORED && is_complete(follower) &&
	    follower_submit_own(follower, &peer_rollback_kind, &intact))
		follower->place.rollback = PEER_INTACT;
	if (follower->place.seq > follower->stepped_seq && follower->now_us >= follower->skip_us) {
		follower->skip_us = follower->now_us + TURN_US;
		follower_submit_skip(follower);
	}
}

static void show(struct follower *follower)
{
	bool is_current = is_at_head(follower) && !atomic_load(&follower->away);
	int64_t passed_seq = is_current ? follower->head : follower->passed_seq;

	atomic_store(&lag_events, follower->head > passed_seq ? follower->head - passed_seq : 0);
	if (is_current)
		atomic_store(&behind_since_us, 0);
	else if (atomic_load(&behind_since_us) == 0)
		atomic_store(&behind_since_us, follower->now_us);
}

static void tell_first(struct follower *follower)
{
	if (follower->told_first ||
	    (atomic_load(&follower->told_head) < 0 && !atomic_load(&follower->away)))
		return;
	follower->told_first = true;
	(void)sem_post(&follower->first);
}

static int64_t wait_us(const struct follower *follower)
{
	int64_t poll_us = follower->poll_us - follower->now_us;

	if (follower->reading != NULL && !follower->must_read_place)
		return FULL_US;
	return poll_us > 0 && poll_us < TURN_US ? poll_us : TURN_US;
}

static void *run(void *arg)
{
	struct follower *follower = arg;

	while (!atomic_load(&follower->stopping)) {
		follower->now_us = env_monotonic_us(follower->env);
		follower_collect(follower);
		if (atomic_exchange(&follower->must_look, false))
			follower->poll_us = follower->now_us;
		read_place(follower);
		follower_take_fetched(follower);
		follower_read_pages(follower);
		tell(follower);
		follower_fetch(follower);
		show(follower);
		tell_first(follower);
		log_flush();
		fetcher_wait(follower->fetcher, wait_us(follower));
	}
	follower_start_over(follower, 0);
	fetch_end(follower->probe);
	while (follower->window.count > 0) {
		fetcher_wait(follower->fetcher, TURN_US);
		follower_collect(follower);
	}
	return NULL;
}

/* ---- life ---- */

static size_t largest_command(const struct peer_kind *kinds)
{
	size_t size = 0;

	for (const struct peer_kind *kind = kinds; kind->type != NULL; kind++)
		if (kind->command_size > size)
			size = kind->command_size;
	return size;
}

static bool open_parts(struct follower *follower, struct buf *why)
{
	size_t command_size = largest_command(follower->options.kinds);
	size_t lost_size = largest_command(follower->options.lost_kinds);

	for (size_t i = 0; i < PAGES; i++)
		buf_init(&follower->pages[i].text, PAGE_BYTES_MAX);
	if (db_open(follower->options.database_url, DB_READER, &follower->db, why) != DB_OK)
		return false;
	follower->fetcher = fetcher_new(follower->options.access);
	if (follower->fetcher != NULL) {
		follower->poll =
			fetch_new(follower->fetcher, "application/x-ndjson", PAGE_BYTES_MAX);
		follower->probe =
			fetch_new(follower->fetcher, "application/x-ndjson", PAGE_BYTES_MAX);
	}
	if (follower->poll != NULL && follower->probe != NULL &&
	    peer_window_init(&follower->window, follower->fetcher, follower->options.queue_max,
	                     command_size > lost_size ? command_size : lost_size))
		return true;
	buf_add_str(why, "There is not enough memory to follow the peer.");
	return false;
}

struct follower *follower_new(const struct follower_options *options, const struct store *store,
                              const struct env *env, struct buf *why)
{
	static const struct peer_kind no_kinds[] = {{0}};
	struct follower *follower = calloc(1, sizeof(*follower));
	struct peer_place place;

	if (follower == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	follower->options = *options;
	if (options->kinds == NULL)
		follower->options.kinds = no_kinds;
	if (options->lost_kinds == NULL)
		follower->options.lost_kinds = no_kinds;
	follower->env = env;
	atomic_store(&follower->told_head, -1);
	(void)sem_init(&follower->first, 0, 0); /* 0 is a value that it takes */
	follower->sip_key = store->sip_key;
	text_copy(text_of(store->source), follower->own_source, JOURNAL_SOURCE_SIZE);
	if (peer_read(store->db, &place) != DB_OK) {
		buf_addf(why, "The place in the peer's journal cannot be read: %s.",
		         db_why(store->db));
	} else if (options->url[0] != '\0' && !fetch_url_is_valid(options->url)) {
		buf_add_str(why, "PEER_URL must be an http or https URL without user, query and "
		                 "fragment.");
	} else if (options->url[0] == '\0' || open_parts(follower, why)) {
		atomic_store(&follower->rolled_back, place.rollback != PEER_INTACT);
		return follower;
	}
	follower_free(follower);
	return NULL;
}

bool follower_start(struct follower *follower, struct writer *writer, struct buf *why)
{
	if (follower->options.url[0] == '\0')
		return true;
	follower->window.writer = writer;
	follower->must_read_place = true;
	follower->head = -1;
	follower->started_us = env_monotonic_us(follower->env);
	follower->has_thread = pthread_create(&follower->thread, NULL, run, follower) == 0;
	if (!follower->has_thread)
		buf_add_str(why, "No thread can be started.");
	return follower->has_thread;
}

void follower_wait_first(struct follower *follower, int64_t wait_us)
{
	struct timespec until;

	if (!follower->has_thread)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_us % US_PER_S * 1000;
	until.tv_sec += wait_us / US_PER_S + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (sem_clockwait(&follower->first, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
		continue;
}

void follower_stop(struct follower *follower)
{
	if (!follower->has_thread)
		return;
	atomic_store(&follower->stopping, true);
	fetcher_wake(follower->fetcher);
	pthread_join(follower->thread, NULL);
	follower->has_thread = false;
}

void follower_free(struct follower *follower)
{
	if (follower == NULL)
		return;
	peer_window_release(&follower->window);
	fetch_free(follower->poll);
	fetch_free(follower->probe);
	fetcher_free(follower->fetcher);
	for (size_t i = 0; i < PAGES; i++)
		buf_release(&follower->pages[i].text);
	db_close(follower->db);
	(void)sem_destroy(&follower->first);
	free(follower);
}

/* ---- any thread ---- */

void follower_wanted(struct follower *follower, int64_t ticket)
{
	if (follower->fetcher != NULL &&
	    atomic_exchange(&follower->wanted_ticket, ticket) != ticket)
		fetcher_wake(follower->fetcher);
}

int64_t follower_peer_head(const struct follower *follower)
{
	return atomic_load(&follower->told_head);
}

void follower_write_accepted(const struct follower *follower, struct db *db, int64_t seq)
{
	peer_write_accepted(db, seq);
	if (follower->options.on_accept != NULL)
		DB_SEND0(db, follower->options.on_accept, NULL, NULL);
}

void follower_accepted(struct follower *follower)
{
	atomic_store(&follower->rolled_back, false);
	atomic_store(&follower->was_accepted, true);
	if (follower->fetcher != NULL)
		fetcher_wake(follower->fetcher);
}

void follower_look(struct follower *follower)
{
	atomic_store(&follower->must_look, true);
	if (follower->fetcher != NULL)
		fetcher_wake(follower->fetcher);
}

bool follower_is_catching_up(const struct follower *follower)
{
	return follower->has_thread && !atomic_load(&follower->caught_up) &&
	       follower_trouble(follower) == NULL &&
	       env_monotonic_us(follower->env) - follower->started_us < FIRST_CATCH_UP_US;
}

const char *follower_trouble(const struct follower *follower)
{
	if (atomic_load(&follower->broken))
		return "peer-broken";
	return atomic_load(&follower->away) ? "peer-away" : NULL;
}

bool follower_is_rolled_back(const struct follower *follower)
{
	return atomic_load(&follower->rolled_back);
}
