//! Until when a reply, or its absence, can be challenged: reconsideration and suit, each with its derivation (D18 to D19b).

use super::context::Context;
use super::state::{Case, Reply};
use crate::case::vocabulary::{ServiceResult, words};
use crate::law::period::{
    ChallengeFrom, reconsideration_due, reconsideration_source, suit_due, suit_months, suit_source,
};
use crate::law::{
    LastDay, Outcome, RECONSIDERATION_FIRST_ARTICLE, RemedyText, ServiceMethod, reconsideration_comes_first,
};
use serde::{Deserialize, Serialize};

words! {
    /// A way to challenge a reply.
    ChallengeWay {
        /// 行政复议.
        Reconsideration = "reconsideration", "行政复议";
        /// 行政诉讼.
        Suit = "suit", "行政诉讼";
    }
}

/// Until when one way is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The way.
    pub way: ChallengeWay,
    /// Day 0 and the last day; `None` while they are not known.
    pub term: Option<ChallengeTerm>,
    /// Rule of the decision table; empty where there is no date yet.
    pub rule: &'static str,
    /// The article it rests on.
    pub article: &'static str,
    /// How the date came about, or why it is not known yet.
    pub why: String,
}

/// A period that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChallengeTerm {
    /// Day 0 and what it is.
    pub from: ChallengeFrom,
    /// The last day.
    pub last: LastDay,
}

/// What can be challenged on `context.today`: the reply that was given, or that none was given in time. Nothing while the
/// period runs, and nothing where there is nothing to contest.
#[must_use]
pub fn challenges(case: &Case, context: &Context<'_>) -> Vec<Challenge> {
    let is_contestable = case.outcome.is_none_or(|outcome| outcome.remedy() != RemedyText::None);
    if !is_contestable {
        return Vec::new();
    }
    if let Some(reply) = case.reply.as_ref().filter(|_| !case.stage.is_open()) {
        return of_reply(case, reply, context);
    }
    if case.stage.is_open() {
        return of_silence(case, context);
    }
    // A case that ended without a reply: the service of the notice is not recorded.
    let unknown = |way| without_date(way, "终结告知的送达日期未作登记，不能计算".to_owned());
    ChallengeWay::ALL.iter().copied().map(unknown).collect()
}

fn of_reply(case: &Case, reply: &Reply, context: &Context<'_>) -> Vec<Challenge> {
    let (from, how) = match served(reply) {
        Ok((day, how)) => (ChallengeFrom::Service(day), how),
        Err(why) => return ChallengeWay::ALL.iter().map(|way| without_date(*way, why.clone())).collect(),
    };
    let suit = match comes_first(case, reply) {
        true => Challenge {
            article: RECONSIDERATION_FIRST_ARTICLE,
            ..without_date(
                ChallengeWay::Suit,
                "应当先申请行政复议；对复议决定不服的，自收到行政复议决定书之日起15日内起诉（规则D20）".to_owned(),
            )
        },
        false => running(ChallengeWay::Suit, from, how, context),
    };
    vec![running(ChallengeWay::Reconsideration, from, how, context), suit]
}

/// No reply, and its last day is over.
fn of_silence(case: &Case, context: &Context<'_>) -> Vec<Challenge> {
    let Some(due) = case.due_today(context).filter(|due| context.today > *due) else { return Vec::new() };
    let silence = |way: &ChallengeWay| running(*way, ChallengeFrom::Silence(due), "答复期限届满，未作答复", context);
    ChallengeWay::ALL.iter().map(silence).collect()
}

/// The day the applicant was served and what happened that day, or why it is not known.
fn served(reply: &Reply) -> Result<(chrono::NaiveDate, &'static str), String> {
    let Some(proof) = &reply.proof else {
        let awaited = match reply.dispatches.last().map(|dispatch| dispatch.method) {
            None | Some(ServiceMethod::Direct | ServiceMethod::Entrusted) => "签收（或者拒绝签收）之日",
            Some(ServiceMethod::Post | ServiceMethod::PrivateCourier) => "收件人签收之日，交邮之日只决定答复是否按期",
            Some(ServiceMethod::Electronic) => "到达申请人指定系统之日",
        };
        return Err(format!("尚未登记送达日期，不能计算：自{awaited}起算"));
    };
    match proof.result {
        ServiceResult::Signed => Ok((proof.on, "签收")),
        ServiceResult::ElectronicReceipt => Ok((proof.on, "到达指定系统")),
        ServiceResult::Left => Ok((proof.on, "拒绝签收，留置送达")),
        ServiceResult::Returned => Err(format!("{}退回，未送达，不能计算", proof.on)),
    }
}

fn comes_first(case: &Case, reply: &Reply) -> bool {
    let proposal = case.proposal.as_ref().map(|proposal| &proposal.proposal);
    let withheld: Vec<Outcome> = proposal
        .map(|proposal| {
            proposal.withheld.iter().copied().chain(proposal.items.iter().map(|item| item.outcome)).collect()
        })
        .unwrap_or_default();
    let outcome = case.outcome.or(proposal.map(|proposal| proposal.outcome));
    outcome.is_some_and(|outcome| reconsideration_comes_first(outcome, &withheld, reply.issued_on))
}

fn running(way: ChallengeWay, from: ChallengeFrom, how: &str, context: &Context<'_>) -> Challenge {
    let due = |calendar: &crate::law::Calendar| {
        let due = match way {
            ChallengeWay::Reconsideration => reconsideration_due(from, calendar),
            ChallengeWay::Suit => suit_due(from, calendar),
        };
        due.ok().map(|due| due.on)
    };
    let (rule, article) = match way {
        ChallengeWay::Reconsideration => reconsideration_source(from),
        ChallengeWay::Suit => suit_source(from),
    };
    let day = from.day();
    let length = match way {
        ChallengeWay::Reconsideration => "60日".to_owned(),
        ChallengeWay::Suit => format!("{}个月", suit_months(day)),
    };
    let Some(last) = context.calendar.last_day_of(due) else {
        let why = format!("{day}{how}；届满日所在年度的放假安排不在日历内，不能计算");
        return Challenge { rule, article, ..without_date(way, why) };
    };
    let why = match last {
        LastDay::Certain(end) => format!("{day}{how}，为第0日；自次日起{length}，最后一日是休息日的顺延，至{end}届满"),
        LastDay::Estimated(range) => {
            let estimate = range.between(context.calendar.awaited_year());
            format!("{day}{how}，为第0日；自次日起{length}，最后一日是休息日的顺延。{estimate}")
        }
    };
    Challenge { way, term: Some(ChallengeTerm { from, last }), rule, article, why }
}

fn without_date(way: ChallengeWay, why: String) -> Challenge {
    Challenge { way, term: None, rule: "", article: "", why }
}
