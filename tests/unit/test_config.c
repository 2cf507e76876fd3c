/* test_config.c - options: which source wins, what each kind takes, and what a user is told. */
#include "unit/unit.h"

#include "base/currency.h"
#include "runtime/config.h"

#include <signal.h>
#include <string.h>

#define ARGS_MAX 4

struct settings {
	int64_t queue_max, ttl_us, level, is_open;
	const char *peer;
	const struct currency *currency;
};

static const char *const levels[] = {"low", "middle", "high", NULL};

static const struct option limits[] = {
	{"QUEUE_MAX", OPTION_INTEGER, offsetof(struct settings, queue_max), "1024", 1, 65535, NULL,
         "Commands that wait at most."},
	{"TTL", OPTION_DURATION, offsetof(struct settings, ttl_us), "24h", 500 * US_PER_MS,
         72 * 3600 * US_PER_S, NULL, "How long a key is kept."},
	{.name = NULL},
};
static const struct option others[] = {
	{"LEVEL", OPTION_ENUM, offsetof(struct settings, level), "middle", 0, 0, levels,
         "A level."},
	{"OPEN", OPTION_BOOLEAN, offsetof(struct settings, is_open), "0", 0, 0, NULL, "Whether."},
	{"PEER_URL", OPTION_TEXT, offsetof(struct settings, peer), "", 0, 10, NULL,
         "Where the other service is; left out, this one works by itself, as it does in some "
         "tests."},
	{"CURRENCY", OPTION_CURRENCY, offsetof(struct settings, currency), "USD", 0, 0, NULL,
         "Money."},
	{.name = NULL},
};
static const struct option *const tables[] = {limits, others};

static bool load(const char *const args[ARGS_MAX], struct settings *ret_settings, struct buf *why)
{
	char *argv[ARGS_MAX];
	int argc = 0;

	memcpy(argv, args, sizeof(argv)); /* main's argv is not const, and nobody writes to it */
	while (argc < ARGS_MAX && argv[argc] != NULL)
		argc++;
	buf_init(why, 1000);
	return config_load(tables, ARRAY_LEN(tables), argc, argv, ret_settings, why);
}

START_TEST(defaults_hold_where_nothing_is_given)
{
	const char *args[ARGS_MAX] = {NULL};
	struct settings settings;
	struct buf why AUTO_BUF;

	ck_assert_msg(load(args, &settings, &why), "%s", buf_str(&why));
	ck_assert_int_eq(settings.queue_max, 1024);
	ck_assert_int_eq(settings.ttl_us, 24 * 3600 * US_PER_S);
	ck_assert_int_eq(settings.level, 1);
	ck_assert_int_eq(settings.is_open, 0);
	ck_assert_str_eq(settings.peer, "");
	ck_assert_ptr_eq(settings.currency, currency_find(text_of("USD")));
}
END_TEST

static const struct source_case {
	const char *what, *environment;
	const char *args[ARGS_MAX];
	int64_t want;
} source_cases[] = {
	{"the environment wins over the default", "5", {NULL}, 5},
	{"an empty variable is not set", "", {NULL}, 1024},
	{"a flag wins over the environment", "5", {"--queue-max", "6"}, 6},
	{"a flag with =", "5", {"--queue-max=7"}, 7},
	{"a flag wins over a wrong variable", "x", {"--queue-max=8"}, 8},
	{"a flag after another", NULL, {"--open", "1", "--queue-max", "9"}, 9},
};

START_TEST(flag_wins_over_environment_over_default)
{
	const struct source_case *row = &source_cases[_i];
	struct settings settings;
	struct buf why AUTO_BUF;

	if (row->environment != NULL)
		ck_assert_int_eq(setenv("QUEUE_MAX", row->environment, 1), 0);
	ck_assert_msg(load(row->args, &settings, &why), "%s: %s", row->what, buf_str(&why));
	ck_assert_msg(settings.queue_max == row->want, "%s", row->what);
}
END_TEST

static const struct right_case {
	const char *arg;
	size_t offset;
	int64_t want;
} right_cases[] = {
	{"--queue-max=1", offsetof(struct settings, queue_max), 1},
	{"--queue-max=65535", offsetof(struct settings, queue_max), 65535},
	{"--ttl=500ms", offsetof(struct settings, ttl_us), 500 * US_PER_MS},
	{"--ttl=10s", offsetof(struct settings, ttl_us), 10 * US_PER_S},
	{"--ttl=3m", offsetof(struct settings, ttl_us), 180 * US_PER_S},
	{"--ttl=72h", offsetof(struct settings, ttl_us), 72 * 3600 * US_PER_S},
	{"--ttl=3d", offsetof(struct settings, ttl_us), 72 * 3600 * US_PER_S},
	{"--level=low", offsetof(struct settings, level), 0},
	{"--level=high", offsetof(struct settings, level), 2},
	{"--open=1", offsetof(struct settings, is_open), 1},
	{"--open=true", offsetof(struct settings, is_open), 1},
	{"--open=0", offsetof(struct settings, is_open), 0},
	{"--open=false", offsetof(struct settings, is_open), 0},
};

