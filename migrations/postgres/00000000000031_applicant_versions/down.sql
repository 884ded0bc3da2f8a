ALTER TABLE applicants DROP COLUMN identity_is_unverified;
DROP TABLE applicant_versions;
DROP FUNCTION applicant_versions_are_append_only();
DROP FUNCTION version_sealed_with_the_key();
