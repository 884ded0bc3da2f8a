//! From the proposal to the file: one category, its reviews, the reply, its service.

use super::Drawn;
use super::evidence::{check_days, check_evidence, check_items, third_party_has_not_objected};
use super::members::check_members;
use crate::case::command as c;
use crate::case::context::Context;
use crate::case::event::Event;
use crate::case::proof::fits;
use crate::case::refusal::{NotAllowed, not_after_today, not_before, said};
use crate::case::state::{Case, Proposal, Reply};
use crate::case::vocabulary::{Notice, ServiceResult};
use crate::case::{articles, secrecy};
use crate::law::{ServiceError, ServiceMethod, is_other_courier, is_postal_enterprise, refuses_couriers, replied_on};
use chrono::NaiveDate;

pub(super) fn propose(
    case: &Case,
    payload: &c::ProposeOutcome,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reasons", &payload.reasons, "拟办理由")?;
    not_after_today("/on", payload.on, context.today)?;
    let (base, label) = last_fact(case);
    not_before("/on", payload.on, base, label)?;
    if let Some(consultation) = case.consultations.iter().find(|c| case.awaits(c, context.calendar, payload.on)) {
        return Err(NotAllowed::by_law(
            "consultation_open",
            articles::of_consultation(consultation.opened.kind, case.regime),
            format!("{}当日仍在向{}征求意见，不能据以拟办", payload.on, consultation.opened.party),
        )
        .at("/on"));
    }
    check_days(payload)?;
    check_evidence(case, payload, context)?;
    third_party_has_not_objected(case, payload)?;
    check_items(case, payload, context)?;
    check_members(case, payload)?;
    after_the_reasons_were_due(case, payload, context)?;
    Ok(vec![Event::OutcomeProposed {
        proposal: payload.clone(),
        proposed_by: context.actor.user,
        chain: context.rules.review_chain.clone(),
    }])
}

/// "Gave no reasons" can only be said once the period for them is over (Art. 35).
fn after_the_reasons_were_due(
    case: &Case,
    payload: &c::ProposeOutcome,
    context: &Context<'_>,
) -> Result<(), NotAllowed> {
    let unanswered = case.justification.as_ref().is_some_and(|justification| justification.received.is_none());
    let last = case.notice_due(Notice::Justification, context.calendar);
    if unanswered && last.is_some_and(|last| payload.on <= last) {
        return Err(NotAllowed::by_law(
            "period_still_running",
            articles::EXCESSIVE,
            format!("{}时申请人说明理由的期限尚未届满", payload.on),
        )
        .at("/on"));
    }
    Ok(())
}

/// The latest fact an outcome rests on.
fn last_fact(case: &Case) -> (NaiveDate, &'static str) {
    let start = case.period_start().unwrap_or(case.intake.submitted_on);
    let mut last = (start, "本次答复期限起算日");
    let reasons = case.justification.as_ref().and_then(|j| j.received.as_ref()).map(|r| (r.on, "收到理由说明的日期"));
    let searches = case.searches.iter().map(|search| (search.on, "检索日期"));
    let opinions = case.consultations.iter().filter_map(|c| c.returned.as_ref()).map(|r| (r.on, "收到意见的日期"));
    let answers = case.tasks.iter().filter_map(|task| task.answer.as_ref()).map(|a| (a.on, "科室反馈日期"));
    let recalls = case.recalled_replies.iter().map(|recalled| (recalled.recalled_on, "撤回答复的日期"));
    let revocation = case.revoked_reply().map(|revoked| (revoked.set_aside_on, "撤销原答复的日期"));
    for fact in reasons.into_iter().chain(searches).chain(opinions).chain(answers).chain(recalls).chain(revocation) {
        if fact.0 > last.0 {
            last = fact;
        }
    }
    last
}

pub(super) fn recall(
    case: &Case,
    payload: &c::RecallProposal,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "撤回拟办的理由")?;
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, proposal(case)?.proposal.on, "拟办日期")?;
    Ok(vec![Event::ProposalRecalled(payload.clone())])
}

fn proposal(case: &Case) -> Result<&Proposal, NotAllowed> {
    case.proposal.as_ref().ok_or_else(|| NotAllowed::new("nothing_to_review", "没有拟办意见"))
}

fn reply(case: &Case) -> Result<&Reply, NotAllowed> {
    case.reply.as_ref().ok_or_else(|| NotAllowed::new("reply_not_issued", "答复尚未签发，请先签发答复"))
}

