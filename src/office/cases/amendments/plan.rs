//! What a log becomes when it is amended, and whether the leader has to confirm it.

use crate::case::amendment::{Ask, Asked, Basis, EntryChange, Fault, Redecided, Step, redecide};
use crate::case::{AmendmentCause, Case, Event, NotAllowed, Reply, Role, Standing, as_it_stood, fold, position};
use crate::office::cases::case_file::{CaseFile, derive_row};
use crate::office::people::access::Authority;
use crate::office::{Caller, Cases, FieldError, OfficeError};
use crate::store::UserId;
use crate::store::cases::CaseRow;
use chrono::NaiveDate;
use std::sync::Arc;

/// Who asks for an amendment.
#[derive(Debug, Clone, Copy)]
pub(in crate::office) struct Asker {
    user: UserId,
    is_head: bool,
}

impl Asker {
    pub(in crate::office) fn of(caller: &Caller, authority: &Authority) -> Self {
        Self { user: caller.user_id, is_head: authority.roles.contains(&Role::OfficeHead) }
    }
}

/// The case that carries on the application of one that was recorded twice.
pub(super) struct Replacing {
    /// Its row.
    pub row: CaseRow,
    /// Whether it has the applicant of the other.
    pub is_same_applicant: bool,
}

/// A case and what it becomes.
pub(in crate::office) struct Plan {
    /// As it is.
    pub before: CaseFile,
    /// As it becomes, not yet written.
    pub after: CaseFile,
    /// The steps that are other ones, and the events in effect.
    pub redecided: Redecided,
    /// Why it needs the leader.
    pub because: Vec<AmendmentCause>,
}

impl Cases<'_> {
    /// What the case becomes. `asker` is the person whose own earlier entries need the leader; `None` when the leader has
    /// confirmed.
    pub(in crate::office) fn plan(
        &self,
        file: CaseFile,
        steps: &[Step],
        entries: &[EntryChange],
        asker: Option<Asker>,
    ) -> Result<Plan, OfficeError> {
        let asked = asked(entries)?;
        let today = self.clock().today();
        let basis = Basis { today, calendar: &file.desk.calendar, rules: &file.desk.rules };
        let redecided = redecide(steps, &asked, &basis).map_err(|fault| refused(&fault, entries))?;
        let mut case = fold(&redecided.events).ok_or_else(|| OfficeError::Internal("nothing is left".into()))?;
        case.version = file.case.version;
        let mut after = CaseFile { case, ..file.clone() };
        if !file.case.stage.is_open() && after.case.stage.is_open() {
            // Open again: the period follows the calendar now in force.
            after.desk.calendar = Arc::clone(&file.running);
        }
        derive_row(&mut after, today);
        let because = asker.map(|asker| self.because(&file, &after, steps, &asked, asker)).unwrap_or_default();
        Ok(Plan { before: file, after, redecided, because })
    }

    fn because(
        &self,
        before: &CaseFile,
        after: &CaseFile,
        steps: &[Step],
        asked: &Asked,
        asker: Asker,
    ) -> Vec<AmendmentCause> {
        let today = self.clock().today();
        let is_own_earlier = |step: &&Step| {
            asker.is_head
                && asked.contains_key(&step.seq())
                && step.actor() == Some(asker.user.0)
                && step.recorded.first().is_some_and(|first| first.recorded_on < today)
        };
        let was_sent = before.case.reply.as_ref().is_some_and(Reply::is_sent);
        let mut because = Vec::new();
        if steps.iter().any(|step| is_own_earlier(&step)) {
            because.push(AmendmentCause::OwnEarlierEntry);
        }
        if is_late(before, today) && !is_late(after, today) {
            because.push(AmendmentCause::LateBecomesInTime);
        }
        let is_reviewed =
            |(place, step): (usize, &Step)| asked.contains_key(&step.seq()) && is_reviewed_proposal(steps, place);
        if steps.iter().enumerate().any(is_reviewed) {
            because.push(AmendmentCause::ReviewedProposalChanges);
        }
        let outcome_changes = was_sent && before.case.outcome.is_some() && before.case.outcome != after.case.outcome;
        if outcome_changes || an_earlier_outcome_changes(&before.case, &after.case) {
            because.push(AmendmentCause::OutcomeChanges);
        }
        because
    }

    /// Why the leader has to confirm that a case becomes void. A case that was recorded twice hides no lateness
    /// if the one that carries the application on has the same applicant, is due no later, and is open or was replied to.
    pub(super) fn because_void(
        &self,
        file: &CaseFile,
        events: &[Event],
        replaced_by: Option<&Replacing>,
    ) -> Vec<AmendmentCause> {
        let shows_the_lateness = |other: &Replacing| {
            let row = &other.row;
            let is_due_no_later = row.due_on.is_some() && row.due_on <= file.row.due_on;
            other.is_same_applicant && is_due_no_later && (row.is_open || row.replied_on.is_some())
        };
        let was_sent = file.case.reply.as_ref().is_some_and(Reply::is_sent);
        let is_replied = was_sent || file.case.replied_on().is_some() || !file.case.earlier_replies.is_empty();
        let is_overdue = if file.case.stage.is_open() {
            is_late(file, self.clock().today())
        } else {
            !is_replied && was_overdue_at_its_end(file, events)
        };
        let mut because = Vec::new();
        let is_hidden = is_overdue && !replaced_by.is_some_and(shows_the_lateness);
        because.extend(is_hidden.then_some(AmendmentCause::OverdueBecomesVoid));
        because.extend(is_replied.then_some(AmendmentCause::RepliedBecomesVoid));
        because
    }
}

