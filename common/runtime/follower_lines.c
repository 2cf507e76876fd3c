/* follower_lines.c - lines become commands of the service's, in their order; what is not a line
 * behind the one before it stops all. */
#include "runtime/follower_parts.h"

#include "runtime/log.h"

#include <string.h>

/* ---- what came back ---- */

static void end_rollback(struct follower *follower)
{
	atomic_store(&follower->rolled_back, false);
	log_info("rollback_ended", L_INT("peer_seq", follower->place.seq));
}

static void take_back(struct follower *follower, const struct peer_item *item)
{
	const struct job *job = &item->job;

	if (job->answer.error != ERR_NONE) {
		if (!follower->must_read_place) {
			log_warn("peer_place_lost", L_STR("command", job->kind->name),
			         L_INT("status", job->answer.status));
			follower_start_over(follower, RETRY_US_MIN);
		}
		return;
	}
	if (job->peer != NULL)
		follower->passed_seq = item->step.to.seq;
	if (job->kind == &peer_rollback_kind && item->own.place.rollback == PEER_INTACT)
		end_rollback(follower);
}

void follower_collect(struct follower *follower)
{
	struct peer_item *item;

	while ((item = peer_window_oldest(&follower->window)) != NULL) {
		take_back(follower, item);
		peer_window_drop(&follower->window);
	}
	if (atomic_exchange(&follower->was_accepted, false))
		follower_start_over(follower, 0);
}

/* ---- commands of our own ---- */

/* False: there is no room now. */
bool follower_submit_own(struct follower *follower, const struct command_kind *kind,
                         const struct peer_command *command)
{
	struct peer_item *item = peer_window_reserve(&follower->window);

	if (item == NULL)
		return false;
	item->page = NULL;
	item->own = *command;
	peer_window_submit(&follower->window, item, kind, &item->own, false);
	return true;
}

/* The place moves over what had no effect. */
void follower_submit_skip(struct follower *follower)
{
	struct peer_item *item = peer_window_reserve(&follower->window);
	struct peer_place *place = &follower->place;

	if (item == NULL)
		return;
	item->page = NULL;
	item->step = (struct peer_step){.from_seq = follower->stepped_seq,
	                                .from_hash = follower->stepped_hash,
	                                .to = {.seq = place->seq, .hash = place->hash}};
	text_copy(text_of(place->source), item->step.to.source, JOURNAL_SOURCE_SIZE);
	follower->stepped_seq = place->seq;
	follower->stepped_hash = place->hash;
	peer_window_submit(&follower->window, item, &peer_skip_kind, NULL, true);
}

/* ---- lines ---- */

/* "/SERVICE/JOURNAL_ID": of this service, whichever of its journals it was. */
static bool is_of_this_service(const struct follower *follower, const char *source)
{
	const char *id = strrchr(follower->own_source, '/');

	ensure(id != NULL); /* store.c makes it */
	return strncmp(source, follower->own_source, (size_t)(id + 1 - follower->own_source)) == 0;
}

/* Whether this service's journal has the event that the peer knows; it had once, in this journal or
 * in one that was lost. False: the journal cannot be read now. */
static bool find_own_event(struct follower *follower, const struct cause *known, bool *ret_is_gone)
{
	struct journal_line own;

	*ret_is_gone = is_of_this_service(follower, known->source);
	if (!*ret_is_gone || strcmp(known->source, follower->own_source) != 0)
		return true;
	if (journal_read_line(follower->db, known->seq, &own) != DB_OK)
		return false;
	*ret_is_gone = own.seq != known->seq || !hash_equal(&own.hash, &known->hash);
	return true;
}

/* What is gone is noted, so that it is told once: also of a service that was restored. False: there
 * is no room to write it down. */
static bool note_gone(struct follower *follower, const struct cause *known)
{
	struct peer_place *place = &follower->place;
	struct peer_command command = {.place = *place};
	bool is_news = place->rollback == PEER_INTACT;

	command.place.gone_seq = known->seq;
	command.place.gone_hash = known->hash;
	if (is_news)
		command.place.rollback = PEER_ROLLED_BACK;
	if (!follower_submit_own(follower, &peer_rollback_kind, &command))
		return false;
	*place = command.place;
	atomic_store(&follower->rolled_back, true);
	if (is_news)
		log_error("rolled_back", L_INT("own_seq", known->seq),
		          L_INT("peer_seq", place->seq),
		          L_STR("next", "nothing moves money: reconcile, then POST /peer/accept"));
	return true;
}

bool follower_check_seen(struct follower *follower, const struct cause *seen)
{
	bool is_gone;

	if (!find_own_event(follower, seen, &is_gone))
		return false;
	return !is_gone || hash_equal(&seen->hash, &follower->place.gone_hash) ||
	       note_gone(follower, seen);
}

