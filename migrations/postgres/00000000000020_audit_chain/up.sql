-- The audit log becomes evidence: append-only, and one chain of hashes per organ, so that organs do not wait for each
-- other.
-- `store/evidence/chain.rs` has the same hash, verifies it, and writes the chain columns of the rows that are here
-- already.

ALTER TABLE audit_log ADD COLUMN seq BIGINT;       -- 1, 2, 3 ... in the chain of its organ, or of the rows without one
ALTER TABLE audit_log ADD COLUMN prev_hash BYTEA;  -- the hash of the row before it in the chain, 32 bytes
ALTER TABLE audit_log ADD COLUMN hash BYTEA;       -- SHA-256 over all columns, 32 bytes
CREATE INDEX audit_log_by_chain ON audit_log (organ_id, seq, id);

-- The end of each chain: a chain that was cut does not end here.
CREATE TABLE audit_heads (
  chain UUID PRIMARY KEY,                 -- the organ; 00000000-0000-0000-0000-000000000000 for rows without an organ
  seq BIGINT NOT NULL,
  hash BYTEA NOT NULL
);

CREATE FUNCTION audit_field(field BYTEA) RETURNS BYTEA IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN field IS NULL THEN '\xffffffff'::bytea ELSE int4send(octet_length(field)) || field END
$$;

CREATE FUNCTION audit_hash(entry audit_log, place BIGINT, before BYTEA) RETURNS BYTEA STABLE LANGUAGE sql AS $$
  SELECT sha256(
    '\x01'::bytea
    || audit_field(uuid_send(entry.id))
    || audit_field(int8send(place))
    || audit_field(int8send((extract(epoch FROM entry.at) * 1000000)::bigint))
    || audit_field(uuid_send(entry.actor_id))
    || audit_field(uuid_send(entry.organ_id))
    || audit_field(uuid_send(entry.case_id))
    || audit_field(convert_to(entry.action, 'UTF8'))
    || audit_field(convert_to(entry.detail, 'UTF8'))
    || audit_field(uuid_send(entry.subject_id))
    || audit_field(convert_to(entry.address, 'UTF8'))
    || audit_field(convert_to(entry.request_id, 'UTF8'))
    || audit_field(before)
  )
$$;

-- Rows are chained by the database, at the end of their transaction. So an instance of the previous release, which does
-- not know the columns, may write rows while others are upgraded. And the lock of a chain's end is held only while its
-- transaction commits, when it waits for no other lock. A row that comes with its hash is a copy and stays as it is.
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  nothing CONSTANT BYTEA := decode(repeat('00', 32), 'hex');
  head audit_heads;
  digest BYTEA;
BEGIN
  INSERT INTO audit_heads AS h (chain, seq, hash)
    VALUES (coalesce(NEW.organ_id, '00000000-0000-0000-0000-000000000000'::uuid), 0, nothing)
    ON CONFLICT (chain) DO UPDATE SET seq = h.seq
    RETURNING h.* INTO head;
  digest := audit_hash(NEW, head.seq + 1, head.hash);
  UPDATE audit_log SET seq = head.seq + 1, prev_hash = head.hash, hash = digest WHERE id = NEW.id;
  UPDATE audit_heads SET seq = head.seq + 1, hash = digest WHERE chain = head.chain;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER audit_log_chain AFTER INSERT ON audit_log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.hash IS NULL) EXECUTE FUNCTION chain_audit();

-- A row without a hash may get one, once.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
      AND (OLD.id, OLD.at, OLD.actor_id, OLD.organ_id, OLD.case_id, OLD.action, OLD.detail, OLD.subject_id, OLD.address,
           OLD.request_id)
        IS NOT DISTINCT FROM
          (NEW.id, NEW.at, NEW.actor_id, NEW.organ_id, NEW.case_id, NEW.action, NEW.detail, NEW.subject_id, NEW.address,
           NEW.request_id)
    THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit_log is append-only';
END
$$;
CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
