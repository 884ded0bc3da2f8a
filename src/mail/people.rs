//! Who is told of a duty: the parts in it by the policy, and who stands in for somebody away.

use super::duty::Duty;
use crate::case::Role;
use crate::case::reminder_policy::{Audience, Onset, Policy, Rule};
use crate::law::chinese_date;
use crate::store::preferences::{self, PreferenceRow};
use crate::store::recipients::{self, Recipient, Worker};
use crate::store::reminders::DutyRow;
use crate::store::{Db, DepartmentId, OrganId, Store, StoreError, UserId, departments, users};
use chrono::NaiveDate;
use std::collections::HashMap;

/// Why a person gets a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Of this part in the case, which hears of it from then on; as handler, the one who is named.
    Is(Audience, Option<Onset>),
    /// A handler of this department, which has to act; no person is named who can be written to.
    OfDepartment(String),
    /// A clerk of the disclosure office, which has to act.
    OfOffice,
    /// A clerk of the disclosure office, in place of this department, which has to act and has nobody who can be written to.
    ForDepartment(String),
    /// Standing in for somebody of this part, who is away until that day.
    StandsIn(Audience, String, NaiveDate),
    /// The handler is away until that day.
    HandlerAway(String, NaiveDate),
    /// Of this part and away, with a deputy who may not read the cases of this organ.
    DeputyElsewhere(Audience),
    /// The handler named in the case is locked, or has no role in the organ any more.
    HandlerLeft(String),
    /// Nobody nearer to the work can be reached by mail.
    NobodyElse,
}

impl Because {
    /// Whether the work is the reader's own; the others are to urge it on.
    #[must_use]
    pub const fn is_own_work(&self) -> bool {
        match self {
            Self::Is(audience, _) | Self::StandsIn(audience, ..) | Self::DeputyElsewhere(audience) => {
                matches!(audience, Audience::Handler)
            }
            Self::OfDepartment(_) | Self::OfOffice | Self::NobodyElse => true,
            Self::ForDepartment(_) | Self::HandlerAway(..) | Self::HandlerLeft(_) => false,
        }
    }

    /// What the mail says.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Is(Audience::Handler, _) => "您是这一事项的承办人员。".to_owned(),
            Self::OfDepartment(name) => format!("您是承办科室（{name}）的承办人员。"),
            Self::OfOffice => "您是本机关公开工作机构的经办人员。".to_owned(),
            Self::ForDepartment(name) => format!(
                "您是本机关公开工作机构的经办人员；这一事项由{name}承办，系统中该科室没有能够收到邮件的承办人员，因此发给您。"
            ),
            Self::Is(audience, onset) => {
                let from = onset.map(|onset| format!("；此类事项自{}起，直至办结，同时提醒您", onset.label()));
                format!("您是{}{}。", part(*audience), from.unwrap_or_default())
            }
            Self::StandsIn(Audience::Handler, of, until) => {
                format!("承办人员{of}离岗（至{}），您是其指定的代理人。", chinese_date(*until))
            }
            Self::StandsIn(audience, of, until) => {
                format!("{}{of}离岗（至{}），您是其指定的代理人。", part(*audience), chinese_date(*until))
            }
            Self::HandlerAway(of, until) => {
                format!("承办人员{of}离岗（至{}），其提醒同时发给公开工作机构负责人。", chinese_date(*until))
            }
            Self::DeputyElsewhere(audience) => format!("您是{}。{DEPUTY_ELSEWHERE}", part(*audience)),
            Self::HandlerLeft(of) => {
                format!(
                    "案件所列承办人员{of}在本机关已没有角色，或者账号已停用，请另行指定承办人员；在此之前，提醒发给您。"
                )
            }
            Self::NobodyElse => {
                "系统中没有能够收到邮件的承办人员，因此改发给您；请指定承办人员并登记其邮箱。".to_owned()
            }
        }
    }
}

/// What the mail says to a person whose deputy cannot stand in here.
const DEPUTY_ELSEWHERE: &str = "您已登记离岗，但指定的代理人在本机关没有角色，不能代收本机关的提醒，因此仍发给您。";