static const struct peer_kind *find_kind(const struct peer_kind *kinds, struct text type)
{
	while (kinds->type != NULL && !text_is(type, kinds->type))
		kinds++;
	return kinds->type == NULL ? NULL : kinds;
}

static void submit_line(struct follower *follower, struct peer_item *item,
                        const struct peer_kind *kind)
{
	const struct peer_line *line = &item->line;
	struct text subject = line->event.subject;
	char why[PEER_WHY_SIZE] = "";
	bool is_read;

	item->step = (struct peer_step){.from_seq = follower->stepped_seq,
	                                .from_hash = follower->stepped_hash,
	                                .to = line->self,
	                                .type = line->event.type,
	                                .subject = text_is_order_id(subject) ? subject
	                                                                     : TEXT_LITERAL("")};
	follower->stepped_seq = line->self.seq;
	follower->stepped_hash = line->self.hash;
	memset(item->command, 0, kind->command_size);
	is_read = kind->read(&line->event, follower->sip_key, item->command, why);
	if (!is_read)
		log_warn("peer_event_unreadable", L_STR("type", kind->type),
		         L_INT("seq", line->self.seq), L_TRACE(line->traceparent),
		         L_STR("why", why));
	peer_window_submit(&follower->window, item, is_read ? kind->kind : &peer_unreadable_kind,
	                   item->command, true);
}

static void take_line(struct follower *follower, struct peer_item *item, bool is_lost)
{
	const struct cause *self = &item->line.self;
	struct text type = item->line.event.type;
	const struct peer_kind *kind =
		is_lost ? find_kind(follower->options.lost_kinds, type) : NULL;

	if (kind == NULL)
		kind = find_kind(follower->options.kinds, type);
	text_copy(text_of(self->source), follower->place.source, JOURNAL_SOURCE_SIZE);
	follower->place.seq = self->seq;
	follower->place.hash = self->hash;
	if (kind == NULL && is_lost)
		log_warn("lost_event_passed_over", L_TEXT("type", type),
		         L_INT("peer_seq", self->seq),
		         L_STR("next", "see at the peer what it is about"));
	if (kind == NULL)
		peer_window_cancel(&follower->window, item);
	else
		submit_line(follower, item, kind);
}

/* NULL, or what is wrong with the line as the next of its page. */
static const char *judge(const struct follower *follower, const struct peer_page *page,
                         const struct peer_line *line)
{
	if (!page->begins_at_place)
		return peer_line_follows(line, &follower->place);
	return peer_line_is_at(line, &follower->place) ? NULL
	                                               : "it is not what was followed before";
}

/* The line is behind the one before it. False: it is to be read later. */
static bool follow_line(struct follower *follower, struct peer_item *item)
{
	const struct peer_line *line = &item->line;
	bool is_gone = false;

	if (line->has_cause && !find_own_event(follower, &line->cause, &is_gone)) {
		peer_window_cancel(&follower->window, item);
		follower_start_over(follower, RETRY_US_MIN);
		return false;
	}
	if (is_gone && follower->place.rollback == PEER_INTACT &&
	    line->cause.seq > follower->place.gone_seq) {
		struct cause cause = line->cause;

		peer_window_cancel(&follower->window, item);
		(void)note_gone(follower, &cause);
		return false; /* it is read anew */
	}
	take_line(follower, item, is_gone);
	return true;
}

/* The page's next line. False: it is to be read later, or not at all. */
static bool read_line(struct follower *follower, struct peer_page *page)
{
	struct peer_item *item = peer_window_reserve(&follower->window);
	const char *start = page->text.data + page->at;
	const char *end = memchr(start, '\n', page->text.len - page->at);
	const char *fault;

	ensure(end != NULL); /* follower_fetch.c looks */
	if (item == NULL)
		return false;
	item->page = page;
	fault = peer_line_read((struct text){start, (size_t)(end - start)}, &item->line);
	if (fault == NULL)
		fault = judge(follower, page, &item->line);
	if (fault != NULL || page->begins_at_place) {
		peer_window_cancel(&follower->window, item);
		if (fault != NULL)
			follower_note_broken(follower, fault, item->line.self.seq);
	} else if (!follow_line(follower, item)) {
		return false;
	}
	page->begins_at_place = false;
	page->at = (size_t)(end - page->text.data) + 1;
	return fault == NULL;
}

void follower_read_pages(struct follower *follower)
{
	struct peer_page *page;

	while (!follower->must_read_place && (page = follower->reading) != NULL) {
		if (page->at < page->text.len) {
			if (!read_line(follower, page))
				return;
			continue;
		}
		page->is_queued = false;
		follower->reading = page->next;
		follower_note_followed(follower);
	}
}
