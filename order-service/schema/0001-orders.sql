-- Orders. Found by order_hash, a 64-bit keyed hash of order_id (the one random index key, as narrow as can be); order_seq
-- is the seq of the order's first event, so rows are appended and listed in the order of acceptance.
CREATE TABLE orders (
	order_seq INTEGER PRIMARY KEY,
	order_hash INTEGER NOT NULL CHECK (typeof(order_hash) = 'integer'),
	order_id TEXT NOT NULL CHECK (length(order_id) BETWEEN 1 AND 64),
	content_hash BLOB NOT NULL CHECK (length(content_hash) = 32),
	state TEXT NOT NULL CHECK (state IN ('pending')),
	amount_minor INTEGER CHECK (amount_minor BETWEEN 1 AND 999999999999999),
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	items TEXT,
	customer TEXT,
	description TEXT,
	metadata TEXT NOT NULL,
	expires_us INTEGER CHECK (expires_us > created_us),
	created_us INTEGER NOT NULL CHECK (created_us > 0),
	updated_us INTEGER NOT NULL CHECK (updated_us >= created_us),
	last_event_seq INTEGER NOT NULL CHECK (last_event_seq >= order_seq)
) STRICT;

CREATE INDEX orders_by_hash ON orders (order_hash);
