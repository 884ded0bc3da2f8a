//! The directory of an organ: who works there, and who is away.

use crate::case::Role;
use crate::office::{OfficeError, People};
use crate::store::people::directory::{self, PersonRow};
use crate::store::people::users;
use crate::store::{DepartmentId, OrganId, UserId};
use chrono::NaiveDate;
use std::collections::HashMap;

/// A person in the directory of an organ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The person.
    pub id: UserId,
    /// The name shown to others.
    pub name: String,
    /// The department, if it is one of the organ.
    pub department: Option<(DepartmentId, String)>,
    /// The roles in the organ.
    pub roles: Vec<Role>,
    /// The absence of today. `None`: present.
    pub away: Option<Away>,
}

/// An absence that goes on today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Its last day.
    pub until: NaiveDate,
    /// The deputy, if one is named who is not away too.
    pub deputy: Option<(UserId, String)>,
}

impl People<'_> {
    /// Who works in an organ today, by name.
    ///
    /// # Errors
    /// As every read.
    pub fn directory(&self, organ: OrganId) -> Result<Vec<Listed>, OfficeError> {
        let today = self.clock().today();
        self.store().read(|db| {
            let people = directory::of_organ(db, organ)?;
            let of_today = |person: &PersonRow| person.preferences.clone().filter(|row| row.is_absent(today));
            let mut present: HashMap<UserId, Option<String>> = people
                .iter()
                .map(|person| (person.id, of_today(person).is_none().then(|| person.name.clone())))
                .collect();
            // Somebody who works in two organs may have a deputy in the other one.
            let deputies = people.iter().filter_map(|person| of_today(person)?.deputy_id);
            let elsewhere: Vec<UserId> = deputies.filter(|id| !present.contains_key(id)).collect();
            if !elsewhere.is_empty() {
                present.extend(users::names(db, &elsewhere)?.into_iter().map(|(id, name)| (id, Some(name))));
            }
            let listed = people.into_iter().map(|person| {
                let away = of_today(&person).and_then(|row| {
                    let deputy = row.deputy_id.and_then(|id| Some((id, present.get(&id)?.clone()?)));
                    Some(Away { until: row.absent_until?, deputy })
                });
                let PersonRow { id, name, department, roles, .. } = person;
                Listed { id, name, department, roles, away }
            });
            Ok(listed.collect())
        })
    }
}
