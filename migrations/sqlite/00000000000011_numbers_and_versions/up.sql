-- Counts changes, as in organs and users: of two changes of one version only the first is made.
ALTER TABLE departments ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- counters.last needs no change: an INTEGER has 64 bits here.
