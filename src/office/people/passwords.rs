//! Passwords: policy and hashing.

use crate::config::{PasswordProfile, Security};
use crate::office::{FieldError, OfficeError};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// Maximum length. Longer input would only cost time to hash.
const MAX_BYTES: usize = 256;

/// Alphabet of generated passwords, without look-alikes such as 0/O and 1/l.
const ALPHABET: &[u8; 56] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/// The number of guesses below which a password counts as common: what tools try first, in words, keyboards, years and
/// their usual disguises, is tried within fifty millions.
const FEWEST_GUESSES: u64 = 50_000_000;

/// Common parts of weak passwords here, compared in lower case. A password that holds one is refused however long.
const COMMON: [&str; 12] = [
    "password", "passw0rd", "p@ssw0rd", "123456", "111111", "000000", "qwerty", "abc123", "admin", "gongkai",
    "iloveyou", "woaini",
];

/// Hashes passwords, verifies them and checks them against the policy.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    profile: PasswordProfile,
    /// Verified against if there is no such user, so that both cases cost the same.
    dummy: String,
}

impl Passwords {
    /// Takes parameters and policy from the settings.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if Argon2 rejects the parameters.
    pub fn new(security: &Security) -> Result<Self, OfficeError> {
        let params = Params::new(security.argon2_memory_kib, security.argon2_passes, security.argon2_lanes, None);
        let params = params.map_err(|cause| OfficeError::Internal(format!("argon2 parameters: {cause}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash_with(&argon2, "nobody has this password")?;
        Ok(Self { argon2, profile: security.password_profile, dummy })
    }

    /// Hashes a password to a PHC string.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if the operating system provides no random bytes or no memory.
    pub fn hash(&self, password: &str) -> Result<String, OfficeError> {
        hash_with(&self.argon2, password)
    }

    /// Whether `password` matches `stored`. Without `stored`, returns `false` after the same work.
    #[must_use]
    pub fn verify(&self, password: &str, stored: Option<&str>) -> bool {
        if password.len() > MAX_BYTES {
            return false;
        }
        let phc = stored.unwrap_or(&self.dummy);
        let is_right =
            PasswordHash::new(phc).is_ok_and(|hash| self.argon2.verify_password(password.as_bytes(), &hash).is_ok());
        is_right && stored.is_some()
    }

    /// Checks a chosen password against the policy. `pointer` is its place in the request.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] with every rule it breaks.
    pub fn judge(&self, password: &str, username: &str, pointer: &str) -> Result<(), OfficeError> {
        let faults: Vec<FieldError> = self
            .faults(password, username)
            .into_iter()
            .map(|(code, detail)| FieldError::new(pointer, code, detail))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(OfficeError::Invalid(faults)) }
    }

    fn faults(&self, password: &str, username: &str) -> Vec<(&'static str, &'static str)> {
        let length = password.chars().count();
        let lower = password.to_lowercase();
        let (is_too_short, short_detail, lacks_classes) = match self.profile {
            PasswordProfile::Dengbao => (length < 10, "口令至少10位", classes(password) < 3),
            PasswordProfile::Asvs => (length < 12, "口令至少12位", false),
        };
        let is_repetition = password.chars().collect::<std::collections::BTreeSet<_>>().len() < 5;
        let holds_name = username.chars().count() >= 3 && lower.contains(&username.to_lowercase());
        let is_guessed = || zxcvbn::zxcvbn(password, &[username]).guesses() < FEWEST_GUESSES;
        let is_common = is_repetition || COMMON.iter().any(|word| lower.contains(word)) || is_guessed();
        [
            (is_too_short, "password_too_short", short_detail),
            (password.len() > MAX_BYTES, "password_too_long", "口令过长"),
            (lacks_classes, "password_too_simple", "口令须含大写字母、小写字母、数字、符号中的至少三类"),
            (holds_name, "password_holds_name", "口令不得包含用户名"),
            (is_common, "password_too_common", "口令过于常见"),
        ]
        .into_iter()
        .filter(|(is_broken, ..)| *is_broken)
        .map(|(_, code, detail)| (code, detail))
        .collect()
    }

    /// Generates a password of 100 bits that satisfies every policy, for a person to type once and change.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] if the operating system provides no random bytes.
    pub fn generate() -> Result<String, OfficeError> {
        loop {
            let mut bytes = [0_u8; 64];
            crate::office::random(&mut bytes)?;
            // Bytes of 224 and above would favour the first letters of the alphabet.
            let letters = bytes.iter().filter(|byte| **byte < 224).map(|byte| usize::from(*byte) % ALPHABET.len());
            let picked: String =
                letters.filter_map(|index| ALPHABET.get(index)).take(18).map(|letter| char::from(*letter)).collect();
            if picked.len() == 18 && classes(&picked) >= 3 {
                return Ok(picked);
            }
        }
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("profile", &self.profile).finish_non_exhaustive()
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &str) -> Result<String, OfficeError> {
    let hash = argon2.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|cause| OfficeError::Internal(format!("argon2: {cause}")))
}

/// How many of the classes upper case, lower case, digit and other occur.
fn classes(password: &str) -> usize {
    let has = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    has(|c| c.is_ascii_uppercase())
        + has(|c| c.is_ascii_lowercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn passwords(profile: PasswordProfile) -> Passwords {
        let mut security = Settings::for_tests("sqlite:x.db").unwrap().security;
        security.password_profile = profile;
        Passwords::new(&security).unwrap()
    }

    fn codes(profile: PasswordProfile, password: &str) -> Vec<&'static str> {
        passwords(profile).faults(password, "zhangsan").into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn dengbao_asks_for_length_and_three_classes() {
        let judge = |password| codes(PasswordProfile::Dengbao, password);
        assert!(judge("Rain-2025-x").is_empty());
        assert_eq!(judge("Rq7-vwz-x"), ["password_too_short"]);
        assert_eq!(judge("rainrainrain"), ["password_too_simple", "password_too_common"]);
        assert_eq!(judge("mountainriver"), ["password_too_simple", "password_too_common"]);
        assert_eq!(judge("tqbvkwmzhrjd"), ["password_too_simple"]);
        assert_eq!(judge("Zhangsan-2025"), ["password_holds_name", "password_too_common"]);
        assert_eq!(judge("Zhangsan-tqbvkwmz-7"), ["password_holds_name"]);
        for guessed in ["Summer2025!", "Qazwsx-123", "Dragon-2024", "Zxcvbnm,123"] {
            assert_eq!(judge(guessed), ["password_too_common"], "{guessed}");
        }
        assert_eq!(judge("Password-2025"), ["password_too_common"]);
        assert_eq!(judge(&format!("Aa1{}", "xyzvw".repeat(60))), ["password_too_long"]);
    }

    #[test]
    fn asvs_asks_for_length_only() {
        let judge = |password| codes(PasswordProfile::Asvs, password);
        assert!(judge("mountain river").is_empty());
        assert!(judge("山高月小水落石出清风徐来").is_empty());
        assert_eq!(judge("Rain-2025-x"), ["password_too_short"]);
        assert_eq!(judge("aaaaaaaaaaaa"), ["password_too_common"]);
    }

    #[test]
    fn generated_passwords_keep_both_policies_and_differ() {
        let (one, two) = (Passwords::generate().unwrap(), Passwords::generate().unwrap());
        assert_ne!(one, two);
        assert!(codes(PasswordProfile::Dengbao, &one).is_empty() && codes(PasswordProfile::Asvs, &two).is_empty());
    }

    #[test]
    fn a_password_is_verified_and_nobody_is_never_right() {
        let passwords = passwords(PasswordProfile::Dengbao);
        let stored = passwords.hash("口令 Rain-2025").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert!(passwords.verify("口令 Rain-2025", Some(&stored)));
        assert!(!passwords.verify("口令 Rain-2026", Some(&stored)));
        assert!(!passwords.verify("nobody has this password", None));
    }
}
