DROP INDEX case_events_recorded;
DROP INDEX case_events_turns;
DROP INDEX cases_closed;
DROP TABLE report_snapshots;
DROP FUNCTION report_snapshots_are_append_only;
DROP TABLE report_figures;
