/* payments.c - one helper for each thing that tests of payments do again and again. */
#include "e2e/payments.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 512

void pay_new(const char *order_id, const char *members, int status,
             char ret_path[PAYMENT_PATH_SIZE])
{
	char body[TEXT_SIZE], key[TEXT_SIZE];

	(void)snprintf(body, sizeof(body), "{'order_id':'%s','amount':10%s%s}", order_id,
	               members[0] == '\0' ? "" : ",", members);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: pay-%s", order_id);
	post(&pay, "/pay", key, body, status);
	(void)snprintf(ret_path, PAYMENT_PATH_SIZE, "/payments/%s",
	               client_string(&pay, "payment_id"));
}

void pay_do(const char *path, const char *call, const char *header, const char *body, int status)
{
	char whole[TEXT_SIZE];

	(void)snprintf(whole, sizeof(whole), "%s/%s", path, call);
	post(&pay, whole, header, body == NULL ? "{}" : body, status);
}

void pay_check(const char *path, const char *const *texts)
{
	get(&pay, path, NULL, 200);
	for (; *texts != NULL; texts++)
		check_holds(&pay, *texts);
}

int64_t pay_head(void)
{
	get(&pay, "/events?limit=1", NULL, 200);
	return answer_int(&pay, "head");
}

const char *pay_balance(const char *account, const char *currency)
{
	static char balance[TEXT_SIZE];
	char begin[TEXT_SIZE];
	const char *row, *value;

	get(&pay, "/ledger/accounts", NULL, 200);
	(void)snprintf(begin, sizeof(begin), "{\"account\":\"%s\",\"currency\":\"%s\"", account,
	               currency);
	row = strstr(buf_str(&pay.body), begin);
	if (row == NULL)
		return "0";
	value = strstr(row, "\"balance\":");
	ck_assert_ptr_nonnull(value);
	value += strlen("\"balance\":");
	(void)snprintf(balance, sizeof(balance), "%.*s", (int)strcspn(value, ",}"), value);
	return balance;
}
