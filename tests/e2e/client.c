/* client.c - HTTP requests one at a time (client.h). */
#include "e2e/client.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BODY_BYTES_MAX (16 * 1024 * 1024)
/* Only a fault makes an answer take so long. */
#define WAIT_S_MAX 60

static size_t take_body(const char *bytes, size_t size, size_t count, void *arg)
{
	buf_add(arg, bytes, size * count);
	return size * count;
}

void client_open(struct client *client, int port)
{
	*client = (struct client){.curl = curl_easy_init(), .port = port};
	ck_assert_ptr_nonnull(client->curl);
	buf_init(&client->body, BODY_BYTES_MAX);
}

void client_close(struct client *client)
{
	cJSON_Delete(client->json);
	buf_release(&client->body);
	curl_easy_cleanup(client->curl);
}

static void set_request(struct client *client, const char *method, const char *path,
                        const char *body)
{
	CURL *curl = client->curl;
	char url[4096];
	int length = snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s",
	                      client->tls == NULL ? "http" : "https", client->port, path);

	ck_assert_int_lt(length, (int)sizeof(url));
	curl_easy_reset(curl); /* keeps the connection */
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_INTERFACE, client->from);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WAIT_S_MAX);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->body);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	if (client->tls == NULL)
		return;
	curl_easy_setopt(curl, CURLOPT_CAINFO, client->tls->ca);
	curl_easy_setopt(curl, CURLOPT_SSLCERT, client->tls->certificate);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, client->tls->key);
}

int client_send(struct client *client, const char *method, const char *path,
                const char *const *headers, const char *body)
{
	struct curl_slist *list =
		body == NULL ? NULL : curl_slist_append(NULL, "Content-Type: application/json");
	long status;

	for (; headers != NULL && *headers != NULL; headers++)
		list = curl_slist_append(list, *headers);
	buf_reset(&client->body);
	set_request(client, method, path, body);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, list);
	CURLcode result = curl_easy_perform(client->curl);
	curl_slist_free_all(list);
	ck_assert_msg(result == CURLE_OK, "%s %s: %s", method, path, curl_easy_strerror(result));
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	cJSON_Delete(client->json);
	client->json = cJSON_Parse(buf_str(&client->body));
	client->status = (int)status;
	return client->status;
}

bool client_connected_anew(struct client *client)
{
	long connections;

	curl_easy_getinfo(client->curl, CURLINFO_NUM_CONNECTS, &connections);
	return connections > 0;
}

const char *client_header(struct client *client, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(client->curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

const char *client_string(const struct client *client, const char *member)
{
	const char *value =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(client->json, member));

	ck_assert_msg(value != NULL, "no string %s in %s", member, buf_str(&client->body));
	return value;
}

int raw_connect(int port)
{
	return raw_connect_from("127.0.0.1", port);
}

int raw_connect_from(const char *from, int port)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval wait = {.tv_sec = WAIT_S_MAX};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	ck_assert_int_eq(inet_pton(AF_INET, from, &own.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect: %s",
	              strerror(errno));
	return fd;
}

void raw_read_to_end(int fd, struct buf *out)
{
	char part[4096];
	ssize_t count;

	while ((count = recv(fd, part, sizeof(part), 0)) > 0)
		buf_add(out, part, (size_t)count);
	ck_assert_msg(count == 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
}
