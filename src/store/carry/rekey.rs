//! `gongkai rekey`: everything sealed is sealed anew with another key, in one transaction. A run that is killed has
//! changed nothing in the database, or everything; the next run ends what is left, which is the change of the key file.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use super::new_key::KeyFiles;
use crate::case::AuditAction;
use crate::store::cases::applicant_versions;
use crate::store::cases::applicants::{ApplicantRow, resealed};
use crate::store::database::db::{Begin, ConnectionRole, Manager, Session, scrub, transaction};
use crate::store::database::migrate::{self, KEY_CHECK, key_check};
use crate::store::database::options::Address;
use crate::store::database::schema::applicants;
use crate::store::database::{foreign, seal};
use crate::store::evidence::audit::{NewAudit, append};
use crate::store::service::meta;
use crate::store::{ApplicantId, DatabaseOptions, Db, Sealer, StoreError, now};

/// Applicants sealed anew per statement that reads them.
const PAGE: i64 = 500;
/// Characters of a check value by which a key is named. They do not reveal it.
const NAME: usize = 8;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// The database, for display.
    pub database: String,
    /// Applicants sealed anew. `None` if an earlier run had done that.
    pub applicants: Option<u64>,
    /// Applicants with a value, of today or of before a correction, that the old key does not open. It stays as it is.
    pub unopened: Vec<ApplicantId>,
    /// The file with the new key and the one with the old key. `None` if the key comes from the settings.
    pub files: Option<(String, String)>,
    /// Whether the earlier ciphertexts are gone from an SQLite file.
    pub is_scrubbed: bool,
}

/// Seals everything in the database with another key. `new_key` has 64 hexadecimal digits. It may be missing if the key
/// is in the file beside an SQLite database: a new one is made then, and the file is replaced at the end.
///
/// # Errors
/// [`StoreError::Refused`] if the old key is missing or another one, the new key is missing or cannot be told from the
/// old one, or the database is not of this release; [`StoreError::Busy`] if the database did not become free.
pub fn rekey(options: &DatabaseOptions, new_key: Option<&str>) -> Result<Rekeyed, StoreError> {
    let address = Address::parse(&options.url)?;
    address.require_file()?;
    foreign::refuse(&address, true)?;
    let mut db = Manager::new(address.clone(), Session::MIGRATION, ConnectionRole::Writer).open()?;
    foreign::refuse_unfinished(&mut db)?;
    let known = key_check(&mut db)?.ok_or_else(|| address.holds_nothing())?;
    if migrate::applied(&mut db)? != migrate::of_release(matches!(db, Db::Lite(_)))? {
        return Err(StoreError::Refused("数据库与本版本不符：请先运行 gongkai migrate".into()));
    }
    let files = match (&address, &options.sealing_key) {
        (Address::Sqlite(path), None) => Some(KeyFiles::beside(path)),
        (Address::Sqlite(_) | Address::Postgres(_), _) => None,
    };
    let old = match (&options.sealing_key, &files) {
        (Some(key), _) => Sealer::from_hex(key)?,
        (None, Some(files)) => Sealer::from_hex(&files.present()?)?,
        (None, None) => return Err(StoreError::Refused("没有设置现在的密钥（security.sealing_key）".into())),
    };
    let new = next_key(&old, new_key, files.as_ref())?;
    let done = if known == new.check() { None } else { Some(sealed_anew(&mut db, &known, &old, &new)?) };
    let is_scrubbed = scrub(&mut db).is_ok();
    let files = files.map(|files| files.replace(old.check())).transpose()?;
    let (applicants, unopened) = done.map_or((None, Vec::new()), |(count, left)| (Some(count), left));
    Ok(Rekeyed { database: address.to_string(), applicants, unopened, files, is_scrubbed })
}

