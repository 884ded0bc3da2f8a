DROP TABLE ledger_rows;
