/* json.h - reads and writes JSON. Reading: one strict scanner (grammar of RFC 8259, depth, UTF-8,
 * lone surrogates, NUL, duplicate keys, trailing bytes), and only then cJSON builds the tree.
 * Writing: straight into a buffer. Pure. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

#include <cjson/cJSON.h>

#define JSON_DEPTH_MAX 8          /* the outer object counted */
#define JSON_NUMBER_BYTES_MAX 63  /* cJSON reads no longer one */
#define JSON_BYTES_MAX (16 << 20) /* of a whole document; far above a page of events (1 MiB) */

struct json_place; /* where a value stands in the text */
struct json_kept;

/* A parsed document. Borrows the text it was parsed from; owns the rest. */
struct json_doc {
	cJSON *root;
	const char *text;
	struct json_place *places; /* of each value; a node's valueint is its index */
	struct json_kept *kept;    /* texts added by json_keep */
};

/* On failure *ret_detail is a static sentence without its full stop that says what is wrong, and
 * *ret_offset the byte where; nothing to release. Failure includes no memory. */
must_use bool json_parse(struct text text, struct json_doc *ret_doc, const char **ret_detail,
                         size_t *ret_offset);
void json_release(struct json_doc *doc);
#define AUTO_JSON __attribute__((cleanup(json_release)))

/* The own text of a number of this document: cJSON keeps only its double. */
struct text json_number_text(const struct json_doc *doc, const cJSON *number);
/* A copy of a text made while the document was read (canonical metadata); it stays where it is
 * until json_release. TEXT_NONE without memory. */
must_use struct text json_keep(struct json_doc *doc, struct text text);
/* The member with exactly this name (cJSON's own look-up ignores case), or NULL. */
const cJSON *json_member(const cJSON *object, const char *name);

/* Writing, without white space. A comma goes in front where one is due, so values and members are
 * simply added one after another; at the start of the buffer or of a line none is due. */
void json_open(struct buf *out, char bracket);       /* '{' or '[' */
void json_close(struct buf *out, char bracket);      /* '}' or ']' */
void json_key(struct buf *out, const char *name);    /* whatever it holds */
void json_string(struct buf *out, struct text text); /* UTF-8; null where text is absent */
/* A string in which nothing needs an escape, so it is not searched for that: a name of this
 * program's own tables, an id or a time it made; never what came from outside or was stored. */
void json_plain(struct buf *out, struct text text);
void json_int(struct buf *out, int64_t value);
void json_bool(struct buf *out, bool value);
void json_raw(struct buf *out, struct text json); /* a value, or a key and its colon */
/* A member whose name is a literal that needs no escape: quoted when it is compiled. */
#define JSON_KEY(name) TEXT_LITERAL("\"" name "\":")
#define json_member_string(out, name, text) json_keyed_string(out, JSON_KEY(name), text)
#define json_member_str(out, name, string) json_keyed_string(out, JSON_KEY(name), text_of(string))
#define json_member_plain(out, name, string) json_keyed_plain(out, JSON_KEY(name), text_of(string))
#define json_member_int(out, name, value) json_keyed_int(out, JSON_KEY(name), value)
#define json_member_bool(out, name, value) json_keyed_bool(out, JSON_KEY(name), value)
void json_keyed_string(struct buf *out, struct text key, struct text text);
void json_keyed_plain(struct buf *out, struct text key, struct text text);
void json_keyed_int(struct buf *out, struct text key, int64_t value);
void json_keyed_bool(struct buf *out, struct text key, bool value);

#endif
