/* test_readme.c - the option tables of README.md are those of the programs: each row is made from
 * what --help prints, and must stand between the markers, in the same order and alone. */
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>

#define README "README.md"
#define BYTES_MAX (1024 * 1024)
#define COLUMN_SIZE 64
#define HELP_SIZE 1024
#define DEFAULT " (default: "

static const char *const names[] = {"payment-service", "order-service"};

/* An option of --help. */
struct row {
	char flag[COLUMN_SIZE], name[COLUMN_SIZE], help[HELP_SIZE];
};

static bool is_option(const char *line)
{
	return strncmp(line, "  --", 4) == 0;
}

/* Adds the text of a line, without the blanks before it, to the help. */
static void add_help(struct row *row, const char *line)
{
	size_t len = strlen(row->help);
	size_t blanks = strspn(line, " ");

	(void)snprintf(row->help + len, sizeof(row->help) - len, "%s%.*s", len > 0 ? " " : "",
	               (int)strcspn(line + blanks, "\n"), line + blanks);
}

/* Reads an option and the lines that go on with it; what comes after them. */
static const char *read_row(const char *line, struct row *row)
{
	int help_at = 0;

	*row = (struct row){.help = ""};
	ck_assert_int_eq(sscanf(line, " %63s %63s %n", row->flag, row->name, &help_at), 2);
	add_help(row, line + help_at);
	for (line = strchr(line, '\n') + 1; line[0] == ' ' && !is_option(line);
	     line = strchr(line, '\n') + 1)
		add_help(row, line);
	return line;
}

/* The row of the table, as config_markdown prints it. */
static void add_markdown(const struct row *row, struct buf *out)
{
	const char *fallback = strstr(row->help, DEFAULT);
	size_t help_len = fallback == NULL ? strlen(row->help) : (size_t)(fallback - row->help);

	buf_addf(out, "| `%s` | `%s` | ", row->name, row->flag);
	if (fallback != NULL) {
		fallback += strlen(DEFAULT);
		buf_addf(out, "`%.*s` ", (int)strcspn(fallback, ")"), fallback);
	}
	buf_addf(out, "| %.*s |\n", (int)help_len, row->help);
}

static void make_table(const char *program, struct buf *out)
{
	static const char *const arguments[] = {"--help", NULL};
	struct service service;
	struct row row;
	struct run run;

	service_init(&service, program);
	run_service(&service, NULL, arguments, &run);
	ck_assert_int_eq(run.status, 0);
	const char *line = strstr(buf_str(&run.out), "\n  --");
	ck_assert_ptr_nonnull(line);
	for (line++; is_option(line);) {
		line = read_row(line, &row);
		add_markdown(&row, out);
	}
	ck_assert_str_eq(line, "");
	run_release(&run);
	service_release(&service);
}

/* The rows between the markers, below the head of their table. */
static void find_table(const char *readme, const char *program, struct buf *out)
{
	char marker[COLUMN_SIZE];

	(void)snprintf(marker, sizeof(marker), "<!-- options: %s -->\n", program);
	const char *begin = strstr(readme, marker);
	ck_assert_msg(begin != NULL, "no %s", marker);
	const char *end = strstr(begin, "<!-- options: end -->");
	const char *rows = strstr(begin, "| `");
	ck_assert(end != NULL && rows != NULL && rows < end);
	buf_add(out, rows, (size_t)(end - rows));
	while (out->len > 1 &&
	       out->data[out->len - 2] == '\n') /* an empty line before the marker */
		out->data[--out->len] = '\0';
}

START_TEST(the_table_of_options_is_that_of_the_program)
{
	struct buf expected AUTO_BUF, found AUTO_BUF, readme AUTO_BUF;

	buf_init(&expected, BYTES_MAX);
	buf_init(&found, BYTES_MAX);
	buf_init(&readme, BYTES_MAX);
	make_table(names[_i], &expected);
	read_file(README, &readme);
	find_table(buf_str(&readme), names[_i], &found);
	ck_assert_str_eq(buf_str(&found), buf_str(&expected));
}
END_TEST

static Suite *readme_suite(void)
{
	Suite *suite = suite_create("readme");
	TCase *tcase = tcase_create("options");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, the_table_of_options_is_that_of_the_program, 0,
	                    ARRAY_LEN(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(readme_suite)
