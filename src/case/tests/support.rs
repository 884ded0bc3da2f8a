//! A small office for the tests: one person with every role who proposes, one who reviews.

use crate::case::command::*;
use crate::case::*;
use crate::law::{Calendar, Channel, ConsultationKind, Outcome, ReopenedPeriod, ServiceMethod};
use chrono::{Days, NaiveDate};
use uuid::Uuid;

/// A civil day.
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// One case under test: its log and its clock of the day.
#[derive(Clone)]
pub struct Desk {
    pub rules: OrganRules,
    pub today: NaiveDate,
    pub log: Vec<Event>,
    pub case: Option<Case>,
}

pub const DEPARTMENT: Uuid = Uuid::from_u128(0xD);
const PROPOSER: Uuid = Uuid::from_u128(0xA);
const REVIEWER: Uuid = Uuid::from_u128(0xB);

/// Somebody holding every role.
pub fn everyone(user: Uuid) -> Actor {
    Actor { user, roles: Role::ALL.into_iter().collect(), department: Some(DEPARTMENT) }
}

/// Somebody holding just these roles.
pub fn holding(roles: &[Role]) -> Actor {
    Actor { user: Uuid::from_u128(0xC), roles: roles.iter().copied().collect(), department: None }
}

impl Desk {
    /// An office with nothing on its desk.
    pub fn on(today: &str) -> Self {
        Self { rules: OrganRules::default(), today: day(today), log: Vec::new(), case: None }
    }

    /// A registered case, received at the counter on that day.
    pub fn registered(received: &str) -> Self {
        let mut desk = Self::on(received);
        desk.accept(at_counter(day(received)));
        desk.accept(Register { on: day(received) });
        desk
    }

    /// The same desk on a later day.
    pub fn at(mut self, today: &str) -> Self {
        self.today = day(today);
        self
    }

    pub fn try_as(&self, actor: &Actor, command: &Command) -> Result<Vec<Event>, NotAllowed> {
        let context = Context { actor, today: self.today, calendar: Calendar::national(), rules: &self.rules };
        let parts = match command {
            Command::Split(split) => split.parts.iter().map(|_| Uuid::from_u128(7)).collect(),
            _ => Vec::new(),
        };
        decide(self.case.as_ref(), command, &context, &Drawn { number: Some("1".into()), parts })
    }

    /// Who would give this command: reviews are never the proposer's.
    fn actor(command: &Command) -> Actor {
        everyone(if command.kind() == CommandKind::Review { REVIEWER } else { PROPOSER })
    }

    pub fn try_command(&self, command: &Command) -> Result<Vec<Event>, NotAllowed> {
        self.try_as(&Self::actor(command), command)
    }

    /// Gives the command and folds what it causes.
    pub fn give(&mut self, command: &Command) -> Result<(), NotAllowed> {
        for event in self.try_command(command)? {
            self.case = evolve(self.case.take(), &event);
            self.log.push(event);
        }
        Ok(())
    }

    /// Gives a command that must be accepted.
    #[track_caller]
    pub fn accept(&mut self, command: impl Into<Command>) -> &mut Self {
        let command = command.into();
        if let Err(refusal) = self.give(&command) {
            panic!("{command:?} refused: {refusal:?}");
        }
        self
    }

    /// The code and article with which a command is refused; nothing may have changed.
    #[track_caller]
    pub fn refused(&mut self, command: impl Into<Command>) -> (&'static str, Option<&'static str>) {
        let before = (self.case.clone(), self.log.clone());
        let refusal = self.give(&command.into()).expect_err("must be refused");
        assert_eq!(before, (self.case.clone(), self.log.clone()), "a refusal changes nothing");
        (refusal.code, refusal.article)
    }

    #[track_caller]
    pub fn case(&self) -> &Case {
        self.case.as_ref().expect("a case")
    }

    /// The due date as of the desk's day.
    pub fn due(&self) -> Option<NaiveDate> {
        let clock = self.case().reply_clock(Calendar::national(), &self.rules, Some(self.today)).expect("a clock");
        clock.and_then(|answer| answer.due)
    }

