/* log.h - the log: one JSON object a line on standard error. Lines are gathered and written by
 * log_flush, which every loop calls before it waits; warnings and errors are written at once. Never
 * bodies, keys or card data. Any thread. */
#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include "base/json.h"
#include "base/trace.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT };

/* For the option table: "debug", "info", "warn", "error", NULL. */
extern const char *const log_level_names[];

struct log_pair {
	struct text key; /* JSON_KEY of its name */
	enum { LOG_STR, LOG_TEXT, LOG_INT } kind;
	const char *string;
	struct text text;
	int64_t integer;
};

#define L_STR(name_, value_) \
	((struct log_pair){.key = JSON_KEY(name_), .kind = LOG_STR, .string = (value_)})
#define L_TEXT(name_, value_) \
	((struct log_pair){.key = JSON_KEY(name_), .kind = LOG_TEXT, .text = (value_)})
#define L_INT(name_, value_) \
	((struct log_pair){.key = JSON_KEY(name_), .kind = LOG_INT, .integer = (value_)})

/* Two pairs: the traceparent as events hold it, and its trace id under the name that OpenTelemetry
 * gives it in logs of any format. */
#define L_TRACE(traceparent_) \
	L_TEXT("traceparent", traceparent_), L_TEXT("trace_id", trace_id_of(traceparent_))

void log_set_level(enum log_level level);
/* The service's name, put into each line; borrowed for ever. */
void log_set_service(const char *name);
bool log_wants(enum log_level level);
/* Adds a line of at most 24 pairs. A value is cut after 256 bytes; what is not UTF-8 in it becomes
 * U+FFFD, what is absent null. */
void log_pairs(enum log_level level, const char *event, const struct log_pair *pairs, size_t count);
/* Writes what there is. Waits at most a second for a reader that is stuck, and after that not at
 * all until it reads again: lines that find no room are dropped, counted, and told of in a line
 * "log_lines_dropped". */
void log_flush(void);

/* log_info("payment_captured", L_STR("payment_id", id), L_INT("amount_minor", n)): the event first,
 * then pairs, which are not evaluated where the level is not wanted. */
#define LOG_AT(level, event, ...) \
	(log_wants(level) ? log_pairs(level, event, LOG_PAIRS(__VA_ARGS__), \
	                              ARRAY_LEN(LOG_PAIRS(__VA_ARGS__))) \
	                  : (void)0)
#define LOG_PAIRS(...) ((const struct log_pair[]){__VA_ARGS__})
#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, __VA_ARGS__)

#endif
