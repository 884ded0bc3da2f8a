//! Which proofs of service a way of service can have: one table, which `decide` and the answers to unknown words both read.
//!
//! 235号 knows direct, entrusted and postal service; an electronic reply arrives in the applicant's system (C-8, 实施条例第二十三条).
//! A letter is left only by those who stand before the addressee, with witnesses (民诉法第八十九条).

use super::refusal::NotAllowed;
use crate::case::articles;
use crate::case::vocabulary::ServiceResult;
use crate::law::ServiceMethod;

/// The proofs that a way of service can have.
pub(super) const fn proofs_of(method: ServiceMethod) -> &'static [ServiceResult] {
    match method {
        ServiceMethod::Direct | ServiceMethod::Entrusted => {
            &[ServiceResult::Signed, ServiceResult::Left, ServiceResult::Returned]
        }
        ServiceMethod::Post | ServiceMethod::PrivateCourier => &[ServiceResult::Signed, ServiceResult::Returned],
        // An applicant may sign on the platform as well.
        ServiceMethod::Electronic => {
            &[ServiceResult::ElectronicReceipt, ServiceResult::Signed, ServiceResult::Returned]
        }
    }
}

/// Whether the way can have that proof.
///
/// # Errors
/// `proof_does_not_fit`, which names those it can have.
pub(super) fn fits(method: ServiceMethod, result: ServiceResult) -> Result<(), NotAllowed> {
    if proofs_of(method).contains(&result) {
        return Ok(());
    }
    let named = |proof: &ServiceResult| format!("{}（{}）", proof.label(), proof.code());
    let allowed: Vec<String> = proofs_of(method).iter().map(named).collect();
    let detail = format!(
        "答复以“{}”发出，不会有“{}”的凭证；可以登记：{}。以其他方式送达的，请先登记退回，再登记发出",
        method.label(),
        result.label(),
        allowed.join("、")
    );
    Err(NotAllowed::by_law("proof_does_not_fit", article(method), detail).at("/result"))
}

/// The article the proofs of a way rest on.
const fn article(method: ServiceMethod) -> &'static str {
    match method {
        ServiceMethod::Direct | ServiceMethod::Entrusted | ServiceMethod::Post | ServiceMethod::PrivateCourier => {
            articles::PROOF
        }
        ServiceMethod::Electronic => articles::ELECTRONIC_PROOF,
    }
}
