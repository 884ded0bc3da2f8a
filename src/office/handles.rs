//! The use cases by feature: `office.cases()`, `office.reports()`, one handle a room.
//!
//! A handle borrows the [`Office`] and derefs to it, so that its methods reach the store, the clock and the other rooms.

use super::Office;
use std::ops::Deref;

macro_rules! handles {
    ($($(#[doc = $doc:literal])+ $method:ident: $handle:ident;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy)]
            pub struct $handle<'a>(&'a Office);

            impl Deref for $handle<'_> {
                type Target = Office;

                fn deref(&self) -> &Office {
                    self.0
                }
            }
        )+

        impl Office {
            $(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $method(&self) -> $handle<'_> {
                    $handle(self)
                }
            )+
        }
    };
}

handles! {
    /// The working-day calendars: which is in force, a change of one, and the check of every date that rests on it.
    calendars: WorkCalendars;
    /// Cases: filing, commands, queries, applicants, repeat requests and exports.
    cases: Cases;
    /// The audit log, and the check that nothing stored was changed behind the service.
    evidence: Evidence;
    /// The front desk (窗口/网站收件系统): filing by machine, and what became of what it filed.
    intake: Intake;
    /// 台账: import and export.
    ledger: Ledgers;
    /// Outgoing mail, as administrators see it.
    mail: OutgoingMail;
    /// Users, roles, organs, departments, and signing in.
    people: People;
    /// Reminders, their settings, and calendar feeds.
    reminders: Reminders;
    /// 年度报告 and statistics.
    reports: Reports;
    /// Retries, readiness, and what else serves the service itself.
    service: Service;
    /// Overdue lists, the overview and orders (督办单).
    supervision: Supervision;
}
