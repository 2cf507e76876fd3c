/* serve.h - the command serve: starts the parts in their order, waits for a signal, stops them in
 * the reverse one. */
#ifndef WEB_SERVE_H
#define WEB_SERVE_H

#include "web/service.h"

/* Returns the exit status. options is the service's struct, filled. */
int serve(const struct service *service, const struct common_options *options);

#endif
