-- Imports of ledgers: each has an id, and each case of it knows it. The rows of imports before this migration have none.
CREATE TABLE ledger_imports (
  id UUID NOT NULL PRIMARY KEY,
  organ_id UUID NOT NULL REFERENCES organs (id),
  file_name TEXT,                         -- as the person called it; none if it was not given
  format TEXT NOT NULL,                   -- of the file, as the import report names it
  file_rows BIGINT NOT NULL,              -- rows of the file that are cases, taken or not
  imported_by UUID REFERENCES users (id), -- none for the command line
  imported_at TIMESTAMPTZ NOT NULL,
  undone_by UUID REFERENCES users (id),
  undone_at TIMESTAMPTZ,
  undone_reason TEXT
);
CREATE INDEX ledger_imports_of_organ ON ledger_imports (organ_id, id);
ALTER TABLE ledger_rows ADD COLUMN import_id UUID REFERENCES ledger_imports (id);
ALTER TABLE ledger_rows ADD COLUMN version BIGINT; -- of the case as it was imported
CREATE INDEX ledger_rows_of_import ON ledger_rows (import_id, case_id);
