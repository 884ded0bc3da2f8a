//! Deciding the steps of a log anew, after some of them were put right.

use super::recast::{command_of, drawn_for, keep_numbers, may_change};
use super::steps::Step;
use crate::case::command::Command;
use crate::case::context::{Actor, Context};
use crate::case::decide::decide;
use crate::case::event::{AmendedEntry, AmendedEvent, Event};
use crate::case::evolve::evolve;
use crate::case::log;
use crate::case::refusal::NotAllowed;
use crate::case::role::Role;
use crate::case::rules::OrganRules;
use crate::case::state::Case;
use crate::law::Calendar;
use chrono::NaiveDate;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a person asks of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// It never happened.
    Void,
    /// A JSON merge patch over the payload of its command.
    Change(Value),
}

/// What is asked, by the `seq` of the step.
pub type Asked = BTreeMap<i32, Ask>;

/// What steps are decided by.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// The day of the amendment: no fact may lie after it.
    pub today: NaiveDate,
    /// The calendar of the case.
    pub calendar: &'a Calendar,
    /// The organ's settings. A proposal keeps the chain of reviews that it was recorded with.
    pub rules: &'a OrganRules,
}

/// The log after an amendment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redecided {
    /// The steps that are other ones than before.
    pub entries: Vec<AmendedEntry>,
    /// The events in effect.
    pub events: Vec<Event>,
    /// The commands as they were asked to be, by the `seq` of their step. What they refer to is for the caller to check.
    pub commands: Vec<(i32, Command)>,
}

/// Why a log cannot be amended as asked. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No step begins with this event.
    NoStep(i32),
    /// The step cannot be amended by itself. The refusal says what to do.
    Fixed(i32, NotAllowed),
    /// The change has a member or a value that the payload cannot have. The pointer leads into the change.
    Malformed(i32, String, String),
    /// The step does not hold as it is asked for.
    Refused(i32, NotAllowed),
    /// A later step, which nobody asked to change, no longer holds: its `seq`, its label, its day, and why.
    LaterDoesNotHold(i32, &'static str, NaiveDate, NotAllowed),
}

/// Decides the steps of a log anew at their places, with what is asked changed. Roles and the day of recording do not count:
/// only the rules of law and dates do. Steps before the first change stay as they are. A step that its rules would have
/// refused before the amendment too was recorded under other rules, and stays.
///
/// # Errors
/// [`Fault`].
pub fn redecide(steps: &[Step], asked: &Asked, basis: &Basis<'_>) -> Result<Redecided, Fault> {
    if let Some(unknown) = asked.keys().find(|seq| !steps.iter().any(|step| step.seq() == **seq)) {
        return Err(Fault::NoStep(*unknown));
    }
    let is_void = |step: &Step| step.events.iter().any(|(_, event)| matches!(event, Event::Voided { .. }));
    if let Some(void) = steps.iter().find(|step| is_void(step)).map(Step::seq)
        && let Some(other) = asked.keys().find(|seq| **seq != void)
    {
        let detail = "案件已作废，其他各步不能更正：请先更正作废的那一步，恢复以后再更正";
        return Err(Fault::Fixed(*other, NotAllowed::new("case_is_void", detail)));
    }
    let mut walk = Walk {
        before: None,
        after: None,
        is_amended: false,
        entries: Vec::new(),
        events: Vec::new(),
        commands: Vec::new(),
    };
    for step in steps {
        walk.step(step, asked.get(&step.seq()), basis)?;
    }
    Ok(Redecided { entries: walk.entries, events: walk.events, commands: walk.commands })
}

struct Walk {
    /// The case by the log as it was, up to the step.
    before: Option<Case>,
    /// The case by the amended log, up to the step.
    after: Option<Case>,
    is_amended: bool,
    entries: Vec<AmendedEntry>,
    events: Vec<Event>,
    commands: Vec<(i32, Command)>,
}

