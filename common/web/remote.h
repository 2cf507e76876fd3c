/* remote.h - what audit, backup and restore-check do where SERVICE_URL is set: they ask the running
 * service, for those who cannot reach its store (a job in a pod of its own). One thread. */
#ifndef WEB_REMOTE_H
#define WEB_REMOTE_H

#include "web/service.h"

/* Of GET /audit: the report as it was answered (as_json), or the lines that the audit of a store
 * would print. *ret_ok: nothing was found. False: it could not be had, and why says so. */
must_use bool remote_audit(const struct common_options *options, bool as_json, struct buf *ret_text,
                           bool *ret_ok, struct buf *why);
/* Writes GET /backup into the new file, durable and whole. */
must_use bool remote_backup(const struct common_options *options, const char *file,
                            struct buf *why);
/* Adds a finding where the service's journal does not have this event. False: it could not be
 * asked. */
must_use bool remote_check_chain(const struct common_options *options,
                                 const struct journal_head *head, struct audit *audit,
                                 struct buf *why);

#endif
