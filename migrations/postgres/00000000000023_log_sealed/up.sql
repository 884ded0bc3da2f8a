-- Every log has its new form: the earlier one goes, and the new one takes appended events only.

DROP TABLE case_events_before;

CREATE INDEX case_events_turns ON case_events (case_id, seq)
  WHERE kind IN ('remedy_opened', 'remedy_decided', 'split', 'linked', 'fee_notified', 'fee_paid');
CREATE INDEX case_events_recorded ON case_events (recorded_at);
CREATE INDEX case_events_replies ON case_events (case_id) WHERE kind = 'reply_issued';

CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE ON case_events
  FOR EACH ROW EXECUTE FUNCTION case_events_are_append_only();
CREATE TRIGGER case_events_not_emptied BEFORE TRUNCATE ON case_events
  FOR EACH STATEMENT EXECUTE FUNCTION case_events_are_append_only();
