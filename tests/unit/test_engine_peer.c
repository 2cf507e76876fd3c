/* test_engine_peer.c - what a batch does with events of the peer: their order, their place, what
 * becomes of those that cannot apply, and who waits for news. */
#include "runtime/engine.h"

#include <stdio.h>
#include <string.h>

#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define SOURCE "/order-service/jrn_1"
#define REJECTED "SELECT count(*) FROM journal WHERE line LIKE '%peer_event.rejected%'"
#define PEER_WAIT_US (500 * US_PER_MS)

static struct rig rig;
static struct entry entries[BATCH_MAX];
static struct peer_step steps[BATCH_MAX];
static size_t entries_count;

static void setup(void)
{
	rig.peer_wait_us = PEER_WAIT_US;
	entries_open(&rig, &fixture_env);
}

static void teardown(void)
{
	rig_check_journal(&rig);
	for (size_t i = 0; i < entries_count; i++)
		job_release(&entries[i].job);
	rig_close(&rig);
}

/* The hash of the peer's line `seq`; none before the first. */
static struct hash hash_at(int64_t seq)
{
	struct hash hash = {{0}};

	if (seq > 0)
		hash_sha256(&seq, sizeof(seq), &hash);
	return hash;
}

static struct entry *add(const char *name, uint64_t account, int64_t amount)
{
	struct entry *entry = &entries[entries_count++];

	ck_assert_uint_le(entries_count, BATCH_MAX);
	entry_init(entry, name, account, amount);
	return entry;
}

/* An entry that the peer's event `seq` asks for; the one before it is `after`. */
static struct entry *add_event(int64_t after, int64_t seq, uint64_t account, int64_t amount)
{
	struct peer_step *step = &steps[entries_count];
	struct entry *entry = add("event", account, amount);

	*step = (struct peer_step){.from_seq = after,
	                           .from_hash = hash_at(after),
	                           .to = {.source = SOURCE, .seq = seq, .hash = hash_at(seq)},
	                           .type = TEXT_LITERAL("order.created"),
	                           .subject = TEXT_LITERAL("o-1")};
	entry->job.peer = step;
	return entry;
}

static size_t run(size_t first)
{
	return entries_run(&rig, entries + first, entries_count - first);
}

static void check_place(int64_t seq)
{
	struct hash hash = hash_at(seq);
	struct peer_place place;

	ck_assert_int_eq(peer_read(rig.store.db, &place), DB_OK);
	ck_assert_int_eq(place.seq, seq);
	ck_assert(hash_equal(&place.hash, &hash));
	ck_assert_str_eq(place.source, seq == 0 ? "" : SOURCE);
}

START_TEST(place_and_effects_are_one_commit)
{
	(void)add_event(0, 1, 1, 1);
	(void)add_event(1, 3, 2, 1);
	(void)add_event(3, 4, 3, 1);
	ck_assert_uint_eq(run(0), 1);
	check_place(4);
	ck_assert_int_eq(entry_count(&rig, "event"), 3);
	rig_close(&rig);
	entries_open(&rig, &fixture_env);
	check_place(4);
}
END_TEST

START_TEST(an_event_names_its_cause_at_the_end_of_its_data)
{
	char want[256], hex[HASH_HEX_SIZE];
	struct hash hash = hash_at(1);

	(void)add_event(0, 1, 1, 1);
	(void)run(0);
	hash_to_hex(&hash, hex);
	(void)snprintf(want, sizeof(want),
	               "SELECT count(*) FROM journal WHERE line LIKE '%%,\"data\":{\"cause\":"
	               "{\"source\":\"" SOURCE "\",\"seq\":1,\"hash\":\"%s\"}}}'",
	               hex);
	ck_assert_int_eq(rig_number(&rig, want), 1);
}
END_TEST

START_TEST(once_an_event_waits_all_later_ones_wait)
{
	(void)add("http", 7, 1);
	(void)add_event(0, 1, 1, 1);
	(void)add_event(1, 2, 7, 1);
	(void)add_event(2, 3, 8, 1);
	(void)add("http", 9, 1);
	struct batch batch = {.count = 0}, later = {.count = 0};

	for (size_t i = 0; i < entries_count; i++)
		batch.jobs[batch.count++] = &entries[i].job;
	engine_run(rig.engine, &batch, &later);
	ck_assert_uint_eq(batch.count, 3);
	check_place(1);
	ck_assert_uint_eq(later.count, 2);
	ck_assert_ptr_eq(later.jobs[0], &entries[2].job);
	ck_assert_ptr_eq(later.jobs[1], &entries[3].job);
	batch = later;
	later.count = 0;
	engine_run(rig.engine, &batch, &later);
	check_place(3);
}
END_TEST

/* Twice the same event, one that was left out, one with another line before it. */
START_TEST(an_event_that_is_not_next_takes_no_effect)
{
	static const int64_t from[] = {0, 3, 1};

	(void)add_event(0, 1, 1, 1);
	(void)run(0);
	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		size_t first = entries_count;
		struct entry *event = add_event(from[i], from[i] + 1, 1, 1);
		struct entry *http = add("http", 2, 1);

		if (from[i] == 1)
			steps[first].from_hash.bytes[0] ^= 1;
		ck_assert_uint_eq(run(first), 1);
		ck_assert_int_ne(event->job.answer.error, ERR_NONE);
		job_check(&http->job, 200, ERR_NONE, false);
		check_place(1);
		ck_assert_int_eq(entry_count(&rig, "event"), 1);
		ck_assert_int_eq(rig_number(&rig, REJECTED), 0);
	}
}
END_TEST

