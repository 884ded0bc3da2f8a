-- Organs end, and another one answers for them (国办公开办函〔2019〕14号). Their open cases go over; what is closed stays where it
-- was, and is read and finished by the successor's people.

ALTER TABLE organs ADD COLUMN ended_on TEXT;
ALTER TABLE organs ADD COLUMN successor_id TEXT REFERENCES organs (id); -- who answers for it today: the end of the line
CREATE INDEX organs_by_successor ON organs (successor_id) WHERE successor_id IS NOT NULL;

-- Every reference to a case is checked again as the rows come back; without these each check reads a whole table.
CREATE INDEX rebuild_supervision_orders ON supervision_orders (case_id);
CREATE INDEX rebuild_outbox ON outbox (case_id);
CREATE INDEX rebuild_ledger_rows ON ledger_rows (case_id);
CREATE INDEX rebuild_case_tags ON case_tags (case_id);
PRAGMA defer_foreign_keys = ON;
CREATE TABLE cases_before AS SELECT * FROM cases;
DROP TABLE cases;

CREATE TABLE cases (
  id TEXT PRIMARY KEY,
  organ_id TEXT NOT NULL REFERENCES organs (id),
  number TEXT,                            -- 受理编号, from registration on
  source TEXT,                            -- the front-desk system that filed it, with its own number
  external_number TEXT,
  applicant_id TEXT NOT NULL REFERENCES applicants (id),
  applicant_name TEXT NOT NULL,
  applicant_kind TEXT NOT NULL,
  title TEXT NOT NULL,
  channel TEXT NOT NULL,
  regime TEXT,                            -- 492 | 711, known once received_on is
  stage TEXT NOT NULL,
  is_open INTEGER NOT NULL,
  clock_status TEXT NOT NULL,
  submitted_on TEXT NOT NULL,
  received_on TEXT,
  start_on TEXT,                          -- day 0 of the running period
  due_on TEXT,
  resumes_on TEXT,                        -- last day of a stop whose statutory limit is known
  replied_on TEXT,
  closed_on TEXT,
  is_late INTEGER NOT NULL,
  is_extended INTEGER NOT NULL,
  outcome TEXT,
  department_id TEXT REFERENCES departments (id),
  handler_id TEXT REFERENCES users (id),
  calendar_version TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  warns_on TEXT,
  latest_on TEXT,
  filed_with TEXT REFERENCES organs (id), -- the organ it was filed with, if that is another one: external_number is unique there
  numbered_by TEXT REFERENCES organs (id) -- the organ whose series the number is of, if that is another one
) STRICT;
INSERT INTO cases (
  id, organ_id, number, source, external_number, applicant_id, applicant_name, applicant_kind, title, channel,
  regime, stage, is_open, clock_status, submitted_on, received_on, start_on, due_on, resumes_on, replied_on,
  closed_on, is_late, is_extended, outcome, department_id, handler_id, calendar_version, version, created_at,
  updated_at, warns_on, latest_on
) SELECT
  id, organ_id, number, source, external_number, applicant_id, applicant_name, applicant_kind, title, channel,
  regime, stage, is_open, clock_status, submitted_on, received_on, start_on, due_on, resumes_on, replied_on,
  closed_on, is_late, is_extended, outcome, department_id, handler_id, calendar_version, version, created_at,
  updated_at, warns_on, latest_on
  FROM cases_before;
DROP TABLE cases_before;
DROP INDEX rebuild_supervision_orders;
DROP INDEX rebuild_outbox;
DROP INDEX rebuild_ledger_rows;
DROP INDEX rebuild_case_tags;

CREATE INDEX cases_filed ON cases (organ_id, source, updated_at, id) WHERE external_number IS NOT NULL;
CREATE INDEX cases_page ON cases (organ_id, created_at DESC, id DESC);
CREATE INDEX cases_open_due ON cases (organ_id, due_on, id) WHERE is_open;
CREATE INDEX cases_open_page ON cases (organ_id, created_at DESC, id DESC) WHERE is_open;
CREATE INDEX cases_open_handler ON cases (handler_id, due_on) WHERE is_open;
CREATE INDEX cases_received ON cases (organ_id, received_on);
CREATE INDEX cases_late ON cases (organ_id, replied_on) WHERE is_late;
CREATE INDEX cases_applicant ON cases (applicant_id);
CREATE INDEX cases_open_calendar ON cases (organ_id, calendar_version) WHERE is_open;
CREATE INDEX cases_open_warns ON cases (organ_id, warns_on, id) WHERE is_open;
CREATE INDEX cases_closed ON cases (organ_id, closed_on);
CREATE INDEX cases_open_resumes ON cases (resumes_on, id) WHERE is_open AND resumes_on IS NOT NULL;
CREATE INDEX cases_open_gap ON cases (id) WHERE is_open AND clock_status = 'gap';
-- Two organs may have given the same number, and one of them may have both cases now.
CREATE UNIQUE INDEX cases_by_number ON cases (coalesce(numbered_by, organ_id), number);
CREATE UNIQUE INDEX cases_by_external ON cases (coalesce(filed_with, organ_id), source, external_number)
  WHERE external_number IS NOT NULL;
CREATE INDEX cases_named ON cases (organ_id, number);

CREATE TABLE organ_successions (
  organ_id TEXT PRIMARY KEY REFERENCES organs (id),
  successor_id TEXT NOT NULL REFERENCES organs (id),
  ended_on TEXT NOT NULL,
  reason TEXT NOT NULL,
  basis TEXT,                             -- the decision it rests on, with its number
  recorded_by TEXT NOT NULL REFERENCES users (id),
  recorded_at TEXT NOT NULL
) STRICT;

CREATE TABLE case_transfers (
  case_id TEXT NOT NULL REFERENCES cases (id),
  n INTEGER NOT NULL,                     -- 1, 2, 3 ...
  from_organ_id TEXT NOT NULL REFERENCES organs (id),
  to_organ_id TEXT NOT NULL REFERENCES organs (id),
  seq INTEGER NOT NULL,                   -- the last event of the case before it
  transferred_on TEXT NOT NULL,
  reason TEXT NOT NULL,
  recorded_by TEXT REFERENCES users (id), -- none: reopened by a decision, and gone over with it
  recorded_at TEXT NOT NULL,
  PRIMARY KEY (case_id, n)
) STRICT;
CREATE TRIGGER organ_successions_no_update BEFORE UPDATE ON organ_successions
BEGIN SELECT RAISE(ABORT, 'organ_successions is append-only'); END;
CREATE TRIGGER organ_successions_no_delete BEFORE DELETE ON organ_successions
BEGIN SELECT RAISE(ABORT, 'organ_successions is append-only'); END;
CREATE TRIGGER case_transfers_no_update BEFORE UPDATE ON case_transfers
BEGIN SELECT RAISE(ABORT, 'case_transfers is append-only'); END;
CREATE TRIGGER case_transfers_no_delete BEFORE DELETE ON case_transfers
BEGIN SELECT RAISE(ABORT, 'case_transfers is append-only'); END;

-- The roles in an organ are also roles in the organs it succeeded.
CREATE VIEW effective_roles AS
  SELECT user_id, organ_id, role FROM user_roles
  UNION ALL
  SELECT r.user_id, o.id, r.role FROM organs o JOIN user_roles r ON r.organ_id = o.successor_id;
