DROP INDEX applicants_by_name;
DROP TABLE case_tags;
DROP TABLE supervision_order_steps;
DROP TABLE supervision_orders;
DROP FUNCTION supervision_order_steps_are_append_only;
