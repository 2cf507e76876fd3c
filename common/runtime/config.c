/* config.c - reads options from flags, the environment and their defaults, and prints their tables
 * (config.h). A wrong value is quoted only where it is short and printable, so that the message
 * stays one line, and never of OPTION_TEXT, which may hold a password (DATABASE_URL). */
#include "runtime/config.h"

#include "base/currency.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64
#define FLAG_SIZE 40
#define QUOTED_BYTES_MAX 64
#define HELP_COLUMNS 100
#define HELP_TEXT_BYTES_MAX 1000

/* The rows of all tables. */
struct options {
	struct entry {
		const struct option *row;
		char flag[FLAG_SIZE];
		const char *value; /* of the flag, NULL where it is not given */
	} entries[OPTIONS_MAX];
	size_t count;
};

/* How a value is read into its member of the config struct, and what a right one is: "give ...". */
struct kind {
	bool (*parse)(const struct option *row, const char *value, void *ret_member);
	void (*describe)(const struct option *row, struct buf *why);
};

static bool parse_integer(const struct option *row, const char *value, void *ret_member)
{
	int64_t number;

	if (!text_to_int(text_of(value), row->max, &number) || number < row->min)
		return false;
	*(int64_t *)ret_member = number;
	return true;
}

static void describe_integer(const struct option *row, struct buf *why)
{
	buf_addf(why, "a whole number from %" PRId64 " to %" PRId64, row->min, row->max);
}

/* Largest first, for describe_duration. */
static const struct unit {
	const char *name;
	int64_t us;
} units[] = {
	{"d", 24 * 60 * 60 * US_PER_S},
	{"h", 60 * 60 * US_PER_S},
	{"m", 60 * US_PER_S},
	{"s", US_PER_S},
	{"ms", US_PER_MS},
};

static bool parse_duration(const struct option *row, const char *value, void *ret_member)
{
	size_t digits = strspn(value, "0123456789");
	int64_t unit_us = strcmp(value, "0") == 0 ? 1 : 0; /* nothing is nothing in any unit */
	int64_t number;

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(value + digits, units[i].name) == 0)
			unit_us = units[i].us;
	if (unit_us == 0 || !text_to_int((struct text){value, digits}, row->max / unit_us, &number))
		return false;
	if (number * unit_us < row->min)
		return false;
	*(int64_t *)ret_member = number * unit_us;
	return true;
}

static void add_duration(struct buf *out, int64_t us)
{
	for (size_t i = 0; i < ARRAY_LEN(units) && us != 0; i++) {
		if (us % units[i].us == 0) {
			buf_addf(out, "%" PRId64 "%s", us / units[i].us, units[i].name);
			return;
		}
	}
	ensure(us == 0);
	buf_add_char(out, '0');
}

static void describe_duration(const struct option *row, struct buf *why)
{
	buf_add_str(why, "a number with ms, s, m, h or d, from ");
	add_duration(why, row->min);
	buf_add_str(why, " to ");
	add_duration(why, row->max);
}

static bool is_printable(struct text text)
{
	return text_is_utf8(text) && !text_has_control(text) &&
	       memchr(text.ptr, '\t', text.len) == NULL && memchr(text.ptr, '\n', text.len) == NULL;
}

static bool parse_text(const struct option *row, const char *value, void *ret_member)
{
	struct text text = text_of(value);

	if (!is_printable(text))
		return false;
	int64_t chars = (int64_t)text_chars(text);
	if (chars < row->min || chars > row->max)
		return false;
	*(const char **)ret_member = value;
	return true;
}

static void describe_text(const struct option *row, struct buf *why)
{
	buf_addf(why, "%" PRId64 " to %" PRId64 " characters, none of them a control character",
	         row->min, row->max);
}

static bool parse_enum(const struct option *row, const char *value, void *ret_member)
{
	for (int64_t i = 0; row->names[i] != NULL; i++) {
		if (strcmp(row->names[i], value) == 0) {
			*(int64_t *)ret_member = i;
			return true;
		}
	}
	return false;
}

