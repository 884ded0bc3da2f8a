-- Whom an entry is about, and where the request came from.
ALTER TABLE audit_log ADD COLUMN subject_id TEXT;
ALTER TABLE audit_log ADD COLUMN address TEXT;
ALTER TABLE audit_log ADD COLUMN request_id TEXT;
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, action, at);
CREATE INDEX audit_log_by_subject ON audit_log (subject_id, at);
CREATE INDEX audit_log_by_action ON audit_log (action, at);

-- Attempts that were refused unseen, and the entry of the audit log that says when this began.
ALTER TABLE login_attempts ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE login_attempts ADD COLUMN lockout_id TEXT;

-- Networks from which a user has signed in.
CREATE TABLE known_networks (
  user_id TEXT NOT NULL REFERENCES users (id),
  network TEXT NOT NULL,                  -- keyed hash of user and network
  last_at TEXT NOT NULL,
  PRIMARY KEY (user_id, network)
) STRICT;
