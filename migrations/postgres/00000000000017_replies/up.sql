-- A repeated application names the number of the earlier reply: looked for among the replies, one row a reply.
CREATE INDEX case_events_replies ON case_events (case_id) WHERE kind = 'reply_issued';

-- Rows and duties are derived anew once where an earlier release derived them; a database without cases has none of those.
INSERT INTO meta (key, value) SELECT 'cases.derived_by', 'served' WHERE NOT EXISTS (SELECT 1 FROM cases);
