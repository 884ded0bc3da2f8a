-- Every log has its new form: the earlier one goes, and the new one takes appended events only.

DROP TABLE case_events_before;

CREATE INDEX case_events_turns ON case_events (case_id, seq)
  WHERE kind IN ('remedy_opened', 'remedy_decided', 'split', 'linked', 'fee_notified', 'fee_paid');
CREATE INDEX case_events_recorded ON case_events (recorded_at);
CREATE INDEX case_events_replies ON case_events (case_id) WHERE kind = 'reply_issued';

CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE TRIGGER case_events_no_delete BEFORE DELETE ON case_events
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
