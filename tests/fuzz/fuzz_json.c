/* fuzz_json.c - no bytes harm json_parse, and what it takes says the same after it was written and
 * read again. */
#include "base/json.h"

#include <stdlib.h>

#define BYTES_MAX (1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_number(struct text text, double value, struct buf *out)
{
	char digits[JSON_NUMBER_BYTES_MAX + 1];

	text_copy(text, digits, sizeof(digits));
	ensure(strtod(digits, NULL) == value); /* the text of this number and no other */
	json_raw(out, text);
}

static void write_node(const struct json_doc *doc, const cJSON *node, struct buf *out)
{
	char closing = cJSON_IsObject(node) ? '}' : ']';

	if (cJSON_IsString(node)) {
		json_string(out, text_of(node->valuestring));
	} else if (cJSON_IsNumber(node)) {
		write_number(json_number_text(doc, node), node->valuedouble, out);
	} else if (cJSON_IsBool(node)) {
		json_bool(out, cJSON_IsTrue(node));
	} else if (cJSON_IsNull(node)) {
		json_string(out, TEXT_NONE);
	} else {
		json_open(out, cJSON_IsObject(node) ? '{' : '[');
		for (const cJSON *child = node->child; child != NULL; child = child->next) {
			if (closing == '}')
				json_key(out, child->string);
			write_node(doc, child, out);
		}
		json_close(out, closing);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = {(const char *)data, size};
	AUTO_JSON struct json_doc first = {0};
	AUTO_JSON struct json_doc second = {0};
	AUTO_BUF struct buf once;
	AUTO_BUF struct buf twice;
	const char *detail = NULL;
	size_t offset = 0;

	buf_init(&once, BYTES_MAX);
	buf_init(&twice, BYTES_MAX);
	if (!json_parse(text, &first, &detail, &offset)) {
		ensure(detail != NULL);
		ensure(offset <= size);
		return 0;
	}
	ensure(text_is_utf8(text));
	write_node(&first, first.root, &once);
	ensure(!once.full);
	ensure(json_parse(buf_text(&once), &second, &detail, &offset));
	write_node(&second, second.root, &twice);
	ensure(text_equal(buf_text(&once), buf_text(&twice)));
	return 0;
}