const fn part(audience: Audience) -> &'static str {
    match audience {
        Audience::Handler => "承办人员",
        Audience::SectionHead => "承办科室负责人",
        Audience::OfficeHead => "本机关公开工作机构负责人",
        Audience::Leader => "本机关分管领导",
        Audience::Supervisor => "负责监督该机关政府信息公开工作的人员",
    }
}

/// Each of these people; in the place of a person who is away today the deputy, with the reason, if the deputy may be
/// written to about `organ`.
///
/// # Errors
/// As every read.
pub fn with_deputies(
    db: &mut Db,
    people: Vec<Recipient>,
    organ: OrganId,
    today: NaiveDate,
) -> Result<Vec<(Recipient, Option<String>)>, StoreError> {
    let mut told: Vec<(Recipient, Option<String>)> = Vec::new();
    for person in people {
        let row = preferences::find(db, person.user_id)?;
        let mut found = (person, None);
        if let Some((deputy, until)) = row.deputy_id.zip(row.absent_until).filter(|_| row.is_absent(today))
            && !preferences::find(db, deputy)?.is_absent(today)
            && let Some(deputy) = recipients::person(db, deputy)?
        {
            let until = chinese_date(until);
            let reason = format!("{}离岗（至{until}），您是其指定的代理人。", found.0.display_name);
            if recipients::hears_of(db, deputy.user_id, organ)? {
                found = (deputy, Some(reason));
            } else {
                found.1 = Some(DEPUTY_ELSEWHERE.to_owned());
            }
        }
        if !told.iter().any(|(known, _)| known.user_id == found.0.user_id) {
            told.push(found);
        }
    }
    Ok(told)
}

/// A person who is told of a duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub person: Recipient,
    /// The part that decides from when on.
    pub audience: Audience,
    /// Why.
    pub because: Because,
    /// The first day on which this person had the part; what came before was told to somebody else.
    pub since: Option<NaiveDate>,
}

/// The people of a pass, each looked up once.
pub struct People<'a> {
    store: &'a Store,
    preferences: HashMap<UserId, PreferenceRow>,
    holders: HashMap<(OrganId, Audience), Vec<Recipient>>,
    departments: HashMap<DepartmentId, String>,
}

impl<'a> People<'a> {
    /// Everybody, with what they have chosen.
    ///
    /// # Errors
    /// As every read.
    pub fn new(store: &'a Store) -> Result<Self, StoreError> {
        let rows = store.read(preferences::all)?;
        let preferences = rows.into_iter().map(|row| (row.user_id, row)).collect();
        Ok(Self { store, preferences, holders: HashMap::new(), departments: HashMap::new() })
    }

    /// Whether the person wants one mail a day.
    pub fn wants_digest(&self, user: UserId) -> bool {
        self.preferences.get(&user).is_some_and(|row| row.is_digest)
    }

