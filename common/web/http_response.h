/* http_response.h - an answer as libmicrohttpd takes it. For http.c. */
#ifndef WEB_HTTP_RESPONSE_H
#define WEB_HTTP_RESPONSE_H

#include "web/http.h"

struct MHD_Response;

/* close: the connection ends after it. stalled_turns outlives the response: it is set to 0 with
 * each part of a file that is sent. NULL: no memory or descriptor. */
must_use struct MHD_Response *http_response(const struct http_answer *answer, bool close,
                                            int *stalled_turns);
/* Of libmicrohttpd, as it runs. For libraries.c. */
const char *http_library_version(void);

#endif
