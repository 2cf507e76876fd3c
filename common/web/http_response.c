/* http_response.c - makes libmicrohttpd's response of an answer: body or file, and headers. */
#include "web/http_response.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

#define PART_BYTES 65536 /* read and sent at a time */

/* A file that is sent. libmicrohttpd would send a descriptor's 4 KiB a turn, and tell nobody that
 * it does. */
struct sending {
	int fd; /* owned; what the answer lends is closed with the request */
	int *stalled_turns;
};

static ssize_t send_part(void *arg, uint64_t at, char *out, size_t max)
{
	const struct sending *sending = arg;
	ssize_t count = pread(sending->fd, out, max, (off_t)at);

	*sending->stalled_turns = 0;
	return count > 0 ? count : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void sending_free(void *arg)
{
	struct sending *sending = arg;

	(void)close(sending->fd);
	free(sending);
}

static struct MHD_Response *response_of_file(const struct http_answer *answer, int *stalled_turns)
{
	struct sending *sending = malloc(sizeof(*sending));
	int fd = fcntl(answer->file_fd, F_DUPFD_CLOEXEC, 0);

	if (sending == NULL || fd < 0) {
		if (fd >= 0)
			(void)close(fd);
		free(sending);
		return NULL;
	}
	*sending = (struct sending){fd, stalled_turns};
	struct MHD_Response *response = MHD_create_response_from_callback(
		(uint64_t)answer->file_bytes, PART_BYTES, send_part, sending, sending_free);
	if (response == NULL)
		sending_free(sending);
	return response;
}

static struct MHD_Response *response_of_body(const struct http_answer *answer)
{
	/* libmicrohttpd only reads it, whatever its type says. */
	void *body = (void *)(uintptr_t)answer->body.ptr;

	return MHD_create_response_from_buffer(answer->body.len, body, MHD_RESPMEM_PERSISTENT);
}

static bool add_headers(struct MHD_Response *response, const struct http_answer *answer, bool close)
{
	for (size_t i = 0; i < answer->headers_count; i++)
		if (MHD_add_response_header(response, answer->headers[i].name,
		                            answer->headers[i].value) != MHD_YES)
			return false;
	return !close || MHD_add_response_header(response, "Connection", "close") == MHD_YES;
}

struct MHD_Response *http_response(const struct http_answer *answer, bool close, int *stalled_turns)
{
	struct MHD_Response *response = answer->has_file ? response_of_file(answer, stalled_turns)
	                                                 : response_of_body(answer);

	if (response != NULL && !add_headers(response, answer, close)) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

const char *http_library_version(void)
{
	return MHD_get_version();
}
