-- Reminders: the section head, an organ's own policies, a person's choices and absences, what each mail says, and the
-- publication of annual reports.

ALTER TABLE departments ADD COLUMN head_id UUID REFERENCES users (id); -- 科室负责人

CREATE TABLE reminder_settings (
  organ_id UUID PRIMARY KEY REFERENCES organs (id),
  content TEXT NOT NULL                   -- JSON of mail::settings::OrganReminders; no row: everything by default
);

CREATE TABLE mail_preferences (
  user_id UUID PRIMARY KEY REFERENCES users (id),
  is_digest BOOLEAN NOT NULL,             -- one mail a day instead of single ones
  absent_from DATE,                       -- the last absence, both days included; it stays after its end
  absent_until DATE,
  deputy_id UUID REFERENCES users (id)
);

CREATE TABLE reminder_steps (
  key TEXT PRIMARY KEY,                   -- obligation, rule, due date and person: the guarantee of "once"
  mail_key TEXT NOT NULL,                 -- outbox.dedupe_key of the mail that says it; a digest says several
  obligation_id UUID NOT NULL REFERENCES obligations (id),
  due_on DATE NOT NULL,
  told_for DATE NOT NULL,                 -- the day the mail is written for; not sent by then, it is withdrawn
  missed INTEGER NOT NULL                 -- reminder days it makes good
);
CREATE INDEX reminder_steps_by_mail ON reminder_steps (mail_key);
INSERT INTO reminder_steps (key, mail_key, obligation_id, due_on, told_for, missed)
  SELECT m.dedupe_key, m.dedupe_key, o.id, o.due_on, (m.created_at AT TIME ZONE 'Asia/Shanghai')::date, 0
  FROM outbox m JOIN obligations o ON o.id::text = substr(m.dedupe_key, 8, 36)
  WHERE m.dedupe_key LIKE 'remind/%' AND o.due_on IS NOT NULL;

CREATE TABLE annual_reports (
  organ_id UUID NOT NULL REFERENCES organs (id),
  year INTEGER NOT NULL,                  -- the year reported on
  published_on DATE NOT NULL,
  recorded_by UUID REFERENCES users (id),
  recorded_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (organ_id, year)
);
-- UNIQUE (case_id, key) says nothing about duties without a case.
CREATE UNIQUE INDEX obligations_of_organ ON obligations (organ_id, key) WHERE case_id IS NULL;
