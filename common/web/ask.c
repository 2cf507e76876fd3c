/* ask.c - a request of a command to the running service, and what is told of a refusal. */
#include "web/ask.h"

#include "base/json.h"
#include "web/own_url.h"

#include <string.h>

bool ask_open(struct ask *ask, const struct common_options *options, const char *accept,
              size_t bytes_max, struct buf *why)
{
	bool is_here = options->service_url[0] == '\0';

	ask->options = options;
	if (!is_here) {
		ask->access = peer_access_new(&options->peer, env_now_us(&env_system), why);
		if (ask->access == NULL)
			return false;
	}
	ask->fetcher = fetcher_new(ask->access);
	ask->fetch = ask->fetcher == NULL ? NULL : fetch_new(ask->fetcher, accept, bytes_max);
	if (ask->fetch != NULL && is_here)
		fetch_trust_anyone(ask->fetch);
	if (ask->fetch != NULL)
		return true;
	buf_add_str(why, "There is not enough memory to start.");
	return false;
}

void ask_close(struct ask *ask)
{
	fetch_free(ask->fetch);
	fetcher_free(ask->fetcher);
	peer_access_free(ask->access);
}

/* What the problem that was answered says, where it can be printed on one line. */
static void add_detail(struct fetch *fetch, struct buf *why)
{
	struct json_doc doc AUTO_JSON = {0};
	struct buf body AUTO_BUF;
	const char *unread;
	size_t offset;

	buf_init(&body, fetch_bytes_max(fetch));
	fetch_swap_body(fetch, &body);
	if (!json_parse(buf_text(&body), &doc, &unread, &offset))
		return;
	const char *detail = cJSON_GetStringValue(json_member(doc.root, "detail"));
	if (detail != NULL && !text_has_control(text_of(detail)) && strchr(detail, '\n') == NULL)
		buf_addf(why, ": %s", detail);
}

bool ask_get(struct ask *ask, const char *path, int64_t timeout_us, struct buf *why)
{
	struct buf url AUTO_BUF;

	buf_init(&url, FETCH_URL_MAX);
	if (!own_url_add(ask->options, &url, why))
		return false;
	buf_add_str(&url, path);
	int status = fetch_run(ask->fetch, buf_str(&url), timeout_us);
	if (status == 200)
		return true;
	if (status == 0) {
		buf_addf(why, "%s was not answered: %s", buf_str(&url), fetch_why(ask->fetch));
	} else {
		buf_addf(why, "%s was answered with status %d", buf_str(&url), status);
		add_detail(ask->fetch, why);
	}
	return false;
}
