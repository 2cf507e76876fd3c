/* json.c - a JSON text becomes a tree in three steps: the scanner takes or refuses the text, cJSON
 * builds the tree, and the tree is walked for what the scanner cannot see: names that are equal
 * once their escapes are decoded. Invariant: a node's valueint is the index of its place; scanner
 * and walk meet the values in the same order. */
#include "base/json.h"

#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

struct json_kept {
	struct json_kept *next;
	char bytes[];
};

/* Gives a node and all below it their places, in document order; returns the next free one. */
static int number_nodes(cJSON *node, int place)
{
	node->valueint = place++;
	for (cJSON *child = node->child; child != NULL; child = child->next)
		place = number_nodes(child, place);
	return place;
}

/* By name; the same name twice in document order. */
static int compare_names(const void *a, const void *b)
{
	const cJSON *const *left = a;
	const cJSON *const *right = b;
	int order = strcmp((*left)->string, (*right)->string);

	return order != 0 ? order : (*left)->valueint - (*right)->valueint;
}

/* Sorting keeps an object of many thousand names cheap, whoever chose them. members has room for
 * all of them. */
static const cJSON *duplicate_in(const cJSON *object, const cJSON **members)
{
	size_t count = 0;

	for (const cJSON *member = object->child; member != NULL; member = member->next)
		members[count++] = member;
	qsort(members, count, sizeof(members[0]), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(members[i - 1]->string, members[i]->string) == 0)
			return members[i];
	}
	return NULL;
}

/* A member, at any depth, whose name its object has already; or NULL. */
static const cJSON *duplicate_below(const cJSON *node, const cJSON **members)
{
	const cJSON *found = cJSON_IsObject(node) ? duplicate_in(node, members) : NULL;

	for (const cJSON *child = node->child; child != NULL && found == NULL; child = child->next)
		found = duplicate_below(child, members);
	return found;
}

static bool build(struct json_scan *scan, struct json_doc *doc)
{
	const cJSON **members = malloc(scan->places_count * sizeof(*members));
	const cJSON *duplicate = NULL;

	doc->root = cJSON_ParseWithLengthOpts(scan->text.ptr, scan->text.len, NULL, false);
	if (members == NULL || doc->root == NULL) {
		scan->detail = "There is no memory to read the JSON";
		free(members);
		return false;
	}
	ensure(number_nodes(doc->root, 0) == (int)scan->places_count);
	duplicate = duplicate_below(doc->root, members);
	free(members);
	if (duplicate == NULL)
		return true;
	scan->at = scan->places[duplicate->valueint].name_at;
	scan->detail = "A name must occur only once in an object";
	return false;
}

bool json_parse(struct text text, struct json_doc *ret_doc, const char **ret_detail,
                size_t *ret_offset)
{
	struct json_scan scan = {.text = text};
	struct json_doc doc = {.text = text.ptr};
	bool ok = json_scan(&scan) && build(&scan, &doc);

	doc.places = scan.places;
	if (!ok) {
		json_release(&doc);
		*ret_detail = scan.detail;
		*ret_offset = scan.at;
		return false;
	}
	*ret_doc = doc;
	return true;
}

void json_release(struct json_doc *doc)
{
	while (doc->kept != NULL) {
		struct json_kept *kept = doc->kept;

		doc->kept = kept->next;
		free(kept);
	}
	free(doc->places);
	cJSON_Delete(doc->root);
	*doc = (struct json_doc){0};
}

struct text json_number_text(const struct json_doc *doc, const cJSON *number)
{
	const struct json_place *place = &doc->places[number->valueint];

	ensure(cJSON_IsNumber(number));
	return (struct text){doc->text + place->at, place->len};
}

struct text json_keep(struct json_doc *doc, struct text text)
{
	struct json_kept *kept = malloc(sizeof(*kept) + text.len);

	if (kept == NULL)
		return TEXT_NONE;
	memcpy(kept->bytes, text.ptr, text.len);
	kept->next = doc->kept;
	doc->kept = kept;
	return (struct text){kept->bytes, text.len};
}

const cJSON *json_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}
