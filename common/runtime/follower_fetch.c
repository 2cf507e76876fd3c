/* follower_fetch.c - the long poll that brings pages, the probe that tells the head, and what to
 * make of their failure. */
#include "runtime/follower_parts.h"

#include "runtime/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_LINES_MAX 1000
#define PAGE_WAIT_S 30
#define PAGE_TIMEOUT_US ((PAGE_WAIT_S + 15) * US_PER_S)
#define HEAD_TIMEOUT_US (2 * US_PER_S)
#define SEQ_MAX INT64_C(9007199254740991) /* beyond every head */
#define BROKEN_US (10 * US_PER_S)         /* between two looks at a journal that is not followed */
#define EMPTY_US (100 * US_PER_MS)        /* after a poll that the peer did not hold */

/* ---- when something is not as expected ---- */

/* Pages whose events are under way stay until those came back. */
void follower_start_over(struct follower *follower, int64_t delay_us)
{
	follower->must_read_place = true;
	follower->poll_us = follower->now_us + delay_us;
	fetch_end(follower->poll);
	for (; follower->reading != NULL; follower->reading = follower->reading->next)
		follower->reading->is_queued = false;
	follower->last = NULL;
}

void follower_note_broken(struct follower *follower, const char *why, int64_t seq)
{
	atomic_store(&follower_broken, 1); /* who reads the log finds it */
	if (!atomic_exchange(&follower->broken, true))
		log_error("peer_journal_broken", L_STR("why", why), L_INT("seq", seq),
		          L_STR("source", follower->place.source),
		          L_INT("followed_to", follower->place.seq),
		          L_STR("next", "compare the two services, then POST /peer/accept"));
	follower_start_over(follower, BROKEN_US);
}

void follower_note_followed(struct follower *follower)
{
	atomic_store(&follower_broken, 0);
	if (atomic_exchange(&follower->broken, false))
		log_info("peer_journal_followed", L_INT("seq", follower->place.seq));
}

/* Twice the last time, somewhere in its upper half, so that many do not come at once. */
static void back_off(struct follower *follower)
{
	int64_t us = follower->backoff_us * 2;
	uint16_t chance;

	us = us < RETRY_US_MIN ? RETRY_US_MIN : us > RETRY_US_MAX ? RETRY_US_MAX : us;
	env_random(follower->env, &chance, sizeof(chance));
	follower->backoff_us = us;
	follower->poll_us = follower->now_us + us / 2 + us / 2 * chance / UINT16_MAX;
}

static void note_away(struct follower *follower, const char *why, int status)
{
	atomic_fetch_add(&follower_reconnects, 1);
	if (!atomic_exchange(&follower->away, true))
		log_warn("peer_away", L_STR("url", follower->options.url), L_STR("why", why),
		         L_INT("status", status));
	follower->must_check_place = true;
	fetch_end(follower->poll);
	back_off(follower);
}

static void note_here(struct follower *follower)
{
	if (atomic_exchange(&follower->away, false))
		log_info("peer_back", L_STR("url", follower->options.url));
	follower->backoff_us = 0;
}

/* ---- what is to come ---- */

static bool begin(struct follower *follower, struct fetch *fetch, int64_t after, int64_t limit,
                  int64_t wait_s, int64_t timeout_us)
{
	char url[FETCH_URL_MAX + 128];
	size_t len = strlen(follower->options.url);

	while (len > 0 && follower->options.url[len - 1] == '/')
		len--;
	(void)snprintf(url, sizeof(url),
	               "%.*s/events?after=%" PRId64 "&limit=%" PRId64 "&wait=%" PRId64, (int)len,
	               follower->options.url, after, limit, wait_s);
	return fetch_begin(fetch, url, timeout_us);
}

static struct peer_page *free_page(struct follower *follower)
{
	for (size_t i = 0; i < PAGES; i++)
		if (!follower->pages[i].is_queued && follower->pages[i].items_count == 0)
			return &follower->pages[i];
	return NULL;
}

