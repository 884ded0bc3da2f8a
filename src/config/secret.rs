//! Values that must not be seen, and whether they can be guessed.

use serde::Deserialize;

/// Test secrets. They are public and therefore refused as configuration.
pub(super) const TEST_TOKEN_SECRET: &str = "a token secret that only tests know!";
pub(super) const TEST_SEALING_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Minimum number of different bytes in a secret. 32 random bytes, or as many hexadecimal digits, have more.
const DIFFERENT_BYTES: usize = 8;

/// A value that must not appear in logs or error messages.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the code that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether no value is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "(empty)" } else { "(secret)" })
    }
}

/// Whether a secret may be random: no surrounding blanks, no control characters, not the test secret, and varied.
pub(super) fn is_random_text(secret: &str) -> bool {
    let is_plain = secret.trim() == secret && !secret.chars().any(char::is_control);
    is_plain && secret != TEST_TOKEN_SECRET && is_varied(secret.as_bytes())
}

/// Whether the bytes have enough different values and are not the repetition of one piece.
pub(super) fn is_varied(bytes: &[u8]) -> bool {
    let different: std::collections::BTreeSet<&u8> = bytes.iter().collect();
    let repeats = |length: usize| bytes.iter().zip(bytes.iter().skip(length)).all(|(one, next)| one == next);
    different.len() >= DIFFERENT_BYTES && !(1..=bytes.len() / 2).any(repeats)
}
