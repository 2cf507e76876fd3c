/* limits.h - what one caller may have of what all share, so that nobody starves the others. A
 * request counts for the name of its key, or, without one, for its client's address. The I/O
 * thread's. Connections are http.c's, the readers' queue is reader.c's. */
#ifndef WEB_LIMITS_H
#define WEB_LIMITS_H

#include "base/error.h"

struct limits;
struct request;

struct limits_options {
	int64_t rate_limit; /* requests a second; 0: none */
	int64_t rate_burst; /* 0: as rate_limit */
	int64_t queue_max;  /* of the writer */
	int64_t connections_max;
	const uint8_t *sip_key; /* borrowed */
};

/* Registers metrics: one a process. NULL: no memory. */
struct limits *limits_new(const struct limits_options *options);
void limits_free(struct limits *limits);

/* Takes the request from its subject's rate, health pages apart; sets the subject. Once the caller
 * is known, or is known to be nobody. ERR_NONE or ERR_RATE_LIMITED. */
must_use enum error limits_take(struct limits *limits, struct request *request);
/* Adds the header fields that tell of the rate, where there is one. */
void limits_add_headers(const struct limits *limits, struct request *request);

/* Before a command goes to the writer; false: its subject has its share of them under way. */
must_use bool limits_begin_command(struct limits *limits, struct request *request);
/* When a request ended, whatever it was. */
void limits_end(struct limits *limits, struct request *request);

#endif