pub(super) fn review(case: &Case, payload: &c::Review, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    let proposal = proposal(case)?;
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, proposal.last_on(), "拟办或上一环节审核日期")?;
    if let Some(next) = proposal.next_review().filter(|next| *next != payload.kind) {
        return Err(NotAllowed::new(
            "wrong_review_step",
            format!("现应进行“{}”，不能先作“{}”", next.label(), payload.kind.label()),
        )
        .at("/kind"));
    }
    if !payload.approve {
        said("/comment", payload.comment.as_deref().unwrap_or_default(), "退回的理由")?;
    }
    Ok(vec![Event::Reviewed { review: payload.clone(), reviewed_by: context.actor.user }])
}

pub(super) fn issue(
    case: &Case,
    payload: &c::IssueReply,
    context: &Context<'_>,
    drawn: &Drawn,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    let proposal = proposal(case)?;
    not_before("/on", payload.on, proposal.last_on(), "审核通过日期")?;
    secrecy::check(&proposal.proposal, payload.on, "/on")?;
    let number = drawn.number.clone().ok_or_else(|| NotAllowed::new("number_not_drawn", "未取得答复文号"))?;
    Ok(vec![Event::ReplyIssued { on: payload.on, document_number: number, replied_on: None }])
}

/// Takes back a reply that has its number and was never sent. Whether it may still be taken back is the precondition's.
pub(super) fn recall_reply(
    case: &Case,
    payload: &c::RecallReply,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "撤回答复的理由")?;
    let reply = reply(case)?;
    let on = payload.on.unwrap_or(context.today);
    not_after_today("/on", on, context.today)?;
    not_before("/on", on, reply.issued_on, "签发日期")?;
    let document_number = reply.document_number.clone();
    Ok(vec![Event::ReplyRecalled { on, document_number, reason: payload.reason.clone() }])
}

/// Revokes a reply that was sent. Whether it may be revoked at all is the precondition's.
pub(super) fn revoke_reply(
    case: &Case,
    payload: &c::RevokeReply,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "撤销原答复的理由")?;
    let reply = reply(case)?;
    not_after_today("/on", payload.on, context.today)?;
    let sent = reply.dispatches.iter().map(|dispatch| (dispatch.on, "发出答复的日期"));
    let counted = reply.replied_on.map(|on| (on, "答复日期"));
    for (base, label) in sent.chain(counted) {
        not_before("/on", payload.on, base, label)?;
    }
    let document_number = reply.document_number.clone();
    Ok(vec![Event::ReplyRevoked { on: payload.on, document_number, reason: payload.reason.clone() }])
}

pub(super) fn dispatch(case: &Case, payload: &c::Dispatch, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    let reply = reply(case)?;
    let (base, label) = match &reply.proof {
        Some(proof) => (proof.on, "退回日期"),
        None => (reply.dispatches.last().map_or(reply.issued_on, |last| last.on), "签发或上次发出日期"),
    };
    not_before("/on", payload.on, base, label)?;
    carrier_fits(payload)?;
    let counted = counted(payload.method, Some(payload.on), None, "/method")?;
    Ok(vec![Event::Dispatched { dispatch: payload.clone(), replied_on: reply.replied_on.or(counted) }])
}

pub(super) fn prove_service(
    case: &Case,
    payload: &c::ProveService,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    let reply = reply(case)?;
    let last = reply.dispatches.last();
    not_before("/on", payload.on, last.map_or(reply.issued_on, |last| last.on), "签发或发出日期")?;
    let is_handed_over = matches!(payload.result, ServiceResult::Signed | ServiceResult::Left);
    if last.is_none() && !is_handed_over {
        let detail = "尚未登记发出答复：电子回执、退回须先有发出的登记，请先登记发出答复";
        return Err(NotAllowed::by_law("not_dispatched", articles::SERVICE, detail).at("/result"));
    }
    if last.is_none() && payload.signatory.as_deref().is_none_or(|name| name.trim().is_empty()) {
        let detail = "尚未登记发出答复：当面送达的，请填写签收人；邮寄、电子等方式的，请先登记发出答复，再登记送达";
        return Err(NotAllowed::by_law("signatory_required", articles::SERVICE, detail).at("/signatory"));
    }
    let method = last.map_or(ServiceMethod::Direct, |last| last.method);
    fits(method, payload.result)?;
    let signed_on = match payload.result {
        ServiceResult::Signed | ServiceResult::ElectronicReceipt | ServiceResult::Left => Some(payload.on),
        ServiceResult::Returned => None,
    };
    let counted = counted(method, last.map(|last| last.on), signed_on, "/result")?;
    let replied_on = match payload.result {
        ServiceResult::Signed | ServiceResult::ElectronicReceipt | ServiceResult::Left => reply.replied_on.or(counted),
        ServiceResult::Returned => reply.replied_on_if_returned(),
    };
    Ok(vec![Event::ServiceProved { proof: payload.clone(), replied_on }])
}

