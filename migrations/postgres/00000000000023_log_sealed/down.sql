DROP TRIGGER case_events_not_emptied ON case_events;
DROP TRIGGER case_events_append_only ON case_events;
DROP INDEX case_events_replies;
DROP INDEX case_events_recorded;
DROP INDEX case_events_turns;
