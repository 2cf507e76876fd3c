/* report.h - what becomes of each request in metrics and log. */
#ifndef WEB_REPORT_H
#define WEB_REPORT_H

#include "web/api.h"

struct report;

/* For an api with this many rows; registers the metrics. NULL: no memory. One a process. */
struct report *report_new(const struct api *api);
void report_free(struct report *report);
/* Counts and logs an answered request; http_stats may be read from then on. I/O thread. */
void report_request(struct report *report, const struct request *request);
void report_set_http(struct report *report, const struct http_stats *stats);

#endif
