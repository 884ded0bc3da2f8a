-- The text of an event may be erased, which replaces its payload and its salt and nothing else: the chain holds their digest. An
-- event of its own records it.

CREATE OR REPLACE FUNCTION case_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.case_id, NEW.seq, NEW.entry, NEW.kind, NEW.occurred_on, NEW.digest, NEW.recorded_at, NEW.prev_hash, NEW.hash)
         = (OLD.case_id, OLD.seq, OLD.entry, OLD.kind, OLD.occurred_on, OLD.digest, OLD.recorded_at, OLD.prev_hash, OLD.hash)
       AND NEW.actor_id IS NOT DISTINCT FROM OLD.actor_id
       AND NEW.salt <> OLD.salt
       AND strpos(NEW.body, '〔已删除〕') > 0 THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'case_events is append-only';
END
$$;
