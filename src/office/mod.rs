//! The use cases: load, decide, commit in one transaction; authorisation; the clock of the day.
