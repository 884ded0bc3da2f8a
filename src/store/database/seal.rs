//! Encryption of personal identifiers: AES-256-GCM for the values, a keyed hash to find equal values.

use crate::case::ApplicantKind;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hmac, rand};
use uuid::Uuid;

use super::options::{Address, key_file, next_key_file};
use crate::store::StoreError;

/// A value that must not appear in logs. [`Secret::expose`] reads it and is easy to search for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps the value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Borrows the value.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

/// The place of a sealed value, bound into the encryption: a value copied to another row or column cannot be decrypted.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Id of the row.
    pub row: Uuid,
}

impl Place {
    fn bytes(&self) -> Vec<u8> {
        format!("{}:{}:{}", self.table, self.column, self.row.hyphenated()).into_bytes()
    }
}

/// Seals and opens values with one key. Sealed bytes are: key id (1 byte), nonce (12), ciphertext with its tag.
pub struct Sealer {
    id: u8,
    values: RandomizedNonceKey,
    index: hmac::Key,
    check: String,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sealer(key {})", self.id)
    }
}

impl Sealer {
    /// Creates a sealer from a key of 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the key has any other form.
    pub fn from_hex(key: &str) -> Result<Self, StoreError> {
        let mut bytes = [0_u8; 32];
        hex::decode_to_slice(key.trim(), &mut bytes)
            .map_err(|_| StoreError::Refused("the sealing key must be 64 hexadecimal digits".into()))?;
        let master = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let derived = |purpose: &str| hmac::sign(&master, purpose.as_bytes());
        let check = derived("gongkai/check/1");
        Ok(Self {
            id: check.as_ref().first().copied().unwrap_or_default(),
            values: RandomizedNonceKey::new(&AES_256_GCM, derived("gongkai/values/1").as_ref())
                .map_err(|_| StoreError::Refused("the sealing key cannot be used".into()))?,
            index: hmac::Key::new(hmac::HMAC_SHA256, derived("gongkai/index/1").as_ref()),
            check: hex::encode(check.as_ref()),
        })
    }

    /// Encrypts `plain` for its place.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the operating system provides no random bytes.
    pub fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut text = plain.to_vec();
        let nonce = self
            .values
            .seal_in_place_append_tag(Aad::from(place.bytes()), &mut text)
            .map_err(|_| StoreError::Database("encryption failed".into()))?;
        Ok([&[self.id][..], nonce.as_ref(), &text].concat())
    }

    /// Decrypts the result of [`Self::seal`] for the same place.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value was changed, moved, or sealed with another key.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Secret<Vec<u8>>, StoreError> {
        let damaged =
            || StoreError::Corrupt(format!("{}.{} of {} does not open", place.table, place.column, place.row));
        let (id, rest) = sealed.split_first().ok_or_else(damaged)?;
        if *id != self.id {
            return Err(StoreError::Corrupt(format!("{}.{} was sealed with another key", place.table, place.column)));
        }
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut text = text.to_vec();
        let plain = self.values.open_in_place(nonce, Aad::from(place.bytes()), &mut text).map_err(|_| damaged())?;
        Ok(Secret::new(plain.to_vec()))
    }

    /// A keyed hash that finds equal values without revealing them. `kind` separates equal numbers of different kinds
    /// of document. The caller must normalise `value`.
    #[must_use]
    pub fn blind_index(&self, kind: &str, value: &str) -> String {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        hex::encode(context.sign().as_ref())
    }

    /// The first byte of everything sealed with this key.
    pub(in crate::store) fn id(&self) -> u8 {
        self.id
    }

    /// A check value that identifies the key without revealing it.
    pub(in crate::store) fn check(&self) -> &str {
        &self.check
    }
}

