/* accept.c - POST /peer/accept: an operator says from where the peer's journal is right. */
#include "runtime/peer_commands.h"
#include "web/pages.h"

const struct field accept_body[] = {
	FIELD_INTEGER("seq", struct accept_input, seq, FIELD_REQUIRED, 0, INT64_C(9007199254740990),
                      0, "The event of the peer behind which it is followed; 0: from its first."),
	FIELD_END,
};

static enum error accept_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	struct effects *result = effects;

	(void)view;
	(void)detail;
	result->writes = true;
	result->resource = text_of(((const struct accept_input *)job->command)->service);
	return ERR_NONE;
}

static void accept_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	const struct accept_input *input = job->command;
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = JOURNAL_PEER_ACCEPTED,
	                      .subject = text_of(input->service),
	                      .traceparent = job->traceparent};

	(void)view;
	(void)effects;
	field_render(accept_body, input, data);
	ensure(!data->full);
	event.data = buf_text(data);
	(void)journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
	peer_write_accepted(to->db, input->seq);
}

static void accept_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)effects;
	field_render(accept_body, job->command, &answer->body);
}

static void accept_committed(const struct job *job, const void *effects)
{
	(void)effects;
	follower_accepted(((const struct accept_input *)job->command)->follower);
}

static const struct command_kind accept_kind = {
	.name = "peer_accept",
	.conflict_key = peer_conflict_key,
	.load = peer_load_nothing,
	.decide = accept_decide,
	.write = accept_write,
	.render = accept_render,
	.committed = accept_committed,
};

enum error accept_prepare(struct request *request, struct field_errors *errors)
{
	struct accept_input *input = request->input;

	(void)errors;
	input->service = api_settings(request->api)->service;
	input->follower = api_settings(request->api)->follower;
	request->job.kind = &accept_kind;
	request->job.command = input;
	return ERR_NONE;
}