/// Post is the postal enterprise's. A courier carries under its own way of service only, which 235号 refuses since 2016-12-07.
fn carrier_fits(payload: &c::Dispatch) -> Result<(), NotAllowed> {
    let Some(carrier) = payload.carrier.as_deref().filter(|carrier| !carrier.trim().is_empty()) else { return Ok(()) };
    let fits = match payload.method {
        ServiceMethod::Post => is_postal_enterprise(carrier),
        ServiceMethod::Direct | ServiceMethod::Entrusted | ServiceMethod::Electronic => !is_other_courier(carrier),
        ServiceMethod::PrivateCourier => true,
    };
    if fits {
        return Ok(());
    }
    let detail = match payload.method {
        ServiceMethod::Post => "邮寄送达应当通过邮政企业（EMS、挂号信），所填不是邮政企业，或者另有其他快递企业",
        ServiceMethod::Direct
        | ServiceMethod::Entrusted
        | ServiceMethod::Electronic
        | ServiceMethod::PrivateCourier => "由其他快递企业寄出的，不是直接、委托或者电子送达",
    };
    let advice = if refuses_couriers(payload.on) {
        "信息公开处理决定不得由其他快递企业寄送；请交邮政企业重新寄出，按实际寄出之日登记"
    } else {
        "由其他快递企业寄出的请选“其他快递企业”（private_courier）"
    };
    let detail = format!("{detail}；{advice}");
    Err(NotAllowed::by_law("service_method_refused", articles::SERVICE, detail).at("/carrier"))
}

/// The day that counts as the reply, if it is known by now; an unlawful way is refused.
fn counted(
    method: ServiceMethod,
    sent: Option<NaiveDate>,
    signed: Option<NaiveDate>,
    pointer: &'static str,
) -> Result<Option<NaiveDate>, NotAllowed> {
    match replied_on(method, sent, signed) {
        Ok(counted) => Ok(Some(counted.on)),
        Err(ServiceError::NotSigned { .. } | ServiceError::NotDispatched { .. }) => Ok(None),
        Err(refused @ (ServiceError::PrivateCourier { .. } | ServiceError::SignedBeforeDispatch { .. })) => {
            Err(NotAllowed::by_law("service_method_refused", articles::SERVICE, refused.to_string()).at(pointer))
        }
    }
}

pub(super) fn archive(case: &Case, payload: &c::Archive, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/file_number", &payload.file_number, "归档号")?;
    not_after_today("/on", payload.on, context.today)?;
    let proved = case.reply.as_ref().and_then(|reply| reply.proof.as_ref()).map(|proof| proof.on);
    let base = proved.max(case.ended_on).unwrap_or(case.intake.submitted_on);
    not_before("/on", payload.on, base, "办结或送达日期")?;
    Ok(vec![Event::Archived(payload.clone())])
}

pub(super) fn close(case: &Case, payload: &c::Close, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "终结的理由")?;
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, case.period_start().unwrap_or(case.intake.submitted_on), "收到日期")?;
    not_before_it_came_back(case, payload.on)?;
    Ok(vec![Event::Closed(payload.clone())])
}

/// Until an electronic message came back the reply stood as sent, and what was sent is neither withdrawn nor closed (C-18): the
/// end of such a case rests on the return.
pub(super) fn not_before_it_came_back(case: &Case, on: NaiveDate) -> Result<(), NotAllowed> {
    let returns = case.reply.iter().flat_map(|reply| &reply.came_back).map(|back| back.on);
    let Some(back) = returns.max().filter(|back| on < *back) else { return Ok(()) };
    let detail = format!(
        "日期 {on} 早于其所依据的事实：答复退回日期 {back}；退回之前答复作为已发出，不能撤回或者终结，此前收到的撤回申请自退回之日起办理，\
         请填不早于{back}的日期"
    );
    Err(NotAllowed::by_law("date_before_fact", articles::WITHDRAWAL, detail).at("/on"))
}
