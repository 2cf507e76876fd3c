/* intent.h - what the processor has been asked, or is about to be, and has not answered: stored
 * before the first byte is sent, gone when it is settled. */
#ifndef PAYMENT_INTENT_H
#define PAYMENT_INTENT_H

#include "payment.h"
#include "storage/db.h"

#define INTENT_REQUEST_ID_MAX 128
#define INTENT_TRACEPARENT_MAX 64

struct intent {
	int64_t intent_key; /* the seq of the event that told of it */
	int64_t payment_key;
	int64_t refund_key; /* 0: none */
	enum operation operation;
	char reference[ID_SIZE]; /* our id of it, each attempt's own: under it the processor does
	                            what is asked at most once */
	bool is_called;
	char request_id[INTENT_REQUEST_ID_MAX + 1];
	char traceparent[INTENT_TRACEPARENT_MAX + 1]; /* "": none */
	int64_t created_us;
	/* Of its payment and refund, for the processor. */
	char payment_id[ID_SIZE], refund_id[ID_SIZE];
	const struct currency *currency;
	int64_t amount_minor;
	int capture;
	char payment_method[4 * PAYMENT_METHOD_MAX + 1]; /* "": left out */
};

/* Of the call that wanted it; TEXT_NONE: it had none. Borrowed from the intent. */
static inline struct text intent_traceparent(const struct intent *intent)
{
	return intent->traceparent[0] == '\0' ? TEXT_NONE : text_of(intent->traceparent);
}

/* It is due at once, at created_us. */
void intent_write_new(struct db *db, int64_t intent_key, int64_t payment_key, int64_t refund_key,
                      enum operation operation, const char *reference, struct text request_id,
                      struct text traceparent, int64_t created_us);
void intent_write_end(struct db *db, int64_t intent_key);
/* The call was made, or it was asked for, without an answer; next_us INT64_MAX: it is stuck. */
void intent_write_asked(struct db *db, int64_t intent_key, int64_t next_us);
/* All of a payment become due at once, stuck ones too. */
void intent_write_due(struct db *db, int64_t payment_key, int64_t now_us);

/* Reads a row of the sends below. */
void intent_from_row(const struct db_row *row, struct intent *ret_intent);
/* Those that are due, the longest due first. */
void intent_send_due(struct db *db, int64_t now_us, int64_t count, db_row_fn *row, void *arg);
/* One row of one column: the highest intent_key of a payment, or NULL. */
void intent_send_open(struct db *db, struct text payment_id, db_row_fn *row, void *arg);
/* One row: when the next one becomes due (NULL: none), how many payments and how many refunds are
 * stuck. */
void intent_send_state(struct db *db, db_row_fn *row, void *arg);

#endif
