//! What may be done next: by whom, in which stage, until when, on which article, and what blocks the rest. `decide`
//! asks here first, so that what is offered and what is accepted cannot differ.

use super::actors::{OFFICE, has_role};
use super::command::CommandKind;
use super::context::Context;
use super::obligation::renewed_reply_due;
use super::preconditions::{lapsing_notice, precondition};
use super::refusal::NotAllowed;
use super::role::Role;
use super::state::Case;
use crate::case::articles;
use crate::case::vocabulary::{Notice, Stage};
use crate::law::LastDay;
use chrono::NaiveDate;

/// Leave to give a command now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The last day it can still be done in time, where there is one.
    pub until: Option<NaiveDate>,
    /// The article it rests on.
    pub article: &'static str,
}

/// One command as an actor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Which.
    pub command: CommandKind,
    /// Leave, or what blocks it.
    pub permit: Result<Permit, NotAllowed>,
}

/// Every command on an existing case: allowed or blocked, and why.
#[must_use]
pub fn actions(case: &Case, context: &Context<'_>) -> Vec<Action> {
    CommandKind::ALL
        .iter()
        .copied()
        .filter(|command| *command != CommandKind::Receive)
        .map(|command| Action { command, permit: permit(command, case, context) })
        .collect()
}

const INTAKE: &[Role] = &[Role::Intake, Role::Clerk, Role::OfficeHead];
const WORKERS: &[Role] = &[Role::Clerk, Role::OfficeHead, Role::Handler];
const HEAD: &[Role] = &[Role::OfficeHead];
const REVIEWERS: &[Role] = &[Role::Reviewer, Role::OfficeHead, Role::Leader];

const OPEN: &[Stage] = &[
    Stage::AwaitingConfirmation,
    Stage::Received,
    Stage::Registered,
    Stage::InProgress,
    Stage::AwaitingCorrection,
    Stage::AwaitingJustification,
    Stage::AwaitingFee,
    Stage::InReview,
    Stage::Approved,
];
const HANDLING: &[Stage] = &[Stage::Registered, Stage::InProgress];
const CLOCK_RUNS: &[Stage] =
    &[Stage::Registered, Stage::InProgress, Stage::AwaitingJustification, Stage::InReview, Stage::Approved];
const ENDED: &[Stage] =
    &[Stage::Replied, Stage::Served, Stage::Lapsed, Stage::Withdrawn, Stage::Merged, Stage::Split, Stage::Closed];

/// Who may give a command at all: the first line of every permission.
#[must_use]
pub const fn roles_for(command: CommandKind) -> &'static [Role] {
    rule(command).0
}

/// Who may see what a command would come to: who may give it, but not the front desk, which must not see how the office
/// handles its filings.
#[must_use]
pub const fn preview_roles_for(command: CommandKind) -> &'static [Role] {
    match command {
        CommandKind::Receive
        | CommandKind::LogContact
        | CommandKind::ConfirmReceipt
        | CommandKind::ReceiveCorrection => OFFICE,
        other => roles_for(other),
    }
}

