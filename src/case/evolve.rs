//! Folding the log. Nothing here says no: that was `decide`'s turn.

use super::command as c;
use super::event::{AmendedEntry, Amendment, Event, ProposedAmendment, RefusedAmendment};
use super::state::{
    Assignment, CameBack, Case, CaseAmendment, Consultation, Correction, EarlierReply, FeeDemand, Justification,
    Proposal, RecalledReply, Receipt, Remedy, Reply, Task, VoidCase, WithdrawnTask,
};
use crate::case::vocabulary::{AmendmentStatus, LinkRelation, Notice, ServiceResult, Stage};
use crate::law::{Outcome, ServiceMethod};
use chrono::NaiveDate;
use uuid::Uuid;

/// The case after `event`. A log starts with [`Event::Received`]; without it there is no case.
#[must_use]
pub fn evolve(case: Option<Case>, event: &Event) -> Option<Case> {
    match (case, event) {
        (None, Event::Received(receive)) => Some(Case::received(receive.clone())),
        (None, _) => None,
        (Some(mut case), event) => {
            case.apply(event);
            case.version = case.version.saturating_add(1);
            Some(case)
        }
    }
}

/// Folds a whole log.
#[must_use]
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Case> {
    events.into_iter().fold(None, evolve)
}

/// The case at the end of a day: what is dated later has not happened. One later fact counts all the same: a message that came
/// back was never sent (C-8), so that no day before its return has a reply either.
#[must_use]
pub fn as_it_stood(log: &[Event], day: NaiveDate) -> Option<Case> {
    // A part takes its parent's day of receipt, but until the day of the split it was the parent's business.
    let not_yet = log.iter().any(|event| match event {
        Event::Linked(link) => link.relation == LinkRelation::SplitFrom && link.on > day,
        // A case that is void never came in.
        Event::Voided { .. } => true,
        _ => false,
    });
    if not_yet {
        return None;
    }
    let bounced = bounced(log);
    let happened = log.iter().enumerate().filter(|(_, event)| event.on() <= day);
    happened.fold(None, |case, (at, event)| match event {
        Event::Dispatched { dispatch, .. } if bounced.contains(&at) => {
            evolve(case, &Event::Dispatched { dispatch: dispatch.clone(), replied_on: None })
        }
        event => evolve(case, event),
    })
}

/// The places of the electronic sendings that came back. One that was put away all the same, as the first releases allowed,
/// stays a reply: see [`Case::put_away_unserved`].
fn bounced(log: &[Event]) -> Vec<usize> {
    let mut bounced = Vec::new();
    let mut last = None;
    let mut is_back = false;
    for (at, event) in log.iter().enumerate() {
        match event {
            Event::Dispatched { dispatch, .. } => {
                last = Some(at).filter(|_| dispatch.method == ServiceMethod::Electronic);
                is_back = false;
            }
            Event::ServiceProved { proof, .. } if proof.result == ServiceResult::Returned => {
                bounced.extend(last);
                is_back = last.is_some();
            }
            Event::Archived(_) if is_back => bounced.retain(|place| Some(*place) != last),
            _ => {}
        }
    }
    bounced
}

impl Case {
    fn received(receive: c::Receive) -> Self {
        Self {
            stage: Stage::AwaitingConfirmation,
            intake: receive,
            receipt: None,
            regime: None,
            contacts: Vec::new(),
            number: None,
            registered_on: None,
            items: Vec::new(),
            correction: None,
            assignments: Vec::new(),
            department_id: None,
            handler_id: None,
            tasks: Vec::new(),
            searches: Vec::new(),
            consultations: Vec::new(),
            justification: None,
            fee: None,
            extension: None,
            delay: None,
            proposal: None,
            reply: None,
            outcome: None,
            ended_on: None,
            archive: None,
            links: Vec::new(),
            remedies: Vec::new(),
            earlier_replies: Vec::new(),
            recalled_replies: Vec::new(),
            amendments: Vec::new(),
            void: None,
            version: 1,
        }
    }

