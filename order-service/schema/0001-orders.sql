-- Orders. Found by order_hash, a 64-bit keyed hash of order_id, through orders_by_hash; order_seq is the seq of the order's first event, so rows are appended and listed in the order of acceptance.
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

-- order_hash to order_seq; see index_places.
CREATE TABLE orders_by_hash (
	order_hash INTEGER NOT NULL,
	order_seq INTEGER NOT NULL,
	PRIMARY KEY (order_hash, order_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO index_places (name, place, hand) VALUES ('orders_by_hash', 0, 0);
