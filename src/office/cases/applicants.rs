//! Applicants: identifying data is sealed, shown masked, and disclosed in clear text only with a recorded reason.

pub mod correction;
mod record;

use crate::case::{ApplicantKind, ApplicantMember, AuditAction, Event, Role, ServiceResult, is_id_card};
use crate::office::cases::case_file::read_log;
use crate::office::people::reading_limits::Brake;
use crate::office::service::validation::Checks;
use crate::office::{Caller, Cases, OfficeError, people::reason};
use crate::store::cases::applicants::{self, ApplicantRow, NewApplicant};
use crate::store::evidence::audit::NewAudit;
use crate::store::{
    ApplicantId, CaseId, Db, OrganId,
    cases::{self, events},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// 代理人及其证件、代理权限；加密保存
    #[serde(default)]
    #[schema(max_items = 10)]
    pub agents: Vec<Agent>,
    /// 监护人；加密保存
    #[serde(default)]
    pub guardian: Option<Guardian>,
    /// 共同申请人（一件申请有数人的，第一人以外的各人）；加密保存
    #[serde(default)]
    #[schema(max_items = 100)]
    pub co_applicants: Vec<CoApplicant>,
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
    /// 未核验：号码照申请书所写登记（十五位、校验码不符等），不核对校验码，也不据以认定为同一申请人
    #[serde(default)]
    pub is_unverified: bool,
}

/// 代理人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// 姓名或者名称
    #[schema(max_length = 100)]
    pub name: String,
    /// 证件
    #[serde(default)]
    pub identity: Option<Identity>,
    /// 代理权限：一般代理、特别授权，或者授权委托书所载；没有授权委托书的，姓名填 contact.agent
    #[schema(max_length = 200)]
    pub authority: String,
    /// 联系电话
    #[serde(default)]
    #[schema(max_length = 40)]
    pub telephone: Option<String>,
}

/// 监护人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    /// 姓名或者名称
    #[schema(max_length = 100)]
    pub name: String,
    /// 与申请人的关系
    #[schema(max_length = 40)]
    pub relation: String,
    /// 证件
    #[serde(default)]
    pub identity: Option<Identity>,
    /// 联系电话
    #[serde(default)]
    #[schema(max_length = 40)]
    pub telephone: Option<String>,
}

/// 共同申请人
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoApplicant {
    /// 申请人类型；不填为与第一申请人相同
    #[serde(default)]
    pub kind: Option<ApplicantKind>,
    /// 姓名或者名称
    #[schema(max_length = 100)]
    pub name: String,
    /// 证件
    #[serde(default)]
    pub identity: Option<Identity>,
    /// 联系电话
    #[serde(default)]
    #[schema(max_length = 40)]
    pub telephone: Option<String>,
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
    /// 代理人，一行；有证件、授权委托书的用 agents
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
    /// 代理人及其证件、代理权限
    pub agents: Vec<Agent>,
    /// 监护人
    pub guardian: Option<Guardian>,
    /// 共同申请人
    pub co_applicants: Vec<CoApplicant>,
    /// 送达回证上的签收人，按登记先后；未登记的没有
    pub signatories: Vec<Signatory>,
    /// 历次更正以前的内容，最早的在前；没有更正过的为空
    pub earlier: Vec<EarlierApplicant>,
}

/// 一次更正以前的申请人信息
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct EarlierApplicant {
    /// 在哪一日更正；此前以本项内容为准
    pub replaced_on: NaiveDate,
    /// 更正人
    pub replaced_by: Uuid,
    /// 更正时间
    pub replaced_at: DateTime<Utc>,
    /// 在哪一案更正；拆分形成的各案共用申请人信息
    pub case_id: Uuid,
    /// 该案办理过程中的哪一步；其中有更正的项目和理由
    pub seq: i32,
    /// 更正以前的内容
    pub applicant: Applicant,
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
        let contact = record::sealed_text(applicant)?;
        let new = NewApplicant { contact: contact.as_deref(), ..named(organ, applicant) };
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
            let Applicant { kind, name, identity, contact, agents, guardian, co_applicants } =
                record::of_row(sealer, &found)?;
            let earlier = record::earlier(db, sealer, found.id)?;
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
            Ok(Revealed { kind, name, identity, contact, agents, guardian, co_applicants, signatories, earlier })
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
        is_unverified: applicant.identity.as_ref().is_some_and(|identity| identity.is_unverified),
        contact: None,
    }
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

pub(in crate::office) use record::{as_filed, stored_contact};

