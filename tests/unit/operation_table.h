/* operation_table.h - the table of test_operation_core.c: the states of a payment, what can come of
 * a command or an answer, the commands, and which comes of each pair. */
#ifndef UNIT_OPERATION_TABLE_H
#define UNIT_OPERATION_TABLE_H

#include "payment-service/operation.h"

#define CREATED_US INT64_C(1795408200123000)
#define NOW_US INT64_C(1795408201456000)
#define AMOUNT 1000
#define PART 400
#define REFUND 300
#define INTENT 77

/* ---- states ---- */

enum {
	PROCESSING,
	AUTHORIZED,
	CAPTURING, /* the capture of a part is pending */
	VOIDING,
	CAPTURED, /* whole; a refund has failed */
	CAPTURED_PART,
	REFUNDED_PART,
	REFUNDING,     /* a part */
	REFUNDING_ALL, /* and nothing is left */
	REFUNDED,
	FAILED,
	REVERSING, /* it was approved too late */
	REVERSED,
	VOIDED,
	STATE_COUNT
};

#define HOLD .pending = OPERATION_NONE
#define NO_REFUND .refund_status = -1

static const struct {
	int status, pending;
	int64_t pending_minor, captured_minor, refunded_minor, refund_pending_minor;
	int refund_status; /* of the one refund; -1: none */
	int64_t refund_minor;
	bool is_open, is_reversed;
} states[STATE_COUNT] = {
	[PROCESSING] = {PAYMENT_PROCESSING, HOLD, NO_REFUND, .is_open = true},
	[AUTHORIZED] = {PAYMENT_AUTHORIZED, HOLD, NO_REFUND},
	[CAPTURING] = {PAYMENT_AUTHORIZED, OPERATION_CAPTURE, PART, NO_REFUND, .is_open = true},
	[VOIDING] = {PAYMENT_AUTHORIZED, OPERATION_VOID, AMOUNT, NO_REFUND, .is_open = true},
	[CAPTURED] = {PAYMENT_SUCCESS, HOLD, 0, AMOUNT, 0, 0, REFUND_FAILED, REFUND},
	[CAPTURED_PART] = {PAYMENT_SUCCESS, HOLD, 0, PART, NO_REFUND},
	[REFUNDED_PART] = {PAYMENT_SUCCESS, HOLD, 0, AMOUNT, REFUND, 0, REFUND_SUCCESS, REFUND},
	[REFUNDING] = {PAYMENT_SUCCESS, HOLD, 0, AMOUNT, 0, REFUND, REFUND_PROCESSING, REFUND},
	[REFUNDING_ALL] = {PAYMENT_SUCCESS, HOLD, 0, AMOUNT, 0, AMOUNT, REFUND_PROCESSING, AMOUNT},
	[REFUNDED] = {PAYMENT_SUCCESS, HOLD, 0, AMOUNT, AMOUNT, 0, REFUND_SUCCESS, AMOUNT},
	[FAILED] = {PAYMENT_FAILED, HOLD, NO_REFUND},
	[REVERSING] = {PAYMENT_FAILED, HOLD, NO_REFUND, .is_open = true, .is_reversed = true},
	[REVERSED] = {PAYMENT_FAILED, HOLD, NO_REFUND, .is_reversed = true},
	[VOIDED] = {PAYMENT_VOIDED, HOLD, NO_REFUND},
};

/* ---- what comes of it ---- */

/* Amounts that differ by state. */
enum { ALL = -1 /* all that is left */, IT = -2 /* the refund's amount */, NOT_IT = -3 };
#define SOME 100
#define MOST 800
#define KEEP (-1)

enum {
	REPLAYS = 1,
	RESTS = 2, /* on an open outcome */
	NEW = 4,
	CHANGED = 8,
	WITH_REFUND = 16,
	NEW_REFUND = 32 | WITH_REFUND | CHANGED,
	REDACTED = 64,
	CONTRADICTS = 128,
	ASKS = 256,
	ENDS = 512 /* what was open */
};

/* clang-format off */
enum {
	none, /* nothing happens */
	same, /* replayed: it is so already */
	hold, busy, unpd, more, /* refused for now: the state, the pending operation, the order's
	                           open payment, the refunds on their way */
	stat, miss, bad, over, much, key, paid, /* refused: the state, no such refund, bad amount,
	                           above the authorized, above the refundable, needs a key, paid */
	anew, held, fail, unre, /* paid anew; authorized, declined, never sent */
	capt, part, c_op, voi, v_op, /* captured, a part; voided; or asked for */
	c_no, c_un, /* capture or void declined, never sent */
	r_al, r_so, r_mo, r_no, r_op, /* a new refund: all, 1.00, 8.00; declined, asked for */
	it, itno, itun, /* the refund succeeds, is declined, was never sent */
	late, cont, /* approved too late, so reversed; another contradiction */
	back, kept, /* reversed; an operator says that it never will be */
	reda, /* redacted */
	nil, /* cannot be: there is no refund to answer */
	WANT_COUNT
};

