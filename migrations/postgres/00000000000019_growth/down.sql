DROP TRIGGER audit_log_tally ON audit_log;
DROP FUNCTION tally_alarm();
DROP TRIGGER reminder_steps_tally ON reminder_steps;
DROP FUNCTION tally_missed();
DROP TRIGGER outbox_tally_changed ON outbox;
DROP TRIGGER outbox_tally_added ON outbox;
DROP FUNCTION tally_mail();
DROP TABLE tallies;
DROP INDEX outbox_with_bytes;
ALTER TABLE outbox DROP COLUMN message_sha256;
DROP INDEX login_attempts_by_start;
DROP INDEX refresh_tokens_by_end;
DROP INDEX audit_log_of_actor;
DROP INDEX audit_log_by_organ;
DROP INDEX outbox_by_address;
DROP INDEX IF EXISTS cases_by_text; -- the extension stays: others may use it
DROP INDEX cases_open_gap;
DROP INDEX obligations_open_organ;
DROP INDEX obligations_open_owner;
