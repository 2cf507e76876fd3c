/* field_parse.c - a JSON document into a struct, as a table of fields says. Every fault is named by
 * its JSON pointer, and all are named at once. Not for single values: field_value.c knows those.
 * Invariants: a member of the struct is written only with a value that was checked; a look at a
 * member of the document costs the length of the table, never the width of the object. */
#include "base/field_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ECHO_BYTES_MAX 64 /* a longer name is not repeated in a pointer */
#define NAME_ESCAPED_SIZE (3 * NAME_ECHO_BYTES_MAX + 1)

/* A key, a text whose characters take 4 bytes at most (an escape takes 2), four quotes, colon and
 * comma. */
#define NAMES_BYTES_MAX (FIELD_NAMES_MAX * (FIELD_NAME_CHARS_MAX + 3) + 2)
#define METADATA_BYTES_MAX \
	(METADATA_KEYS_MAX * (METADATA_KEY_CHARS_MAX + 4 * METADATA_VALUE_CHARS_MAX + 6) + 2)

/* The object that is being read. */
struct reader {
	struct json_doc *doc;
	const char *pointer;
	const struct currency *currency; /* NULL: its code is wrong */
	struct field_errors *errors;
};

static void read_object(struct reader reader, const struct field *fields, const cJSON *object,
                        void *out);

void field_error_add(struct field_errors *errors, const char *pointer, bool is_money,
                     const char *detail)
{
	if (errors->count < FIELD_ERRORS_MAX) {
		struct field_error *row = &errors->rows[errors->count];

		(void)snprintf(row->pointer, sizeof(row->pointer), "%s", pointer);
		(void)snprintf(row->detail, sizeof(row->detail), "%s", detail);
		row->is_money = is_money;
	}
	errors->count++;
}

/* RFC 6901, sections 3 and 6: "~0" is ~, "~1" is /, and what RFC 3986 does not allow in a fragment
 * is %XX. */
static void escape_name(const char *name, char out[NAME_ESCAPED_SIZE])
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "-._!$&'()*+,;=:@?";

	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (c == '~' || c == '/') {
			*out++ = '~';
			*out++ = c == '~' ? '0' : '1';
		} else if (is_letter || char_is_digit(*name) || strchr(plain, c) != NULL) {
			*out++ = (char)c;
		} else {
			*out++ = '%';
			*out++ = hex[c >> 4];
			*out++ = hex[c & 0xF];
		}
	}
	*out = '\0';
}

/* Writes the pointer of a member. False: its name is not to be repeated, and the pointer is the
 * object's own. */
static bool point_at(const struct reader *reader, const char *name, char out[FIELD_POINTER_SIZE])
{
	char escaped[NAME_ESCAPED_SIZE];
	size_t object_len = strlen(reader->pointer);

	(void)snprintf(out, FIELD_POINTER_SIZE, "%s", reader->pointer);
	if (strlen(name) > NAME_ECHO_BYTES_MAX || text_has_card_number(text_of(name)))
		return false;
	escape_name(name, escaped);
	if (object_len + 1 + strlen(escaped) >= FIELD_POINTER_SIZE)
		return false;
	(void)snprintf(out + object_len, FIELD_POINTER_SIZE - object_len, "/%s", escaped);
	return true;
}

static void add_fault(const struct reader *reader, const char *name, bool is_money,
                      const char *detail)
{
	char pointer[FIELD_POINTER_SIZE];

	(void)point_at(reader, name, pointer);
	field_error_add(reader->errors, pointer, is_money, detail);
}

/* The field has a value of a wrong type or, a list or metadata, of a wrong size. */
static void add_unexpected(const struct reader *reader, const struct field *field)
{
	char fault[FIELD_FAULT_SIZE];

	field_expectation(field, fault);
	add_fault(reader, field->name, false, fault);
}

/* The text of a value of the right JSON type. An order id that is a number must be a plain
 * integer: 1.5 alone would pass as a text. */
static bool value_text(const struct reader *reader, const struct field *field, const cJSON *value,
                       struct text *ret_text)
{
	static const int json_types[] = {
		[FIELD_KIND_ORDER_ID] = cJSON_String | cJSON_Number,
		[FIELD_KIND_TEXT] = cJSON_String,
		[FIELD_KIND_ENUM] = cJSON_String,
		[FIELD_KIND_INTEGER] = cJSON_Number,
		[FIELD_KIND_BOOLEAN] = cJSON_True | cJSON_False,
		[FIELD_KIND_MONEY] = cJSON_String | cJSON_Number,
		[FIELD_KIND_DECIMAL] = cJSON_String | cJSON_Number,
		[FIELD_KIND_CURRENCY] = cJSON_String,
		[FIELD_KIND_TIME] = cJSON_String,
	};
	int64_t integer;

