-- Payments, their orders and refunds, the ledger, what the processor has been asked, and what is to be given back.
-- What a CHECK costs is paid for each row that is written. Values are named with OR, the usual one first: for IN with more than
-- two, SQLite fills a table of its own. A text is measured as a BLOB, in bytes: to count characters SQLite copies it first.

-- An order as payments know it. Found by order_hash, a 64-bit keyed hash of order_id (which clients choose, often at
-- random), through orders_by_hash. order_seq counts them. last_event_seq: of its payments, 0: none yet. What the order
-- service's journal has told of it: currency (NULL: not its creation yet), total_minor (NULL: nor that, or its amount is
-- open), expires_us, ended; cause_*: the event for which payments of it go back. excess_minor: claimed above the total when
-- that became known.
CREATE TABLE orders (
	order_seq INTEGER PRIMARY KEY,
	order_hash INTEGER NOT NULL,
	order_id TEXT NOT NULL CHECK (length(CAST(order_id AS BLOB)) BETWEEN 1 AND 64),
	last_event_seq INTEGER NOT NULL CHECK (last_event_seq >= 0),
	currency TEXT CHECK (currency IS NULL OR length(CAST(currency AS BLOB)) = 3),
	total_minor INTEGER CHECK (total_minor BETWEEN 1 AND 999999999999999),
	expires_us INTEGER CHECK (expires_us > 0),
	ended TEXT CHECK (ended = 'cancelled' OR ended = 'expired'),
	excess_minor INTEGER NOT NULL CHECK (excess_minor >= 0),
	cause_source TEXT,
	cause_seq INTEGER CHECK (cause_seq > 0),
	cause_hash BLOB CHECK (cause_hash IS NULL OR length(cause_hash) = 32),
	CHECK (currency IS NOT NULL OR (total_minor IS NULL AND expires_us IS NULL)),
	CHECK (excess_minor = 0 OR total_minor IS NOT NULL),
	CHECK (ended IS NULL OR cause_seq IS NOT NULL),
	CHECK ((cause_source IS NULL AND cause_seq IS NULL AND cause_hash IS NULL) OR
	       (cause_source IS NOT NULL AND cause_seq IS NOT NULL AND cause_hash IS NOT NULL))
) STRICT;

