DROP TABLE known_networks;
ALTER TABLE login_attempts DROP COLUMN lockout_id;
ALTER TABLE login_attempts DROP COLUMN refused;
DROP INDEX audit_log_by_action;
DROP INDEX audit_log_by_subject;
DROP INDEX audit_log_by_actor;
ALTER TABLE audit_log DROP COLUMN request_id;
ALTER TABLE audit_log DROP COLUMN address;
ALTER TABLE audit_log DROP COLUMN subject_id;
