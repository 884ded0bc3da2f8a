DROP INDEX ledger_rows_of_import;
ALTER TABLE ledger_rows DROP COLUMN version;
ALTER TABLE ledger_rows DROP COLUMN import_id;
DROP TABLE ledger_imports;
