/* serve.c - the daemon's life.
 *
 * Stop (architecture.md, section 3): readiness off, serve on for DRAIN_DELAY, refuse new
 * connections and commands, answer long polls, wait until everything under way is answered, stop
 * HTTP, stop the writer, checkpoint, exit 0.
 *
 * Signals (signals.h): only the first one to stop is waited for, from the start of the first thread
 * on; while the storage is opened, and once the stop has begun, the next one ends the process. */
#include "web/serve.h"

#include "runtime/auditor.h"
#include "runtime/courier.h"
#include "runtime/courier_thread.h"
#include "runtime/log.h"
#include "web/pages.h"
#include "web/signals.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A request has 5 s to arrive, a command 5 s to begin, an answer 5 s to be taken, and a late client
 * may be seen a second late each time: only a disk that hangs takes longer. */
#define DRAIN_TIMEOUT_US (20 * US_PER_S)
#define LIST_THREADS 2
#define DAY_US (24 * 3600 * US_PER_S)
/* api.md, "peer-lagging"; likewise at the start, for what the peer knows of this journal. */
#define PEER_WAIT_US (500 * US_PER_MS)

/* Everything that runs, in the order of starting; a NULL was not reached. */
struct running {
	const struct service *service;
	const struct common_options *options;
	struct tls *tls; /* NULL also where it is plain HTTP */
	struct peer_access *peer_access;
	struct store store;
	struct engine *engine;
	struct keyring *keyring; /* NULL where AUTH is none */
	struct readers *readers;
	struct readers *long_readers; /* one thread */
	struct auditor *auditor;      /* NULL also where AUDIT_INTERVAL is 0 */
	struct db *db;                /* the I/O thread's */
	struct follower *follower;
	struct writer *writer;
	struct courier_thread *courier;
	struct api *api;
	struct http *http;
	int64_t started_us;
	_Atomic bool files_are_right; /* that options name, when they were last read */
	void *work;                   /* the service's own; NULL: none */
};

/* ---- signals ---- */

/* Empties why. */
static bool note_reload(bool is_right, struct buf *why)
{
	if (!is_right)
		log_error("reload_failed", L_STR("why", buf_str(why)));
	buf_reset(why);
	return is_right;
}

/* Reads anew what options name by path. What is wrong changes nothing: the service goes on with
 * what it has of that kind. */
static void reload(struct running *running)
{
	int64_t now_us = env_now_us(&env_system);
	struct buf why AUTO_BUF;

	buf_init(&why, 4096);
	bool keys = note_reload(running->keyring == NULL || keyring_reload(running->keyring, &why),
	                        &why);
	bool tls =
		note_reload(running->tls == NULL || tls_reload(running->tls, now_us, &why), &why);
	bool peer = note_reload(peer_access_reload(running->peer_access, now_us, &why), &why);
	atomic_store(&running->files_are_right, keys && tls && peer);
	if (keys && tls && peer)
		log_info("reloaded", L_STR("what", "keys and certificates"));
}

/* Until the first signal to stop; the next ends the process. */
static void wait_for_stop(struct running *running)
{
	int number;

	do {
		certificates_warn(env_now_us(&env_system));
		log_flush();
		number = signals_take(DAY_US);
		if (number == SIGHUP)
			reload(running);
	} while (number == 0 || number == SIGHUP); /* 0: a day has passed */
	signals_release();
}

/* ---- start ---- */

static void committed(void *arg)
{
	struct running *running = arg;

	api_committed(running->api);
	courier_committed(running->courier);
	follower_wanted(running->follower, engine_peer_ticket(running->engine));
}

/* Events keep the journal's order, also in time: until the clock has passed the newest one, all get
 * that one's time, and nothing that waits for a time, as an order's expiry, comes when it should.
 */
static bool check_clock(struct db *db, struct buf *why)
{
	struct journal_head head;
	int64_t behind_us;

	if (journal_read_head(db, &head) != DB_OK) {
		buf_addf(why, "the journal cannot be read: %s", db_why(db));
		return false;
	}
	behind_us = head.time_us - env_now_us(&env_system);
	if (behind_us > 0)
		log_warn("clock_behind_journal", L_INT("behind_us", behind_us),
		         L_INT("journal_head", head.seq));
	return true;
}

/* Who we are to others, and whom we let in. */
static bool open_access(struct running *running, struct buf *why)
{
	const struct common_options *options = running->options;
	int64_t now_us = env_now_us(&env_system);

	if (tls_is_wanted(&options->tls)) {
		running->tls = tls_new(&options->tls, now_us, why);
		if (running->tls == NULL)
			return false;
	}
	running->peer_access = peer_access_new(&options->peer, now_us, why);
	return running->peer_access != NULL;
}