    pub fn status(&self) -> &'static str {
        let clock = self.case().reply_clock(Calendar::national(), &self.rules, Some(self.today)).expect("a clock");
        clock.map_or("none", |answer| answer.status.code())
    }

    pub fn permit(&self, command: CommandKind) -> Result<Permit, NotAllowed> {
        let actor = everyone(if command == CommandKind::Review { REVIEWER } else { PROPOSER });
        let context = Context { actor: &actor, today: self.today, calendar: Calendar::national(), rules: &self.rules };
        permit(command, self.case(), &context)
    }

    pub fn obligations(&self) -> Vec<Obligation> {
        let actor = everyone(PROPOSER);
        let context = Context { actor: &actor, today: self.today, calendar: Calendar::national(), rules: &self.rules };
        obligations(self.case(), &context)
    }

    /// Through the whole chain, each step on `on`.
    pub fn approve_all(&mut self, on: NaiveDate) -> &mut Self {
        for kind in self.rules.review_chain.clone() {
            self.accept(Review { kind, on, approve: true, comment: None });
        }
        self
    }
}

pub fn received(channel: Channel, on: NaiveDate) -> Receive {
    Receive {
        applicant_id: Uuid::from_u128(1),
        applicant_kind: ApplicantKind::NaturalPerson,
        title: "某地块征收批复".into(),
        request: "公开某地块征收批复文件".into(),
        channel,
        misdirected: false,
        submitted_on: on,
        signed_on: None,
        arrived_on: None,
        acknowledged_on: None,
        confirmed_on: None,
        delivery: None,
    }
}

pub fn at_counter(on: NaiveDate) -> Receive {
    received(Channel::InPerson, on)
}

pub fn proposal(outcome: Outcome, on: NaiveDate) -> ProposeOutcome {
    ProposeOutcome {
        on,
        outcome,
        reasons: "经审查".into(),
        items: Vec::new(),
        withheld: Vec::new(),
        right_organ: None,
        right_organ_unknown: None,
        earlier_reply_number: None,
        earlier_reply_before_system: false,
        public_location: None,
        legal_basis: None,
        secret: None,
        adverse_effect: None,
        process: None,
        internal_affairs: None,
        file_paper: None,
        publication: None,
    }
}

pub fn third_party(sent_on: NaiveDate) -> OpenConsultation {
    OpenConsultation {
        kind: ConsultationKind::ThirdParty,
        party: "某公司".into(),
        subject: "协议文本".into(),
        sent_on,
        served_on: None,
        applicant_told_on: None,
    }
}

pub fn search(on: NaiveDate) -> RecordSearch {
    RecordSearch {
        on,
        places: vec!["档案室".into()],
        terms: vec!["征收批复".into()],
        searched_by: "王科员".into(),
        found: false,
    }
}

pub fn extension(days: u16, on: NaiveDate) -> Extend {
    Extend { days, reason: "情况复杂".into(), approved_on: on, notified_on: on }
}