/// The new key: the given one, the one that a killed run left, or a new one. It is on the disk before it is used.
fn next_key(old: &Sealer, given: Option<&str>, files: Option<&KeyFiles>) -> Result<Sealer, StoreError> {
    let new = match (given, files) {
        (Some(key), None) => Sealer::from_hex(key)?,
        (given, Some(files)) => Sealer::from_hex(&files.prepare(given, old)?)?,
        (None, None) => return Err(StoreError::Refused("没有新密钥：请用 --new-key-file 指定".into())),
    };
    // The first byte of a sealed value names its key.
    if new.id() == old.id() && new.check() != old.check() {
        return Err(StoreError::Refused("新密钥与旧密钥的标识相同（机会 1/256），请另外生成一个".into()));
    }
    Ok(new)
}

fn sealed_anew(db: &mut Db, known: &str, old: &Sealer, new: &Sealer) -> Result<(u64, Vec<ApplicantId>), StoreError> {
    if known != old.check() {
        return Err(seal::other_key());
    }
    if new.check() == old.check() {
        return Err(StoreError::Refused("新密钥就是现在的密钥".into()));
    }
    transaction(db, Begin::Write, |db| {
        // Waits for filings that run, and keeps others waiting until the key has changed.
        if let Db::Pg(connection) = db {
            connection.batch_execute("LOCK TABLE applicants, applicant_versions IN EXCLUSIVE MODE")?;
        }
        meta::set(db, KEY_CHECK, new.check())?;
        let (count, mut unopened) = every_applicant(db, old, new)?;
        unopened.extend(every_version(db, old, new)?);
        unopened.sort_unstable();
        unopened.dedup();
        let name = |sealer: &Sealer| sealer.check().chars().take(NAME).collect::<String>();
        let detail = json!({
            "from": name(old), "to": name(new), "applicants": count, "unopened": unopened.len(),
        });
        let entry = NewAudit {
            actor_id: None,
            organ_id: None,
            case_id: None,
            action: AuditAction::SealingKeyChanged,
            detail: &detail.to_string(),
        };
        append(db, entry, now())?;
        Ok((count, unopened))
    })
}

fn every_applicant(db: &mut Db, old: &Sealer, new: &Sealer) -> Result<(u64, Vec<ApplicantId>), StoreError> {
    let (mut count, mut unopened, mut after) = (0, Vec::new(), None);
    loop {
        let rows = page(db, after)?;
        let Some(last) = rows.last() else { return Ok((count, unopened)) };
        after = Some(last.id);
        for row in rows {
            match resealed(old, new, &row) {
                Ok(sealed) => {
                    let columns = (
                        applicants::identity_sealed.eq(&sealed.identity_sealed),
                        applicants::identity_index.eq(&sealed.identity_index),
                        applicants::contact_sealed.eq(&sealed.contact_sealed),
                    );
                    diesel::update(applicants::table.find(row.id)).set(columns).execute(db)?;
                    count += 1;
                }
                Err(StoreError::Corrupt(_)) => unopened.push(row.id),
                Err(other) => return Err(other),
            }
        }
    }
}

/// Seals the earlier records anew. Returns the applicants with one that does not open.
fn every_version(db: &mut Db, old: &Sealer, new: &Sealer) -> Result<Vec<ApplicantId>, StoreError> {
    let (mut unopened, mut after) = (Vec::new(), None);
    loop {
        let rows = applicant_versions::page(db, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(unopened) };
        after = Some(last.id);
        for row in rows {
            match applicant_versions::resealed(old, new, &row) {
                Ok(sealed) => applicant_versions::reseal(db, row.id, &sealed)?,
                Err(StoreError::Corrupt(_)) => unopened.push(row.applicant_id),
                Err(other) => return Err(other),
            }
        }
    }
}

/// The next applicants with sealed values, by id.
fn page(db: &mut Db, after: Option<ApplicantId>) -> Result<Vec<ApplicantRow>, StoreError> {
    let sealed = applicants::identity_sealed.is_not_null().or(applicants::contact_sealed.is_not_null());
    let mut query = applicants::table.filter(sealed).select(ApplicantRow::as_select()).into_boxed();
    if let Some(after) = after {
        query = query.filter(applicants::id.gt(after));
    }
    Ok(query.order(applicants::id).limit(PAGE).load(db)?)
}
