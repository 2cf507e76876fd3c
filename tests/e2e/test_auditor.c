/* test_auditor.c - an audit as JSON, over HTTP and in the background of the real binary. */
#include "e2e/run.h"
#include "e2e/single.h"

#include <string.h>

#define BYTES_MAX (64 * 1024 * 1024)

#define DAMAGE_AT(seq) \
	"UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = " #seq
#define DAMAGE DAMAGE_AT(3)
#define LATER_DAMAGE DAMAGE_AT(9)

static void check_report(const cJSON *json, int findings)
{
	ck_assert_str_eq(single_member(json, "service")->valuestring, "payment-service");
	ck_assert_int_eq(
		strncmp(single_member(json, "source")->valuestring, "/payment-service/jrn_", 21),
		0);
	ck_assert_int_eq(single_member(json, "head_seq")->valueint, PAID);
	ck_assert_uint_eq(strlen(single_member(json, "head_hash")->valuestring), 64);
	ck_assert_int_eq(single_member(json, "events_checked")->valueint, PAID);
	ck_assert(cJSON_IsNumber(single_member(json, "rows_checked")));
	ck_assert_int_eq(cJSON_IsTrue(single_member(json, "ok")), findings == 0);
	ck_assert_int_ge(single_member(json, "findings_count")->valueint, findings);
	ck_assert_int_eq(cJSON_GetArraySize(single_member(json, "findings")),
	                 single_member(json, "findings_count")->valueint);
	if (findings == 0)
		return;
	const cJSON *first = cJSON_GetArrayItem(single_member(json, "findings"), 0);
	ck_assert_str_eq(single_member(first, "check")->valuestring, "journal-chain");
	ck_assert_str_eq(single_member(first, "where")->valuestring, "journal seq 4");
	ck_assert_ptr_nonnull(
		strstr(single_member(first, "detail")->valuestring, "not the hash of seq 3"));
}

static void check_audits(int findings)
{
	static const char *const arguments[] = {"audit", "--json", NULL};
	struct run run;

	run_service(&service, NULL, arguments, &run);
	ck_assert_int_eq(run.status, findings == 0 ? 0 : 1);
	cJSON *json = cJSON_Parse(buf_str(&run.out));
	check_report(json, findings);
	cJSON_Delete(json);
	run_release(&run);
	get(&client, "/audit", NULL, 200);
	check_report(client.json, findings);
}

START_TEST(an_audit_says_the_same_as_json_and_over_http)
{
	single_pay();
	check_audits(0);
	service_stop(&service);
	single_change(STORE, DAMAGE);
	single_restart(NULL);
	check_audits(1);
}
END_TEST

START_TEST(the_background_audit_finds_a_damage_and_logs_it_once)
{
	static const char *const settings[] = {"AUDIT_INTERVAL=10ms", NULL};
	static const char logged[] = "\"event\":\"audit_finding\"";
	struct buf log AUTO_BUF;

	single_pay();
	service_stop(&service);
	single_restart(settings);
	while (get_metric(&client, "audit_last_success_timestamp_seconds") == 0)
		;
	ck_assert_int_eq(get_metric(&client, "audit_findings"), 0);
	service_stop(&service);
	single_change(STORE, DAMAGE);
	single_restart(settings);
	service_wait_log(&service, logged);
	while (get_metric(&client, "audit_findings") == 0)
		;
	ck_assert_int_eq(get_metric(&client, "audit_last_success_timestamp_seconds"), 0);
	single_change(STORE, LATER_DAMAGE);
	service_wait_log(&service, "\"where\":\"journal seq 10\""); /* by another audit */
	service_stop(&service);
	buf_init(&log, BYTES_MAX);
	read_file(service.log_path, &log);
	const char *first = strstr(buf_str(&log), logged);
	ck_assert_ptr_nonnull(strstr(first, "\"where\":\"journal seq 4\""));
	const char *second = strstr(first + 1, logged);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(strstr(second, "\"where\":\"journal seq 4\""));
	ck_assert_ptr_null(strstr(second + 1, logged));
}
END_TEST

START_TEST(an_interval_of_0_is_no_background_audit)
{
	static const char *const settings[] = {"AUDIT_INTERVAL=0", NULL};

	service_stop(&service);
	single_restart(settings);
	ck_assert_int_eq(get_metric(&client, "audit_last_success_timestamp_seconds"), 0);
	ck_assert_int_eq(get_metric(&client, "audit_interval_seconds"), 0);
	get(&client, "/audit", NULL, 200);
}
END_TEST

static Suite *auditor_suite(void)
{
	Suite *suite = suite_create("auditor");
	TCase *tcase = tcase_create("auditor");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, single_start, single_stop);
	tcase_add_test(tcase, an_audit_says_the_same_as_json_and_over_http);
	tcase_add_test(tcase, the_background_audit_finds_a_damage_and_logs_it_once);
	tcase_add_test(tcase, an_interval_of_0_is_no_background_audit);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(auditor_suite)
