DROP TRIGGER applicants_key ON applicants;
DROP FUNCTION sealed_with_the_key();
