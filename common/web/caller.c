/* caller.c - bearer keys as RFC 6750 has them. A row without a scope is open to everyone, whatever
 * they send. */
#include "web/caller.h"

#include "web/scope.h"

#include <stdio.h>

/* The key of the request, which has exactly one. */
static bool find_key(const struct request *request, struct text value, size_t count,
                     struct api_key *ret_key)
{
	const struct api_settings *settings = api_settings(request->api);
	struct text secret;

	return count == 1 && bearer_parse(value, &secret) &&
	       keyring_find(settings->keyring, secret, env_now_us(settings->env), ret_key);
}

enum error caller_check(struct request *request)
{
	const struct api_settings *settings = api_settings(request->api);
	const char *scope = request->endpoint->scope;
	struct api_key key;
	size_t count;

	if (settings->keyring == NULL || scope == NULL)
		return ERR_NONE;
	struct text value = http_header_find(request->exchange, "Authorization", &count);
	if (!find_key(request, value, count, &key)) {
		(void)snprintf(request->challenge, sizeof(request->challenge),
		               "Bearer realm=\"%s\"%s", settings->service,
		               count == 0 ? "" : ", error=\"invalid_token\"");
		return ERR_UNAUTHENTICATED;
	}
	text_copy(text_of(key.name), request->caller_name, sizeof(request->caller_name));
	request->caller = text_of(request->caller_name);
	uint32_t needed = scope_find(text_of(scope));
	if ((key.scopes & needed) == needed)
		return ERR_NONE;
	(void)snprintf(request->challenge, sizeof(request->challenge),
	               "Bearer realm=\"%s\", error=\"insufficient_scope\", scope=\"%s\"",
	               settings->service, scope);
	(void)snprintf(request->job.answer.detail, ANSWER_DETAIL_SIZE,
	               "Use a key that has the scope %s.", scope);
	return ERR_FORBIDDEN;
}
