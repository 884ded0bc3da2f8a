-- Organs end, and another one answers for them (国办公开办函〔2019〕14号). Their open cases go over; what is closed stays where it
-- was, and is read and finished by the successor's people.

ALTER TABLE organs ADD COLUMN ended_on DATE;
ALTER TABLE organs ADD COLUMN successor_id UUID REFERENCES organs (id); -- who answers for it today: the end of the line
CREATE INDEX organs_by_successor ON organs (successor_id) WHERE successor_id IS NOT NULL;

ALTER TABLE cases ADD COLUMN filed_with UUID REFERENCES organs (id); -- the organ it was filed with, if another: external_number is unique there
ALTER TABLE cases ADD COLUMN numbered_by UUID REFERENCES organs (id); -- whose series the number is of, if another's
ALTER TABLE cases DROP CONSTRAINT cases_organ_id_number_key;
DROP INDEX cases_by_external;
-- Two organs may have given the same number, and one of them may have both cases now.
CREATE UNIQUE INDEX cases_by_number ON cases (coalesce(numbered_by, organ_id), number);
CREATE UNIQUE INDEX cases_by_external ON cases (coalesce(filed_with, organ_id), source, external_number)
  WHERE external_number IS NOT NULL;
CREATE INDEX cases_named ON cases (organ_id, number);

CREATE TABLE organ_successions (
  organ_id UUID PRIMARY KEY REFERENCES organs (id),
  successor_id UUID NOT NULL REFERENCES organs (id),
  ended_on DATE NOT NULL,
  reason TEXT NOT NULL,
  basis TEXT,                             -- the decision it rests on, with its number
  recorded_by UUID NOT NULL REFERENCES users (id),
  recorded_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE case_transfers (
  case_id UUID NOT NULL REFERENCES cases (id),
  n INTEGER NOT NULL,                     -- 1, 2, 3 ...
  from_organ_id UUID NOT NULL REFERENCES organs (id),
  to_organ_id UUID NOT NULL REFERENCES organs (id),
  seq INTEGER NOT NULL,                   -- the last event of the case before it
  transferred_on DATE NOT NULL,
  reason TEXT NOT NULL,
  recorded_by UUID REFERENCES users (id), -- none: reopened by a decision, and gone over with it
  recorded_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (case_id, n)
);
CREATE FUNCTION organ_successions_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'organ_successions is append-only';
END
$$;
CREATE TRIGGER organ_successions_append_only BEFORE UPDATE OR DELETE ON organ_successions
  FOR EACH ROW EXECUTE FUNCTION organ_successions_are_append_only();
CREATE TRIGGER organ_successions_no_truncate BEFORE TRUNCATE ON organ_successions
  FOR EACH STATEMENT EXECUTE FUNCTION organ_successions_are_append_only();
CREATE FUNCTION case_transfers_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'case_transfers is append-only';
END
$$;
CREATE TRIGGER case_transfers_append_only BEFORE UPDATE OR DELETE ON case_transfers
  FOR EACH ROW EXECUTE FUNCTION case_transfers_are_append_only();
CREATE TRIGGER case_transfers_no_truncate BEFORE TRUNCATE ON case_transfers
  FOR EACH STATEMENT EXECUTE FUNCTION case_transfers_are_append_only();

-- The roles in an organ are also roles in the organs it succeeded.
CREATE VIEW effective_roles AS
  SELECT user_id, organ_id, role FROM user_roles
  UNION ALL
  SELECT r.user_id, o.id, r.role FROM organs o JOIN user_roles r ON r.organ_id = o.successor_id;
