//! PURE. The law: calendar, clock, regimes, outcomes, fees, remedies. No I/O, no clock of its own.
