/* framing.c - the framing that libmicrohttpd 0.9.75 does not check. It cuts a line at a NUL, glues
 * a folded line to the header's name, takes LF for CRLF and any bytes for a method, a name or a
 * Host, ignores a second Content-Length, and follows Transfer-Encoding where both are there. Each
 * of these lets a proxy in front of us see another request than we do, so each is refused.
 *
 * What it does check, and answers itself: a Content-Length that is not digits, HTTP/0 and HTTP/2
 * and above, a header line without a colon, chunks. */
#include "web/framing.h"

#include <string.h>
#include <strings.h>

/* A second one of these would leave open which of the two counts. */
static const char *const once_only[] = {"Host", "Content-Length", "Transfer-Encoding",
                                        "Content-Type"};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* tchar of RFC 9110, section 5.6.2. */
static bool is_token_char(char c)
{
	return is_alnum(c) || is_one_of(c, "-!#$%&'*+.^_`|~");
}

/* The characters of path and query in RFC 3986, without the % of an escape. */
static bool is_target_char(char c)
{
	return is_alnum(c) || is_one_of(c, "/-._~!$&'()*+,;=:@?");
}

/* A name or an address in the form of RFC 3986, section 3.2.2, and a port. */
static bool is_host_char(char c)
{
	return is_alnum(c) || is_one_of(c, "-._~!$&'()*+,;=%:[]");
}

/* Visible characters, bytes above ASCII, and white space within a line. */
static bool is_value_char(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static bool consists_of(struct text text, bool (*is_right)(char))
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_right(text.ptr[i]))
			return false;
	return true;
}

static bool is_token(struct text text)
{
	return text.len > 0 && consists_of(text, is_token_char);
}

/* libmicrohttpd overwrites a line's CRLF with two NULs. A NUL that was sent right beside an LF
 * alone looks the same: the one thing that cannot be told any more. */
static bool is_line_end(const char *at)
{
	return at[0] == '\0' && at[1] == '\0';
}

/* Each piece must begin where the one before it ended: one byte further (a space, or a colon and
 * white space) or two (CRLF). A gap is a NUL, a folded line, a second space, or an LF alone. */
static bool is_contiguous(const struct http_exchange *x, const struct framing_lines *lines)
{
	const char *end = x->method.ptr + lines->bytes;
	const char *at = x->method.ptr + x->method.len + 1;

	if (lines->target_at != at)
		return false;
	at += x->target.len + 1;
	if (lines->version.ptr != at)
		return false;
	at += lines->version.len;
	for (size_t i = 0; i < x->headers_count; i++) {
		const struct http_header *header = &x->headers[i];
		const char *name = header->name.ptr;

		if (!is_line_end(at) || name != at + 2 ||
		    header->value.ptr <= name + header->name.len)
			return false;
		at = header->value.ptr + header->value.len;
	}
	return at + 4 == end && is_line_end(at) && is_line_end(at + 2);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || is_one_of(c, "abcdefABCDEF");
}

static bool is_target(struct text target)
{
	if (target.len == 0 || target.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < target.len; i++) {
		if (is_target_char(target.ptr[i]))
			continue;
		if (target.ptr[i] != '%' || target.len - i < 3 || !is_hex(target.ptr[i + 1]) ||
		    !is_hex(target.ptr[i + 2]))
			return false;
	}
	return true;
}

static enum error check_request_line(const struct http_exchange *x, struct text version,
                                     const char **ret_detail)
{
	if (!is_token(x->method)) {
		*ret_detail = "The method must be a token.";
		return ERR_MALFORMED_REQUEST;
	}
	if (!text_is(version, "HTTP/1.1") && !text_is(version, "HTTP/1.0")) {
		*ret_detail = "Use HTTP/1.1.";
		return ERR_VERSION_NOT_SUPPORTED;
	}
	if (x->target.len > HTTP_TARGET_BYTES_MAX) {
		*ret_detail = "The request target may have at most 8000 bytes.";
		return ERR_URI_TOO_LONG;
	}
	if (!is_target(x->target)) {
		*ret_detail = "The request target must be a path that begins with /, escaped where "
			      "RFC 3986 "
			      "asks for it, and without a fragment.";
		return ERR_MALFORMED_REQUEST;
	}
	return ERR_NONE;
}

