/* serve.h - the command serve: starts the parts in their order, waits for a signal, stops them in
 * the reverse one. */
#ifndef WEB_SERVE_H
#define WEB_SERVE_H

#include "web/commands.h"

command_fn serve;

#endif
