-- What the record of an applicant said before each correction, sealed, with its day. The event of the case says which parts
-- changed and why; this table has what they said.
CREATE TABLE applicant_versions (
  id UUID PRIMARY KEY,
  applicant_id UUID NOT NULL REFERENCES applicants (id),
  n INTEGER NOT NULL,                     -- 1, 2, 3 ... within the applicant
  case_id UUID NOT NULL REFERENCES cases (id), -- in which it was corrected, where several share the record
  seq INTEGER NOT NULL,                   -- of the event there
  replaced_on DATE NOT NULL,
  replaced_by UUID NOT NULL REFERENCES users (id),
  replaced_at TIMESTAMPTZ NOT NULL,
  sealed BYTEA NOT NULL                   -- JSON of the whole record and of the place it belongs to
);
CREATE UNIQUE INDEX applicant_versions_of_applicant ON applicant_versions (applicant_id, n);
CREATE UNIQUE INDEX applicant_versions_of_event ON applicant_versions (case_id, seq);

-- Only a re-key writes to a row, and only what is sealed.
CREATE FUNCTION applicant_versions_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.id, NEW.applicant_id, NEW.n, NEW.case_id, NEW.seq, NEW.replaced_on, NEW.replaced_by, NEW.replaced_at)
         = (OLD.id, OLD.applicant_id, OLD.n, OLD.case_id, OLD.seq, OLD.replaced_on, OLD.replaced_by, OLD.replaced_at) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'applicant_versions is append-only';
END
$$;
CREATE TRIGGER applicant_versions_append_only BEFORE UPDATE OR DELETE ON applicant_versions
  FOR EACH ROW EXECUTE FUNCTION applicant_versions_are_append_only();

-- As for applicants: a service that still runs with the earlier key after a re-key must not seal with it.
CREATE FUNCTION version_sealed_with_the_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  id TEXT;
BEGIN
  SELECT substr(value, 1, 2) INTO id FROM meta WHERE key = 'sealing_key_check';
  IF TG_OP = 'INSERT' OR NEW.sealed IS DISTINCT FROM OLD.sealed THEN
    IF encode(substr(NEW.sealed, 1, 1), 'hex') <> id THEN
      RAISE EXCEPTION 'sealed with a key that is not in use';
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER applicant_versions_key BEFORE INSERT OR UPDATE OF sealed ON applicant_versions
  FOR EACH ROW EXECUTE FUNCTION version_sealed_with_the_key();

-- A number recorded as the paper has it, which fails its check or was not compared with the document. It has no keyed hash, so
-- that it makes nobody the same applicant, and nobody another one.
ALTER TABLE applicants ADD COLUMN identity_is_unverified BOOLEAN NOT NULL DEFAULT FALSE;
