-- The rows are the truth for queries; case_events is the log they are folded from. Both are written in one transaction.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE organs (
  id UUID PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  parent_id UUID REFERENCES organs (id),
  reports_to UUID REFERENCES organs (id),
  path TEXT NOT NULL UNIQUE,              -- '/' || ids from the root down, each followed by '/': a subtree is a prefix
  region TEXT NOT NULL DEFAULT '',        -- name of the calendar overlay, '' = national
  settings TEXT NOT NULL DEFAULT '{}',    -- JSON of case::OrganRules, missing members take their default
  created_at TIMESTAMPTZ NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE departments (
  id UUID PRIMARY KEY,
  organ_id UUID NOT NULL REFERENCES organs (id),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  is_active BOOLEAN NOT NULL,
  UNIQUE (organ_id, code)
);

CREATE TABLE users (
  id UUID PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  email TEXT,
  kind TEXT NOT NULL,                     -- person | machine
  password_hash TEXT NOT NULL,
  department_id UUID REFERENCES departments (id),
  is_active BOOLEAN NOT NULL,
  token_epoch INTEGER NOT NULL,           -- a token of an older epoch is refused: logout, new password, new roles
  created_at TIMESTAMPTZ NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE user_roles (
  user_id UUID NOT NULL REFERENCES users (id),
  organ_id UUID NOT NULL REFERENCES organs (id),
  role TEXT NOT NULL,
  PRIMARY KEY (user_id, organ_id, role)
);
CREATE INDEX user_roles_by_organ ON user_roles (organ_id, role);

CREATE TABLE refresh_tokens (
  id UUID PRIMARY KEY,
  user_id UUID NOT NULL REFERENCES users (id),
  family UUID NOT NULL,                   -- one login; a token used twice revokes its whole family
  token_hash TEXT NOT NULL UNIQUE,
  issued_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

CREATE TABLE login_attempts (
  key TEXT PRIMARY KEY,                   -- 'user:' or 'address:' and what it names
  window_started_at TIMESTAMPTZ NOT NULL,
  failures INTEGER NOT NULL
);

CREATE TABLE applicants (
  id UUID PRIMARY KEY,
  organ_id UUID NOT NULL REFERENCES organs (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  identity_kind TEXT,
  identity_sealed BYTEA,                  -- AES-256-GCM: key id, nonce, ciphertext
  identity_index TEXT,                    -- keyed HMAC-SHA-256 of the normalised number: finds the same applicant
  contact_sealed BYTEA,                   -- JSON of telephone, e-mail, address, agent ...
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX applicants_by_identity ON applicants (organ_id, identity_index);

CREATE TABLE cases (
  id UUID PRIMARY KEY,
  organ_id UUID NOT NULL REFERENCES organs (id),
  number TEXT,                            -- 受理编号, from registration on
  source TEXT,                            -- the front-desk system that filed it, with its own number
  external_number TEXT,
  applicant_id UUID NOT NULL REFERENCES applicants (id),
  applicant_name TEXT NOT NULL,
  applicant_kind TEXT NOT NULL,
  title TEXT NOT NULL,
  channel TEXT NOT NULL,
  regime TEXT,                            -- 492 | 711, known once received_on is
  stage TEXT NOT NULL,
  is_open BOOLEAN NOT NULL,
  clock_status TEXT NOT NULL,
  submitted_on DATE NOT NULL,
  received_on DATE,
  start_on DATE,                          -- day 0 of the running period
  due_on DATE,
  resumes_on DATE,                        -- last day of a stop whose statutory limit is known
  replied_on DATE,
  closed_on DATE,
  is_late BOOLEAN NOT NULL,
  is_extended BOOLEAN NOT NULL,
  outcome TEXT,
  department_id UUID REFERENCES departments (id),
  handler_id UUID REFERENCES users (id),
  calendar_version TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (organ_id, number)
);
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
  case_id UUID NOT NULL REFERENCES cases (id),
  seq INTEGER NOT NULL,                   -- 1, 2, 3 ... without a gap
  kind TEXT NOT NULL,
  occurred_on DATE NOT NULL,
  body TEXT NOT NULL,                     -- JSON, kept byte for byte: it is what was hashed
  actor_id UUID,
  recorded_at TIMESTAMPTZ NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (case_id, seq)
);
CREATE FUNCTION case_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'case_events is append-only';
END
$$;
CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE ON case_events
  FOR EACH ROW EXECUTE FUNCTION case_events_are_append_only();

CREATE TABLE obligations (
  id UUID PRIMARY KEY,
  organ_id UUID NOT NULL REFERENCES organs (id),
  case_id UUID REFERENCES cases (id),
  key TEXT NOT NULL,                      -- what it is within its case: 'reply', 'third_party_opinion:<consultation>' ...
  kind TEXT NOT NULL,
  due_on DATE,
  status TEXT NOT NULL,                   -- open | suspended | met | cancelled
  owner_id UUID REFERENCES users (id),
  department_id UUID REFERENCES departments (id),
  article TEXT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (case_id, key)
);
CREATE INDEX obligations_open_due ON obligations (due_on) WHERE status = 'open';

CREATE TABLE counters (
  organ_id UUID NOT NULL REFERENCES organs (id),
  year INTEGER NOT NULL,
  kind TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (organ_id, year, kind)
);

CREATE TABLE idempotency_keys (
  user_id UUID NOT NULL REFERENCES users (id),
  route TEXT NOT NULL,                    -- method and path
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,              -- SHA-256 of the request body
  status INTEGER NOT NULL,
  etag TEXT,
  location TEXT,
  body TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE outbox (
  id UUID PRIMARY KEY,
  dedupe_key TEXT NOT NULL UNIQUE,        -- obligation, rule, due date and person: the guarantee of "once"
  organ_id UUID REFERENCES organs (id),
  case_id UUID REFERENCES cases (id),
  recipient_id UUID REFERENCES users (id),
  to_address TEXT NOT NULL,
  subject TEXT NOT NULL,
  message_id TEXT NOT NULL,
  message BYTEA NOT NULL,                 -- the whole mail with its Message-ID and Date: a retry sends the same bytes
  state TEXT NOT NULL,                    -- queued | sending | sent | parked
  attempts INTEGER NOT NULL,
  suspect BOOLEAN NOT NULL,               -- a sender died while it had the row: the receiver may hold two copies
  next_attempt_at TIMESTAMPTZ NOT NULL,
  lease_owner TEXT,
  lease_until TIMESTAMPTZ,
  last_reply TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  sent_at TIMESTAMPTZ
);
CREATE INDEX outbox_ready ON outbox (next_attempt_at) WHERE state IN ('queued', 'sending');

CREATE TABLE calendar_years (
  region TEXT NOT NULL,                   -- '' = the State Council's notice for the whole country
  year INTEGER NOT NULL,
  revision INTEGER NOT NULL,              -- the highest is in force
  notice TEXT NOT NULL,
  content TEXT NOT NULL,                  -- JSON of law::CalendarYear
  created_by UUID REFERENCES users (id),
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (region, year, revision)
);

CREATE TABLE audit_log (
  id UUID PRIMARY KEY,
  at TIMESTAMPTZ NOT NULL,
  actor_id UUID,
  organ_id UUID,
  case_id UUID,
  action TEXT NOT NULL,
  detail TEXT NOT NULL                    -- JSON, never personal data
);
CREATE INDEX audit_log_by_time ON audit_log (at, id);
CREATE INDEX audit_log_by_case ON audit_log (case_id, at);
