DROP INDEX cases_by_number;
DROP INDEX cases_by_external;
CREATE UNIQUE INDEX cases_by_number ON cases (coalesce(numbered_by, organ_id), number);
CREATE UNIQUE INDEX cases_by_external ON cases (coalesce(filed_with, organ_id), source, external_number)
  WHERE external_number IS NOT NULL;