    fn apply(&mut self, event: &Event) {
        match event {
            // A case is received once; a log that says so twice is caught by its hash chain, not here.
            Event::Received(_) => {}
            Event::ReceiptFixed { on, rule, regime, .. } => {
                self.receipt = Some(Receipt { on: *on, rule: *rule });
                self.regime = Some(*regime);
                self.stage = Stage::Received;
            }
            Event::ContactLogged(contact) => self.contacts.push(contact.clone()),
            Event::Registered { on, number } => {
                self.number = Some(number.clone());
                self.registered_on = Some(*on);
                self.stage = Stage::Registered;
            }
            Event::ItemsDefined(items) => self.items.clone_from(&items.items),
            Event::CorrectionRequested { notice, late } => self.correction_requested(notice, *late),
            Event::NoticeServed(notice) => self.notice_served(notice),
            Event::CorrectionReceived { correction, regime } => {
                self.correction_received(correction);
                self.regime = Some(*regime);
            }
            Event::Lapsed { lapse, outcome } => self.end(Stage::Lapsed, *outcome, lapse.on),
            Event::TaskAssigned { task, assign } => self.task_assigned(*task, assign),
            Event::TaskAnswered(answer) => self.task_answered(answer),
            Event::TaskWithdrawn { task, on, reason } => self.task_withdrawn(*task, *on, reason),
            Event::Reassigned { on, department_id, handler_id, reason } => self.reassigned(Assignment {
                on: *on,
                task: None,
                department_id: *department_id,
                handler_id: *handler_id,
                reason: Some(reason.clone()),
            }),
            Event::SearchRecorded(search) => {
                self.searches.push(search.clone());
                self.handling();
            }
            Event::ConsultationOpened { consultation, opened } => self.consultation_opened(*consultation, opened),
            Event::ConsultationServed(served) => self.consultation_served(served),
            Event::ConsultationReturned(returned) => self.consultation_returned(returned),
            Event::JustificationRequested(request) => {
                self.justification = Some(Justification { request: request.clone(), received: None });
                self.stage = Stage::AwaitingJustification;
            }
            Event::JustificationReceived(received) => {
                if let Some(justification) = &mut self.justification {
                    justification.received = Some(received.clone());
                }
                self.stage = Stage::InProgress;
            }
            Event::ReplyDelayed(delay) => self.delay = Some(delay.clone()),
            Event::FeeNotified { fee, amount_yuan } => {
                self.fee = Some(FeeDemand { notice: fee.clone(), amount_yuan: *amount_yuan, paid_on: None });
                self.stage = Stage::AwaitingFee;
            }
            Event::FeePaid(paid) => {
                if let Some(fee) = &mut self.fee {
                    fee.paid_on = Some(paid.on);
                }
                self.stage = Stage::InProgress;
            }
            Event::Extended(extension) => self.extension = Some(extension.clone()),
            Event::OutcomeProposed { proposal, proposed_by, chain } => {
                self.stage = if chain.is_empty() { Stage::Approved } else { Stage::InReview };
                self.proposal = Some(Proposal {
                    proposal: proposal.clone(),
                    proposed_by: *proposed_by,
                    chain: chain.clone(),
                    approvals: Vec::new(),
                });
            }
            Event::ProposalRecalled(_) => self.back_to_work(),
            Event::Reviewed { review, .. } => self.reviewed(review),
            Event::ReplyIssued { on, document_number, replied_on } => {
                self.reply = Some(Reply {
                    issued_on: *on,
                    document_number: document_number.clone(),
                    dispatches: Vec::new(),
                    replied_on: None,
                    counts_from: None,
                    proof: None,
                    came_back: Vec::new(),
                });
                self.conclude(*replied_on);
            }
            Event::ReplyRecalled { on, document_number, reason } => self.reply_recalled(*on, document_number, reason),
            Event::ReplyRevoked { on, reason, .. } => {
                self.set_reply_aside(*on, Some(reason));
                self.back_to_work();
            }
            Event::Dispatched { dispatch, replied_on } => {
                if let Some(reply) = &mut self.reply {
                    reply.dispatches.push(dispatch.clone());
                    // Sent again after it came back: the proof of the first attempt proves nothing about this one.
                    reply.proof = None;
                }
                self.conclude(*replied_on);
            }
            Event::ServiceProved { proof, replied_on } => self.service_proved(proof, *replied_on),
            Event::Archived(archive) => {
                self.put_away_unserved();
                self.archive = Some(archive.clone());
                self.stage = Stage::Archived;
            }
            Event::Withdrawn(withdrawal) => self.end(Stage::Withdrawn, Outcome::Withdrawn, withdrawal.on),
            Event::Closed(close) => self.end(Stage::Closed, Outcome::ClosedOther, close.on),
            Event::Merged(merge) => {
                self.tie(merge.on, merge.into_case, LinkRelation::MergedInto);
                self.end(Stage::Merged, Outcome::ClosedOther, merge.on);
            }
            Event::Split { on, parts } => {
                for part in parts {
                    self.tie(*on, *part, LinkRelation::SplitInto);
                }
                self.end(Stage::Split, Outcome::ClosedOther, *on);
            }
            Event::Linked(link) => self.links.push(link.clone()),
            Event::RemedyOpened { number, remedy } => self.remedies.push(Remedy {
                number: *number,
                opened: remedy.clone(),
                responded_on: None,
                decision: None,
            }),
            Event::RemedyResponded(response) => {
                if let Some(remedy) = self.remedies.iter_mut().find(|remedy| remedy.number == response.remedy) {
                    remedy.responded_on = Some(response.on);
                }
            }
            Event::RemedyDecided(decision) => self.remedy_decided(decision),
            // Which calendar counts is the row's to say; the facts of the case are what they were. Who applies stands in the
            // applicant's record.
            Event::CalendarApplied { .. } | Event::Redacted { .. } | Event::ApplicantCorrected { .. } => {}
            Event::Amended(amendment) => self.amended(amendment),
            Event::AmendmentProposed(proposed) => self.amendment_proposed(proposed),
            Event::AmendmentRefused(refused) => self.amendment_refused(refused),
            Event::Voided { on, reason, replaced_by } => {
                self.void = Some(VoidCase { on: *on, reason: reason.clone(), replaced_by: *replaced_by });
                self.stage = Stage::Void;
                self.outcome = None;
                self.ended_on = None;
            }
        }
    }

