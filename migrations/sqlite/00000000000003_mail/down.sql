DROP TABLE feeds;
DROP TABLE mail_answers;
DROP INDEX outbox_by_recipient;
DROP INDEX outbox_by_organ;
DROP INDEX outbox_by_state;
ALTER TABLE outbox DROP COLUMN released_at;
