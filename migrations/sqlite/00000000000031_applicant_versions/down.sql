ALTER TABLE applicants DROP COLUMN identity_is_unverified;
DROP TABLE applicant_versions;
