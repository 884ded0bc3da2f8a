-- A series may be set back to the numbers that are in effective use. Up to `checked_to`, where it stood before, a number may be
-- that of a void case: it is not drawn again.
ALTER TABLE counters ADD COLUMN checked_to BIGINT;