/// The plainest payload of a command, every date on `on`.
pub fn plain(kind: CommandKind, case: Option<&Case>, on: NaiveDate) -> Command {
    let text = || "理由".to_owned();
    let first_task = case.and_then(|c| c.tasks.iter().find(|t| t.is_open())).map_or(1, |t| t.number);
    let unserved = case
        .and_then(|c| c.consultations.iter().find(|c| c.returned.is_none() && c.opened.served_on.is_none()))
        .map_or(1, |c| c.number);
    let awaited = case.and_then(|c| c.consultations.iter().find(|c| c.returned.is_none())).map_or(1, |c| c.number);
    let unanswered = case.and_then(|c| c.remedies.iter().find(|r| r.responded_on.is_none())).map_or(1, |r| r.number);
    let undecided = case.and_then(|c| c.remedies.iter().find(|r| r.decision.is_none())).map_or(1, |r| r.number);
    match kind {
        CommandKind::Receive => at_counter(on).into(),
        CommandKind::LogContact => {
            LogContact { on, means: "电话".into(), result: ContactResult::Unreachable, note: None }.into()
        }
        CommandKind::ConfirmReceipt => ConfirmReceipt { on, evidence: "电话记录".into() }.into(),
        CommandKind::Register => Register { on }.into(),
        CommandKind::DefineItems => DefineItems { on, items: vec![ItemText { text: "批复".into() }] }.into(),
        CommandKind::RequestCorrection => {
            RequestCorrection { on, items: vec!["文号".into()], respond_days: 10, served_on: None }.into()
        }
        CommandKind::ServeNotice => {
            let notice = match case.map(|c| c.stage) {
                Some(Stage::AwaitingFee) => Notice::Fee,
                Some(Stage::AwaitingJustification) => Notice::Justification,
                _ => Notice::Correction,
            };
            ServeNotice { notice, on }.into()
        }
        CommandKind::ReceiveCorrection => ReceiveCorrection { on, request: "补正后的内容".into() }.into(),
        CommandKind::Lapse => Lapse { on, reason: text() }.into(),
        CommandKind::Assign => Assign { on, department_id: DEPARTMENT, handler_id: None, days: None }.into(),
        CommandKind::AnswerTask => AnswerTask { task: first_task, on, opinion: "可以公开".into() }.into(),
        CommandKind::WithdrawTask => WithdrawTask { task: first_task, on: Some(on), reason: text() }.into(),
        CommandKind::Reassign => {
            Reassign { on: Some(on), department_id: DEPARTMENT, handler_id: None, reason: text() }.into()
        }
        CommandKind::RecordSearch => search(on).into(),
        CommandKind::OpenConsultation => third_party(on).into(),
        CommandKind::ServeConsultation => ServeConsultation { consultation: unserved, on }.into(),
        CommandKind::ReturnConsultation => {
            ReturnConsultation { consultation: awaited, on, opinion: Opinion::Consents, reasons: None }.into()
        }
        CommandKind::RequestJustification => {
            RequestJustification { on, facts: text(), respond_days: 5, served_on: None }.into()
        }
        CommandKind::ReceiveJustification => ReceiveJustification { on, reasonable: true, reasons: text() }.into(),
        CommandKind::DelayReply => {
            // A working day: another is refused.
            let until = Calendar::national().add_working_days(on + Days::new(89), 1);
            DelayReply { on, until: until.unwrap_or(on + Days::new(90)), reason: text() }.into()
        }
        CommandKind::NotifyFee => {
            NotifyFee { on, basis: FeeBasis::ByPage, count: 68, counted_before: 0, served_on: None }.into()
        }
        CommandKind::PayFee => PayFee { on }.into(),
        CommandKind::Extend => extension(10, on).into(),
        CommandKind::ProposeOutcome => proposal(Outcome::Provided, on).into(),
        CommandKind::RecallProposal => RecallProposal { on, reason: text() }.into(),
        CommandKind::Review => {
            let next = case.and_then(|c| c.proposal.as_ref()).and_then(Proposal::next_review);
            Review { kind: next.unwrap_or(ReviewKind::Leader), on, approve: true, comment: None }.into()
        }
        CommandKind::IssueReply => IssueReply { on }.into(),
        CommandKind::RevokeReply => RevokeReply { on, reason: text() }.into(),
        CommandKind::RecallReply => RecallReply { on: Some(on), reason: text() }.into(),
        CommandKind::Dispatch => {
            Dispatch { method: ServiceMethod::Post, on, carrier: Some("EMS".into()), tracking_number: None }.into()
        }
        CommandKind::ProveService => {
            ProveService { on, result: ServiceResult::Signed, signatory: Some("本人".into()) }.into()
        }
        CommandKind::Archive => Archive { on, file_number: "1".into() }.into(),
        CommandKind::Withdraw => Withdraw { on, identity_checked: true }.into(),
        CommandKind::Close => Close { on, reason: text() }.into(),
        CommandKind::Merge => Merge { on, into_case: Uuid::from_u128(9), reason: text() }.into(),
        CommandKind::Split => {
            let part = SplitPart { title: "其一".into(), request: "其一".into() };
            Split { on, parts: vec![part.clone(), part] }.into()
        }
        CommandKind::Link => {
            let other_case = Uuid::from_u128(u128::from(case.map_or(0, |c| c.version)));
            Link { on, other_case, relation: LinkRelation::Related }.into()
        }
        CommandKind::OpenRemedy => OpenRemedy {
            kind: RemedyKind::Reconsideration,
            received_on: on,
            reference: "〔2024〕1号".into(),
            simplified: false,
        }
        .into(),
        CommandKind::RespondRemedy => RespondRemedy { remedy: unanswered, on }.into(),
        CommandKind::Void => Void { reason: text(), replaced_by: None }.into(),
        CommandKind::DecideRemedy => DecideRemedy {
            remedy: undecided,
            on,
            result: RemedyResult::Corrected,
            orders_reply_within: Some(ReopenedPeriod::Days(20)),
        }
        .into(),
    }
}