    /// What an amendment says of other steps is in the effective log; the case keeps that there was one.
    fn amended(&mut self, amendment: &Amendment) {
        let asked = amendment.entries.iter().filter(|entry| entry.is_asked);
        let proposed = self.amendments.iter().position(|known| known.number == amendment.number);
        let known = proposed.map(|place| self.amendments.remove(place));
        self.amendments.push(CaseAmendment {
            number: amendment.number,
            status: AmendmentStatus::Effective,
            on: amendment.on,
            asked_by: amendment.asked_by,
            reason: amendment.reason.clone(),
            evidence: amendment.evidence.clone(),
            seqs: asked.map(AmendedEntry::seq).collect(),
            revoked_on: known.as_ref().and_then(|known| known.revoked_on),
            because: known.map(|known| known.because).unwrap_or_default(),
            confirmed_by: amendment.confirmed_by,
            comment: amendment.comment.clone(),
        });
    }

    fn amendment_proposed(&mut self, proposed: &ProposedAmendment) {
        self.amendments.push(CaseAmendment {
            number: proposed.number,
            status: AmendmentStatus::Proposed,
            on: proposed.on,
            asked_by: proposed.asked_by,
            reason: proposed.reason.clone(),
            evidence: proposed.evidence.clone(),
            seqs: proposed.entries.iter().map(|entry| entry.seq).collect(),
            revoked_on: proposed.revoked_on,
            because: proposed.because.clone(),
            confirmed_by: None,
            comment: None,
        });
    }

    fn amendment_refused(&mut self, refused: &RefusedAmendment) {
        if let Some(known) = self.amendments.iter_mut().find(|known| known.number == refused.number) {
            known.status = AmendmentStatus::Refused;
            known.comment = Some(refused.comment.clone());
        }
    }

    /// A tie that the event of the step itself tells: the other case has its own.
    fn tie(&mut self, on: NaiveDate, other_case: Uuid, relation: LinkRelation) {
        self.links.push(c::Link { on, other_case, relation });
    }