    /// Who is told of `duty` on `today` when `rule` is the latest step: each person once, the nearest to the work first.
    ///
    /// # Errors
    /// As every read.
    pub fn of(
        &mut self,
        duty: &DutyRow,
        policy: &Policy,
        rule: Rule,
        today: NaiveDate,
    ) -> Result<Vec<Told>, StoreError> {
        let mut list = List(Vec::new());
        self.without_handler(&mut list, duty)?;
        let (owner, department) = (duty.owner_id, duty.department_id);
        let (worker, own) = self.store.read(|db| recipients::handlers(db, duty.organ_id, owner, department))?;
        let because = match (worker, self.department(department)?) {
            (Worker::Owner, _) => Because::Is(Audience::Handler, Audience::Handler.onset(policy)),
            (Worker::Department, Some(name)) => Because::OfDepartment(name),
            (Worker::Office, Some(name)) => Because::ForDepartment(name),
            (Worker::Department | Worker::Office, None) => Because::OfOffice,
        };
        if own.is_empty() && list.0.is_empty() {
            for person in self.next_above(duty.organ_id)? {
                list.add(person, Audience::Handler, Because::NobodyElse, None);
            }
        }
        for person in own {
            self.handler(&mut list, duty.organ_id, because.clone(), person, today)?;
        }
        for audience in Audience::ALL {
            if audience == Audience::Handler || !audience.hears(policy, rule) {
                continue;
            }
            for person in self.holding(duty, audience)? {
                // What is only looked after has no last day to count from.
                let onset = audience.onset(policy).filter(|_| !Duty::of(&duty.kind).is_follow_up);
                let because = Because::Is(audience, onset);
                match self.stand_in(&person, duty.organ_id, today)? {
                    StandIn::Is(deputy, from, until) => {
                        let because = Because::StandsIn(audience, person.display_name, until);
                        list.add(deputy, audience, because, Some(from));
                    }
                    StandIn::Elsewhere => {
                        list.add(person, audience, Because::DeputyElsewhere(audience), None);
                    }
                    StandIn::None => {
                        let since = self.back_since(person.user_id, today);
                        list.add(person, audience, because, since);
                    }
                }
            }
        }
        Ok(list.0)
    }

    /// Where the handler named in the case may not read it any more: the head of the office, who has to name another. Until
    /// then the duty also goes to those who would have it without a handler.
    fn without_handler(&mut self, list: &mut List, duty: &DutyRow) -> Result<(), StoreError> {
        let Some(owner) = duty.owner_id else { return Ok(()) };
        if self.store.read(|db| recipients::works_in(db, owner, duty.organ_id))? {
            return Ok(());
        }
        let heads = self.role_holders(duty.organ_id, Audience::OfficeHead)?;
        if heads.is_empty() {
            return Ok(());
        }
        let name = self.store.read(|db| users::find(db, owner))?.display_name;
        for head in heads {
            list.add(head, Audience::Handler, Because::HandlerLeft(name.clone()), None);
        }
        Ok(())
    }

    /// The handler, or, while away, the deputy and the head of the office; if there is neither, the handler all the same. A
    /// deputy who has no part in this organ does not stand in, and the handler hears of that.
    fn handler(
        &mut self,
        list: &mut List,
        organ: OrganId,
        because: Because,
        person: Recipient,
        today: NaiveDate,
    ) -> Result<(), StoreError> {
        let Some((from, until)) = self.absence(person.user_id, today) else {
            let since = self.back_since(person.user_id, today);
            list.add(person, Audience::Handler, because, since);
            return Ok(());
        };
        let name = person.display_name.clone();
        let mut stand_ins = Vec::new();
        match self.stand_in(&person, organ, today)? {
            StandIn::Is(deputy, ..) => {
                stand_ins.push((deputy, Because::StandsIn(Audience::Handler, name.clone(), until)));
            }
            StandIn::Elsewhere => {
                list.add(person.clone(), Audience::Handler, Because::DeputyElsewhere(Audience::Handler), None);
            }
            StandIn::None => {}
        }
        let heads = self.role_holders(organ, Audience::OfficeHead)?;
        let others = heads.into_iter().filter(|head| head.user_id != person.user_id);
        stand_ins.extend(others.map(|head| (head, Because::HandlerAway(name.clone(), until))));
        if stand_ins.is_empty() {
            // Already there if the deputy is elsewhere.
            list.add(person, Audience::Handler, because, None);
        }
        for (stand_in, because) in stand_ins {
            list.add(stand_in, Audience::Handler, because, Some(from));
        }
        Ok(())
    }