impl Walk {
    fn step(&mut self, step: &Step, ask: Option<&Ask>, basis: &Basis<'_>) -> Result<(), Fault> {
        let recorded: Vec<Event> = match step.events.is_empty() {
            // What never happened may be put back by a change.
            true if ask.is_some() => step.recorded.iter().map(|one| one.event.clone()).collect(),
            _ => step.events.iter().map(|(_, event)| event.clone()).collect(),
        };
        if ask.is_some() {
            Self::may_be_asked(step).map_err(|refusal| Fault::Fixed(step.seq(), refusal))?;
        }
        self.is_amended |= ask.is_some();
        let decided = if self.is_amended { self.decided(step, &recorded, ask, basis)? } else { recorded.clone() };
        let was = step.events.iter().map(|(_, event)| event);
        if !was.clone().eq(decided.iter()) {
            self.entries.push(entry_of(step, &decided, ask.is_some()));
        }
        self.before = was.fold(self.before.take(), evolve);
        self.after = decided.iter().fold(self.after.take(), evolve);
        self.events.extend(decided);
        Ok(())
    }

    /// A tie to another case is made again by its own command, which looks at that case.
    fn may_be_asked(step: &Step) -> Result<(), NotAllowed> {
        let is_merge = matches!(step.recorded.first().map(|first| &first.event), Some(Event::Merged(_)));
        if is_merge && !step.is_effective() {
            return Err(NotAllowed::new("merge_again", "并案取消以后不能恢复：请重新并案"));
        }
        Ok(())
    }

    fn decided(
        &mut self,
        step: &Step,
        recorded: &[Event],
        ask: Option<&Ask>,
        basis: &Basis<'_>,
    ) -> Result<Vec<Event>, Fault> {
        let seq = step.seq();
        let command = command_of(recorded);
        if let Some(ask) = ask {
            is_amendable(recorded, ask).map_err(|refusal| Fault::Fixed(seq, refusal))?;
        }
        let Some(command) = command else { return Ok(recorded.to_vec()) };
        let command = match ask {
            Some(Ask::Void) => return Ok(Vec::new()),
            Some(Ask::Change(patch)) => {
                changed(&command, patch).map_err(|(pointer, detail)| Fault::Malformed(seq, pointer, detail))?
            }
            None => command,
        };
        if ask.is_some() {
            self.commands.push((seq, command.clone()));
        }
        let rules = &rules_of(recorded, basis.rules);
        let actor = Actor {
            user: step.actor().unwrap_or(Uuid::nil()),
            roles: Role::ALL.into_iter().collect(),
            department: None,
        };
        let context = Context { actor: &actor, today: basis.today, calendar: basis.calendar, rules };
        let drawn = drawn_for(recorded);
        match decide(self.after.as_ref(), &command, &context, &drawn) {
            Ok(mut events) => {
                keep_numbers(recorded, &mut events);
                Ok(events)
            }
            Err(refusal) if ask.is_some() => Err(Fault::Refused(seq, refusal)),
            Err(refusal) => match decide(self.before.as_ref(), &command, &context, &drawn) {
                Err(before) if before.code == refusal.code => Ok(recorded.to_vec()),
                _ => {
                    let (label, on) = recorded.first().map_or(("", basis.today), |event| (event.label(), event.on()));
                    Err(Fault::LaterDoesNotHold(seq, label, on, refusal))
                }
            },
        }
    }
}

/// The settings a step was decided by: a proposal keeps the chain of reviews that it was recorded with.
fn rules_of(recorded: &[Event], rules: &OrganRules) -> OrganRules {
    match recorded.first() {
        Some(Event::OutcomeProposed { chain, .. }) => OrganRules { review_chain: chain.clone(), ..rules.clone() },
        _ => rules.clone(),
    }
}

