-- The rules by which admins keep everybody's tokens in bounds. There is one row, and always has been: each time it is
-- saved it takes the next version, and whoever saves names the one that they saw.
--
-- A token is inserted with this row locked, so that of a token and a stricter policy at the same moment one comes
-- first.
CREATE TABLE policy (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    -- How long a new token lives at most: 90, 180 or 365 days.
    longest_days BIGINT NOT NULL,
    all_scopes BIGINT NOT NULL CHECK (all_scopes IN (0, 1)),
    -- What only admins may grant, beside what the catalog says: names as in token.scopes.
    admin_scopes TEXT COLLATE "C" NOT NULL,
    -- After how many days without use a token is revoked; NULL for never.
    idle_days BIGINT,
    -- 'none', 'may' or 'must'.
    addresses TEXT COLLATE "C" NOT NULL,
    -- Where tokens' address rules have to lie, as in token.addresses; empty for anywhere.
    networks TEXT COLLATE "C" NOT NULL,
    -- Who chose it, and when; nobody has chosen the first.
    chosen_by BYTEA REFERENCES service_rep (id),
    chosen_at BIGINT
);
INSERT INTO policy (id, version, longest_days, all_scopes, admin_scopes, idle_days, addresses, networks)
    VALUES (1, 1, 365, 1, '', NULL, 'may', '');

-- The networks that a token may be used from, in CIDR notation, sorted, separated by single spaces; empty where that
-- is everywhere.
ALTER TABLE token ADD COLUMN
    addresses TEXT COLLATE "C" NOT NULL DEFAULT '';

-- The same networks by their first and last addresses: 4 or 6, then 16 bytes, so that they compare as addresses do.
-- Verdicts are not made of these; they tell which tokens' networks lie outside of a policy's.
CREATE TABLE token_network (
    sid BYTEA NOT NULL REFERENCES token (sid),
    first_address BYTEA NOT NULL CHECK (octet_length(first_address) = 17),
    last_address BYTEA NOT NULL CHECK (octet_length(last_address) = 17),
    PRIMARY KEY (sid, first_address)
);