    /// The first piece of work moves a registered case into handling.
    fn handling(&mut self) {
        if self.stage == Stage::Registered {
            self.stage = Stage::InProgress;
        }
    }

    fn correction_requested(&mut self, notice: &c::RequestCorrection, late: bool) {
        self.correction = Some(Correction { notice: notice.clone(), late, received_on: None });
        self.stage = Stage::AwaitingCorrection;
    }

    fn notice_served(&mut self, served: &c::ServeNotice) {
        match served.notice {
            Notice::Correction => {
                if let Some(correction) = &mut self.correction {
                    correction.notice.served_on = Some(served.on);
                }
            }
            Notice::Justification => {
                if let Some(justification) = &mut self.justification {
                    justification.request.served_on = Some(served.on);
                }
            }
            Notice::Fee => {
                if let Some(fee) = &mut self.fee {
                    fee.notice.served_on = Some(served.on);
                }
            }
        }
    }

    fn correction_received(&mut self, received: &c::ReceiveCorrection) {
        if let Some(correction) = &mut self.correction {
            correction.received_on = Some(received.on);
        }
        self.intake.request.clone_from(&received.request);
        self.stage = Stage::InProgress;
    }

    fn task_assigned(&mut self, number: u16, assign: &c::Assign) {
        self.tasks.push(Task {
            number,
            assign: assign.clone(),
            answer: None,
            withdrawn: None,
            ended_with_reply: false,
        });
        let c::Assign { on, department_id, handler_id, .. } = *assign;
        self.assignments.push(Assignment { on, task: Some(number), department_id, handler_id, reason: None });
        self.with_last_assigned();
        self.handling();
    }

    /// The case is with whom it was last given to.
    fn with_last_assigned(&mut self) {
        let last = self.assignments.last();
        self.department_id = last.map(|last| last.department_id);
        self.handler_id = last.and_then(|last| last.handler_id);
    }

    fn task_withdrawn(&mut self, number: u16, on: NaiveDate, reason: &str) {
        if let Some(task) = self.tasks.iter_mut().find(|task| task.number == number) {
            task.withdrawn = Some(WithdrawnTask { on, reason: reason.to_owned() });
        }
        self.assignments.retain(|assignment| assignment.task != Some(number));
        self.with_last_assigned();
    }

    /// What the department that had the case still owes passes on with it. Other departments that were asked keep their tasks.
    fn reassigned(&mut self, to: Assignment) {
        let from = self.department_id;
        for task in self.tasks.iter_mut().filter(|task| task.is_open() && Some(task.assign.department_id) == from) {
            task.assign.department_id = to.department_id;
            task.assign.handler_id = to.handler_id;
        }
        self.assignments.push(to);
        self.with_last_assigned();
    }

    fn task_answered(&mut self, answer: &c::AnswerTask) {
        if let Some(task) = self.tasks.iter_mut().find(|task| task.number == answer.task) {
            task.answer = Some(answer.clone());
        }
    }

    fn consultation_opened(&mut self, number: u16, opened: &c::OpenConsultation) {
        self.consultations.push(Consultation { number, opened: opened.clone(), returned: None });
        self.handling();
    }

    fn consultation_served(&mut self, served: &c::ServeConsultation) {
        if let Some(found) = self.consultations.iter_mut().find(|found| found.number == served.consultation) {
            found.opened.served_on = Some(served.on);
        }
    }

    fn consultation_returned(&mut self, returned: &c::ReturnConsultation) {
        if let Some(found) = self.consultations.iter_mut().find(|found| found.number == returned.consultation) {
            found.returned = Some(returned.clone());
        }
    }

    fn reply_recalled(&mut self, on: NaiveDate, number: &str, reason: &str) {
        let issued_on = self.reply.as_ref().map_or(on, |reply| reply.issued_on);
        self.recalled_replies.push(RecalledReply {
            document_number: number.to_owned(),
            issued_on,
            recalled_on: on,
            reason: reason.to_owned(),
        });
        self.back_to_work();
    }

