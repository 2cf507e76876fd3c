/* follow_lines.c - lines become commands, as in follower_lines.c, from where they were read on. */
#include "sim/pair/follow_parts.h"

#include "sim/canary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void follow_note_broken(struct follow *follow, const char *why, int64_t seq)
{
	world_note(follow->node->world, WORLD_NO_ORDER, "%s does not follow event %" PRId64 ": %s",
	           follow->node->service->name, seq, why);
	if (!follow->may_break)
		world_fail(follow->node->world, WORLD_NO_ORDER, "a journal is not as it was");
	follow->is_broken = true;
}

/* ---- submitting ---- */

static struct follow_item *add_item(struct follow *follow)
{
	struct follow_item *item = &follow->items[follow->count++];

	ensure(follow->count <= ARRAY_LEN(follow->items));
	return item;
}

static void prepare(struct follow *follow, struct follow_item *item,
                    const struct command_kind *kind, const void *command, bool is_event)
{
	struct job *job = &item->job;

	*job = (struct job){.owner = follow,
	                    .kind = kind,
	                    .command = command,
	                    .deadline_us = INT64_MAX,
	                    .done = follow_come_back,
	                    .peer = is_event ? &item->step : NULL};
	if (item->line.doc.root != NULL) {
		job->request_id = item->line.id;
		job->traceparent = item->line.traceparent;
	}
	answer_init(&job->answer);
	buf_init(&job->kept, ANSWER_BYTES_MAX);
}

void follow_add_own(struct follow *follow, const struct command_kind *kind,
                    const struct peer_command *command)
{
	struct follow_item *item = add_item(follow);

	item->own = *command;
	prepare(follow, item, kind, &item->own, false);
}

/* ---- lines, as follower_lines.c ---- */

static bool own_event_is_gone(const struct follow *follow, const struct cause *cause)
{
	struct journal_line own;

	if (CANARY == CANARY_BLIND || strcmp(cause->source, follow->node->store.source) != 0 ||
	    journal_read_line(follow->node->reader.db, cause->seq, &own) != DB_OK)
		return false;
	return own.seq != cause->seq || !hash_equal(&own.hash, &cause->hash);
}

static const struct peer_kind *find_lost(const struct follow *follow, struct text type)
{
	const struct peer_kind *kind = follow->lost_kinds;

	while (kind->type != NULL && !text_is(type, kind->type))
		kind++;
	return kind->type == NULL ? NULL : kind;
}

static const struct peer_kind *find_kind(struct follow *follow, struct text type)
{
	const struct peer_kind *kind = follow->kinds;

	while (kind->type != NULL && !text_is(type, kind->type))
		kind++;
	if (CANARY == CANARY_SKIPS && world_chance(follow->node->world, 10))
		return NULL;
	return kind->type == NULL ? NULL : kind;
}

static void note_step(struct reading *reading, struct follow_item *item, const struct cause *to)
{
	item->step = (struct peer_step){
		.from_seq = reading->stepped_seq, .from_hash = reading->stepped_hash, .to = *to};
	reading->stepped_seq = to->seq;
	reading->stepped_hash = to->hash;
}

static void add_event(struct follow *follow, struct reading *reading, struct peer_line *line,
                      const struct peer_kind *kind)
{
	struct follow_item *item = add_item(follow);
	struct text subject = line->event.subject;
	char why[PEER_WHY_SIZE] = "";

	item->line = *line;
	item->line.event.doc = &item->line.doc;
	note_step(reading, item, &line->self);
	item->step.type = line->event.type;
	item->step.subject = text_is_order_id(subject) ? subject : TEXT_LITERAL("");
	item->command = calloc(1, kind->command_size);
	ensure(item->command != NULL);
	if (!kind->read(&item->line.event, follow->node->store.sip_key, item->command, why))
		world_fail(follow->node->world, WORLD_NO_ORDER,
		           "event %" PRId64 " is unreadable: %s", line->self.seq, why);
	prepare(follow, item, kind->kind, item->command, true);
}

