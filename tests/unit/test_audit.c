/* test_audit.c - the auditor is audited: each damage is done to a store, and must be named with its
 * place by one or two findings. */
#include "storage/audit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/seen.h"
#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"
#define EVENTS 10

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

static void audit_beside_owner(audit_event_fn *each, void *arg)
{
	struct store reader = fixture_store_reader();

	ck_assert_int_eq(audit_journal(&audit, reader.db, reader.source, each, arg), DB_OK);
	store_close(&reader);
}

/* ---- the chain ---- */

#define FLIP(text, seq) \
	"UPDATE journal SET line = replace(line, '" text "', '!' || substr('" text "', 2)) " \
	"WHERE seq = " #seq

static const struct {
	const char *what, *tamper;
	int64_t findings;
	const char *places[2];
} damage_rows[] = {
	{"nothing", "", 0, {NULL}},
	{"an amount",
         "UPDATE journal SET line = replace(line, '10.99', '10.98') WHERE seq = 5",
         1,
         {"journal seq 6: prev_hash is not the hash of seq 5"}},
	{"an amount in the first line",
         "UPDATE journal SET line = replace(line, '10.99', '10.98') WHERE seq = 1",
         1,
         {"journal seq 2: prev_hash is not the hash of seq 1"}},
	{"an amount in the last line",
         "UPDATE journal SET line = replace(line, '10.99', '10.98') WHERE seq = 10",
         1,
         {"journal head: its hash is not that of seq 10"}},
	{"a space at the end",
         "UPDATE journal SET line = line || ' ' WHERE seq = 5",
         1,
         {"journal seq 6: prev_hash"}},
	{"the specversion", FLIP("1.0", 5), 1, {"journal seq 5: specversion"}},
	{"the id", FLIP("evt_", 5), 1, {"journal seq 5: the event's id"}},
	{"the source", FLIP("/payment-service", 5), 1, {"journal seq 5: the source"}},
	{"a member's name", FLIP("subject", 5), 1, {"journal seq 5: type or subject"}},
	{"the kind of data",
         "UPDATE journal SET line = replace(line, '{\"amount\":10.99}', '[]') WHERE seq = 5",
         1,
         {"journal seq 5: data"}},
	{"the time's form", FLIP("2026-", 5), 1, {"journal seq 5: the time is malformed"}},
	{"the time's order",
         "UPDATE journal SET line = replace(line, '2026-', '2025-') WHERE seq = 5",
         1,
         {"journal seq 5: the time is before"}},
	{"the hash's form",
         "UPDATE journal SET line = replace(line, '\"prev_hash\":\"', '\"prev_hash\":\"x') "
         "WHERE seq = 5",
         1,
         {"journal seq 5: prev_hash is malformed"}},
	{"the hash itself",
         "UPDATE journal SET line = substr(line, 1, instr(line, 'prev_hash') + 11) || "
         "'0000000000' || substr(line, instr(line, 'prev_hash') + 22) WHERE seq = 5",
         2,
         {"journal seq 5: prev_hash is not the hash of seq 4",
          "journal seq 6: prev_hash is not the hash of seq 5"}},
	{"the seq inside a line",
         "UPDATE journal SET line = replace(line, '\"seq\":5', '\"seq\":7') WHERE seq = 5",
         1,
         {"journal seq 5: the line holds another seq"}},
	{"the JSON",
         "UPDATE journal SET line = substr(line, 2) WHERE seq = 5",
         1,
         {"journal seq 5: the line is not well-formed"}},
	{"a whole line", "UPDATE journal SET line = '[]' WHERE seq = 5", 1, {"journal seq 5: "}},
	{"an endless line",
         "UPDATE journal SET line = printf('%100000c', 'x') WHERE seq = 5",
         1,
         {"journal seq 5: the line is longer"}},
	{"the first row gone",
         "DELETE FROM journal WHERE seq = 1",
         1,
         {"journal seq 2: seq 1 to 1 are missing"}},
	{"a middle row gone",
         "DELETE FROM journal WHERE seq = 5",
         1,
         {"journal seq 6: seq 5 to 5 are missing"}},
	{"three rows gone",
         "DELETE FROM journal WHERE seq IN (4, 5, 6)",
         1,
         {"journal seq 7: seq 4 to 6 are missing"}},
	{"the last row gone",
         "DELETE FROM journal WHERE seq = 10",
         1,
         {"journal head: seq 10 to 10 are missing"}},
	{"all rows gone", "DELETE FROM journal", 1, {"journal head: seq 1 to 10 are missing"}},
	{"two rows swapped",
         "UPDATE journal SET seq = 99 WHERE seq = 5; UPDATE journal SET seq = 5 WHERE seq = 6;"
         "UPDATE journal SET seq = 6 WHERE seq = 99",
         2,
         {"journal seq 5: the line holds another seq",
          "journal seq 6: the line holds another seq"}},
	{"two lines swapped, with their seq",
         "CREATE TEMP TABLE was AS SELECT * FROM journal;"
         "UPDATE journal SET line = (SELECT replace(line, '\"seq\":' || was.seq, '\"seq\":' || "
         "journal.seq) "
         "FROM was WHERE was.seq = 11 - journal.seq) "
         "WHERE seq IN (5, 6)",
         2,
         {"journal seq 5: prev_hash", "journal seq 6: the time is before"}},
	{"the head back by one",
         "UPDATE journal_head SET seq = 9",
         2,
         {"journal head: it is seq 9, but there are lines up to seq 10",
          "journal head: its hash is not that of seq 9"}},
	{"the head forward by one",
         "UPDATE journal_head SET seq = 11",
         1,
         {"journal head: seq 11 to 11 are missing"}},
	{"the head's hash",
         "UPDATE journal_head SET hash = zeroblob(32)",
         1,
         {"journal head: its hash is not that of seq 10"}},
	{"the head's time",
         "UPDATE journal_head SET time_us = time_us - 1000",
         1,
         {"journal head: its time is not that of seq 10"}},
	{"no head", "DELETE FROM journal_head", 1, {"journal head: it is missing"}},
};

