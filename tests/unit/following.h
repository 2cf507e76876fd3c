/* following.h - a follower on a real store and writer, against the fake peer: begun and stopped
 * again and again on the same store. Each event of type CREATED becomes one entry. One thread. */
#ifndef UNIT_FOLLOWING_H
#define UNIT_FOLLOWING_H

#include "runtime/follower.h"
#include "storage/peer.h"
#include "unit/engine_fixture.h"
#include "unit/fake_peer.h"
#include "unit/unit.h"

#define CREATED "order.created"
#define FOLLOWING_QUEUE_MAX 64
#define OTHER "order.redacted" /* has no row in the table of kinds */

extern struct rig following_rig;
extern struct follower *following;
extern struct writer *following_writer;
extern struct db *following_reader;

void following_pause(void); /* a moment, where no event tells */

void following_start(void);
void following_stop(void);
struct peer_place following_place(void);
void following_wait_for_place(int64_t seq);
void following_wait_until(bool (*is_so)(void));
bool following_is_broken(void);
bool following_is_away(void);
bool following_is_well(void);
bool following_is_rolled_back(void);
bool following_is_not_rolled_back(void);
bool following_is_caught_up(void);
int64_t following_events(void);
void following_check_once(int64_t count);
void following_accept_seq(int64_t seq);
void following_add(int count);

#endif
