-- Open cases in the order of their last day. One that is not certain counts by its earliest.
CREATE INDEX cases_open_last_day ON cases (organ_id, coalesce(due_on, warns_on), id) WHERE is_open;
