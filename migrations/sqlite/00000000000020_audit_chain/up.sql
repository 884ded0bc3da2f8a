-- The audit log becomes evidence: append-only, and one chain of hashes per organ, so that organs do not wait for each
-- other.
-- `store/evidence/chain.rs` writes the chain columns, also those of the rows that are here already.

ALTER TABLE audit_log ADD COLUMN seq INTEGER;     -- 1, 2, 3 ... in the chain of its organ, or of the rows without one
ALTER TABLE audit_log ADD COLUMN prev_hash BLOB;  -- the hash of the row before it in the chain, 32 bytes
ALTER TABLE audit_log ADD COLUMN hash BLOB;       -- SHA-256 over all columns, 32 bytes
CREATE INDEX audit_log_by_chain ON audit_log (organ_id, seq, id);

-- The end of each chain: a chain that was cut does not end here.
CREATE TABLE audit_heads (
  chain TEXT PRIMARY KEY,                 -- the organ; 00000000-0000-0000-0000-000000000000 for rows without an organ
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- A row without a hash may get one, once. Only the migration does that: every row written since comes with its hash.
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
WHEN OLD.hash IS NOT NULL OR NEW.hash IS NULL
  OR (OLD.id, OLD.at, OLD.actor_id, OLD.organ_id, OLD.case_id, OLD.action, OLD.detail, OLD.subject_id, OLD.address,
      OLD.request_id)
    IS NOT (NEW.id, NEW.at, NEW.actor_id, NEW.organ_id, NEW.case_id, NEW.action, NEW.detail, NEW.subject_id,
      NEW.address, NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
