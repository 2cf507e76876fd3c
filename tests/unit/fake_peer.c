/* fake_peer.c - see fake_peer.h. A thread for each connection, so a long poll may simply wait. */
#include "unit/fake_peer.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES_MAX (1024 * 1024)
#define CUT_BYTES 5

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all that follows */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	char *line;
	struct hash hash;
} lines[FAKE_LINES_MAX];
static int64_t head, asked;
static char source[JOURNAL_SOURCE_SIZE];
static enum fake_fault fault;
static bool closing;

static struct MHD_Daemon *daemon_running;
static uint16_t port;
static char url[64];

static int64_t argument(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);

	return value == NULL ? 0 : strtoll(value, NULL, 10);
}

/* The page behind after; waits as asked. With the mutex. */
static void fill(struct MHD_Connection *connection, struct buf *page)
{
	int64_t after = argument(connection, "after"), limit = argument(connection, "limit");

	while (argument(connection, "wait") > 0 && after == head && !closing && fault == FAKE_NONE)
		(void)pthread_cond_wait(&changed, &mutex);
	for (int64_t i = after; i < head && i < after + limit && page->len < PAGE_BYTES_MAX; i++) {
		buf_add_str(page, lines[i].line);
		buf_add_char(page, '\n');
	}
	if (fault == FAKE_HALF && page->len > CUT_BYTES)
		page->len -= CUT_BYTES;
}

static ssize_t give_some(void *arg, uint64_t at, char *out, size_t max)
{
	(void)at;
	if (arg == NULL)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	memset(out, ' ', max);
	return (ssize_t)max;
}

static struct MHD_Response *respond(const struct buf *page, enum fake_fault as)
{
	static char endless;

	if (as == FAKE_CUT)
		return MHD_create_response_from_callback(page->len + 1, 4096, give_some, NULL,
		                                         NULL);
	if (as == FAKE_HUGE)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, give_some,
		                                         &endless, NULL);
	return MHD_create_response_from_buffer(
		page->len, page->data == NULL ? &endless : page->data, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *body,
                              size_t *body_bytes, void **request)
{
	struct buf AUTO_BUF page;
	char number[24];
	enum fake_fault as;
	enum MHD_Result result;

	(void)arg, (void)version, (void)body, (void)body_bytes;
	buf_init(&page, 2 * PAGE_BYTES_MAX);
	if (*request == NULL) {
		*request = &closing;
		return MHD_YES;
	}
	if (strcmp(path, "/events") != 0 || strcmp(method, "GET") != 0)
		abort();
	pthread_mutex_lock(&mutex);
	asked++;
	fill(connection, &page);
	as = fault;
	(void)snprintf(number, sizeof(number), "%lld", (long long)head);
	(void)pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	struct MHD_Response *response = respond(&page, as);
	if (as != FAKE_NO_HEAD)
		(void)MHD_add_response_header(response, "Events-Head", number);
	if (as == FAKE_OTHER)
		(void)MHD_add_response_header(response, "X-Request-Id", "req_other");
	result = MHD_queue_response(connection, as == FAKE_ERROR ? 500 : 200, response);
	MHD_destroy_response(response);
	return result;
}

void fake_return(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
	                                    .sin_port = htons(port),
	                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	pthread_mutex_lock(&mutex);
	closing = false;
	pthread_mutex_unlock(&mutex);
	daemon_running =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
	                         port, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
	                         MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, MHD_OPTION_END);
	ck_assert_ptr_nonnull(daemon_running);
	port = MHD_get_daemon_info(daemon_running, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void fake_leave(void)
{
	pthread_mutex_lock(&mutex);
	closing = true;
	(void)pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	MHD_stop_daemon(daemon_running);
}

void fake_open(void)
{
	fake_set_source("/order-service/jrn_1");
	fake_return();
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
}

void fake_close(void)
{
	fake_leave();
	fake_go_back(0);
}

const char *fake_url(void)
{
	return url;
}

void fake_set_source(const char *name)
{
	text_copy(text_of(name), source, sizeof(source));
}

struct hash fake_hash(int64_t seq)
{
	static const struct hash none;

	return seq == 0 ? none : lines[seq - 1].hash;
}

void fake_add_line(const char *line)
{
	pthread_mutex_lock(&mutex);
	ck_assert_int_lt(head, FAKE_LINES_MAX);
	lines[head].line = strdup(line);
	hash_sha256(line, strlen(line), &lines[head].hash);
	head++;
	(void)pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void add_cause(struct buf *line, const struct cause *cause)
{
	char hex[HASH_HEX_SIZE];

	hash_to_hex(&cause->hash, hex);
	json_key(line, JOURNAL_CAUSE);
	json_open(line, '{');
	json_member_str(line, "source", cause->source);
	json_member_int(line, "seq", cause->seq);
	json_member_str(line, "hash", hex);
	json_close(line, '}');
}

int64_t fake_add(const char *type, const struct cause *cause)
{
	struct hash prev = fake_hash(head);
	char hex[HASH_HEX_SIZE];
	struct buf AUTO_BUF line;

	hash_to_hex(&prev, hex);
	buf_init(&line, JOURNAL_LINE_MAX);
	json_open(&line, '{');
	json_member_str(&line, "id", "evt_1");
	json_member_str(&line, "source", source);
	json_member_str(&line, "type", type);
	json_member_str(&line, "subject", "o-1");
	json_member_str(&line, "time", "2026-11-23T04:30:00.123Z");
	json_member_int(&line, "seq", head + 1);
	json_member_str(&line, "prev_hash", hex);
	json_key(&line, "data");
	json_open(&line, '{');
	json_member_str(&line, "order_status", "success");
	if (cause != NULL)
		add_cause(&line, cause);
	json_close(&line, '}');
	json_close(&line, '}');
	fake_add_line(buf_str(&line));
	return head;
}

void fake_go_back(int64_t seq)
{
	pthread_mutex_lock(&mutex);
	while (head > seq)
		free(lines[--head].line);
	pthread_mutex_unlock(&mutex);
}

void fake_set_fault(enum fake_fault as)
{
	pthread_mutex_lock(&mutex);
	fault = as;
	(void)pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

int64_t fake_asked(void)
{
	pthread_mutex_lock(&mutex);
	int64_t count = asked;
	pthread_mutex_unlock(&mutex);
	return count;
}