    /// The name of a department.
    fn department(&mut self, id: Option<DepartmentId>) -> Result<Option<String>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        if let Some(known) = self.departments.get(&id) {
            return Ok(Some(known.clone()));
        }
        let name = self.store.read(|db| departments::find(db, id))?.name;
        self.departments.insert(id, name.clone());
        Ok(Some(name))
    }

    /// In whose hands a duty of a case is: department and handler, by name.
    ///
    /// # Errors
    /// As every read.
    pub fn in_hand(&mut self, duty: &DutyRow) -> Result<Option<String>, StoreError> {
        if duty.case_id.is_none() {
            return Ok(None);
        }
        let department = self.department(duty.department_id)?;
        let handler = match duty.owner_id {
            Some(owner) => Some(self.store.read(|db| users::find(db, owner))?.display_name),
            None => None,
        };
        Ok(Some(match (department, handler) {
            (Some(department), Some(handler)) => format!("{department}　{handler}"),
            (Some(department), None) => format!("{department}（未指定承办人员）"),
            (None, Some(handler)) => handler,
            (None, None) => "公开工作机构".to_owned(),
        }))
    }

    fn absence(&self, user: UserId, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let row = self.preferences.get(&user).filter(|row| row.is_absent(today))?;
        row.absent_from.zip(row.absent_until)
    }

    /// The first day back of somebody who was away and is there again.
    fn back_since(&self, user: UserId, today: NaiveDate) -> Option<NaiveDate> {
        self.preferences.get(&user)?.absent_until.filter(|until| *until < today)?.succ_opt()
    }

    /// Who stands in for a person away today in matters of `organ`. A deputy who is away too does not.
    fn stand_in(&self, person: &Recipient, organ: OrganId, today: NaiveDate) -> Result<StandIn, StoreError> {
        let Some((from, until)) = self.absence(person.user_id, today) else { return Ok(StandIn::None) };
        let deputy = self.preferences.get(&person.user_id).and_then(|row| row.deputy_id);
        let Some(deputy) = deputy.filter(|id| self.absence(*id, today).is_none()) else { return Ok(StandIn::None) };
        self.store.read(|db| {
            let Some(found) = recipients::person(db, deputy)? else { return Ok(StandIn::None) };
            let is_of_organ = recipients::hears_of(db, deputy, organ)?;
            Ok(if is_of_organ { StandIn::Is(found, from, until) } else { StandIn::Elsewhere })
        })
    }

    /// Where nobody does the work: who is next to see that somebody does.
    fn next_above(&mut self, organ: OrganId) -> Result<Vec<Recipient>, StoreError> {
        for audience in [Audience::OfficeHead, Audience::Leader, Audience::Supervisor] {
            let found = self.role_holders(organ, audience)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn holding(&mut self, duty: &DutyRow, audience: Audience) -> Result<Vec<Recipient>, StoreError> {
        if audience != Audience::SectionHead {
            return self.role_holders(duty.organ_id, audience);
        }
        let Some(department) = duty.department_id else { return Ok(Vec::new()) };
        Ok(self.store.read(|db| recipients::section_head(db, department))?.into_iter().collect())
    }

    fn role_holders(&mut self, organ: OrganId, audience: Audience) -> Result<Vec<Recipient>, StoreError> {
        if let Some(found) = self.holders.get(&(organ, audience)) {
            return Ok(found.clone());
        }
        let found = self.store.read(|db| match audience {
            Audience::Handler => recipients::with_role(db, organ, Role::Clerk),
            Audience::SectionHead => Ok(Vec::new()),
            Audience::OfficeHead => recipients::with_role(db, organ, Role::OfficeHead),
            Audience::Leader => recipients::with_role(db, organ, Role::Leader),
            Audience::Supervisor => recipients::supervisors(db, organ),
        })?;
        self.holders.insert((organ, audience), found.clone());
        Ok(found)
    }
}

/// The deputy of a person who is away.
enum StandIn {
    /// This person, from the first to the last day of the absence.
    Is(Recipient, NaiveDate, NaiveDate),
    /// The deputy may not be written to about this organ.
    Elsewhere,
    /// The person is not away, or has no deputy who can be written to.
    None,
}

/// Each person once, for the first reason.
struct List(Vec<Told>);

impl List {
    fn add(&mut self, person: Recipient, audience: Audience, because: Because, since: Option<NaiveDate>) {
        if !self.0.iter().any(|known| known.person.user_id == person.user_id) {
            self.0.push(Told { person, audience, because, since });
        }
    }
}
