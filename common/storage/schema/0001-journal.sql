-- What every service stores: its identity, its journal, the answers of the idempotency keys it saw.
-- STRICT tables hold the type of each column (a plain INTEGER column would store 'abc').

-- Made once, with the store. sip_key is the secret of the keyed hashes in indexes.
CREATE TABLE store (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	source TEXT NOT NULL CHECK (length(source) BETWEEN 1 AND 63),
	sip_key BLOB NOT NULL CHECK (length(sip_key) = 16),
	created_us INTEGER NOT NULL
) STRICT;

-- One event a row, never changed or deleted. order_prev_seq is the event before it of the same
-- order, 0 for the first.
CREATE TABLE journal (
	seq INTEGER PRIMARY KEY CHECK (seq >= 1),
	order_prev_seq INTEGER NOT NULL CHECK (order_prev_seq >= 0 AND order_prev_seq < seq),
	line TEXT NOT NULL
) STRICT;

-- The last event: its number, the SHA-256 of its line, its time.
CREATE TABLE journal_head (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	seq INTEGER NOT NULL CHECK (seq >= 0),
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	time_us INTEGER NOT NULL
) STRICT;
INSERT INTO journal_head (id, seq, hash, time_us) VALUES (1, 0, zeroblob(32), 0);

-- The place reached in the peer's journal: its source, the last event that took effect, the SHA-256 of that event's line.
-- accepted_seq: an operator said to follow anew behind it; -1: none did. rollback: of this service itself (peer.h); gone_*: the last
-- event of this service's own that the peer knew and this journal does not have.
CREATE TABLE peer (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	source TEXT NOT NULL CHECK (length(source) <= 63),
	seq INTEGER NOT NULL CHECK (seq >= 0),
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	accepted_seq INTEGER NOT NULL CHECK (accepted_seq >= -1),
	rollback INTEGER NOT NULL CHECK (rollback BETWEEN 0 AND 2),
	gone_seq INTEGER NOT NULL CHECK (gone_seq >= 0),
	gone_hash BLOB NOT NULL CHECK (length(gone_hash) = 32)
) STRICT;
INSERT INTO peer (id, source, seq, hash, accepted_seq, rollback, gone_seq, gone_hash)
VALUES (1, '', 0, zeroblob(32), -1, 0, 0, zeroblob(32));

-- Idempotency keys in the order of their first use. awaits is the service's number of an outcome that is still open; the
-- answer is stored anew, and the number removed, when that is known. created_us: of the answer, so the time to live begins then.
-- resource_id is measured in bytes: to count characters SQLite copies a text for each row.
CREATE TABLE seen (
	seq INTEGER PRIMARY KEY,
	key_hash INTEGER NOT NULL,
	caller TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
	resource_id TEXT NOT NULL CHECK (length(CAST(resource_id AS BLOB)) <= 64),
	status INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
	body TEXT NOT NULL,
	created_us INTEGER NOT NULL,
	awaits INTEGER CHECK (awaits <> 0)
) STRICT;
-- The few rows whose outcome is open.
CREATE INDEX seen_by_awaits ON seen (awaits) WHERE awaits IS NOT NULL;
-- For redaction, which only changes answers that show the resource.
CREATE INDEX seen_by_resource ON seen (resource_id) WHERE status < 300 OR status = 402;

-- Indexes by a random hash are tables of their own, kept by common/storage/hash_index.c: all rows up to the place, an
-- integer key of the indexed table, have their entry; of those after it some have. hand is where merging goes on.
CREATE TABLE index_places (
	name TEXT PRIMARY KEY,
	place INTEGER NOT NULL CHECK (place >= 0),
	hand INTEGER NOT NULL CHECK (hand >= 0)
) STRICT;

-- Two keys may share a hash, and an expired row may stand beside a newer one of its key. Entries of rows that were
-- deleted stay until no older row is left.
CREATE TABLE seen_by_key_hash (
	key_hash INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (key_hash, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO index_places (name, place, hand) VALUES ('seen_by_key_hash', 0, 0);

-- Where webhooks are delivered to. place is the seq of the last event that was delivered, or stepped
-- over as none of its types; attempts is how often the next one was tried in vain, next_us when it is
-- tried again. changed_seq is the event of the last change by an operator.
CREATE TABLE webhooks (
	webhook_id TEXT PRIMARY KEY CHECK (length(webhook_id) = 30),
	url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
	types TEXT,
	secret BLOB NOT NULL CHECK (length(secret) = 32),
	previous_secret BLOB CHECK (length(previous_secret) = 32),
	previous_until_us INTEGER CHECK ((previous_until_us IS NULL) = (previous_secret IS NULL)),
	place INTEGER NOT NULL CHECK (place >= 0),
	attempts INTEGER NOT NULL CHECK (attempts >= 0),
	next_us INTEGER,
	last_error TEXT CHECK (length(last_error) <= 120),
	status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
	disabled_reason TEXT CHECK ((disabled_reason IS NULL) = (status = 'enabled')),
	changed_seq INTEGER NOT NULL CHECK (changed_seq > 0),
	created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