static void note_rolled_back(struct follow *follow, struct reading *reading,
                             const struct cause *known)
{
	struct peer_command rolled_back = {.place = {.rollback = PEER_ROLLED_BACK,
	                                             .gone_seq = known->seq,
	                                             .gone_hash = known->hash}};

	world_note(follow->node->world, WORLD_NO_ORDER,
	           "%s was rolled back: the other one knows its event %" PRId64,
	           follow->node->service->name, known->seq);
	if (!follow->may_break)
		world_fail(follow->node->world, WORLD_NO_ORDER, "an event is gone");
	reading->place.rollback = PEER_ROLLED_BACK;
	reading->place.gone_seq = known->seq;
	reading->place.gone_hash = known->hash;
	follow->is_rolled_back = true;
	follow_add_own(follow, &peer_rollback_kind, &rolled_back);
}

void follow_check_seen(struct follow *follow, struct reading *reading, const struct cause *seen)
{
	if (seen->seq > 0 && own_event_is_gone(follow, seen) &&
	    !hash_equal(&seen->hash, &reading->place.gone_hash))
		note_rolled_back(follow, reading, seen);
}

void follow_set_place(struct peer_place *place, const struct cause *self)
{
	text_copy(text_of(self->source), place->source, sizeof(place->source));
	place->seq = self->seq;
	place->hash = self->hash;
}

/* False: nothing more of the page. The line is released, or an item's. */
static bool take_line(struct follow *follow, struct reading *reading, struct peer_line *line)
{
	const char *fault = peer_line_follows(line, &reading->place);
	const struct peer_kind *kind = NULL;
	bool is_gone;

	if (fault != NULL) {
		if (reading->is_current)
			follow_note_broken(follow, fault, line->self.seq);
		peer_line_release(line);
		return false;
	}
	is_gone = line->has_cause && own_event_is_gone(follow, &line->cause);
	if (is_gone && reading->is_current && reading->place.rollback == PEER_INTACT &&
	    line->cause.seq > reading->place.gone_seq)
		note_rolled_back(follow, reading, &line->cause);
	follow_set_place(&reading->place, &line->self);
	if (is_gone)
		kind = find_lost(follow, line->event.type);
	if (kind == NULL)
		kind = find_kind(follow, line->event.type);
	if (kind == NULL)
		peer_line_release(line);
	else
		add_event(follow, reading, line, kind);
	return true;
}

/* The page's first line, where it does not begin with the journal. */
static bool take_first(struct follow *follow, struct reading *reading, struct peer_line *line)
{
	bool is_right = !reading->is_current || peer_line_is_at(line, &reading->place);

	if (!is_right)
		follow_note_broken(follow, "it is not what was followed before", line->self.seq);
	follow_set_place(&reading->place, &line->self);
	reading->stepped_seq = line->self.seq;
	reading->stepped_hash = line->self.hash;
	peer_line_release(line);
	return is_right;
}

/* Behind the last event that had an effect there may be some that have none. */
static void add_skip(struct follow *follow, struct reading *reading)
{
	struct follow_item *item;
	struct cause to = {.seq = reading->place.seq, .hash = reading->place.hash};

	if (reading->place.seq == reading->stepped_seq || !world_chance(follow->node->world, 500))
		return;
	item = add_item(follow);
	text_copy(text_of(reading->place.source), to.source, sizeof(to.source));
	note_step(reading, item, &to);
	prepare(follow, item, &peer_skip_kind, NULL, true);
}

void follow_read_page(struct follow *follow, const struct message *message, struct reading *reading)
{
	struct text text = buf_text(&follow->page);
	bool is_first = message->after > 0, goes_on = true;

	for (const char *at = text.ptr, *end; goes_on && at < text.ptr + text.len; at = end + 1) {
		struct peer_line line;
		const char *fault;

		end = memchr(at, '\n', text.len - (size_t)(at - text.ptr));
		ensure(end != NULL);
		fault = peer_line_read((struct text){at, (size_t)(end - at)}, &line);
		if (fault != NULL)
			world_fail(follow->node->world, WORLD_NO_ORDER, "a line of the journal: %s",
			           fault);
		goes_on = is_first ? take_first(follow, reading, &line)
		                   : take_line(follow, reading, &line);
		is_first = false;
	}
	if (goes_on)
		add_skip(follow, reading);
}