START_TEST(each_damage_to_the_journal_is_found_with_its_place)
{
	fixture_events(&store, journal, EVENTS);
	fixture_tamper(STORE_FILE, damage_rows[_i].tamper);
	audit_beside_owner(NULL, NULL);
	ck_assert_msg(audit.findings_count == damage_rows[_i].findings, "%s:\n%s",
	              damage_rows[_i].what, fixture_findings(&audit));
	for (size_t i = 0; i < ARRAY_LEN(damage_rows[_i].places); i++) {
		const char *place = damage_rows[_i].places[i];

		ck_assert_msg(place == NULL || strstr(fixture_findings(&audit), place) != NULL,
		              "%s: no \"%s\" in:\n%s", damage_rows[_i].what, place,
		              fixture_findings(&audit));
	}
}
END_TEST

START_TEST(an_empty_journal_is_in_order)
{
	audit_beside_owner(NULL, NULL);
	ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
	ck_assert_int_eq(audit.events_checked, 0);
	fixture_tamper(STORE_FILE, "UPDATE journal_head SET hash = randomblob(32)");
	audit_beside_owner(NULL, NULL);
	ck_assert_int_eq(audit.findings_count, 1);
}
END_TEST

/* What `each` was shown. */
struct shown {
	int64_t count, sum;
	int64_t last_seq;
	bool is_ordered;
	struct store *owner; /* commits more while the audit runs */
};

static void note_event(void *arg, struct audit *running, int64_t seq, struct text line,
                       const cJSON *event)
{
	struct shown *shown = arg;

	ck_assert_ptr_eq(running, &audit);
	ck_assert(cJSON_IsObject(json_member(event, "data")));
	ck_assert_uint_gt(line.len, 0);
	if (shown->count == 0 && shown->owner != NULL)
		fixture_events(shown->owner, journal, 5);
	shown->is_ordered &= seq > shown->last_seq;
	shown->last_seq = seq;
	shown->count++;
	shown->sum += seq;
}

START_TEST(each_event_is_shown_in_order_over_all_pages)
{
	struct shown shown = {.is_ordered = true};
	const int64_t count = 2 * AUDIT_PAGE_ROWS + 3;

	fixture_events(&store, journal, count);
	audit_beside_owner(note_event, &shown);
	ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
	ck_assert_int_eq(audit.events_checked, count);
	ck_assert_int_eq(shown.count, count);
	ck_assert_int_eq(shown.sum, count * (count + 1) / 2);
	ck_assert(shown.is_ordered);
	ck_assert_int_eq(audit.head.seq, count);
}
END_TEST

