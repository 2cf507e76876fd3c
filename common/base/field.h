/* field.h - one table describes the fields of a request body, of a query string, or of an answer:
 * how each is checked and stored into a C struct, printed, and described in OpenAPI. Pure.
 *
 *	static const struct field pay_fields[] = {
 *		FIELD_ORDER_ID("order_id", struct pay_input, order_id, FIELD_REQUIRED, "..."),
 *		FIELD_MONEY("amount", struct pay_input, amount_minor, FIELD_REQUIRED, 1, "..."),
 *		FIELD_END
 *	};
 */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "base/hash.h"
#include "base/json.h"
#include "base/money.h"

#define FIELD_ERRORS_MAX 64
#define FIELD_POINTER_SIZE 160
#define FIELD_DETAIL_SIZE 200
#define METADATA_KEYS_MAX 32
#define METADATA_KEY_CHARS_MAX 64
#define METADATA_VALUE_CHARS_MAX 500
#define FIELD_NAMES_MAX 32
#define FIELD_NAME_CHARS_MAX 64

/* Each names its member in the struct, and what that is where the field is left out or null. */
enum field_kind {
	FIELD_KIND_END,
	/* char[ORDER_ID_MAX + 1], or "": a JSON string, or an integer 0 to 2^53-1. */
	FIELD_KIND_ORDER_ID,
	/* Answers only. A NUL-terminated char array in the struct, or "". */
	FIELD_KIND_STR,
	/* struct text, or TEXT_NONE: min to max code points, no control characters. */
	FIELD_KIND_TEXT,
	/* int, the place in names; left out of a body: 0, of a query: -1; an answer's null: -1. */
	FIELD_KIND_ENUM,
	/* int64_t, or `absent`: min (0 or more) to max. */
	FIELD_KIND_INTEGER,
	/* bool, or false: in a body true or false, in a query the words. */
	FIELD_KIND_BOOLEAN,
	/* int64_t minor units in the object's currency, or MONEY_NONE; at least min (0 or 1). */
	FIELD_KIND_MONEY,
	/* struct decimal, or digits -1: an amount above 0 whose currency is known only later. */
	FIELD_KIND_DECIMAL,
	/* const struct currency *; left out of a body: the default, of a query: NULL. */
	FIELD_KIND_CURRENCY,
	/* int64_t microseconds, or INT64_MIN. */
	FIELD_KIND_TIME,
	/* struct text, or "{}": a canonical JSON object of texts, keys sorted. */
	FIELD_KIND_METADATA,
	/* struct text, or TEXT_NONE: a JSON array of 1 to max (FIELD_NAMES_MAX) plain names, as
	 * they were given. */
	FIELD_KIND_NAMES,
	/* Answers only. struct text that is JSON already, or TEXT_NONE. */
	FIELD_KIND_RAW,
	/* An array in the struct of 1 to max objects with the fields `items`, and a size_t count,
	 * or a count of 0. */
	FIELD_KIND_LIST,
	/* Queries only. struct text, taken as it is, or TEXT_NONE. */
	FIELD_KIND_CURSOR,
};

enum field_flags {
	FIELD_OPTIONAL = 0,
	FIELD_REQUIRED = 1,
	FIELD_NO_CARD = 2, /* refuse texts that hold a card number */
};

struct field {
	const char *name;
	struct text key; /* JSON_KEY of the name */
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	int64_t min, max, absent;
	const char *const *names;  /* FIELD_KIND_ENUM: NULL-terminated */
	const struct field *items; /* FIELD_KIND_LIST */
	size_t item_size, count_offset;
	const char *summary; /* one sentence for OpenAPI */
};

#define FIELD_ROW(kind_, name_, struct_, member_, summary_, ...) \
	{ \
		.kind = FIELD_KIND_##kind_, .name = name_, .key = JSON_KEY(name_), \
		.offset = offsetof(struct_, member_), .summary = summary_, __VA_ARGS__ \
	}
#define FIELD_END \
	{ \
		.kind = FIELD_KIND_END \
	}
#define FIELD_ORDER_ID(name_, struct_, member_, flags_, summary_) \
	FIELD_ROW(ORDER_ID, name_, struct_, member_, summary_, .flags = flags_)
#define FIELD_STR(name_, struct_, member_, summary_) \
	FIELD_ROW(STR, name_, struct_, member_, summary_, .flags = FIELD_OPTIONAL)
#define FIELD_TEXT(name_, struct_, member_, flags_, min_, max_, summary_) \
	FIELD_ROW(TEXT, name_, struct_, member_, summary_, .flags = flags_, .min = min_, \
	          .max = max_)
#define FIELD_ENUM(name_, struct_, member_, flags_, names_, summary_) \
	FIELD_ROW(ENUM, name_, struct_, member_, summary_, .flags = flags_, .names = names_)
