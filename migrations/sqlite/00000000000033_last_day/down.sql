DROP INDEX cases_open_last_day;
