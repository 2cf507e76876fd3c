/* test_sbom.c - the bill of materials of each program names every library that the loader maps for
 * it, with the version of a package. */
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024
#define SBOM_BYTES_MAX (1024 * 1024)
#define LIBRARIES_MIN 8 /* those that the Makefile names, and the C library */

static const char *const names[] = {"payment-service", "order-service"};

/* What the words, with the program's path after them, print in a shell. */
static void run_shell(const char *words, const char *name, const char *more, struct buf *out)
{
	const char *build = getenv("BUILD");
	char command[LINE_SIZE], part[4096];
	size_t count;

	(void)snprintf(command, sizeof(command), "%s %s/%s%s", words,
	               build == NULL ? "build" : build, name, more);
	FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c): the words are this test's */
	ck_assert_ptr_nonnull(pipe);
	while ((count = fread(part, 1, sizeof(part), pipe)) > 0)
		buf_add(out, part, count);
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert(!out->full);
}

static const char *member(const cJSON *json, const char *name)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	ck_assert_ptr_nonnull(value);
	return value;
}

static bool names_file(const cJSON *component, const char *path)
{
	const cJSON *property;

	cJSON_ArrayForEach (property, cJSON_GetObjectItemCaseSensitive(component, "properties"))
		if (strcmp(member(property, "name"), "file") == 0 &&
		    strcmp(member(property, "value"), path) == 0)
			return true;
	return false;
}

static void check_library(const cJSON *components, const char *path)
{
	const cJSON *component;
	int found = 0;

	cJSON_ArrayForEach (component, components) {
		if (!names_file(component, path))
			continue;
		found++;
		ck_assert_str_ne(member(component, "version"), "");
		ck_assert_ptr_nonnull(strstr(member(component, "purl"), "pkg:deb/debian/"));
	}
	ck_assert_msg(found == 1, "%s is named %d times", path, found);
}

START_TEST(each_library_is_named_with_a_version)
{
	struct buf text AUTO_BUF, libraries AUTO_BUF;
	char *rest;
	int count = 0;

	buf_init(&text, SBOM_BYTES_MAX);
	buf_init(&libraries, SBOM_BYTES_MAX);
	run_shell("common/sbom.py", names[_i], "", &text);
	run_shell("ldd", names[_i], " | grep -o '/[^ ]*'", &libraries);
	cJSON *json = cJSON_Parse(buf_str(&text));
	ck_assert_str_eq(member(json, "bomFormat"), "CycloneDX");
	const cJSON *components = cJSON_GetObjectItemCaseSensitive(json, "components");
	for (const char *path = strtok_r(libraries.data, "\n", &rest); path != NULL;
	     path = strtok_r(NULL, "\n", &rest)) {
		check_library(components, path);
		count++;
	}
	ck_assert_int_ge(count, LIBRARIES_MIN);
	cJSON_Delete(json);
}
END_TEST

static Suite *sbom_suite(void)
{
	Suite *suite = suite_create("sbom");
	TCase *tcase = tcase_create("sbom");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, each_library_is_named_with_a_version, 0, ARRAY_LEN(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(sbom_suite)
