/* known_order_events.c - reads the order service's events (order_event_fields there), as far as
 * payments are concerned. They are another journal's: what is not as it should be is told, and
 * never trusted. */
#include <stdio.h>

#include "base/time_text.h"
#include "known_order.h"
#include "payment_commands.h"
#include "storage/audit.h"

static bool refuse(char why[PEER_WHY_SIZE], const char *sentence)
{
	(void)snprintf(why, PEER_WHY_SIZE, "%s", sentence);
	return false;
}

static bool read_order(const struct peer_event *event, const uint8_t *sip_key,
                       struct known_order_command *command, char why[PEER_WHY_SIZE])
{
	if (event->subject.len == 0 || event->subject.len > ORDER_ID_MAX)
		return refuse(why, "its subject is no order id");
	text_copy(event->subject, command->order_id, sizeof(command->order_id));
	command->order_hash = hash_keyed(sip_key, event->subject);
	return true;
}

static bool is_absent(const cJSON *member)
{
	return member == NULL || cJSON_IsNull(member);
}

static bool read_total(const struct peer_event *event, struct order_heard *heard)
{
	const cJSON *amount = json_member(event->data, "amount");
	struct decimal decimal;

	if (is_absent(amount))
		return true;
	return cJSON_IsNumber(amount) &&
	       decimal_parse(json_number_text(event->doc, amount), &decimal) == MONEY_OK &&
	       decimal_to_minor(decimal, heard->currency, &heard->total_minor) == MONEY_OK &&
	       heard->total_minor > 0;
}

static bool read_expiry(const struct peer_event *event, struct order_heard *heard)
{
	if (is_absent(json_member(event->data, "expires_at")))
		return true;
	return time_parse(audit_member(event->data, "expires_at"), &heard->expires_us) &&
	       heard->expires_us > 0;
}

static bool read_created(const struct peer_event *event, const uint8_t *sip_key, void *ret_command,
                         char why[PEER_WHY_SIZE])
{
	struct known_order_command *command = ret_command;
	struct order_heard *heard = &command->heard;

	if (!read_order(event, sip_key, command, why))
		return false;
	heard->currency = currency_find(audit_member(event->data, "currency"));
	if (heard->currency == NULL)
		return refuse(why, "its currency is unknown");
	if (!read_total(event, heard))
		return refuse(why, "its amount is malformed");
	return read_expiry(event, heard) || refuse(why, "its expires_at is malformed");
}

static bool read_cancelled(const struct peer_event *event, const uint8_t *sip_key,
                           void *ret_command, char why[PEER_WHY_SIZE])
{
	struct known_order_command *command = ret_command;

	command->heard.end = ORDER_CANCELLED;
	return read_order(event, sip_key, command, why);
}

static bool read_expired(const struct peer_event *event, const uint8_t *sip_key, void *ret_command,
                         char why[PEER_WHY_SIZE])
{
	struct known_order_command *command = ret_command;

	command->heard.end = ORDER_EXPIRED;
	return read_order(event, sip_key, command, why);
}

const struct peer_kind payment_peer_kinds[] = {
	{"order.created", &order_heard_kind, sizeof(struct known_order_command), read_created},
	{"order.cancelled", &order_ended_kind, sizeof(struct known_order_command), read_cancelled},
	{"order.expired", &order_ended_kind, sizeof(struct known_order_command), read_expired},
	{0},
};
