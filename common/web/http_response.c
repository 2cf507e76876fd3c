/* http_response.c - makes libmicrohttpd's response of an answer: body or file, and headers. */
#include "web/http_response.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <unistd.h>

/* The response closes its descriptor, which the answer only lends. */
static struct MHD_Response *response_of_file(const struct http_answer *answer)
{
	int fd = fcntl(answer->file_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	struct MHD_Response *response =
		MHD_create_response_from_fd64((uint64_t)answer->file_bytes, fd);
	if (response == NULL)
		(void)close(fd);
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

struct MHD_Response *http_response(const struct http_answer *answer, bool close)
{
	struct MHD_Response *response =
		answer->has_file ? response_of_file(answer) : response_of_body(answer);

	if (response != NULL && !add_headers(response, answer, close)) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}