/* Storage, which may take long, and the engine; no thread. */
static bool open_storage(struct running *running, struct buf *why)
{
	const struct service *service = running->service;
	const struct common_options *options = running->options;
	const struct engine_times times = {.key_ttl_us = options->idempotency_ttl_us,
	                                   .outcome_wait_us = options->outcome_wait_us,
	                                   .peer_wait_us =
	                                           options->peer_url[0] == '\0' ? 0 : PEER_WAIT_US};
	const struct follower_options peer = {.url = options->peer_url,
	                                      .access = running->peer_access,
	                                      .database_url = options->database_url,
	                                      .queue_max = options->queue_max,
	                                      .kinds = service->peer_kinds,
	                                      .lost_kinds = service->lost_kinds,
	                                      .open_count = service->open_count,
	                                      .on_accept = service->on_accept};
	uint8_t random[SIP_KEY_BYTES + ULID_RANDOM_BYTES];

	env_random(&env_system, random, sizeof(random));
	if (!store_open(options->database_url, service->name, service->migrations,
	                *service->migrations_count, random, env_now_us(&env_system),
	                &running->store, why))
		return false;
	if (!check_clock(running->store.db, why))
		return false;
	upkeep_clean(options->database_url);
	running->engine = engine_new(&running->store, service->domain, &env_system, &times, why);
	if (running->engine == NULL)
		return false;
	running->follower = follower_new(&peer, &running->store, &env_system, why);
	if (running->follower == NULL)
		return false;
	status_register_metrics(&(const struct status){service->name, running->started_us,
	                                               running->engine, running->follower,
	                                               &running->files_are_right});
	return true;
}

/* The first threads. */
static bool start_readers(struct running *running, struct buf *why)
{
	const char *url = running->options->database_url;
	int64_t interval_us = running->options->audit_interval_us;

	signals_hold();
	running->readers = readers_start(url, LIST_THREADS, why);
	if (running->readers == NULL || db_open(url, DB_READER, &running->db, why) != DB_OK)
		return false;
	running->long_readers = readers_start(url, 1, why);
	if (running->long_readers == NULL || interval_us == 0)
		return running->long_readers != NULL;
	running->auditor = auditor_start(url, running->store.source, interval_us, why);
	return running->auditor != NULL;
}

static bool start_courier(struct running *running, struct buf *why)
{
	const struct common_options *options = running->options;
	const struct courier_options courier_options = {
		.database_url = options->database_url,
		.allow_private = options->webhook_allow_private != 0};

	running->courier =
		courier_start(&courier_options, running->engine, running->writer, &env_system, why);
	return running->courier != NULL;
}

static bool start_work(struct running *running, struct buf *why)
{
	const struct work_context context = {running->options, running->writer, &env_system};

	if (running->service->start_work == NULL)
		return true;
	running->work = running->service->start_work(&context, why);
	return running->work != NULL;
}

/* What executes commands and answers requests. */
static bool start_serving(struct running *running, struct buf *why)
{
	const struct common_options *options = running->options;
	struct http_options http_options = {.listen = options->listen,
	                                    .port = options->port,
	                                    .connections_max = options->connections_max,
	                                    .connections_per_address_max =
	                                            options->connections_per_address_max,
	                                    .idle_timeout_us = options->idle_timeout_us,
	                                    .request_timeout_us = HTTP_REQUEST_TIMEOUT_US,
	                                    .answer_timeout_us = HTTP_ANSWER_TIMEOUT_US,
	                                    .quiesce_timeout_us = HTTP_QUIESCE_TIMEOUT_US,
	                                    .tls = running->tls};
	struct api_settings settings = {.service = running->service->name,
	                                .endpoints = running->service->endpoints,
	                                .currency = options->currency,
	                                .sip_key = running->store.sip_key,
	                                .domain = running->service->domain,
	                                .engine = running->engine,
	                                .follower = running->follower,
	                                .readers = running->readers,
	                                .long_readers = running->long_readers,
	                                .keyring = running->keyring,
	                                .db = running->db,
	                                .read_metrics = running->service->read_metrics,
	                                .database_url = options->database_url,
	                                .store = &running->store,
	                                .audit = running->service->audit,
	                                .webhook_allow_private =
	                                        options->webhook_allow_private != 0,
	                                .limits = {.rate_limit = options->rate_limit,
	                                           .rate_burst = options->rate_burst,
	                                           .queue_max = options->queue_max,
	                                           .connections_max = options->connections_max,
	                                           .sip_key = running->store.sip_key},
	                                .env = &env_system};

	settings.writer = running->writer =
		writer_start(running->engine, &env_system, options->queue_max, committed, running);
	running->api = running->writer == NULL ? NULL : api_new(&settings);
	if (running->api == NULL) {
		buf_add_str(why, "There is not enough memory, or no thread can be started.");
		return false;
	}
	if (!start_courier(running, why) || !start_work(running, why) ||
	    !follower_start(running->follower, running->writer, why))
		return false;
	follower_wait_first(running->follower, PEER_WAIT_US);
	running->http = http_start(&http_options, api_app(running->api), why);
	return running->http != NULL;
}

