/* fetch.c - libcurl's multi interface. Invariant: an easy handle is in the multi handle exactly
 * while its fetch is under way. */
#include "runtime/fetch.h"

#include "base/id.h"
#include "runtime/env.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000L
#define HEADER_BYTES_MAX 8192
#define REQUEST_ID "X-Request-Id"

struct fetcher {
	CURLM *multi;
	struct peer_access *access; /* or NULL */
};

struct fetch {
	struct fetcher *fetcher;
	CURL *easy;
	const char *accept;
	struct curl_slist *headers; /* of the last one that was begun */
	char request_id[ID_SIZE];
	enum fetch_state state;
	CURLcode code;
	char why[CURL_ERROR_SIZE]; /* more than the code tells, or "" */
	struct buf body;
	int fd; /* where bodies go instead; -1: nowhere else */
};

struct fetcher *fetcher_new(struct peer_access *access)
{
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (fetcher == NULL)
		return NULL;
	fetcher->access = access;
	fetcher->multi =
		curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
	if (fetcher->multi != NULL)
		return fetcher;
	free(fetcher);
	return NULL;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	(void)curl_multi_cleanup(fetcher->multi);
	free(fetcher);
}

void fetcher_wake(struct fetcher *fetcher)
{
	(void)curl_multi_wakeup(fetcher->multi); /* fails only where a wake is under way */
}

static void leave(struct fetch *fetch, enum fetch_state state)
{
	ensure(fetch->state == FETCH_UNDER_WAY);
	ensure(curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy) == CURLM_OK);
	fetch->state = state;
}

/* True: at least one has. */
static bool take_ended(struct fetcher *fetcher)
{
	bool any = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		struct fetch *fetch = NULL;

		ensure(message->msg == CURLMSG_DONE);
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		fetch->code = message->data.result;
		leave(fetch, fetch->code == CURLE_OK ? FETCH_DONE : FETCH_FAILED);
		any = true;
	}
	return any;
}

void fetcher_wait(struct fetcher *fetcher, int64_t timeout_us)
{
	int timeout_ms = (int)((timeout_us + US_PER_MS - 1) / US_PER_MS);
	int running;

	(void)curl_multi_perform(fetcher->multi, &running);
	if (take_ended(fetcher))
		return; /* with what was there already: a poll would wait for something else */
	(void)curl_multi_poll(fetcher->multi, NULL, 0, timeout_ms, NULL);
	(void)curl_multi_perform(fetcher->multi, &running);
	(void)take_ended(fetcher);
}

static size_t write_all(int fd, const char *bytes, size_t count)
{
	for (size_t at = 0; at < count;) {
		ssize_t written = write(fd, bytes + at, count - at);
		if (written < 0 && errno != EINTR)
			return 0;
		at += written < 0 ? 0 : (size_t)written;
	}
	return count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;
	long status = 0;

	(void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	if (fetch->fd >= 0 && status == 200)
		return write_all(fetch->fd, bytes, size * count);
	buf_add(&fetch->body, bytes, size * count);
	return fetch->body.full ? 0 : size * count;
}

/* An answer without an id is not of ours: whoever is between us and the service gave it. */
static bool is_to_this_request(const struct fetch *fetch)
{
	struct curl_header *found;

	return curl_easy_header(fetch->easy, REQUEST_ID, 0, CURLH_HEADER, -1, &found) !=
	               CURLHE_OK ||
	       strcmp(found->value, fetch->request_id) == 0;
}

/* A request that the network repeats is answered twice, and the second answer comes to the next
 * request on that connection. To take nothing of it ends the connection. */
static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes;
	return is_to_this_request(arg) ? size * count : 0;
}

/* "": what libcurl does without. */
static bool set_path(CURL *easy, CURLoption option, const char *path)
{
	return path[0] == '\0' || curl_easy_setopt(easy, option, path) == CURLE_OK;
}

static bool set_up_tls(CURL *easy, const struct peer_access *access)
{
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (access == NULL)
		return true;
	const struct certificates_files *files = peer_access_files(access);
	if (files->ca[0] != '\0') /* then these alone */
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	return set_path(easy, CURLOPT_CAINFO, files->ca) &&
	       set_path(easy, CURLOPT_SSLCERT, files->certificate) &&
	       set_path(easy, CURLOPT_SSLKEY, files->key);
}