	if ((value->type & json_types[field->kind]) == 0)
		return false;
	if (cJSON_IsString(value)) {
		*ret_text = text_of(value->valuestring);
	} else if (cJSON_IsBool(value)) {
		*ret_text = text_of(cJSON_IsTrue(value) ? "true" : "false");
	} else {
		*ret_text = json_number_text(reader->doc, value);
		if (field->kind == FIELD_KIND_ORDER_ID)
			return text_to_int(*ret_text, ORDER_ID_INT_MAX, &integer);
	}
	return true;
}

static void read_scalar(const struct reader *reader, const struct field *field, const cJSON *value,
                        void *out)
{
	bool is_money = field->kind == FIELD_KIND_MONEY || field->kind == FIELD_KIND_DECIMAL;
	char fault[FIELD_FAULT_SIZE];
	struct text text;

	if (!value_text(reader, field, value, &text))
		add_unexpected(reader, field);
	else if (!field_value_read(field, text, reader->currency, out, fault))
		add_fault(reader, field->name, is_money, fault);
}

static void read_list(const struct reader *reader, const struct field *field, const cJSON *value,
                      void *out)
{
	char pointer[FIELD_POINTER_SIZE];
	struct reader item_reader = *reader;
	int count = cJSON_GetArraySize(value);
	int i = 0;

	if (!cJSON_IsArray(value) || count < field->min || count > field->max) {
		add_unexpected(reader, field);
		return;
	}
	item_reader.pointer = pointer;
	for (const cJSON *item = value->child; item != NULL; item = item->next, i++) {
		char *item_out = (char *)out + field->offset + (size_t)i * field->item_size;

		(void)snprintf(pointer, sizeof(pointer), "%s/%s/%d", reader->pointer, field->name,
		               i);
		if (cJSON_IsObject(item))
			read_object(item_reader, field->items, item, item_out);
		else
			field_error_add(reader->errors, pointer, false, "must be an object");
	}
	*(size_t *)(void *)((char *)out + field->count_offset) = (size_t)count;
}

static bool check_metadata_entry(const struct reader *metadata, const cJSON *entry)
{
	static const struct field value_field = {.kind = FIELD_KIND_TEXT,
	                                         .max = METADATA_VALUE_CHARS_MAX};
	char fault[FIELD_FAULT_SIZE];
	struct text text;

	if (!field_is_plain_name(text_of(entry->string), METADATA_KEY_CHARS_MAX)) {
		add_fault(metadata, entry->string, false,
		          "must have a key of 1 to 64 characters of A-Z a-z 0-9 . _ -");
		return false;
	}
	if (!value_text(metadata, &value_field, entry, &text)) {
		field_expectation(&value_field, fault);
		add_fault(metadata, entry->string, false, fault);
		return false;
	}
	if (!field_value_read(&value_field, text, NULL, &text, fault)) {
		add_fault(metadata, entry->string, false, fault);
		return false;
	}
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const cJSON *const *left = a;
	const cJSON *const *right = b;

	return strcmp((*left)->string, (*right)->string);
}

/* The same keys and values always make the same bytes. */
static void canonical_metadata(const cJSON *entries[], size_t count, struct buf *json)
{
	qsort(entries, count, sizeof(entries[0]), compare_keys);
	json_open(json, '{');
	for (size_t i = 0; i < count; i++) {
		json_key(json, entries[i]->string);
		json_string(json, text_of(entries[i]->valuestring));
	}
	json_close(json, '}');
}

static void keep_json(const struct reader *reader, const struct field *field,
                      const struct buf *json, void *out)
{
	struct text kept = json->full ? TEXT_NONE : json_keep(reader->doc, buf_text(json));

	if (kept.ptr == NULL)
		add_fault(reader, field->name, false,
		          "must be sent again later: there is no memory now");
	else
		*(struct text *)(void *)((char *)out + field->offset) = kept;
}

static void read_metadata(const struct reader *reader, const struct field *field,
                          const cJSON *value, void *out)
{
	char pointer[FIELD_POINTER_SIZE];
	struct reader metadata = *reader;
	const cJSON *entries[METADATA_KEYS_MAX];
	size_t count = 0;
	bool ok = true;
	struct buf json AUTO_BUF;

	buf_init(&json, METADATA_BYTES_MAX);
	if (!cJSON_IsObject(value) || cJSON_GetArraySize(value) > METADATA_KEYS_MAX) {
		add_unexpected(reader, field);
		return;
	}
	(void)point_at(reader, field->name, pointer);
	metadata.pointer = pointer;
	for (const cJSON *entry = value->child; entry != NULL; entry = entry->next) {
		ok = check_metadata_entry(&metadata, entry) && ok;
		entries[count++] = entry;
	}
	if (!ok)
		return;
	canonical_metadata(entries, count, &json);
	keep_json(reader, field, &json, out);
}

