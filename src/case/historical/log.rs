//! The events of a case of the past, in the order of their days.

use super::{Beside, Past, PastConsultation, PastCorrection, Term, at};
use crate::case::articles;
use crate::case::command as c;
use crate::case::context::Context;
use crate::case::event::Event;
use crate::case::obligation::SERVICE_PROOF_DAYS;
use crate::case::refusal::NotAllowed;
use crate::case::vocabulary::{FeeBasis, Opinion, ServiceResult};
use crate::law::{Channel, Outcome, ReceiptRuling, Regime, ServiceMethod, period, receipt};
use chrono::NaiveDate;

/// Evidence of a day of receipt that was taken from a ledger; a note of the ledger follows it.
pub(super) const LEDGER: &str = "据台账登记";
/// Between the evidence and the note.
pub(super) const NOTE: &str = "。备注：";
/// Reasons that a ledger does not keep.
const NO_REASONS: &str = "据台账登记，台账未记理由";
/// What had to be corrected is not in a ledger.
const NO_ITEMS: &str = "据台账登记，台账未记补正事项";
/// 归档号 of an old case that is put away with its ledger.
const FILE_NUMBER: &str = "（台账导入）";
/// Working days of a correction notice whose period the ledger does not say: Art. 30 wants a reasonable one.
const CORRECTION_DAYS: u16 = 15;

/// An event with its place among those of its day.
type Placed = (NaiveDate, u8, Event);

pub(super) fn log(past: &Past, beside: &Beside<'_>, context: &Context<'_>) -> Result<Vec<Event>, Vec<NotAllowed>> {
    let mut placed: Vec<Placed> = Vec::with_capacity(12);
    let mut put = |rank: u8, event: Event| placed.push((event.on(), rank, event));
    let receive = received(past, beside);
    if past.awaits_confirmation {
        return Ok(vec![Event::Received(receive)]);
    }
    let ReceiptRuling::Fixed(fixed) = receipt(&receive.receipt_facts()) else {
        let detail = "按所填申请方式不能确定收到申请之日";
        return Err(vec![NotAllowed::by_law("receipt_not_fixed", articles::RECEIPT, detail).at(at::CHANNEL)]);
    };
    let regime = Regime::for_receipt(fixed.on);
    let evidence = past.note.as_ref().map_or_else(|| LEDGER.to_owned(), |note| format!("{LEDGER}{NOTE}{note}"));
    put(0, Event::Received(receive));
    put(1, Event::ReceiptFixed { on: fixed.on, rule: fixed.rule, regime, evidence: Some(evidence) });
    let number = past.number.clone().unwrap_or_else(|| beside.number.to_owned());
    put(2, Event::Registered { on: fixed.on, number });
    if let Some(department_id) = beside.department {
        // The ledger does not say when: an open case is given to its department today, so that it has its days.
        let on = if past.end().is_some() { fixed.on } else { context.today };
        let assign = c::Assign { on, department_id, handler_id: None, days: Some(context.rules.task_days) };
        put(3, Event::TaskAssigned { task: 1, assign });
    }
    if let Some(correction) = past.correction {
        put(4, correction_requested(correction, past.received_on, context));
        if let Some(on) = correction.received_on {
            let told = c::ReceiveCorrection { on, request: past.request.clone() };
            let regime = past.regime(context.rules.clock_options());
            put(5, Event::CorrectionReceived { correction: told, regime });
        }
    }
    let mut consultations: Vec<&PastConsultation> = past.consultations.iter().collect();
    consultations.sort_by_key(|consultation| consultation.sent_on);
    for (number, consultation) in (1_u16..).zip(consultations) {
        put(6, opened(number, consultation));
        if let Some(on) = consultation.returned_on {
            let told = c::ReturnConsultation { consultation: number, on, opinion: Opinion::Stated, reasons: None };
            put(7, Event::ConsultationReturned(told));
        }
    }
    if let Some(fee) = past.fee {
        let notice = c::NotifyFee { on: fee.on, basis: FeeBasis::ByPage, count: 0, counted_before: 0, served_on: None };
        put(8, Event::FeeNotified { fee: notice, amount_yuan: 0 });
        if let Some(on) = fee.paid_on {
            put(9, Event::FeePaid(c::PayFee { on }));
        }
    }
    if let Some(told) = past.extension {
        let (days, on) = (told.days, told.on);
        put(10, Event::Extended(c::Extend { days, reason: NO_REASONS.to_owned(), approved_on: on, notified_on: on }));
    }
    if let (Some(outcome), Some(on)) = (past.outcome, past.end()) {
        for (rank, event) in (11..).zip(end(past, outcome, on, context)) {
            put(rank, event);
        }
    }
    placed.sort_by_key(|(on, rank, _)| (*on, *rank));
    Ok(placed.into_iter().map(|(_, _, event)| event).collect())
}

/// The application as it came in: the day the ledger calls that of receipt is the one its channel's rule asks for.
fn received(past: &Past, beside: &Beside<'_>) -> c::Receive {
    let on = past.received_on;
    let is_confirmed = matches!(past.channel, Channel::OrdinaryMail | Channel::Online | Channel::Email | Channel::Fax);
    let awaits = past.awaits_confirmation;
    c::Receive {
        applicant_id: beside.applicant,
        applicant_kind: past.applicant_kind,
        title: c::title_of(&past.request),
        request: past.request.clone(),
        channel: past.channel,
        // What is handed over needs no confirmation but from another unit or person (R3).
        misdirected: awaits && matches!(past.channel, Channel::InPerson | Channel::Oral),
        submitted_on: on,
        signed_on: (past.channel == Channel::RegisteredMail && !awaits).then_some(on),
        arrived_on: None,
        acknowledged_on: None,
        confirmed_on: (is_confirmed && !awaits).then_some(on),
        delivery: None,
    }
}

