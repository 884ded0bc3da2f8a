DROP VIEW effective_roles;
DROP TABLE case_transfers;
DROP TABLE organ_successions;

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
  UNIQUE (organ_id, number)
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
CREATE UNIQUE INDEX cases_by_external ON cases (organ_id, source, external_number) WHERE external_number IS NOT NULL;

DROP INDEX organs_by_successor;
ALTER TABLE organs DROP COLUMN successor_id;
ALTER TABLE organs DROP COLUMN ended_on;
