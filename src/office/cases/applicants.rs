//! Applicants: identifying data is sealed, shown masked, and disclosed in clear text only with a recorded reason.

use crate::case::{ApplicantKind, AuditAction, Event, Role, ServiceResult, is_id_card};
use crate::office::cases::case_file::read_log;
use crate::office::people::reading_limits::Brake;
use crate::office::service::validation::Checks;
use crate::office::{Caller, Cases, OfficeError, people::reason};
use crate::store::cases::applicants::{self, ApplicantRow, NewApplicant};
use crate::store::evidence::audit::NewAudit;
use crate::store::{
    ApplicantId, CaseId, Db, OrganId, Sealer,
    cases::{self, events},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The roles that may read an applicant's identity and contacts, with a recorded reason.
pub const REVEALERS: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// 申请人.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// 申请人类型
    pub kind: ApplicantKind,
    /// 姓名或者名称
    #[schema(max_length = 100)]
    pub name: String,
    /// 证件
    #[serde(default)]
    pub identity: Option<Identity>,
    /// 联系方式；加密保存
    #[serde(default)]
    pub contact: Contact,
}

/// 身份证明.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// 证件类型
    pub kind: IdentityKind,
    /// 证件号码；加密保存
    #[schema(max_length = 40)]
    pub number: String,
}

/// 联系方式.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// 联系电话
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub telephone: Option<String>,
    /// 电子邮箱
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub email: Option<String>,
    /// 联系地址
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub address: Option<String>,
    /// 邮政编码
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub postcode: Option<String>,
    /// 工作单位
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub workplace: Option<String>,
    /// 法定代表人
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub legal_representative: Option<String>,
    /// 联系人
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub contact_person: Option<String>,
    /// 代理人
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub agent: Option<String>,
}

/// 申请人的证件号码、联系方式，以及送达回证上的签收人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Revealed {
    /// 申请人类型
    pub kind: ApplicantKind,
    /// 姓名或者名称
    pub name: String,
    /// 证件
    pub identity: Option<Identity>,
    /// 联系方式
    pub contact: Contact,
    /// 送达回证上的签收人，按登记先后；未登记的没有
    pub signatories: Vec<Signatory>,
}

/// 送达回证上的签收人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Signatory {
    /// 签收日期
    pub on: NaiveDate,
    /// 送达结果
    pub result: ServiceResult,
    /// 签收人及其与申请人的关系，如回证所载
    pub signatory: String,
}

impl Cases<'_> {
    pub(in crate::office) fn add_applicant(
        &self,
        db: &mut Db,
        organ: OrganId,
        applicant: &Applicant,
    ) -> Result<ApplicantId, OfficeError> {
        let contact =
            serde_json::to_string(&applicant.contact).map_err(|error| OfficeError::Internal(error.to_string()))?;
        let contact = (applicant.contact != Contact::default()).then_some(contact.as_str());
        let new = NewApplicant { contact, ..named(organ, applicant) };
        Ok(applicants::insert(db, self.store().sealer(), new, self.clock().now())?.id)
    }

    /// Discloses an applicant's identity number and contacts and the signatories of replies in clear text. Records
    /// caller, time and reason in the audit log.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the case does not exist; [`OfficeError::Invalid`] without a reason;
    /// [`OfficeError::TooOften`] above the limit per hour; [`OfficeError::Unreadable`] if stored data is damaged.
    pub fn reveal_applicant(&self, caller: &Caller, id: CaseId, reason: &str) -> Result<Revealed, OfficeError> {
        self.store().write(|db| {
            let reason = reason::checked("/reason", reason, "查看个人信息", reason::POSTING)?;
            let row = cases::find(db, id)?;
            self.people().brake(db, Brake::Reveals, caller, row.organ_id)?;
            let found = applicants::find(db, row.applicant_id)?;
            let sealer = self.store().sealer();
            let number = applicants::identity(sealer, &found)?.map(|number| number.into_inner());
            let contact = stored_contact(sealer, &found)?;
            let kind = ApplicantKind::from_code(&found.kind)
                .ok_or_else(|| OfficeError::unreadable(format!("kind '{}' of applicant {}", found.kind, found.id.0)))?;
            let identity_kind = stored_identity_kind(&found)?;
            let signatories = signatories(&read_log(&events::load(db, id)?)?);
            let detail = serde_json::json!({ "applicant_id": found.id.0, "reason": reason }).to_string();
            let entry = NewAudit {
                actor_id: Some(caller.user_id),
                organ_id: Some(row.organ_id),
                case_id: Some(id),
                action: AuditAction::ApplicantRevealed,
                detail: &detail,
            };
            self.service().note_from(db, &caller.origin, entry)?;
            let identity = identity_kind.zip(number).map(|(kind, number)| Identity { kind, number });
            Ok(Revealed { kind, name: found.name, identity, contact, signatories })
        })
    }
}

