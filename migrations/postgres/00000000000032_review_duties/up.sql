-- Who may not do a duty that a role does: who proposed what is reviewed, or asked for what is confirmed. It follows from the log,
-- as the other columns do.
ALTER TABLE obligations ADD COLUMN not_by_id UUID;
-- Reviews, approvals and confirmations are duties: rows are derived anew once where an earlier release derived them.
INSERT INTO meta (key, value) SELECT 'cases.derived_by', 'review_duties' WHERE NOT EXISTS (SELECT 1 FROM cases)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
