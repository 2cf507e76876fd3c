/* field_value.c - reads one value from its text and stores it in its struct, or says what to send
 * instead. Not for where the text comes from: field_parse.c (bodies) and field_query.c (queries) do
 * that. Invariant: a fault that is told never holds any part of the value. */
#include "base/field_value.h"

#include "base/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct field *field_find(const struct field *fields, struct text name)
{
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		if (text_is(name, field->name))
			return field;
	}
	return NULL;
}

bool field_is_plain_name(struct text name, size_t chars_max)
{
	if (name.len < 1 || name.len > chars_max)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !char_is_digit(c) && c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

void field_default(const struct field *field, const struct currency *currency, void *out)
{
	void *member = (char *)out + field->offset;

	switch (field->kind) {
	case FIELD_KIND_ORDER_ID: *(char *)member = '\0'; break;
	case FIELD_KIND_CURSOR:
	case FIELD_KIND_NAMES:
	case FIELD_KIND_TEXT: *(struct text *)member = TEXT_NONE; break;
	case FIELD_KIND_METADATA: *(struct text *)member = TEXT_LITERAL("{}"); break;
	case FIELD_KIND_ENUM: *(int *)member = 0; break;
	case FIELD_KIND_MONEY:
	case FIELD_KIND_INTEGER: *(int64_t *)member = field->absent; break;
	case FIELD_KIND_BOOLEAN: *(bool *)member = false; break;
	case FIELD_KIND_DECIMAL: *(struct decimal *)member = (struct decimal){.digits = -1}; break;
	case FIELD_KIND_CURRENCY: *(const struct currency **)member = currency; break;
	case FIELD_KIND_TIME: *(int64_t *)member = INT64_MIN; break;
	case FIELD_KIND_LIST: *(size_t *)(void *)((char *)out + field->count_offset) = 0; break;
	case FIELD_KIND_END:
	case FIELD_KIND_STR:
	case FIELD_KIND_RAW: ensure(false); break; /* never read */
	}
}

#define AMOUNT_FORM \
	"must be a number, or a string that holds one: digits, optionally a point and digits, " \
	"no sign, no exponent"

static void set_fault(char ret_fault[FIELD_FAULT_SIZE], const char *fault)
{
	(void)snprintf(ret_fault, FIELD_FAULT_SIZE, "%s", fault);
}

static void expect_enum(const struct field *field, char ret_fault[FIELD_FAULT_SIZE])
{
	struct buf fault AUTO_BUF;

	buf_init(&fault, FIELD_FAULT_SIZE - 1);
	buf_add_str(&fault, "must be one of: ");
	for (size_t i = 0; field->names[i] != NULL; i++) {
		buf_add_str(&fault, i == 0 ? "" : ", ");
		buf_add_str(&fault, field->names[i]);
	}
	set_fault(ret_fault, fault.full ? "must be one of the documented words" : buf_str(&fault));
}

static void expect_text(const struct field *field, char ret_fault[FIELD_FAULT_SIZE])
{
	if (field->min == 0)
		(void)snprintf(ret_fault, FIELD_FAULT_SIZE,
		               "must be a text of at most %" PRId64 " characters", field->max);
	else
		(void)snprintf(ret_fault, FIELD_FAULT_SIZE,
		               "must be a text of %" PRId64 " to %" PRId64 " characters",
		               field->min, field->max);
}

void field_expectation(const struct field *field, char ret_fault[FIELD_FAULT_SIZE])
{
	static const char *const sentences[] = {
		[FIELD_KIND_ORDER_ID] =
			"must be 1 to 64 characters of A-Z a-z 0-9 . _ : - (not . or .. "
			"alone), or an integer from 0 to 9007199254740991",
		[FIELD_KIND_BOOLEAN] = "must be true or false",
		[FIELD_KIND_MONEY] = AMOUNT_FORM,
		[FIELD_KIND_DECIMAL] = AMOUNT_FORM,
		[FIELD_KIND_CURRENCY] = "must be an upper-case ISO 4217 currency code such as USD",
		[FIELD_KIND_TIME] = "must be an RFC 3339 time such as 2026-11-23T04:30:00Z",
		[FIELD_KIND_METADATA] = "must be an object of at most 32 keys",
	};

	switch (field->kind) {
	case FIELD_KIND_TEXT: expect_text(field, ret_fault); break;
	case FIELD_KIND_ENUM: expect_enum(field, ret_fault); break;
	case FIELD_KIND_INTEGER:
		(void)snprintf(ret_fault, FIELD_FAULT_SIZE,
		               "must be an integer from %" PRId64 " to %" PRId64, field->min,
		               field->max);
		break;
	case FIELD_KIND_NAMES:
		(void)snprintf(ret_fault, FIELD_FAULT_SIZE,
		               "must be an array of %" PRId64 " to %" PRId64
		               " names of 1 to 64 characters of A-Z a-z 0-9 . _ -",
		               field->min, field->max);
		break;
	case FIELD_KIND_LIST:
		(void)snprintf(ret_fault, FIELD_FAULT_SIZE,
		               "must be an array of %" PRId64 " to %" PRId64 " objects", field->min,
		               field->max);
		break;
	default: set_fault(ret_fault, sentences[field->kind]);
	}
}

static bool read_text(const struct field *field, struct text text, struct text *member,
                      char ret_fault[FIELD_FAULT_SIZE])
{
	size_t chars = text_chars(text);

	if (chars < (size_t)field->min || chars > (size_t)field->max) {
		field_expectation(field, ret_fault);
	} else if (text_has_control(text)) {
		set_fault(ret_fault, "must not hold control characters other than tab and newline");
	} else if ((field->flags & FIELD_NO_CARD) != 0 && text_has_card_number(text)) {
		set_fault(ret_fault, "must not hold a card number");
	} else {
		*member = text;
		return true;
	}
	return false;
}

static bool read_enum(const struct field *field, struct text text, int *member)
{
	for (int i = 0; field->names[i] != NULL; i++) {
		if (text_is(text, field->names[i])) {
			*member = i;
			return true;
		}
	}
	return false;
}

static bool read_integer(const struct field *field, struct text text, int64_t *member)
{
	int64_t value = 0;

	if (!text_to_int(text, field->max, &value) || value < field->min)
		return false;
	*member = value;
	return true;
}

static bool read_boolean(struct text text, bool *member)
{
	*member = text_is(text, "true");
	return *member || text_is(text, "false");
}

static bool read_currency(struct text text, const struct currency **member)
{
	const struct currency *currency = currency_find(text);

	if (currency == NULL)
		return false;
	*member = currency;
	return true;
}

static void tell_money_fault(const struct field *field, enum money_fault fault,
                             const struct currency *currency, char ret_fault[FIELD_FAULT_SIZE])
{
	switch (fault) {
	case MONEY_OK: set_fault(ret_fault, "must be greater than 0"); break;
	case MONEY_SYNTAX: field_expectation(field, ret_fault); break;
	case MONEY_TOO_LARGE:
		set_fault(ret_fault, "must be at most 999999999999, with at most 15 digits in all");
		break;
	case MONEY_TOO_PRECISE:
		if (currency == NULL)
			set_fault(ret_fault, "must have at most as many decimals as its currency");
		else
			(void)snprintf(ret_fault, FIELD_FAULT_SIZE,
			               "must have at most %d decimals in %s", currency->decimals,
			               currency->code);
		break;
	}
}

static bool read_money(const struct field *field, struct text text, const struct currency *currency,
                       int64_t *member, char ret_fault[FIELD_FAULT_SIZE])
{
	struct decimal decimal = {0};
	int64_t minor = field->min;
	enum money_fault fault = decimal_parse(text, &decimal);

	if (fault == MONEY_OK && currency != NULL)
		fault = decimal_to_minor(decimal, currency, &minor);
	if (fault != MONEY_OK || minor < field->min) {
		tell_money_fault(field, fault, currency, ret_fault);
		return false;
	}
	if (currency != NULL)
		*member = minor;
	return true;
}

static bool read_decimal(const struct field *field, struct text text, struct decimal *member,
                         char ret_fault[FIELD_FAULT_SIZE])
{
	struct decimal decimal = {0};
	enum money_fault fault = decimal_parse(text, &decimal);

	if (fault != MONEY_OK || decimal.digits == 0) {
		tell_money_fault(field, fault, NULL, ret_fault);
		return false;
	}
	*member = decimal;
	return true;
}

static bool read_order_id(struct text text, char *member)
{
	if (!text_is_order_id(text))
		return false;
	text_copy(text, member, ORDER_ID_MAX + 1);
	return true;
}

bool field_value_read(const struct field *field, struct text text, const struct currency *currency,
                      void *out, char ret_fault[FIELD_FAULT_SIZE])
{
	void *member = (char *)out + field->offset;
	bool ok = false;

	switch (field->kind) {
	case FIELD_KIND_TEXT: return read_text(field, text, member, ret_fault);
	case FIELD_KIND_MONEY: return read_money(field, text, currency, member, ret_fault);
	case FIELD_KIND_DECIMAL: return read_decimal(field, text, member, ret_fault);
	case FIELD_KIND_CURSOR: *(struct text *)member = text; return true;
	case FIELD_KIND_ORDER_ID: ok = read_order_id(text, member); break;
	case FIELD_KIND_ENUM: ok = read_enum(field, text, member); break;
	case FIELD_KIND_INTEGER: ok = read_integer(field, text, member); break;
	case FIELD_KIND_BOOLEAN: ok = read_boolean(text, member); break;
	case FIELD_KIND_CURRENCY: ok = read_currency(text, member); break;
	case FIELD_KIND_TIME: ok = time_parse(text, member); break;
	default: ensure(false); /* no other kind has a text */
	}
	if (!ok)
		field_expectation(field, ret_fault);
	return ok;
}