/// Checks an applicant as filed.
///
/// # Errors
/// [`OfficeError::Invalid`] with every fault.
pub(in crate::office) fn check_applicant(applicant: &Applicant) -> Result<(), OfficeError> {
    let mut checks = Checks::new();
    check_members(&mut checks, "/applicant", applicant, |_| true);
    checks.done()
}

/// Most agents of an applicant.
const MOST_AGENTS: usize = 10;
/// Most co-applicants.
const MOST_CO_APPLICANTS: usize = 100;

/// Checks the members of an applicant that `is_checked` names. `at` is the pointer to the applicant.
fn check_members(checks: &mut Checks, at: &str, applicant: &Applicant, is_checked: impl Fn(ApplicantMember) -> bool) {
    if is_checked(ApplicantMember::Name) {
        checks.line(&format!("{at}/name"), &applicant.name, 100);
    }
    if let Some(identity) = applicant.identity.as_ref().filter(|_| is_checked(ApplicantMember::Identity)) {
        check_identity(checks, &format!("{at}/identity"), identity);
    }
    for (member, text, max) in applicant.contact.lines() {
        if is_checked(member) {
            checks.optional_line(&format!("{at}/contact/{}", member.code()), text, max);
        }
    }
    if is_checked(ApplicantMember::Agents) {
        check_number(checks, &format!("{at}/agents"), applicant.agents.len(), MOST_AGENTS);
        for (place, agent) in applicant.agents.iter().enumerate() {
            let at = format!("{at}/agents/{place}");
            checks.line(&format!("{at}/authority"), &agent.authority, 200);
            check_person(checks, &at, &agent.name, agent.identity.as_ref(), agent.telephone.as_deref());
        }
    }
    if let Some(guardian) = applicant.guardian.as_ref().filter(|_| is_checked(ApplicantMember::Guardian)) {
        let at = format!("{at}/guardian");
        checks.line(&format!("{at}/relation"), &guardian.relation, 40);
        check_person(checks, &at, &guardian.name, guardian.identity.as_ref(), guardian.telephone.as_deref());
    }
    if is_checked(ApplicantMember::CoApplicants) {
        check_number(checks, &format!("{at}/co_applicants"), applicant.co_applicants.len(), MOST_CO_APPLICANTS);
        for (place, other) in applicant.co_applicants.iter().enumerate() {
            let at = format!("{at}/co_applicants/{place}");
            check_person(checks, &at, &other.name, other.identity.as_ref(), other.telephone.as_deref());
        }
    }
}

fn check_number(checks: &mut Checks, at: &str, count: usize, most: usize) {
    if count > most {
        checks.fault(at, "too_many", format!("不得超过 {most} 人"));
    }
}

fn check_person(checks: &mut Checks, at: &str, name: &str, identity: Option<&Identity>, telephone: Option<&str>) {
    checks.line(&format!("{at}/name"), name, 100);
    if let Some(identity) = identity {
        check_identity(checks, &format!("{at}/identity"), identity);
    }
    checks.optional_line(&format!("{at}/telephone"), telephone, 40);
}

fn check_identity(checks: &mut Checks, at: &str, identity: &Identity) {
    let at = format!("{at}/number");
    let number = checks.line(&at, &identity.number, 40);
    if identity.kind == IdentityKind::IdCard && !identity.is_unverified && !is_id_card(&number) {
        let detail = "居民身份证号码不正确（校验码不符）；申请书上确是这样写的，可以填 is_unverified 为 true，照写登记";
        checks.fault(&at, "invalid_identity_number", detail);
    }
}

impl Identity {
    fn written(&self) -> &str {
        &self.number
    }
}

impl Contact {
    /// Each member with its text and its most characters.
    fn lines(&self) -> [(ApplicantMember, Option<&str>, usize); 8] {
        [
            (ApplicantMember::Telephone, self.telephone.as_deref(), 40),
            (ApplicantMember::Email, self.email.as_deref(), 100),
            (ApplicantMember::Address, self.address.as_deref(), 200),
            (ApplicantMember::Postcode, self.postcode.as_deref(), 20),
            (ApplicantMember::Workplace, self.workplace.as_deref(), 100),
            (ApplicantMember::LegalRepresentative, self.legal_representative.as_deref(), 100),
            (ApplicantMember::ContactPerson, self.contact_person.as_deref(), 100),
            (ApplicantMember::Agent, self.agent.as_deref(), 100),
        ]
    }

    /// The same members, to be changed.
    fn lines_mut(&mut self) -> [&mut Option<String>; 8] {
        [
            &mut self.telephone,
            &mut self.email,
            &mut self.address,
            &mut self.postcode,
            &mut self.workplace,
            &mut self.legal_representative,
            &mut self.contact_person,
            &mut self.agent,
        ]
    }
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
