-- A void case keeps its number and the number of its filing; a case that takes its place may have them too: the same
-- ledger imported again, the same application filed again.
DROP INDEX cases_by_number;
DROP INDEX cases_by_external;
CREATE UNIQUE INDEX cases_by_number ON cases (coalesce(numbered_by, organ_id), number) WHERE stage <> 'void';
CREATE UNIQUE INDEX cases_by_external ON cases (coalesce(filed_with, organ_id), source, external_number)
  WHERE external_number IS NOT NULL AND stage <> 'void';
