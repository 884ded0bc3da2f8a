-- The earlier form is another chain of hashes, which SQL cannot compute: the table comes back empty.

DROP TABLE case_events;
CREATE TABLE case_events (
  case_id TEXT NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  occurred_on TEXT NOT NULL,
  body TEXT NOT NULL,
  actor_id TEXT,
  recorded_at TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (case_id, seq)
) STRICT;
CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE TRIGGER case_events_no_delete BEFORE DELETE ON case_events
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE INDEX case_events_turns ON case_events (case_id, seq)
  WHERE kind IN ('remedy_opened', 'remedy_decided', 'split', 'linked', 'fee_notified', 'fee_paid');
CREATE INDEX case_events_recorded ON case_events (recorded_at);
CREATE INDEX case_events_replies ON case_events (case_id) WHERE kind = 'reply_issued';
