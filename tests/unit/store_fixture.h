/* store_fixture.h - a store on a real disk in a directory of its own for each test. */
#ifndef UNIT_STORE_FIXTURE_H
#define UNIT_STORE_FIXTURE_H

#include "storage/audit_report.h"
#include "storage/journal.h"
#include "storage/store.h"
#include "unit/unit.h"

#define FIXTURE_SERVICE "payment-service"
#define FIXTURE_NOW_US INT64_C(1795408200123456) /* 2026-11-23T04:30:00.123456Z */
#define FIXTURE_RANDOM_BYTES (SIP_KEY_BYTES + ULID_RANDOM_BYTES)

extern const uint8_t fixture_random[FIXTURE_RANDOM_BYTES];

/* Gives each test of the case an empty directory, also one that aborts. */
void fixture_add(TCase *cases);

/* Paths below the test's directory, which stay valid for the whole test. */
const char *fixture_path(const char *name);
/* "sqlite:PATH" */
const char *fixture_url(const char *name);

/* Opens fixture_url("store.db") for a service without migrations of its own; must succeed. */
struct store fixture_store(void);
struct store fixture_store_reader(void);
struct db *fixture_db(const char *name, enum db_mode mode);

/* What someone with a database tool can do to fixture_path(name), behind our back. */
void fixture_tamper(const char *name, const char *sql);
/* The one number that a query of fixture_path(name) gives. */
int64_t fixture_number(const char *name, const char *sql);
/* For an IN of more than two values SQLite fills a table of its own for each row that it checks: no
 * CHECK of fixture_path(name) has one. */
void fixture_check_no_tables(const char *name);

/* Commits `count` events in one batch, one second apart, with subjects o-SEQ. */
void fixture_events(struct store *store, struct journal *journal, int64_t count);

/* The findings that an audit keeps and its sum, one line each. Until the next call. */
const char *fixture_findings(const struct audit *audit);

#endif
