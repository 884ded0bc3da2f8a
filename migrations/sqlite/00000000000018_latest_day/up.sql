-- While the notice of a year is not out, the last day of a period has an earliest (warns_on) and a latest.
ALTER TABLE cases ADD COLUMN latest_on TEXT;
-- Rows are derived anew once where an earlier release derived them; a database without cases has no such rows.
INSERT INTO meta (key, value) SELECT 'cases.derived_by', 'latest_day' WHERE NOT EXISTS (SELECT 1 FROM cases)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
