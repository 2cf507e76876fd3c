/* tamper.c - changes a store behind its service's back, and audits it. */
#include "e2e/tamper.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define STORE_BYTES_MAX (64 * 1024 * 1024)

static const char *const audit_command[] = {"audit", NULL};

static void sql_hash(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct hash hash;

	ck_assert_int_eq(count, 1);
	hash_sha256(sqlite3_value_text(values[0]), (size_t)sqlite3_value_bytes(values[0]), &hash);
	sqlite3_result_blob(context, hash.bytes, HASH_BYTES, SQLITE_TRANSIENT);
}

void tamper_path(const struct service *service, char out[TAMPER_PATH_SIZE])
{
	bool is_payment = strcmp(service->name, "payment-service") == 0;
	const char *name = is_payment ? "payment" : "order";

	(void)snprintf(out, TAMPER_PATH_SIZE, "%s/data/%s/%s.db", service->directory, name, name);
}

void tamper_change(const struct service *service, const char *name, const char *sql)
{
	char path[TAMPER_PATH_SIZE];
	char *why = NULL;
	sqlite3 *db;

	tamper_path(service, path);
	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_create_function(db, "hash", 1, SQLITE_UTF8, NULL, sql_hash, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL),
	                 SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", name, why);
	ck_assert_msg(sqlite3_total_changes(db) > 0, "%s: nothing changed", name);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

void tamper_write_file(const char *path, const struct buf *bytes)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes->data, bytes->len), bytes->len);
	(void)close(fd);
}

void tamper_audit(const struct service *service, const char *name, const char *sql,
                  struct run *ret_run)
{
	char path[TAMPER_PATH_SIZE];
	struct buf sound AUTO_BUF;

	buf_init(&sound, STORE_BYTES_MAX);
	tamper_path(service, path);
	read_file(path, &sound);
	tamper_change(service, name, sql);
	run_service(service, NULL, audit_command, ret_run);
	tamper_write_file(path, &sound); /* for the next test */
}

void tamper_check_line(const char *out, const char *beginning)
{
	const char *at = strstr(out, beginning);

	while (at != NULL && at != out && at[-1] != '\n')
		at = strstr(at + 1, beginning);
	ck_assert_msg(at != NULL, "no \"%s\" in\n%s", beginning, out);
}