    fn back_to_work(&mut self) {
        self.proposal = None;
        self.reply = None;
        self.stage = Stage::InProgress;
    }

    fn reviewed(&mut self, review: &c::Review) {
        if !review.approve {
            self.back_to_work();
        } else if let Some(proposal) = &mut self.proposal {
            proposal.approvals.push(review.clone());
            if proposal.next_review().is_none() {
                self.stage = Stage::Approved;
            }
        }
    }

    fn service_proved(&mut self, proof: &c::ProveService, replied_on: Option<NaiveDate>) {
        if proof.result == ServiceResult::Returned {
            return self.came_back(proof);
        }
        if let Some(reply) = &mut self.reply {
            reply.proof = Some(proof.clone());
        }
        self.conclude(replied_on);
        if self.stage == Stage::Replied {
            self.stage = Stage::Served;
        }
    }

    /// What came back was not served. An electronic message was not even sent (C-8): if the reply counted from it, the
    /// applicant has none and the case goes on.
    fn came_back(&mut self, proof: &c::ProveService) {
        let Some(reply) = &mut self.reply else { return };
        let dispatch = u16::try_from(reply.dispatches.len()).unwrap_or(u16::MAX);
        reply.proof = Some(proof.clone());
        reply.came_back.push(CameBack { dispatch, on: proof.on });
        let stands = reply.replied_on_if_returned();
        if reply.replied_on.is_some() && stands.is_none() {
            reply.replied_on = None;
            reply.counts_from = None;
            self.outcome = None;
            self.ended_on = None;
            self.stage = Stage::Approved;
        }
    }

    /// Logs of the first releases put away a reply whose message had come back: such a case stays what it was then.
    fn put_away_unserved(&mut self) {
        if self.outcome.is_none() {
            let last = self.reply.as_ref().and_then(|reply| reply.dispatches.last()).map(|last| last.on);
            self.conclude(last);
        }
    }

    /// A reply whose day counts (235号) ends the case in the proposed category; a second dispatch changes nothing.
    fn conclude(&mut self, replied_on: Option<NaiveDate>) {
        let (Some(on), Some(reply), Some(proposal)) = (replied_on, &mut self.reply, &self.proposal) else { return };
        if reply.replied_on.is_none() {
            reply.replied_on = Some(on);
            reply.counts_from = reply.dispatches.len().checked_sub(1);
            self.outcome = Some(proposal.proposal.outcome);
            self.ended_on = Some(on);
            self.stage = Stage::Replied;
        }
    }

    fn end(&mut self, stage: Stage, outcome: Outcome, on: NaiveDate) {
        self.stage = stage;
        self.outcome = Some(outcome);
        self.ended_on = Some(on);
        self.proposal = None;
    }

    /// An ordered new reply sets the old one aside; a case still open keeps its stage.
    fn remedy_decided(&mut self, decision: &c::DecideRemedy) {
        if let Some(remedy) = self.remedies.iter_mut().find(|remedy| remedy.number == decision.remedy) {
            remedy.decision = Some(decision.clone());
        }
        if decision.orders_reply_within.is_none() {
            return;
        }
        if !self.stage.is_open() {
            self.set_reply_aside(decision.on, None);
            self.back_to_work();
        }
        // The order sets a period of its own, which no earlier reply answers.
        self.earlier_replies.iter_mut().for_each(|earlier| earlier.answers_period = false);
    }

    /// What was replied counts no more, and the case is open again.
    fn set_reply_aside(&mut self, on: NaiveDate, revoked_because: Option<&str>) {
        if let (Some(reply), Some(outcome)) =
            (self.reply.take().filter(|reply| reply.replied_on.is_some()), self.outcome)
        {
            self.earlier_replies.push(EarlierReply {
                reply,
                outcome,
                set_aside_on: on,
                revoked_because: revoked_because.map(str::to_owned),
                answers_period: revoked_because.is_some(),
            });
        }
        self.tasks.iter_mut().filter(|task| task.is_open()).for_each(|task| task.ended_with_reply = true);
        self.outcome = None;
        self.ended_on = None;
        self.archive = None;
    }
}
