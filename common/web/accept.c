/* accept.c - POST /peer/accept: an operator says from where the peer's journal is right, and that
 * what this service lost, if it was rolled back, was looked after. */
#include "runtime/peer_commands.h"
#include "web/pages.h"

#include <string.h>

#define NOT_GIVEN (-1)

const struct field accept_body[] = {
	FIELD_INTEGER("seq", struct accept_input, seq, FIELD_OPTIONAL, 0, INT64_C(9007199254740990),
                      NOT_GIVEN,
                      "The event of the peer behind which it is followed; 0: from its first. Left "
                      "out: the last that was followed, or, of a journal that is not followed any "
                      "more, its last."),
	FIELD_END,
};

struct accept_effects {
	struct effects base;
	struct accept_input accepted; /* with the seq that it comes to */
};
static_assert(sizeof(struct peer_place) <= COMMON_SIZE_MAX, "any domain has room for the view");
static_assert(sizeof(struct accept_effects) <= COMMON_SIZE_MAX, "any domain has room for it");

static void accept_load(struct db *db, struct job *job, void *view)
{
	(void)job;
	peer_load(db, view);
}

static enum error accept_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct peer_place *place = view;
	struct accept_effects *result = effects;

	(void)detail;
	result->accepted = *(const struct accept_input *)job->command;
	if (result->accepted.seq == NOT_GIVEN)
		result->accepted.seq = place->accepted_seq >= 0 ? place->accepted_seq : place->seq;
	result->base.writes = true;
	result->base.resource = text_of(result->accepted.service);
	return ERR_NONE;
}

static void accept_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	const struct accept_input *input = job->command;
	const struct peer_place *place = view;
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = JOURNAL_PEER_ACCEPTED,
	                      .subject = text_of(input->service),
	                      .traceparent = job->traceparent};

	field_render(accept_body, &((struct accept_effects *)effects)->accepted, data);
	ensure(!data->full);
	event.data = buf_text(data);
	(void)journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
	peer_write_accepted(to->db, input->seq == NOT_GIVEN ? place->accepted_seq : input->seq);
}

static void accept_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(accept_body, &((const struct accept_effects *)effects)->accepted,
	             &answer->body);
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

/* A journal that is not followed is right nowhere but where it ends now. */
static bool is_broken(const struct follower *follower)
{
	const char *trouble = follower_trouble(follower);

	return trouble != NULL && strcmp(trouble, "peer-broken") == 0;
}

enum error accept_prepare(struct request *request, struct field_errors *errors)
{
	struct accept_input *input = request->input;

	(void)errors;
	input->service = api_settings(request->api)->service;
	input->follower = api_settings(request->api)->follower;
	if (input->seq == NOT_GIVEN && is_broken(input->follower))
		input->seq = follower_peer_head(input->follower);
	request->job.kind = &accept_kind;
	request->job.command = input;
	return ERR_NONE;
}
