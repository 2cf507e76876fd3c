/* currency.h - the ISO 4217 currencies and their decimals, one table. Pure. */
#ifndef BASE_CURRENCY_H
#define BASE_CURRENCY_H

#include "base/text.h"

#define CURRENCY_DECIMALS_MAX 4

/* A row of the table; rows are static, so two equal currencies are the same pointer. */
struct currency {
	char code[4];
	uint8_t decimals;
};

extern const struct currency currencies[];
extern const size_t currencies_count;

/* The row of an upper-case code, or NULL. */
const struct currency *currency_find(struct text code);
/* Its place in the table, for arrays of counters. */
size_t currency_index(const struct currency *currency);

#endif
