//! The recipients of a reminder: the audiences of the policy, and the deputies of absent persons.

use crate::case::reminder_policy::{Audience, Policy, ReminderRule};
use crate::case::{ObligationKind, Role, Stage};
use crate::mail::because::Because;
use crate::mail::duty::DutyWords;
use crate::store::reminders::DutyRow;
use crate::store::reminders::preferences::{self, PreferenceRow};
use crate::store::reminders::recipients::{self, Recipient, Worker};
use crate::store::{
    DepartmentId, OrganId, Store, StoreError, UserId,
    people::{departments, users},
};
use chrono::NaiveDate;
use std::collections::HashMap;

/// A recipient of a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenRecipient {
    /// The person.
    pub person: Recipient,
    /// The audience that determines from when on they are reminded.
    pub audience: Audience,
    /// The reason shown in the mail.
    pub because: Because,
    /// The first day on which the person had this part. Earlier steps went to its previous holder. `None` for no limit.
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
    /// Loads everyone's mail preferences.
    pub fn new(store: &'a Store) -> Result<Self, StoreError> {
        let rows = store.read(preferences::all)?;
        let preferences = rows.into_iter().map(|row| (row.user_id, row)).collect();
        Ok(Self { store, preferences, holders: HashMap::new(), departments: HashMap::new() })
    }

    /// Whether the person gets one mail a day. `of_house` is for whoever chose nothing.
    pub fn gets_digest(&self, user: UserId, of_house: bool) -> bool {
        self.preferences.get(&user).map_or(of_house, |row| row.is_digest)
    }

    /// The recipients of `duty` on `today` if `rule` is the latest step: each person once, those closest to the work
    /// first.
    pub fn of(
        &mut self,
        duty: &DutyRow,
        policy: &Policy,
        rule: ReminderRule,
        today: NaiveDate,
    ) -> Result<Vec<ChosenRecipient>, StoreError> {
        let mut list = List(Vec::new());
        if let Some(role) = acting_role(&duty.kind) {
            self.deciders(&mut list, duty, role, today)?;
        } else {
            self.workers(&mut list, duty, policy, today)?;
        }
        self.audiences(&mut list, duty, policy, rule, today)?;
        Ok(list.0)
    }

    /// Adds those who may review, approve or confirm it, and the deputies of those who are away; else the next above.
    fn deciders(&mut self, list: &mut List, duty: &DutyRow, role: Role, today: NaiveDate) -> Result<(), StoreError> {
        let holders = self.store.read(|db| recipients::with_role(db, duty.organ_id, role))?;
        let of_role: Vec<UserId> = holders.iter().map(|person| person.user_id).collect();
        // A deputy needs the role too.
        let may = |person: &Recipient| Some(person.user_id) != duty.not_by_id && of_role.contains(&person.user_id);
        for person in holders.into_iter().filter(may) {
            match self.stand_in(&person, duty.organ_id, today)? {
                StandIn::Is(deputy, from, until) if may(&deputy) => {
                    list.add(deputy, Audience::Handler, Because::DecidesFor(person.display_name, until), Some(from));
                }
                StandIn::Is(..) | StandIn::Elsewhere | StandIn::None => {
                    let since = self.back_since(person.user_id, today);
                    list.add(person, Audience::Handler, Because::Decides, since);
                }
            }
        }
        if list.0.is_empty() {
            for person in self.next_above(duty.organ_id)? {
                list.add(person, Audience::Handler, Because::NobodyDecides, None);
            }
        }
        Ok(())
    }

    /// Adds those in charge.
    fn workers(
        &mut self,
        list: &mut List,
        duty: &DutyRow,
        policy: &Policy,
        today: NaiveDate,
    ) -> Result<(), StoreError> {
        self.without_handler(list, duty)?;
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
            self.handler(list, duty.organ_id, because.clone(), person, today)?;
        }
        if is_to_be_issued(duty) {
            for clerk in self.role_holders(duty.organ_id, Audience::Handler)? {
                self.handler(list, duty.organ_id, Because::OfOffice, clerk, today)?;
            }
        }
        Ok(())
    }

    /// Adds the other audiences that hear of the step, or their deputies.
    fn audiences(
        &mut self,
        list: &mut List,
        duty: &DutyRow,
        policy: &Policy,
        rule: ReminderRule,
        today: NaiveDate,
    ) -> Result<(), StoreError> {
        for audience in Audience::ALL {
            if audience == Audience::Handler || !audience.hears(policy, rule) {
                continue;
            }
            for person in self.holding(duty, audience)? {
                // A follow-up has no statutory last day to count from.
                let onset = audience.onset(policy).filter(|_| !DutyWords::of(&duty.kind).is_follow_up);
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
        Ok(())
    }

    /// If the case's handler no longer works in the organ, adds the office heads, who have to name another. Until then
    /// the duty also goes to those who would have it without a handler.
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

    /// Adds the handler, or during an absence the deputy and the office heads. Without either, adds the handler anyway.
    /// A deputy without a role in this organ is not added; the handler is notified of that instead.
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
            // Has no effect if the handler was already added because the deputy has no role here.
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

    /// The department and handler in charge of a duty, by name. `None` for a duty without a case.
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

    /// The first day after the last absence of a person who is back.
    fn back_since(&self, user: UserId, today: NaiveDate) -> Option<NaiveDate> {
        self.preferences.get(&user)?.absent_until.filter(|until| *until < today)?.succ_opt()
    }

    /// The deputy of an absent person in matters of `organ`. An absent deputy does not count.
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

    /// If no one works on the duty: the next persons above who can assign it.
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

/// Whether only the disclosure office can go on: the reply was approved, and a handler of a department can neither issue nor send it.
fn is_to_be_issued(duty: &DutyRow) -> bool {
    let replies = [ObligationKind::Reply.code(), ObligationKind::RenewedReply.code()];
    replies.contains(&duty.kind.as_str()) && duty.case_stage.as_deref() == Some(Stage::Approved.code())
}

/// The role that reviews, approves or confirms duties of this kind.
fn acting_role(kind: &str) -> Option<Role> {
    ObligationKind::ALL.iter().find(|known| known.code() == kind)?.acting_role()
}

/// The deputy of an absent person.
enum StandIn {
    /// This person, for an absence with these first and last days.
    Is(Recipient, NaiveDate, NaiveDate),
    /// The deputy may not receive mail about this organ.
    Elsewhere,
    /// The person is not absent, or has no reachable deputy.
    None,
}

/// Holds each person once, with the first reason.
struct List(Vec<ChosenRecipient>);

impl List {
    fn add(&mut self, person: Recipient, audience: Audience, because: Because, since: Option<NaiveDate>) {
        if !self.0.iter().any(|known| known.person.user_id == person.user_id) {
            self.0.push(ChosenRecipient { person, audience, because, since });
        }
    }
}
