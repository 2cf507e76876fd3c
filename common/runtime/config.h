/* config.h - options: one table gives environment variable, flag, default, check, --help and the
 * README's table. A flag (--queue-max 100 or --queue-max=100) wins over the environment
 * (QUEUE_MAX=100), that over the default. An empty environment variable counts as not set. */
#ifndef RUNTIME_CONFIG_H
#define RUNTIME_CONFIG_H

#include "base/buf.h"

enum option_kind {
	OPTION_INTEGER,  /* int64_t: min to max */
	OPTION_DURATION, /* int64_t microseconds, min to max: "72h"; d, h, m, s, ms, or just 0 */
	OPTION_TEXT,     /* const char *, borrowed for ever: min to max characters */
	OPTION_ENUM,     /* int64_t: place in `names` */
	OPTION_BOOLEAN,  /* int64_t: 0 or 1; written 1, 0, true or false */
	OPTION_CURRENCY, /* const struct currency * */
};

struct option {
	const char *name; /* "QUEUE_MAX": the environment variable; the flag is --queue-max */
	enum option_kind kind;
	size_t offset;        /* into the struct that config_load fills */
	const char *fallback; /* the default, as a user would write it; a right value */
	int64_t min, max;     /* not negative */
	const char *const *names;
	const char *help; /* one sentence, without "|" */
};

/* Fills config from tables[0..count) (each ends with a row whose name is NULL; no name is there
 * twice). argv holds flags only. False: why is one line that names the option, its value (not a
 * text's, which may be a secret), what is right and where the value is from; config is not to be
 * used. Unknown and repeated flags are refused. */
must_use bool config_load(const struct option *const *tables, size_t count, int argc, char **argv,
                          void *config, struct buf *why);
/* The options' part of --help: columns of flag, variable, help with the default; 100 wide. */
void config_help(const struct option *const *tables, size_t count, struct buf *out);
/* Variable, flag, default, help as rows of a Markdown table, which README.md holds (a test
 * compares). */
void config_markdown(const struct option *const *tables, size_t count, struct buf *out);

#endif
