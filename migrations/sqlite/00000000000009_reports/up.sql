-- The annual report: what the office enters, what was published, and the ways to count.

CREATE TABLE report_figures (
  organ_id TEXT NOT NULL REFERENCES organs (id),
  year INTEGER NOT NULL,
  body TEXT NOT NULL,                     -- JSON: table two and the parts the office writes
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL REFERENCES users (id),
  updated_at TEXT NOT NULL,
  PRIMARY KEY (organ_id, year)
) STRICT;

-- What was published, kept as it was.
CREATE TABLE report_snapshots (
  organ_id TEXT NOT NULL REFERENCES organs (id),
  year INTEGER NOT NULL,
  with_subordinates INTEGER NOT NULL,
  body TEXT NOT NULL,                     -- JSON: the whole report
  taken_by TEXT REFERENCES users (id),
  taken_at TEXT NOT NULL,
  PRIMARY KEY (organ_id, year)
) STRICT;
CREATE TRIGGER report_snapshots_no_update BEFORE UPDATE ON report_snapshots
BEGIN SELECT RAISE(ABORT, 'report_snapshots is append-only'); END;
CREATE TRIGGER report_snapshots_no_delete BEFORE DELETE ON report_snapshots
BEGIN SELECT RAISE(ABORT, 'report_snapshots is append-only'); END;

-- Counting asks by the day of the end as often as by the day of receipt.
CREATE INDEX cases_closed ON cases (organ_id, closed_on);
-- The few events by which a case is more than its row says.
CREATE INDEX case_events_turns ON case_events (case_id, seq)
  WHERE kind IN ('remedy_opened', 'remedy_decided', 'split', 'linked', 'fee_notified', 'fee_paid');
-- What was recorded of old cases since a report was published.
CREATE INDEX case_events_recorded ON case_events (recorded_at);