static void read_names(const struct reader *reader, const struct field *field, const cJSON *value,
                       void *out)
{
	int count = cJSON_GetArraySize(value);
	bool ok = cJSON_IsArray(value) && count >= field->min && count <= field->max;
	struct buf json AUTO_BUF;

	ensure(field->max <= FIELD_NAMES_MAX);
	buf_init(&json, NAMES_BYTES_MAX);
	json_open(&json, '[');
	for (const cJSON *name = value->child; ok && name != NULL; name = name->next) {
		ok = cJSON_IsString(name) &&
		     field_is_plain_name(text_of(name->valuestring), FIELD_NAME_CHARS_MAX);
		if (ok)
			json_string(&json, text_of(name->valuestring));
	}
	json_close(&json, ']');
	if (ok)
		keep_json(reader, field, &json, out);
	else
		add_unexpected(reader, field);
}

static void read_value(const struct reader *reader, const struct field *field, const cJSON *value,
                       void *out)
{
	switch (field->kind) {
	case FIELD_KIND_LIST: read_list(reader, field, value, out); break;
	case FIELD_KIND_METADATA: read_metadata(reader, field, value, out); break;
	case FIELD_KIND_NAMES: read_names(reader, field, value, out); break;
	default: read_scalar(reader, field, value, out);
	}
}

/* Puts each member at the place of its field; returns how many have none. */
static size_t find_values(const struct field *fields, const cJSON *object,
                          const cJSON *values[FIELDS_MAX])
{
	size_t unknown = 0;

	for (const cJSON *value = object->child; value != NULL; value = value->next) {
		const struct field *field = field_find(fields, text_of(value->string));

		if (field == NULL) {
			unknown++;
		} else {
			ensure(field - fields < FIELDS_MAX);
			values[field - fields] = value;
		}
	}
	return unknown;
}

static void add_unknown(const struct reader *reader, const struct field *fields,
                        const cJSON *object)
{
	for (const cJSON *value = object->child; value != NULL; value = value->next) {
		char pointer[FIELD_POINTER_SIZE];

		if (field_find(fields, text_of(value->string)) != NULL)
			continue;
		if (point_at(reader, value->string, pointer))
			field_error_add(reader->errors, pointer, false, "is not a known field");
		else
			field_error_add(reader->errors, pointer, false,
			                "must not hold a field that is not known");
	}
}

/* The currency in which the object's money is read, which may stand behind the money. NULL: its
 * code is wrong, which is named when its field is read. */
static const struct currency *object_currency(const struct field *fields, const cJSON *values[],
                                              const struct currency *inherited)
{
	for (size_t i = 0; fields[i].kind != FIELD_KIND_END; i++) {
		if (fields[i].kind == FIELD_KIND_CURRENCY && values[i] != NULL)
			return cJSON_IsString(values[i])
			               ? currency_find(text_of(values[i]->valuestring))
			               : NULL;
	}
	return inherited;
}

/* Calls itself through read_list, as deep as the tables are nested. */
static void read_object(struct reader reader, const struct field *fields, const cJSON *object,
                        void *out)
{
	const cJSON *values[FIELDS_MAX] = {NULL};
	size_t unknown = find_values(fields, object, values);

	field_defaults(fields, reader.currency, out);
	reader.currency = object_currency(fields, values, reader.currency);
	for (size_t i = 0; fields[i].kind != FIELD_KIND_END; i++) {
		if (values[i] != NULL)
			read_value(&reader, &fields[i], values[i], out);
		else if ((fields[i].flags & FIELD_REQUIRED) != 0)
			add_fault(&reader, fields[i].name, false, "is required");
	}
	if (unknown > 0)
		add_unknown(&reader, fields, object);
}

bool field_parse(const struct field *fields, struct json_doc *doc,
                 const struct currency *default_currency, void *out, struct field_errors *errors)
{
	struct reader reader = {
		.doc = doc, .pointer = "#", .currency = default_currency, .errors = errors};
	size_t count_before = errors->count;

	if (cJSON_IsObject(doc->root))
		read_object(reader, fields, doc->root, out);
	else
		field_error_add(errors, "#", false, "must be a JSON object");
	return errors->count == count_before;
}

void field_defaults(const struct field *fields, const struct currency *default_currency, void *out)
{
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++)
		field_default(field, default_currency, out);
}