static enum error check_headers(const struct http_exchange *x, struct text version,
                                const char **ret_detail)
{
	for (size_t i = 0; i < x->headers_count; i++)
		if (!is_token(x->headers[i].name) ||
		    !consists_of(x->headers[i].value, is_value_char)) {
			*ret_detail = "A header line needs a token as its name, the colon right "
				      "behind it, "
				      "and no control characters in its value.";
			return ERR_MALFORMED_REQUEST;
		}
	for (size_t i = 0; i < ARRAY_LEN(once_only); i++) {
		size_t count;

		(void)http_header_find(x, once_only[i], &count);
		if (count > 1) {
			*ret_detail =
				"Host, Content-Length, Transfer-Encoding and Content-Type may each "
				"be sent once only.";
			return ERR_MALFORMED_REQUEST;
		}
	}

	struct text host = http_header_find(x, "Host", NULL);
	bool is_missing = host.ptr == NULL && text_is(version, "HTTP/1.1");
	if (is_missing ||
	    (host.ptr != NULL && (host.len == 0 || !consists_of(host, is_host_char)))) {
		*ret_detail = "Send one Host header with the name or address, and the port, of the "
			      "service.";
		return ERR_MALFORMED_REQUEST;
	}
	return ERR_NONE;
}

static enum error parse_length(struct text text, uint64_t *ret_length, const char **ret_detail)
{
	uint64_t length = 0;

	*ret_detail = "Content-Length must be decimal digits.";
	if (text.len == 0)
		return ERR_MALFORMED_REQUEST;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return ERR_MALFORMED_REQUEST;
		uint64_t digit = (uint64_t)(text.ptr[i] - '0');
		if (length > (INT64_MAX - digit) / 10) {
			*ret_detail = "Send at most 64 KiB.";
			return ERR_CONTENT_TOO_LARGE;
		}
		length = 10 * length + digit;
	}
	*ret_length = length;
	return ERR_NONE;
}

static enum error check_body(struct http_exchange *x, struct text version, const char **ret_detail)
{
	struct text coding = http_header_find(x, "Transfer-Encoding", NULL);
	struct text length = http_header_find(x, "Content-Length", NULL);

	if (coding.ptr != NULL && length.ptr != NULL) {
		*ret_detail = "A request has a Content-Length or a Transfer-Encoding, never both.";
		return ERR_MALFORMED_REQUEST;
	}
	if (coding.ptr != NULL) {
		if (text_is(version, "HTTP/1.0")) {
			*ret_detail = "Transfer-Encoding needs HTTP/1.1.";
			return ERR_MALFORMED_REQUEST;
		}
		if (coding.len != strlen("chunked") ||
		    strncasecmp(coding.ptr, "chunked", coding.len) != 0) {
			*ret_detail = "The only Transfer-Encoding is: chunked.";
			return ERR_NOT_IMPLEMENTED;
		}
		x->is_chunked = true;
	}
	if (length.ptr != NULL) {
		x->has_length = true;
		return parse_length(length, &x->content_length, ret_detail);
	}
	return ERR_NONE;
}

enum error framing_check(struct http_exchange *x, const struct framing_lines *lines,
                         const char **ret_detail)
{
	enum error error;

	if (!is_contiguous(x, lines)) {
		*ret_detail = "Each line of the header ends with CRLF, holds no NUL and is not "
			      "folded; single "
			      "spaces part method, target and version.";
		return ERR_MALFORMED_REQUEST;
	}
	error = check_request_line(x, lines->version, ret_detail);
	if (error == ERR_NONE)
		error = check_headers(x, lines->version, ret_detail);
	if (error == ERR_NONE)
		error = check_body(x, lines->version, ret_detail);
	return error;
}

void framing_trim(struct http_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct text *value = &headers[i].value;

		while (value->len > 0 && is_one_of(value->ptr[value->len - 1], " \t"))
			value->len--;
	}
}
