-- How many calls a token may make: "default" for the server's limit, "off" for none, or one of its own as 100/5s.
ALTER TABLE token ADD COLUMN rate_limit TEXT NOT NULL DEFAULT 'default';