fn correction_requested(correction: PastCorrection, received_on: NaiveDate, context: &Context<'_>) -> Event {
    let until = |day| context.calendar.count_working_days(correction.on, day).ok();
    let respond_days = match correction.term {
        Some(Term::Days(days)) => days,
        Some(Term::Until(day)) => {
            until(day).and_then(|days| u16::try_from(days).ok()).unwrap_or(CORRECTION_DAYS).max(1)
        }
        None => CORRECTION_DAYS,
    };
    let last = period::correction_notice_due(Regime::for_receipt(received_on), received_on, context.calendar);
    let late = last.ok().flatten().is_some_and(|last| correction.on > last.on);
    let items = vec![NO_ITEMS.to_owned()];
    let notice = c::RequestCorrection { on: correction.on, items, respond_days, served_on: None };
    Event::CorrectionRequested { notice, late }
}

fn opened(number: u16, consultation: &PastConsultation) -> Event {
    let opened = c::OpenConsultation {
        kind: consultation.kind,
        party: consultation.party.clone(),
        subject: LEDGER.to_owned(),
        sent_on: consultation.sent_on,
        served_on: None,
        applicant_told_on: None,
    };
    Event::ConsultationOpened { consultation: number, opened }
}

/// How it ended, in order.
fn end(past: &Past, outcome: Outcome, on: NaiveDate, context: &Context<'_>) -> Vec<Event> {
    let is_replied = past.document_number.is_some() || past.method.is_some() || past.served_on.is_some();
    if matches!(outcome, Outcome::CorrectionLapsed | Outcome::FeeLapsed) {
        return vec![Event::Lapsed { lapse: c::Lapse { on, reason: NO_REASONS.to_owned() }, outcome }];
    }
    if outcome == Outcome::Withdrawn {
        // Nobody can say any more whether the identity was checked.
        return vec![Event::Withdrawn(c::Withdraw { on, identity_checked: false })];
    }
    if outcome == Outcome::ClosedOther && !is_replied {
        return vec![Event::Closed(c::Close { on, reason: NO_REASONS.to_owned() })];
    }
    reply(past, outcome, on, context)
}

/// The proposal, the reply and its service. Without a way of service the ledger's day of the reply is the one that counts;
/// with one the law says which day does (235号).
fn reply(past: &Past, outcome: Outcome, on: NaiveDate, context: &Context<'_>) -> Vec<Event> {
    let proposal = c::ProposeOutcome {
        on,
        outcome,
        reasons: NO_REASONS.to_owned(),
        items: Vec::new(),
        withheld: Vec::new(),
        right_organ: None,
        right_organ_unknown: None,
        earlier_reply_number: None,
        earlier_reply_before_system: false,
        public_location: None,
        legal_basis: None,
        secret: None,
        adverse_effect: None,
        process: None,
        internal_affairs: None,
        file_paper: None,
        publication: None,
    };
    let mut events = vec![Event::OutcomeProposed { proposal, proposed_by: context.actor.user, chain: Vec::new() }];
    let document_number = past.document_number.clone().unwrap_or_default();
    let Some(method) = past.method else {
        events.push(Event::ReplyIssued { on, document_number, replied_on: Some(on) });
        events.extend(past.served_on.map(|day| proof(day, ServiceResult::Signed, None)));
        return events;
    };
    events.push(Event::ReplyIssued { on, document_number, replied_on: None });
    let dispatch = c::Dispatch { method, on, carrier: None, tracking_number: None };
    match method {
        ServiceMethod::Direct | ServiceMethod::Entrusted => {
            let signed_on = past.served_on.unwrap_or(on);
            events.push(Event::Dispatched { dispatch, replied_on: None });
            events.push(proof(signed_on, ServiceResult::Signed, Some(signed_on)));
        }
        ServiceMethod::Post | ServiceMethod::PrivateCourier | ServiceMethod::Electronic => {
            events.push(Event::Dispatched { dispatch, replied_on: Some(on) });
            let result = match method {
                ServiceMethod::Electronic => ServiceResult::ElectronicReceipt,
                ServiceMethod::Post
                | ServiceMethod::PrivateCourier
                | ServiceMethod::Direct
                | ServiceMethod::Entrusted => ServiceResult::Signed,
            };
            events.extend(past.served_on.map(|day| proof(day, result, None)));
            events.extend(put_away(past, on, context));
        }
    }
    events
}

fn proof(on: NaiveDate, result: ServiceResult, replied_on: Option<NaiveDate>) -> Event {
    Event::ServiceProved { proof: c::ProveService { on, result, signatory: None }, replied_on }
}

/// An old letter without a recorded service: the day to look after it is over, the case is put away on it.
fn put_away(past: &Past, on: NaiveDate, context: &Context<'_>) -> Option<Event> {
    let looked_after = context.calendar.add_estimated(on, SERVICE_PROOF_DAYS);
    let is_over = past.served_on.is_none() && looked_after < context.today;
    is_over.then(|| Event::Archived(c::Archive { on: looked_after, file_number: FILE_NUMBER.to_owned() }))
}