/// Whether a step may be amended by itself at all, whoever asks.
///
/// # Errors
/// What to do instead.
pub fn is_amendable(recorded: &[Event], ask: &Ask) -> Result<(), NotAllowed> {
    let Some(first) = recorded.first() else {
        return Err(NotAllowed::new("entry_is_void", "这一步已经作废；要恢复的，请提交更正内容"));
    };
    match first {
        Event::Received(_) if *ask == Ask::Void => {
            Err(NotAllowed::new("void_the_case", "收件不能填没有发生：误立案、重复录入的，请将整个案件作废"))
        }
        Event::Merged(_) if matches!(ask, Ask::Change(patch) if patch.get("into_case").is_some()) => {
            Err(NotAllowed::new("merge_target_is_fixed", "并入的案件不能更正：请将并案这一步填没有发生，再重新并案"))
        }
        Event::Voided { .. } if *ask != Ask::Void => Err(NotAllowed::new(
            "void_is_fixed",
            "作废这一步只能填没有发生（恢复案件）；理由、承继的案件录错的，请恢复以后重新作废",
        )),
        Event::Split { .. } => Err(NotAllowed::new(
            "split_is_fixed",
            "拆分已经形成其他案件，不能更正：拆分有误的，请将形成的各案作废，再将本案作废并重新登记",
        )),
        Event::Amended(_) | Event::AmendmentProposed(_) | Event::AmendmentRefused(_) => {
            Err(NotAllowed::new("amendment_is_fixed", "更正本身不能更正：更正有误的，请对原来的那一步再作一次更正"))
        }
        Event::ApplicantCorrected { .. } => Err(NotAllowed::new(
            "applicant_correction_is_fixed",
            "申请人信息的更正不影响期限和统计，不在这里更正：更正有误的，请再更正一次申请人信息；删除理由中的文字用 redactions",
        )),
        Event::CalendarApplied { .. } | Event::Redacted { .. } => {
            Err(NotAllowed::new("recorded_by_the_system", "这一步由系统记录，不能更正"))
        }
        Event::Linked(_) if command_of(recorded).is_none() => {
            Err(NotAllowed::new("recorded_by_other_case", "这一关联由另一案的并案或者拆分记入，请更正另一案"))
        }
        _ if command_of(recorded).is_none() => Err(NotAllowed::new(
            "recorded_by_ledger",
            "这一步由台账导入，不能单独更正：请撤销那次导入，或者将案件作废后重新登记",
        )),
        _ => Ok(()),
    }
}

/// The command after a change of its payload.
///
/// # Errors
/// A pointer into the change, and what is wrong there.
fn changed(command: &Command, patch: &Value) -> Result<Command, (String, String)> {
    let at = |pointer: String, detail: String| (pointer, detail);
    let Value::Object(members) = patch else {
        return Err(at(String::new(), "应为对象：只写要改的成员".into()));
    };
    let mut payload = command.payload();
    let kind = command.kind();
    if let Some(name) = members.keys().find(|name| !may_change(kind, name)) {
        return Err(at(
            format!("/{name}"),
            "收件的这一项不在更正之列：可以更正的是申请人类型、标题、内容、申请方式、各个日期和提供方式".into(),
        ));
    }
    log::merge(&mut payload, patch);
    Command::of_payload(kind, payload).map_err(|(path, said)| {
        let member = path.split(['.', '[']).next().filter(|member| !member.is_empty());
        let unknown = said.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let pointer = member.or(unknown).map_or_else(String::new, |member| format!("/{member}"));
        let detail = if unknown.is_some() {
            "没有这一项"
        } else {
            "值的类型或格式不正确，或者缺少必需的成员"
        };
        at(pointer, format!("“{}”：{detail}", kind.label()))
    })
}

/// What the amendment says of a step that is another one since.
fn entry_of(step: &Step, decided: &[Event], is_asked: bool) -> AmendedEntry {
    let mut left: Vec<_> = step.recorded.iter().collect();
    let events = decided.iter().map(|event| {
        let same = left.iter().position(|one| one.event.kind() == event.kind());
        let Some(one) = same.map(|place| left.remove(place)) else {
            return AmendedEvent::Added(Box::new(event.clone()));
        };
        if one.event == *event {
            return AmendedEvent::Recorded { seq: one.seq, patch: None };
        }
        match log::difference(&one.event, event) {
            Some(patch) => AmendedEvent::Recorded { seq: one.seq, patch: Some(patch) },
            None => AmendedEvent::Added(Box::new(event.clone())),
        }
    });
    let events = events.collect();
    AmendedEntry { seqs: step.seqs(), is_asked, events }
}
