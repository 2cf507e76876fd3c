/* log.c - gathers log lines in one buffer and writes them to standard error (log.h).
 * Not for audit: what must not be lost is in the journal. A line may be lost; a payment does not
 * wait for one.
 *
 * Invariants: (1) `pending` holds whole lines, but the front of the first may be written already;
 * (2) a line has at most LINE_BYTES_MAX bytes, so an empty buffer takes any line; (3) one flush
 * waits at most WAIT_US_MAX for a slow reader, and after a wait in vain none waits until all is
 * written.
 *
 * So a reader that is stuck costs one second, once. The lines stay where they are, as they do when
 * a write fails (disk full, or reader gone: the process ignores SIGPIPE). A line for which there is
 * no room is dropped and counted, and the count becomes a line as soon as there is room again. */
#include "runtime/log.h"

#include "base/buf.h"
#include "base/time_text.h"
#include "runtime/env.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include <unistr.h>

#define PENDING_BYTES_MAX (64 * 1024)
#define VALUE_BYTES_MAX 256
#define NAME_BYTES_MAX 64 /* names are ours */
#define PAIRS_MAX 24

/* A byte of a value becomes at most 6 ("\u001f"); quotes, colon and comma are 6 more. Time, level,
 * service and event are four pairs beside the caller's: 28 * (64 + 6 * 256 + 6) = 44968. */
#define PAIR_BYTES_MAX (NAME_BYTES_MAX + 6 * VALUE_BYTES_MAX + 6)
#define LINE_BYTES_MAX ((4 + PAIRS_MAX) * PAIR_BYTES_MAX)
static_assert(LINE_BYTES_MAX <= PENDING_BYTES_MAX, "an empty buffer takes any line");

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define REPLACEMENT_BYTES (sizeof(REPLACEMENT) - 1)
static_assert(REPLACEMENT_BYTES <= 6, "a replaced byte is no longer than an escaped one");

/* A pipe that poll calls writable takes this many without blocking, and in one piece (pipe(7)). */
#define CHUNK_BYTES_MAX ((size_t)PIPE_BUF)
/* In one flush. A full buffer is 16 chunks; the rest is for partial writes and interruptions. */
#define WRITES_MAX 256
#define WAIT_US_MAX US_PER_S

const char *const log_level_names[] = {"debug", "info", "warn", "error", NULL};
static_assert(ARRAY_LEN(log_level_names) == LOG_LEVEL_COUNT + 1, "a name for each level");

static atomic_int level_min = LOG_INFO;
static const char *service_name; /* set before any thread starts */

/* The lock guards all that follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char pending[PENDING_BYTES_MAX];
static size_t pending_len;
static bool is_stuck;                                   /* the last flush left something behind */
static int64_t dropped_count;                           /* lines since the last line that told it */
static struct buf line = {.bytes_max = LINE_BYTES_MAX}; /* the one being made; keeps its memory */

/* Whole lines where they fit, so that lines of several processes on one pipe stay whole. */
static size_t chunk_len(const char *bytes, size_t count)
{
	if (count <= CHUNK_BYTES_MAX)
		return count;
	const char *end = memrchr(bytes, '\n', CHUNK_BYTES_MAX);
	return end == NULL ? CHUNK_BYTES_MAX : (size_t)(end - bytes) + 1;
}

static bool wait_writable(int64_t deadline_us)
{
	struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};
	int64_t left_us = is_stuck ? 0 : deadline_us - env_monotonic_us(&env_system);

	/* The result is not needed: an interruption leaves revents 0, a wait in vain, and what is
	 * wrong with the descriptor sets it, and write tells it. */
	(void)poll(&standard_error, 1, left_us <= 0 ? 0 : (int)(left_us / US_PER_MS));
	return standard_error.revents != 0;
}

static void write_pending(void)
{
	int64_t deadline_us = env_monotonic_us(&env_system) + WAIT_US_MAX;
	size_t done = 0;

	for (int i = 0; i < WRITES_MAX && done < pending_len && wait_writable(deadline_us); i++) {
		const char *rest = pending + done;
		ssize_t written = write(STDERR_FILENO, rest, chunk_len(rest, pending_len - done));
		if (written > 0)
			done += (size_t)written;
		else if (written < 0 && errno != EINTR && errno != EAGAIN)
			break;
	}
	pending_len -= done;
	memmove(pending, pending + done, pending_len);
	is_stuck = pending_len > 0;
}

