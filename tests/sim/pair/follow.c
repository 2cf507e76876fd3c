/* follow.c - see follow.h. One page at a time:
 *
 *   ask --question--> the peer, which may hold it until there is news --page--> lines are read and
 *   submitted --> all came back --> ask, from the place that the store tells */
#include "sim/pair/follow_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_US (30 * US_PER_S)
#define CALM_HOLD_US (600 * US_PER_S) /* saves time: nothing is lost then */
#define ANSWER_US (15 * US_PER_S)     /* after that, until a question counts as lost */
#define RETRY_US US_PER_S
#define BROKEN_US (10 * US_PER_S)
#define PAGE_BYTES_MAX ((FOLLOW_LINES_MAX + 1) * (JOURNAL_LINE_MAX + 1))

static void plan_wake(struct follow *follow, int64_t delay_us);

static int64_t hold_us(const struct follow *follow)
{
	return follow->node->is_calm ? CALM_HOLD_US : HOLD_US;
}

static struct world *world_of(const struct follow *follow)
{
	return follow->node->world;
}

struct peer_place follow_place(const struct follow *follow)
{
	struct peer_place place = {0};

	if (peer_read(follow->node->reader.db, &place) != DB_OK)
		world_fail(world_of(follow), WORLD_NO_ORDER, "the place of %s cannot be read",
		           follow->node->service->name);
	return place;
}

/* ---- the peer's side: questions become pages ---- */

static void add_line(void *arg, const struct db_row *row)
{
	buf_add_text(arg, db_text(row, 1));
	buf_add_char(arg, '\n');
}

static void page_arrives(void *to, struct message *message);

static int64_t head_of(const struct follow *follow)
{
	struct journal_head head = {0};

	if (journal_read_head(follow->node->reader.db, &head) != DB_OK)
		world_fail(world_of(follow), WORLD_NO_ORDER, "the journal of %s cannot be read",
		           follow->node->service->name);
	return head.seq;
}

static void answer(struct follow *follow, const struct message *question)
{
	const struct peer_place place = follow_place(follow);
	struct message page = *question;
	int64_t before = question->after > 0 ? question->after - 1 : 0;

	page.head = head_of(follow);
	page.seen = (struct cause){.seq = place.seq, .hash = place.hash};
	text_copy(text_of(place.source), page.seen.source, sizeof(page.seen.source));
	buf_init(&page.lines, PAGE_BYTES_MAX);
	if (journal_read(follow->node->reader.db, before, question->limit, add_line, &page.lines) !=
	    DB_OK)
		world_fail(world_of(follow), WORLD_NO_ORDER, "the journal of %s cannot be read",
		           follow->node->service->name);
	network_send(follow->network, &page, page_arrives, follow->peer);
	buf_release(&page.lines);
}

static void end_hold(void *arg, int64_t number)
{
	struct follow *follow = arg;

	if (!follow->holds || number != follow->holds_count || !follow->node->is_up)
		return;
	follow->holds = false;
	answer(follow, &follow->held);
}

/* Long-polls: but not who wants to know the head. */
static void question_arrives(void *to, struct message *message)
{
	struct follow *follow = to;

	if (!follow->node->is_up)
		return;
	if (message->ticket != 0 || head_of(follow) != message->after) {
		answer(follow, message);
		return;
	}
	follow->held = *message;
	follow->holds = true;
	world_after(world_of(follow), hold_us(follow), end_hold, follow, ++follow->holds_count);
}

/* ---- submitting ---- */

/* Only once all are made: one that is lost at once comes back at once. */
static void submit(struct follow *follow)
{
	size_t count = follow->count;

	for (size_t i = 0; i < count; i++)
		node_submit(follow->node, &follow->items[i].job);
}

/* ---- what came back ---- */

static void release_items(struct follow *follow)
{
	for (size_t i = 0; i < follow->count; i++) {
		struct follow_item *item = &follow->items[i];

		answer_release(&item->job.answer);
		buf_release(&item->job.kept);
		peer_line_release(&item->line);
		free(item->command);
		*item = (struct follow_item){0};
	}
	follow->count = follow->back = 0;
}

