/* network.h - what lies between the two services: delays, loses and doubles messages, lets them
 * overtake each other, and is cut now and then. A message asks for a page of a journal, or is one.
 */
#ifndef SIM_PAIR_NETWORK_H
#define SIM_PAIR_NETWORK_H

#include "base/buf.h"
#include "sim/world.h"
#include "storage/journal.h"

#define MESSAGES_MAX 256 /* under way */

struct message {
	/* The question: what follows the event of this seq, that event itself first; 0: from the
	 * first. Then at most so many lines. The last job that waited for news when it was asked.
	 */
	int64_t after, limit, ticket;
	int64_t life; /* of the node that asks, in which the ticket counts */
	/* The answer: lines, the journal's head, and the event of who asks that had taken effect
	 * there by then (seq 0: none had). */
	int64_t head;
	struct cause seen;
	struct buf lines; /* owned by who holds the message */
};

typedef void message_fn(void *to, struct message *message);

struct network {
	struct world *world;
	int64_t cut_until_us;
	bool is_calm; /* it neither loses nor doubles anything, and is never cut */
	struct passage {
		message_fn *deliver; /* NULL: free */
		void *to;
		struct message message;
	} passages[MESSAGES_MAX];
	int64_t sent, lost, doubled, cuts;
};

void network_open(struct network *network, struct world *world);
void network_close(struct network *network);
/* Copies the message. to is told some time, or never, or twice; it may swap the lines out. */
void network_send(struct network *network, const struct message *message, message_fn *deliver,
                  void *to);

#endif
