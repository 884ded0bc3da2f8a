//! From the counter to the number, and what ties or divides cases.

use super::{Drawn, receipt_day};
use crate::case::articles;
use crate::case::command::{self as c, CommandKind};
use crate::case::context::Context;
use crate::case::event::Event;
use crate::case::refusal::{NotAllowed, not_after_today, not_before, said};
use crate::case::state::Case;
use crate::case::vocabulary::LinkRelation;
use crate::law::{Channel, ReceiptRuling, Regime, receipt};
use chrono::NaiveDate;

/// Most applications that one split makes: each is a case with its log and duties, written in one transaction.
const MOST_PARTS: usize = 100;

pub(super) fn receive(receive: &c::Receive, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/title", &receive.title, "申请标题")?;
    said("/request", &receive.request, "申请内容")?;
    for (pointer, day, label) in [
        ("/submitted_on", Some(receive.submitted_on), "提交日期"),
        ("/signed_on", receive.signed_on, "签收日期"),
        ("/arrived_on", receive.arrived_on, "到达公开工作机构日期"),
        ("/acknowledged_on", receive.acknowledged_on, "系统确认日期"),
        ("/confirmed_on", receive.confirmed_on, "双方确认日期"),
    ] {
        let Some(day) = day else { continue };
        not_after_today(pointer, day, context.today)?;
        in_force(pointer, day, label)?;
        not_before(pointer, day, receive.submitted_on, "提交日期")?;
    }
    if let (Some(signed), Some(arrived)) = (receive.signed_on, receive.arrived_on) {
        not_before("/arrived_on", arrived, signed, "签收日期")?;
    }
    if let (Channel::RegisteredMail, false, None) = (receive.channel, receive.misdirected, receive.signed_on) {
        return Err(NotAllowed::by_law(
            "signing_day_required",
            articles::RECEIPT,
            "签收邮件以签收之日为收到申请之日，请填写签收日期",
        )
        .at("/signed_on"));
    }
    let mut events = vec![Event::Received(receive.clone())];
    events.extend(fixed(receive, None));
    Ok(events)
}

/// The law began on 2008-05-01; a date before it is a typing error.
fn in_force(pointer: &'static str, day: NaiveDate, label: &str) -> Result<(), NotAllowed> {
    if day < articles::FIRST_DAY_IN_FORCE {
        return Err(NotAllowed::new(
            "date_before_the_law",
            format!("{label}{day}早于《政府信息公开条例》施行之日（{}），请核对", articles::FIRST_DAY_IN_FORCE),
        )
        .at(pointer));
    }
    Ok(())
}

/// The event that fixes the day of receipt, when the facts are enough for it.
fn fixed(receive: &c::Receive, evidence: Option<String>) -> Option<Event> {
    match receipt(&receive.receipt_facts()) {
        ReceiptRuling::Fixed(receipt) => {
            let regime = Regime::for_receipt(receipt.on);
            Some(Event::ReceiptFixed { on: receipt.on, rule: receipt.rule, regime, evidence })
        }
        ReceiptRuling::AwaitingConfirmation { .. } => None,
    }
}

pub(super) fn log_contact(
    case: &Case,
    payload: &c::LogContact,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/means", &payload.means, "联系方式")?;
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, case.intake.submitted_on, "提交日期")?;
    Ok(vec![Event::ContactLogged(payload.clone())])
}

pub(super) fn confirm_receipt(
    case: &Case,
    payload: &c::ConfirmReceipt,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    said("/evidence", &payload.evidence, "确认方式及证据")?;
    not_after_today("/on", payload.on, context.today)?;
    let arrived = case.intake.arrived_on.unwrap_or(case.intake.submitted_on);
    not_before("/on", payload.on, arrived, "申请到达日期")?;
    let receive = c::Receive { confirmed_on: Some(payload.on), ..case.intake.clone() };
    fixed(&receive, Some(payload.evidence.clone())).map(|event| vec![event]).ok_or_else(|| {
        NotAllowed::by_law(
            "receipt_not_fixed",
            articles::RECEIPT,
            "仅凭确认日期仍不能确定收到申请之日，请补充签收或到达日期",
        )
    })
}

