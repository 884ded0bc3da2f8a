DROP TRIGGER applicants_key_insert;
DROP TRIGGER applicants_key_update;
