/* following.c - a follower on a real store and writer (following.h). */
#include "unit/following.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct rig following_rig;
struct follower *following;
struct writer *following_writer;
struct db *following_reader;

/* ---- what an event becomes ---- */

static bool read_created(const struct peer_event *event, const uint8_t *sip_key, void *command,
                         char why[PEER_WHY_SIZE])
{
	const cJSON *refused = json_member(event->data, "refused");
	struct entry *entry = command;

	(void)sip_key;
	entry->name = "event";
	entry->account = (uint64_t)event->seq;
	entry->amount = 1;
	if (refused != NULL)
		(void)snprintf(why, PEER_WHY_SIZE, "It is refused.");
	return refused == NULL;
}

static const struct peer_kind kinds[] = {
	{.type = CREATED,
         .kind = &entry_kind,
         .command_size = sizeof(struct entry),
         .read = read_created},
	{0},
};

/* ---- the rig ---- */

static void after_batch(void *arg)
{
	(void)arg;
	follower_wanted(following, engine_peer_ticket(following_rig.engine));
}

void following_start(void)
{
	struct follower_options options = {
		.url = fake_url(), .queue_max = FOLLOWING_QUEUE_MAX, .kinds = kinds};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	following_rig.peer_wait_us = 100 * US_PER_S;
	entries_open(&following_rig, &env_system);
	options.database_url = following_rig.url;
	following = follower_new(&options, &following_rig.store, &env_system, &why);
	ck_assert_msg(following != NULL, "%s", buf_str(&why));
	ck_assert_int_eq(db_open(following_rig.url, DB_READER, &following_reader, &why), DB_OK);
	following_writer = writer_start(following_rig.engine, &env_system, FOLLOWING_QUEUE_MAX,
	                                after_batch, NULL);
	ck_assert_ptr_nonnull(following_writer);
	ck_assert(follower_start(following, following_writer, &why));
}

void following_stop(void)
{
	follower_stop(following);
	writer_stop(following_writer);
	follower_free(following);
	db_close(following_reader);
	rig_check_journal(&following_rig);
	rig_close(&following_rig);
}

void following_pause(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

struct peer_place following_place(void)
{
	struct peer_place now;

	ck_assert_int_eq(peer_read(following_reader, &now), DB_OK);
	return now;
}

void following_wait_for_place(int64_t seq)
{
	while (following_place().seq != seq)
		following_pause();
}

void following_wait_until(bool (*is_so)(void))
{
	while (!is_so())
		following_pause();
}

bool following_is_broken(void)
{
	const char *trouble = follower_trouble(following);

	return trouble != NULL && strcmp(trouble, "peer-broken") == 0;
}

bool following_is_away(void)
{
	const char *trouble = follower_trouble(following);

	return trouble != NULL && strcmp(trouble, "peer-away") == 0;
}

bool following_is_well(void)
{
	return follower_trouble(following) == NULL;
}

bool following_is_rolled_back(void)
{
	return follower_is_rolled_back(following);
}

bool following_is_not_rolled_back(void)
{
	return !follower_is_rolled_back(following);
}

bool following_is_caught_up(void)
{
	return !follower_is_catching_up(following);
}

void following_add(int count)
{
	for (int i = 0; i < count; i++)
		(void)fake_add(CREATED, NULL);
}

int64_t following_events(void)
{
	return rig_number(&following_rig, "SELECT count(DISTINCT account) FROM entries");
}

void following_check_once(int64_t count)
{
	ck_assert_int_eq(following_events(), count);
	ck_assert_int_eq(entry_count(&following_rig, "event"), count);
}

/* As POST /peer/accept commits it. */
void following_accept_seq(int64_t seq)
{
	char sql[80];

	following_stop();
	(void)snprintf(sql, sizeof(sql), "UPDATE peer SET accepted_seq = %lld, rollback = 0",
	               (long long)seq);
	fixture_tamper("store.db", sql);
	following_start();
}
