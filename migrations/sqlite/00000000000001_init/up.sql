-- The rows are the truth for queries; case_events is the log they are folded from. Both are written in one transaction.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE organs (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  parent_id TEXT REFERENCES organs (id),
  reports_to TEXT REFERENCES organs (id),
  path TEXT NOT NULL UNIQUE,              -- '/' || ids from the root down, each followed by '/': a subtree is a prefix
  region TEXT NOT NULL DEFAULT '',        -- name of the calendar overlay, '' = national
  settings TEXT NOT NULL DEFAULT '{}',    -- JSON of case::OrganRules, missing members take their default
  created_at TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE departments (
  id TEXT PRIMARY KEY,
  organ_id TEXT NOT NULL REFERENCES organs (id),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  UNIQUE (organ_id, code)
) STRICT;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  email TEXT,
  kind TEXT NOT NULL,                     -- person | machine
  password_hash TEXT NOT NULL,
  department_id TEXT REFERENCES departments (id),
  is_active INTEGER NOT NULL,
  token_epoch INTEGER NOT NULL,           -- a token of an older epoch is refused: logout, new password, new roles
  created_at TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE user_roles (
  user_id TEXT NOT NULL REFERENCES users (id),
  organ_id TEXT NOT NULL REFERENCES organs (id),
  role TEXT NOT NULL,
  PRIMARY KEY (user_id, organ_id, role)
) STRICT;
CREATE INDEX user_roles_by_organ ON user_roles (organ_id, role);

CREATE TABLE refresh_tokens (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  family TEXT NOT NULL,                   -- one login; a token used twice revokes its whole family
  token_hash TEXT NOT NULL UNIQUE,
  issued_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT,
  revoked_at TEXT
) STRICT;
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

CREATE TABLE login_attempts (
  key TEXT PRIMARY KEY,                   -- 'user:' or 'address:' and what it names
  window_started_at TEXT NOT NULL,
  failures INTEGER NOT NULL
) STRICT;

CREATE TABLE applicants (
  id TEXT PRIMARY KEY,
  organ_id TEXT NOT NULL REFERENCES organs (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  identity_kind TEXT,
  identity_sealed BLOB,                  -- AES-256-GCM: key id, nonce, ciphertext
  identity_index TEXT,                    -- keyed HMAC-SHA-256 of the normalised number: finds the same applicant
  contact_sealed BLOB,                   -- JSON of telephone, e-mail, address, agent ...
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX applicants_by_identity ON applicants (organ_id, identity_index);

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
  UNIQUE (organ_id, number)
) STRICT;
CREATE UNIQUE INDEX cases_by_external ON cases (organ_id, source, external_number) WHERE external_number IS NOT NULL;
CREATE INDEX cases_filed ON cases (organ_id, source, updated_at, id) WHERE external_number IS NOT NULL;
CREATE INDEX cases_page ON cases (organ_id, created_at DESC, id DESC);
CREATE INDEX cases_open_due ON cases (organ_id, due_on, id) WHERE is_open;
CREATE INDEX cases_open_page ON cases (organ_id, created_at DESC, id DESC) WHERE is_open;
CREATE INDEX cases_open_handler ON cases (handler_id, due_on) WHERE is_open;
CREATE INDEX cases_received ON cases (organ_id, received_on);
CREATE INDEX cases_late ON cases (organ_id, replied_on) WHERE is_late;
CREATE INDEX cases_applicant ON cases (applicant_id);

CREATE TABLE case_events (
  case_id TEXT NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,                   -- 1, 2, 3 ... without a gap
  kind TEXT NOT NULL,
  occurred_on TEXT NOT NULL,
  body TEXT NOT NULL,                     -- JSON, kept byte for byte: it is what was hashed
  actor_id TEXT,
  recorded_at TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (case_id, seq)
) STRICT;
CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE TRIGGER case_events_no_delete BEFORE DELETE ON case_events
BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;

CREATE TABLE obligations (
  id TEXT PRIMARY KEY,
  organ_id TEXT NOT NULL REFERENCES organs (id),
  case_id TEXT REFERENCES cases (id),
  key TEXT NOT NULL,                      -- what it is within its case: 'reply', 'third_party_opinion:<consultation>' ...
  kind TEXT NOT NULL,
  due_on TEXT,
  status TEXT NOT NULL,                   -- open | suspended | met | cancelled
  owner_id TEXT REFERENCES users (id),
  department_id TEXT REFERENCES departments (id),
  article TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (case_id, key)
) STRICT;
CREATE INDEX obligations_open_due ON obligations (due_on) WHERE status = 'open';

CREATE TABLE counters (
  organ_id TEXT NOT NULL REFERENCES organs (id),
  year INTEGER NOT NULL,
  kind TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (organ_id, year, kind)
) STRICT;

CREATE TABLE idempotency_keys (
  user_id TEXT NOT NULL REFERENCES users (id),
  route TEXT NOT NULL,                    -- method and path
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,              -- SHA-256 of the request body
  status INTEGER NOT NULL,
  etag TEXT,
  location TEXT,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (user_id, route, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  dedupe_key TEXT NOT NULL UNIQUE,        -- obligation, rule, due date and person: the guarantee of "once"
  organ_id TEXT REFERENCES organs (id),
  case_id TEXT REFERENCES cases (id),
  recipient_id TEXT REFERENCES users (id),
  to_address TEXT NOT NULL,
  subject TEXT NOT NULL,
  message_id TEXT NOT NULL,
  message BLOB NOT NULL,                 -- the whole mail with its Message-ID and Date: a retry sends the same bytes
  state TEXT NOT NULL,                    -- queued | sending | sent | parked
  attempts INTEGER NOT NULL,
  suspect INTEGER NOT NULL,               -- a sender died while it had the row: the receiver may hold two copies
  next_attempt_at TEXT NOT NULL,
  lease_owner TEXT,
  lease_until TEXT,
  last_reply TEXT,
  created_at TEXT NOT NULL,
  sent_at TEXT
) STRICT;
CREATE INDEX outbox_ready ON outbox (next_attempt_at) WHERE state IN ('queued', 'sending');

CREATE TABLE calendar_years (
  region TEXT NOT NULL,                   -- '' = the State Council's notice for the whole country
  year INTEGER NOT NULL,
  revision INTEGER NOT NULL,              -- the highest is in force
  notice TEXT NOT NULL,
  content TEXT NOT NULL,                  -- JSON of law::CalendarYear
  created_by TEXT REFERENCES users (id),
  created_at TEXT NOT NULL,
  PRIMARY KEY (region, year, revision)
) STRICT;

CREATE TABLE audit_log (
  id TEXT PRIMARY KEY,
  at TEXT NOT NULL,
  actor_id TEXT,
  organ_id TEXT,
  case_id TEXT,
  action TEXT NOT NULL,
  detail TEXT NOT NULL                    -- JSON, never personal data
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at, id);
CREATE INDEX audit_log_by_case ON audit_log (case_id, at);