pub(super) fn register(
    case: &Case,
    payload: &c::Register,
    context: &Context<'_>,
    drawn: &Drawn,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    let number = drawn.number.clone().ok_or_else(|| NotAllowed::new("number_not_drawn", "未取得受理编号"))?;
    Ok(vec![Event::Registered { on: payload.on, number }])
}

pub(super) fn define_items(
    case: &Case,
    payload: &c::DefineItems,
    context: &Context<'_>,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    if payload.items.is_empty() {
        return Err(NotAllowed::new("items_required", "至少列明一项申请事项").at("/items"));
    }
    for item in &payload.items {
        said("/items", &item.text, "申请事项内容")?;
    }
    Ok(vec![Event::ItemsDefined(payload.clone())])
}

pub(super) fn merge(case: &Case, payload: &c::Merge, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "并案理由")?;
    not_after_today("/on", payload.on, context.today)?;
    if let Some(due) = case.due(context).filter(|due| payload.on > *due) {
        return Err(NotAllowed::by_law(
            "merge_after_due",
            articles::under(articles::REPLY_PERIOD, case.regime),
            format!("本案答复期限已于{due}届满，应当作出答复，不能以并案终结"),
        )
        .at("/on"));
    }
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    Ok(vec![Event::Merged(payload.clone())])
}

pub(super) fn split(
    case: &Case,
    payload: &c::Split,
    context: &Context<'_>,
    drawn: &Drawn,
) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, receipt_day(case)?, "收到日期")?;
    if payload.parts.len() < 2 {
        return Err(NotAllowed::by_law("split_needs_parts", articles::SPLIT, "拆分须分为两件以上申请").at("/parts"));
    }
    if payload.parts.len() > MOST_PARTS {
        let detail =
            format!("一次至多拆分为{MOST_PARTS}件；更多的，先拆分为{MOST_PARTS}件以内，再对其中的申请继续拆分");
        return Err(NotAllowed::new("too_many_parts", detail).at("/parts"));
    }
    for part in &payload.parts {
        said("/parts", &part.title, "拆分后申请的标题")?;
        said("/parts", &part.request, "拆分后申请的内容")?;
    }
    if drawn.parts.len() != payload.parts.len() {
        return Err(NotAllowed::new("parts_not_drawn", "未取得拆分后案件的标识"));
    }
    Ok(vec![Event::Split { on: payload.on, parts: drawn.parts.clone() }])
}

/// The case was registered by mistake, or twice. Whether the person may say so, and whether the leader has to confirm it, is
/// the office's to check: it depends on who recorded what.
pub(super) fn void(payload: &c::Void, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    said("/reason", &payload.reason, "作废的理由")?;
    let c::Void { reason, replaced_by } = payload.clone();
    Ok(vec![Event::Voided { on: context.today, reason, replaced_by }])
}

pub(super) fn link(case: &Case, payload: &c::Link, context: &Context<'_>) -> Result<Vec<Event>, NotAllowed> {
    not_after_today("/on", payload.on, context.today)?;
    not_before("/on", payload.on, case.intake.submitted_on, "提交日期")?;
    if let Some(command) = made_by(payload.relation) {
        let relation = payload.relation.label();
        let detail = format!("“{relation}”由“{}”自动记入两案，不能自行登记", command.label());
        return Err(NotAllowed::new("link_by_command", detail).at("/relation"));
    }
    if case.links.iter().any(|link| link.other_case == payload.other_case && link.relation == payload.relation) {
        return Err(NotAllowed::new("already_linked", "两案已有这一关联").at("/other_case"));
    }
    Ok(vec![Event::Linked(payload.clone())])
}

/// The command that ties two cases in this way. A tie of this kind decides who answers for the case and in which report it
/// counts, so it is entered only with the step it tells of.
pub(in crate::case) const fn made_by(relation: LinkRelation) -> Option<CommandKind> {
    match relation {
        LinkRelation::MergedFrom | LinkRelation::MergedInto => Some(CommandKind::Merge),
        LinkRelation::SplitFrom | LinkRelation::SplitInto => Some(CommandKind::Split),
        LinkRelation::Earlier | LinkRelation::RepeatOf | LinkRelation::CorrectedFrom | LinkRelation::Related => None,
    }
}