/* The journal was read to a head that was asked for after these jobs came. */
static void tell_heard(struct follow *follow)
{
	const struct peer_command heard = {.ticket = follow->page_ticket};

	if (follow->page_ticket <= follow->heard_ticket ||
	    follow_place(follow).seq < follow->page_head)
		return;
	follow->heard_ticket = follow->page_ticket;
	follow_add_own(follow, &peer_heard_kind, &heard);
	submit(follow);
}

static void end_page(struct follow *follow)
{
	bool has_failed = follow->has_failed;

	release_items(follow);
	follow->has_failed = false;
	if (has_failed || !follow->node->is_up) {
		plan_wake(follow, RETRY_US);
		return;
	}
	tell_heard(follow);
	if (follow->count == 0)
		plan_wake(follow, 0);
}

void follow_come_back(struct job *job)
{
	struct follow *follow = job->owner;

	if (job->answer.error != ERR_NONE) {
		follow->has_failed = true;
		follow->refused += job->peer != NULL ? 1 : 0;
	} else if (job->peer != NULL) {
		if (job->peer->from_seq < follow->acked_seq)
			world_fail(world_of(follow), WORLD_NO_ORDER,
			           "event %" PRId64 " took effect in %s, which was at %" PRId64,
			           job->peer->to.seq, follow->node->service->name,
			           follow->acked_seq);
		follow->acked_seq = job->peer->to.seq;
		follow->applied++;
	}
	if (++follow->back == follow->count)
		end_page(follow);
}

bool follow_lost(struct follow *follow, struct job *job)
{
	if (job->done != follow_come_back)
		return false;
	ensure(job->owner == follow);
	job->answer.error = ERR_SHUTTING_DOWN;
	follow_come_back(job);
	return true;
}

/* ---- pages ---- */

static void take_accepted(struct follow *follow, const struct message *message)
{
	struct peer_command command = {.place.accepted_seq = message->after};
	struct text text = buf_text(&message->lines);
	const char *end = text.len == 0 ? NULL : memchr(text.ptr, '\n', text.len);
	struct peer_line line;

	if (end == NULL)
		return;
	if (peer_line_read((struct text){text.ptr, (size_t)(end - text.ptr)}, &line) != NULL ||
	    line.self.seq != message->after)
		world_fail(world_of(follow), WORLD_NO_ORDER, "the accepted event is not there");
	follow_set_place(&command.place, &line.self);
	peer_line_release(&line);
	follow_add_own(follow, &peer_place_kind, &command);
	submit(follow);
}

static void submit_or_wake(struct follow *follow, int64_t delay_us)
{
	if (follow->count > 0)
		submit(follow);
	else
		plan_wake(follow, delay_us);
}

static void take_page(struct follow *follow, struct message *message,
                      const struct peer_place *place)
{
	struct reading reading = {.place = *place, .is_current = place->seq == message->after};
	struct buf swapped = follow->page;

	if (!reading.is_current && world_chance(world_of(follow), 500))
		return;
	follow->stale += reading.is_current ? 0 : 1;
	if (reading.is_current)
		follow_check_seen(follow, &reading, &message->seen);
	if (reading.is_current && message->head < place->seq) {
		follow_note_broken(follow, "it ends before what was followed", message->head);
		submit_or_wake(follow, BROKEN_US);
		return;
	}
	if (message->after == 0) {
		reading.place.source[0] = '\0';
		reading.place.seq = 0;
		reading.place.hash = (struct hash){0};
	}
	reading.stepped_seq = reading.place.seq;
	reading.stepped_hash = reading.place.hash;
	follow->page = message->lines;
	message->lines = swapped;
	follow->page_head = message->head;
	follow->page_ticket = message->life == follow->node->life ? message->ticket : 0;
	follow->is_broken = follow->is_broken && !reading.is_current;
	follow_read_page(follow, message, &reading);
	if (follow->count > 0 || follow->is_broken)
		submit_or_wake(follow, BROKEN_US);
	else
		end_page(follow);
}

