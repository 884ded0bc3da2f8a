-- What the record of an applicant said before each correction, sealed, with its day. The event of the case says which parts
-- changed and why; this table has what they said.
CREATE TABLE applicant_versions (
  id TEXT PRIMARY KEY,
  applicant_id TEXT NOT NULL REFERENCES applicants (id),
  n INTEGER NOT NULL,                     -- 1, 2, 3 ... within the applicant
  case_id TEXT NOT NULL REFERENCES cases (id), -- in which it was corrected, where several share the record
  seq INTEGER NOT NULL,                   -- of the event there
  replaced_on TEXT NOT NULL,
  replaced_by TEXT NOT NULL REFERENCES users (id),
  replaced_at TEXT NOT NULL,
  sealed BLOB NOT NULL                    -- JSON of the whole record and of the place it belongs to
) STRICT;
CREATE UNIQUE INDEX applicant_versions_of_applicant ON applicant_versions (applicant_id, n);
CREATE UNIQUE INDEX applicant_versions_of_event ON applicant_versions (case_id, seq);

-- Only a re-key writes to a row, and only what is sealed.
CREATE TRIGGER applicant_versions_no_update BEFORE UPDATE ON applicant_versions
  WHEN NOT (
    (NEW.id, NEW.applicant_id, NEW.n, NEW.case_id, NEW.seq, NEW.replaced_on, NEW.replaced_by, NEW.replaced_at)
      = (OLD.id, OLD.applicant_id, OLD.n, OLD.case_id, OLD.seq, OLD.replaced_on, OLD.replaced_by, OLD.replaced_at)
  )
BEGIN SELECT RAISE(ABORT, 'applicant_versions is append-only'); END;
CREATE TRIGGER applicant_versions_no_delete BEFORE DELETE ON applicant_versions
BEGIN SELECT RAISE(ABORT, 'applicant_versions is append-only'); END;

-- As for applicants: a service that still runs with the earlier key after a re-key must not seal with it.
CREATE TRIGGER applicant_versions_key_insert BEFORE INSERT ON applicant_versions
WHEN EXISTS (
  SELECT 1 FROM meta WHERE key = 'sealing_key_check' AND lower(hex(substr(NEW.sealed, 1, 1))) <> substr(value, 1, 2)
)
BEGIN SELECT RAISE(ABORT, 'sealed with a key that is not in use'); END;
CREATE TRIGGER applicant_versions_key_update BEFORE UPDATE OF sealed ON applicant_versions
WHEN NEW.sealed IS NOT OLD.sealed AND EXISTS (
  SELECT 1 FROM meta WHERE key = 'sealing_key_check' AND lower(hex(substr(NEW.sealed, 1, 1))) <> substr(value, 1, 2)
)
BEGIN SELECT RAISE(ABORT, 'sealed with a key that is not in use'); END;

-- A number recorded as the paper has it, which fails its check or was not compared with the document. It has no keyed hash, so
-- that it makes nobody the same applicant, and nobody another one.
ALTER TABLE applicants ADD COLUMN identity_is_unverified INTEGER NOT NULL DEFAULT 0;
