DROP TRIGGER case_events_no_delete;
DROP TRIGGER case_events_no_update;
DROP INDEX case_events_replies;
DROP INDEX case_events_recorded;
DROP INDEX case_events_turns;