static bool set_up(struct fetch *fetch)
{
	fetch->easy = curl_easy_init();
	if (fetch->easy == NULL)
		return false;
	(void)curl_easy_setopt(fetch->easy, CURLOPT_PRIVATE, fetch);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_HEADERDATA, fetch);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_ERRORBUFFER, fetch->why);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_TCP_NODELAY, 1L);
	return curl_easy_setopt(fetch->easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(fetch->easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
	       curl_easy_setopt(fetch->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       set_up_tls(fetch->easy, fetch->fetcher->access);
}

struct fetch *fetch_new(struct fetcher *fetcher, const char *accept, size_t bytes_max)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	if (fetch == NULL)
		return NULL;
	fetch->fetcher = fetcher;
	fetch->fd = -1;
	fetch->accept = accept;
	buf_init(&fetch->body, bytes_max);
	if (set_up(fetch))
		return fetch;
	fetch_free(fetch);
	return NULL;
}

void fetch_trust_anyone(struct fetch *fetch)
{
	(void)curl_easy_setopt(fetch->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(fetch->easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* ---- headers ---- */

/* Among them is a secret. */
static void drop_headers(struct fetch *fetch)
{
	for (struct curl_slist *at = fetch->headers; at != NULL; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(fetch->headers);
	fetch->headers = NULL;
}

static bool add_header(struct fetch *fetch, const struct buf *header)
{
	struct curl_slist *longer = curl_slist_append(fetch->headers, buf_str(header));

	if (header->full || longer == NULL)
		return false;
	fetch->headers = longer;
	return true;
}

/* Made for each fetch, as the key may be another one by then. */
static bool make_headers(struct fetch *fetch)
{
	struct buf id AUTO_BUF, accept AUTO_BUF, key AUTO_BUF;
	uint8_t random[ULID_RANDOM_BYTES];

	drop_headers(fetch);
	env_random(&env_system, random, sizeof(random));
	id_make("req_", env_now_us(&env_system), random, fetch->request_id);
	buf_init(&id, HEADER_BYTES_MAX);
	buf_init(&accept, HEADER_BYTES_MAX);
	buf_init(&key, HEADER_BYTES_MAX);
	buf_addf(&id, REQUEST_ID ": %s", fetch->request_id);
	buf_addf(&accept, "Accept: %s", fetch->accept);
	if (fetch->fetcher->access != NULL)
		peer_access_authorize(fetch->fetcher->access, &key);
	bool is_made = add_header(fetch, &id) && add_header(fetch, &accept) &&
	               (key.len == 0 || add_header(fetch, &key));
	if (key.len > 0)
		explicit_bzero(key.data, key.len);
	return is_made &&
	       curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers) == CURLE_OK;
}

/* ---- one fetch ---- */

void fetch_free(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	fetch_end(fetch);
	curl_easy_cleanup(fetch->easy);
	drop_headers(fetch);
	buf_release(&fetch->body);
	free(fetch);
}

bool fetch_begin(struct fetch *fetch, const char *url, int64_t timeout_us)
{
	fetch_end(fetch);
	buf_reset(&fetch->body);
	fetch->why[0] = '\0';
	if (!make_headers(fetch) || curl_easy_setopt(fetch->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT_MS, (long)(timeout_us / US_PER_MS)) !=
	            CURLE_OK ||
	    curl_multi_add_handle(fetch->fetcher->multi, fetch->easy) != CURLM_OK)
		return false;
	fetch->state = FETCH_UNDER_WAY;
	return true;
}

void fetch_end(struct fetch *fetch)
{
	if (fetch->state == FETCH_UNDER_WAY)
		leave(fetch, FETCH_IDLE);
	fetch->state = FETCH_IDLE;
}

enum fetch_state fetch_state(const struct fetch *fetch)
{
	return fetch->state;
}

int fetch_run(struct fetch *fetch, const char *url, int64_t timeout_us)
{
	if (!fetch_begin(fetch, url, timeout_us))
		return 0;
	while (fetch->state == FETCH_UNDER_WAY)
		fetcher_wait(fetch->fetcher, timeout_us); /* each fetch has its own limit */
	return fetch->state == FETCH_DONE ? fetch_status(fetch) : 0;
}

const char *fetch_why(const struct fetch *fetch)
{
	if (!is_to_this_request(fetch))
		return "its answer is to another request";
	return fetch->why[0] != '\0' ? fetch->why : curl_easy_strerror(fetch->code);
}

int fetch_status(const struct fetch *fetch)
{
	long status = 0;

	ensure(fetch->state == FETCH_DONE);
	(void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

bool fetch_connected_anew(const struct fetch *fetch)
{
	long connections = 0;

	ensure(fetch->state == FETCH_DONE);
	(void)curl_easy_getinfo(fetch->easy, CURLINFO_NUM_CONNECTS, &connections);
	return connections > 0;
}

struct text fetch_text(const struct fetch *fetch, const char *header)
{
	struct curl_header *found;

	ensure(fetch->state == FETCH_DONE);
	if (curl_easy_header(fetch->easy, header, 0, CURLH_HEADER, -1, &found) != CURLHE_OK ||
	    found->amount != 1)
		return TEXT_NONE;
	return text_of(found->value);
}

bool fetch_number(const struct fetch *fetch, const char *header, int64_t max, int64_t *ret_number)
{
	struct text text = fetch_text(fetch, header);

	return text.ptr != NULL && text_to_int(text, max, ret_number);
}

void fetch_into(struct fetch *fetch, int fd)
{
	fetch->fd = fd;
}

size_t fetch_bytes_max(const struct fetch *fetch)
{
	return fetch->body.bytes_max;
}

void fetch_swap_body(struct fetch *fetch, struct buf *body)
{
	struct buf own = fetch->body;

	ensure(fetch->state == FETCH_DONE && own.bytes_max == body->bytes_max);
	fetch->body = *body;
	*body = own;
}

/* Whether the URL has this part. */
static bool has(CURLU *url, CURLUPart part)
{
	char *value = NULL;
	bool is_there = curl_url_get(url, part, &value, 0) == CURLUE_OK;

	curl_free(value);
	return is_there;
}

bool fetch_url_is_valid(const char *url)
{
	CURLU *parsed = curl_url();
	bool is_web = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
	bool is_valid = parsed != NULL && is_web &&
	                curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	                !has(parsed, CURLUPART_USER) && !has(parsed, CURLUPART_PASSWORD) &&
	                !has(parsed, CURLUPART_QUERY) && !has(parsed, CURLUPART_FRAGMENT);

	curl_url_cleanup(parsed);
	return is_valid;
}

const char *fetch_library_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}
