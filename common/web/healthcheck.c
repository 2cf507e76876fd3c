/* healthcheck.c - asks the running service whether it is well: for containers, which hold no other
 * program that could ask. */
#include "base/json.h"
#include "runtime/fetch.h"
#include "web/commands.h"
#include "web/own_url.h"

#include <stdio.h>
#include <string.h>

#define WHY_BYTES_MAX 4096
#define BODY_BYTES_MAX 65536
/* A service that is well answers in milliseconds; whoever asks asks again in seconds. */
#define ANSWER_TIMEOUT_US (3 * US_PER_S)

/* What the problem that was answered says, where it can be printed on one line. */
static void add_detail(struct fetch *fetch, struct buf *why)
{
	struct json_doc doc AUTO_JSON = {0};
	struct buf body AUTO_BUF;
	const char *unread;
	size_t offset;

	buf_init(&body, BODY_BYTES_MAX);
	fetch_swap_body(fetch, &body);
	if (!json_parse(buf_text(&body), &doc, &unread, &offset))
		return;
	const char *detail = cJSON_GetStringValue(json_member(doc.root, "detail"));
	if (detail != NULL && !text_has_control(text_of(detail)) && strchr(detail, '\n') == NULL)
		buf_addf(why, ": %s", detail);
}

static bool is_well(struct fetch *fetch, const char *url, struct buf *why)
{
	int status = fetch_run(fetch, url, ANSWER_TIMEOUT_US);

	if (status == 200)
		return true;
	if (status == 0) {
		buf_addf(why, "%s was not answered: %s", url, fetch_why(fetch));
	} else {
		buf_addf(why, "%s was answered with status %d", url, status);
		add_detail(fetch, why);
	}
	return false;
}

int run_healthcheck(const struct service *service, const struct common_options *options,
                    const char *word)
{
	struct fetcher *fetcher = fetcher_new();
	struct fetch *fetch = NULL;
	struct buf why AUTO_BUF, url AUTO_BUF;
	bool is_healthy = false;

	buf_init(&why, WHY_BYTES_MAX);
	buf_init(&url, FETCH_URL_MAX);
	if (fetcher != NULL)
		fetch = fetch_new(fetcher, "application/json", BODY_BYTES_MAX);
	if (fetch == NULL) {
		buf_add_str(&why, "There is not enough memory to start.");
	} else if (own_url_add(options, &url, &why)) {
		buf_add_str(&url, word == NULL ? "/readyz" : "/healthz");
		is_healthy = is_well(fetch, buf_str(&url), &why);
	}
	if (!is_healthy)
		(void)fprintf(stderr, "%s: %s\n", service->name, buf_str(&why));
	fetch_free(fetch);
	fetcher_free(fetcher);
	return is_healthy ? 0 : 1;
}
