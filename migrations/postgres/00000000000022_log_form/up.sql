-- The log in the form that lasts: hashes as bytes, a salted digest of each payload in the chain instead of the payload itself, and
-- the events of one command as one entry. Between this migration and the next the service writes every log anew and verifies it.

DROP TRIGGER case_events_append_only ON case_events;
ALTER TABLE case_events RENAME TO case_events_before;
ALTER TABLE case_events_before RENAME CONSTRAINT case_events_pkey TO case_events_before_pkey;

CREATE TABLE case_events (
  case_id UUID NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,                   -- 1, 2, 3 ... without a gap
  entry INTEGER NOT NULL,                 -- 1, 2, 3 ...: events of one command share it
  kind TEXT NOT NULL,
  occurred_on DATE NOT NULL,
  body TEXT NOT NULL,                     -- JSON, kept byte for byte: it is what the digest is of
  salt BYTEA NOT NULL,                     -- random; without it the digest cannot be guessed back to a text
  digest BYTEA NOT NULL CHECK (length(digest) = 32),
  actor_id UUID,
  recorded_at TIMESTAMPTZ NOT NULL,
  prev_hash BYTEA NOT NULL CHECK (length(prev_hash) = 32),
  hash BYTEA NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (case_id, seq)
);
