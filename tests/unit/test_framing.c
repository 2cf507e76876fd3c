/* test_framing.c - what lets a proxy in front of us see another request than we do is refused. */
#include "unit/raw_request.h"
#include "unit/unit.h"

/* Request line and Host in front, the empty line behind. */
#define GET(lines) "GET /payments HTTP/1.1\r\nHost: x\r\n" lines "\r\n"
#define POST(lines) "POST /pay HTTP/1.1\r\nHost: x\r\n" lines "\r\n"
#define LINE(line) line "\r\nHost: x\r\n\r\n"

static const struct {
	const char *rule;
	struct text bytes;
	enum error want;
} cases[] = {
	/* What is right. */
	{"a plain GET", TEXT_LITERAL(GET("")), ERR_NONE},
	{"a plain POST", TEXT_LITERAL(POST("Content-Length: 2\r\n")), ERR_NONE},
	{"a chunked POST", TEXT_LITERAL(POST("Transfer-Encoding: chunked\r\n")), ERR_NONE},
	{"codings know no case", TEXT_LITERAL(POST("transfer-ENCODING: Chunked\r\n")), ERR_NONE},
	{"any header may be empty", TEXT_LITERAL(GET("A:\r\nB: \r\n")), ERR_NONE},
	{"no space, tab and spaces after the colon", TEXT_LITERAL(GET("A:b\r\nC:\t  d\r\n")),
         ERR_NONE},
	{"bytes above ASCII in a value", TEXT_LITERAL(GET("A: \xc3\xa9\r\n")), ERR_NONE},
	{"a tab within a value", TEXT_LITERAL(GET("A: b\tc\r\n")), ERR_NONE},
	{"every character of a token", TEXT_LITERAL(GET("!#$%&'*+-.^_`|~09azAZ: a\r\n")), ERR_NONE},
	{"other headers may repeat", TEXT_LITERAL(GET("Accept: a\r\nAccept: b\r\n")), ERR_NONE},
	{"escapes and every other character",
         TEXT_LITERAL(LINE("GET /-._~!$&'()*+,;=:@%2F?/%00? HTTP/1.1")), ERR_NONE},
	{"unknown methods are the application's", TEXT_LITERAL(LINE("FOO / HTTP/1.1")), ERR_NONE},
	{"HTTP/1.0 needs no Host", TEXT_LITERAL("GET / HTTP/1.0\r\n\r\n"), ERR_NONE},
	{"an IPv6 address and a port as Host",
         TEXT_LITERAL("GET / HTTP/1.1\r\nHost: [::1]:5000\r\n\r\n"), ERR_NONE},
	/* The request line. */
	{"a method with other characters", TEXT_LITERAL(LINE("G(T / HTTP/1.1")),
         ERR_MALFORMED_REQUEST},
	{"no method", TEXT_LITERAL(LINE(" / HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"two spaces before the target", TEXT_LITERAL(LINE("GET  / HTTP/1.1")),
         ERR_MALFORMED_REQUEST},
	{"two spaces behind the target", TEXT_LITERAL(LINE("GET /  HTTP/1.1")),
         ERR_MALFORMED_REQUEST},
	{"a space in the target", TEXT_LITERAL(LINE("GET /a b HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a NUL in the method", TEXT_LITERAL(LINE("GET\0A / HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a NUL in the target", TEXT_LITERAL(LINE("GET /\0a HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"HTTP/1.2", TEXT_LITERAL(LINE("GET / HTTP/1.2")), ERR_VERSION_NOT_SUPPORTED},
	{"HTTP/1.9", TEXT_LITERAL(LINE("GET / HTTP/1.9")), ERR_VERSION_NOT_SUPPORTED},
	{"an absolute target", TEXT_LITERAL(LINE("GET http://x/ HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"an authority as target", TEXT_LITERAL(LINE("CONNECT x:22 HTTP/1.1")),
         ERR_MALFORMED_REQUEST},
	{"an asterisk as target", TEXT_LITERAL(LINE("OPTIONS * HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"no slash in front", TEXT_LITERAL(LINE("GET payments HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a fragment", TEXT_LITERAL(LINE("GET /a#b HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a byte above ASCII", TEXT_LITERAL(LINE("GET /\xff HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a control character", TEXT_LITERAL(LINE("GET /\x01 HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"DEL", TEXT_LITERAL(LINE("GET /\x7f HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a quotation mark", TEXT_LITERAL(LINE("GET /\" HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a backslash", TEXT_LITERAL(LINE("GET /\\ HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"a lone percent sign", TEXT_LITERAL(LINE("GET /% HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"half an escape", TEXT_LITERAL(LINE("GET /%2 HTTP/1.1")), ERR_MALFORMED_REQUEST},
	{"an escape that is not hexadecimal", TEXT_LITERAL(LINE("GET /%g0 HTTP/1.1")),
         ERR_MALFORMED_REQUEST},
	{"a signed escape", TEXT_LITERAL(LINE("GET /%-1 HTTP/1.1")), ERR_MALFORMED_REQUEST},
	/* Lines. */
	{"LF alone, everywhere", TEXT_LITERAL("GET / HTTP/1.1\nHost: x\n\n"),
         ERR_MALFORMED_REQUEST},
	{"LF alone, once", TEXT_LITERAL(GET("A: b\n")), ERR_MALFORMED_REQUEST},
	{"LF alone in the empty line", TEXT_LITERAL("GET / HTTP/1.1\r\nHost: x\r\n\n"),
         ERR_MALFORMED_REQUEST},
	{"CR alone", TEXT_LITERAL(GET("A: b\rC: d\r\n")), ERR_MALFORMED_REQUEST},
	{"two CR", TEXT_LITERAL(GET("A: b\r\r\n")), ERR_MALFORMED_REQUEST},
	{"a folded line", TEXT_LITERAL(GET("A: b\r\n c\r\n")), ERR_MALFORMED_REQUEST},
	{"a folded length", TEXT_LITERAL(GET("Content-Length: 1\r\n 0\r\n")),
         ERR_MALFORMED_REQUEST},
	{"a folded line of white space", TEXT_LITERAL(GET("A: b\r\n\t\r\n")),
         ERR_MALFORMED_REQUEST},
	/* Headers. */
	{"a space before the colon", TEXT_LITERAL(POST("Content-Length : 2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"a tab before the colon", TEXT_LITERAL(POST("Content-Length\t: 2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"no name", TEXT_LITERAL(GET(": a\r\n")), ERR_MALFORMED_REQUEST},
	{"a name that is not a token", TEXT_LITERAL(GET("A(B: c\r\n")), ERR_MALFORMED_REQUEST},
	{"a name above ASCII", TEXT_LITERAL(GET("\xc3\xa9: c\r\n")), ERR_MALFORMED_REQUEST},
	{"a NUL in a value", TEXT_LITERAL(GET("A: b\0c\r\n")), ERR_MALFORMED_REQUEST},
	{"a NUL at the end of a value", TEXT_LITERAL(POST("Content-Length: 2\0\r\n")),
         ERR_MALFORMED_REQUEST},
	{"a NUL and a byte in the last line", TEXT_LITERAL("GET / HTTP/1.1\r\nHost: x\0y\n\n"),
         ERR_MALFORMED_REQUEST},
	{"a control character in a value", TEXT_LITERAL(GET("A: b\x01\r\n")),
         ERR_MALFORMED_REQUEST},
	{"DEL in a value", TEXT_LITERAL(GET("A: b\x7f\r\n")), ERR_MALFORMED_REQUEST},
	{"no Host", TEXT_LITERAL("GET / HTTP/1.1\r\n\r\n"), ERR_MALFORMED_REQUEST},
	{"two Hosts", TEXT_LITERAL(GET("Host: y\r\n")), ERR_MALFORMED_REQUEST},
	{"two equal Hosts", TEXT_LITERAL(GET("hOST: x\r\n")), ERR_MALFORMED_REQUEST},
	{"an empty Host", TEXT_LITERAL("GET / HTTP/1.1\r\nHost:\r\n\r\n"), ERR_MALFORMED_REQUEST},
	{"a Host with a space", TEXT_LITERAL("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
         ERR_MALFORMED_REQUEST},
	{"a Host with a user", TEXT_LITERAL("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
         ERR_MALFORMED_REQUEST},
	{"a Host with a path", TEXT_LITERAL("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
         ERR_MALFORMED_REQUEST},
	{"a wrong Host in HTTP/1.0", TEXT_LITERAL("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n"),
         ERR_MALFORMED_REQUEST},
	{"two Content-Types", TEXT_LITERAL(POST("Content-Type: a\r\nContent-Type: a\r\n")),
         ERR_MALFORMED_REQUEST},
	/* The body. */
	{"length and coding",
         TEXT_LITERAL(POST("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n")),
         ERR_MALFORMED_REQUEST},
	{"coding and length",
         TEXT_LITERAL(POST("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"two lengths", TEXT_LITERAL(POST("Content-Length: 2\r\nContent-Length: 3\r\n")),
         ERR_MALFORMED_REQUEST},
	{"two equal lengths", TEXT_LITERAL(POST("Content-Length: 2\r\ncontent-length: 2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"two codings",
         TEXT_LITERAL(POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
         ERR_MALFORMED_REQUEST},
	{"another coding", TEXT_LITERAL(POST("Transfer-Encoding: gzip\r\n")), ERR_NOT_IMPLEMENTED},
	{"the coding identity", TEXT_LITERAL(POST("Transfer-Encoding: identity\r\n")),
         ERR_NOT_IMPLEMENTED},
	{"a list of codings", TEXT_LITERAL(POST("Transfer-Encoding: gzip, chunked\r\n")),
         ERR_NOT_IMPLEMENTED},
	{"an empty coding", TEXT_LITERAL(POST("Transfer-Encoding:\r\n")), ERR_NOT_IMPLEMENTED},
	{"a space after the coding, which libmicrohttpd takes for another",
         TEXT_LITERAL(POST("Transfer-Encoding: chunked \r\n")), ERR_NOT_IMPLEMENTED},
	{"a coding in HTTP/1.0",
         TEXT_LITERAL("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
         ERR_MALFORMED_REQUEST},
	{"a length with a sign", TEXT_LITERAL(POST("Content-Length: +2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"a negative length", TEXT_LITERAL(POST("Content-Length: -2\r\n")), ERR_MALFORMED_REQUEST},
	{"a hexadecimal length", TEXT_LITERAL(POST("Content-Length: 0x2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"a list of lengths", TEXT_LITERAL(POST("Content-Length: 2, 2\r\n")),
         ERR_MALFORMED_REQUEST},
	{"a space after the length", TEXT_LITERAL(POST("Content-Length: 2 \r\n")),
         ERR_MALFORMED_REQUEST},
	{"an empty length", TEXT_LITERAL(POST("Content-Length:\r\n")), ERR_MALFORMED_REQUEST},
	{"2^63-1 bytes are a length", TEXT_LITERAL(POST("Content-Length: 9223372036854775807\r\n")),
         ERR_NONE},
	{"2^63 bytes are not", TEXT_LITERAL(POST("Content-Length: 9223372036854775808\r\n")),
         ERR_CONTENT_TOO_LARGE},
	{"2^64-1 bytes, libmicrohttpd's \"until close\"",
         TEXT_LITERAL(POST("Content-Length: 18446744073709551615\r\n")), ERR_CONTENT_TOO_LARGE},
	{"23 digits", TEXT_LITERAL(POST("Content-Length: 99999999999999999999999\r\n")),
         ERR_CONTENT_TOO_LARGE},
};

START_TEST(a_request_is_judged)
{
	struct raw_request raw;
	const char *detail = NULL;

	ck_assert(raw_split(&raw, cases[_i].bytes.ptr, cases[_i].bytes.len));
	enum error error = framing_check(&raw.x, &raw.lines, &detail);
	ck_assert_msg(error == cases[_i].want, "%s: %d, not %d", cases[_i].rule, error,
	              cases[_i].want);
	ck_assert_msg(error == ERR_NONE || detail != NULL, "%s: no detail", cases[_i].rule);
}
END_TEST

static enum error check_target(size_t bytes)
{
	static char request[RAW_BYTES_MAX];
	struct raw_request raw;
	const char *detail;
	size_t len = 0;

	memcpy(request, "GET ", 4);
	len += 4;
	memset(request + len, '/', bytes);
	len += bytes;
	memcpy(request + len, " HTTP/1.1\r\nHost: x\r\n\r\n", 22);
	len += 22;
	ck_assert(raw_split(&raw, request, len));
	return framing_check(&raw.x, &raw.lines, &detail);
}

START_TEST(a_target_of_8000_bytes_is_the_longest)
{
	ck_assert_int_eq(check_target(HTTP_TARGET_BYTES_MAX), ERR_NONE);
	ck_assert_int_eq(check_target(HTTP_TARGET_BYTES_MAX + 1), ERR_URI_TOO_LONG);
}
END_TEST

static const struct {
	struct text bytes;
	bool has_length, is_chunked;
	uint64_t content_length;
} bodies[] = {
	{TEXT_LITERAL(GET("")), false, false, 0},
	{TEXT_LITERAL(POST("Content-Length: 0\r\n")), true, false, 0},
	{TEXT_LITERAL(POST("Content-Length: 0042\r\n")), true, false, 42},
	{TEXT_LITERAL(POST("Transfer-Encoding: chunked\r\n")), false, true, 0},
};

START_TEST(the_framing_of_the_body_is_told)
{
	struct raw_request raw;
	const char *detail;

	ck_assert(raw_split(&raw, bodies[_i].bytes.ptr, bodies[_i].bytes.len));
	ck_assert_int_eq(framing_check(&raw.x, &raw.lines, &detail), ERR_NONE);
	ck_assert_int_eq(raw.x.has_length, bodies[_i].has_length);
	ck_assert_int_eq(raw.x.is_chunked, bodies[_i].is_chunked);
	ck_assert_uint_eq(raw.x.content_length, bodies[_i].content_length);
}
END_TEST

START_TEST(white_space_behind_a_value_is_trimmed)
{
	const struct text bytes = TEXT_LITERAL(GET("A: b c \t \r\nB:  \r\nC: d\r\n"));
	struct raw_request raw;

	ck_assert(raw_split(&raw, bytes.ptr, bytes.len));
	framing_trim(raw.headers, raw.x.headers_count);
	ck_assert(text_is(http_header_find(&raw.x, "a", NULL), "b c"));
	ck_assert(text_is(http_header_find(&raw.x, "b", NULL), ""));
	ck_assert(text_is(http_header_find(&raw.x, "c", NULL), "d"));
}
END_TEST

START_TEST(a_header_is_found_whatever_its_case_and_counted)
{
	const struct text bytes = TEXT_LITERAL(GET("Accept: a\r\nX-Accept: b\r\naCCEPT: c\r\n"));
	struct raw_request raw;
	size_t count;

	ck_assert(raw_split(&raw, bytes.ptr, bytes.len));
	ck_assert(text_is(http_header_find(&raw.x, "ACCEPT", &count), "a"));
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_null(http_header_find(&raw.x, "Accep", &count).ptr);
	ck_assert_uint_eq(count, 0);
}
END_TEST

static Suite *framing_suite(void)
{
	Suite *suite = suite_create("framing");
	TCase *tcase = tcase_create("framing");

	tcase_add_loop_test(tcase, a_request_is_judged, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(tcase, a_target_of_8000_bytes_is_the_longest);
	tcase_add_loop_test(tcase, the_framing_of_the_body_is_told, 0, (int)ARRAY_LEN(bodies));
	tcase_add_test(tcase, white_space_behind_a_value_is_trimmed);
	tcase_add_test(tcase, a_header_is_found_whatever_its_case_and_counted);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(framing_suite)
