-- External service accounts: the set-up of one vendor's integration, and the credentials that belong to the vendor.

CREATE TABLE external_account (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    -- The integration's code. Integrations are data of the program's: a code may be one that it does not know.
    integration TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    -- The company's or branch's name; empty at other levels.
    entity TEXT NOT NULL,
    -- The service rep, at their level.
    entity_rep BYTEA REFERENCES service_rep (id),
    -- What is compared: the name in lower case, the service rep's id in hexadecimal digits, or nothing.
    entity_key TEXT COLLATE "C" NOT NULL,
    -- Whether it was submitted. All else that people are told follows from the token.
    state TEXT NOT NULL,
    -- The settings as JSON, without credentials.
    settings TEXT NOT NULL,
    -- The scopes that were chosen, where that is part of the set-up; written as a token's are.
    scopes TEXT NOT NULL,
    -- One token belongs to one account at most.
    token BYTEA CONSTRAINT external_account_token_key UNIQUE REFERENCES token (sid),
    -- Whether the token was generated in the set-up: then a draft takes it along when it goes.
    token_generated BIGINT NOT NULL CHECK (token_generated IN (0, 1)),
    -- When the token was confirmed by its secret.
    confirmed_at BIGINT,
    -- Rises with every change: whoever changes an account names the version that they have seen.
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BYTEA NOT NULL REFERENCES service_rep (id),
    changed_at BIGINT NOT NULL,
    changed_by BYTEA NOT NULL REFERENCES service_rep (id),
    submitted_at BIGINT,
    submitted_by BYTEA REFERENCES service_rep (id),
    -- Drafts count.
    CONSTRAINT external_account_place_key UNIQUE (integration, level, entity_key),
    -- Whatever the program does, no account is active without a token.
    CHECK (state = 'draft' OR token IS NOT NULL)
);

-- Credentials, sealed: XChaCha20-Poly1305 under a key that is not in the database, with the key's id, the account and
-- the name as associated data. A row that is put elsewhere, or under another name, opens no more.
CREATE TABLE external_account_credential (
    account BYTEA NOT NULL REFERENCES external_account (id),
    name TEXT COLLATE "C" NOT NULL,
    -- Which key it is sealed under.
    key_id BYTEA NOT NULL CHECK (octet_length(key_id) = 8),
    -- 24 bytes of nonce, then the ciphertext with its tag.
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account, name)
);
