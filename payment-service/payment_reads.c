/* payment_reads.c - the table of endpoints that read refunds, timelines and the ledger; the runs of
 * the first two. The ledger's: ledger_reads.c. */
#include "payment_reads.h"

#include "base/time_text.h"
#include "ledger.h"
#include "payment_api.h"
#include "payment_fields.h"
#include "storage/journal.h"

#include <stdio.h>

/* A payment's events are at most some hundreds (three of each refund), of less than 1 KiB each;
 * only what operators do can add more of them. */
#define TIMELINE_BYTES_MAX (8 * 1024 * 1024)

int64_t list_key(const struct list *list)
{
	int64_t key;
	bool is_number = text_to_int(text_of(list->position), INT64_MAX, &key);

	ensure(is_number); /* a cursor that we made ourselves */
	return key;
}

void list_key_position(int64_t key, char position[LIST_POSITION_SIZE])
{
	(void)snprintf(position, LIST_POSITION_SIZE, "%lld", (long long)key);
}

static void take_key(void *arg, const struct db_row *row)
{
	int64_t *key = arg;

	*key = db_int(row, 0);
}

enum db_result payment_find_key(struct db *db, struct text payment_id, int64_t *ret_key)
{
	*ret_key = 0;
	payment_send_by_id(db, payment_id, take_key, ret_key);
	return db_flush(db);
}

/* ---- GET /payments/{payment_id}/refunds ---- */

struct refunds_input {
	int64_t limit;
	struct text after;
	int64_t payment_key; /* that the path names */
};

#define I struct refunds_input
#define FILTERS (&refunds_query[2])

static const struct field refunds_query[] = {
	FIELD_INTEGER("limit", I, limit, FIELD_OPTIONAL, 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT,
                      "Refunds a page."),
	FIELD_CURSOR("after", I, after, "The value of next of the page before."),
	FIELD_END,
};

static void refunds_send(const struct list *list, struct db *db, int64_t count)
{
	const struct refunds_input *input = list->filters;

	refund_send_of_payment(db, input->payment_key, list_key(list), count, list_row,
	                       (void *)(uintptr_t)list);
}

static enum list_verdict refunds_row(const struct list *list, const struct db_row *row,
                                     char position[LIST_POSITION_SIZE], struct buf *out)
{
	struct refund refund;
	bool is_whole = refund_from_row(row, &refund);

	(void)list;
	list_key_position(refund.refund_key, position);
	if (!is_whole)
		return LIST_SKIP;
	field_render(refund_fields, &refund, out);
	return LIST_SHOW;
}

static const struct list_kind refunds_list = {
	.newest = LIST_NEWEST_KEY, .send = refunds_send, .row = refunds_row};

static enum error refunds_run(struct request *request, struct db *db)
{
	struct refunds_input *input = request->input;

	if (payment_find_key(db, text_of(request->path_id), &input->payment_key) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	if (input->payment_key == 0)
		return ERR_NOT_FOUND;
	return list_run(&refunds_list, request, db, FILTERS, input->limit, input->after);
}

/* ---- GET /refunds/{refund_id} ---- */

static bool is_refund_id(struct text id)
{
	return id_is_valid("ref_", id);
}

static void render_refund(void *arg, const struct db_row *row)
{
	struct request *request = arg;
	struct refund refund;

	if (!refund_from_row(row, &refund))
		return; /* only a damaged row is not whole: the audit names it */
	field_render(refund_fields, &refund, &request->job.answer.body);
	request->job.answer.status = 200;
}

static enum error refund_run(struct request *request, struct db *db)
{
	refund_send_by_id(db, text_of(request->path_id), render_refund, request);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return request->job.answer.status == 200 ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- GET /payments/{payment_id}/timeline ---- */

struct timeline {
	struct buf *out;
	struct text payment_id;
	int64_t seq; /* of the event shown last */
};

static void open_entry(struct buf *out, const char *type, struct text at)
{
	json_open(out, '{');
	json_member_str(out, "type", type);
	json_member_string(out, "at", at);
	json_key(out, type);
}

/* A row for each transfer of an event; the event comes with the first. */
static void timeline_row(void *arg, const struct db_row *row)
{
	struct timeline *timeline = arg;
	struct text line = db_text(row, LEDGER_LINE_COLUMN);
	int64_t seq = db_int(row, LEDGER_SEQ_COLUMN);
	struct transfer_row transfer;
	char at[TIME_TEXT_SIZE];

	if (!text_equal(journal_line_member(line, "payment_id"), timeline->payment_id))
		return; /* of another payment of the order */
	if (seq != timeline->seq) {
		timeline->seq = seq;
		open_entry(timeline->out, "event", journal_line_member(line, "time"));
		journal_line_render(line, timeline->out);
		json_close(timeline->out, '}');
	}
	if (db_is_null(row, 0) || !transfer_from_row(row, &transfer))
		return;
	time_render(transfer.created_us, at);
	open_entry(timeline->out, "transfer", text_of(at));
	field_render(transfer_fields, &transfer, timeline->out);
	json_close(timeline->out, '}');
}

static enum error timeline_run(struct request *request, struct db *db)
{
	struct buf *out = &request->job.answer.body;
	struct timeline timeline = {.out = out, .payment_id = text_of(request->path_id)};
	int64_t payment_key;

	if (payment_find_key(db, timeline.payment_id, &payment_key) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	if (payment_key == 0)
		return ERR_NOT_FOUND;
	out->bytes_max = TIMELINE_BYTES_MAX;
	json_open(out, '{');
	json_key(out, "data");
	json_open(out, '[');
	ledger_send_timeline(db, payment_key, timeline_row, &timeline);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	json_close(out, ']');
	json_close(out, '}');
	return ERR_NONE;
}

const struct endpoint payment_read_endpoints[] = {
	{.method = "GET",
         .path = "/payments/{payment_id}/refunds",
         .scope = "payments:read",
         .summary = "A payment's refunds, newest first.",
         .kind = ENDPOINT_SCAN,
         .query = refunds_query,
         .answer = refund_fields,
         .answer_is_list = true,
         .input_size = sizeof(struct refunds_input),
         .path_id_is_valid = is_payment_id,
         .run = refunds_run,
         .errors = {ERR_INVALID_CURSOR, ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/refunds/{refund_id}",
         .scope = "payments:read",
         .summary = "One refund.",
         .kind = ENDPOINT_READ,
         .answer = refund_fields,
         .path_id_is_valid = is_refund_id,
         .run = refund_run,
         .errors = {ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/payments/{payment_id}/timeline",
         .scope = "payments:read",
         .summary = "A payment's events and ledger transfers, oldest first.",
         .kind = ENDPOINT_SCAN,
         .path_id_is_valid = is_payment_id,
         .run = timeline_run,
         .errors = {ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/ledger/accounts",
         .scope = "ledger:read",
         .summary = "Debits, credits and balance of each account and currency, and the trial "
                    "balance, whose differences are 0.",
         .kind = ENDPOINT_SCAN,
         .run = accounts_run},
	{.method = "GET",
         .path = "/ledger/transfers",
         .scope = "ledger:read",
         .summary = "Transfers, newest first.",
         .kind = ENDPOINT_SCAN,
         .query = transfers_query,
         .answer = transfer_fields,
         .answer_is_list = true,
         .input_size = sizeof(struct transfers_input),
         .run = transfers_run,
         .errors = {ERR_INVALID_CURSOR}},
	{0},
};
