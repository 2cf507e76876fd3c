/* test_audit_report.c - findings as lines and as JSON, and the journal's own events in an audit. */
#include "storage/audit_report.h"

#include "storage/audit_state.h"

#include <stdio.h>
#include <string.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"

static struct store store;
static struct journal *journal;
static struct audit audit;

static void setup(void)
{
	store = fixture_store();
	journal = journal_new(store.source);
	audit_init(&audit);
}

static void teardown(void)
{
	audit_release(&audit);
	journal_free(journal);
	store_close(&store);
}

/* What a damaged row may hold. */
START_TEST(a_finding_is_printable_whatever_was_found)
{
	struct buf json AUTO_BUF;

	buf_init(&json, AUDIT_REPORT_BYTES_MAX);
	audit_finding(&audit, "check", "row \n\"1\"", "held %s", "\xff\x1b[2J\xc3");
	audit_render(&audit, "payment-service", "/payment-service/x", &json);
	ck_assert_str_eq(audit.findings[0].detail, "held ??[2J?");
	ck_assert_ptr_nonnull(strstr(buf_str(&json), "\"where\":\"row ?\\\"1\\\"\""));
}
END_TEST

static const struct {
	int64_t amount_minor;
	const char *currency, *line, *json;
} amount_rows[] = {
	{1099, "USD", "c: w: d (10.99 USD)\n", "\"amount\":10.99,\"currency\":\"USD\"}"},
	{-5, "KWD", "c: w: d (-0.005 KWD)\n", "\"amount\":-0.005,\"currency\":\"KWD\"}"},
	{INT64_MIN, "USD", "c: w: d\n", "\"detail\":\"d\"}"},
	{INT64_MAX, "JPY", "c: w: d\n", "\"detail\":\"d\"}"},
	{1099, "???", "c: w: d\n", "\"detail\":\"d\"}"},
};

START_TEST(a_finding_shows_the_amount_that_it_is_about)
{
	struct buf json AUTO_BUF;

	buf_init(&json, AUDIT_REPORT_BYTES_MAX);
	audit_finding_amount(&audit, "c", "w", amount_rows[_i].amount_minor,
	                     currency_find(text_of(amount_rows[_i].currency)), "d");
	audit_render(&audit, "payment-service", "/payment-service/x", &json);
	ck_assert_ptr_nonnull(strstr(fixture_findings(&audit), amount_rows[_i].line));
	ck_assert_ptr_nonnull(strstr(buf_str(&json), amount_rows[_i].json));
}
END_TEST

START_TEST(what_is_stuck_is_told_and_is_no_finding)
{
	struct buf json AUTO_BUF;

	buf_init(&json, AUDIT_REPORT_BYTES_MAX);
	audit_stuck(&audit, "w", 1099, currency_find(TEXT_LITERAL("USD")), "d");
	audit_render(&audit, "payment-service", "/payment-service/x", &json);
	ck_assert_ptr_nonnull(strstr(fixture_findings(&audit), "stuck: w: d (10.99 USD)\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&json), "\"findings\":[],\"findings_count\":0,"
	                                             "\"stuck\":[{\"check\":\"stuck\","));
	ck_assert_ptr_nonnull(strstr(buf_str(&json), "\"stuck_count\":1,\"ok\":true"));
}
END_TEST

/* ---- the journal's own events ---- */

static const struct {
	const char *what, *tamper;
	int64_t findings;
} restored_rows[] = {
	{"as written", "", 0},
	{"another head",
         "UPDATE journal SET line = replace(line, '\"head_seq\":9', "
         "'\"head_seq\":8') WHERE seq = 10",
         2},
	{"no data", "UPDATE journal SET line = replace(line, 'head_seq', 'x') WHERE seq = 10", 2},
};

static void note_any(void *arg, struct audit *running, int64_t seq, struct text line,
                     const cJSON *event)
{
	(void)running;
	(void)line;
	(void)event;
	ck_assert_int_lt(seq, 10);
	++*(int *)arg;
}

START_TEST(a_restore_must_go_on_from_the_line_before_it)
{
	static const struct statement every_seq = {
		"SELECT seq FROM journal WHERE seq > $1 AND seq <= $2", NULL};
	char hash[HASH_HEX_SIZE], data[256];
	int shown = 0;

	fixture_events(&store, journal, 9);
	hash_to_hex(&journal_head(journal)->hash, hash);
	(void)snprintf(data, sizeof(data), "{\"head_seq\":9,\"head_hash\":\"%s\"}", hash);
	const struct event event = {.type = JOURNAL_RESTORED,
	                            .subject = TEXT_LITERAL(FIXTURE_SERVICE),
	                            .data = text_of(data)};
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	journal_load(journal, store.db);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	(void)journal_add(journal, &event, FIXTURE_NOW_US + 20 * US_PER_S, fixture_random);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	fixture_tamper(STORE_FILE, restored_rows[_i].tamper);
	ck_assert_int_eq(audit_journal(&audit, store.db, store.source, note_any, &shown), DB_OK);
	ck_assert_msg(audit.findings_count == restored_rows[_i].findings, "%s:\n%s",
	              restored_rows[_i].what, fixture_findings(&audit));
	ck_assert_int_eq(shown, 9);
	/* Nor is it taken for an event without its row. */
	ck_assert_int_eq(audit_seqs(&audit, store.db, "missing", "no row", &every_seq), DB_OK);
	ck_assert_int_eq(audit.findings_count, restored_rows[_i].findings + 9);
}
END_TEST

static Suite *audit_report_suite(void)
{
	Suite *suite = suite_create("audit_report");
	TCase *cases = tcase_create("audit_report");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_finding_is_printable_whatever_was_found);
	tcase_add_test(cases, what_is_stuck_is_told_and_is_no_finding);
	tcase_add_loop_test(cases, a_finding_shows_the_amount_that_it_is_about, 0,
	                    ARRAY_LEN(amount_rows));
	tcase_add_loop_test(cases, a_restore_must_go_on_from_the_line_before_it, 0,
	                    ARRAY_LEN(restored_rows));
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(audit_report_suite)