static void announce(const struct running *running)
{
	const struct common_options *options = running->options;

	if (options->auth == AUTH_NONE)
		log_warn("no_authentication", L_STR("listen", options->listen),
		         L_STR("meaning",
		               options->tls.files.ca[0] == '\0'
		                       ? "everyone who reaches this address may do everything"
		                       : "every client with a certificate may do everything"));
	log_info("listening", L_STR("listen", options->listen),
	         L_INT("port", http_port(running->http)), L_STR("version", version_number),
	         L_STR("commit", version_commit),
	         L_INT("journal_head", engine_head_seq(running->engine)));
	log_flush();
}

/* AUTH=none is for loopback, unless someone means it. */
static bool address_is_allowed(const struct common_options *options, struct buf *why)
{
	struct in_addr address;
	struct in6_addr address6;
	bool is_loopback = (inet_pton(AF_INET, options->listen, &address) == 1 &&
	                    ntohl(address.s_addr) >> 24 == 127) ||
	                   (inet_pton(AF_INET6, options->listen, &address6) == 1 &&
	                    IN6_IS_ADDR_LOOPBACK(&address6));

	if (is_loopback || options->allow_anonymous != 0 || options->auth != AUTH_NONE)
		return true;
	buf_addf(why,
	         "LISTEN=%s would let everyone on the network pay: with AUTH=none listen on "
	         "127.0.0.1 or ::1, or set "
	         "ALLOW_ANONYMOUS=1 on purpose.",
	         options->listen);
	return false;
}

static bool load_keys(struct running *running, struct buf *why)
{
	const struct common_options *options = running->options;

	if (options->auth == AUTH_NONE)
		return true;
	if (options->api_keys_file[0] == '\0') {
		buf_add_str(why, "API_KEYS_FILE: AUTH=keys needs a file with keys: name one.");
		return false;
	}
	running->keyring = keyring_open(options->api_keys_file, why);
	return running->keyring != NULL;
}

/* ---- stop ---- */

static void drain(struct running *running)
{
	int64_t delay_us = running->options->drain_delay_us;
	const struct timespec delay = {.tv_sec = delay_us / US_PER_S,
	                               .tv_nsec = delay_us % US_PER_S * 1000};

	api_set_ready(running->api, false);
	log_info("stopping", L_INT("drain_delay_us", delay_us));
	log_flush();
	(void)nanosleep(&delay, NULL); /* no handler returns, so nothing interrupts it */
	api_drain(running->api);
	writer_hurry(running->writer);
	readers_interrupt(running->long_readers);
	http_quiesce(running->http);
	if (http_drain(running->http, DRAIN_TIMEOUT_US))
		return;
	log_warn("stopped_at_once", L_STR("reason", "requests under way did not end"));
	log_flush();
	_exit(EXIT_FAILURE);
}

static void stop_all(struct running *running)
{
	if (running->http != NULL)
		http_stop(running->http);
	if (running->follower != NULL)
		follower_stop(running->follower);
	if (running->work != NULL)
		running->service->stop_work(running->work);
	if (running->courier != NULL)
		courier_stop(running->courier);
	if (running->writer != NULL)
		writer_stop(running->writer);
	courier_thread_free(running->courier);
	if (running->readers != NULL)
		readers_stop(running->readers);
	if (running->long_readers != NULL)
		readers_stop(running->long_readers);
	if (running->auditor != NULL)
		auditor_stop(running->auditor);
	if (running->api != NULL)
		api_free(running->api);
	follower_free(running->follower);
	engine_free(running->engine);
	keyring_close(running->keyring);
	db_close(running->db);
	store_close(&running->store);
	peer_access_free(running->peer_access);
	tls_free(running->tls);
}

int serve(const struct service *service, const struct common_options *options,
          const char *const *words)
{
	struct running running = {.service = service,
	                          .options = options,
	                          .store = {.lock_fd = -1},
	                          .started_us = env_now_us(&env_system),
	                          .files_are_right = true};
	struct buf why AUTO_BUF;

	(void)words;
	buf_init(&why, 4096);
	signals_begin();
	engine_register_metrics();
	writer_register_metrics();
	auditor_register_metrics();
	courier_register_metrics();
	follower_register_metrics();
	upkeep_register_metrics(options->database_url);
	certificates_register_metrics();
	service->register_metrics();
	if (!address_is_allowed(options, &why) || !load_keys(&running, &why) ||
	    !open_access(&running, &why) || !open_storage(&running, &why) ||
	    !start_readers(&running, &why) || !start_serving(&running, &why)) {
		(void)fprintf(stderr, "%s: %s\n", service->name, buf_str(&why));
		signals_release();
		stop_all(&running);
		return 2;
	}
	api_set_ready(running.api, true);
	announce(&running);
	wait_for_stop(&running);
	drain(&running);
	stop_all(&running);
	log_info("stopped", L_INT("uptime_us", env_now_us(&env_system) - running.started_us));
	log_flush();
	return 0;
}
