/* intake.h - a request as it comes in: header, parts of the body, end; and what is to be done at
 * each step. Calls the application, knows neither sockets nor libmicrohttpd. One thread. */
#ifndef WEB_INTAKE_H
#define WEB_INTAKE_H

#include "base/buf.h"
#include "web/http.h"

/* More than any call of ours takes, and few enough for libmicrohttpd's connection memory. */
#define QUERY_PARAMETERS_MAX 32

enum intake_step {
	INTAKE_READ,   /* more of the request is to come */
	INTAKE_ANSWER, /* x.answer is set */
	INTAKE_WAIT,   /* until http_resume, then intake_whole again */
	INTAKE_HOLD,   /* for a while, then intake_whole again */
	INTAKE_TELL,   /* x.answer is set, and what is still to come is read */
	INTAKE_REFUSE, /* in mid-body; x.answer is set */
	INTAKE_ABORT,  /* no memory, or all is told: close without a word */
};

struct intake {
	struct http_exchange x;
	const struct http_app *app;
	bool is_known;    /* to the application */
	bool is_answered; /* head() has set the answer */
	bool is_whole;
	bool was_put_off; /* its end, for a turn (http.c) */
	bool was_held;
	bool was_told; /* before its body */
	bool has_too_many_headers;
	size_t discarded_bytes;
	struct buf body;
	const char *target_at;       /* where the target was read; x.target is a copy */
	struct http_header *headers; /* those of x; NULL before intake_expect_headers */
	size_t headers_room;
	char target[];
};

/* The request line was read. NULL: no memory. */
struct intake *intake_new(const struct http_app *app, const char *target, int64_t now_us);
/* Tells the application that it ended, if it knows it. */
void intake_free(struct intake *in);

/* Makes a problem the answer, whatever it was before, and makes it close the connection. detail
 * NULL: the error's own sentence. */
void intake_problem(struct intake *in, enum error error, const char *detail);

/* Before anything else: INTAKE_REFUSE where libmicrohttpd, which splits the query up next, would
 * run out of memory over it. */
enum intake_step intake_target(struct intake *in);

/* Makes room for so many headers, at most HTTP_HEADERS_MAX; false: no memory. */
must_use bool intake_expect_headers(struct intake *in, size_t count);
/* One of them, borrowed; false when there are too many. */
bool intake_header(struct intake *in, struct text name, struct text value);
/* After the last header; header_bytes from the method to the empty line. Texts are borrowed. */
enum intake_step intake_head(struct intake *in, const char *method, const char *version,
                             size_t header_bytes);
enum intake_step intake_body(struct intake *in, const char *bytes, size_t count);
/* The body is whole, or the exchange was resumed. */
enum intake_step intake_whole(struct intake *in);

#endif