/* Without waiting where the head is unknown, and where a line is checked that must be there: a
 * journal that went back would be held until it has grown. */
static void begin_poll(struct follower *follower)
{
	bool checks = follower->must_check_place && follower->fetched_seq > 0;
	bool is_begun;

	if (follower->purpose == FOR_ACCEPTED)
		is_begun = begin(follower, follower->poll, follower->place.accepted_seq - 1, 1, 0,
		                 PAGE_TIMEOUT_US);
	else
		is_begun = begin(follower, follower->poll, follower->fetched_seq - (checks ? 1 : 0),
		                 PAGE_LINES_MAX, follower->head < 0 || checks ? 0 : PAGE_WAIT_S,
		                 PAGE_TIMEOUT_US);
	follower->polls_check = checks;
	if (!is_begun)
		note_away(follower, "there is not enough memory", 0);
}

static bool is_due(const struct follower *follower)
{
	return fetch_state(follower->poll) == FETCH_IDLE && !follower->must_read_place &&
	       follower->now_us >= follower->poll_us;
}

static void begin_probe(struct follower *follower)
{
	int64_t wanted = atomic_load(&follower->wanted_ticket);

	if (fetch_state(follower->probe) != FETCH_IDLE || follower->was_probed ||
	    wanted == follower->asked_ticket || follower->now_us < follower->probe_us)
		return;
	if (begin(follower, follower->probe, SEQ_MAX, 1, 0, HEAD_TIMEOUT_US))
		follower->probing_ticket = wanted;
}

void follower_fetch(struct follower *follower)
{
	static const struct peer_command from_start = {.place = {.accepted_seq = 0}};

	begin_probe(follower);
	if (!is_due(follower))
		return;
	if (follower->purpose == FOR_ACCEPTED && follower->place.accepted_seq == 0) {
		if (follower_submit_own(follower, &peer_place_kind, &from_start))
			follower_start_over(follower, 0);
	} else if (follower->purpose == FOR_ACCEPTED || free_page(follower) != NULL) {
		begin_poll(follower);
	}
}

/* ---- what came ---- */

/* Whether there is an answer to go on with; else the peer counts as away. */
static bool take_answer(struct follower *follower, int64_t *ret_head)
{
	const struct fetch *fetch = follower->poll;

	if (fetch_state(fetch) == FETCH_FAILED)
		note_away(follower, fetch_why(fetch), 0);
	else if (fetch_status(fetch) != 200)
		note_away(follower, "it does not answer with its journal", fetch_status(fetch));
	else if (!fetch_number(fetch, "Events-Head", SEQ_MAX, ret_head))
		note_away(follower, "it does not tell its head", 200);
	else
		return true;
	return false;
}

/* "SOURCE SEQ HASH", of an event of ours; what is not that tells nothing. */
static bool read_seen(struct text text, struct cause *ret_seen)
{
	const char *end, *seq, *hash;

	if (text.ptr == NULL)
		return false;
	end = text.ptr + text.len;
	if ((seq = memchr(text.ptr, ' ', text.len)) == NULL ||
	    (hash = memchr(seq + 1, ' ', (size_t)(end - seq - 1))) == NULL ||
	    seq - text.ptr >= JOURNAL_SOURCE_SIZE)
		return false;
	text_copy((struct text){text.ptr, (size_t)(seq - text.ptr)}, ret_seen->source,
	          JOURNAL_SOURCE_SIZE);
	return text_to_int((struct text){seq + 1, (size_t)(hash - seq - 1)}, SEQ_MAX,
	                   &ret_seen->seq) &&
	       ret_seen->seq > 0 &&
	       hash_from_hex((struct text){hash + 1, (size_t)(end - hash - 1)}, &ret_seen->hash);
}

/* What the peer tells that it knows of our journal. */
static void take_seen(struct follower *follower)
{
	struct cause seen;

	if (read_seen(fetch_text(follower->poll, "Events-Seen"), &seen) &&
	    !follower_check_seen(follower, &seen))
		follower_start_over(follower, RETRY_US_MIN);
}

