//! Whether what several applicants asked for may be worth publishing on the organ's own motion (Art. 44). A hint: the
//! article says 可以, and whether the information is the same and fit for publication is for the organ to judge.

use crate::law::Outcome;

/// What an ending says about the information asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disclosure {
    /// It was given in full.
    Full,
    /// It is public already.
    Public,
    /// It was withheld, all of it or a part.
    Withheld,
    /// Nothing about whether it may be disclosed.
    Silent,
}

const fn disclosure(outcome: Outcome) -> Disclosure {
    match outcome {
        Outcome::Provided | Outcome::PublicInterest | Outcome::O492Disclosed => Disclosure::Full,
        Outcome::AlreadyPublic | Outcome::O492AlreadyPublic | Outcome::Publication => Disclosure::Public,
        Outcome::PartiallyDisclosed
        | Outcome::StateSecret
        | Outcome::ProhibitedByLaw
        | Outcome::SecurityAndStability
        | Outcome::ThirdPartyRights
        | Outcome::InternalAffairs
        | Outcome::DeliberativeProcess
        | Outcome::EnforcementFile
        | Outcome::SpecialRegister
        | Outcome::O492PartiallyDisclosed
        | Outcome::O492StateSecret
        | Outcome::O492TradeSecret
        | Outcome::O492Privacy
        | Outcome::O492SecurityAndStability
        | Outcome::O492NotGovernmentInformation
        | Outcome::O492OtherStatutory => Disclosure::Withheld,
        Outcome::DoesNotExist
        | Outcome::OtherAuthority
        | Outcome::RequiresCreation
        | Outcome::StillUnclear
        | Outcome::Petition
        | Outcome::Repeat
        | Outcome::Excessive
        | Outcome::Reconfirmation
        | Outcome::CorrectionLapsed
        | Outcome::FeeLapsed
        | Outcome::Withdrawn
        | Outcome::ClosedOther
        | Outcome::O492OtherAuthority
        | Outcome::O492DoesNotExist
        | Outcome::O492AmendRequested
        | Outcome::O492OtherChannel => Disclosure::Silent,
    }
}

/// Whether applications on one matter make it a candidate for publication, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidacy {
    /// Whether it is one.
    pub is_candidate: bool,
    /// Whether any application got all it asked for.
    pub is_disclosed_in_full: bool,
    /// Why, or why not, in Chinese.
    pub why: &'static str,
}

impl Candidacy {
    /// Of so many different applicants with these endings.
    #[must_use]
    pub fn of(applicants: usize, outcomes: &[Outcome]) -> Self {
        let any = |wanted: Disclosure| outcomes.iter().any(|outcome| disclosure(*outcome) == wanted);
        let (full, public, withheld) = (any(Disclosure::Full), any(Disclosure::Public), any(Disclosure::Withheld));
        let (is_candidate, why) = match (applicants >= 2, public, full, withheld) {
            (false, ..) => (false, "只有一个申请人，不是多个申请人"),
            (true, true, ..) => (false, "已有答复认定该信息已主动公开，请核对公开的内容是否完整"),
            (true, false, false, _) => (false, "还没有予以公开的答复，不能认定属于可以公开的信息"),
            (true, false, true, true) => (false, "有的答复不予公开或者部分公开，须先区分是否为同一信息"),
            (true, false, true, false) => {
                (true, "多个申请人申请，且有予以公开的答复；请核对是否为同一信息、是否适宜主动公开")
            }
        };
        Self { is_candidate, is_disclosed_in_full: full, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_takes_two_applicants_and_a_full_disclosure_that_nothing_speaks_against() {
        use Outcome::{AlreadyPublic, DoesNotExist, PartiallyDisclosed, Provided, ThirdPartyRights};
        let is = |applicants, outcomes: &[Outcome]| Candidacy::of(applicants, outcomes).is_candidate;
        assert!(is(2, &[Provided]));
        assert!(is(3, &[Provided, DoesNotExist]));
        assert!(!is(1, &[Provided, Provided]), "one applicant asking twice");
        assert!(!is(2, &[]), "all still open");
        assert!(!is(2, &[DoesNotExist]));
        assert!(!is(2, &[Provided, ThirdPartyRights]) && !is(2, &[Provided, PartiallyDisclosed]));
        assert!(!is(2, &[Provided, AlreadyPublic]), "published already");
        assert!(Candidacy::of(1, &[Provided]).is_disclosed_in_full);
    }
}
