//! What the law and the office's own rules want before a command: once only, not before, not after.

use super::actors::{has_role, is_office, review_roles};
use super::command::CommandKind;
use super::context::{Actor, Context};
use super::refusal::NotAllowed;
use super::state::{Case, Reply, Task};
use crate::case::articles;
use crate::case::vocabulary::{Notice, Stage};
use crate::law::Regime;

/// What the case must or must not have before the command, whatever the actor and the payload.
///
/// # Errors
/// The refusal of the rule that is not met.
pub(super) fn precondition(command: CommandKind, case: &Case, context: &Context<'_>) -> Result<(), NotAllowed> {
    period_is_not_over(command, case)?;
    match command {
        CommandKind::RequestCorrection => correction_is_possible(case, context),
        CommandKind::ServeNotice => notice_is_unserved(case),
        CommandKind::Lapse => lapse_is_due(case, context),
        CommandKind::AnswerTask => task_is_open(case, context.actor),
        CommandKind::WithdrawTask => require(
            case.tasks.iter().any(Task::is_open),
            NotAllowed::new("no_open_task", "没有待反馈的分办事项；要改由其他科室、人员承办的，请改派"),
        ),
        CommandKind::ServeConsultation => require(
            case.consultations.iter().any(|c| c.returned.is_none() && c.opened.served_on.is_none()),
            NotAllowed::new("no_open_consultation", "没有待登记送达的征求意见书"),
        ),
        CommandKind::ReturnConsultation => require(
            case.consultations.iter().any(|c| c.returned.is_none()),
            NotAllowed::new("no_open_consultation", "没有尚未收到意见的征求意见"),
        ),
        CommandKind::RequestJustification => {
            only_order_711(case, articles::EXCESSIVE)?;
            require(
                case.justification.is_none(),
                NotAllowed::by_law("justification_once", articles::EXCESSIVE, "已要求申请人说明理由"),
            )
        }
        CommandKind::DelayReply => delay_is_possible(case),
        CommandKind::NotifyFee => {
            only_order_711(case, articles::FEE)?;
            require(case.fee.is_none(), NotAllowed::by_law("fee_once", articles::FEE, "本案已发出收费通知"))
        }
        CommandKind::Extend => extension_is_possible(case),
        CommandKind::ProposeOutcome => outcome_is_possible(case, context),
        CommandKind::RecordSearch => department_has_task(case, context.actor),
        CommandKind::RecallProposal => recall_is_possible(case, context.actor),
        CommandKind::Review => review_is_possible(case, context),
        CommandKind::IssueReply => {
            require(case.reply.is_none(), NotAllowed::new("reply_issued", "答复已签发，请发出答复；有误的请撤回答复"))
        }
        CommandKind::RecallReply => reply_recall_is_possible(case),
        CommandKind::RevokeReply => reply_revocation_is_possible(case),
        CommandKind::Dispatch => dispatch_is_possible(case),
        CommandKind::ProveService => proof_is_possible(case),
        CommandKind::Archive => archive_is_possible(case),
        CommandKind::OpenRemedy => {
            let article = articles::under(articles::RECEIPT, case.regime);
            require(case.receipt.is_some(), NotAllowed::by_law("receipt_not_fixed", article, "收到申请之日尚未确定"))
        }
        CommandKind::RespondRemedy => require(
            case.remedies.iter().any(|remedy| remedy.responded_on.is_none()),
            NotAllowed::new("no_open_remedy", "没有待答辩的复议或诉讼"),
        ),
        CommandKind::DecideRemedy => require(
            case.remedies.iter().any(|remedy| remedy.decision.is_none()),
            NotAllowed::new("no_open_remedy", "没有待裁决的复议或诉讼"),
        ),
        CommandKind::Receive => Err(NotAllowed::new("already_received", "本案已收件")),
        CommandKind::LogContact
        | CommandKind::ConfirmReceipt
        | CommandKind::Register
        | CommandKind::DefineItems
        | CommandKind::ReceiveCorrection
        | CommandKind::Assign
        | CommandKind::Reassign
        | CommandKind::OpenConsultation
        | CommandKind::ReceiveJustification
        | CommandKind::PayFee
        | CommandKind::Merge
        | CommandKind::Link
        | CommandKind::Void => Ok(()),
        CommandKind::Split => split_is_possible(case),
        CommandKind::Withdraw | CommandKind::Close => nothing_was_sent(case),
    }
}

