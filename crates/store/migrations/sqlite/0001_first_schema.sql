-- Accounts, sessions, tokens, records and the audit log.
--
-- This file and its namesake for PostgreSQL say the same in two dialects: the same tables, columns, indexes, in
-- the same order. Once released it never changes, comments included: databases remember its checksum.
--
-- Types. Times are whole seconds since 1970-01-01T00:00:00Z, always bound by the program: SQLite's own clock
-- writes text in another form, and an expiry compared as text is a security hole. Flags are 0 or 1. Ids are the
-- 16 bytes of a UUIDv7, so they sort by creation. STRICT, because SQLite otherwise stores any type anywhere.
--
-- Codes (a role, a kind, an action) are not checked here. The program's enums are the list and it refuses to
-- read any other; a CHECK would only turn each new code into a rebuild of its table.

-- A row is locked by updating it. PostgreSQL thereby serialises rules about many rows, which no constraint can
-- express: one first admin, so many attempts a window, so many records a collection. SQLite has one writer anyway.
CREATE TABLE write_lock (
    name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO write_lock (name) VALUES ('set_up'), ('sign_in'), ('records');

CREATE TABLE service_rep (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- In lower case: the program lower-cases every letter that Unicode knows, SQLite's lower() only those of ASCII.
    email TEXT NOT NULL CONSTRAINT service_rep_email_key UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    appearance TEXT NOT NULL,
    -- An argon2id hash in the PHC format. A system rep has none and therefore cannot sign in.
    password_hash TEXT,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE system_rep_owner (
    system_rep BLOB NOT NULL REFERENCES service_rep (id),
    owner BLOB NOT NULL REFERENCES service_rep (id),
    PRIMARY KEY (system_rep, owner)
) STRICT, WITHOUT ROWID;

-- The way to the first admin account; empty once there is one.
CREATE TABLE set_up_code (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions by the SHA-256 of their cookie: 256 random bits, so neither salt nor a slow hash would add anything,
-- and whoever reads this table still has no cookie.
CREATE TABLE session (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    rep BLOB NOT NULL REFERENCES service_rep (id),
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_rep ON session (rep, last_seen_at);

-- Attempts to sign in that have not succeeded. The account is a hash of what was typed, whether or not there is
-- such an account, so that this table tells nobody's address and the limits tell nobody's existence.
CREATE TABLE sign_in_attempt (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account BLOB NOT NULL CHECK (length(account) = 32),
    address TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_attempt_by_address ON sign_in_attempt (address, at);
CREATE INDEX sign_in_attempt_by_time ON sign_in_attempt (at);

CREATE TABLE token (
    sid BLOB NOT NULL PRIMARY KEY CHECK (length(sid) = 16),
    owner BLOB NOT NULL REFERENCES service_rep (id),
    description TEXT NOT NULL,
    -- What descriptions are compared by: trimmed and in lower case. It is unique among the owner's live tokens
    -- only, and whether a token is live depends on the time: the program checks it with the owner's row locked.
    description_key TEXT NOT NULL,
    -- Names in alphabetical order, separated by single spaces (RFC 6749 section 3.3): one spelling for one set,
    -- and no array type, which only one of the engines has.
    scopes TEXT NOT NULL,
    all_scopes INTEGER NOT NULL CHECK (all_scopes IN (0, 1)),
    source TEXT NOT NULL,
    -- The one-time id of the form that asked for the token: posting it again makes nothing.
    form_id BLOB CONSTRAINT token_form_id_key UNIQUE CHECK (length(form_id) = 16),
    created_at INTEGER NOT NULL,
    -- The first instant at which the token is no longer valid.
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
-- An owner's tokens, the newest first.
CREATE INDEX token_by_owner ON token (owner, sid);
-- Whether a description is taken, and how many live tokens an owner has: answered from the index alone.
CREATE INDEX token_live_by_owner ON token (owner, description_key, expires_at) WHERE revoked_at IS NULL;

-- Secrets stand apart from their tokens, so that a token can get a new one and keep its name.
--
-- Plain SHA-256 is enough. Salt and slow hashing protect secrets that can be guessed; these have 190 random bits.
-- The hash is the primary key: a call's credential is found by one look-up.
CREATE TABLE token_secret (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    sid BLOB NOT NULL REFERENCES token (sid),
    -- The first instant at which the secret is no longer valid, where that comes before its token's end.
    not_after INTEGER
) STRICT, WITHOUT ROWID;
-- At most two a token: the one in use, and one that is on its way out.
CREATE UNIQUE INDEX token_secret_in_use ON token_secret (sid) WHERE not_after IS NULL;
CREATE UNIQUE INDEX token_secret_on_its_way_out ON token_secret (sid) WHERE not_after IS NOT NULL;

-- Written far more often than anything else, hence narrow and apart: a call must not rewrite its token's row.
CREATE TABLE token_last_used (
    sid BLOB NOT NULL PRIMARY KEY REFERENCES token (sid),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The records that vendors read and write where no upstream is configured.
CREATE TABLE record (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    -- The data in lower case, made by the program: the engines disagree about letters outside ASCII.
    search_text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (collection, id)
) STRICT;

-- Written in the transaction of the change that it tells of, and never changed. No foreign keys: an entry
-- outlives what it names.
CREATE TABLE audit_entry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB CHECK (length(actor_id) = 16),
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB CHECK (length(subject_id) = 16),
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
