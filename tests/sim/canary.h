/* canary.h - rules that are broken on purpose, one at a time (-DCANARY=n, `make sim-canary`): a
 * simulator that does not find them proves nothing. */
#ifndef SIM_CANARY_H
#define SIM_CANARY_H

enum canary {
	CANARY_NONE,
	CANARY_SKIPS, /* now and then the follower passes over an event */
	CANARY_KEEPS, /* the money of orders that ended is not given back */
	CANARY_BLIND, /* the follower does not look for its own events in the peer's journal */
};

#ifndef CANARY
#define CANARY CANARY_NONE
#endif
#endif