/// Whether the step at this place is a proposal that somebody has approved a step of, the one of an earlier reply too.
fn is_reviewed_proposal(steps: &[Step], place: usize) -> bool {
    let events_of = |step: &Step| step.events.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>();
    let is_proposal = |event: &Event| matches!(event, Event::OutcomeProposed { .. });
    let mut later = steps.iter().skip(place).flat_map(events_of);
    if !later.next().is_some_and(|event| is_proposal(&event)) {
        return false;
    }
    later
        .take_while(|event| !is_proposal(event))
        .any(|event| matches!(event, Event::Reviewed { review, .. } if review.approve))
}

/// Whether a reply that was revoked or set aside, and went out all the same, would have been given in another category.
fn an_earlier_outcome_changes(before: &Case, after: &Case) -> bool {
    let outcomes = |case: &Case| case.earlier_replies.iter().map(|earlier| earlier.outcome).collect::<Vec<_>>();
    let (known, then) = (outcomes(before), outcomes(after));
    known.iter().zip(&then).any(|(known, then)| known != then)
}

/// Whether a case that ended otherwise than by a reply was overdue when it ended.
fn was_overdue_at_its_end(file: &CaseFile, events: &[Event]) -> bool {
    let eve = file.case.ended_on.and_then(|on| on.pred_opt());
    let stood = eve.and_then(|eve| Some((as_it_stood(events, eve)?, eve)));
    stood.is_some_and(|(case, eve)| is_late(&CaseFile { case, ..file.clone() }, eve))
}

/// Whether the reply is, or came, too late on `day`.
fn is_late(file: &CaseFile, day: NaiveDate) -> bool {
    let CaseFile { case, desk, .. } = file;
    let Ok(answer) = case.reply_clock(&desk.calendar, &desk.rules, Some(day)) else { return false };
    let place = position(case, answer.as_ref(), day, &desk.rules.warning_thresholds(), &desk.calendar);
    matches!(place.standing, Standing::Overdue | Standing::LongOverdue | Standing::Late | Standing::RenewingLate)
}

/// What is asked, by step.
///
/// # Errors
/// [`OfficeError::Invalid`] with every entry that is malformed.
pub(super) fn asked(entries: &[EntryChange]) -> Result<Asked, OfficeError> {
    let mut faults = Vec::new();
    let mut asked = Asked::new();
    if entries.is_empty() {
        faults.push(FieldError::new("/entries", "required", "请列明更正的各步"));
    }
    for (place, entry) in entries.iter().enumerate() {
        let ask = match (&entry.change, entry.void) {
            (Some(change), false) => Ask::Change(change.clone()),
            (None, true) => Ask::Void,
            (Some(_), true) => {
                faults.push(FieldError::new(format!("/entries/{place}"), "ambiguous", "change 与 void 只能填一项"));
                continue;
            }
            (None, false) => {
                faults.push(FieldError::new(
                    format!("/entries/{place}/change"),
                    "required",
                    "请填写 change（更正的内容），没有发生的填写 void 为 true",
                ));
                continue;
            }
        };
        if asked.insert(entry.seq, ask).is_some() {
            faults.push(FieldError::new(format!("/entries/{place}/seq"), "duplicate", "同一步只能列一次"));
        }
    }
    if faults.is_empty() { Ok(asked) } else { Err(OfficeError::Invalid(faults)) }
}

/// The place of a step in the request.
pub(super) fn place_of(seq: i32, entries: &[EntryChange]) -> String {
    let place = entries.iter().position(|entry| entry.seq == seq);
    place.map_or_else(|| "/entries".to_owned(), |place| format!("/entries/{place}"))
}

/// A refusal at the entry that asked for it.
pub(super) fn at_entry(refusal: &NotAllowed, seq: i32, entries: &[EntryChange]) -> OfficeError {
    let place = place_of(seq, entries);
    let pointer = refusal.pointer.map_or_else(|| place.clone(), |pointer| format!("{place}/change{pointer}"));
    let said = refusal.brief.clone().unwrap_or_else(|| refusal.detail.clone());
    OfficeError::Refused {
        code: refusal.code.into(),
        article: refusal.article.map(Into::into),
        detail: refusal.detail.clone(),
        errors: vec![FieldError::new(pointer, refusal.code, said)],
    }
}

fn refused(fault: &Fault, entries: &[EntryChange]) -> OfficeError {
    match fault {
        Fault::NoStep(seq) => OfficeError::invalid(
            format!("{}/seq", place_of(*seq, entries)),
            "unknown_entry",
            "本案没有从这一条开始的一步：应为办理过程中某一步第一条记录的序号（step）",
        ),
        Fault::Malformed(seq, pointer, detail) => {
            let pointer = format!("{}/change{pointer}", place_of(*seq, entries));
            OfficeError::invalid(pointer, "invalid_value", detail.clone())
        }
        Fault::Fixed(seq, why) | Fault::Refused(seq, why) => at_entry(why, *seq, entries),
        Fault::LaterDoesNotHold(seq, label, on, why) => OfficeError::Refused {
            code: "later_entry_does_not_hold".into(),
            article: why.article.map(Into::into),
            detail: format!(
                "更正后，其后第{seq}步“{label}”（{on}）不再成立：{}。请在同一次更正中一并更正这一步；没有发生的，填写没有发生",
                why.detail
            ),
            errors: vec![FieldError::new("/entries", why.code, format!("第{seq}步“{label}”（{on}）：{}", why.detail))],
        },
    }
}
