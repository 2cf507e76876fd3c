/* audit_report.c - runs all checks of a store and prints what they found. */
#include "storage/audit_report.h"

#include "base/money.h"

#include <inttypes.h>

void audit_all(struct audit *audit, const struct store *store, audit_part_fn *part)
{
	enum db_result result = audit_storage(audit, store->db);

	if (result == DB_OK)
		result = audit_seen(audit, store);
	if (result == DB_OK)
		result = part(audit, store);
	if (result != DB_OK)
		audit_finding(audit, "audit", "database", "it did not finish: %s",
		              db_why(store->db));
}

/* Whether there is an amount that can be printed: a damaged row may hold any number. */
static bool has_amount(const struct finding *finding)
{
	return finding->currency != NULL && finding->amount_minor >= -MONEY_MINOR_MAX &&
	       finding->amount_minor <= MONEY_MINOR_MAX;
}

static void add_amount(const struct finding *finding, struct buf *out)
{
	int64_t minor = finding->amount_minor;

	if (minor < 0)
		buf_add_char(out, '-');
	money_render(minor < 0 ? -minor : minor, finding->currency, out);
}

static void print(const struct finding *findings, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = &findings[i];

		buf_addf(out, "%s: %s: %s", finding->check, finding->where, finding->detail);
		if (has_amount(finding)) {
			buf_add_str(out, " (");
			add_amount(finding, out);
			buf_addf(out, " %s)", finding->currency->code);
		}
		buf_add_char(out, '\n');
	}
}

void audit_print(const struct audit *audit, struct buf *out)
{
	print(audit->findings, audit_findings_kept(audit), out);
	print(audit->stuck, audit_stuck_kept(audit), out);
	buf_addf(out,
	         "%" PRId64 " events and %" PRId64 " rows checked, head %" PRId64 ": %" PRId64
	         " findings\n",
	         audit->events_checked, audit->rows_checked, audit->head.seq,
	         audit->findings_count);
}

static void render_amount(const struct finding *finding, struct buf *out)
{
	struct buf amount AUTO_BUF;

	buf_init(&amount, 64);
	add_amount(finding, &amount);
	json_key(out, "amount");
	json_raw(out, buf_text(&amount));
	json_member_str(out, "currency", finding->currency->code);
}

static void render_finding(const struct finding *finding, struct buf *out)
{
	json_open(out, '{');
	json_member_str(out, "check", finding->check);
	json_member_str(out, "where", finding->where);
	json_member_str(out, "detail", finding->detail);
	if (has_amount(finding))
		render_amount(finding, out);
	json_close(out, '}');
}

static void render_list(const char *name, const struct finding *findings, size_t count,
                        struct buf *out)
{
	json_key(out, name);
	json_open(out, '[');
	for (size_t i = 0; i < count; i++)
		render_finding(&findings[i], out);
	json_close(out, ']');
}

void audit_render(const struct audit *audit, const char *service, const char *source,
                  struct buf *out)
{
	char hash[HASH_HEX_SIZE];

	hash_to_hex(&audit->head.hash, hash);
	json_open(out, '{');
	json_member_str(out, "service", service);
	json_member_str(out, "source", source);
	json_member_int(out, "head_seq", audit->head.seq);
	json_member_str(out, "head_hash", hash);
	json_member_int(out, "events_checked", audit->events_checked);
	json_member_int(out, "rows_checked", audit->rows_checked);
	render_list("findings", audit->findings, audit_findings_kept(audit), out);
	json_member_int(out, "findings_count", audit->findings_count);
	render_list("stuck", audit->stuck, audit_stuck_kept(audit), out);
	json_member_int(out, "stuck_count", audit->stuck_count);
	json_member_bool(out, "ok", audit->findings_count == 0);
	json_close(out, '}');
}
