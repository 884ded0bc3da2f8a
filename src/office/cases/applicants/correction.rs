//! Correcting the record of an applicant (个人信息保护法第四十六条). The log says which members changed, when, by whom and why;
//! what they said before is kept sealed beside the record.

use super::{Applicant, ApplicantMember, Contact, Identity, check_members, record};
use crate::case::{ApplicantKind, AuditAction, Case, Event, NotAllowed, Role, Stage, log};
use crate::office::cases::beside::Beside;
use crate::office::cases::case_file::{CaseFile, refuse_endless_log};
use crate::office::cases::queries::Shown;
use crate::office::cases::redactions::repeats;
use crate::office::people::access::{Readmitted, readmit};
use crate::office::people::reason;
use crate::office::service::validation::Checks;
use crate::office::{Caller, Cases, OfficeError};
use crate::store::cases::applicant_versions::{self, Replaced};
use crate::store::cases::applicants::{self, ApplicantRow, NewApplicant, normalised};
use crate::store::evidence::audit::NewAudit;
use crate::store::people::access::Thing;
use crate::store::{CaseId, Db, calendar, cases};
use serde::Deserialize;
use serde_json::Value;
use serde_path_to_error::Segment;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The roles that may correct the record of an applicant.
pub const CORRECTORS: &[Role] = &[Role::Clerk, Role::OfficeHead];
/// The article that a correction rests on.
pub const ARTICLE: &str = "《个人信息保护法》第四十六条";

/// 更正申请人信息
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicantCorrection {
    /// 理由，将被记录在办理过程中；不要写入姓名、证件号码、联系方式
    #[schema(max_length = 200)]
    pub reason: String,
    /// 更正的内容：对申请人（收件时的 applicant）的 JSON merge patch（RFC 7386），只写要改的成员，为 null 的成员删去；
    /// agents、co_applicants 整个替换。申请人类型不在这里更正
    #[schema(value_type = Object)]
    pub change: Value,
}

/// Whether somebody with these roles may correct the applicant of a case, or why not.
///
/// # Errors
/// `case_is_void`, `archived_needs_head`.
pub(in crate::office) fn may_correct(roles: &BTreeSet<Role>, case: &Case) -> Result<(), NotAllowed> {
    if case.stage == Stage::Void {
        return Err(NotAllowed::new("case_is_void", "案件已作废，申请人信息不再更正；承继的案件录错的，请更正那一件"));
    }
    if case.stage == Stage::Archived && !roles.contains(&Role::OfficeHead) {
        let detail = "案件已归档，申请人信息由公开工作机构负责人更正，请提请负责人";
        return Err(NotAllowed::new("archived_needs_head", detail));
    }
    Ok(())
}

