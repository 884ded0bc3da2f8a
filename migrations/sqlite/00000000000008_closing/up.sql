-- When the window of a mail closes: a reminder that could not be delivered by then waits for the one of the next day.
ALTER TABLE outbox ADD COLUMN not_after TEXT;
