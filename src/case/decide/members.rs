//! What a proposal says beside its category: only what belongs to the category, nothing twice, nothing that contradicts itself.

use crate::case::command::ProposeOutcome;
use crate::case::refusal::NotAllowed;
use crate::case::state::Case;
use crate::case::{articles, secrecy};
use crate::law::{Outcome, Regime, Requirement};
use chrono::NaiveDate;

/// A member that belongs to some categories only.
struct Member {
    pointer: &'static str,
    is_given: fn(&ProposeOutcome) -> bool,
    is_of: fn(Outcome) -> bool,
}

impl Member {
    const fn new(pointer: &'static str, is_given: fn(&ProposeOutcome) -> bool, is_of: fn(Outcome) -> bool) -> Self {
        Self { pointer, is_given, is_of }
    }

    fn name(&self) -> &'static str {
        self.pointer.trim_start_matches('/')
    }
}

/// Each member with the categories that take it: those that require it, and those whose reply may say it.
const MEMBERS: [Member; 13] = [
    Member::new("/withheld", |said| !said.withheld.is_empty(), is_partial),
    Member::new("/right_organ", |said| said.right_organ.is_some(), |of| requires(of, Requirement::RightOrgan)),
    Member::new(
        "/right_organ_unknown",
        |said| said.right_organ_unknown.is_some(),
        |of| requires(of, Requirement::RightOrgan),
    ),
    Member::new("/earlier_reply_number", |said| said.earlier_reply_number.is_some(), repeats),
    Member::new("/earlier_reply_before_system", |said| said.earlier_reply_before_system, repeats),
    Member::new("/public_location", |said| said.public_location.is_some(), tells_a_way),
    Member::new("/legal_basis", |said| said.legal_basis.is_some(), rests_on_another_law),
    Member::new("/secret", |said| said.secret.is_some(), |of| requires(of, Requirement::SecretMarking)),
    Member::new("/adverse_effect", |said| said.adverse_effect.is_some(), |of| requires(of, Requirement::AdverseEffect)),
    Member::new("/process", |said| said.process.is_some(), |of| is_internal(of, Requirement::ProcessRecord)),
    Member::new(
        "/internal_affairs",
        |said| said.internal_affairs.is_some(),
        |of| is_internal(of, Requirement::InternalAffairsKind),
    ),
    Member::new("/file_paper", |said| said.file_paper.is_some(), |of| is_internal(of, Requirement::FilePaper)),
    Member::new(
        "/publication",
        |said| said.publication.is_some(),
        |of| is_partial(of) || requires(of, Requirement::Publication),
    ),
];

fn requires(outcome: Outcome, requirement: Requirement) -> bool {
    outcome.requirements().contains(&requirement)
}

fn is_partial(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::PartiallyDisclosed | Outcome::O492PartiallyDisclosed)
}

/// Order 492 has no category for repeats: they are answered by 告知通过其他途径办理.
fn repeats(outcome: Outcome) -> bool {
    requires(outcome, Requirement::EarlierReplyNumber) || outcome == Outcome::O492OtherChannel
}

/// A reply may name the way to what is disclosed (Art. 36(2)), to a special register (36(7)) and to the office for petitions (39(1)).
fn tells_a_way(outcome: Outcome) -> bool {
    let elsewhere = matches!(outcome, Outcome::Petition | Outcome::SpecialRegister);
    elsewhere || is_partial(outcome) || outcome.is_granted() || requires(outcome, Requirement::AccessPath)
}

/// A prohibition or a special register; a secret; what is disclosed against an objection; under Order 492 another statute.
fn rests_on_another_law(outcome: Outcome) -> bool {
    let may_name_one = matches!(
        outcome,
        Outcome::StateSecret
            | Outcome::PublicInterest
            | Outcome::O492StateSecret
            | Outcome::O492Disclosed
            | Outcome::O492OtherStatutory
    );
    may_name_one || requires(outcome, Requirement::SpecialLaw)
}

/// Under Order 492 internal affairs, papers of a process and files are no government information.
fn is_internal(outcome: Outcome, requirement: Requirement) -> bool {
    outcome == Outcome::O492NotGovernmentInformation || requires(outcome, requirement)
}