/// The sealer of a database, with the configured key or, on SQLite, the key file beside the database, created for a new
/// database. `known` is the check value of the key the database was sealed with.
pub(in crate::store) fn load(
    address: &Address,
    configured: Option<&str>,
    known: Option<&str>,
) -> Result<Sealer, StoreError> {
    let sealer = match (configured, address) {
        (Some(key), _) => Sealer::from_hex(key)?,
        (None, Address::Sqlite(database)) => Sealer::from_hex(&key_beside(database, known.is_some())?)?,
        (None, Address::Postgres(_)) => {
            return Err(StoreError::Refused(
                "a PostgreSQL database needs a sealing key (64 hexadecimal digits, e.g. from openssl rand -hex 32)"
                    .into(),
            ));
        }
    };
    match known {
        Some(check) if check != sealer.check() => Err(match (configured, address) {
            (None, Address::Sqlite(database)) if next_key_file(database).exists() => unfinished_change(),
            _ => other_key(),
        }),
        Some(_) | None => Ok(sealer),
    }
}

pub(in crate::store) fn other_key() -> StoreError {
    StoreError::Refused("this database was sealed with another key: restore the right one".into())
}

fn unfinished_change() -> StoreError {
    StoreError::Refused(
        "更换密钥没有完成：请再运行一次 gongkai rekey / the key was being changed: run `gongkai rekey` once more"
            .into(),
    )
}

/// Reads the key file. Creates a missing one, unless the database already holds sealed values.
fn key_beside(database: &Path, is_sealed: bool) -> Result<String, StoreError> {
    let path = key_file(database);
    let failed = |cause: std::io::Error| StoreError::Unavailable(format!("key file {}: {cause}", path.display()));
    if !path.exists() {
        if is_sealed {
            return Err(StoreError::Refused(format!("the key file {} is missing: restore it", path.display())));
        }
        make_key(&path).map_err(failed)?;
    }
    let mode = std::fs::metadata(&path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the key file can be read by others: chmod 600");
    }
    std::fs::read_to_string(&path).map_err(failed)
}

