-- The text of an event may be erased, which replaces its payload and its salt and nothing else: the chain holds their digest. An
-- event of its own records it.

DROP TRIGGER case_events_no_update;
CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events
  WHEN NOT (
    (NEW.case_id, NEW.seq, NEW.entry, NEW.kind, NEW.occurred_on, NEW.digest, NEW.recorded_at, NEW.prev_hash, NEW.hash)
      = (OLD.case_id, OLD.seq, OLD.entry, OLD.kind, OLD.occurred_on, OLD.digest, OLD.recorded_at, OLD.prev_hash, OLD.hash)
    AND NEW.actor_id IS OLD.actor_id
    AND NEW.salt <> OLD.salt
    AND instr(NEW.body, '〔已删除〕') > 0
  )
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