/// Refuses what does not belong to the category, what is said twice and what contradicts itself or the case.
pub(super) fn check_members(case: &Case, proposal: &ProposeOutcome) -> Result<(), NotAllowed> {
    only_of_the_category(case, proposal)?;
    each_ground_once(proposal)?;
    one_right_organ(proposal)?;
    published_where_it_can_be_read(case, proposal)?;
    there_when_it_was_asked_for(case, proposal)?;
    secrecy::check(proposal, proposal.on, "/secret/term")
}

fn only_of_the_category(case: &Case, proposal: &ProposeOutcome) -> Result<(), NotAllowed> {
    let of_items = proposal.items.iter().map(|item| item.outcome);
    let mut outcomes: Vec<Outcome> = std::iter::once(proposal.outcome).chain(of_items).collect();
    // A ground brings its members only where something is withheld in part.
    if outcomes.iter().any(|outcome| is_partial(*outcome)) {
        outcomes.extend(&proposal.withheld);
    }
    let belongs = |member: &&Member| outcomes.iter().any(|outcome| (member.is_of)(*outcome));
    let given = MEMBERS.iter().filter(|member| (member.is_given)(proposal));
    let foreign: Vec<&Member> = given.filter(|member| !belongs(member)).collect();
    let Some(first) = foreign.first() else { return Ok(()) };
    let named = |members: &[&Member]| members.iter().map(|member| member.name()).collect::<Vec<_>>().join("、");
    let taken = named(&MEMBERS.iter().filter(belongs).collect::<Vec<_>>());
    let taken = if taken.is_empty() {
        "除理由外没有其他要填写的内容".to_owned()
    } else {
        format!("可以填写：{taken}")
    };
    let detail = format!(
        "“{}”（{}）没有 {}，请删去；这一种类{taken}",
        proposal.outcome.label(),
        proposal.outcome.code(),
        named(&foreign),
    );
    let article = articles::under(articles::REPLIES, case.regime);
    Err(NotAllowed::by_law("member_of_other_category", article, detail)
        .at(first.pointer)
        .briefly("不属于这一种类，请删去"))
}

fn each_ground_once(proposal: &ProposeOutcome) -> Result<(), NotAllowed> {
    let mut seen = Vec::new();
    for ground in &proposal.withheld {
        if seen.contains(ground) {
            let detail = format!("“{}”（{}）写了两次，每种理由只写一次", ground.label(), ground.code());
            return Err(NotAllowed::new("ground_repeated", detail).at("/withheld"));
        }
        seen.push(*ground);
    }
    Ok(())
}

fn one_right_organ(proposal: &ProposeOutcome) -> Result<(), NotAllowed> {
    if proposal.right_organ.is_some() && proposal.right_organ_unknown.is_some() {
        let detail = "已写明负责公开的机关（right_organ），又写明不能确定（right_organ_unknown），只能填其中一项";
        return Err(NotAllowed::by_law("right_organ_contradicts", Requirement::RightOrgan.article(), detail)
            .at("/right_organ_unknown"));
    }
    Ok(())
}

fn published_where_it_can_be_read(case: &Case, proposal: &ProposeOutcome) -> Result<(), NotAllowed> {
    let url = proposal.publication.as_ref().and_then(|publication| publication.url.as_deref());
    if url.is_none_or(is_web_address) {
        return Ok(());
    }
    let detail = "网址应为 http:// 或 https:// 开头、写明主机的完整地址，前后不留空格，例如 https://www.example.gov.cn/1.html；没有网址的不填";
    Err(NotAllowed::by_law("invalid_url", article(case, Requirement::Publication), detail).at("/publication/url"))
}

