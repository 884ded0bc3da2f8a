-- 督办单 with their record, and the subject tags of cases.

CREATE TABLE supervision_orders (
  id UUID PRIMARY KEY,
  number TEXT NOT NULL,                   -- one series per issuing organ and year
  organ_id UUID NOT NULL REFERENCES organs (id),          -- the organ that has to answer
  case_id UUID REFERENCES cases (id),
  department_id UUID REFERENCES departments (id),         -- named by the issuer; none: whoever has the case
  obligation_id UUID NOT NULL REFERENCES obligations (id),
  issuer_id UUID NOT NULL REFERENCES users (id),
  issuer_organ_id UUID NOT NULL REFERENCES organs (id),   -- where the issuer holds the role it was issued by
  issuer_role TEXT NOT NULL,
  text TEXT NOT NULL,
  article TEXT NOT NULL,
  issued_on DATE NOT NULL,
  due_on DATE NOT NULL,
  status TEXT NOT NULL,                   -- open | answered | closed | cancelled
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (issuer_organ_id, number),
  CHECK (case_id IS NOT NULL OR department_id IS NOT NULL)
);
CREATE INDEX supervision_orders_page ON supervision_orders (organ_id, id DESC);
CREATE INDEX supervision_orders_of_case ON supervision_orders (case_id) WHERE case_id IS NOT NULL;

CREATE TABLE supervision_order_steps (
  order_id UUID NOT NULL REFERENCES supervision_orders (id),
  seq INTEGER NOT NULL,                   -- 1, 2, 3 ... : the version of the order it made
  act TEXT NOT NULL,                      -- issue | answer | return | close | cancel
  acted_on DATE NOT NULL,
  actor_id UUID NOT NULL REFERENCES users (id),
  text TEXT,
  due_on DATE,                            -- the day to answer that this step set
  recorded_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (order_id, seq)
);
CREATE FUNCTION supervision_order_steps_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'supervision_order_steps is append-only';
END
$$;
CREATE TRIGGER supervision_order_steps_append_only BEFORE UPDATE OR DELETE ON supervision_order_steps
  FOR EACH ROW EXECUTE FUNCTION supervision_order_steps_are_append_only();

CREATE TABLE case_tags (
  case_id UUID NOT NULL REFERENCES cases (id),
  tag TEXT NOT NULL,
  tagged_by UUID NOT NULL REFERENCES users (id),
  tagged_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (case_id, tag)
);
CREATE INDEX case_tags_by_tag ON case_tags (tag, case_id);

CREATE INDEX applicants_by_name ON applicants (organ_id, name);
