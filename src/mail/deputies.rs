//! Replaces absent recipients by their deputies.

use super::because::DEPUTY_ELSEWHERE;
use crate::law::chinese_date;
use crate::store::reminders::preferences;
use crate::store::reminders::recipients::{self, Recipient};
use crate::store::{Db, OrganId, StoreError};
use chrono::NaiveDate;

/// Replaces each person who is away today by the deputy, and returns the reason with it. Each recipient is listed once.
///
/// Keeps a person whose deputy is away too or has no mailbox. If the deputy may not be written to about `organ`, the
/// person is kept with an explanation.
///
/// # Errors
/// [`StoreError::Corrupt`] if an organ's path cannot be read; else the [`StoreError`] of a failed read.
pub fn with_deputies(
    db: &mut Db,
    people: Vec<Recipient>,
    organ: OrganId,
    today: NaiveDate,
) -> Result<Vec<(Recipient, Option<String>)>, StoreError> {
    let mut told: Vec<(Recipient, Option<String>)> = Vec::new();
    for person in people {
        let away = preferences::find(db, person.user_id)?.filter(|row| row.is_absent(today));
        let mut found = (person, None);
        if let Some((deputy, until)) = away.and_then(|row| row.deputy_id.zip(row.absent_until))
            && !preferences::find(db, deputy)?.is_some_and(|row| row.is_absent(today))
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
