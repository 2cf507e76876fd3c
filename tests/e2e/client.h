/* client.h - one HTTP client over libcurl, and raw connections for what libcurl would not send. One
 * thread. */
#ifndef E2E_CLIENT_H
#define E2E_CLIENT_H

#include "base/buf.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>

/* Paths of PEM files. */
struct client_tls {
	const char *ca, *certificate, *key; /* certificate and key NULL: none is shown */
};

/* The last answer lives until the next request. */
struct client {
	CURL *curl;
	int port;
	const char *from;             /* the address that it sends from; NULL: any */
	const struct client_tls *tls; /* NULL: http. Set it after client_open */
	int status;
	struct buf body;
	cJSON *json; /* the body, NULL where it is not JSON */
};

void client_open(struct client *client, int port);
void client_close(struct client *client);
/* Sends one request and returns the answer's status; no answer fails the test. headers are "Name:
 * value" (NULL at the end), or NULL. With a body goes Content-Type: application/json; body NULL is
 * none. */
int client_send(struct client *client, const char *method, const char *path,
                const char *const *headers, const char *body);
/* Whether the last request went over a connection of its own. */
bool client_connected_anew(struct client *client);
/* Of the last answer: a header's value, or NULL; a member of the JSON object, which must be a
 * string. */
const char *client_header(struct client *client, const char *name);
const char *client_string(const struct client *client, const char *member);

/* A connection to 127.0.0.1, blocking; from an address of 127.0.0.0/8. */
int raw_connect(int port);
int raw_connect_from(const char *from, int port);
/* Adds what arrives until the other side closes; nothing for a long time fails the test. */
void raw_read_to_end(int fd, struct buf *out);

#endif