/// The signatories of every reply of the case.
fn signatories(log: &[Event]) -> Vec<Signatory> {
    let signed = |event: &Event| {
        let Event::ServiceProved { proof, .. } = event else { return None };
        let signatory = proof.signatory.clone()?;
        Some(Signatory { on: proof.on, result: proof.result, signatory })
    };
    log.iter().filter_map(signed).collect()
}

/// The applicant as a row to be inserted, without contacts.
pub(in crate::office) fn named(organ_id: OrganId, applicant: &Applicant) -> NewApplicant<'_> {
    NewApplicant {
        organ_id,
        kind: applicant.kind.code(),
        name: applicant.name.trim(),
        identity: applicant.identity.as_ref().map(|identity| (identity.kind.code(), identity.number.as_str())),
        contact: None,
    }
}

/// The contacts of an applicant. Empty if none were given.
///
/// # Errors
/// [`OfficeError::Unreadable`] if the stored contacts do not parse.
pub(in crate::office) fn stored_contact(sealer: &Sealer, row: &ApplicantRow) -> Result<Contact, OfficeError> {
    let Some(text) = applicants::contact(sealer, row)? else { return Ok(Contact::default()) };
    // serde's message would quote parts of the contacts.
    crate::store::stored_object(&text.into_inner())
        .map_err(|_| OfficeError::unreadable(format!("contacts of applicant {}", row.id.0)))
}

/// The kind of identity document of an applicant, if one was given.
///
/// # Errors
/// [`OfficeError::Unreadable`] if the stored kind is unknown.
pub(in crate::office) fn stored_identity_kind(row: &ApplicantRow) -> Result<Option<IdentityKind>, OfficeError> {
    let Some(code) = row.identity_kind.as_deref() else { return Ok(None) };
    let unknown = || OfficeError::unreadable(format!("identity kind '{code}' of applicant {}", row.id.0));
    IdentityKind::from_code(code).map(Some).ok_or_else(unknown)
}

pub use crate::case::IdentityKind;
pub use crate::store::database::seal::mask_name as masked_name;

pub(in crate::office) fn check_applicant(applicant: &Applicant) -> Result<(), OfficeError> {
    let mut checks = Checks::new();
    checks.line("/applicant/name", &applicant.name, 100);
    if let Some(identity) = &applicant.identity {
        let number = checks.line("/applicant/identity/number", &identity.number, 40);
        if identity.kind == IdentityKind::IdCard && !is_id_card(&number) {
            checks.fault("/applicant/identity/number", "invalid_identity_number", "居民身份证号码不正确（校验码不符）");
        }
    }
    let contact = &applicant.contact;
    for (pointer, text, max) in [
        ("/applicant/contact/telephone", &contact.telephone, 40),
        ("/applicant/contact/email", &contact.email, 100),
        ("/applicant/contact/address", &contact.address, 200),
        ("/applicant/contact/postcode", &contact.postcode, 20),
        ("/applicant/contact/workplace", &contact.workplace, 100),
        ("/applicant/contact/legal_representative", &contact.legal_representative, 100),
        ("/applicant/contact/contact_person", &contact.contact_person, 100),
        ("/applicant/contact/agent", &contact.agent, 100),
    ] {
        checks.optional_line(pointer, text.as_deref(), max);
    }
    checks.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_shown_by_the_first_character_an_organisation_by_its_name() {
        assert_eq!(masked_name("natural_person", "李健雄"), "李**");
        assert_eq!(masked_name("enterprise", "某某公司"), "某某公司");
    }
}
