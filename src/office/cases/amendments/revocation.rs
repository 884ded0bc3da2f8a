//! Revoking a reply that was sent (自行纠正): the head of the office asks, and nothing moves until the leader confirms.

use super::next_number;
use crate::case::amendment::{Amendment, ProposedAmendment};
use crate::case::command::RevokeReply;
use crate::case::{AmendmentCause, Command, Drawn, Event, Role, decide};
use crate::office::cases::case_file::{CaseFile, actor, refuse_endless_log};
use crate::office::cases::queries::Shown;
use crate::office::people::access::Authority;
use crate::office::people::reason;
use crate::office::{Caller, Cases, OfficeError};
use crate::store::{CaseId, Db};
use chrono::NaiveDate;
use std::collections::BTreeSet;

impl Cases<'_> {
    /// Asks the leader to confirm that the reply of a case is revoked.
    ///
    /// # Errors
    /// As [`Cases::amend`].
    pub fn ask_revocation<T>(
        &self,
        caller: &Caller,
        id: CaseId,
        request: &RevokeReply,
        expected: i64,
        show: impl FnOnce(&Shown) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.changing(caller, id, expected, show, |db, caller, authority, file, _| {
            let request = given(request)?;
            self.revoked(&file, caller, &authority.roles, &request)?;
            let proposed = ProposedAmendment {
                number: next_number(&file),
                on: self.clock().today(),
                reason: request.reason,
                evidence: None,
                asked_by: caller.user_id.0,
                entries: Vec::new(),
                replaced_by: None,
                revoked_on: Some(request.on),
                because: vec![AmendmentCause::ReplyIsRevoked],
            };
            self.propose(db, caller, file, proposed)
        })
    }

    /// The events that revoke the reply, and why the leader has to confirm them.
    pub(in crate::office) fn revocation_of(
        &self,
        caller: &Caller,
        authority: &Authority,
        file: &CaseFile,
        request: &RevokeReply,
    ) -> Result<(Vec<Event>, Vec<AmendmentCause>), OfficeError> {
        let events = self.revoked(file, caller, &authority.roles, &given(request)?)?;
        Ok((events, vec![AmendmentCause::ReplyIsRevoked]))
    }

    /// Revokes the reply, which the leader has just confirmed.
    pub(super) fn commit_revocation(
        &self,
        db: &mut Db,
        caller: &Caller,
        authority: &Authority,
        file: CaseFile,
        (on, amendment): (NaiveDate, Amendment),
    ) -> Result<CaseFile, OfficeError> {
        // The leader who confirms gives no command of the office himself.
        let roles: BTreeSet<Role> = authority.roles.iter().copied().chain([Role::OfficeHead]).collect();
        let request = RevokeReply { on, reason: amendment.reason.clone() };
        let revoked = self.revoked(&file, caller, &roles, &request)?;
        let events: Vec<Event> = std::iter::once(Event::Amended(amendment)).chain(revoked).collect();
        refuse_endless_log(&file, &events)?;
        self.commit(db, file, &events, Some(caller.user_id))
    }

    fn revoked(
        &self,
        file: &CaseFile,
        caller: &Caller,
        roles: &BTreeSet<Role>,
        request: &RevokeReply,
    ) -> Result<Vec<Event>, OfficeError> {
        let person = actor(caller, roles);
        let context = file.context(&person, self.clock().today());
        Ok(decide(Some(&file.case), &Command::RevokeReply(request.clone()), &context, &Drawn::default())?)
    }
}

/// The request with its reason checked.
fn given(request: &RevokeReply) -> Result<RevokeReply, OfficeError> {
    let reason = reason::given("/reason", &request.reason, "撤销原答复", "答复书适用条款有误，自行纠正")?.to_owned();
    Ok(RevokeReply { on: request.on, reason })
}
