/* fake_peer.h - the other service as a test wants it: GET /events of a journal that the test
 * writes, over real HTTP, with faults on demand. */
#ifndef UNIT_FAKE_PEER_H
#define UNIT_FAKE_PEER_H

#include "storage/journal.h"
#include "unit/unit.h"

#define FAKE_LINES_MAX 200000

enum fake_fault {
	FAKE_NONE,
	FAKE_ERROR,   /* 500 */
	FAKE_NO_HEAD, /* 200 without Events-Head */
	FAKE_CUT,     /* the connection ends in the middle of the body */
	FAKE_HALF,    /* a whole answer that ends in the middle of a line */
	FAKE_HUGE,    /* a body without end */
	FAKE_OTHER,   /* a whole answer, to another request */
};

/* Starts it, with an empty journal. Its url is fake_url(). */
void fake_open(void);
void fake_close(void);
const char *fake_url(void);
/* While it is away, its connections are refused. */
void fake_leave(void);
void fake_return(void);

void fake_set_source(const char *name);
/* Adds an event; cause (NULL: none) becomes the last member of data. Returns its seq. */
int64_t fake_add(const char *type, const struct cause *cause);
/* Puts a line there that is not behind the one before it. */
void fake_add_line(const char *line);
/* Its journal ends with this event again, and goes on otherwise from there. */
void fake_go_back(int64_t seq);
struct hash fake_hash(int64_t seq);
void fake_set_fault(enum fake_fault as);
/* How often it was asked. */
int64_t fake_asked(void);

#endif
