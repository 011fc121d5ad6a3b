-- Links that let somebody choose a password, who made a token for somebody else, and what service reps are found by.

-- A link that lets its holder choose a password, once: an invitation for somebody who has none yet, or a way back
-- for somebody who has lost it. One a person: a new link replaces the one before.
CREATE TABLE account_link (
    rep BYTEA NOT NULL PRIMARY KEY REFERENCES service_rep (id),
    -- The SHA-256 of the link's code, which has 256 random bits: as with sessions, a slow hash would add nothing.
    hash BYTEA NOT NULL CONSTRAINT account_link_hash_key UNIQUE CHECK (octet_length(hash) = 32),
    purpose TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Who made a token, where that was not its owner of today; NULL otherwise, and for the command line.
ALTER TABLE token ADD COLUMN
    maker BYTEA REFERENCES service_rep (id) CHECK (octet_length(maker) = 16);

-- Address and name in lower case, made by the program: the engines disagree about letters outside ASCII. Empty
-- where the program has not seen the row yet; it completes those when it opens the database.
ALTER TABLE service_rep ADD COLUMN
    search_text TEXT NOT NULL DEFAULT '';
