/* base.h - what every file may use: compiler marks, ensure(), a few constants. Nothing else belongs
 * here. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_use __attribute__((warn_unused_result))
#define printf_like(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define US_PER_MS INT64_C(1000)
#define US_PER_S INT64_C(1000000)

/* A fact that holds unless we have a bug; checked in production too. Never on input from outside.
 */
#define ensure(fact) ((fact) ? (void)0 : ensure_failed(#fact, __FILE__, __LINE__))

/* Writes one line to standard error and aborts. Any thread. */
_Noreturn void ensure_failed(const char *fact, const char *file, int line);

#endif
