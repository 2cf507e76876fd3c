-- Orders, and what is known of their payments.
-- What a CHECK costs is paid for each row that is written. Values are named with OR, the usual one first: for IN with more than
-- two, SQLite fills a table of its own. A text is measured as a BLOB, in bytes: to count characters SQLite copies it first.

-- Found by order_hash, a 64-bit keyed hash of order_id, through orders_by_hash; order_seq is the seq of the order's first event, so rows are appended and listed in the order of acceptance. was_open: accepted without an amount,
-- which the first captured payment settles, and the currency with it. paid, authorized and refunded are the sums of the order's
-- rows in payments; what is due and overpaid follows from them.
CREATE TABLE orders (
	order_seq INTEGER PRIMARY KEY,
	order_hash INTEGER NOT NULL,
	order_id TEXT NOT NULL CHECK (length(CAST(order_id AS BLOB)) BETWEEN 1 AND 64),
	content_hash BLOB NOT NULL CHECK (length(content_hash) = 32),
	state TEXT NOT NULL CHECK (state = 'pending' OR state = 'paid' OR state = 'fulfilled' OR state = 'cancelled'),
	amount_minor INTEGER CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	was_open INTEGER NOT NULL CHECK (was_open BETWEEN 0 AND 1),
	currency TEXT NOT NULL CHECK (length(CAST(currency AS BLOB)) = 3),
	paid_minor INTEGER NOT NULL CHECK (paid_minor >= 0),
	authorized_minor INTEGER NOT NULL CHECK (authorized_minor >= 0),
	refunded_minor INTEGER NOT NULL CHECK (refunded_minor BETWEEN 0 AND paid_minor),
	items TEXT,
	customer TEXT,
	description TEXT,
	metadata TEXT NOT NULL,
	cancel_reason TEXT,
	expires_us INTEGER CHECK (expires_us > created_us),
	created_us INTEGER NOT NULL CHECK (created_us > 0),
	updated_us INTEGER NOT NULL CHECK (updated_us >= created_us),
	last_event_seq INTEGER NOT NULL CHECK (last_event_seq >= order_seq),
	CHECK (amount_minor IS NOT NULL OR was_open = 1),
	CHECK (amount_minor IS NOT NULL OR state = 'pending' OR state = 'cancelled'),
	CHECK (state <> 'pending' OR amount_minor IS NULL OR paid_minor < amount_minor),
	CHECK ((state <> 'paid' AND state <> 'fulfilled') OR paid_minor >= amount_minor),
	CHECK (state = 'cancelled' OR cancel_reason IS NULL)
) STRICT;

-- order_hash to order_seq; see index_places.
CREATE TABLE orders_by_hash (
	order_hash INTEGER NOT NULL,
	order_seq INTEGER NOT NULL,
	PRIMARY KEY (order_hash, order_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO index_places (name, place, hand) VALUES ('orders_by_hash', 0, 0);

-- Those that may lapse, the next one first.
CREATE INDEX orders_by_expiry ON orders (expires_us) WHERE state = 'pending' AND expires_us IS NOT NULL;

-- How many orders there are in each state, and overpaid: moved on in the transaction of each change.
CREATE TABLE order_counts (
	name TEXT PRIMARY KEY CHECK (name = 'pending' OR name = 'paid' OR name = 'fulfilled' OR name = 'cancelled' OR name = 'overpaid'),
	orders INTEGER NOT NULL CHECK (orders >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO order_counts (name, orders) VALUES
	('pending', 0), ('paid', 0), ('fulfilled', 0), ('cancelled', 0), ('overpaid', 0);

-- What the payment service told of each payment by its newest event, whose seq in that service's journal is seq. A payment may
-- come before its order: order_seq is NULL until that comes. captured_seq is that of the event that first told of captured money; 0: none did.
CREATE TABLE payments (
	payment_key INTEGER PRIMARY KEY,
	payment_id TEXT NOT NULL CHECK (length(CAST(payment_id AS BLOB)) = 30),
	order_seq INTEGER CHECK (order_seq > 0),
	order_hash INTEGER NOT NULL,
	order_id TEXT NOT NULL CHECK (length(CAST(order_id AS BLOB)) BETWEEN 1 AND 64),
	currency TEXT NOT NULL CHECK (length(CAST(currency AS BLOB)) = 3),
	payment_status TEXT NOT NULL CHECK (payment_status = 'success' OR payment_status = 'authorized' OR payment_status = 'processing' OR payment_status = 'failed' OR payment_status = 'voided'),
	amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
	refunded_minor INTEGER NOT NULL CHECK (refunded_minor BETWEEN 0 AND captured_minor),
	captured_seq INTEGER NOT NULL CHECK (captured_seq BETWEEN 0 AND seq),
	seq INTEGER NOT NULL CHECK (seq > 0),
	last_event_key INTEGER NOT NULL CHECK (last_event_key > 0),
	CHECK ((captured_seq > 0) = (captured_minor > 0))
) STRICT;

-- Orders are mostly paid when they are new: the keys ascend, more or less.
CREATE INDEX payments_by_order ON payments (order_seq) WHERE order_seq IS NOT NULL;
-- Random, but few as long as orders come first.
CREATE INDEX payments_early ON payments (order_hash) WHERE order_seq IS NULL;

-- The payments' events as they were received, each linked to the one before it of the same payment (0: none), so that an order's
-- timeline needs no index.
CREATE TABLE payment_events (
	event_key INTEGER PRIMARY KEY,
	prev_event_key INTEGER NOT NULL CHECK (prev_event_key >= 0 AND prev_event_key < event_key),
	line TEXT NOT NULL CHECK (length(CAST(line AS BLOB)) BETWEEN 1 AND 16384)
) STRICT;
