-- The log in the form that lasts: hashes as bytes, a salted digest of each payload in the chain instead of the payload itself, and
-- the events of one command as one entry. Between this migration and the next the service writes every log anew and verifies it.

DROP TRIGGER case_events_no_update;
DROP TRIGGER case_events_no_delete;
ALTER TABLE case_events RENAME TO case_events_before;

CREATE TABLE case_events (
  case_id TEXT NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,                   -- 1, 2, 3 ... without a gap
  entry INTEGER NOT NULL,                 -- 1, 2, 3 ...: events of one command share it
  kind TEXT NOT NULL,
  occurred_on TEXT NOT NULL,
  body TEXT NOT NULL,                     -- JSON, kept byte for byte: it is what the digest is of
  salt BLOB NOT NULL,                     -- random; without it the digest cannot be guessed back to a text
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  actor_id TEXT,
  recorded_at TEXT NOT NULL,
  prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (case_id, seq)
) STRICT;