/* The line that an operator accepted becomes the place. */
static void take_accepted(struct follower *follower, struct text text)
{
	struct peer_command command = {.place.accepted_seq = follower->place.accepted_seq};
	struct peer_place *place = &command.place;
	struct peer_line line;
	const char *end = memchr(text.ptr, '\n', text.len);

	if (end != NULL)
		text.len = (size_t)(end - text.ptr);
	if (peer_line_read(text, &line) != NULL || line.self.seq != place->accepted_seq) {
		follower_note_broken(follower, "the event that was accepted is not there",
		                     place->accepted_seq);
	} else {
		text_copy(text_of(line.self.source), place->source, sizeof(place->source));
		place->seq = line.self.seq;
		place->hash = line.self.hash;
		if (follower_submit_own(follower, &peer_place_kind, &command))
			follower_start_over(follower, 0);
	}
	peer_line_release(&line);
}

static int64_t count_lines(struct text text)
{
	int64_t count = 0;

	for (const char *at = text.ptr, *end = text.ptr + text.len; at < end; count++)
		at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
	return count;
}

static void queue_page(struct follower *follower, struct peer_page *page)
{
	page->at = 0;
	page->begins_at_place = follower->polls_check;
	page->is_queued = true;
	page->next = NULL;
	if (follower->reading == NULL)
		follower->reading = page;
	else
		follower->last->next = page;
	follower->last = page;
	follower->fetched_seq +=
		count_lines(buf_text(&page->text)) - (page->begins_at_place ? 1 : 0);
}

static void take_page(struct follower *follower)
{
	struct peer_page *page = free_page(follower);
	struct text text;

	ensure(page != NULL);
	fetch_swap_body(follower->poll, &page->text);
	text = buf_text(&page->text);
	if (follower->head < follower->fetched_seq) {
		follower_note_broken(follower, "it ends before what was followed", follower->head);
	} else if ((text.len > 0 && text.ptr[text.len - 1] != '\n') ||
	           (text.len == 0 && follower->polls_check)) {
		note_away(follower, "its answer is cut", 200);
	} else {
		/* It may be another process, or about to stop. */
		follower->must_check_place =
			!follower->polls_check &&
			(text.len == 0 || fetch_connected_anew(follower->poll));
		if (text.len == 0) {
			follower->poll_us = follower->now_us + EMPTY_US;
			follower_note_followed(follower);
			return;
		}
		queue_page(follower, page);
	}
}

static void take_poll(struct follower *follower)
{
	enum fetch_state state = fetch_state(follower->poll);

	if (state == FETCH_IDLE || state == FETCH_UNDER_WAY)
		return;
	if (take_answer(follower, &follower->head)) {
		note_here(follower);
		atomic_store(&follower->told_head, follower->head);
		take_seen(follower);
		if (fetch_state(follower->poll) == FETCH_IDLE)
			return; /* what came is asked for again */
		if (follower->purpose == FOR_PAGE) {
			take_page(follower);
		} else {
			struct buf text AUTO_BUF;

			buf_init(&text, PAGE_BYTES_MAX);
			fetch_swap_body(follower->poll, &text);
			take_accepted(follower, buf_text(&text));
		}
	}
	fetch_end(follower->poll);
}

static void take_probe(struct follower *follower)
{
	struct fetch *probe = follower->probe;
	enum fetch_state state = fetch_state(probe);

	if (state == FETCH_IDLE || state == FETCH_UNDER_WAY)
		return;
	if (state == FETCH_DONE && fetch_status(probe) == 200 &&
	    fetch_number(probe, "Events-Head", SEQ_MAX, &follower->probed_head)) {
		follower->asked_ticket = follower->probing_ticket;
		follower->was_probed = true;
		if (follower->head >= 0 && follower->head < follower->probed_head)
			follower->head = follower->probed_head;
	} else {
		follower->probe_us = follower->now_us + RETRY_US_MIN;
	}
	fetch_end(probe);
}

void follower_take_fetched(struct follower *follower)
{
	take_poll(follower);
	take_probe(follower);
}
