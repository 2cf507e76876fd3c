/* buf.h - a growing byte buffer with a cap. Adding past the cap, or without memory, sets `full` and
 * adds nothing from then on: the caller adds freely and looks at `full` once at the end. One thread
 * at a time. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"
#include "base/text.h"

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
/* Inline: every mark between the parts of a text is added so, nearly always where there is room. */
static inline void buf_add_char(struct buf *buf, char c)
{
	size_t len = buf->len;

	if (buf->full || buf->size - len <= 1) {
		buf_add(buf, &c, 1);
		return;
	}
	char *end = buf->data + len;
	buf->len = len + 1;
	end[0] = c;
	end[1] = '\0';
}

static inline void buf_add_text(struct buf *buf, struct text text)
{
	buf_add(buf, text.ptr, text.len);
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
