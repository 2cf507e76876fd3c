/* network.c - see network.h. */
#include "sim/pair/network.h"

#define LOST_PER_MILLE 40
#define DOUBLED_PER_MILLE 60
#define CUT_PER_MILLE 3

void network_open(struct network *network, struct world *world)
{
	*network = (struct network){.world = world};
}

void network_close(struct network *network)
{
	for (size_t i = 0; i < MESSAGES_MAX; i++)
		if (network->passages[i].deliver != NULL)
			buf_release(&network->passages[i].message.lines);
}

static void arrive(void *arg, int64_t number)
{
	struct network *network = arg;
	struct passage passage = network->passages[number];

	network->passages[number].deliver = NULL;
	passage.deliver(passage.to, &passage.message);
	buf_release(&passage.message.lines);
}

/* Mostly short; so long now and then that others overtake it. */
static int64_t delay_us(struct network *network)
{
	if (network->is_calm || world_chance(network->world, 800))
		return 50 + world_pick(network->world, US_PER_MS);
	return world_pick(network->world,
	                  world_chance(network->world, 800) ? 100 * US_PER_MS : 60 * US_PER_S);
}

static void pass(struct network *network, const struct message *message, message_fn *deliver,
                 void *to)
{
	struct passage *passage = network->passages;

	while (passage->deliver != NULL)
		ensure(++passage < network->passages + MESSAGES_MAX);
	*passage = (struct passage){deliver, to, *message};
	buf_init(&passage->message.lines, message->lines.bytes_max);
	buf_add_text(&passage->message.lines, buf_text(&message->lines));
	ensure(!passage->message.lines.full);
	world_after(network->world, delay_us(network), arrive, network,
	            passage - network->passages);
}

static bool is_cut(struct network *network)
{
	static const int64_t lengths_us[] = {US_PER_S, 20 * US_PER_S, 300 * US_PER_S,
	                                     3600 * US_PER_S};
	struct world *world = network->world;

	if (network->is_calm)
		return false;
	if (world->now_us >= network->cut_until_us && world_chance(world, CUT_PER_MILLE)) {
		network->cut_until_us =
			world->now_us + lengths_us[world_pick(world, ARRAY_LEN(lengths_us))];
		network->cuts++;
		world_note(world, WORLD_NO_ORDER, "the network is cut");
	}
	return world->now_us < network->cut_until_us;
}

void network_send(struct network *network, const struct message *message, message_fn *deliver,
                  void *to)
{
	network->sent++;
	if (is_cut(network) ||
	    (!network->is_calm && world_chance(network->world, LOST_PER_MILLE))) {
		network->lost++;
		return;
	}
	pass(network, message, deliver, to);
	if (!network->is_calm && world_chance(network->world, DOUBLED_PER_MILLE)) {
		network->doubled++;
		pass(network, message, deliver, to);
	}
}
