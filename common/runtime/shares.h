/* shares.h - how many of a thing that all share each subject has (a caller or a client's address),
 * so that nobody has everything: connections, commands under way. One thread. */
#ifndef RUNTIME_SHARES_H
#define RUNTIME_SHARES_H

#include "base/base.h"

struct shares;

/* What one may have of `all` where nothing else was decided: half, so that another finds as much.
 * At least 1. */
int64_t shares_half(int64_t all);

/* all: as many as there ever are at once; each: as many as one subject may have. NULL: no memory.
 */
struct shares *shares_new(int64_t all, int64_t each);
void shares_free(struct shares *shares);
/* A subject is a keyed hash: nobody can choose its place. */
bool shares_has_room(const struct shares *shares, uint64_t subject);
void shares_take(struct shares *shares, uint64_t subject);
void shares_give_back(struct shares *shares, uint64_t subject);

#endif