/// A reply that was sent answered the period, although the organ revoked it later: nothing stops, restarts or extends that
/// period any more, and the case is not passed on to another one.
fn period_is_not_over(command: CommandKind, case: &Case) -> Result<(), NotAllowed> {
    let moves_the_period = matches!(
        command,
        CommandKind::RequestCorrection
            | CommandKind::RequestJustification
            | CommandKind::DelayReply
            | CommandKind::NotifyFee
            | CommandKind::Extend
            | CommandKind::Merge
            | CommandKind::Split
    );
    let Some(revoked) = case.revoked_reply().filter(|_| moves_the_period) else { return Ok(()) };
    let on = revoked.reply.replied_on.unwrap_or(revoked.set_aside_on);
    let detail = format!(
        "本案的答复期限已因{on}的答复（{}）终了，撤销原答复以后不再补正、延长、收费、并案或者拆分；请在本机关重新答复的期限内答复",
        revoked.reply.document_number
    );
    Err(NotAllowed::by_law("period_was_answered", articles::under(articles::REPLY_PERIOD, case.regime), detail))
}

/// The parts start from the day of receipt: they would lose what has moved the period since.
fn split_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let untouched = case.correction.is_none()
        && case.fee.is_none()
        && case.extension.is_none()
        && case.delay.is_none()
        && case.consultations.is_empty()
        && case.order().is_none();
    require(
        untouched,
        NotAllowed::by_law(
            "period_already_moved",
            articles::SPLIT,
            "本案已补正、征求意见、收费或延长，答复期限已经变动，不能再拆分；请分列申请事项逐项办理",
        ),
    )
}

fn require(condition: bool, refusal: NotAllowed) -> Result<(), NotAllowed> {
    if condition { Ok(()) } else { Err(refusal) }
}

fn only_order_711(case: &Case, article: &'static str) -> Result<(), NotAllowed> {
    require(
        case.regime == Some(Regime::Order711),
        NotAllowed::by_law("not_under_order_492", article, "2019年5月15日前收到的申请适用2007年条例，没有这一程序"),
    )
}

fn correction_is_possible(case: &Case, context: &Context<'_>) -> Result<(), NotAllowed> {
    if case.regime.is_some_and(|regime| !context.rules.has_correction(regime)) {
        return Err(NotAllowed::by_law(
            "correction_is_a_reply_492",
            articles::CORRECTION_492,
            "2007年条例下“告知作出更改、补充”是一种答复：请以 o492.amend_requested 拟办；补充后的申请另行登记并关联本案",
        ));
    }
    require(
        case.correction.is_none(),
        NotAllowed::by_law(
            "correction_only_once",
            articles::under(articles::CORRECTION, case.regime),
            if case.regime == Some(Regime::Order492) {
                "本案已告知过更改、补充；仍不明确的可电话沟通并登记，或以“告知作出更改、补充”（o492.amend_requested）答复"
            } else {
                "补正须一次性告知，本案已告知过补正；仍不明确的可电话沟通并登记，或按“补正后仍不明确”（unavailable.still_unclear）答复"
            },
        ),
    )
}

fn notice_is_unserved(case: &Case) -> Result<(), NotAllowed> {
    let unserved = match case.stage {
        Stage::AwaitingCorrection => case.correction.as_ref().is_some_and(|c| c.notice.served_on.is_none()),
        Stage::AwaitingJustification => case.justification.as_ref().is_some_and(|j| j.request.served_on.is_none()),
        Stage::AwaitingFee => case.fee.as_ref().is_some_and(|fee| fee.notice.served_on.is_none()),
        Stage::AwaitingConfirmation
        | Stage::Received
        | Stage::Registered
        | Stage::InProgress
        | Stage::InReview
        | Stage::Approved
        | Stage::Replied
        | Stage::Served
        | Stage::Lapsed
        | Stage::Withdrawn
        | Stage::Merged
        | Stage::Split
        | Stage::Closed
        | Stage::Archived
        | Stage::Void => false,
    };
    require(unserved, NotAllowed::new("notice_already_served", "该通知的送达日期已登记"))
}

/// The notice whose period the applicant may let pass, and its article.
pub(super) fn lapsing_notice(case: &Case) -> (Notice, &'static str) {
    if case.stage == Stage::AwaitingFee {
        (Notice::Fee, articles::FEE_PAYMENT)
    } else {
        (Notice::Correction, articles::under(articles::CORRECTION, case.regime))
    }
}