static const char *const far_damages[] = {
	"DELETE FROM journal WHERE seq = 1000",
	"DELETE FROM journal WHERE seq = 1001",
	"DELETE FROM journal WHERE seq BETWEEN 900 AND 2100",
	"UPDATE journal SET line = line || ' ' WHERE seq = 1000",
	"UPDATE journal SET line = 'x' WHERE seq = 1001",
};

START_TEST(a_damage_at_the_border_of_a_page_is_found_once)
{
	fixture_events(&store, journal, 2 * AUDIT_PAGE_ROWS + 500);
	fixture_tamper(STORE_FILE, far_damages[_i]);
	audit_beside_owner(NULL, NULL);
	ck_assert_msg(audit.findings_count == 1, "%s", fixture_findings(&audit));
}
END_TEST

START_TEST(events_that_come_during_the_audit_are_left_alone)
{
	struct shown shown = {.is_ordered = true, .owner = &store};

	fixture_events(&store, journal, EVENTS);
	audit_beside_owner(note_event, &shown);
	ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
	ck_assert_int_eq(shown.count, EVENTS);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT max(seq) FROM journal"), EVENTS + 5);
}
END_TEST

START_TEST(only_whole_events_are_shown)
{
	struct shown shown = {.is_ordered = true};

	fixture_events(&store, journal, EVENTS);
	fixture_tamper(STORE_FILE, "UPDATE journal SET line = 'x' WHERE seq = 5");
	audit_beside_owner(note_event, &shown);
	ck_assert_int_eq(shown.count, EVENTS - 1);
	ck_assert_int_eq(shown.sum, EVENTS * (EVENTS + 1) / 2 - 5);
	ck_assert_int_eq(audit.events_checked, EVENTS);
}
END_TEST

START_TEST(findings_are_all_counted_but_not_all_kept)
{
	fixture_events(&store, journal, 500);
	fixture_tamper(STORE_FILE, "UPDATE journal SET line = 'x'");
	audit_beside_owner(NULL, NULL);
	ck_assert_int_eq(audit.findings_count, 500);
	ck_assert_uint_eq(audit_findings_kept(&audit), AUDIT_FINDINGS_MAX);
}
END_TEST

/* ---- idempotency keys ---- */

/* So many at once. */
#define KEYS_A_COMMIT 500

static void commit_keys(void)
{
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	hash_index_committed(&seen_by_key_hash);
}

static void add_keys(int64_t count)
{
	char key[32];

	ck_assert_int_eq(hash_index_load(&seen_by_key_hash, store.db), DB_OK);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	for (int64_t i = 1; i <= count; i++) {
		struct seen_key seen = {.caller = TEXT_LITERAL("someone")};

		(void)snprintf(key, sizeof(key), "k-%lld", (long long)i);
		seen.key = text_of(key);
		seen.key_hash = hash_keyed_pair(store.sip_key, seen.caller, seen.key);
		seen_write(store.db, &seen, TEXT_LITERAL("pay_1"), 200, TEXT_LITERAL("{}"),
		           FIXTURE_NOW_US, 0);
		if (i % KEYS_A_COMMIT > 0)
			continue;
		commit_keys();
		ck_assert_int_eq(db_begin(store.db), DB_OK);
	}
	commit_keys();
	hash_index_close(&seen_by_key_hash);
}

static const struct {
	const char *tamper;
	int64_t findings;
	const char *place;
} seen_rows[] = {
	{"", 0, ""},
	{"UPDATE seen SET key_hash = key_hash + 1 WHERE seq = 1", 1, "seen-hash: seen seq 1: "},
	{"UPDATE seen SET key_hash = 0 WHERE seq = 1000", 1, "seen-hash: seen seq 1000: "},
	{"UPDATE seen SET key = 'other' WHERE seq = 1001", 1, "seen-hash: seen seq 1001: "},
	{"UPDATE seen SET caller = '' WHERE seq = 2003", 1, "seen-hash: seen seq 2003: "},
	{"UPDATE seen SET seq = -7, key = 'other' WHERE seq = 5", 2, "seen-hash: seen seq -7: "},
	{"UPDATE store SET sip_key = zeroblob(16)", 2 * AUDIT_PAGE_ROWS + 3, "seen seq 1: "},
};

