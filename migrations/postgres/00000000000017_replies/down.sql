DROP INDEX case_events_replies;
DELETE FROM meta WHERE key = 'cases.derived_by';
