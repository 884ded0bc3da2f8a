//! The record of an applicant as a whole: written to its row and read from it, with what it said before each correction.

use super::{Agent, Applicant, CoApplicant, Contact, EarlierApplicant, Guardian, Identity, stored_identity_kind};
use crate::case::ApplicantKind;
use crate::law::civil_day;
use crate::office::cases::beside::Beside;
use crate::office::cases::case_file::CaseFile;
use crate::office::{Cases, OfficeError};
use crate::store::cases::StoredBeside;
use crate::store::cases::applicant_versions::{self, ApplicantVersionRow};
use crate::store::cases::applicants::{self, ApplicantRow};
use crate::store::database::seal::Secret;
use crate::store::{ApplicantId, Db, Sealer};
use chrono::NaiveDate;
use serde_json::{Map, Value};

/// What is sealed with the contacts.
#[derive(Default)]
struct Sealed {
    contact: Contact,
    agents: Vec<Agent>,
    guardian: Option<Guardian>,
    co_applicants: Vec<CoApplicant>,
}

/// The text that is sealed in the row: the contacts, and beside them whoever acts for the applicant or applies too. `None`
/// if there is nothing of that.
///
/// # Errors
/// [`OfficeError::Internal`] if it cannot be written.
pub(super) fn sealed_text(applicant: &Applicant) -> Result<Option<String>, OfficeError> {
    let written = |error: serde_json::Error| OfficeError::Internal(error.to_string());
    let mut value = serde_json::to_value(&applicant.contact).map_err(written)?;
    if let Some(members) = value.as_object_mut() {
        if !applicant.agents.is_empty() {
            members.insert("agents".into(), serde_json::to_value(&applicant.agents).map_err(written)?);
        }
        if let Some(guardian) = &applicant.guardian {
            members.insert("guardian".into(), serde_json::to_value(guardian).map_err(written)?);
        }
        if !applicant.co_applicants.is_empty() {
            members.insert("co_applicants".into(), serde_json::to_value(&applicant.co_applicants).map_err(written)?);
        }
        if members.is_empty() {
            return Ok(None);
        }
    }
    Ok(Some(value.to_string()))
}

/// The record of a row.
///
/// # Errors
/// [`OfficeError::Unreadable`] if the stored data do not parse; as [`applicants::identity`].
pub(super) fn of_row(sealer: &Sealer, row: &ApplicantRow) -> Result<Applicant, OfficeError> {
    let kind = ApplicantKind::from_code(&row.kind)
        .ok_or_else(|| OfficeError::unreadable(format!("kind '{}' of applicant {}", row.kind, row.id.0)))?;
    let number = applicants::identity(sealer, row)?.map(|number| number.into_inner());
    let identity = stored_identity_kind(row)?.zip(number).map(|(kind, number)| Identity {
        kind,
        number,
        is_unverified: row.identity_is_unverified,
    });
    let Sealed { contact, agents, guardian, co_applicants } = sealed_of(sealer, row)?;
    Ok(Applicant { kind, name: row.name.clone(), identity, contact, agents, guardian, co_applicants })
}

/// The contacts of an applicant. Empty if none were given.
///
/// # Errors
/// [`OfficeError::Unreadable`] if the stored contacts do not parse.
pub(in crate::office) fn stored_contact(sealer: &Sealer, row: &ApplicantRow) -> Result<Contact, OfficeError> {
    Ok(sealed_of(sealer, row)?.contact)
}

fn sealed_of(sealer: &Sealer, row: &ApplicantRow) -> Result<Sealed, OfficeError> {
    opened(row.id, applicants::contact(sealer, row)?)
}

