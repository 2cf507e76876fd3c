/* accept.c - POST /peer/accept: an operator says from where the peer's journal is right, and that
 * what this service lost, if it was rolled back, was looked after. */
#include "runtime/peer_commands.h"
#include "web/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOT_GIVEN (-1) /* also of follower_write_accepted: the place is right as it is */

const struct field accept_body[] = {
	FIELD_INTEGER("seq", struct accept_input, seq, FIELD_OPTIONAL, 0, INT64_C(9007199254740990),
                      NOT_GIVEN,
                      "The event of the peer behind which it is followed; 0: from its first. Left "
                      "out: the last that was followed; a journal that is not followed any more "
                      "needs it."),
	FIELD_END,
};

struct accept_effects {
	struct effects base;
	struct accept_input told; /* with the seq that it comes to */
	int64_t accepted_seq;
};
static_assert(sizeof(struct peer_place) <= COMMON_SIZE_MAX, "any domain has room for the view");
static_assert(sizeof(struct accept_effects) <= COMMON_SIZE_MAX, "any domain has room for it");

static void accept_load(struct db *db, struct job *job, void *view)
{
	(void)job;
	peer_load(db, view);
}

/* What was followed is not in such a journal, and from its end on nothing would be heard of what
 * came since the backup: only the operator knows from where it is right. */
static enum error refuse_unnamed(const struct accept_input *input, char *detail)
{
	(void)snprintf(detail, ANSWER_DETAIL_SIZE,
	               "The peer's journal is not the one that was followed: name, in \"seq\", the "
	               "event behind which it is followed: the head_seq of its journal.restored, "
	               "or 0. It ends at %" PRId64 "; what is read again changes nothing.",
	               input->peer_head);
	return ERR_INVALID_STATE;
}

static enum error accept_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct accept_input *input = job->command;
	const struct peer_place *place = view;
	struct accept_effects *result = effects;
	int64_t seq = input->seq == NOT_GIVEN ? place->accepted_seq : input->seq;

	if (input->is_broken && input->seq == NOT_GIVEN)
		return refuse_unnamed(input, detail);
	result->accepted_seq = seq;
	result->told = *input;
	result->told.seq = seq == NOT_GIVEN ? place->seq : seq;
	result->base.writes = true;
	result->base.resource = text_of(result->told.service);
	return ERR_NONE;
}

static void accept_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	const struct accept_effects *result = effects;
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = JOURNAL_PEER_ACCEPTED,
	                      .subject = text_of(result->told.service),
	                      .traceparent = job->traceparent};

	(void)view;
	field_render(accept_body, &result->told, data);
	ensure(!data->full);
	event.data = buf_text(data);
	(void)journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
	follower_write_accepted(result->told.follower, to->db, result->accepted_seq);
}

static void accept_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(accept_body, &((const struct accept_effects *)effects)->told, &answer->body);
}

static void accept_committed(const struct job *job, const void *effects)
{
	(void)effects;
	follower_accepted(((const struct accept_input *)job->command)->follower);
}

static const struct command_kind accept_kind = {
	.name = "peer_accept",
	.conflict_key = peer_conflict_key,
	.load = accept_load,
	.decide = accept_decide,
	.write = accept_write,
	.render = accept_render,
	.committed = accept_committed,
};

/* Behind an event that is not there nothing would be followed, and once it is there, those before
 * it would be left out. */
static enum error check_seq(const struct accept_input *input, char *detail)
{
	if (input->seq <= 0 || input->seq <= input->peer_head)
		return ERR_NONE;
	follower_look(input->follower);
	if (input->peer_head < 0)
		(void)snprintf(detail, ANSWER_DETAIL_SIZE,
		               "The peer has not told yet where its journal ends: repeat.");
	else
		(void)snprintf(detail, ANSWER_DETAIL_SIZE,
		               "The peer's journal ended at %" PRId64
		               " when it was last read: repeat, or name an event up to there.",
		               input->peer_head);
	return ERR_PEER_LAGGING;
}

enum error accept_prepare(struct request *request, struct field_errors *errors)
{
	struct accept_input *input = request->input;
	struct follower *follower = api_settings(request->api)->follower;
	const char *trouble = follower_trouble(follower);

	(void)errors;
	input->service = api_settings(request->api)->service;
	input->follower = follower;
	input->peer_head = follower_peer_head(follower);
	input->is_broken = trouble != NULL && strcmp(trouble, "peer-broken") == 0;
	request->job.kind = &accept_kind;
	request->job.command = input;
	if (follower_is_rolled_back(follower) && follower_is_catching_up(follower)) {
		(void)snprintf(request->job.answer.detail, ANSWER_DETAIL_SIZE,
		               "What the peer knows of this service is still being read: repeat.");
		return ERR_PEER_LAGGING;
	}
	return check_seq(input, request->job.answer.detail);
}
