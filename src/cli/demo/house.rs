//! The bureau of the demonstration: organs, departments, and the people who type the docket in.

use crate::case::Role;
use crate::office::people::organs::OrganDraft;
use crate::office::people::users::UserDraft;
use crate::office::{Caller, Office, OfficeError, Origin, Passwords};
use crate::store::people::organs::OrganRow;
use crate::store::people::users::UserKind;
use crate::store::{Db, DepartmentId, OrganId, people::departments};
use serde::Deserialize;
use std::collections::BTreeMap;

const HOUSE: &str = include_str!("../../../config/demo/house.json");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    organs: Vec<OrganPlan>,
    users: Vec<UserPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganPlan {
    key: String,
    code: String,
    name: String,
    #[serde(default)]
    parent: Option<String>,
    /// The organ's own settings.
    #[serde(default = "defaults")]
    settings: serde_json::Value,
    /// Code and name.
    departments: Vec<(String, String)>,
    /// Duty and user name.
    staff: BTreeMap<String, String>,
}

fn defaults() -> serde_json::Value {
    serde_json::json!({})
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserPlan {
    username: String,
    display_name: String,
    organ: String,
    #[serde(default)]
    department: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    roles: Vec<Role>,
}

/// A login of the demonstration.
#[derive(Debug, Clone)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password; kept nowhere else.
    pub password: String,
    /// What others see.
    pub display_name: String,
    /// The organ.
    pub organ: String,
    /// Roles there.
    pub roles: Vec<Role>,
}

/// An organ of the demonstration with what the docket names.
#[derive(Debug, Clone)]
struct Bureau {
    organ: OrganRow,
    departments: BTreeMap<String, DepartmentId>,
    staff: BTreeMap<String, String>,
}

/// The bureau and its people.
#[derive(Debug, Clone, Default)]
pub struct House {
    bureaus: BTreeMap<String, Bureau>,
    callers: BTreeMap<String, Caller>,
    /// Every login, in the order of the plan.
    pub logins: Vec<Login>,
}

impl House {
    /// Makes organs, departments and users in an empty database.
    ///
    /// # Errors
    /// A text for the operator; what every write may meet.
    pub(super) fn build(office: &Office) -> Result<Self, OfficeError> {
        let plan: Plan = serde_json::from_str(HOUSE).map_err(|error| wrong("house.json", &error))?;
        let mut passwords = Vec::new();
        for _ in &plan.users {
            let password = Passwords::generate()?;
            let hash = office.passwords().hash(&password)?;
            passwords.push((password, hash));
        }
        office.store().write(|db| {
            let mut house = Self::default();
            for organ in &plan.organs {
                house.add_organ(office, db, organ)?;
            }
            for (user, (password, hash)) in plan.users.iter().zip(passwords) {
                house.add_user(office, db, user, password, &hash)?;
            }
            Ok(house)
        })
    }

    fn add_organ(&mut self, office: &Office, db: &mut Db, plan: &OrganPlan) -> Result<(), OfficeError> {
        let parent_id = plan.parent.as_deref().map(|key| self.bureau(key).map(|above| above.organ.id)).transpose()?;
        let draft = OrganDraft {
            code: plan.code.clone(),
            name: plan.name.clone(),
            parent_id,
            reports_to: None,
            region: String::new(),
            settings: plan.settings.clone(),
        };
        let organ = office.people().insert_organ(db, &draft)?;
        let mut made = BTreeMap::new();
        for (code, name) in &plan.departments {
            made.insert(code.clone(), departments::insert(db, organ.id, code, name)?.id);
        }
        self.bureaus.insert(plan.key.clone(), Bureau { organ, departments: made, staff: plan.staff.clone() });
        Ok(())
    }

    fn add_user(
        &mut self,
        office: &Office,
        db: &mut Db,
        plan: &UserPlan,
        password: String,
        hash: &str,
    ) -> Result<(), OfficeError> {
        let bureau = self.bureau(&plan.organ)?;
        let (organ, organ_name) = (bureau.organ.id, bureau.organ.name.clone());
        let department_id = plan.department.as_deref().map(|code| self.department(&plan.organ, code)).transpose()?;
        let kind = plan.kind.as_deref().and_then(UserKind::from_code).unwrap_or(UserKind::Person);
        let draft = UserDraft {
            username: plan.username.clone(),
            display_name: plan.display_name.clone(),
            email: (kind == UserKind::Person).then(|| format!("{}@demo.example", plan.username)),
            kind,
            department_id,
            roles: plan.roles.clone(),
        };
        let made = office.people().add_user(db, organ, &draft, hash)?;
        let caller = Caller {
            user_id: made.user.id,
            username: made.user.username.clone(),
            display_name: made.user.display_name.clone(),
            department_id,
            roles: made.roles,
            origin: Origin::default(),
        };
        self.callers.insert(plan.username.clone(), caller);
        self.logins.push(Login {
            username: plan.username.clone(),
            password,
            display_name: plan.display_name.clone(),
            organ: organ_name,
            roles: plan.roles.clone(),
        });
        Ok(())
    }

    fn bureau(&self, key: &str) -> Result<&Bureau, OfficeError> {
        self.bureaus.get(key).ok_or_else(|| wrong("organ", &key))
    }

    /// The organ of a key.
    pub(super) fn organ(&self, key: &str) -> Result<OrganId, OfficeError> {
        Ok(self.bureau(key)?.organ.id)
    }

    /// The ids of all organs.
    #[must_use]
    pub fn organs(&self) -> Vec<OrganId> {
        self.bureaus.values().map(|bureau| bureau.organ.id).collect()
    }

    /// A department of an organ, by its code.
    pub(super) fn department(&self, organ: &str, code: &str) -> Result<DepartmentId, OfficeError> {
        self.bureau(organ)?.departments.get(code).copied().ok_or_else(|| wrong("department", &code))
    }

    /// Somebody of that department, if the house has anybody there.
    pub(super) fn handler(&self, organ: &str, code: &str) -> Result<Option<&Caller>, OfficeError> {
        let department = self.department(organ, code)?;
        Ok(self.callers.values().find(|caller| caller.department_id == Some(department)))
    }

    /// Who has that duty in the organ.
    pub(super) fn on_duty(&self, organ: &str, duty: &str) -> Result<&Caller, OfficeError> {
        let username = self.bureau(organ)?.staff.get(duty).ok_or_else(|| wrong("duty", &duty))?;
        self.caller(username).ok_or_else(|| wrong("user", username))
    }

    /// A user as the office sees the one who asks.
    #[must_use]
    pub fn caller(&self, username: &str) -> Option<&Caller> {
        self.callers.get(username)
    }
}

/// The dockets are part of the program: what is wrong in them is our fault.
pub(super) fn wrong(what: &str, cause: &dyn std::fmt::Display) -> OfficeError {
    OfficeError::Internal(format!("demo {what}: {cause}"))
}
