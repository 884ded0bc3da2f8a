DROP INDEX cases_open_resumes;