impl Cases<'_> {
    /// Corrects the record of the applicant of a case. Cases that share the record (the parts of a split one) follow, each
    /// with an event of its own. `expected` is the version the caller saw.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if the version differs, or a part was split off meanwhile; [`OfficeError::Invalid`] for a
    /// reason or change that is malformed; [`OfficeError::Refused`] if nothing changes, the case is void, or it is archived
    /// and the caller is not the head; [`OfficeError::NotFound`] if the caller has no access to the case;
    /// [`OfficeError::Unreadable`] if stored data is damaged.
    pub fn correct_applicant<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        request: &ApplicantCorrection,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.store().write(|db| {
            calendar::keep_in_force(db)?;
            let Readmitted { caller, authority, seat } = readmit(db, caller, Thing::Case(id))?;
            if !authority.has_any(CORRECTORS) {
                return Err(OfficeError::RoleRequired { roles: CORRECTORS.to_vec() });
            }
            let sharing = lock_sharing(db, id)?;
            let file = self.lock_file_at(db, id, seat)?;
            if file.row.version != expected {
                return Err(OfficeError::Stale);
            }
            may_correct(&authority.roles, &file.case)?;
            let row = applicants::find(db, file.row.applicant_id)?;
            let earlier = record::earlier(db, self.store().sealer(), row.id)?;
            let earlier: Vec<Applicant> = earlier.into_iter().map(|version| version.applicant).collect();
            let plan = self.correction(&row, &earlier, request)?;
            let file = self.corrected(db, &caller, file, &row, &plan)?;
            for other in sharing.into_iter().filter(|other| *other != id) {
                self.follow_applicant(db, &caller, other, id, &plan)?;
            }
            show(&self.shown_whole(db, &caller, &authority.roles, file)?)
        })
    }

    /// What the request makes of the record.
    fn correction(
        &self,
        row: &ApplicantRow,
        earlier: &[Applicant],
        request: &ApplicantCorrection,
    ) -> Result<Correction, OfficeError> {
        let reason = reason::given("/reason", &request.reason, "更正", "姓名误录，按身份证更正")?.to_owned();
        let before = record::of_row(self.store().sealer(), row)?;
        let after = changed(&before, &request.change)?;
        let members = differences(&before, &after);
        let mut checks = Checks::new();
        check_members(&mut checks, "/change", &after, |member| members.contains(&member));
        checks.done()?;
        if members.is_empty() {
            return Err(OfficeError::Refused {
                code: "nothing_changes".into(),
                article: None,
                detail: "更正后的内容与现在的记录相同，没有需要更正的".into(),
                errors: Vec::new(),
            });
        }
        // Another spelling hides nothing.
        let said = normalised(&reason);
        let records = [&before, &after].into_iter().chain(earlier);
        if records.into_iter().flat_map(private_texts).any(|text| repeats(&said, &normalised(text))) {
            let detail = "理由会记录在办理过程中，不要写入姓名、证件号码、联系方式：请换一种说法";
            return Err(OfficeError::invalid("/reason", "repeats_text", detail));
        }
        Ok(Correction { before, after, members, reason })
    }

    /// Writes the record, what it said before, and the event of the case.
    fn corrected(
        &self,
        db: &mut Db,
        caller: &Caller,
        file: CaseFile,
        row: &ApplicantRow,
        plan: &Correction,
    ) -> Result<CaseFile, OfficeError> {
        let sealer = self.store().sealer();
        let contact = record::sealed_text(&plan.after)?;
        let new = NewApplicant { contact: contact.as_deref(), ..super::named(row.organ_id, &plan.after) };
        applicants::replace(db, sealer, row, new)?;
        let mut file = self.record_correction(db, caller, file, plan, None)?;
        if let Some(beside) = &mut file.beside {
            *beside = Beside { tags: std::mem::take(&mut beside.tags), ..Beside::of(&plan.after) };
        }
        let before = serde_json::to_string(&plan.before).map_err(|error| OfficeError::Internal(error.to_string()))?;
        let replaced = Replaced {
            applicant_id: row.id,
            case_id: file.row.id,
            seq: file.log_end.seq,
            on: self.clock().today(),
            by: caller.user_id,
            at: file.row.updated_at,
            record: &before,
        };
        applicant_versions::keep(db, sealer, replaced)?;
        Ok(file)
    }

    /// Lets a case that shares the record follow its correction in the case `through`.
    fn follow_applicant(
        &self,
        db: &mut Db,
        caller: &Caller,
        id: CaseId,
        through: CaseId,
        plan: &Correction,
    ) -> Result<(), OfficeError> {
        let file = self.lock_file(db, id)?;
        self.record_correction(db, caller, file, plan, Some(through))?;
        Ok(())
    }

    /// Writes the event, the name in the row, and the audit entry. Waiting mails that show the name are written anew.
    fn record_correction(
        &self,
        db: &mut Db,
        caller: &Caller,
        file: CaseFile,
        plan: &Correction,
        through: Option<CaseId>,
    ) -> Result<CaseFile, OfficeError> {
        let mut file = self.calendars().under_calendar_in_force(db, file)?;
        let event = Event::ApplicantCorrected {
            on: self.clock().today(),
            changed: plan.members.clone(),
            reason: plan.reason.clone(),
            through: through.map(|case| case.0),
        };
        let events = [event];
        refuse_endless_log(&file, &events)?;
        file.row.applicant_name.clone_from(&plan.after.name);
        let file = self.commit(db, file, &events, Some(caller.user_id))?;
        if plan.members.contains(&ApplicantMember::Name) {
            self.withdraw_mails(db, file.row.id)?;
        }
        // The reason stands in the log alone, where it can be erased.
        let changed: Vec<&str> = plan.members.iter().map(|member| member.code()).collect();
        let detail = serde_json::json!({
            "applicant_id": file.row.applicant_id.0, "seq": file.log_end.seq, "changed": changed,
        });
        let entry = NewAudit {
            actor_id: Some(caller.user_id),
            organ_id: Some(file.row.organ_id),
            case_id: Some(file.row.id),
            action: AuditAction::ApplicantCorrected,
            detail: &detail.to_string(),
        };
        self.service().note_from(db, &caller.origin, entry)?;
        Ok(file)
    }
}

