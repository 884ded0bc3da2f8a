-- Stops whose last lawful day has passed: looked for every hour, before each reminder pass and by each overdue list.
CREATE INDEX cases_open_resumes ON cases (resumes_on, id) WHERE is_open AND resumes_on IS NOT NULL;