static const struct want {
	enum error error, settled;
	int status; /* KEEP, or enum payment_status */
	int flags;
	const char *event_type;
	int64_t captured_minor;             /* 0: as before */
	int64_t refunded_add, pending_add;  /* see ALL */
	int operation;                      /* ASKS */
	struct transfer transfers[3];       /* refunds apart */
} wants[WANT_COUNT] = {
	[none] = {ERR_NONE, 0, KEEP},
	[same] = {ERR_NONE, 0, KEEP, REPLAYS},
	[hold] = {ERR_INVALID_STATE, 0, KEEP, RESTS},
	[busy] = {ERR_REQUEST_IN_PROGRESS, 0, KEEP, RESTS},
	[stat] = {ERR_INVALID_STATE, 0, KEEP},
	[miss] = {ERR_NOT_FOUND, 0, KEEP},
	[bad] = {ERR_INVALID_AMOUNT, 0, KEEP},
	[over] = {ERR_AMOUNT_EXCEEDS_AUTHORIZED, 0, KEEP},
	[much] = {ERR_AMOUNT_EXCEEDS_REFUNDABLE, 0, KEEP},
	[more] = {ERR_AMOUNT_EXCEEDS_REFUNDABLE, 0, KEEP, RESTS},
	[key] = {ERR_IDEMPOTENCY_KEY_REQUIRED, 0, KEEP},

	[paid] = {ERR_ORDER_ALREADY_PAID, 0, KEEP},
	[unpd] = {ERR_ORDER_ALREADY_PAID, 0, KEEP, RESTS},
	[anew] = {ERR_NONE, 0, PAYMENT_AUTHORIZED, NEW, "payment.authorized",
	          .transfers = {{TRANSFER_AUTHORIZE, AMOUNT}}},

	[held] = {ERR_NONE, 0, PAYMENT_AUTHORIZED, CHANGED | ENDS, "payment.authorized",
	          .transfers = {{TRANSFER_AUTHORIZE, AMOUNT}}},
	[fail] = {ERR_NONE, ERR_PAYMENT_DECLINED, PAYMENT_FAILED, CHANGED | ENDS, "payment.failed"},
	[unre] = {ERR_NONE, ERR_PROCESSOR_UNREACHABLE, PAYMENT_FAILED, CHANGED | ENDS,
	          "payment.failed"},
	[capt] = {ERR_NONE, 0, PAYMENT_SUCCESS, CHANGED | ENDS, "payment.captured", AMOUNT,
	          .transfers = {{TRANSFER_AUTHORIZATION_CAPTURED, AMOUNT},
	                        {TRANSFER_CAPTURE, AMOUNT}}},
	[part] = {ERR_NONE, 0, PAYMENT_SUCCESS, CHANGED | ENDS, "payment.captured", PART,
	          .transfers = {{TRANSFER_AUTHORIZATION_CAPTURED, PART},
	                        {TRANSFER_AUTHORIZATION_RELEASED, AMOUNT - PART},
	                        {TRANSFER_CAPTURE, PART}}},
	[c_no] = {ERR_PAYMENT_DECLINED, 0, KEEP, CHANGED | ENDS, "payment.authorized"},
	[c_un] = {ERR_NONE, ERR_PROCESSOR_UNREACHABLE, KEEP, CHANGED | ENDS, "payment.authorized"},
	[c_op] = {ERR_NONE, 0, KEEP, CHANGED | ASKS, "payment.processing",
	          .operation = OPERATION_CAPTURE},
	[voi] = {ERR_NONE, 0, PAYMENT_VOIDED, CHANGED | ENDS, "payment.voided",
	           .transfers = {{TRANSFER_AUTHORIZATION_VOIDED, AMOUNT}}},
	[v_op] = {ERR_NONE, 0, KEEP, CHANGED | ASKS, "payment.processing",
	          .operation = OPERATION_VOID},

	[r_al] = {ERR_NONE, 0, KEEP, NEW_REFUND, "refund.succeeded", .refunded_add = ALL},
	[r_so] = {ERR_NONE, 0, KEEP, NEW_REFUND, "refund.succeeded", .refunded_add = SOME},
	[r_mo] = {ERR_NONE, 0, KEEP, NEW_REFUND, "refund.succeeded", .refunded_add = MOST},
	[r_no] = {ERR_PAYMENT_DECLINED, 0, KEEP, NEW_REFUND, "refund.failed"},
	[r_op] = {ERR_NONE, 0, KEEP, NEW_REFUND | ASKS, "refund.processing", .pending_add = ALL,
	          .operation = OPERATION_REFUND},
	[it] = {ERR_NONE, 0, KEEP, CHANGED | WITH_REFUND | ENDS, "refund.succeeded",
	        .refunded_add = IT, .pending_add = NOT_IT},
	[itno] = {ERR_NONE, ERR_PAYMENT_DECLINED, KEEP, CHANGED | WITH_REFUND | ENDS,
	          "refund.failed", .pending_add = NOT_IT},
	[itun] = {ERR_NONE, ERR_PROCESSOR_UNREACHABLE, KEEP, CHANGED | WITH_REFUND | ENDS,
	          "refund.failed", .pending_add = NOT_IT},

	[late] = {ERR_NONE, 0, KEEP, CHANGED | CONTRADICTS | ASKS, "payment.contradicted",
	          .operation = OPERATION_REVERSE},
	[cont] = {ERR_NONE, 0, KEEP, CHANGED | CONTRADICTS, "payment.contradicted"},
	[back] = {ERR_NONE, 0, KEEP, CHANGED | ENDS, "payment.reversed"},
	[kept] = {ERR_NONE, 0, KEEP, CHANGED | ENDS, "payment.contradicted"},
	[reda] = {ERR_NONE, 0, KEEP, CHANGED | REDACTED, "payment.redacted"},
};

