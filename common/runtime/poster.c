/* poster.c - one easy handle for each slot, all in one multi handle. Invariants: (1) no byte goes
 * to an address that may_connect has not permitted; (2) a request waits for no other: names are
 * resolved on threads of their own, which nothing waits for after the timeout (QUICK_EXIT). */
#include "runtime/poster.h"

#include "base/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX_READ \
	65536                /* of a body, which nobody looks at; more ends the connection \
	                      */
#define CONNECTION_AGE_S 60L /* then names are resolved and judged anew */
#define TIMEOUT_MS ((long)(POST_TIMEOUT_US / US_PER_MS))
#define HEADER_SIZE (sizeof("webhook-signature: ") + COURIER_SIGNATURES_SIZE)

struct slot {
	CURL *curl; /* NULL: never used */
	bool is_running;
	struct curl_slist *headers;
	size_t answer_bytes;
	bool is_cut;           /* the answer was longer than we read */
	const char *forbidden; /* what an address was that was not connected to */
	bool allow_private;
};

struct poster {
	CURLM *multi;
	bool allow_private;
	struct slot slots[WEBHOOKS_MAX];
};

struct poster *poster_new(bool allow_private, struct buf *why)
{
	struct poster *poster = calloc(1, sizeof(*poster));

	if (poster != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
		poster->multi = curl_multi_init();
		poster->allow_private = allow_private;
		if (poster->multi != NULL) {
			(void)curl_multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS,
			                        (long)WEBHOOKS_MAX);
			return poster;
		}
		curl_global_cleanup();
	}
	free(poster);
	buf_add_str(why, "There is not enough memory to start.");
	return NULL;
}

void poster_free(struct poster *poster)
{
	if (poster == NULL)
		return;
	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		poster_cancel(poster, i);
		curl_easy_cleanup(poster->slots[i].curl);
	}
	(void)curl_multi_cleanup(poster->multi);
	curl_global_cleanup();
	free(poster);
}

/* ---- one request ---- */

static bool address_of(const struct curl_sockaddr *from, struct address *ret_address)
{
	*ret_address = (struct address){.is_v6 = from->family == AF_INET6};
	if (from->family == AF_INET6)
		memcpy(ret_address->bytes,
		       &((const struct sockaddr_in6 *)(const void *)&from->addr)->sin6_addr,
		       ADDRESS_V6_BYTES);
	else if (from->family == AF_INET)
		memcpy(ret_address->bytes,
		       &((const struct sockaddr_in *)(const void *)&from->addr)->sin_addr,
		       ADDRESS_V4_BYTES);
	else
		return false;
	return true;
}