START_TEST(an_idempotency_key_that_cannot_be_found_is_told)
{
	const int64_t count = 2 * AUDIT_PAGE_ROWS + 3;

	add_keys(count);
	fixture_tamper(STORE_FILE, seen_rows[_i].tamper);
	struct store reader = fixture_store_reader();
	ck_assert_int_eq(audit_seen(&audit, &reader), DB_OK);
	store_close(&reader);
	ck_assert_int_eq(audit.rows_checked, count);
	ck_assert_msg(audit.findings_count == seen_rows[_i].findings, "%s",
	              fixture_findings(&audit));
	ck_assert_ptr_nonnull(strstr(fixture_findings(&audit), seen_rows[_i].place));
}
END_TEST

/* ---- storage ---- */

START_TEST(a_sound_database_has_no_findings)
{
	fixture_events(&store, journal, EVENTS);
	ck_assert_int_eq(audit_storage(&audit, store.db), DB_OK);
	ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
}
END_TEST

START_TEST(a_broken_reference_is_found)
{
	fixture_tamper(STORE_FILE, "PRAGMA foreign_keys = OFF; CREATE TABLE parent (id INTEGER "
	                           "PRIMARY KEY); CREATE TABLE child (id REFERENCES parent);"
	                           "INSERT INTO child VALUES (7)");
	ck_assert_int_eq(audit_storage(&audit, store.db), DB_OK);
	ck_assert_int_eq(audit.findings_count, 1);
	ck_assert_str_eq(audit.findings[0].where, "foreign_key_check");
	ck_assert_str_eq(audit.findings[0].detail,
	                 "row 1 of table child refers to a row of parent that is not there");
}
END_TEST

static const struct {
	const char *what;
	off_t from_end; /* where the damage begins */
	size_t bytes;
} overwritten_rows[] = {
	{"a cell of the last page", 100, 50},
	{"the whole last page", 8192, 8192},
	{"many pages", 40960, 40960},
};

START_TEST(an_overwritten_file_is_found)
{
	static char garbage[40960];
	struct audit damaged;

	fixture_events(&store, journal, 500);
	store_close(&store); /* all is in the file now */
	memset(garbage, 0xA5, sizeof(garbage));
	int fd = open(fixture_path(STORE_FILE), O_WRONLY | O_CLOEXEC);
	off_t end = lseek(fd, 0, SEEK_END);
	ck_assert_int_eq(pwrite(fd, garbage, overwritten_rows[_i].bytes,
	                        end - overwritten_rows[_i].from_end),
	                 overwritten_rows[_i].bytes);
	ck_assert_int_eq(close(fd), 0);

	struct store reader = fixture_store_reader();
	audit_init(&damaged);
	enum db_result storage = audit_storage(&damaged, reader.db);
	enum db_result chain = audit_journal(&damaged, reader.db, reader.source, NULL, NULL);
	ck_assert_msg(damaged.findings_count > 0, "%s: %d %d", overwritten_rows[_i].what, storage,
	              chain);
	audit_release(&damaged);
	store_close(&reader);
	store = (struct store){.lock_fd = -1};
}
END_TEST

static Suite *audit_suite(void)
{
	Suite *suite = suite_create("audit");
	TCase *cases = tcase_create("audit");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, each_damage_to_the_journal_is_found_with_its_place, 0,
	                    ARRAY_LEN(damage_rows));
	tcase_add_test(cases, an_empty_journal_is_in_order);
	tcase_add_test(cases, each_event_is_shown_in_order_over_all_pages);
	tcase_add_loop_test(cases, a_damage_at_the_border_of_a_page_is_found_once, 0,
	                    ARRAY_LEN(far_damages));
	tcase_add_test(cases, events_that_come_during_the_audit_are_left_alone);
	tcase_add_test(cases, only_whole_events_are_shown);
	tcase_add_test(cases, findings_are_all_counted_but_not_all_kept);
	tcase_add_loop_test(cases, an_idempotency_key_that_cannot_be_found_is_told, 0,
	                    ARRAY_LEN(seen_rows));
	tcase_add_test(cases, a_sound_database_has_no_findings);
	tcase_add_test(cases, a_broken_reference_is_found);
	tcase_add_loop_test(cases, an_overwritten_file_is_found, 0, ARRAY_LEN(overwritten_rows));
	return suite;
}

TEST_MAIN(audit_suite)