/// A correction that may be written.
struct Correction {
    before: Applicant,
    after: Applicant,
    members: Vec<ApplicantMember>,
    reason: String,
}

/// Locks every case that has the record of this one, by id, so that two corrections through different cases do not deadlock.
///
/// # Errors
/// [`OfficeError::Stale`] if a part was split off meanwhile.
fn lock_sharing(db: &mut Db, id: CaseId) -> Result<Vec<CaseId>, OfficeError> {
    let applicant = cases::find(db, id)?.applicant_id;
    let sharing = cases::sharing(db, applicant)?;
    for case in &sharing {
        cases::lock(db, *case)?;
    }
    if cases::sharing(db, applicant)? == sharing { Ok(sharing) } else { Err(OfficeError::Stale) }
}

/// The record after a merge patch.
///
/// # Errors
/// [`OfficeError::Invalid`] with a pointer into the change.
fn changed(before: &Applicant, change: &Value) -> Result<Applicant, OfficeError> {
    let Value::Object(members) = change else {
        return Err(OfficeError::invalid("/change", "invalid_type", "应为对象：只写要改的成员"));
    };
    if members.contains_key("kind") {
        let detail = "申请人类型计入年度报告，不在这里更正：请更正“收件”这一步的申请人类型";
        return Err(OfficeError::invalid("/change/kind", "kind_by_amendment", detail));
    }
    let mut value = serde_json::to_value(before).map_err(|error| OfficeError::Internal(error.to_string()))?;
    log::merge(&mut value, change);
    // Another number is checked unless the change says anew that it is unverified.
    if change.pointer("/identity/number").is_some() && change.pointer("/identity/is_unverified").is_none() {
        value["identity"]["is_unverified"] = Value::Bool(false);
    }
    // A contact without any member is an empty one.
    if value.get("contact").is_none() {
        value["contact"] = serde_json::json!({});
    }
    let mut after: Applicant = serde_path_to_error::deserialize(value).map_err(|error| {
        let said = error.inner().to_string();
        let named = |start: &str| said.strip_prefix(start).and_then(|rest| rest.split('`').next());
        let (unknown, missing) = (named("unknown field `"), named("missing field `"));
        let (code, detail) = match (unknown, missing) {
            (Some(_), _) => ("unknown_field", "没有这一项"),
            (None, Some(_)) => ("required", "这一项必须填写，不能删去"),
            (None, None) => ("invalid_value", "值的类型或格式不正确"),
        };
        OfficeError::invalid(pointer(error.path(), unknown.or(missing)), code, detail)
    })?;
    tidy(&mut after);
    Ok(after)
}

/// The JSON pointer into the request of a place in the record. `named` is the member there that the fault names.
fn pointer(path: &serde_path_to_error::Path, named: Option<&str>) -> String {
    let mut at = "/change".to_owned();
    let mut last = None;
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => at.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                at.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                last = Some(key.as_str());
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    match named.filter(|name| last != Some(name)) {
        Some(name) => format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
        None => at,
    }
}

/// Takes blanks from around the texts, and takes a blank text for none.
fn tidy(applicant: &mut Applicant) {
    applicant.name = applicant.name.trim().to_owned();
    if let Some(identity) = &mut applicant.identity {
        // As the row keeps it.
        identity.number = match identity.is_unverified {
            true => identity.number.trim().to_owned(),
            false => normalised(&identity.number),
        };
    }
    let Applicant { contact, agents, guardian, co_applicants, .. } = applicant;
    let lines = contact.lines_mut().into_iter();
    let telephones = agents.iter_mut().map(|agent| &mut agent.telephone);
    let telephones = telephones.chain(guardian.iter_mut().map(|guardian| &mut guardian.telephone));
    let telephones = telephones.chain(co_applicants.iter_mut().map(|other| &mut other.telephone));
    for line in lines.chain(telephones) {
        *line = line.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    }
}

