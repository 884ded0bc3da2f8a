-- Everything sealed is sealed with one key, the one whose check value `meta` has. The first byte of a sealed value names its
-- key. A service that still runs with the earlier key after a re-key must not seal with it.

CREATE TRIGGER applicants_key_insert BEFORE INSERT ON applicants
WHEN EXISTS (
  SELECT 1 FROM meta WHERE key = 'sealing_key_check' AND (
    (NEW.identity_sealed IS NOT NULL AND lower(hex(substr(NEW.identity_sealed, 1, 1))) <> substr(value, 1, 2))
    OR (NEW.contact_sealed IS NOT NULL AND lower(hex(substr(NEW.contact_sealed, 1, 1))) <> substr(value, 1, 2))
  )
)
BEGIN SELECT RAISE(ABORT, 'sealed with a key that is not in use'); END;

CREATE TRIGGER applicants_key_update BEFORE UPDATE OF identity_sealed, contact_sealed ON applicants
WHEN EXISTS (
  SELECT 1 FROM meta WHERE key = 'sealing_key_check' AND (
    (NEW.identity_sealed IS NOT OLD.identity_sealed AND NEW.identity_sealed IS NOT NULL
      AND lower(hex(substr(NEW.identity_sealed, 1, 1))) <> substr(value, 1, 2))
    OR (NEW.contact_sealed IS NOT OLD.contact_sealed AND NEW.contact_sealed IS NOT NULL
      AND lower(hex(substr(NEW.contact_sealed, 1, 1))) <> substr(value, 1, 2))
  )
)
BEGIN SELECT RAISE(ABORT, 'sealed with a key that is not in use'); END;