/// Roles, stages (empty: any) and article of a command: the one table of who, when, on what.
const fn rule(command: CommandKind) -> (&'static [Role], &'static [Stage], &'static str) {
    match command {
        CommandKind::Receive => (INTAKE, &[], articles::RECEIPT),
        CommandKind::LogContact => (INTAKE, OPEN, articles::RECEIPT),
        CommandKind::ConfirmReceipt => (INTAKE, &[Stage::AwaitingConfirmation], articles::RECEIPT),
        CommandKind::Register => (OFFICE, &[Stage::Received], articles::WORKING_RULES),
        CommandKind::DefineItems => {
            (OFFICE, &[Stage::Received, Stage::Registered, Stage::InProgress], articles::WORKING_RULES)
        }
        CommandKind::RequestCorrection => (OFFICE, HANDLING, articles::CORRECTION),
        CommandKind::ServeNotice => (
            OFFICE,
            &[Stage::AwaitingCorrection, Stage::AwaitingJustification, Stage::AwaitingFee],
            articles::WORKING_RULES,
        ),
        CommandKind::ReceiveCorrection => (INTAKE, &[Stage::AwaitingCorrection], articles::CORRECTION),
        CommandKind::Lapse => (OFFICE, &[Stage::AwaitingCorrection, Stage::AwaitingFee], articles::CORRECTION),
        CommandKind::Assign => (OFFICE, HANDLING, articles::WORKING_RULES),
        CommandKind::WithdrawTask | CommandKind::Reassign => (OFFICE, OPEN, articles::WORKING_RULES),
        CommandKind::AnswerTask => (WORKERS, OPEN, articles::WORKING_RULES),
        CommandKind::RecordSearch => (WORKERS, HANDLING, articles::SEARCH),
        CommandKind::OpenConsultation => {
            (OFFICE, &[Stage::Registered, Stage::InProgress, Stage::InReview], articles::REPLY_PERIOD)
        }
        CommandKind::ServeConsultation | CommandKind::ReturnConsultation => (OFFICE, OPEN, articles::REPLY_PERIOD),
        CommandKind::RequestJustification => (OFFICE, HANDLING, articles::EXCESSIVE),
        CommandKind::ReceiveJustification => (OFFICE, &[Stage::AwaitingJustification], articles::EXCESSIVE),
        CommandKind::DelayReply => (HEAD, HANDLING, articles::EXCESSIVE),
        CommandKind::NotifyFee => (OFFICE, HANDLING, articles::FEE),
        CommandKind::PayFee => (OFFICE, &[Stage::AwaitingFee], articles::FEE_PAYMENT),
        CommandKind::Extend => (HEAD, CLOCK_RUNS, articles::REPLY_PERIOD),
        CommandKind::ProposeOutcome => {
            (WORKERS, &[Stage::Registered, Stage::InProgress, Stage::AwaitingJustification], articles::REPLIES)
        }
        CommandKind::RecallProposal => (WORKERS, &[Stage::InReview, Stage::Approved], articles::WORKING_RULES),
        CommandKind::Review => (REVIEWERS, &[Stage::InReview], articles::WORKING_RULES),
        CommandKind::IssueReply => (OFFICE, &[Stage::Approved], articles::REPLIES),
        // Each stage has its own way out, which the precondition names.
        CommandKind::RecallReply => (OFFICE, &[], articles::WORKING_RULES),
        CommandKind::RevokeReply => (HEAD, &[], articles::WORKING_RULES),
        CommandKind::Dispatch | CommandKind::ProveService => {
            (OFFICE, &[Stage::Approved, Stage::Replied], articles::SERVICE)
        }
        CommandKind::Archive => (OFFICE, ENDED, articles::WORKING_RULES),
        CommandKind::Withdraw => (OFFICE, OPEN, articles::WITHDRAWAL),
        CommandKind::Close => (HEAD, OPEN, articles::WORKING_RULES),
        CommandKind::Merge => {
            (OFFICE, &[Stage::Received, Stage::Registered, Stage::InProgress], articles::WORKING_RULES)
        }
        CommandKind::Split => (OFFICE, HANDLING, articles::SPLIT),
        CommandKind::Link => (OFFICE, &[], articles::WORKING_RULES),
        CommandKind::OpenRemedy | CommandKind::RespondRemedy | CommandKind::DecideRemedy => {
            (OFFICE, &[], articles::REMEDY)
        }
        CommandKind::Void => (OFFICE, &[], articles::WORKING_RULES),
    }
}

/// Whether the actor may give the command on this case today, whatever its payload.
///
/// # Errors
/// `role_required`, `wrong_stage`, or what the law wants first.
pub fn permit(command: CommandKind, case: &Case, context: &Context<'_>) -> Result<Permit, NotAllowed> {
    let (roles, stages, article) = rule(command);
    has_role(context.actor, roles)?;
    reply_is_not_revoked(command, case)?;
    in_stage(command, case, stages)?;
    precondition(command, case, context)?;
    let is_of_consultation = matches!(command, CommandKind::ServeConsultation | CommandKind::ReturnConsultation);
    let article = if command == CommandKind::Lapse {
        lapsing_notice(case).1
    } else if is_of_consultation {
        awaited_article(case)
    } else {
        articles::under(article, case.regime)
    };
    Ok(Permit { until: until(command, case, context), article })
}

/// The letter of a revoked reply is not followed any more. A message that came back was never sent (C-8): then there was nothing
/// to revoke, and the revocation is put right first.
fn reply_is_not_revoked(command: CommandKind, case: &Case) -> Result<(), NotAllowed> {
    let is_of_service = matches!(command, CommandKind::Dispatch | CommandKind::ProveService);
    let revoked = case.revoked_reply().filter(|_| is_of_service && case.reply.is_none() && case.stage.is_open());
    let Some(revoked) = revoked else { return Ok(()) };
    let detail = format!(
        "原答复（{}）已于{}撤销，不再登记发出、送达，请重新拟办、答复；原答复在撤销以前已经送达的，或者以电子方式发出后\
         被退回（视为没有发出）的，请确认撤销的机关负责人先将“撤销原答复”一步更正为没有发生，再登记",
        revoked.reply.document_number, revoked.set_aside_on
    );
    Err(NotAllowed::new("reply_was_revoked", detail))
}

