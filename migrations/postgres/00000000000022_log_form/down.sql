-- The earlier form is another chain of hashes, which SQL cannot compute: the table comes back empty.

DROP TABLE case_events;
CREATE TABLE case_events (
  case_id UUID NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  occurred_on DATE NOT NULL,
  body TEXT NOT NULL,
  actor_id UUID,
  recorded_at TIMESTAMPTZ NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (case_id, seq)
);
CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE ON case_events
  FOR EACH ROW EXECUTE FUNCTION case_events_are_append_only();
CREATE INDEX case_events_turns ON case_events (case_id, seq)
  WHERE kind IN ('remedy_opened', 'remedy_decided', 'split', 'linked', 'fee_notified', 'fee_paid');
CREATE INDEX case_events_recorded ON case_events (recorded_at);
CREATE INDEX case_events_replies ON case_events (case_id) WHERE kind = 'reply_issued';
