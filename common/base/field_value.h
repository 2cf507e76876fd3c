/* field_value.h - one value of a field, from its text: what bodies and queries have in common. Only
 * field_*.c include this. Pure. */
#ifndef BASE_FIELD_VALUE_H
#define BASE_FIELD_VALUE_H

#include "base/field.h"

#define FIELDS_MAX 32                             /* rows of one table */
#define ORDER_ID_INT_MAX ((INT64_C(1) << 53) - 1) /* of an order_id that is a JSON integer */

/* Of "must be ...": so short that "The query parameter NAME must be ... ." fits in
 * FIELD_DETAIL_SIZE. */
#define FIELD_FAULT_SIZE 140

/* The row with this name, or NULL. */
const struct field *field_find(const struct field *fields, struct text name);
/* 1 to chars_max of A-Z a-z 0-9 . _ - */
bool field_is_plain_name(struct text name, size_t chars_max);

/* Stores what the field is when it is left out of a body. */
void field_default(const struct field *field, const struct currency *currency, void *out);
/* Says what the field takes: "must be ...". */
void field_expectation(const struct field *field, char ret_fault[FIELD_FAULT_SIZE]);
/* Reads a value that has the right JSON type (a list or metadata has no text: not here). currency
 * NULL: unknown, so money is checked as far as that goes and not stored. False: *ret_fault says
 * what to send instead. */
must_use bool field_value_read(const struct field *field, struct text text,
                               const struct currency *currency, void *out,
                               char ret_fault[FIELD_FAULT_SIZE]);

#endif