static void page_arrives(void *to, struct message *message)
{
	struct follow *follow = to;
	struct peer_place place;

	if (!follow->node->is_up || follow->count > 0)
		return;
	place = follow_place(follow);
	if (place.accepted_seq < 0)
		take_page(follow, message, &place);
	else if (place.accepted_seq == message->after)
		take_accepted(follow, message);
}

/* ---- asking ---- */

/* Someone waits for the peer's news, who came since it was last asked for its head. 0: nobody. */
static int64_t ticket_of(struct follow *follow)
{
	int64_t ticket = engine_peer_ticket(follow->node->engine);

	if (follow->heard_life != follow->node->life)
		follow->heard_ticket = 0;
	follow->heard_life = follow->node->life;
	return ticket > follow->heard_ticket ? ticket : 0;
}

static void ask(struct follow *follow)
{
	static const struct peer_command from_start = {.place = {.accepted_seq = 0}};
	struct peer_place place = follow_place(follow);
	struct message question = {.after =
	                                   place.accepted_seq >= 0 ? place.accepted_seq : place.seq,
	                           .limit = 2 + world_pick(world_of(follow), FOLLOW_LINES_MAX - 1),
	                           .ticket = ticket_of(follow),
	                           .life = follow->node->life};
	bool is_reset = !follow->node->is_calm && world_chance(world_of(follow), 200);

	follow->is_rolled_back = place.rollback != PEER_INTACT;
	if (place.accepted_seq == 0) {
		follow_add_own(follow, &peer_place_kind, &from_start);
		submit(follow);
		return;
	}
	buf_init(&question.lines, PAGE_BYTES_MAX);
	network_send(follow->network, &question, question_arrives, follow->peer);
	plan_wake(follow,
	          is_reset ? world_pick(world_of(follow), US_PER_S) : hold_us(follow) + ANSWER_US);
}

static void wake(void *arg, int64_t number)
{
	struct follow *follow = arg;

	if (number != follow->wakes)
		return;
	if (!follow->node->is_up)
		plan_wake(follow, RETRY_US);
	else if (follow->count == 0)
		ask(follow);
}

static void plan_wake(struct follow *follow, int64_t delay_us)
{
	world_after(world_of(follow), delay_us, wake, follow, ++follow->wakes);
}

/* ---- for the pair ---- */

void follow_open(struct follow *follow, struct node *node, struct network *network,
                 struct follow *peer, const struct peer_kind *kinds,
                 const struct peer_kind *lost_kinds)
{
	*follow = (struct follow){.node = node,
	                          .network = network,
	                          .peer = peer,
	                          .kinds = kinds,
	                          .lost_kinds = lost_kinds};
	buf_init(&follow->page, PAGE_BYTES_MAX);
	plan_wake(follow, 0);
}

void follow_close(struct follow *follow)
{
	buf_release(&follow->page);
}

void follow_executed(struct follow *follow)
{
	struct peer_place place = follow_place(follow);

	if (place.accepted_seq < 0 &&
	    (place.seq < follow->place_seq || place.seq < follow->acked_seq))
		world_fail(world_of(follow), WORLD_NO_ORDER,
		           "the place of %s goes back from %" PRId64 " to %" PRId64,
		           follow->node->service->name, follow->place_seq, place.seq);
	follow->place_seq = place.accepted_seq < 0 ? place.seq : 0;
	if (follow->holds && head_of(follow) > follow->held.after)
		world_after(world_of(follow), 0, end_hold, follow, follow->holds_count);
	if (follow->count == 0 && ticket_of(follow) > 0)
		plan_wake(follow, 0);
}

void follow_forget(struct follow *follow)
{
	follow->acked_seq = follow->place_seq = 0;
	follow->holds = false;
	plan_wake(follow, 0);
	plan_wake(follow->peer, 0);
}

void follow_accept(struct follow *follow, int64_t seq)
{
	struct db *db = follow->node->store.db;
	bool is_written = db_begin(db) == DB_OK;

	peer_write_accepted(db, seq);
	is_written = is_written && db_flush(db) == DB_OK && db_commit(db) == DB_OK;
	if (!is_written)
		world_fail(world_of(follow), WORLD_NO_ORDER, "an operator's word is not written");
	follow->acked_seq = follow->place_seq = 0;
	plan_wake(follow, 0);
}
