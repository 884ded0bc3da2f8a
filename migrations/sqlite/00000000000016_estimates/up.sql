-- While the notice of a year is not out, a last day has an earliest and a latest: due_on is the earliest.
ALTER TABLE obligations ADD COLUMN latest_on TEXT;
-- Days after the last published notice were estimated by the days of the week alone, which could be too late. Without a day to be
-- warned by an open case is computed again when the service starts.
UPDATE cases SET warns_on = NULL WHERE is_open AND warns_on >= '2026-12-20' AND clock_status IN ('gap', 'running');