static void describe_enum(const struct option *row, struct buf *why)
{
	buf_add_str(why, row->names[0]);
	for (size_t i = 1; row->names[i] != NULL; i++)
		buf_addf(why, "%s%s", row->names[i + 1] == NULL ? " or " : ", ", row->names[i]);
}

static bool parse_boolean(const struct option *row, const char *value, void *ret_member)
{
	bool is_true = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
	bool is_false = strcmp(value, "0") == 0 || strcmp(value, "false") == 0;

	(void)row;
	if (!is_true && !is_false)
		return false;
	*(int64_t *)ret_member = is_true;
	return true;
}

static void describe_boolean(const struct option *row, struct buf *why)
{
	(void)row;
	buf_add_str(why, "1, 0, true or false");
}

static bool parse_currency(const struct option *row, const char *value, void *ret_member)
{
	const struct currency *currency = currency_find(text_of(value));

	(void)row;
	if (currency == NULL)
		return false;
	*(const struct currency **)ret_member = currency;
	return true;
}

static void describe_currency(const struct option *row, struct buf *why)
{
	(void)row;
	buf_add_str(why, "the three capital letters of an ISO 4217 currency, such as EUR");
}

static const struct kind kinds[] = {
	[OPTION_INTEGER] = {parse_integer, describe_integer},
	[OPTION_DURATION] = {parse_duration, describe_duration},
	[OPTION_TEXT] = {parse_text, describe_text},
	[OPTION_ENUM] = {parse_enum, describe_enum},
	[OPTION_BOOLEAN] = {parse_boolean, describe_boolean},
	[OPTION_CURRENCY] = {parse_currency, describe_currency},
};

/* "QUEUE_MAX" to "--queue-max". */
static void make_flag(const char *name, char ret_flag[FLAG_SIZE])
{
	size_t len = strlen(name);

	ensure(2 + len < FLAG_SIZE);
	ret_flag[0] = ret_flag[1] = '-';
	for (size_t i = 0; i < len; i++)
		ret_flag[2 + i] = (char)(name[i] == '_' ? '-' : tolower((unsigned char)name[i]));
	ret_flag[2 + len] = '\0';
}

static struct entry *find_entry(struct options *options, struct text flag)
{
	for (size_t i = 0; i < options->count; i++)
		if (text_is(flag, options->entries[i].flag))
			return &options->entries[i];
	return NULL;
}

static void gather(const struct option *const *tables, size_t count, struct options *ret_options)
{
	ret_options->count = 0;
	for (size_t i = 0; i < count; i++) {
		for (const struct option *row = tables[i]; row->name != NULL; row++) {
			struct entry entry = {.row = row};
			make_flag(row->name, entry.flag);
			ensure(find_entry(ret_options, text_of(entry.flag)) == NULL);
			ensure(ret_options->count < OPTIONS_MAX);
			ret_options->entries[ret_options->count++] = entry;
		}
	}
}

static void add_quoted(struct buf *why, struct text value, const char *otherwise)
{
	if (value.ptr == NULL || value.len > QUOTED_BYTES_MAX || !is_printable(value)) {
		buf_add_str(why, otherwise);
		return;
	}
	buf_add_char(why, '"');
	buf_add_text(why, value);
	buf_add_char(why, '"');
}

/* --name VALUE or --name=VALUE; the second form where the value itself begins with "--". */
static bool read_flags(struct options *options, int argc, char **argv, struct buf *why)
{
	for (int i = 0; i < argc; i++) {
		size_t flag_len = strcspn(argv[i], "=");
		struct text flag = {argv[i], flag_len};
		struct entry *entry = find_entry(options, flag);
		if (entry == NULL) {
			add_quoted(why, flag, "an argument");
			buf_add_str(why, " is not an option; --help lists them");
			return false;
		}
		const char *name = entry->row->name;
		if (entry->value != NULL) {
			buf_addf(why, "%s: %s is there twice: give it once", name, entry->flag);
			return false;
		}
		if (argv[i][flag_len] == '=') {
			entry->value = argv[i] + flag_len + 1;
		} else if (i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0) {
			entry->value = argv[++i];
		} else {
			buf_addf(why, "%s: %s has no value: give one", name, entry->flag);
			return false;
		}
	}
	return true;
}

