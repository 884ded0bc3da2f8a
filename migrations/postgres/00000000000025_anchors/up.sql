-- Which end of which log the anchor of a day covers. The anchor itself is outside the database, so that a database that was
-- written anew is found.
CREATE TABLE case_anchors (
  case_id UUID NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,                   -- the last event of the case on that day
  day DATE NOT NULL,
  hash BYTEA NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (case_id, seq)
);
CREATE INDEX case_anchors_by_day ON case_anchors (day, case_id, seq);
CREATE FUNCTION case_anchors_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'case_anchors is append-only';
END
$$;
CREATE TRIGGER case_anchors_append_only BEFORE UPDATE OR DELETE ON case_anchors
  FOR EACH ROW EXECUTE FUNCTION case_anchors_are_append_only();
CREATE TRIGGER case_anchors_not_emptied BEFORE TRUNCATE ON case_anchors
  FOR EACH STATEMENT EXECUTE FUNCTION case_anchors_are_append_only();