START_TEST(right_values_are_taken)
{
	const struct right_case *row = &right_cases[_i];
	const char *args[ARGS_MAX] = {row->arg};
	struct settings settings;
	struct buf why AUTO_BUF;
	int64_t value;

	ck_assert_msg(load(args, &settings, &why), "%s: %s", row->arg, buf_str(&why));
	memcpy(&value, (const char *)&settings + row->offset, sizeof(value));
	ck_assert_msg(value == row->want, "%s", row->arg);
}
END_TEST

START_TEST(texts_are_borrowed_and_counted_in_characters)
{
	const char *args[ARGS_MAX] = {"--peer-url", "\u00e4\u00e4\u00e4\u00e4\u00e4=678\u00e4"};
	struct settings settings;
	struct buf why AUTO_BUF;

	ck_assert_msg(load(args, &settings, &why), "%s", buf_str(&why));
	ck_assert_ptr_eq(settings.peer, args[1]);
}
END_TEST

START_TEST(nothing_needs_no_unit)
{
	static const struct option table[] = {
		{"DELAY", OPTION_DURATION, 0, "0", 0, US_PER_S, NULL, "Delay."},
		{.name = NULL},
	};
	static const struct option *const one[] = {table};
	int64_t delay_us = -1;
	struct buf why AUTO_BUF;

	buf_init(&why, 1000);
	ck_assert(config_load(one, 1, 0, NULL, &delay_us, &why));
	ck_assert_int_eq(delay_us, 0);
}
END_TEST

#define QUEUE_RIGHT " is not right: give a whole number from 1 to 65535 (from --queue-max)"
#define TTL_RIGHT \
	" is not right: give a number with ms, s, m, h or d, from 500ms to 3d (from --ttl)"
#define PEER_WRONG \
	"PEER_URL: its value is not right: give 0 to 10 characters, none of them a control " \
	"character (from --peer-url)"
#define TEN_DIGITS "1111111111"

static const struct wrong_case {
	const char *args[ARGS_MAX];
	const char *want;
} wrong_cases[] = {
	{{"--queue-max=65536"}, "QUEUE_MAX: \"65536\"" QUEUE_RIGHT},
	{{"--queue-max=0"}, "QUEUE_MAX: \"0\"" QUEUE_RIGHT},
	{{"--queue-max=-1"}, "QUEUE_MAX: \"-1\"" QUEUE_RIGHT},
	{{"--queue-max=+1"}, "QUEUE_MAX: \"+1\"" QUEUE_RIGHT},
	{{"--queue-max="}, "QUEUE_MAX: \"\"" QUEUE_RIGHT},
	{{"--queue-max= 1"}, "QUEUE_MAX: \" 1\"" QUEUE_RIGHT},
	{{"--queue-max=1k"}, "QUEUE_MAX: \"1k\"" QUEUE_RIGHT},
	{{"--queue-max=0x10"}, "QUEUE_MAX: \"0x10\"" QUEUE_RIGHT},
	{{"--queue-max=99999999999999999999"}, "QUEUE_MAX: \"99999999999999999999\"" QUEUE_RIGHT},
	{{"--queue-max=1\n2"}, "QUEUE_MAX: its value" QUEUE_RIGHT},
	{{"--queue-max=1\xff"}, "QUEUE_MAX: its value" QUEUE_RIGHT},
	{{"--queue-max=" TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS "12345"},
         "QUEUE_MAX: its value" QUEUE_RIGHT},
	{{"--ttl=10"}, "TTL: \"10\"" TTL_RIGHT},
	{{"--ttl=0"}, "TTL: \"0\"" TTL_RIGHT},
	{{"--ttl=s"}, "TTL: \"s\"" TTL_RIGHT},
	{{"--ttl=1.5s"}, "TTL: \"1.5s\"" TTL_RIGHT},
	{{"--ttl=10 s"}, "TTL: \"10 s\"" TTL_RIGHT},
	{{"--ttl=499ms"}, "TTL: \"499ms\"" TTL_RIGHT},
	{{"--ttl=73h"}, "TTL: \"73h\"" TTL_RIGHT},
	{{"--ttl=9223372036854775807d"}, "TTL: \"9223372036854775807d\"" TTL_RIGHT},
	{{"--level=mid"}, "LEVEL: \"mid\" is not right: give low, middle or high (from --level)"},
	{{"--open=yes"}, "OPEN: \"yes\" is not right: give 1, 0, true or false (from --open)"},
	{{"--currency=usd"},
         "CURRENCY: \"usd\" is not right: give the three capital letters of an "
         "ISO 4217 currency, such as EUR (from --currency)"},
	{{"--peer-url=12345678901"}, PEER_WRONG},
	{{"--peer-url=a\tb"}, PEER_WRONG},
	{{"--peer-url=\xc3"}, PEER_WRONG},
	{{"--prot", "5000"}, "\"--prot\" is not an option; --help lists them"},
	{{"--prot=secret"}, "\"--prot\" is not an option; --help lists them"},
	{{"5000"}, "\"5000\" is not an option; --help lists them"},
	{{"--queue"}, "\"--queue\" is not an option; --help lists them"},
	{{"--QUEUE-MAX=1"}, "\"--QUEUE-MAX\" is not an option; --help lists them"},
	{{"--\x1b[2J"}, "an argument is not an option; --help lists them"},
	{{"--open=1", "--open=1"}, "OPEN: --open is there twice: give it once"},
	{{"--open"}, "OPEN: --open has no value: give one"},
	{{"--open", "--queue-max", "5"}, "OPEN: --open has no value: give one"},
};

