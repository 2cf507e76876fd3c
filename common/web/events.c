/* events.c - GET /events: the journal's own lines, as JSON with each line's hash, or as NDJSON
 * exactly as stored. The latter also tells which event of the peer had taken effect here by then:
 * a peer that does not have that event any more was put back. */
#include "storage/peer.h"
#include "web/pages.h"

#include <stdio.h>
#include <string.h>

#define EVENTS_PAGE_BYTES_MAX (1024 * 1024)
#define TYPES_BYTES_MAX 1024
#define NDJSON "application/x-ndjson"

const struct field events_query[] = {
	FIELD_INTEGER("after", struct events_input, after, FIELD_OPTIONAL, 0, INT64_MAX, 0,
                      "The last seq that is known."),
	FIELD_INTEGER("limit", struct events_input, limit, FIELD_OPTIONAL, 1, 1000, 500,
                      "Events examined at most."),
	FIELD_INTEGER("wait", struct events_input, wait_s, FIELD_OPTIONAL, 0, 60, 0,
                      "Seconds to wait for a new event."),
	FIELD_TEXT("types", struct events_input, types, FIELD_OPTIONAL, 1, TYPES_BYTES_MAX,
                   "Types to show, comma-separated."),
	FIELD_END,
};

struct page {
	struct request *request;
	const struct events_input *input;
	bool is_ndjson;
	bool ended; /* the size is reached; further rows are left for the next page */
	int64_t next;
};

static bool is_wanted(struct text types, struct text type)
{
	if (types.ptr == NULL)
		return true;
	while (types.len > 0) {
		const char *comma = memchr(types.ptr, ',', types.len);
		struct text one = {types.ptr,
		                   comma == NULL ? types.len : (size_t)(comma - types.ptr)};

		if (text_equal(one, type))
			return true;
		types.ptr += one.len + (comma != NULL);
		types.len -= one.len + (comma != NULL);
	}
	return false;
}

static void add_event(void *arg, const struct db_row *row)
{
	struct page *page = arg;
	struct buf *out = &page->request->job.answer.body;
	struct text line = db_text(row, 1);

	if (page->ended)
		return;
	page->next = db_int(row, 0);
	if (is_wanted(page->input->types, journal_line_member(line, "type"))) {
		if (page->is_ndjson) {
			buf_add_text(out, line);
			buf_add_char(out, '\n');
		} else {
			journal_line_render(line, out);
		}
	}
	page->ended = out->len >= EVENTS_PAGE_BYTES_MAX;
}

bool events_waits(struct request *request)
{
	const struct api_settings *settings = api_settings(request->api);
	const struct events_input *input = request->input;
	int64_t now_us = env_monotonic_us(settings->env);

	if (request->wait_until_us == 0)
		request->wait_until_us = now_us + input->wait_s * US_PER_S;
	return input->after == engine_head_seq(settings->engine) &&
	       now_us < request->wait_until_us && !api_is_draining(request->api);
}

static void tell_seen(struct request *request, const struct peer_place *place)
{
	char hash[HASH_HEX_SIZE];

	hash_to_hex(&place->hash, hash);
	if (place->seq > 0)
		(void)snprintf(request->events_seen, sizeof(request->events_seen), "%s %lld %s",
		               place->source, (long long)place->seq, hash);
}

static void finish(struct page *page, int64_t head, const struct peer_place *place)
{
	struct request *request = page->request;
	struct buf *out = &request->job.answer.body;

	if (page->is_ndjson) {
		request->media_type = NDJSON;
		(void)snprintf(request->events_next, sizeof(request->events_next), "%lld",
		               (long long)page->next);
		(void)snprintf(request->events_head, sizeof(request->events_head), "%lld",
		               (long long)head);
		tell_seen(request, place);
		return;
	}
	json_close(out, ']');
	json_member_int(out, "next", page->next);
	json_member_int(out, "head", head);
	json_close(out, '}');
}

enum error events_run(struct request *request, struct db *db)
{
	const struct events_input *input = request->input;
	struct page page = {.request = request, .input = input, .next = input->after};
	struct buf *out = &request->job.answer.body;
	struct journal_head head;
	struct peer_place place;

	out->bytes_max = BODY_LIST_BYTES_MAX;
	page.is_ndjson =
		request_wants(request, NDJSON) > request_wants(request, "application/json");
	if (!page.is_ndjson) {
		json_open(out, '{');
		json_key(out, "events");
		json_open(out, '[');
	}
	/* The head is read last, so that it is never behind what the page holds, nor is the place
	 * behind what its events came of. */
	if (journal_read(db, input->after, input->limit, add_event, &page) != DB_OK ||
	    journal_read_head(db, &head) != DB_OK || peer_read(db, &place) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	if (input->after > head.seq)
		page.next = head.seq;
	finish(&page, head.seq, &place);
	return ERR_NONE;
}
