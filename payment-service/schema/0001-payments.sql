-- Payments and the orders they belong to.

-- An order as payments know it. Found by order_hash, a 64-bit keyed hash of order_id: the one random index key of a
-- payment, as narrow as can be (order ids are chosen by clients, often random). order_seq is the seq of its first event.
CREATE TABLE orders (
	order_seq INTEGER PRIMARY KEY,
	order_hash INTEGER NOT NULL CHECK (typeof(order_hash) = 'integer'),
	order_id TEXT NOT NULL CHECK (length(order_id) BETWEEN 1 AND 64),
	last_event_seq INTEGER NOT NULL CHECK (typeof(last_event_seq) = 'integer' AND last_event_seq > 0)
) STRICT;

CREATE INDEX orders_by_hash ON orders (order_hash);

-- payment_key is order_seq * 128 + a number from 0 on: an order's payments (at most 100) stand side by side, so that they are
-- found through the order's row, and new payments are appended.
CREATE TABLE payments (
	payment_key INTEGER PRIMARY KEY,
	payment_id TEXT NOT NULL UNIQUE CHECK (length(payment_id) = 30),
	amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	payment_status TEXT NOT NULL CHECK (payment_status IN ('success', 'failed')),
	amount_captured_minor INTEGER NOT NULL CHECK (amount_captured_minor BETWEEN 0 AND amount_minor),
	capture TEXT NOT NULL CHECK (capture IN ('automatic')),
	has_key INTEGER NOT NULL CHECK (has_key IN (0, 1)),
	payment_method TEXT,
	processor TEXT NOT NULL,
	processor_reference TEXT NOT NULL,
	decline_code TEXT CHECK ((decline_code IS NOT NULL) = (payment_status = 'failed')),
	description TEXT,
	metadata TEXT NOT NULL,
	created_us INTEGER NOT NULL CHECK (created_us > 0),
	updated_us INTEGER NOT NULL CHECK (updated_us >= created_us),
	last_event_seq INTEGER NOT NULL CHECK (last_event_seq > 0)
) STRICT;
