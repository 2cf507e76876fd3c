/* single.c - one payment service and its store (single.h). */
#include "e2e/single.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct service service;
struct client client;

void single_start(void)
{
	service_init(&service, "payment-service");
	service_start(&service, NULL);
	client_open(&client, service.port);
}

void single_stop(void)
{
	client_close(&client);
	service_release(&service);
}

void single_restart(const char *const *settings)
{
	service_start(&service, settings);
	client.port = service.port;
}

void single_pay(void)
{
	char body[128];

	for (int i = 0; i < PAID; i++) {
		(void)snprintf(body, sizeof(body), "{'order_id':'b-%d','amount':10.99}", i);
		post(&client, "/pay", NULL, body, 200);
	}
}

void single_path(const char *name, char out[PATH_SIZE])
{
	(void)snprintf(out, PATH_SIZE, "%s/%s", service.directory, name);
}

void single_change(const char *name, const char *sql)
{
	char path[PATH_SIZE], *why = NULL;
	sqlite3 *db;

	single_path(name, path);
	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

const cJSON *single_member(const cJSON *json, const char *name)
{
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(json, name);

	ck_assert_msg(found != NULL, "no member %s", name);
	return found;
}
