-- What grows for ever is found by an index, or counted as it comes.

-- Duties by the calendars that show them.
CREATE INDEX obligations_open_owner ON obligations (owner_id, due_on) WHERE status = 'open';
CREATE INDEX obligations_open_organ ON obligations (organ_id, due_on) WHERE status = 'open';
-- The open cases that need a calendar which is not published.
CREATE INDEX cases_open_gap ON cases (id) WHERE is_open AND clock_status = 'gap';
-- The answers of one mailbox.
CREATE INDEX outbox_by_address ON outbox (to_address, id);
-- The log of an organ or of a person, the newest first.
CREATE INDEX audit_log_by_organ ON audit_log (organ_id, at, id);
CREATE INDEX audit_log_of_actor ON audit_log (actor_id, at, id);
-- What is forgotten when its time is over.
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
CREATE INDEX login_attempts_by_start ON login_attempts (window_started_at);

-- Search by a part of a text (`q=`) has no index here: trigrams of FTS5 do not find two characters, and are written at the cost of
-- every case.

-- The SHA-256 of the bytes of an old mail; they themselves are then empty.
ALTER TABLE outbox ADD COLUMN message_sha256 TEXT;
CREATE INDEX outbox_with_bytes ON outbox (coalesce(sent_at, created_at))
  WHERE state NOT IN ('queued', 'sending', 'parked') AND message_sha256 IS NULL;

-- Figures over all history: each change adds a row, and the rows are summed up hourly. No two changes wait for one counter.
CREATE TABLE tallies (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,                     -- mail.sent | mail.cancelled | reminders.missed | personal_data.alarms
  n INTEGER NOT NULL
) STRICT;
INSERT INTO tallies (name, n)
  SELECT 'mail.' || state, count(*) FROM outbox WHERE state IN ('sent', 'cancelled') GROUP BY state;
INSERT INTO tallies (name, n) SELECT 'reminders.missed', coalesce(sum(missed), 0) FROM reminder_steps;
INSERT INTO tallies (name, n) SELECT 'personal_data.alarms', count(*) FROM audit_log WHERE action IN
  ('alarm.reveals_half', 'alarm.reveals_limit', 'alarm.clear_ledgers_half', 'alarm.clear_ledgers_limit');

CREATE TRIGGER outbox_tally_added AFTER INSERT ON outbox WHEN NEW.state IN ('sent', 'cancelled')
BEGIN INSERT INTO tallies (name, n) VALUES ('mail.' || NEW.state, 1); END;
CREATE TRIGGER outbox_tally_removed AFTER DELETE ON outbox WHEN OLD.state IN ('sent', 'cancelled')
BEGIN INSERT INTO tallies (name, n) VALUES ('mail.' || OLD.state, -1); END;
CREATE TRIGGER outbox_tally_reached AFTER UPDATE OF state ON outbox
  WHEN OLD.state <> NEW.state AND NEW.state IN ('sent', 'cancelled')
BEGIN INSERT INTO tallies (name, n) VALUES ('mail.' || NEW.state, 1); END;
CREATE TRIGGER outbox_tally_left AFTER UPDATE OF state ON outbox
  WHEN OLD.state <> NEW.state AND OLD.state IN ('sent', 'cancelled')
BEGIN INSERT INTO tallies (name, n) VALUES ('mail.' || OLD.state, -1); END;

CREATE TRIGGER reminder_steps_tally_added AFTER INSERT ON reminder_steps WHEN NEW.missed <> 0
BEGIN INSERT INTO tallies (name, n) VALUES ('reminders.missed', NEW.missed); END;
CREATE TRIGGER reminder_steps_tally_removed AFTER DELETE ON reminder_steps WHEN OLD.missed <> 0
BEGIN INSERT INTO tallies (name, n) VALUES ('reminders.missed', -OLD.missed); END;
CREATE TRIGGER reminder_steps_tally_changed AFTER UPDATE OF missed ON reminder_steps WHEN OLD.missed <> NEW.missed
BEGIN INSERT INTO tallies (name, n) VALUES ('reminders.missed', NEW.missed - OLD.missed); END;

CREATE TRIGGER audit_log_tally AFTER INSERT ON audit_log
  WHEN NEW.action IN ('alarm.reveals_half', 'alarm.reveals_limit', 'alarm.clear_ledgers_half', 'alarm.clear_ledgers_limit')
BEGIN INSERT INTO tallies (name, n) VALUES ('personal_data.alarms', 1); END;
