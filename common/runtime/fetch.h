/* fetch.h - GET over HTTP, several at once on one thread (fetch.c is the one file that knows
 * libcurl). Each has a limit of time and of size, and an id that an answer must not deny. No proxy,
 * no redirects, http and https only; TLS 1.2 at least, and the server must prove who it is. */
#ifndef RUNTIME_FETCH_H
#define RUNTIME_FETCH_H

#include "runtime/peer_access.h"

#define FETCH_URL_MAX 2048

/* What runs them. All but fetcher_wake is for one thread. */
struct fetcher;
/* One after another is fetched with it; its connection is kept between. */
struct fetch;

enum fetch_state {
	FETCH_IDLE, /* nothing was begun, or it was ended */
	FETCH_UNDER_WAY,
	FETCH_DONE,   /* answered, whatever the status */
	FETCH_FAILED, /* not answered, or not whole, in time, within the size, to this request */
};

/* access, borrowed: who we are and whom we believe; NULL: nobody, and the system's CAs. NULL: no
 * memory. */
struct fetcher *fetcher_new(struct peer_access *access);
void fetcher_free(struct fetcher *fetcher); /* after its fetches */
/* Carries on with all until something happens to one of them, fetcher_wake, or the timeout. */
void fetcher_wait(struct fetcher *fetcher, int64_t timeout_us);
/* Any thread: ends the present wait, or the next. */
void fetcher_wake(struct fetcher *fetcher);

/* accept: the value of that header, borrowed. NULL: no memory. */
struct fetch *fetch_new(struct fetcher *fetcher, const char *accept, size_t bytes_max);
void fetch_free(struct fetch *fetch); /* NULL is fine */
/* Takes the server for who it should be, whatever it proves: for a service that asks itself. */
void fetch_trust_anyone(struct fetch *fetch);
/* Ends what is under way. False: it could not be begun. */
must_use bool fetch_begin(struct fetch *fetch, const char *url, int64_t timeout_us);
void fetch_end(struct fetch *fetch);
/* Begins it and waits until it ended, on a fetcher that has no other. Its status; 0: it failed. */
must_use int fetch_run(struct fetch *fetch, const char *url, int64_t timeout_us);

enum fetch_state fetch_state(const struct fetch *fetch);
/* Why it failed; borrowed. */
const char *fetch_why(const struct fetch *fetch);
/* Of one that is done. */
int fetch_status(const struct fetch *fetch);
bool fetch_connected_anew(const struct fetch *fetch);
/* A header field that is a number, at most max; false where there is none. */
bool fetch_number(const struct fetch *fetch, const char *header, int64_t max, int64_t *ret_number);
/* From now on the bodies of answers with status 200 are written to the open file instead. */
void fetch_into(struct fetch *fetch, int fd);
/* As fetch_new had it. */
size_t fetch_bytes_max(const struct fetch *fetch);
/* A header field as it came; TEXT_NONE where there is none. Borrowed until the next fetch. */
struct text fetch_text(const struct fetch *fetch, const char *header);
/* Gives the body, and takes a buffer for the next one instead. */
void fetch_swap_body(struct fetch *fetch, struct buf *body);

/* An absolute http or https URL with a host, without user, query and fragment. */
bool fetch_url_is_valid(const char *url);
/* Of libcurl, as it runs. */
const char *fetch_library_version(void);

#endif