fn opened(id: ApplicantId, text: Option<Secret<String>>) -> Result<Sealed, OfficeError> {
    let Some(text) = text else { return Ok(Sealed::default()) };
    // serde's message would quote parts of the contacts.
    let unreadable = |_| OfficeError::unreadable(format!("contacts of applicant {}", id.0));
    let mut members: Map<String, Value> = crate::store::stored_object(&text.into_inner()).map_err(unreadable)?;
    let mut taken = |name: &str| members.remove(name);
    let (agents, guardian, co_applicants) = (taken("agents"), taken("guardian"), taken("co_applicants"));
    Ok(Sealed {
        contact: serde_json::from_value(Value::Object(members)).map_err(unreadable)?,
        agents: agents.map(serde_json::from_value).transpose().map_err(unreadable)?.unwrap_or_default(),
        guardian: guardian.map(serde_json::from_value).transpose().map_err(unreadable)?,
        co_applicants: co_applicants.map(serde_json::from_value).transpose().map_err(unreadable)?.unwrap_or_default(),
    })
}

/// What the record said before each of its corrections, the earliest first.
///
/// # Errors
/// As [`of_row`].
pub(super) fn earlier(
    db: &mut Db,
    sealer: &Sealer,
    applicant: ApplicantId,
) -> Result<Vec<EarlierApplicant>, OfficeError> {
    let rows = applicant_versions::of_applicant(db, applicant)?;
    let shown = |row: &ApplicantVersionRow| {
        Ok(EarlierApplicant {
            replaced_on: row.replaced_on,
            replaced_by: row.replaced_by.0,
            replaced_at: row.replaced_at.0,
            case_id: row.case_id.0,
            seq: row.seq,
            applicant: of_version(sealer, row)?,
        })
    };
    rows.iter().map(shown).collect()
}

/// The record as it was filed, before any correction.
///
/// # Errors
/// As [`of_row`].
pub(in crate::office) fn as_filed(db: &mut Db, sealer: &Sealer, row: &ApplicantRow) -> Result<Applicant, OfficeError> {
    match applicant_versions::first(db, row.id)? {
        Some(first) => of_version(sealer, &first),
        None => of_row(sealer, row),
    }
}

fn of_version(sealer: &Sealer, row: &ApplicantVersionRow) -> Result<Applicant, OfficeError> {
    let text = applicant_versions::record(sealer, row)?;
    crate::store::stored_object(text.expose())
        .map_err(|_| OfficeError::unreadable(format!("earlier record {} of applicant {}", row.n, row.applicant_id.0)))
}

impl Cases<'_> {
    /// What a case view shows of the applicant beside the name, from the stored columns.
    ///
    /// # Errors
    /// As [`stored_contact`].
    pub(in crate::office::cases) fn beside(
        &self,
        applicant: ApplicantId,
        stored: StoredBeside,
    ) -> Result<Beside, OfficeError> {
        let StoredBeside { tags, identity_is_unverified, contact_sealed } = stored;
        let text = applicants::contact_of(self.store().sealer(), applicant, contact_sealed.as_deref())?;
        let Sealed { contact, agents, guardian, co_applicants } = opened(applicant, text)?;
        Ok(Beside {
            tags,
            identity_is_unverified,
            has_agent: !agents.is_empty() || contact.agent.is_some(),
            has_guardian: guardian.is_some(),
            co_applicants: co_applicants.len(),
        })
    }

    /// Gives a file the applicant as the record said at the end of a day: before the first correction made later.
    ///
    /// # Errors
    /// As [`of_row`].
    pub(in crate::office::cases) fn name_as_known(
        &self,
        db: &mut Db,
        file: &mut CaseFile,
        known_on: NaiveDate,
    ) -> Result<(), OfficeError> {
        let corrections = earlier(db, self.store().sealer(), file.row.applicant_id)?;
        let is_later = |one: &&EarlierApplicant| civil_day(one.replaced_at) > known_on;
        if let Some(EarlierApplicant { applicant, .. }) = corrections.iter().find(is_later) {
            file.row.applicant_name = applicant.name.trim().to_owned();
            if let Some(beside) = &mut file.beside {
                *beside = Beside { tags: std::mem::take(&mut beside.tags), ..Beside::of(applicant) };
            }
        }
        Ok(())
    }
}