/// The members in which two records differ. A blank text is none.
fn differences(before: &Applicant, after: &Applicant) -> Vec<ApplicantMember> {
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let lines = before.contact.lines().into_iter().zip(after.contact.lines());
    let lines = lines.map(|((member, was, _), (_, is, _))| (member, said(was) != said(is)));
    let whole = [
        (ApplicantMember::Name, before.name != after.name),
        (ApplicantMember::Identity, before.identity != after.identity),
    ];
    let others = [
        (ApplicantMember::Agents, before.agents != after.agents),
        (ApplicantMember::Guardian, before.guardian != after.guardian),
        (ApplicantMember::CoApplicants, before.co_applicants != after.co_applicants),
    ];
    let all = whole.into_iter().chain(lines).chain(others);
    all.filter(|(_, differs)| *differs).map(|(member, _)| member).collect()
}

/// Names of persons, numbers and contacts of a record, which no reason in the log repeats: they are masked wherever a reason
/// can be read.
fn private_texts(applicant: &Applicant) -> Vec<&str> {
    let Applicant { kind, name, identity, contact, agents, guardian, co_applicants } = applicant;
    let Contact { telephone, email, address, contact_person, agent, .. } = contact;
    let is_person = |kind: &ApplicantKind| *kind == ApplicantKind::NaturalPerson;
    let mut names: Vec<&str> = is_person(kind).then_some(name.as_str()).into_iter().collect();
    let mut texts: Vec<&str> = [telephone, email, address].into_iter().flatten().map(String::as_str).collect();
    texts.extend(identity.as_ref().map(Identity::written));
    names.extend(contact_person.iter().chain(agent).map(String::as_str));
    for agent in agents {
        names.push(&agent.name);
        texts.extend(agent.identity.as_ref().map(Identity::written).into_iter().chain(agent.telephone.as_deref()));
    }
    if let Some(guardian) = guardian {
        names.push(&guardian.name);
        let telephone = guardian.telephone.as_deref();
        texts.extend(guardian.identity.as_ref().map(Identity::written).into_iter().chain(telephone));
    }
    for other in co_applicants {
        names.extend(is_person(other.kind.as_ref().unwrap_or(kind)).then_some(other.name.as_str()));
        texts.extend(other.identity.as_ref().map(Identity::written).into_iter().chain(other.telephone.as_deref()));
    }
    // A name of one letter would forbid that letter.
    texts.extend(names.into_iter().filter(|name| name.trim().chars().count() > 1));
    texts.retain(|text| !text.trim().is_empty());
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applicant() -> Applicant {
        let filed = json!({
            "kind": "natural_person", "name": "王小明",
            "identity": { "kind": "id_card", "number": "11010119900307123X" },
            "contact": { "telephone": "13800138000", "agent": "李律师" }
        });
        serde_json::from_value(filed).unwrap()
    }

    fn fault(change: &Value) -> (String, String) {
        match changed(&applicant(), change) {
            Err(OfficeError::Invalid(faults)) => (faults[0].pointer.clone(), faults[0].code.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_names_what_changes_and_null_takes_a_member_away() {
        let change = json!({ "name": " 王晓明 ", "identity": null, "contact": { "agent": null, "email": "" } });
        let after = changed(&applicant(), &change).unwrap();
        assert_eq!((after.name.as_str(), &after.identity), ("王晓明", &None));
        assert_eq!((after.contact.telephone.as_deref(), &after.contact.agent), (Some("13800138000"), &None));
        let members = [ApplicantMember::Name, ApplicantMember::Identity, ApplicantMember::Agent];
        assert_eq!(differences(&applicant(), &after), members);
        let without = changed(&applicant(), &json!({ "contact": null })).unwrap();
        assert_eq!(without.contact, Contact::default());
        let same = changed(&applicant(), &json!({ "identity": { "number": "110101 19900307 123x" } })).unwrap();
        assert_eq!(differences(&applicant(), &same), []);
    }

    #[test]
    fn a_fault_is_told_at_its_place_in_the_change() {
        for (change, at, code) in [
            (json!([]), "/change", "invalid_type"),
            (json!({ "kind": "enterprise" }), "/change/kind", "kind_by_amendment"),
            (json!({ "name": null }), "/change/name", "required"),
            (json!({ "named": "李" }), "/change/named", "unknown_field"),
            (json!({ "contact": { "fax": "1" } }), "/change/contact/fax", "unknown_field"),
            (json!({ "agents": [{ "name": "李律师" }] }), "/change/agents/0/authority", "required"),
            (json!({ "name": 3 }), "/change/name", "invalid_value"),
        ] {
            assert_eq!(fault(&change), (at.to_owned(), code.to_owned()), "{change}");
        }
    }
}
