-- The day an open case is warned by: its last day, or what stands in for it. Rows written before take their last day;
-- a case whose last day needs an unpublished year gets its provisional one when it is next recomputed.
ALTER TABLE cases ADD COLUMN warns_on TEXT;
UPDATE cases SET warns_on = due_on WHERE is_open;
CREATE INDEX cases_open_warns ON cases (organ_id, warns_on, id) WHERE is_open;