START_TEST(a_wrong_value_is_told_in_one_line)
{
	const struct wrong_case *row = &wrong_cases[_i];
	struct settings settings;
	struct buf why AUTO_BUF;

	ck_assert_msg(!load(row->args, &settings, &why), "%s", row->want);
	ck_assert_str_eq(buf_str(&why), row->want);
}
END_TEST

START_TEST(a_wrong_variable_is_named_with_its_source)
{
	const char *args[ARGS_MAX] = {NULL};
	struct settings settings;
	struct buf why AUTO_BUF;

	ck_assert_int_eq(setenv("OPEN", "2", 1), 0);
	ck_assert(!load(args, &settings, &why));
	ck_assert_str_eq(
		buf_str(&why),
		"OPEN: \"2\" is not right: give 1, 0, true or false (from the environment)");
}
END_TEST

START_TEST(help_stands_in_columns_of_100)
{
	struct buf out AUTO_BUF;

	buf_init(&out, 10000);
	config_help(tables, ARRAY_LEN(tables), &out);
	ck_assert_str_eq(buf_str(&out),
	                 "  --queue-max  QUEUE_MAX  Commands that wait at most. (default: 1024)\n"
	                 "  --ttl        TTL        How long a key is kept. (default: 24h)\n"
	                 "  --level      LEVEL      A level. (default: middle)\n"
	                 "  --open       OPEN       Whether. (default: 0)\n"
	                 "  --peer-url   PEER_URL   Where the other service is; left out, this one "
	                 "works by itself, as it does\n"
	                 "                          in some tests.\n"
	                 "  --currency   CURRENCY   Money. (default: USD)\n");
}
END_TEST

START_TEST(markdown_has_a_row_for_each_option)
{
	struct buf out AUTO_BUF;

	buf_init(&out, 10000);
	config_markdown(tables, ARRAY_LEN(tables), &out);
	ck_assert_str_eq(
		buf_str(&out),
		"| `QUEUE_MAX` | `--queue-max` | `1024` | Commands that wait at most. |\n"
		"| `TTL` | `--ttl` | `24h` | How long a key is kept. |\n"
		"| `LEVEL` | `--level` | `middle` | A level. |\n"
		"| `OPEN` | `--open` | `0` | Whether. |\n"
		"| `PEER_URL` | `--peer-url` | | Where the other service is; left out, this one "
		"works by itself, as it does in some tests. |\n"
		"| `CURRENCY` | `--currency` | `USD` | Money. |\n");
}
END_TEST

START_TEST(two_options_of_one_name_are_a_bug)
{
	static const struct option *const twice[] = {limits, limits};
	struct buf out AUTO_BUF;

	buf_init(&out, 10000);
	config_help(twice, ARRAY_LEN(twice), &out);
}
END_TEST

START_TEST(a_wrong_default_is_a_bug)
{
	static const struct option table[] = {
		{"DELAY", OPTION_DURATION, 0, "10", 0, US_PER_S, NULL, "Delay."},
		{.name = NULL},
	};
	static const struct option *const one[] = {table};
	int64_t delay_us;
	struct buf why AUTO_BUF;

	buf_init(&why, 1000);
	ck_assert(!config_load(one, 1, 0, NULL, &delay_us, &why));
}
END_TEST

static Suite *config_suite(void)
{
	Suite *suite = suite_create("config");
	TCase *cases = tcase_create("config");

	tcase_add_test(cases, defaults_hold_where_nothing_is_given);
	tcase_add_loop_test(cases, flag_wins_over_environment_over_default, 0,
	                    ARRAY_LEN(source_cases));
	tcase_add_loop_test(cases, right_values_are_taken, 0, ARRAY_LEN(right_cases));
	tcase_add_test(cases, texts_are_borrowed_and_counted_in_characters);
	tcase_add_test(cases, nothing_needs_no_unit);
	tcase_add_loop_test(cases, a_wrong_value_is_told_in_one_line, 0, ARRAY_LEN(wrong_cases));
	tcase_add_test(cases, a_wrong_variable_is_named_with_its_source);
	tcase_add_test(cases, help_stands_in_columns_of_100);
	tcase_add_test(cases, markdown_has_a_row_for_each_option);
	tcase_add_test_raise_signal(cases, two_options_of_one_name_are_a_bug, SIGABRT);
	tcase_add_test_raise_signal(cases, a_wrong_default_is_a_bug, SIGABRT);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(config_suite)
