-- Who says so: 'program' (embedded, or the directory of the settings), 'import' (an administrator). What the program brings
-- along never replaces what was imported.
ALTER TABLE calendar_years ADD COLUMN source TEXT NOT NULL DEFAULT 'import';

-- Every calendar that was ever in force, whole: a case names the one it was computed by, and can be shown by it for ever.
CREATE TABLE calendar_versions (
  region TEXT NOT NULL,                   -- '' = the whole country
  revision INTEGER NOT NULL,              -- the highest is in force
  version TEXT NOT NULL,                  -- what cases.calendar_version names; the same content has the same
  content TEXT NOT NULL,                  -- JSON: years and overlays
  applied_on TEXT NOT NULL,               -- the day in Asia/Shanghai from which it is in force
  created_by TEXT REFERENCES users (id),
  created_at TEXT NOT NULL,
  PRIMARY KEY (region, revision)
) STRICT;
CREATE INDEX calendar_versions_by_version ON calendar_versions (version);
CREATE INDEX cases_open_calendar ON cases (organ_id, calendar_version) WHERE is_open;
