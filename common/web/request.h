/* request.h - what api.c does with one request, step by step. All on the I/O thread. */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include "web/api.h"

/* Where requests come from: some that have ended are kept, with their buffers, for the next ones.
 * Their answers are written by another thread, and to allocate there what is freed here is slow. */
struct requests {
	struct api *api;
	size_t input_size; /* the largest of the table's */
	struct request *spare;
	size_t spare_count;
};

/* After the table is whole. */
void requests_init(struct requests *requests, struct api *api);
/* All have ended. */
void requests_release(struct requests *requests);

/* The request's memory, its input struct behind it, in x->user. NULL: there is no memory, and an
 * answer that needs none is set. endpoint NULL: no route. */
struct request *request_new(struct requests *requests, struct http_exchange *x,
                            const struct endpoint *endpoint);
void request_end(struct requests *requests, struct request *request);

/* What can be judged before the body, in the contract's order; takes the Idempotency-Key. */
enum error request_check_head(struct request *request);
/* Reads query and body into the input struct, prepares the command and fingerprints it. False: the
 * problem is the answer. */
must_use bool request_read_query(struct request *request);
must_use bool request_read_body(struct request *request);

/* A key of the request's caller; the fingerprint is left out. key is borrowed. */
struct seen_key request_seen_key(const struct request *request, struct text key);

/* Makes a problem the request's answer. errors may be NULL; detail is at most ANSWER_DETAIL_SIZE.
 */
void request_problem(struct request *request, enum error error, const struct field_errors *errors);
void request_problem_detail(struct request *request, enum error error, const char *detail);
/* Turns the request's answer into what http.c sends. */
void request_set_answer(struct request *request);

#endif
