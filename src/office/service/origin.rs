//! The origin of a request, for the throttle and the audit log.

use crate::case::AuditAction;
use crate::office::{OfficeError, Service};
use crate::store::evidence::audit::{self, NewAudit, Whence};
use crate::store::{AuditId, Db, UserId};
use serde_json::Value;
use std::net::{IpAddr, Ipv6Addr};

/// The origin of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address. `None` for the command line.
    pub address: Option<IpAddr>,
    /// The request id, as in the request log.
    pub request_id: Option<String>,
}

impl Origin {
    /// The network that counts as one client: an IPv4 address, or an IPv6 /64, within which a client can choose its
    /// address freely.
    #[must_use]
    pub fn network(&self) -> String {
        match self.address.map(|address| address.to_canonical()) {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
                format!("{network}/64")
            }
        }
    }
}

impl Service<'_> {
    /// Records an event on a user's account. `actor` is the acting user, if authenticated.
    pub(in crate::office) fn record(
        &self,
        db: &mut Db,
        origin: &Origin,
        action: AuditAction,
        actor: Option<UserId>,
        subject: Option<UserId>,
        detail: &Value,
    ) -> Result<AuditId, OfficeError> {
        let (detail, address) = (detail.to_string(), origin.address.map(|address| address.to_string()));
        let entry = NewAudit { actor_id: actor, organ_id: None, case_id: None, action, detail: &detail };
        let whence =
            Whence { subject_id: subject, address: address.as_deref(), request_id: origin.request_id.as_deref() };
        Ok(audit::append_from(db, entry, whence, self.clock().now())?)
    }

    /// Writes an entry with the origin of its request.
    pub(in crate::office) fn note_from(
        &self,
        db: &mut Db,
        origin: &Origin,
        entry: NewAudit<'_>,
    ) -> Result<(), OfficeError> {
        let address = origin.address.map(|address| address.to_string());
        let whence = Whence { subject_id: None, address: address.as_deref(), request_id: origin.request_id.as_deref() };
        audit::append_from(db, entry, whence, self.clock().now())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits() {
        let network = |text: &str| Origin { address: text.parse().ok(), request_id: None }.network();
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7", "the same address written as IPv6");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:3::1"), "2001:db8:1:3::/64");
        assert_eq!(network("::1"), "::/64");
        assert_eq!(network("nothing"), "unknown");
    }
}