fn lapse_is_due(case: &Case, context: &Context<'_>) -> Result<(), NotAllowed> {
    let (notice, article) = lapsing_notice(case);
    let served_on = match notice {
        Notice::Fee => case.fee.as_ref().and_then(|fee| fee.notice.served_on),
        Notice::Correction | Notice::Justification => case.correction.as_ref().and_then(|c| c.notice.served_on),
    };
    match case.notice_due(notice, context.calendar) {
        None if served_on.is_some() => Err(NotAllowed::by_law(
            "calendar_gap",
            article,
            format!(
                "{}的期限落在放假通知尚未载入的年度，届满日不能确定，不能视为放弃；请管理员载入该年度日历",
                notice.label()
            ),
        )),
        None => Err(NotAllowed::by_law(
            "notice_not_served",
            article,
            format!("尚未登记{}的送达日期，期限无从起算，不能视为放弃；请先登记送达", notice.label()),
        )),
        Some(last) if context.today <= last => {
            Err(NotAllowed::by_law("period_still_running", article, format!("期限至{last}届满，期满前不能视为放弃")))
        }
        Some(_) => Ok(()),
    }
}

fn task_is_open(case: &Case, actor: &Actor) -> Result<(), NotAllowed> {
    let of_office = is_office(actor);
    let open = case.tasks.iter().filter(|task| task.is_open());
    let mine = open.filter(|task| of_office || actor.department == Some(task.assign.department_id)).count();
    require(mine > 0, NotAllowed::new("no_open_task", "没有待本科室反馈的分办事项"))
}

fn delay_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let reasonable = case.justification.as_ref().and_then(|j| j.received.as_ref()).is_some_and(|r| r.reasonable);
    require(
        reasonable,
        NotAllowed::by_law(
            "reasons_not_accepted",
            articles::EXCESSIVE,
            "申请人说明的理由被认为合理的，才可以确定延迟答复的期限",
        ),
    )?;
    require(case.delay.is_none(), NotAllowed::by_law("delay_once", articles::EXCESSIVE, "已确定过延迟答复的期限"))
}

/// Whether the one extension is still possible, for any actor on any day.
///
/// # Errors
/// `extension_once`, `period_set_by_order`, `period_set_by_delay`.
pub fn extension_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let article =
        if case.regime == Some(Regime::Order492) { articles::REPLY_PERIOD_492 } else { articles::REPLY_PERIOD };
    require(
        case.extension.is_none(),
        NotAllowed::by_law("extension_once", article, "答复期限只能延长一次，本案已延长过"),
    )?;
    require(
        case.order().is_none(),
        NotAllowed::by_law(
            "period_set_by_order",
            articles::under(articles::REMEDY, case.regime),
            "本案的答复期限由法院判决或复议决定确定，不能延长",
        ),
    )?;
    require(
        case.delay.is_none(),
        NotAllowed::by_law("period_set_by_delay", articles::EXCESSIVE, "本案已确定延迟答复的期限，不能再延长"),
    )
}

/// While an opinion is awaited nothing may be decided (Art. 32, 34).
fn nobody_is_awaited(case: &Case, context: &Context<'_>) -> Result<(), NotAllowed> {
    let awaited = case.consultations.iter().find(|c| case.awaits(c, context.calendar, context.today));
    match awaited {
        None => Ok(()),
        Some(consultation) => Err(NotAllowed::by_law(
            "consultation_open",
            articles::of_consultation(consultation.opened.kind, case.regime),
            format!(
                "向{}征求意见（第{}号）尚未收到意见，也未届满期限；请等候、登记意见或登记送达日期",
                consultation.opened.party, consultation.number
            ),
        )),
    }
}

/// A department works on the cases it was given, by a task or without one.
fn department_has_task(case: &Case, actor: &Actor) -> Result<(), NotAllowed> {
    let tasks = case.tasks.iter().filter(|task| task.withdrawn.is_none()).map(|task| task.assign.department_id);
    let given = tasks.chain(case.department_id).any(|department| actor.department == Some(department));
    require(given || is_office(actor), NotAllowed::new("not_your_department", "本案未分办给您的科室"))
}

fn recall_is_possible(case: &Case, actor: &Actor) -> Result<(), NotAllowed> {
    let own = case.proposal.as_ref().is_some_and(|proposal| proposal.proposed_by == actor.user);
    require(own || is_office(actor), NotAllowed::new("not_your_department", "只有拟办人或者公开工作机构可以撤回拟办"))?;
    let is_dispatched = case.reply.as_ref().is_some_and(Reply::was_dispatched);
    let instead = if is_dispatched {
        "答复已经发出过，请重新发出；发出的登记有误的，请更正那一步的记录"
    } else {
        "答复有误的，请撤回答复，原文号作废；无误的，请发出答复"
    };
    let detail = format!("答复已签发编号，不能只撤回拟办；{instead}");
    require(case.reply.is_none(), NotAllowed::new("reply_issued", detail))
}

