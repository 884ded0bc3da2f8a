//! Bodies of requests: each line is the code of a command, a space and a body. A body is read as the service reads it, and the
//! command is given to a case. `form` reads a filing form, `organ_rules` the settings of an organ.
#![no_main]

use chrono::NaiveDate;
use gongkai::api::http::body::parse;
use gongkai::api::http::problem::Problem;
use gongkai::case::{
    Actor, ApplicantKind, Case, Command, CommandKind, Context, Drawn, Event, OrganRules, Role, command as c, decide,
    evolve, fold, log, obligations, permit, summary,
};
use gongkai::law::{Calendar, Channel};
use gongkai::office::OfficeError;
use gongkai::office::intake::form::FilingForm;
use gongkai::office::service::validation::Checks;
use gongkai::store::OrganId;
use gongkai_fuzz::memory;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use uuid::Uuid;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    memory::limited(|| {
        let mut case = fold(&[received()]).unwrap();
        for line in bytes.split(|byte| *byte == b'\n') {
            let mut parts = line.splitn(2, |byte| *byte == b' ');
            let (Some(word), Some(body)) = (parts.next(), parts.next()) else { continue };
            match word {
                b"form" => filing(body),
                b"organ_rules" => drop(checked::<OrganRules>(body)),
                code => {
                    let Some(kind) = CommandKind::ALL.iter().find(|kind| kind.code().as_bytes() == code) else {
                        continue;
                    };
                    if let Some(Ok(command)) = command(*kind, body) {
                        case = given(case, &command);
                    }
                }
            }
        }
    });
});

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 6, 30).unwrap()
}

fn received() -> Event {
    let submitted_on = NaiveDate::from_ymd_opt(2025, 3, 3).unwrap();
    Event::Received(c::Receive {
        applicant_id: Uuid::nil(),
        applicant_kind: ApplicantKind::NaturalPerson,
        title: "某路批复".to_owned(),
        request: "某路批复".to_owned(),
        channel: Channel::Online,
        misdirected: false,
        submitted_on,
        signed_on: None,
        arrived_on: None,
        acknowledged_on: None,
        confirmed_on: None,
        delivery: None,
    })
}

/// What is accepted is written in JSON that is accepted again and says the same; one member more is refused.
fn checked<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) -> Result<T, Problem> {
    let value: T = match parse(body) {
        Ok(value) => value,
        Err(problem) => {
            assert!(matches!(problem.status, 400 | 422), "{problem:?}");
            assert!(problem.errors.iter().all(|fault| fault.pointer.is_empty() || fault.pointer.starts_with('/')));
            return Err(problem);
        }
    };
    let mut written = serde_json::to_value(&value).unwrap();
    assert_eq!(parse::<T>(written.to_string().as_bytes()).unwrap(), value);
    written.as_object_mut().unwrap().insert("多余".to_owned(), Value::Null);
    let problem = parse::<T>(written.to_string().as_bytes()).unwrap_err();
    assert_eq!((problem.code.as_ref(), problem.errors[0].pointer.as_str()), ("unknown_field", "/多余"));
    Ok(value)
}

/// None for the command that has no body of its own.
fn command(kind: CommandKind, body: &[u8]) -> Option<Result<Command, Problem>> {
    macro_rules! of {
        ($($name:ident)*) => {
            match kind {
                CommandKind::Receive => None,
                $(CommandKind::$name => Some(checked::<c::$name>(body).map(Command::from)),)*
            }
        };
    }
    of! {
        LogContact ConfirmReceipt Register DefineItems RequestCorrection ServeNotice ReceiveCorrection Lapse Assign AnswerTask
        RecordSearch OpenConsultation ServeConsultation ReturnConsultation RequestJustification ReceiveJustification DelayReply
        NotifyFee PayFee Extend ProposeOutcome RecallProposal Review IssueReply Dispatch ProveService Archive Withdraw Close
        Merge Split Link OpenRemedy RespondRemedy DecideRemedy RecallReply RevokeReply WithdrawTask Reassign Void
    }
}

/// The case after a command. What it accepts was offered and is stored as it is, and what it then owes can be computed.
fn given(mut case: Case, command: &Command) -> Case {
    let rules = OrganRules::default();
    // Two persons: no one approves a proposal of their own.
    let user = if command.kind() == CommandKind::Review { Uuid::max() } else { Uuid::nil() };
    let actor = Actor { user, roles: Role::ALL.into(), department: None };
    let context = Context { actor: &actor, today: today(), calendar: Calendar::national(), rules: &rules };
    let parts = if let Command::Split(split) = command { split.parts.len() } else { 0 };
    let drawn = Drawn { number: Some("〔2025〕1号".to_owned()), parts: vec![Uuid::nil(); parts] };
    let offered = permit(command.kind(), &case, &context);
    let events = match decide(Some(&case), command, &context, &drawn) {
        Ok(events) => events,
        Err(refusal) => {
            assert!(!refusal.code.is_empty() && !refusal.detail.is_empty());
            return case;
        }
    };
    assert!(offered.is_ok(), "{command:?} is accepted, but {offered:?}");
    for event in events {
        let stored = log::encode(&event).unwrap();
        assert_eq!(log::decode(event.kind(), &stored).unwrap(), event);
        case = evolve(Some(case), &event).unwrap();
    }
    let clock = case.reply_clock(context.calendar, &rules, Some(context.today));
    assert!(clock.is_ok(), "{clock:?}: {command:?}");
    assert!(!obligations(&case, &context).is_empty() || !case.stage.is_open(), "an open case owes something");
    let row = summary(&case, &context);
    assert_eq!((row.stage, row.number), (case.stage, case.number.clone()));
    case
}

/// A form without faults is an application; every fault has a place and words.
fn filing(body: &[u8]) {
    let Ok(value) = parse::<Value>(body) else { return };
    let mut checks = Checks::new();
    let form = FilingForm::read(&mut checks, &value, today());
    match checks.done() {
        Ok(()) => {
            assert!(form.organ().is_some() && form.external_number().is_some());
            assert!(form.into_application(OrganId::new()).is_ok(), "what passes the checks is an application");
        }
        Err(OfficeError::Invalid(faults)) => {
            assert!(
                faults.iter().all(|fault| fault.pointer.is_empty() || fault.pointer.starts_with('/')),
                "{faults:?}"
            );
            assert!(faults.iter().all(|fault| !fault.detail.is_empty()), "{faults:?}");
        }
        Err(other) => panic!("{other}"),
    }
}
