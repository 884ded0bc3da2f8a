-- 督办单 with their record, and the subject tags of cases.

CREATE TABLE supervision_orders (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL,                   -- one series per issuing organ and year
  organ_id TEXT NOT NULL REFERENCES organs (id),          -- the organ that has to answer
  case_id TEXT REFERENCES cases (id),
  department_id TEXT REFERENCES departments (id),         -- named by the issuer; none: whoever has the case
  obligation_id TEXT NOT NULL REFERENCES obligations (id),
  issuer_id TEXT NOT NULL REFERENCES users (id),
  issuer_organ_id TEXT NOT NULL REFERENCES organs (id),   -- where the issuer holds the role it was issued by
  issuer_role TEXT NOT NULL,
  text TEXT NOT NULL,
  article TEXT NOT NULL,
  issued_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  status TEXT NOT NULL,                   -- open | answered | closed | cancelled
  version INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (issuer_organ_id, number),
  CHECK (case_id IS NOT NULL OR department_id IS NOT NULL)
) STRICT;
CREATE INDEX supervision_orders_page ON supervision_orders (organ_id, id DESC);
CREATE INDEX supervision_orders_of_case ON supervision_orders (case_id) WHERE case_id IS NOT NULL;

CREATE TABLE supervision_order_steps (
  order_id TEXT NOT NULL REFERENCES supervision_orders (id),
  seq INTEGER NOT NULL,                   -- 1, 2, 3 ... : the version of the order it made
  act TEXT NOT NULL,                      -- issue | answer | return | close | cancel
  acted_on TEXT NOT NULL,
  actor_id TEXT NOT NULL REFERENCES users (id),
  text TEXT,
  due_on TEXT,                            -- the day to answer that this step set
  recorded_at TEXT NOT NULL,
  PRIMARY KEY (order_id, seq)
) STRICT;
CREATE TRIGGER supervision_order_steps_no_update BEFORE UPDATE ON supervision_order_steps
BEGIN SELECT RAISE(ABORT, 'supervision_order_steps is append-only'); END;
CREATE TRIGGER supervision_order_steps_no_delete BEFORE DELETE ON supervision_order_steps
BEGIN SELECT RAISE(ABORT, 'supervision_order_steps is append-only'); END;

CREATE TABLE case_tags (
  case_id TEXT NOT NULL REFERENCES cases (id),
  tag TEXT NOT NULL,
  tagged_by TEXT NOT NULL REFERENCES users (id),
  tagged_at TEXT NOT NULL,
  PRIMARY KEY (case_id, tag)
) STRICT;
CREATE INDEX case_tags_by_tag ON case_tags (tag, case_id);

CREATE INDEX applicants_by_name ON applicants (organ_id, name);
