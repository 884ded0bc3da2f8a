DROP INDEX obligations_of_organ;
DROP TABLE annual_reports;
DROP TABLE reminder_steps;
DROP TABLE mail_preferences;
DROP TABLE reminder_settings;
ALTER TABLE departments DROP COLUMN head_id;
