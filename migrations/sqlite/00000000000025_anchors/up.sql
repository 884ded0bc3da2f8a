-- Which end of which log the anchor of a day covers. The anchor itself is outside the database, so that a database that was
-- written anew is found.
CREATE TABLE case_anchors (
  case_id TEXT NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,                   -- the last event of the case on that day
  day TEXT NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (case_id, seq)
) STRICT;
CREATE INDEX case_anchors_by_day ON case_anchors (day, case_id, seq);
CREATE TRIGGER case_anchors_no_update BEFORE UPDATE ON case_anchors
BEGIN SELECT RAISE(ABORT, 'case_anchors is append-only'); END;
CREATE TRIGGER case_anchors_no_delete BEFORE DELETE ON case_anchors
BEGIN SELECT RAISE(ABORT, 'case_anchors is append-only'); END;
