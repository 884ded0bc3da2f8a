//! Which events a command causes, or why it is not allowed. One function a command; each checks its dates against the
//! facts they rest on, so that no accepted log holds a date before its reasons.

mod answer;
mod applicant;
mod evidence;
mod handling;
mod intake;
mod members;
mod remedy;

pub(super) use evidence::may_be_met;
pub use evidence::missing_evidence;
pub(super) use intake::made_by;

use super::command::{Command, CommandKind};
use super::context::Context;
use super::event::Event;
use super::refusal::NotAllowed;
use super::state::Case;
use crate::case::{actors, articles, permissions};
use uuid::Uuid;

/// What the store drew for this command in the same transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// 受理编号 for `register`, 文号 for `issue_reply`.
    pub number: Option<String>,
    /// Ids of the cases that `split` makes, one a part.
    pub parts: Vec<Uuid>,
}

/// Decides which events `command` causes on `case` (none yet: only `receive`), or why the law does not allow it.
///
/// # Errors
/// The first rule broken; nothing has changed then.
pub fn decide(
    case: Option<&Case>,
    command: &Command,
    context: &Context<'_>,
    drawn: &Drawn,
) -> Result<Vec<Event>, NotAllowed> {
    let Some(case) = case else {
        return match command {
            Command::Receive(receive) => {
                actors::has_role(context.actor, permissions::roles_for(CommandKind::Receive))?;
                intake::receive(receive, context)
            }
            other => Err(NotAllowed::new("not_received", format!("“{}”之前须先收件", other.kind().label()))),
        };
    };
    permissions::permit(command.kind(), case, context)?;
    match command {
        Command::Receive(_) => Err(NotAllowed::new("already_received", "本案已收件")),
        Command::LogContact(payload) => intake::log_contact(case, payload, context),
        Command::ConfirmReceipt(payload) => intake::confirm_receipt(case, payload, context),
        Command::Register(payload) => intake::register(case, payload, context, drawn),
        Command::DefineItems(payload) => intake::define_items(case, payload, context),
        Command::Merge(payload) => intake::merge(case, payload, context),
        Command::Split(payload) => intake::split(case, payload, context, drawn),
        Command::Link(payload) => intake::link(case, payload, context),
        Command::RequestCorrection(payload) => applicant::request_correction(case, payload, context),
        Command::ServeNotice(payload) => applicant::serve_notice(case, payload, context),
        Command::ReceiveCorrection(payload) => applicant::receive_correction(case, payload, context),
        Command::Lapse(payload) => applicant::lapse(case, payload, context),
        Command::RequestJustification(payload) => applicant::request_justification(case, payload, context),
        Command::ReceiveJustification(payload) => applicant::receive_justification(case, payload, context),
        Command::NotifyFee(payload) => applicant::notify_fee(case, payload, context),
        Command::PayFee(payload) => applicant::pay_fee(case, payload, context),
        Command::Withdraw(payload) => applicant::withdraw(case, payload, context),
        Command::Assign(payload) => handling::assign(case, payload, context),
        Command::AnswerTask(payload) => handling::answer_task(case, payload, context),
        Command::WithdrawTask(payload) => handling::withdraw_task(case, payload, context),
        Command::Reassign(payload) => handling::reassign(case, payload, context),
        Command::RecordSearch(payload) => handling::record_search(case, payload, context),
        Command::OpenConsultation(payload) => handling::open_consultation(case, payload, context),
        Command::ServeConsultation(payload) => handling::serve_consultation(case, payload, context),
        Command::ReturnConsultation(payload) => handling::return_consultation(case, payload, context),
        Command::DelayReply(payload) => handling::delay_reply(case, payload, context),
        Command::Extend(payload) => handling::extend(case, payload, context),
        Command::ProposeOutcome(payload) => answer::propose(case, payload, context),
        Command::RecallProposal(payload) => answer::recall(case, payload, context),
        Command::Review(payload) => answer::review(case, payload, context),
        Command::IssueReply(payload) => answer::issue(case, payload, context, drawn),
        Command::RecallReply(payload) => answer::recall_reply(case, payload, context),
        Command::RevokeReply(payload) => answer::revoke_reply(case, payload, context),
        Command::Dispatch(payload) => answer::dispatch(case, payload, context),
        Command::ProveService(payload) => answer::prove_service(case, payload, context),
        Command::Archive(payload) => answer::archive(case, payload, context),
        Command::Close(payload) => answer::close(case, payload, context),
        Command::OpenRemedy(payload) => remedy::open(case, payload, context),
        Command::RespondRemedy(payload) => remedy::respond(case, payload, context),
        Command::DecideRemedy(payload) => remedy::decide(case, payload, context),
        Command::Void(payload) => intake::void(payload, context),
    }
}

/// The day of receipt, on which everything after it rests.
///
/// # Errors
/// `receipt_not_fixed`.
fn receipt_day(case: &Case) -> Result<chrono::NaiveDate, NotAllowed> {
    case.receipt
        .map(|receipt| receipt.on)
        .ok_or_else(|| NotAllowed::by_law("receipt_not_fixed", articles::RECEIPT, "收到申请之日尚未确定"))
}

/// The number of the next sub-record, from 1: one more than the highest. Numbers of sub-records that never happened may be
/// missing between.
fn next_number(known: impl Iterator<Item = u16>) -> u16 {
    known.max().unwrap_or(0).saturating_add(1)
}