/* Called by libcurl with the very address that it connects to. */
static curl_socket_t may_connect(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct slot *slot = arg;
	struct address address;
	const char *special;

	if (purpose != CURLSOCKTYPE_IPCXN || !address_of(to, &address))
		return CURL_SOCKET_BAD;
	special = slot->allow_private ? NULL : address_special(&address);
	if (special != NULL) {
		slot->forbidden = special;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t drop_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct slot *slot = arg;

	(void)bytes;
	slot->answer_bytes += size * count;
	slot->is_cut = slot->answer_bytes > ANSWER_BYTES_MAX_READ;
	return slot->is_cut ? 0 : size * count;
}

static bool add_header(struct slot *slot, const char *name, const char *value)
{
	char line[HEADER_SIZE];
	struct curl_slist *longer;

	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	longer = curl_slist_append(slot->headers, line);
	if (longer != NULL)
		slot->headers = longer;
	return longer != NULL;
}

static bool set_headers(struct slot *slot, const struct post *post)
{
	char timestamp[24];

	(void)snprintf(timestamp, sizeof(timestamp), "%lld", (long long)post->timestamp_s);
	return add_header(slot, "Content-Type", "application/json") &&
	       add_header(slot, "webhook-id", post->id) &&
	       add_header(slot, "webhook-timestamp", timestamp) &&
	       add_header(slot, "webhook-signature", post->signatures) &&
	       curl_easy_setopt(slot->curl, CURLOPT_HTTPHEADER, slot->headers) == CURLE_OK;
}

/* What is the same for all. */
static bool set_rules(struct slot *slot)
{
	const struct {
		CURLoption option;
		long value;
	} rules[] = {
		{CURLOPT_POST, 1},
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
		{CURLOPT_SSL_VERIFYPEER, 1},
		{CURLOPT_SSL_VERIFYHOST, 2},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_TIMEOUT_MS, TIMEOUT_MS},
		{CURLOPT_CONNECTTIMEOUT_MS, TIMEOUT_MS},
		{CURLOPT_QUICK_EXIT, 1},
		{CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S},
		{CURLOPT_DNS_CACHE_TIMEOUT, 0},
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		ok = ok &&
		     curl_easy_setopt(slot->curl, rules[i].option, rules[i].value) == CURLE_OK;
	ok = ok && curl_easy_setopt(slot->curl, CURLOPT_PROTOCOLS_STR,
	                            slot->allow_private ? "http,https" : "https") == CURLE_OK;
	ok = ok && curl_easy_setopt(slot->curl, CURLOPT_PROXY, "") == CURLE_OK;
	ok = ok && curl_easy_setopt(slot->curl, CURLOPT_NOPROXY, "*") == CURLE_OK;
	ok = ok && curl_easy_setopt(slot->curl, CURLOPT_USERAGENT, "farthing-webhooks") == CURLE_OK;
	ok = ok &&
	     curl_easy_setopt(slot->curl, CURLOPT_OPENSOCKETFUNCTION, may_connect) == CURLE_OK;
	ok = ok && curl_easy_setopt(slot->curl, CURLOPT_OPENSOCKETDATA, slot) == CURLE_OK;
	ok = ok && curl_easy_setopt(slot->curl, CURLOPT_WRITEFUNCTION, drop_body) == CURLE_OK;
	return ok && curl_easy_setopt(slot->curl, CURLOPT_WRITEDATA, slot) == CURLE_OK;
}

static bool set_request(struct slot *slot, const struct post *post)
{
	char url[WEBHOOK_URL_MAX + 1];

	text_copy(post->url, url, sizeof(url));
	return curl_easy_setopt(slot->curl, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(slot->curl, CURLOPT_POSTFIELDS, post->body.ptr) == CURLE_OK &&
	       curl_easy_setopt(slot->curl, CURLOPT_POSTFIELDSIZE, (long)post->body.len) ==
	               CURLE_OK &&
	       set_headers(slot, post);
}

static void end(struct poster *poster, struct slot *slot)
{
	if (slot->is_running)
		(void)curl_multi_remove_handle(poster->multi, slot->curl);
	slot->is_running = false;
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
}

bool poster_post(struct poster *poster, size_t slot_index, const struct post *post)
{
	struct slot *slot = &poster->slots[slot_index];

	ensure(slot_index < WEBHOOKS_MAX && !slot->is_running);
	slot->allow_private = poster->allow_private;
	slot->answer_bytes = 0;
	slot->is_cut = false;
	slot->forbidden = NULL;
	if (slot->curl == NULL)
		slot->curl = curl_easy_init();
	else
		curl_easy_reset(slot->curl);
	if (slot->curl != NULL && set_rules(slot) && set_request(slot, post) &&
	    curl_easy_setopt(slot->curl, CURLOPT_PRIVATE, slot) == CURLE_OK &&
	    curl_multi_add_handle(poster->multi, slot->curl) == CURLM_OK) {
		slot->is_running = true;
		return true;
	}
	end(poster, slot);
	return false;
}

void poster_cancel(struct poster *poster, size_t slot)
{
	end(poster, &poster->slots[slot]);
}

/* ---- the end of one ---- */

static void judge(const struct slot *slot, CURLcode code, struct post_result *ret_result)
{
	struct post_result *result = ret_result;
	curl_off_t retry_after_s = 0;
	long status = 0;

	*result = (struct post_result){.status = 0};
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && slot->is_cut)) {
		(void)curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status);
		(void)curl_easy_getinfo(slot->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
		result->status = (int)status;
		if (retry_after_s > 0 && retry_after_s < INT64_MAX / US_PER_S)
			result->retry_after_us = retry_after_s * US_PER_S;
		return;
	}
	if (slot->forbidden != NULL)
		(void)snprintf(result->error, sizeof(result->error),
		               "its name leads to a %s address", slot->forbidden);
	else
		(void)snprintf(result->error, sizeof(result->error), "%s",
		               curl_easy_strerror(code));
}

static bool tell_ended(struct poster *poster, posted_fn *posted, void *arg)
{
	bool has_told = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(poster->multi, &left)) != NULL) {
		struct post_result result;
		struct slot *slot;

		ensure(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot) ==
		       CURLE_OK);
		judge(slot, message->data.result, &result);
		end(poster, slot);
		posted(arg, (size_t)(slot - poster->slots), &result);
		has_told = true;
	}
	return has_told;
}

void poster_wait(struct poster *poster, int64_t wait_us, posted_fn *posted, void *arg)
{
	int running;

	(void)curl_multi_perform(poster->multi, &running);
	if (tell_ended(poster, posted, arg))
		return;
	(void)curl_multi_poll(poster->multi, NULL, 0, (int)((wait_us + US_PER_MS - 1) / US_PER_MS),
	                      NULL);
	(void)curl_multi_perform(poster->multi, &running);
	(void)tell_ended(poster, posted, arg);
}

void poster_wake(struct poster *poster)
{
	(void)curl_multi_wakeup(poster->multi);
}
