-- Rows of ledgers that were taken in: the same row is not taken in twice.
CREATE TABLE ledger_rows (
  organ_id TEXT NOT NULL REFERENCES organs (id),
  fingerprint TEXT NOT NULL,              -- keyed hash of what the row says, and of which of its equals it is
  case_id TEXT NOT NULL REFERENCES cases (id),
  imported_at TEXT NOT NULL,
  PRIMARY KEY (organ_id, fingerprint)
) STRICT;