-- order_hash to order_seq; see index_places.
CREATE TABLE orders_by_hash (
	order_hash INTEGER NOT NULL,
	order_seq INTEGER NOT NULL,
	PRIMARY KEY (order_hash, order_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO index_places (name, place, hand) VALUES ('orders_by_hash', 0, 0);

-- payment_key is order_seq * 1024 + a number from 0 on: an order's payments (at most 1000) stand side by side, so that they are
-- found through the order's row, and new payments are appended. intent_key: what the processor was asked and has not answered
-- (0: nothing); pending_minor is what a pending capture takes. has_key is NULL where the payment was made again after a restore. resolve_reason is an operator's, of what was never settled.
CREATE TABLE payments (
	payment_key INTEGER PRIMARY KEY,
	payment_id TEXT NOT NULL UNIQUE CHECK (length(CAST(payment_id AS BLOB)) = 30),
	amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	currency TEXT NOT NULL CHECK (length(CAST(currency AS BLOB)) = 3),
	payment_status TEXT NOT NULL,
	captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
	refunded_minor INTEGER NOT NULL CHECK (refunded_minor >= 0),
	refund_pending_minor INTEGER NOT NULL CHECK (refund_pending_minor >= 0),
	refunds_count INTEGER NOT NULL CHECK (refunds_count BETWEEN 0 AND 100),
	capture TEXT NOT NULL CHECK (capture = 'automatic' OR capture = 'manual'),
	pending_operation TEXT CHECK (pending_operation = 'capture' OR pending_operation = 'void'),
	pending_minor INTEGER NOT NULL CHECK (pending_minor BETWEEN 0 AND amount_minor),
	intent_key INTEGER NOT NULL CHECK (intent_key >= 0),
	is_reversed INTEGER NOT NULL CHECK (is_reversed BETWEEN 0 AND 1),
	has_key INTEGER CHECK (has_key BETWEEN 0 AND 1),
	payment_method TEXT,
	processor TEXT NOT NULL,
	processor_reference TEXT NOT NULL,
	decline_code TEXT,
	description TEXT,
	metadata TEXT NOT NULL,
	resolve_reason TEXT,
	created_us INTEGER NOT NULL CHECK (created_us > 0),
	updated_us INTEGER NOT NULL CHECK (updated_us >= created_us),
	last_event_seq INTEGER NOT NULL CHECK (last_event_seq > 0),
	CHECK (refunded_minor + refund_pending_minor <= captured_minor),
	CHECK ((pending_operation IS NULL AND pending_minor = 0) OR (pending_operation IS NOT NULL AND pending_minor > 0)),
	-- All that a status says of the rest.
	CHECK ((payment_status = 'success' AND captured_minor > 0 AND intent_key = 0 AND
	        pending_operation IS NULL AND decline_code IS NULL AND is_reversed = 0) OR
	       (payment_status = 'authorized' AND captured_minor = 0 AND
	        (pending_operation IS NULL OR intent_key > 0) AND decline_code IS NULL AND is_reversed = 0) OR
	       (payment_status = 'processing' AND captured_minor = 0 AND intent_key > 0 AND
	        pending_operation IS NULL AND decline_code IS NULL AND is_reversed = 0) OR
	       (payment_status = 'failed' AND captured_minor = 0 AND
	        pending_operation IS NULL AND decline_code IS NOT NULL) OR
	       (payment_status = 'voided' AND captured_minor = 0 AND intent_key = 0 AND
	        pending_operation IS NULL AND decline_code IS NULL AND is_reversed = 0))
) STRICT;

-- refund_key is payment_key * 128 + a number from 0 on. is_made_again: after a restore, so that nobody knows its key.
CREATE TABLE refunds (
	refund_key INTEGER PRIMARY KEY,
	refund_id TEXT NOT NULL UNIQUE CHECK (length(CAST(refund_id AS BLOB)) = 30),
	amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	refund_status TEXT NOT NULL CHECK (refund_status = 'success' OR refund_status = 'processing' OR refund_status = 'failed'),
	is_made_again INTEGER NOT NULL CHECK (is_made_again BETWEEN 0 AND 1),
	intent_key INTEGER NOT NULL CHECK (intent_key >= 0),
	reason TEXT,
	processor_reference TEXT NOT NULL,
	decline_code TEXT,
	created_us INTEGER NOT NULL CHECK (created_us > 0),
	updated_us INTEGER NOT NULL CHECK (updated_us >= created_us),
	last_event_seq INTEGER NOT NULL CHECK (last_event_seq > 0),
	CHECK ((refund_status = 'processing') = (intent_key > 0)),
	CHECK ((refund_status = 'failed') = (decline_code IS NOT NULL))
) STRICT;

-- Double entry: one row is one transfer, never changed. transfer_key is the seq of the event that it belongs to * 4 + a
-- number from 0 on.
CREATE TABLE transfers (
	transfer_key INTEGER PRIMARY KEY,
	payment_key INTEGER NOT NULL,
	kind TEXT NOT NULL,
	debit_account TEXT NOT NULL,
	credit_account TEXT NOT NULL CHECK (credit_account <> debit_account),
	currency TEXT NOT NULL CHECK (length(CAST(currency AS BLOB)) = 3),
	amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	created_us INTEGER NOT NULL CHECK (created_us > 0)
) STRICT;

-- What the transfers of each account add up to, moved on in their transaction.
CREATE TABLE accounts (
	account TEXT NOT NULL CHECK (account = 'processor' OR account = 'merchant' OR account = 'authorized_at_processor' OR account = 'held_for_merchant'),
	currency TEXT NOT NULL CHECK (length(CAST(currency AS BLOB)) = 3),
	debits_minor INTEGER NOT NULL CHECK (debits_minor >= 0),
	credits_minor INTEGER NOT NULL CHECK (credits_minor >= 0),
	PRIMARY KEY (account, currency)
) STRICT, WITHOUT ROWID;

-- What the processor has been asked, or is about to be, and has not answered. intent_key is the seq of the event that told so.
-- reference: our id of what is asked, under which the processor does it at most once. is_called: the call was made, so that from then on it is only asked for. next_us: when to ask again; NULL: never, it is
-- stuck and waits for a person. request_id and traceparent are those of the call that wanted it.
CREATE TABLE intents (
	intent_key INTEGER PRIMARY KEY,
	payment_key INTEGER NOT NULL,
	refund_key INTEGER,
	operation TEXT NOT NULL CHECK (operation = 'authorize' OR operation = 'capture' OR operation = 'void' OR operation = 'refund' OR operation = 'reverse'),
	reference TEXT NOT NULL UNIQUE CHECK (length(CAST(reference AS BLOB)) = 30),
	is_called INTEGER NOT NULL CHECK (is_called BETWEEN 0 AND 1),
	request_id TEXT NOT NULL,
	traceparent TEXT,
	created_us INTEGER NOT NULL CHECK (created_us > 0),
	next_us INTEGER,
	CHECK ((operation = 'refund') = (refund_key IS NOT NULL))
) STRICT;

CREATE INDEX intents_by_next ON intents (next_us);
CREATE INDEX intents_by_payment ON intents (payment_key);

-- Payments that are to be given back, as their order was cancelled, has expired or is in another currency: those that keep
-- money. next_us: when to try (again); NULL: no more, it is stuck and waits for a person. since_us: from when on its age
-- counts. traceparent: of the event for which it goes back. It goes when nothing is kept any more.
CREATE TABLE returns (
	payment_key INTEGER PRIMARY KEY,
	since_us INTEGER NOT NULL CHECK (since_us > 0),
	next_us INTEGER,
	traceparent TEXT CHECK (length(CAST(traceparent AS BLOB)) = 55)
) STRICT;

CREATE INDEX returns_by_next ON returns (next_us);

-- Payments and refunds that this store does not have and the order service's journal tells of: the store was put back, and the
-- processor is asked about each (inquiry.h). One row a payment and one a refund ('' where it is none), as last told. cause_*: the
-- order service's event. reference: of the last capture or void that was told of. next_us: when to ask (again); NULL: it is lost,
-- and a person is told. It goes when the processor has told, a lost one when an operator accepts.
CREATE TABLE inquiries (
	inquiry_key INTEGER PRIMARY KEY,
	cause_source TEXT NOT NULL CHECK (length(CAST(cause_source AS BLOB)) BETWEEN 1 AND 63),
	cause_seq INTEGER NOT NULL CHECK (cause_seq > 0),
	cause_hash BLOB NOT NULL CHECK (length(cause_hash) = 32),
	order_hash INTEGER NOT NULL,
	order_id TEXT NOT NULL CHECK (length(CAST(order_id AS BLOB)) BETWEEN 1 AND 64),
	payment_id TEXT NOT NULL CHECK (length(CAST(payment_id AS BLOB)) = 30),
	refund_id TEXT NOT NULL CHECK (refund_id = '' OR length(CAST(refund_id AS BLOB)) = 30),
	reference TEXT CHECK (length(CAST(reference AS BLOB)) = 30),
	currency TEXT NOT NULL CHECK (length(CAST(currency AS BLOB)) = 3),
	payment_status TEXT NOT NULL CHECK (payment_status = 'success' OR payment_status = 'authorized' OR payment_status = 'processing' OR payment_status = 'failed' OR payment_status = 'voided'),
	capture TEXT NOT NULL CHECK (capture = 'automatic' OR capture = 'manual'),
	amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
	refund_minor INTEGER CHECK (refund_minor BETWEEN 1 AND captured_minor),
	told_us INTEGER NOT NULL,
	next_us INTEGER,
	UNIQUE (payment_id, refund_id),
	CHECK ((refund_id = '') = (refund_minor IS NULL))
) STRICT;
CREATE INDEX inquiries_by_next ON inquiries (next_us);
