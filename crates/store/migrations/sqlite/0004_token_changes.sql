-- What the memory of a running server has to follow: each change to what verdicts are made of, by its number.
--
-- The number is taken from the one row of token_revision, which stays locked until the change is committed: so the
-- order of numbers is the order of commits, none is left out, and whoever has applied number 7 has missed nothing
-- before it.
CREATE TABLE token_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The number of the newest change.
    latest INTEGER NOT NULL,
    -- Changes up to this number are no longer kept. Who has not applied it reads everything anew.
    forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO token_revision (id, latest, forgotten) VALUES (1, 0, 0);

-- A change names what is to be read again, not what it has become. Several rows may have one number: they were
-- committed together.
CREATE TABLE token_change (
    rev INTEGER NOT NULL,
    -- 'token', 'owner' or 'everything'.
    kind TEXT NOT NULL,
    -- The token's sid or the owner's id; empty for everything.
    subject BLOB NOT NULL CHECK (length(subject) IN (0, 16)),
    PRIMARY KEY (rev, kind, subject)
) STRICT, WITHOUT ROWID;

-- Where the latest call came from, and with what it was made; empty where that was not noted.
ALTER TABLE token_last_used ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE token_last_used ADD COLUMN agent TEXT NOT NULL DEFAULT '';