/// A number is taken back only while nobody outside can have seen it.
fn reply_recall_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let Some(reply) = &case.reply else {
        let detail = "没有已经签发编号的答复；拟办有误的，请撤回拟办";
        return Err(NotAllowed::new("reply_not_issued", detail));
    };
    if reply.was_dispatched() {
        let detail = if reply.is_sent() || !reply.is_back() {
            "答复已经发出，不能撤回；发出的登记有误的，请更正那一步的记录，答复内容有误、由本机关自行纠正的，请公开工作机构负责人撤销原答复，重新答复"
        } else {
            "答复以电子方式发出过，虽被退回，文号可能已为他人所知，不能撤回；请重新发出，发出的登记有误的，请更正那一步的记录"
        };
        return Err(NotAllowed::new("reply_was_dispatched", detail));
    }
    require(
        case.stage == Stage::Approved,
        NotAllowed::new("case_has_ended", "案件已经办结，答复没有发出，不需要撤回；办结有误的，请更正那一步的记录"),
    )
}

/// Only what the applicant was told is revoked; what was not sent is taken back.
fn reply_revocation_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let Some(reply) = &case.reply else {
        let detail = match case.revoked_reply() {
            Some(revoked) => format!("原答复已于{}撤销，还没有重新答复，没有可以撤销的答复", revoked.set_aside_on),
            None => "没有已经发出的答复；拟办有误的，请撤回拟办".to_owned(),
        };
        return Err(NotAllowed::new("reply_not_issued", detail));
    };
    let detail = if reply.was_dispatched() {
        "答复以电子方式发出后被退回，视为没有发出，没有可以撤销的答复；请重新发出"
    } else {
        "答复还没有发出，不需要撤销：请撤回答复，原文号作废"
    };
    require(reply.replied_on.is_some(), NotAllowed::new("reply_not_sent", detail))
}

/// Until the reply is sent, and not after (C-18).
fn nothing_was_sent(case: &Case) -> Result<(), NotAllowed> {
    let sent = case.reply.as_ref().is_some_and(Reply::is_sent);
    require(!sent, NotAllowed::by_law("already_dispatched", articles::WITHDRAWAL, "答复已经发出，不能再撤回或者终结"))
}

fn outcome_is_possible(case: &Case, context: &Context<'_>) -> Result<(), NotAllowed> {
    department_has_task(case, context.actor)?;
    if case.stage == Stage::AwaitingJustification {
        let over = case.notice_due(Notice::Justification, context.calendar).is_some_and(|last| context.today > last);
        require(
            over,
            NotAllowed::by_law("period_still_running", articles::EXCESSIVE, "申请人说明理由的期限尚未届满或未登记送达"),
        )?;
    }
    nobody_is_awaited(case, context)
}

fn review_is_possible(case: &Case, context: &Context<'_>) -> Result<(), NotAllowed> {
    let Some((proposal, next)) = case.proposal.as_ref().and_then(|p| p.next_review().map(|next| (p, next))) else {
        return Err(NotAllowed::new("nothing_to_review", "没有待审核的拟办意见"));
    };
    require(
        proposal.proposed_by != context.actor.user,
        NotAllowed::by_law(
            "proposer_cannot_review",
            articles::under(articles::WORKING_RULES, case.regime),
            "拟办人不能审核自己的拟办意见",
        ),
    )?;
    has_role(context.actor, review_roles(next))?;
    nobody_is_awaited(case, context)
}

fn dispatch_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let Some(reply) = &case.reply else {
        return Err(NotAllowed::new("reply_not_issued", "答复尚未签发，请先签发答复"));
    };
    require(
        reply.replied_on.is_none() || reply.is_back(),
        NotAllowed::new("already_dispatched", "答复已发出；只有被退回的才能再次发出"),
    )
}

fn proof_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let Some(reply) = &case.reply else {
        return Err(NotAllowed::new("reply_not_issued", "答复尚未签发，请先签发答复"));
    };
    require(
        !reply.is_back(),
        NotAllowed::by_law(
            "redelivery_required",
            articles::SERVICE,
            "上次发出的答复已登记退回；请重新送达并登记发出日期，再登记送达情况",
        ),
    )
}

fn archive_is_possible(case: &Case) -> Result<(), NotAllowed> {
    let is_back = case.reply.as_ref().is_some_and(Reply::is_back);
    let detail = if is_back {
        "答复被退回，没有送达，不能归档；请重新送达，取得送达凭证后登记"
    } else {
        "尚无送达凭证，不能归档；请先登记送达情况"
    };
    require(case.stage != Stage::Replied, NotAllowed::by_law("service_not_proved", articles::SERVICE, detail))
}
