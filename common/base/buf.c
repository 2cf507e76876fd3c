/* buf.c - the growing byte buffer. Not for text formats: those know nothing of memory and only add
 * here.
 *
 * Invariants: len <= bytes_max; once there is memory, len < size <= bytes_max + 1 and data[len] is
 * NUL. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most answers fit after one or two doublings, and a small one wastes little. */
#define BUF_SIZE_FIRST 256
/* "-9223372036854775808" */
#define INT64_CHARS_MAX 20

void buf_init(struct buf *buf, size_t bytes_max)
{
	ensure(bytes_max < SIZE_MAX / 2); /* so that no doubling below overflows */
	*buf = (struct buf){.bytes_max = bytes_max};
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->bytes_max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->full = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

/* Makes the memory at least len + count + 1 bytes; a failure sets full. */
static bool grow(struct buf *buf, size_t count)
{
	if (count > buf->bytes_max - buf->len) {
		buf->full = true;
		return false;
	}

	size_t size = buf->size > 0 ? 2 * buf->size : BUF_SIZE_FIRST;
	if (size < buf->len + count + 1)
		size = buf->len + count + 1;
	if (size > buf->bytes_max + 1)
		size = buf->bytes_max + 1;

	char *data = realloc(buf->data, size);
	if (data == NULL) {
		buf->full = true;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

/* Whether count more bytes, and the NUL after them, have room. */
static bool reserve(struct buf *buf, size_t count)
{
	if (buf->full)
		return false;
	if (count < buf->size - buf->len)
		return true;
	return grow(buf, count);
}

/* The bytes after len were written: counts them in. */
static void extend(struct buf *buf, size_t count)
{
	buf->len += count;
	ensure(buf->len < buf->size);
	buf->data[buf->len] = '\0';
}

void buf_add(struct buf *buf, const void *bytes, size_t count)
{
	if (count == 0 || !reserve(buf, count))
		return;
	memcpy(buf->data + buf->len, bytes, count);
	extend(buf, count);
}

void buf_add_int(struct buf *buf, int64_t value)
{
	char digits[INT64_CHARS_MAX];
	size_t first = sizeof(digits);
	/* Negated as unsigned, because INT64_MIN has no positive counterpart. */
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--first] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--first] = '-';
	buf_add(buf, digits + first, sizeof(digits) - first);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int count = vsnprintf(NULL, 0, format, args);
	va_end(args);
	ensure(count >= 0);
	if (!reserve(buf, (size_t)count))
		return;

	va_start(args, format);
	int written = vsnprintf(buf->data + buf->len, (size_t)count + 1, format, args);
	va_end(args);
	ensure(written == count);
	extend(buf, (size_t)count);
}

const char *buf_str(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

struct text buf_text(const struct buf *buf)
{
	return (struct text){buf_str(buf), buf->len};
}