/* clang-format on */

/* ---- commands, and the table of both ---- */

#define A VERDICT_APPROVED
#define D VERDICT_DECLINED
#define U VERDICT_UNREACHABLE
#define O VERDICT_OPEN

#define ANY ((struct decimal){.digits = -1})
#define USD(digits, decimals) ((struct decimal){digits, decimals})
#define WITH_KEY true
#define REFUND_NAMED true

#define PAY NULL, OPERATION_COUNT, ANY
#define SAY(operation) operation_decide_answer, OPERATION_##operation, ANY
#define ASK(command) operation_decide_##command, OPERATION_COUNT

/* clang-format off */
static const struct {
	const char *what;
	operation_decide_fn *decide; /* NULL: POST /pay */
	enum operation operation;    /* of an answer */
	struct decimal amount;
	enum verdict verdict;
	bool flag; /* WITH_KEY, REFUND_NAMED */
	unsigned char want[STATE_COUNT];
} commands[] = {
/*	 PROC  AUTH  CAP_G VD_G  CAPT  C_PRT R_PRT R_ING R_ALL REFD  FAIL  REV_G REV   VOID */
{"the same pay", PAY, A, false,
	{same, same, same, same, same, same, paid, paid, paid, paid, anew, anew, anew, anew}},
{"pay with a key", PAY, A, WITH_KEY,
	{unpd, paid, unpd, unpd, paid, paid, paid, paid, paid, paid, anew, anew, anew, anew}},

{"capture", ASK(capture), ANY, A, false,
	{hold, capt, busy, busy, same, same, same, same, same, same, stat, stat, stat, stat}},
{"capture all", ASK(capture), USD(10, 0), A, false,
	{hold, capt, busy, busy, same, stat, same, same, same, same, stat, stat, stat, stat}},
{"capture a part", ASK(capture), USD(4, 0), A, false,
	{hold, part, busy, busy, stat, same, stat, stat, stat, stat, stat, stat, stat, stat}},
{"..., declined", ASK(capture), USD(4, 0), D, false,
	{hold, c_no, busy, busy, stat, same, stat, stat, stat, stat, stat, stat, stat, stat}},
{"..., open", ASK(capture), USD(4, 0), O, false,
	{hold, c_op, busy, busy, stat, same, stat, stat, stat, stat, stat, stat, stat, stat}},
{"capture more", ASK(capture), USD(1001, 2), A, false,
	{hold, over, busy, busy, stat, stat, stat, stat, stat, stat, stat, stat, stat, stat}},
{"capture 10.001", ASK(capture), USD(10001, 3), A, false,
	{bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad}},

{"void", ASK(void), ANY, A, false,
	{hold, voi,  busy, busy, stat, stat, stat, stat, stat, stat, stat, stat, stat, same}},
{"..., declined", ASK(void), ANY, D, false,
	{hold, c_no, busy, busy, stat, stat, stat, stat, stat, stat, stat, stat, stat, same}},
{"..., open", ASK(void), ANY, O, false,
	{hold, v_op, busy, busy, stat, stat, stat, stat, stat, stat, stat, stat, stat, same}},

{"refund", ASK(refund), ANY, A, false,
	{hold, stat, busy, busy, r_al, r_al, r_al, r_al, more, much, stat, stat, stat, stat}},
{"..., declined", ASK(refund), ANY, D, false,
	{hold, stat, busy, busy, r_no, r_no, r_no, r_no, more, much, stat, stat, stat, stat}},
{"..., open", ASK(refund), ANY, O, false,
	{hold, stat, busy, busy, r_op, r_op, r_op, r_op, more, much, stat, stat, stat, stat}},
{"refund 1.00", ASK(refund), USD(1, 0), A, WITH_KEY,
	{hold, stat, busy, busy, r_so, r_so, r_so, r_so, more, much, stat, stat, stat, stat}},
{"..., no key", ASK(refund), USD(1, 0), A, false,
	{hold, stat, busy, busy, key,  key,  key,  key,  more, much, stat, stat, stat, stat}},
{"refund 8.00", ASK(refund), USD(8, 0), A, WITH_KEY,
	{hold, stat, busy, busy, r_mo, much, much, more, more, much, stat, stat, stat, stat}},
{"refund 10.01", ASK(refund), USD(1001, 2), A, WITH_KEY,
	{hold, stat, busy, busy, much, much, much, much, much, much, stat, stat, stat, stat}},
{"refund 1.001", ASK(refund), USD(1001, 3), A, WITH_KEY,
	{bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad,  bad}},

{"sync", ASK(sync), ANY, A, false,
	{none, none, none, none, none, none, none, none, none, none, none, none, none, none}},
{"redact", ASK(redact), ANY, A, false,
	{reda, reda, reda, reda, reda, reda, reda, reda, reda, reda, reda, reda, reda, reda}},
{"resolve approved", ASK(resolve), ANY, A, false,
	{held, stat, part, voi,  stat, stat, stat, stat, stat, stat, stat, back, stat, stat}},
{"resolve declined", ASK(resolve), ANY, D, false,
	{fail, stat, c_no, c_no, stat, stat, stat, stat, stat, stat, stat, kept, stat, stat}},
{"resolve refund", ASK(resolve), ANY, A, REFUND_NAMED,
	{miss, miss, miss, miss, stat, miss, stat, it,   it,   stat, miss, miss, miss, miss}},
{"..., declined", ASK(resolve), ANY, D, REFUND_NAMED,
	{miss, miss, miss, miss, stat, miss, stat, itno, itno, stat, miss, miss, miss, miss}},

{"authorize approved", SAY(AUTHORIZE), A, false,
	{held, none, none, none, none, none, none, none, none, none, late, none, none, none}},
{"..., declined", SAY(AUTHORIZE), D, false,
	{fail, cont, cont, cont, cont, cont, cont, cont, cont, cont, none, none, none, cont}},
{"..., never sent", SAY(AUTHORIZE), U, false,
	{unre, cont, cont, cont, cont, cont, cont, cont, cont, cont, none, none, none, cont}},
{"capture approved", SAY(CAPTURE), A, false,
	{cont, cont, part, cont, none, none, none, none, none, none, cont, cont, cont, cont}},
{"..., declined", SAY(CAPTURE), D, false,
	{none, none, c_no, none, cont, cont, cont, cont, cont, cont, none, none, none, none}},
{"..., never sent", SAY(CAPTURE), U, false,
	{none, none, c_un, none, cont, cont, cont, cont, cont, cont, none, none, none, none}},
{"void approved", SAY(VOID), A, false,
	{cont, cont, cont, voi,  cont, cont, cont, cont, cont, cont, cont, cont, cont, none}},
{"..., declined", SAY(VOID), D, false,
	{none, none, none, c_no, none, none, none, none, none, none, none, none, none, cont}},
{"..., never sent", SAY(VOID), U, false,
	{none, none, none, c_un, none, none, none, none, none, none, none, none, none, cont}},
{"refund approved", SAY(REFUND), A, REFUND_NAMED,
	{nil,  nil,  nil,  nil,  cont, nil,  none, it,   it,   none, nil,  nil,  nil,  nil}},
{"..., declined", SAY(REFUND), D, REFUND_NAMED,
	{nil,  nil,  nil,  nil,  none, nil,  cont, itno, itno, cont, nil,  nil,  nil,  nil}},
{"..., never sent", SAY(REFUND), U, REFUND_NAMED,
	{nil,  nil,  nil,  nil,  none, nil,  cont, itun, itun, cont, nil,  nil,  nil,  nil}},
{"reverse approved", SAY(REVERSE), A, false,
	{none, none, none, none, none, none, none, none, none, none, none, back, none, none}},
{"..., declined", SAY(REVERSE), D, false,
	{none, none, none, none, none, none, none, none, none, none, none, none, none, none}},
{"..., never sent", SAY(REVERSE), U, false,
	{none, none, none, none, none, none, none, none, none, none, none, none, none, none}},
};
/* clang-format on */

#endif