#define FIELD_INTEGER(name_, struct_, member_, flags_, min_, max_, absent_, summary_) \
	FIELD_ROW(INTEGER, name_, struct_, member_, summary_, .flags = flags_, .min = min_, \
	          .max = max_, .absent = absent_)
#define FIELD_BOOLEAN(name_, struct_, member_, flags_, summary_) \
	FIELD_ROW(BOOLEAN, name_, struct_, member_, summary_, .flags = flags_)
#define FIELD_MONEY(name_, struct_, member_, flags_, min_, summary_) \
	FIELD_ROW(MONEY, name_, struct_, member_, summary_, .flags = flags_, .min = min_, \
	          .absent = MONEY_NONE)
#define FIELD_DECIMAL(name_, struct_, member_, flags_, summary_) \
	FIELD_ROW(DECIMAL, name_, struct_, member_, summary_, .flags = flags_)
#define FIELD_CURRENCY(name_, struct_, member_, flags_, summary_) \
	FIELD_ROW(CURRENCY, name_, struct_, member_, summary_, .flags = flags_)
#define FIELD_TIME(name_, struct_, member_, flags_, summary_) \
	FIELD_ROW(TIME, name_, struct_, member_, summary_, .flags = flags_)
#define FIELD_METADATA(name_, struct_, member_, flags_, summary_) \
	FIELD_ROW(METADATA, name_, struct_, member_, summary_, .flags = flags_)
#define FIELD_NAMES(name_, struct_, member_, flags_, max_, summary_) \
	FIELD_ROW(NAMES, name_, struct_, member_, summary_, .flags = flags_, .min = 1, .max = max_)
#define FIELD_RAW(name_, struct_, member_, summary_) \
	FIELD_ROW(RAW, name_, struct_, member_, summary_, .flags = FIELD_OPTIONAL)
#define FIELD_LIST(name_, struct_, member_, count_, flags_, items_, item_struct_, max_, summary_) \
	FIELD_ROW(LIST, name_, struct_, member_, summary_, .flags = flags_, .min = 1, .max = max_, \
	          .items = items_, .item_size = sizeof(item_struct_), \
	          .count_offset = offsetof(struct_, count_))
#define FIELD_CURSOR(name_, struct_, member_, summary_) \
	FIELD_ROW(CURSOR, name_, struct_, member_, summary_, .flags = FIELD_OPTIONAL)

struct field_error {
	/* A JSON pointer as a URI fragment, "#/items/0/sku" (RFC 6901, section 6). */
	char pointer[FIELD_POINTER_SIZE];
	/* "must be ...", "is required": what to send instead; never the value itself. */
	char detail[FIELD_DETAIL_SIZE];
	/* A number, or a string, that is no right amount (all are: 422 invalid-amount). */
	bool is_money;
};

struct field_errors {
	struct field_error rows[FIELD_ERRORS_MAX]; /* further ones are counted, not kept */
	size_t count;
};

void field_error_add(struct field_errors *errors, const char *pointer, bool is_money,
                     const char *detail);

/* Reads a document into the struct `out` (zeroed by the caller), naming every bad field at once:
 * not an object ("#"), unknown, missing, wrong type (null is one), out of range. Money is read in
 * the object's own currency, or in default_currency. Texts in `out` are borrowed from doc. True
 * when there was no fault. */
must_use bool field_parse(const struct field *fields, struct json_doc *doc,
                          const struct currency *default_currency, void *out,
                          struct field_errors *errors);
/* What field_parse leaves for an empty document; for bodies that may be empty. */
void field_defaults(const struct field *fields, const struct currency *default_currency, void *out);

/* Reads a raw query string ("limit=5&after=x", without '?'; %XX and '+' decoded into scratch, which
 * the texts in `out` borrow from). False: *ret_detail (at most FIELD_DETAIL_SIZE bytes) names the
 * parameter that is unknown, repeated, without a value or malformed. Money does not occur in
 * queries. */
must_use bool field_parse_query(const struct field *fields, struct text query, struct buf *scratch,
                                void *out, char ret_detail[FIELD_DETAIL_SIZE]);

/* Prints the members of the struct `in` as one JSON object. Money is printed in the object's
 * FIELD_CURRENCY member; LIST items print money in the outer object's currency. An absent text,
 * str, money, time or enum is null. */
void field_render(const struct field *fields, const void *in, struct buf *out);
/* The same members without the braces, to add to an object that is open already. */
void field_render_members(const struct field *fields, const void *in, struct buf *out);

/* Prints the array of one FIELD_LIST member of `in`, its money in the given currency. */
void field_render_list(const struct field *list, const struct currency *currency, const void *in,
                       struct buf *out);

/* OpenAPI 3.1: the JSON Schema object of a body (additionalProperties false) or of an answer. */
void field_schema(const struct field *fields, bool is_answer, struct buf *out);
/* OpenAPI 3.1: adds one parameter object per query field to an open array. */
void field_query_parameters(const struct field *fields, struct buf *out);

#endif
