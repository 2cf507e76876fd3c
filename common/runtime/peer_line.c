/* peer_line.c - see peer_line.h. Nothing here trusts the text: a text that is too long, or not what
 * it should be, is a fault or counts as absent, never a bug of ours. */
#include "runtime/peer_line.h"

#include "base/time_text.h"
#include "base/trace.h"

#include <string.h>

static struct text string_member(const cJSON *object, const char *name)
{
	const cJSON *member = json_member(object, name);

	return cJSON_IsString(member) ? text_of(member->valuestring) : TEXT_NONE;
}

static bool number_member(const struct json_doc *doc, const cJSON *object, const char *name,
                          int64_t *ret_number)
{
	const cJSON *member = json_member(object, name);

	return cJSON_IsNumber(member) &&
	       text_to_int(json_number_text(doc, member), INT64_MAX - 1, ret_number);
}

static bool take_source(const cJSON *object, char out[JOURNAL_SOURCE_SIZE])
{
	struct text source = string_member(object, "source");

	if (source.ptr == NULL || source.len == 0 || source.len >= JOURNAL_SOURCE_SIZE)
		return false;
	text_copy(source, out, JOURNAL_SOURCE_SIZE);
	return true;
}

/* One that is malformed bears witness of nothing. */
static void take_cause(struct peer_line *line)
{
	const cJSON *cause = json_member(line->event.data, JOURNAL_CAUSE);

	line->has_cause = cJSON_IsObject(cause) && take_source(cause, line->cause.source) &&
	                  number_member(&line->doc, cause, "seq", &line->cause.seq) &&
	                  line->cause.seq > 0 &&
	                  hash_from_hex(string_member(cause, "hash"), &line->cause.hash);
}

static const char *take_event(struct peer_line *line)
{
	const cJSON *root = line->doc.root;
	struct peer_event *event = &line->event;

	if (!cJSON_IsObject(root))
		return "it is not an object";
	event->event = root;
	event->doc = &line->doc;
	event->data = json_member(root, "data");
	event->type = string_member(root, "type");
	event->subject = string_member(root, "subject");
	if (!take_source(root, line->self.source) || event->type.ptr == NULL ||
	    !cJSON_IsObject(event->data))
		return "source, type or data is not right";
	if (!number_member(&line->doc, root, "seq", &line->self.seq) || line->self.seq == 0 ||
	    !hash_from_hex(string_member(root, "prev_hash"), &line->prev_hash) ||
	    !time_parse(string_member(root, "time"), &event->time_us))
		return "seq, prev_hash or time is not right";
	event->seq = line->self.seq;
	line->id = string_member(root, "id");
	line->traceparent = string_member(root, "traceparent");
	if (line->traceparent.ptr != NULL && !traceparent_is_valid(line->traceparent))
		line->traceparent = TEXT_NONE;
	take_cause(line);
	return NULL;
}

const char *peer_line_read(struct text text, struct peer_line *line)
{
	const char *fault;
	size_t offset;

	*line = (struct peer_line){.event.line = text};
	if (text.len > JOURNAL_LINE_MAX)
		return "it is longer than an event may be";
	if (!json_parse(text, &line->doc, &fault, &offset))
		return "it is not well-formed";
	fault = take_event(line);
	if (fault == NULL)
		hash_sha256(text.ptr, text.len, &line->self.hash);
	return fault;
}

void peer_line_release(struct peer_line *line)
{
	json_release(&line->doc);
	line->doc = (struct json_doc){0};
}

const char *peer_line_follows(const struct peer_line *line, const struct peer_place *place)
{
	if (place->source[0] != '\0' && strcmp(line->self.source, place->source) != 0)
		return "it is of another journal";
	if (line->self.seq != place->seq + 1)
		return "its seq does not follow";
	if (!hash_equal(&line->prev_hash, &place->hash))
		return "its prev_hash is not the hash of the event before it";
	return NULL;
}

bool peer_line_is_at(const struct peer_line *line, const struct peer_place *place)
{
	return strcmp(line->self.source, place->source) == 0 && line->self.seq == place->seq &&
	       hash_equal(&line->self.hash, &place->hash);
}
