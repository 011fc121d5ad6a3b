-- The audit log's chain: a link for each entry, with an HMAC over the link before it and the entry. The key is not
-- in the database. Entries are linked after they are committed, by one writer at a time.

INSERT INTO write_lock (name) VALUES ('audit');

-- Entries that wait for their link. The trigger below puts each entry here, whoever writes it, in its transaction.
CREATE TABLE audit_waiting (
    entry BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO audit_waiting (entry) SELECT id FROM audit_entry;

-- No foreign key: that an entry is gone must be found out, not prevented from being found out.
CREATE TABLE audit_link (
    seq BIGINT NOT NULL PRIMARY KEY,
    entry BIGINT NOT NULL CONSTRAINT audit_link_entry_key UNIQUE,
    mac BYTEA NOT NULL CHECK (octet_length(mac) = 32)
);

-- Where the chain starts: one row, made with the first link.
CREATE TABLE audit_chain (
    name TEXT NOT NULL PRIMARY KEY CHECK (name = 'audit'),
    -- Tells the key from others, without telling the key.
    key_check BYTEA NOT NULL CHECK (octet_length(key_check) = 32),
    -- The last link that was taken out with its entry, and an HMAC that says so. 0 and zeros where none was.
    sealed_seq BIGINT NOT NULL,
    sealed_mac BYTEA NOT NULL CHECK (octet_length(sealed_mac) = 32),
    seal BYTEA NOT NULL CHECK (octet_length(seal) = 32)
);

-- The log is read by time, the newest first, and what happened in one second by the order of writing. One index for
-- each thing that it is filtered by, so that any one filter reads its page from the index's end.
CREATE INDEX audit_entry_by_time ON audit_entry (at, id);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor_id, at, id);
CREATE INDEX audit_entry_by_actor_kind ON audit_entry (actor_kind, at, id);
CREATE INDEX audit_entry_by_action ON audit_entry (action, at, id);
CREATE INDEX audit_entry_by_subject ON audit_entry (subject_id, at, id);
CREATE INDEX audit_entry_by_address ON audit_entry (address, at, id);
CREATE INDEX audit_entry_by_request ON audit_entry (request_id, at, id);

-- The engines spell triggers differently: from here on the two files differ.
CREATE FUNCTION audit_entry_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_waiting (entry) VALUES (new.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_entry_waits AFTER INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_waits();
