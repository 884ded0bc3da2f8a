-- When a person last sent a parked mail on its way again: the days after which a mail is given up begin anew.
ALTER TABLE outbox ADD COLUMN released_at TEXT;
CREATE INDEX outbox_by_state ON outbox (state, id);
CREATE INDEX outbox_by_organ ON outbox (organ_id, id);
CREATE INDEX outbox_by_recipient ON outbox (recipient_id, id);

-- What became of each attempt; an attempt without a row ended with its sender.
CREATE TABLE mail_answers (
  mail_id TEXT NOT NULL REFERENCES outbox (id),
  at TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  outcome TEXT NOT NULL,                  -- sent | retry | broken | no_relay | parked
  reply TEXT NOT NULL,                    -- what the server said, or what went wrong before it could
  PRIMARY KEY (mail_id, at)
) STRICT;

-- The private calendar address of a person: whoever knows the token reads the feed.
CREATE TABLE feeds (
  user_id TEXT PRIMARY KEY REFERENCES users (id),
  token_hash TEXT NOT NULL UNIQUE,        -- SHA-256 of the token, hexadecimal
  created_at TEXT NOT NULL
) STRICT;
