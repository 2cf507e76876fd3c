/* tamper.h - what someone with a database tool can do to the store of a stopped service, and what
 * the command audit says of it. One thread. */
#ifndef E2E_TAMPER_H
#define E2E_TAMPER_H

#include "e2e/harness.h"
#include "e2e/run.h"

#define TAMPER_PATH_SIZE (PATH_MAX + 64)

/* The database file. */
void tamper_path(const struct service *service, char out[TAMPER_PATH_SIZE]);
void tamper_write_file(const char *path, const struct buf *bytes);
/* Runs the SQL on the store. The schema's CHECKs do not hold, and hash(text) is the SHA-256 of a
 * line. Fails the test where the SQL changes nothing. */
void tamper_change(const struct service *service, const char *name, const char *sql);
/* Runs the SQL on the store, audits it, and puts the store back. */
void tamper_audit(const struct service *service, const char *name, const char *sql,
                  struct run *ret_run);
/* A line of the output begins like this. */
void tamper_check_line(const char *out, const char *beginning);

#endif
