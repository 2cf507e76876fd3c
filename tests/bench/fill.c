/* fill.c - makes a payment service's store hold so many orders, each paid once, by the service's
 * own engine without HTTP: commands in whole batches. What it leaves is what the service would have
 * stored. Used by the benchmark to see how the service is with a large store.
 * usage: fill DATABASE_URL ORDERS ordered|random plain|keyed */
#include "payment-service/payment_commands.h"
#include "payment-service/payment_store.h"
#include "payment-service/processor.h"
#include "runtime/engine.h"
#include "runtime/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UUID_SIZE 37
#define AMOUNT_MINOR 1099
#define KEY_TTL_US (72 * 3600 * US_PER_S)

/* One payment of a batch, and what its job borrows. */
struct fill_slot {
	struct pay_command command;
	char key[UUID_SIZE];
	struct job job;
};

struct fill {
	struct store store;
	struct engine *engine;
	bool random_ids, keyed;
	struct batch batch, later;
	struct fill_slot slots[BATCH_MAX];
};

static void random_uuid(char out[UUID_SIZE])
{
	uint64_t bits[2];

	env_random(&env_system, bits, sizeof(bits));
	(void)snprintf(out, UUID_SIZE, "%08" PRIx32 "-%04" PRIx16 "-4%03x-a%03x-%012" PRIx64,
	               (uint32_t)bits[0], (uint16_t)(bits[0] >> 32),
	               (unsigned int)(bits[0] >> 48 & 0xfff), (unsigned int)(bits[1] >> 52),
	               bits[1] & 0xffffffffffff);
}

static void ordered_uuid(int64_t number, char out[UUID_SIZE])
{
	(void)snprintf(out, UUID_SIZE, "00000000-0000-7000-a000-%012" PRIx64, number);
}

static void fill_slot_init(struct fill_slot *slot)
{
	*slot = (struct fill_slot){
		.command = {.currency = currency_find(TEXT_LITERAL("USD")),
	                    .amount_minor = AMOUNT_MINOR,
	                    .capture = CAPTURE_AUTOMATIC,
	                    .payment_method = TEXT_NONE,
	                    .description = TEXT_NONE,
	                    .metadata = TEXT_LITERAL("{}")},
		.job = {.kind = &pay_kind,
	                .command = &slot->command,
	                .request_id = TEXT_LITERAL("fill"),
	                .traceparent = TEXT_NONE,
	                .deadline_us = INT64_MAX},
	};
	bool is_known = processor_decide_pay(&slot->command);
	ensure(is_known && slot->command.currency != NULL);
	answer_init(&slot->job.answer);
	buf_init(&slot->job.kept, ANSWER_BYTES_MAX);
}

static void fill_slot_release(struct fill_slot *slot)
{
	answer_release(&slot->job.answer);
	buf_release(&slot->job.kept);
}

static void fill_slot_set(struct fill_slot *slot, const struct fill *fill, int64_t number)
{
	struct pay_command *command = &slot->command;
	struct seen_key *key = &slot->job.key;
	struct text order_id;

	if (fill->random_ids)
		random_uuid(command->order_id);
	else
		ordered_uuid(number, command->order_id);
	order_id = text_of(command->order_id);
	command->order_hash = hash_keyed(fill->store.sip_key, order_id);
	command->has_key = fill->keyed;
	if (!fill->keyed)
		return;
	random_uuid(slot->key);
	key->caller = TEXT_LITERAL("");
	key->key = text_of(slot->key);
	key->key_hash = hash_keyed_pair(fill->store.sip_key, key->caller, key->key);
	hash_sha256(order_id.ptr, order_id.len, &key->fingerprint);
}

/* One batch towards the wanted number of orders; false when a payment was refused. */
static bool run_batch(struct fill *fill, int64_t orders)
{
	int64_t head = engine_head_seq(fill->engine);
	struct batch *batch = &fill->batch;

	batch->count = orders - head < BATCH_MAX ? (size_t)(orders - head) : BATCH_MAX;
	fill->later.count = 0; /* what had to wait is made anew */
	for (size_t i = 0; i < batch->count; i++) {
		fill_slot_set(&fill->slots[i], fill, head + 1 + (int64_t)i);
		batch->jobs[i] = &fill->slots[i].job;
	}
	engine_run(fill->engine, batch, &fill->later);
	for (size_t i = 0; i < batch->count; i++) {
		const struct answer *answer = &batch->jobs[i]->answer;

		if (answer->status == 200 && !answer->replayed)
			continue;
		(void)fprintf(stderr, "fill: %d %s\n", answer->status, buf_str(&answer->body));
		return false;
	}
	return true;
}

static bool fill_up(struct fill *fill, int64_t orders)
{
	for (size_t i = 0; i < BATCH_MAX; i++)
		fill_slot_init(&fill->slots[i]);
	bool good = true;
	while (good && engine_head_seq(fill->engine) < orders)
		good = run_batch(fill, orders);
	for (size_t i = 0; i < BATCH_MAX; i++)
		fill_slot_release(&fill->slots[i]);
	return good;
}

static bool open_store(struct fill *fill, const char *url, struct buf *why)
{
	const struct engine_times times = {.key_ttl_us = KEY_TTL_US};
	uint8_t random[SIP_KEY_BYTES + ULID_RANDOM_BYTES];

	env_random(&env_system, random, sizeof(random));
	if (!store_open(url, "payment-service", payment_migrations, payment_migrations_count,
	                random, env_now_us(&env_system), &fill->store, why))
		return false;
	payment_register_metrics();
	fill->engine = engine_new(&fill->store, &payment_domain, &env_system, &times, why);
	return fill->engine != NULL;
}

int main(int argc, char **argv)
{
	static struct fill fill = {.store = {.lock_fd = -1}};
	struct buf why AUTO_BUF;
	int64_t orders = 0;
	bool good = false;

	buf_init(&why, 4096);
	if (argc != 5 || !text_to_int(text_of(argv[2]), INT64_MAX, &orders)) {
		(void)fputs("usage: fill DATABASE_URL ORDERS ordered|random plain|keyed\n", stderr);
		return 2;
	}
	log_set_level(LOG_WARN);
	fill.random_ids = strcmp(argv[3], "random") == 0;
	fill.keyed = strcmp(argv[4], "keyed") == 0;
	if (open_store(&fill, argv[1], &why))
		good = fill_up(&fill, orders);
	else
		(void)fprintf(stderr, "fill: %s\n", buf_str(&why));
	log_flush();
	engine_free(fill.engine);
	store_close(&fill.store);
	return good ? 0 : 1;
}