fn in_stage(command: CommandKind, case: &Case, stages: &[Stage]) -> Result<(), NotAllowed> {
    if case.stage == Stage::Void {
        return Err(NotAllowed::new("case_is_void", "案件已作废，不能再办理；作废有误的，请更正作废的那一步"));
    }
    if stages.is_empty() || stages.contains(&case.stage) {
        return Ok(());
    }
    let names: Vec<&str> = stages.iter().map(|stage| stage.label()).collect();
    Err(NotAllowed::new(
        "wrong_stage",
        format!("案件处于“{}”，“{}”只能在“{}”时办理", case.stage.label(), command.label(), names.join("、")),
    ))
}

fn until(command: CommandKind, case: &Case, context: &Context<'_>) -> Option<NaiveDate> {
    match command {
        CommandKind::RequestCorrection => case.correction_notice_due(context.calendar),
        CommandKind::ReceiveCorrection => case.notice_due(Notice::Correction, context.calendar),
        CommandKind::ReceiveJustification => case.notice_due(Notice::Justification, context.calendar),
        CommandKind::PayFee => case.notice_due(Notice::Fee, context.calendar),
        CommandKind::RespondRemedy => case
            .remedies
            .iter()
            .filter(|remedy| remedy.responded_on.is_none())
            .filter_map(|remedy| super::clock::remedy_response_due(remedy, context.calendar).map(|due| due.on))
            .min(),
        CommandKind::AnswerTask => case
            .tasks
            .iter()
            .filter(|task| task.is_owed())
            .filter_map(|task| super::clock::task_due(task, context.rules, context.calendar))
            .min(),
        CommandKind::Register | CommandKind::NotifyFee | CommandKind::DelayReply | CommandKind::Extend => {
            case.due(context)
        }
        CommandKind::ProposeOutcome | CommandKind::Review | CommandKind::IssueReply => reply_until(case, context),
        CommandKind::Dispatch | CommandKind::ProveService => {
            let is_sent = case.reply.as_ref().is_some_and(|reply| reply.replied_on.is_some());
            if is_sent { None } else { reply_until(case, context) }
        }
        CommandKind::Receive
        | CommandKind::LogContact
        | CommandKind::ConfirmReceipt
        | CommandKind::DefineItems
        | CommandKind::ServeNotice
        | CommandKind::Lapse
        | CommandKind::Assign
        | CommandKind::WithdrawTask
        | CommandKind::Reassign
        | CommandKind::RecordSearch
        | CommandKind::OpenConsultation
        | CommandKind::ServeConsultation
        | CommandKind::ReturnConsultation
        | CommandKind::RequestJustification
        | CommandKind::RecallProposal
        | CommandKind::RecallReply
        | CommandKind::RevokeReply
        | CommandKind::Archive
        | CommandKind::Withdraw
        | CommandKind::Close
        | CommandKind::Merge
        | CommandKind::Split
        | CommandKind::Link
        | CommandKind::OpenRemedy
        | CommandKind::DecideRemedy
        | CommandKind::Void => None,
    }
}

/// The last day for the reply: that of the period, or of the organ's own care once a reply was revoked.
fn reply_until(case: &Case, context: &Context<'_>) -> Option<NaiveDate> {
    match case.revoked_reply() {
        Some(revoked) => match renewed_reply_due(revoked, context.calendar) {
            LastDay::Certain(due) => Some(due),
            LastDay::Estimated(_) => None,
        },
        None => case.due(context),
    }
}

/// What the opinion still awaited rests on; of several kinds, what they have in common.
fn awaited_article(case: &Case) -> &'static str {
    let mut articles = case
        .consultations
        .iter()
        .filter(|consultation| consultation.returned.is_none())
        .map(|consultation| articles::of_consultation(consultation.opened.kind, case.regime));
    let common = articles::under(articles::REPLY_PERIOD, case.regime);
    articles.next().filter(|first| articles.all(|article| article == *first)).unwrap_or(common)
}
