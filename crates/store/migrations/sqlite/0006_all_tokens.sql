-- What the list of all tokens is filtered, sorted and searched by.

-- What many tokens have in common: their scopes, whether those were All Scopes, and how they came to be. There are
-- far fewer of these than tokens, so one index answers for a scope, a source, sensitive scopes and All Scopes alike,
-- and a new token rarely adds to these two tables. Two of the same do no harm: nothing holds a kind to be unique.
CREATE TABLE token_kind (
    id INTEGER NOT NULL PRIMARY KEY,
    scopes TEXT NOT NULL,
    all_scopes INTEGER NOT NULL,
    source TEXT NOT NULL
) STRICT;
CREATE TABLE token_kind_scope (
    scope TEXT NOT NULL,
    kind INTEGER NOT NULL REFERENCES token_kind (id),
    PRIMARY KEY (scope, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO token_kind (scopes, all_scopes, source) SELECT DISTINCT scopes, all_scopes, source FROM token;

-- By engine: taking the names apart, and an index.
INSERT INTO token_kind_scope (scope, kind)
    WITH RECURSIVE split (kind, name, rest) AS (
        SELECT id, '', scopes || ' ' FROM token_kind
        UNION ALL
        SELECT kind, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM split WHERE rest <> ''
    )
    SELECT name, kind FROM split WHERE name <> '';
CREATE INDEX token_kind_by_scopes ON token_kind (scopes);

ALTER TABLE token ADD COLUMN
    kind INTEGER REFERENCES token_kind (id);
UPDATE token SET kind = (
    select id FROM token_kind
    where token_kind.scopes = token.scopes AND token_kind.all_scopes = token.all_scopes AND token_kind.source = token.source
);

-- Each holds all that a token is filtered by, so that a walk along it reads no rows.
DROP INDEX token_by_owner;
CREATE INDEX token_by_owner ON token (owner, sid, revoked_at, expires_at, kind);
CREATE INDEX token_by_creation ON token (sid, owner, revoked_at, expires_at, kind);
CREATE INDEX token_by_expiration ON token (expires_at, sid, revoked_at, kind);
CREATE INDEX token_by_kind ON token (kind, revoked_at, expires_at, sid);
-- The shortest and the longest life: what is alive was not made long before, and what is about to end not just now.
CREATE INDEX token_by_life ON token ((expires_at - created_at));
CREATE INDEX token_revoked ON token (sid) WHERE revoked_at IS NOT NULL;

-- Every token has a row from now on; 0 stands for never. What a token is filtered by stands here too: a walk by last
-- use would otherwise look up each token that it passes.
ALTER TABLE token_last_used ADD COLUMN
    expires_at INTEGER;
ALTER TABLE token_last_used ADD COLUMN
    revoked_at INTEGER;
ALTER TABLE token_last_used ADD COLUMN
    kind INTEGER;
ALTER TABLE token_last_used ADD COLUMN
    owner BLOB;
INSERT INTO token_last_used (sid, at) SELECT sid, 0 FROM token WHERE true ON CONFLICT (sid) DO NOTHING;
UPDATE token_last_used SET
    expires_at = (SELECT expires_at FROM token WHERE token.sid = token_last_used.sid),
    revoked_at = (SELECT revoked_at FROM token WHERE token.sid = token_last_used.sid),
    kind = (SELECT kind FROM token WHERE token.sid = token_last_used.sid),
    owner = (SELECT owner FROM token WHERE token.sid = token_last_used.sid);
CREATE INDEX token_last_used_by_time ON token_last_used (at, sid, revoked_at, expires_at, kind, owner);

-- Tokens that an admin chose to revoke, fixed when they looked at them.
CREATE TABLE token_selection (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    admin BLOB NOT NULL REFERENCES service_rep (id),
    created_at INTEGER NOT NULL,
    -- When it is forgotten, whether or not anything came of it.
    expires_at INTEGER NOT NULL,
    -- When the admin said yes, and when some of it was last done.
    confirmed_at INTEGER,
    advanced_at INTEGER
) STRICT;
CREATE INDEX token_selection_by_end ON token_selection (expires_at);
CREATE TABLE token_selection_member (
    selection BLOB NOT NULL REFERENCES token_selection (id),
    sid BLOB NOT NULL REFERENCES token (sid),
    -- Whether it had a use on the day on which it was chosen.
    used_today INTEGER NOT NULL CHECK (used_today IN (0, 1)),
    -- What became of it: NULL while nothing has, 1 revoked by this, 0 had ended before.
    revoked INTEGER CHECK (revoked IN (0, 1)),
    PRIMARY KEY (selection, sid)
) STRICT, WITHOUT ROWID;

-- By engine: three letters and more of a token's description or Account SID, found wherever they stand.
CREATE VIRTUAL TABLE token_search USING fts5 (text, sid UNINDEXED, tokenize = 'trigram', detail = 'none');
INSERT INTO token_search (text, sid) SELECT description_key || char(10) || 'lk' || lower(hex(sid)), sid FROM token;