/// Writes a new key to a temporary file and hard-links it into place, so that instances starting at once agree on one
/// key.
fn make_key(path: &Path) -> std::io::Result<()> {
    let mut key = [0_u8; 32];
    rand::fill(&mut key).map_err(|_| std::io::Error::other("no randomness"))?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", Uuid::now_v7().simple()));
    let draft = PathBuf::from(draft);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", hex::encode(key))?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// An identity number masked for display: keeps the first three and the last four characters. Of a number shorter than
/// eleven characters, keeps only the last one.
#[must_use]
pub fn mask_identity(number: &str) -> String {
    let count = number.chars().count();
    if count < 11 { mask(number, 0, count.min(1)) } else { mask(number, 3, 4) }
}

/// A name masked for display in lists and mails. Of a natural person, keeps the first character; other names are shown
/// in full.
#[must_use]
pub fn mask_name(kind: &str, name: &str) -> String {
    if kind != ApplicantKind::NaturalPerson.code() {
        return name.to_owned();
    }
    name.chars().next().map_or_else(String::new, |first| format!("{first}**"))
}

/// Words of a 送达回证 that describe the signatory's relation to the applicant and are not names.
const RELATIONS: [&str; 30] = [
    "法定代表人",
    "法定代理人",
    "委托代理人",
    "同住成年家属",
    "本人",
    "代收",
    "代签",
    "代领",
    "代理人",
    "负责人",
    "收发室",
    "传达室",
    "物业",
    "单位",
    "门卫",
    "前台",
    "律师",
    "家属",
    "配偶",
    "丈夫",
    "妻子",
    "父亲",
    "母亲",
    "儿子",
    "女儿",
    "兄弟",
    "姐妹",
    "同事",
    "邻居",
    "公司",
];

/// The signatory of a reply masked for display: keeps relation words and hides names.
#[must_use]
pub fn mask_signatory(text: &str) -> String {
    let (mut shown, mut rest, mut in_name) = (String::new(), text.trim(), false);
    while let Some(first) = rest.chars().next() {
        let relation = RELATIONS.iter().find(|word| rest.starts_with(**word));
        let step = relation.map_or(first.len_utf8(), |word| word.len());
        let (head, tail) = rest.split_at(step);
        let is_name = relation.is_none() && first.is_alphanumeric();
        if !is_name {
            shown.push_str(head);
        } else if !in_name {
            shown.push_str("**");
        }
        (rest, in_name) = (tail, is_name);
    }
    shown
}

/// A telephone number masked for display: keeps the first three and the last four digits. Of a number shorter than
/// eleven, keeps the last two.
#[must_use]
pub fn mask_phone(number: &str) -> String {
    if number.chars().count() < 11 { mask(number, 0, 2) } else { mask(number, 3, 4) }
}

fn mask(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    let hidden = |at: usize| at >= head && at + tail < count;
    text.chars().enumerate().map(|(at, letter)| if hidden(at) { '*' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signatory_is_shown_by_the_relation_and_not_by_the_name() {
        for (written, shown) in [
            ("母亲 代收", "母亲 代收"),
            ("本人", "本人"),
            ("王小明（本人）", "**（本人）"),
            ("收发室 李四 13800138000", "收发室 ** **"),
            ("同住成年家属张三，13900000000代收", "同住成年家属**，**代收"),
            ("Smith", "**"),
            ("  ", ""),
        ] {
            assert_eq!(mask_signatory(written), shown);
        }
    }

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn place(row: u128) -> Place {
        Place { table: "applicants", column: "identity_sealed", row: Uuid::from_u128(row) }
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place_with_its_key() {
        let sealer = Sealer::from_hex(KEY).unwrap();
        let sealed = sealer.seal(place(1), "110101199003070011".as_bytes()).unwrap();
        assert_eq!(sealer.open(place(1), &sealed).unwrap().expose(), b"110101199003070011");
        assert!(matches!(sealer.open(place(2), &sealed), Err(StoreError::Corrupt(_))), "moved to another row");
        let column = Place { column: "contact_sealed", ..place(1) };
        assert!(matches!(sealer.open(column, &sealed), Err(StoreError::Corrupt(_))), "moved to another column");
        let other = Sealer::from_hex(&KEY.replace("00", "ff")).unwrap();
        assert!(matches!(other.open(place(1), &sealed), Err(StoreError::Corrupt(_))), "another key");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let sealer = Sealer::from_hex(KEY).unwrap();
        let sealed = sealer.seal(place(1), b"13800138000").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(place(1), &changed).is_err(), "byte {at}");
            assert!(sealer.open(place(1), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time_and_indexed_the_same() {
        let sealer = Sealer::from_hex(KEY).unwrap();
        assert_ne!(sealer.seal(place(1), b"x").unwrap(), sealer.seal(place(1), b"x").unwrap());
        assert_eq!(sealer.blind_index("id_card", "x"), sealer.blind_index("id_card", "x"));
        assert_ne!(sealer.blind_index("id_card", "x"), sealer.blind_index("passport", "x"));
        assert_ne!(sealer.blind_index("a", "bc"), sealer.blind_index("ab", "c"));
        let other = Sealer::from_hex(&KEY.replace("00", "ff")).unwrap();
        assert_ne!(sealer.blind_index("id_card", "x"), other.blind_index("id_card", "x"));
    }

    #[test]
    fn the_format_of_index_and_check_is_fixed() {
        let sealer = Sealer::from_hex(KEY).unwrap();
        assert_eq!(sealer.check(), "3a6730a3b4eb466397c67c1e183667fe58a3f62567736e704a81f24471876848");
        let index = sealer.blind_index("id_card", "110101199003070011");
        assert_eq!(index, "3d313689180f5281fbc531fcc5889186ee4eb4261aae6548f16d53fa9e41efff");
    }

    #[test]
    fn a_key_that_is_not_64_hex_digits_is_refused() {
        for key in ["", "00", &KEY[1..], &KEY.replace("00", "zz"), &format!("{KEY}00")] {
            assert!(matches!(Sealer::from_hex(key), Err(StoreError::Refused(_))), "{key}");
        }
    }

    #[test]
    fn identity_numbers_and_telephones_are_masked() {
        assert_eq!(mask_identity("11010119900307123X"), "110***********123X");
        assert_eq!(mask_identity("E12345678"), "********8");
        assert_eq!(mask_identity("1"), "1");
        assert_eq!(mask_identity(""), "");
        assert_eq!(mask_phone("13800138000"), "138****8000");
        assert_eq!(mask_phone("6612345"), "*****45");
    }

    #[test]
    fn a_secret_does_not_show_in_debug() {
        assert_eq!(format!("{:?}", Secret::new("110101")), "***");
    }
}