/// Whether it is a web address with a host: what an applicant can open.
fn is_web_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) =
        match authority.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']')) {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    is_web && is_host(host) && is_port && !url.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// A name of labels, Chinese ones among them, or an address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.contains(':') && address.chars().all(|letter| letter.is_ascii_hexdigit() || letter == ':');
    }
    let is_label = |label: &str| {
        let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        !label.is_empty() && label.chars().all(is_letter) && !label.starts_with('-') && !label.ends_with('-')
    };
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// The day of the application as it is to be answered: of its receipt, of its correction, or of the order to answer again.
fn asked_on(case: &Case) -> Option<NaiveDate> {
    let corrected = case.correction.as_ref().and_then(|correction| correction.received_on);
    let ordered = case.order().map(|order| order.on);
    [case.receipt.map(|receipt| receipt.on), corrected, ordered].into_iter().flatten().max()
}

/// What was made or published after the application came is not what was asked for, or was not public when it was asked for.
fn there_when_it_was_asked_for(case: &Case, proposal: &ProposeOutcome) -> Result<(), NotAllowed> {
    let Some(asked_on) = asked_on(case) else { return Ok(()) };
    let late = |day: Option<NaiveDate>| day.filter(|day| *day > asked_on);
    if let Some(on) = late(proposal.publication.as_ref().map(|publication| publication.on)) {
        let provided = match case.regime {
            Some(Regime::Order492) => Outcome::O492Disclosed,
            Some(Regime::Order711) | None => Outcome::Provided,
        };
        let detail = format!(
            "公开日期 {on} 晚于收到申请之日 {asked_on}：收到申请时尚未公开的，不是已主动公开；收到申请以后公开的，请选“{}”（{}），\
             并告知获取的方式、途径（public_location）",
            provided.label(),
            provided.code()
        );
        let article = article(case, Requirement::Publication);
        return Err(NotAllowed::by_law("published_after_receipt", article, detail).at("/publication/on"));
    }
    if let Some(on) = late(proposal.process.as_ref().map(|process| process.made_on)) {
        let detail =
            format!("材料形成日期 {on} 晚于收到申请之日 {asked_on}：收到申请时尚未形成的，不是所申请的信息，请核对");
        let article = article(case, Requirement::ProcessRecord);
        return Err(NotAllowed::by_law("made_after_receipt", article, detail).at("/process/made_on"));
    }
    Ok(())
}

/// The article a requirement rests on under the Order of the case.
fn article(case: &Case, requirement: Requirement) -> &'static str {
    match case.regime {
        Some(Regime::Order492) => articles::REPLIES_492,
        Some(Regime::Order711) | None => requirement.article(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_http_or_https_with_a_host() {
        for good in [
            "https://www.example.gov.cn/1.html",
            "http://example.cn",
            "HTTPS://example.cn:8443/a?b#c",
            "https://政务.中国/公开",
            "http://10.1.2.3/1",
            "http://[2001:db8::1]:80/",
            "https://oa.example.cn./",
        ] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "javascript:alert(1)",
            "javascript://example.cn/%0aalert(1)",
            "data:text/html,1",
            "ftp://example.cn/",
            "www.example.cn",
            "https://",
            "https:///1.html",
            "https://?a",
            "https://user@example.cn/",
            "https://example..cn/",
            "https://-example.cn/",
            "https://example.cn:0/",
            "https://example.cn:port/",
            "https://exa mple.cn/",
            "https://[::1/",
            " https://example.cn/",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn each_required_member_belongs_to_the_category_that_requires_it() {
        for (requirement, pointer) in [
            (Requirement::RightOrgan, "/right_organ"),
            (Requirement::EarlierReplyNumber, "/earlier_reply_number"),
            (Requirement::AccessPath, "/public_location"),
            (Requirement::SpecialLaw, "/legal_basis"),
            (Requirement::SecretMarking, "/secret"),
            (Requirement::AdverseEffect, "/adverse_effect"),
            (Requirement::ProcessRecord, "/process"),
            (Requirement::InternalAffairsKind, "/internal_affairs"),
            (Requirement::FilePaper, "/file_paper"),
            (Requirement::Publication, "/publication"),
        ] {
            let member = MEMBERS.iter().find(|member| member.pointer == pointer).unwrap();
            let requiring: Vec<Outcome> = Outcome::all().filter(|of| requires(*of, requirement)).collect();
            assert!(!requiring.is_empty() && requiring.iter().all(|of| (member.is_of)(*of)), "{pointer}");
        }
    }
}
