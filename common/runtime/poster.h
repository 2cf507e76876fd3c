/* poster.h - many HTTP requests at once over libcurl, on one thread: the courier's attempts. Only
 * to addresses that everybody can reach, judged as each connection is made, so that what was judged
 * is what is connected to. poster.c is the only file of the courier that includes curl/curl.h. */
#ifndef RUNTIME_POSTER_H
#define RUNTIME_POSTER_H

#include "runtime/courier.h"

#define POST_TIMEOUT_US (10 * US_PER_S) /* of one attempt in all */

struct poster;

/* allow_private also permits http, and addresses that not everybody can reach. NULL and a sentence
 * in why on failure. */
struct poster *poster_new(bool allow_private, struct buf *why);
void poster_free(struct poster *poster);

/* As struct courier_hands has them. */
bool poster_post(struct poster *poster, size_t slot, const struct post *post);
void poster_cancel(struct poster *poster, size_t slot);

typedef void posted_fn(void *arg, size_t slot, const struct post_result *result);
/* Waits at most so long for something to happen, and tells of each attempt that has ended. */
void poster_wait(struct poster *poster, int64_t wait_us, posted_fn *posted, void *arg);
/* Ends a wait, the present or the next. Any thread. */
void poster_wake(struct poster *poster);

#endif
