-- The nodes that hold live tokens in memory, each with the newest change that it has applied. Whoever makes a change
-- waits for them. On SQLite nobody stands here: a server there asks the file itself.
CREATE TABLE node (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    -- Rises whenever the node says that it is there.
    renewal BIGINT NOT NULL,
    applied BIGINT NOT NULL
);
