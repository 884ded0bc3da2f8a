-- The day of the letter that stopped the period of an open case, if the day on which it runs again is not known.
ALTER TABLE cases ADD COLUMN stopped_on TEXT;
CREATE INDEX cases_open_stopped ON cases (organ_id, stopped_on) WHERE is_open AND stopped_on IS NOT NULL;
-- Rows are derived anew once where an earlier release derived them.
INSERT INTO meta (key, value) SELECT 'cases.derived_by', 'long_stops' WHERE NOT EXISTS (SELECT 1 FROM cases)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
-- Of the partial indexes on open cases SQLite takes the newest one where it knows no better: for the cases in a gap this one.
DROP INDEX cases_open_gap;
CREATE INDEX cases_open_gap ON cases (id) WHERE is_open AND clock_status = 'gap';
