-- Everything sealed is sealed with one key, the one whose check value `meta` has. The first byte of a sealed value names its
-- key. A service that still runs with the earlier key after a re-key must not seal with it.

CREATE FUNCTION sealed_with_the_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  id TEXT;
BEGIN
  SELECT substr(value, 1, 2) INTO id FROM meta WHERE key = 'sealing_key_check';
  IF TG_OP = 'INSERT' OR NEW.identity_sealed IS DISTINCT FROM OLD.identity_sealed THEN
    IF encode(substr(NEW.identity_sealed, 1, 1), 'hex') <> id THEN
      RAISE EXCEPTION 'sealed with a key that is not in use';
    END IF;
  END IF;
  IF TG_OP = 'INSERT' OR NEW.contact_sealed IS DISTINCT FROM OLD.contact_sealed THEN
    IF encode(substr(NEW.contact_sealed, 1, 1), 'hex') <> id THEN
      RAISE EXCEPTION 'sealed with a key that is not in use';
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER applicants_key BEFORE INSERT OR UPDATE OF identity_sealed, contact_sealed ON applicants
  FOR EACH ROW EXECUTE FUNCTION sealed_with_the_key();