static struct text cut(struct text value)
{
	if (value.len <= VALUE_BYTES_MAX)
		return value;
	size_t len = VALUE_BYTES_MAX;
	/* Back to the first byte of the code point that would be cut, at most 3 bytes away. */
	while (len > VALUE_BYTES_MAX - 3 && ((uint8_t)value.ptr[len] & 0xC0) == 0x80)
		len--;
	return (struct text){value.ptr, len};
}

/* Each byte that is not part of a well-formed code point becomes U+FFFD. */
static void add_repaired(struct text key, struct text value)
{
	char repaired[VALUE_BYTES_MAX * REPLACEMENT_BYTES];
	size_t len = 0;

	while (value.len > 0) {
		const uint8_t *bad = u8_check((const uint8_t *)value.ptr, value.len);
		size_t good = bad == NULL ? value.len : (size_t)((const char *)bad - value.ptr);
		memcpy(repaired + len, value.ptr, good);
		len += good;
		value = (struct text){value.ptr + good, value.len - good};
		if (bad == NULL)
			break;
		memcpy(repaired + len, REPLACEMENT, REPLACEMENT_BYTES);
		len += REPLACEMENT_BYTES;
		value = (struct text){value.ptr + 1, value.len - 1};
	}
	json_keyed_string(&line, key, (struct text){repaired, len});
}

static void add_text(struct text key, struct text whole)
{
	struct text value = cut(whole);

	if (value.ptr == NULL || text_is_utf8(value))
		json_keyed_string(&line, key, value);
	else
		add_repaired(key, value);
}

static void add_pair(const struct log_pair *pair)
{
	switch (pair->kind) {
	case LOG_STR:
		add_text(pair->key, pair->string == NULL ? TEXT_NONE : text_of(pair->string));
		break;
	case LOG_TEXT: add_text(pair->key, pair->text); break;
	case LOG_INT: json_keyed_int(&line, pair->key, pair->integer); break;
	}
}

static void make_line(enum log_level level, const char *event, const struct log_pair *pairs,
                      size_t count)
{
	char time_text[TIME_TEXT_SIZE];

	ensure(count <= PAIRS_MAX);
	time_render(env_now_us(&env_system), time_text);
	buf_reset(&line);
	json_open(&line, '{');
	json_member_str(&line, "time", time_text);
	json_member_str(&line, "level", log_level_names[level]);
	if (service_name != NULL)
		json_member_str(&line, "service", service_name);
	json_member_str(&line, "event", event);
	for (size_t i = 0; i < count; i++)
		add_pair(&pairs[i]);
	json_close(&line, '}');
	buf_add_char(&line, '\n');
}

/* False: no room, even after a flush, or no memory for the line. */
static bool append_line(void)
{
	if (line.len > PENDING_BYTES_MAX - pending_len)
		write_pending();
	if (line.full || line.len > PENDING_BYTES_MAX - pending_len)
		return false;
	memcpy(pending + pending_len, line.data, line.len);
	pending_len += line.len;
	return true;
}

static void tell_dropped(void)
{
	make_line(LOG_WARN, "log_lines_dropped", &L_INT("count", dropped_count), 1);
	if (append_line())
		dropped_count = 0;
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_min, (int)level, memory_order_relaxed);
}

void log_set_service(const char *name)
{
	service_name = name;
}

bool log_wants(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&level_min, memory_order_relaxed);
}

void log_pairs(enum log_level level, const char *event, const struct log_pair *pairs, size_t count)
{
	ensure(pthread_mutex_lock(&lock) == 0);
	if (dropped_count > 0)
		tell_dropped();
	make_line(level, event, pairs, count);
	if (!append_line())
		dropped_count++;
	if (level >= LOG_WARN)
		write_pending();
	ensure(pthread_mutex_unlock(&lock) == 0);
}

void log_flush(void)
{
	ensure(pthread_mutex_lock(&lock) == 0);
	write_pending();
	ensure(pthread_mutex_unlock(&lock) == 0);
}