START_TEST(an_event_of_another_journal_takes_no_effect)
{
	(void)add_event(0, 1, 1, 1);
	(void)run(0);
	(void)add_event(1, 2, 1, 1);
	(void)snprintf(steps[1].to.source, sizeof(steps[1].to.source), "/order-service/jrn_2");
	(void)run(1);
	ck_assert_int_ne(entries[1].job.answer.error, ERR_NONE);
	check_place(1);
}
END_TEST

/* Refused by the decision, or by a constraint of the table. */
static const struct {
	int64_t amount;
	const char *reason;
} rejected[] = {
	{ENTRY_NONE, "not-found"},
	{ENTRY_TOTAL_MAX + 1, "invalid-state"},
	{ENTRY_AMOUNT_MAX + 1, "internal-error"},
};

START_TEST(what_cannot_apply_is_recorded_and_the_place_moves_on)
{
	char want[256];

	(void)add_event(0, 1, 1, 1);
	(void)add_event(1, 2, 2, rejected[_i].amount);
	(void)add("http", 4, 1);
	(void)add_event(2, 3, 3, 1);
	(void)run(0);
	for (size_t i = 0; i < entries_count; i++)
		job_check(&entries[i].job, 200, ERR_NONE, false);
	check_place(3);
	ck_assert_int_eq(entry_count(&rig, "event"), 2);
	ck_assert_int_eq(entry_count(&rig, "http"), 1);
	(void)snprintf(want, sizeof(want),
	               "SELECT count(*) FROM journal WHERE line LIKE '%%\"subject\":\"o-1\"%%"
	               "\"data\":{\"type\":\"order.created\",\"reason\":\"%s\",\"cause\":%%"
	               "\"seq\":2,%%'",
	               rejected[_i].reason);
	ck_assert_int_eq(rig_number(&rig, want), 1);
	ck_assert_int_eq(rig_number(&rig, REJECTED), 1);
}
END_TEST

/* ---- refusals that rest on what was not heard of ---- */

static struct parking *parking(void)
{
	return engine_parking(rig.engine, PARKED_FOR_PEER);
}

/* What the follower submits when it has read to the head. */
static enum error hear_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	(void)view;
	(void)detail;
	((struct effects *)effects)->heard = *(const int64_t *)job->command;
	return ERR_NONE;
}

static uint64_t no_conflict(const struct job *job, const void *view)
{
	(void)job;
	(void)view;
	return 0;
}

static void no_load(struct db *db, struct job *job, void *view)
{
	(void)db;
	(void)job;
	(void)view;
}

static void hear(int64_t ticket)
{
	static const struct command_kind kind = {.name = "hear",
	                                         .conflict_key = no_conflict,
	                                         .load = no_load,
	                                         .decide = hear_decide};
	struct job job, *jobs[] = {&job};

	job_init(&job, &kind, &ticket);
	(void)rig_run(&rig, jobs, 1);
	job_check(&job, 200, ERR_NONE, false);
	job_release(&job);
}

START_TEST(a_refusal_waits_for_the_news_and_stands_then)
{
	struct entry *first = add("first", 1, ENTRY_UNHEARD);
	struct job *job;

	job_set_key(&first->job, &rig, "", "k", "first");
	(void)run(0);
	ck_assert_int_eq(engine_peer_ticket(rig.engine), 1);
	(void)add("second", 2, ENTRY_UNHEARD);
	(void)run(1);
	ck_assert_ptr_null(parking_pop_ready(parking(), world.monotonic_us));
	hear(1);
	job = parking_pop_again(parking());
	ck_assert_ptr_eq(job, &first->job);
	ck_assert_ptr_null(parking_pop_again(parking()));
	(void)rig_run(&rig, &job, 1);
	job_check(job, 404, ERR_NOT_FOUND, false);
	ck_assert_ptr_eq(parking_pop_ready(parking(), INT64_MAX), &entries[1].job);
}
END_TEST

START_TEST(without_news_it_is_told_that_the_peer_lags)
{
	struct entry *entry = add("a", 1, ENTRY_UNHEARD);

	job_set_key(&entry->job, &rig, "", "k", "a");
	(void)run(0);
	ck_assert_int_eq(parking_next_us(parking()), world.monotonic_us + PEER_WAIT_US);
	ck_assert_ptr_eq(parking_pop_ready(parking(), parking_next_us(parking())), &entry->job);
	job_check(&entry->job, 503, ERR_PEER_LAGGING, false);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM seen"), 0);
}
END_TEST

START_TEST(without_a_peer_it_stands_at_once)
{
	rig_close(&rig);
	rig.peer_wait_us = 0;
	entries_open(&rig, &fixture_env);
	(void)add("a", 1, ENTRY_UNHEARD);
	(void)run(0);
	job_check(&entries[0].job, 404, ERR_NOT_FOUND, false);
}
END_TEST

static Suite *engine_peer_suite(void)
{
	Suite *s = suite_create("engine_peer");
	TCase *cases = tcase_create("all");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(s, cases);
	tcase_add_test(cases, place_and_effects_are_one_commit);
	tcase_add_test(cases, an_event_names_its_cause_at_the_end_of_its_data);
	tcase_add_test(cases, once_an_event_waits_all_later_ones_wait);
	tcase_add_test(cases, an_event_that_is_not_next_takes_no_effect);
	tcase_add_test(cases, an_event_of_another_journal_takes_no_effect);
	tcase_add_loop_test(cases, what_cannot_apply_is_recorded_and_the_place_moves_on, 0,
	                    ARRAY_LEN(rejected));
	tcase_add_test(cases, a_refusal_waits_for_the_news_and_stands_then);
	tcase_add_test(cases, without_news_it_is_told_that_the_peer_lags);
	tcase_add_test(cases, without_a_peer_it_stands_at_once);
	return s;
}

TEST_MAIN(engine_peer_suite)
