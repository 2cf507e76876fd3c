/* caller.h - who sends a request, and whether the call is open to them (api.md, "Access"). */
#ifndef WEB_CALLER_H
#define WEB_CALLER_H

#include "web/api.h"

/* Sets request->caller. ERR_UNAUTHENTICATED, ERR_FORBIDDEN with the scope that is missing in the
 * answer's detail, or ERR_NONE; with an error, request->challenge says what to send. I/O thread. */
enum error caller_check(struct request *request);

#endif