static bool load_entry(const struct entry *entry, void *config, struct buf *why)
{
	const struct option *row = entry->row;
	const char *environment = getenv(row->name);
	const char *value = row->fallback;
	const char *source = NULL;

	if (entry->value != NULL) {
		value = entry->value;
		source = entry->flag;
	} else if (environment != NULL && environment[0] != '\0') {
		value = environment;
		source = "the environment";
	}
	if (kinds[row->kind].parse(row, value, (char *)config + row->offset))
		return true;
	ensure(source != NULL); /* the default is right */
	buf_addf(why, "%s: ", row->name);
	add_quoted(why, row->kind == OPTION_TEXT ? TEXT_NONE : text_of(value), "its value");
	buf_add_str(why, " is not right: give ");
	kinds[row->kind].describe(row, why);
	buf_addf(why, " (from %s)", source);
	return false;
}

bool config_load(const struct option *const *tables, size_t count, int argc, char **argv,
                 void *config, struct buf *why)
{
	struct options options;

	gather(tables, count, &options);
	if (!read_flags(&options, argc, argv, why))
		return false;
	for (size_t i = 0; i < options.count; i++)
		if (!load_entry(&options.entries[i], config, why))
			return false;
	return true;
}

/* Words of text from column `from` on, with lines broken at HELP_COLUMNS. */
static void add_wrapped(struct buf *out, const char *text, size_t from)
{
	size_t column = from;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		if (column > from && column + 1 + len > HELP_COLUMNS) {
			buf_addf(out, "\n%*s", (int)from, "");
			column = from;
		} else if (column > from) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		text += len + strspn(text + len, " ");
	}
	buf_add_char(out, '\n');
}

static void add_help(struct buf *out, const struct option *row, size_t from)
{
	struct buf text AUTO_BUF;

	buf_init(&text, HELP_TEXT_BYTES_MAX);
	buf_add_str(&text, row->help);
	if (row->fallback[0] != '\0')
		buf_addf(&text, " (default: %s)", row->fallback);
	add_wrapped(out, buf_str(&text), from);
}

static int widest(int width, const char *text)
{
	int len = (int)strlen(text);
	return len > width ? len : width;
}

void config_help(const struct option *const *tables, size_t count, struct buf *out)
{
	struct options options;
	int flag_width = 0;
	int name_width = 0;

	gather(tables, count, &options);
	for (size_t i = 0; i < options.count; i++) {
		flag_width = widest(flag_width, options.entries[i].flag);
		name_width = widest(name_width, options.entries[i].row->name);
	}
	int from = 2 + flag_width + 2 + name_width + 2;
	for (size_t i = 0; i < options.count; i++) {
		const struct entry *entry = &options.entries[i];
		buf_addf(out, "  %-*s  %-*s  ", flag_width, entry->flag, name_width,
		         entry->row->name);
		add_help(out, entry->row, (size_t)from);
	}
}

void config_markdown(const struct option *const *tables, size_t count, struct buf *out)
{
	struct options options;

	gather(tables, count, &options);
	for (size_t i = 0; i < options.count; i++) {
		const struct option *row = options.entries[i].row;
		ensure(strchr(row->help, '|') == NULL && strchr(row->fallback, '|') == NULL);
		buf_addf(out, "| `%s` | `%s` | ", row->name, options.entries[i].flag);
		if (row->fallback[0] != '\0')
			buf_addf(out, "`%s` ", row->fallback);
		buf_addf(out, "| %s |\n", row->help);
	}
}
