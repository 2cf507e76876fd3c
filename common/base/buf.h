/* buf.h - a growing byte buffer with a cap. Adding past the cap, or without memory, sets `full` and
 * adds nothing from then on: the caller adds freely and looks at `full` once at the end. One thread
 * at a time. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"
#include "base/text.h"

#include <string.h>

struct buf {
	char *data;       /* owned; NULL until something is added, then always NUL-terminated */
	size_t len;       /* the NUL not counted */
	size_t size;      /* bytes allocated */
	size_t bytes_max; /* len never passes this */
	bool full;
};

/* Allocates nothing. */
void buf_init(struct buf *buf, size_t bytes_max);
/* Frees the contents; the buffer is as after buf_init. */
void buf_release(struct buf *buf);
/* Empties it and forgets `full`; keeps the memory. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t count);
/* Inline: a text is added in many small parts, nearly always where there is room. */
static inline void buf_add_text(struct buf *buf, struct text text)
{
	size_t len = buf->len;

	if (buf->full || text.len == 0 || buf->size - len <= text.len) {
		buf_add(buf, text.ptr, text.len);
		return;
	}
	char *end = buf->data + len;
	buf->len = len + text.len;
	memcpy(end, text.ptr, text.len);
	end[text.len] = '\0';
}

static inline void buf_add_char(struct buf *buf, char c)
{
	buf_add_text(buf, (struct text){&c, 1});
}

static inline void buf_add_str(struct buf *buf, const char *string)
{
	buf_add_text(buf, text_of(string));
}

void buf_add_int(struct buf *buf, int64_t value);
void buf_addf(struct buf *buf, const char *format, ...) printf_like(2, 3);

/* What it holds, NUL-terminated, never NULL. Borrowed until the next change. */
const char *buf_str(const struct buf *buf);
struct text buf_text(const struct buf *buf);

#define AUTO_BUF __attribute__((cleanup(buf_release)))

#endif
