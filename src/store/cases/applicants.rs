//! 申请人. The name is stored in clear text for lists and search; identity number and contacts are sealed.

use diesel::prelude::*;

use crate::store::database::db::Db;
use crate::store::database::schema::applicants;
use crate::store::database::seal::{Place, Sealer, Secret};
use crate::store::{ApplicantId, OrganId, StoreError, Ts};

/// A row of `applicants`. [`identity`] and [`contact`] open the sealed columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = applicants, treat_none_as_default_value = false)]
pub struct ApplicantRow {
    /// Id.
    pub id: ApplicantId,
    /// The organ that received the request. Organs do not share applicants.
    pub organ_id: OrganId,
    /// 申请人类型, as a code.
    pub kind: String,
    /// 姓名 or 名称.
    pub name: String,
    /// 证件类型, as a code.
    pub identity_kind: Option<String>,
    /// 证件号码, sealed.
    pub identity_sealed: Option<Vec<u8>>,
    /// Keyed hash of the normalised number.
    pub identity_index: Option<String>,
    /// Contacts, sealed.
    pub contact_sealed: Option<Vec<u8>>,
    /// When it was added.
    pub created_at: Ts,
    /// Whether 证件号码 is recorded as the paper has it, unverified. It has no keyed hash then.
    pub identity_is_unverified: bool,
}

/// An applicant to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewApplicant<'a> {
    /// The organ that received the request.
    pub organ_id: OrganId,
    /// 申请人类型, as a code.
    pub kind: &'a str,
    /// 姓名 or 名称.
    pub name: &'a str,
    /// 证件类型 (a code) and 证件号码.
    pub identity: Option<(&'a str, &'a str)>,
    /// Whether the number is recorded as the paper has it, unverified.
    pub is_unverified: bool,
    /// JSON with telephone, e-mail, address, agent …
    pub contact: Option<&'a str>,
}

/// Adds an applicant.
///
/// # Errors
/// [`StoreError::Dangling`] if the organ does not exist.
pub fn insert(db: &mut Db, sealer: &Sealer, new: NewApplicant<'_>, at: Ts) -> Result<ApplicantRow, StoreError> {
    let row = sealed(sealer, new, at)?;
    diesel::insert_into(applicants::table).values(&row).execute(db)?;
    Ok(row)
}

/// Builds the sealed row of a new applicant without writing it.
///
/// # Errors
/// [`StoreError::Database`] if the operating system provides no random bytes.
pub fn sealed(sealer: &Sealer, new: NewApplicant<'_>, at: Ts) -> Result<ApplicantRow, StoreError> {
    sealed_as(sealer, ApplicantId::new(), new, at)
}

fn sealed_as(sealer: &Sealer, id: ApplicantId, new: NewApplicant<'_>, at: Ts) -> Result<ApplicantRow, StoreError> {
    // What the paper says is kept as it says it.
    let read = |number: &str| if new.is_unverified { number.trim().to_owned() } else { normalised(number) };
    let number = new.identity.map(|(kind, number)| (kind, read(number)));
    let is_unverified = new.is_unverified && number.is_some();
    let hashed = number.as_ref().filter(|_| !is_unverified);
    let seal = |place: Place, text: &str| sealer.seal(place, text.as_bytes());
    Ok(ApplicantRow {
        id,
        organ_id: new.organ_id,
        kind: new.kind.to_owned(),
        name: new.name.to_owned(),
        identity_kind: number.as_ref().map(|(kind, _)| (*kind).to_owned()),
        identity_sealed: number.as_ref().map(|(_, number)| seal(identity_place(id), number)).transpose()?,
        identity_index: hashed.map(|(kind, number)| sealer.blind_index(kind, number)),
        contact_sealed: new.contact.map(|text| seal(contact_place(id), text)).transpose()?,
        created_at: at,
        identity_is_unverified: is_unverified,
    })
}

/// Replaces name, identity and contacts of an applicant. Organ, kind and the time it was added stay.
///
/// # Errors
/// [`StoreError::NotFound`] if the applicant does not exist; as [`sealed`].
pub fn replace(
    db: &mut Db,
    sealer: &Sealer,
    row: &ApplicantRow,
    new: NewApplicant<'_>,
) -> Result<ApplicantRow, StoreError> {
    let kept = NewApplicant { organ_id: row.organ_id, kind: &row.kind, ..new };
    let after = sealed_as(sealer, row.id, kept, row.created_at)?;
    let columns = (
        applicants::name.eq(&after.name),
        applicants::identity_kind.eq(&after.identity_kind),
        applicants::identity_sealed.eq(&after.identity_sealed),
        applicants::identity_index.eq(&after.identity_index),
        applicants::contact_sealed.eq(&after.contact_sealed),
        applicants::identity_is_unverified.eq(after.identity_is_unverified),
    );
    let changed = diesel::update(applicants::table.find(row.id)).set(columns).execute(db)?;
    if changed == 1 { Ok(after) } else { Err(StoreError::NotFound) }
}

/// The same applicant with every sealed column sealed by `new`.
///
/// # Errors
/// [`StoreError::Corrupt`] if `old` does not open a value.
pub(in crate::store) fn resealed(old: &Sealer, new: &Sealer, row: &ApplicantRow) -> Result<ApplicantRow, StoreError> {
    let number = identity(old, row)?.map(Secret::into_inner);
    let text = contact(old, row)?.map(Secret::into_inner);
    let seal = |place: Place, text: &String| new.seal(place, text.as_bytes());
    // The sealed number is normalised already.
    let hashed = number.as_ref().filter(|_| !row.identity_is_unverified);
    let index = hashed.zip(row.identity_kind.as_deref()).map(|(number, kind)| new.blind_index(kind, number));
    Ok(ApplicantRow {
        identity_sealed: number.as_ref().map(|number| seal(identity_place(row.id), number)).transpose()?,
        identity_index: index,
        contact_sealed: text.as_ref().map(|text| seal(contact_place(row.id), text)).transpose()?,
        ..row.clone()
    })
}

/// Replaces the contacts.
///
/// # Errors
/// [`StoreError::NotFound`] if the applicant does not exist.
pub fn set_contact(db: &mut Db, sealer: &Sealer, id: ApplicantId, contact: &str) -> Result<(), StoreError> {
    let sealed = sealer.seal(contact_place(id), contact.as_bytes())?;
    let changed =
        diesel::update(applicants::table.find(id)).set(applicants::contact_sealed.eq(Some(sealed))).execute(db)?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Sets the kind of an applicant, as a code.
///
/// # Errors
/// [`StoreError::NotFound`] if the applicant does not exist.
pub fn set_kind(db: &mut Db, id: ApplicantId, kind: &str) -> Result<(), StoreError> {
    let changed = diesel::update(applicants::table.find(id)).set(applicants::kind.eq(kind)).execute(db)?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Loads an applicant by id.
///
/// # Errors
/// [`StoreError::NotFound`] if the applicant does not exist.
pub fn find(db: &mut Db, id: ApplicantId) -> Result<ApplicantRow, StoreError> {
    Ok(applicants::table.find(id).select(ApplicantRow::as_select()).first(db)?)
}

/// Loads applicants by id, in any order.
pub fn many(db: &mut Db, of: &[ApplicantId]) -> Result<Vec<ApplicantRow>, StoreError> {
    let mut found = Vec::with_capacity(of.len());
    for batch in of.chunks(BATCH) {
        let theirs = applicants::table.filter(applicants::id.eq_any(batch));
        let rows: Vec<ApplicantRow> = theirs.select(ApplicantRow::as_select()).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Applicants of these organs with the same identity document, oldest first.
pub fn find_same(
    db: &mut Db,
    sealer: &Sealer,
    of: &[OrganId],
    identity_kind: &str,
    number: &str,
) -> Result<Vec<ApplicantRow>, StoreError> {
    let index = sealer.blind_index(identity_kind, &normalised(number));
    Ok(applicants::table
        .filter(applicants::organ_id.eq_any(of))
        .filter(applicants::identity_index.eq(index))
        .order((applicants::created_at, applicants::id))
        .select(ApplicantRow::as_select())
        .load(db)?)
}

/// The fields used to compare applicants without opening sealed data: kind, name and keyed hash of the identity number.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Likely {
    /// Id.
    pub id: ApplicantId,
    /// 申请人类型, as a code.
    pub kind: String,
    /// 姓名 or 名称.
    pub name: String,
    /// Keyed hash of the normalised number, if one was given.
    pub identity_index: Option<String>,
}

/// Applicants queried per statement.
const BATCH: usize = 500;

/// The comparison fields of these applicants.
pub fn told_apart(db: &mut Db, of: &[ApplicantId]) -> Result<Vec<Likely>, StoreError> {
    let mut found = Vec::with_capacity(of.len());
    for batch in of.chunks(BATCH) {
        let theirs = applicants::table.filter(applicants::id.eq_any(batch));
        let rows: Vec<Likely> =
            theirs.select((applicants::id, applicants::kind, applicants::name, applicants::identity_index)).load(db)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Records of the same organ that may be the same applicant, newest first: those with the same identity number, and
/// those with the same kind and name if one of the two has no number. Includes the record itself.
pub fn perhaps_same(db: &mut Db, one: &ApplicantRow, limit: i64) -> Result<Vec<Likely>, StoreError> {
    let named = applicants::name.eq(&one.name).and(applicants::kind.eq(&one.kind));
    let mut query = applicants::table
        .filter(applicants::organ_id.eq(one.organ_id))
        .select((applicants::id, applicants::kind, applicants::name, applicants::identity_index))
        .into_boxed();
    // Rows from an old ledger may have no name. An empty name matches nothing.
    query = match &one.identity_index {
        Some(index) if one.name.is_empty() => query.filter(applicants::identity_index.eq(index)),
        None if one.name.is_empty() => query.filter(applicants::id.eq(one.id)),
        Some(index) => query.filter(
            applicants::identity_index
                .is_not_null()
                .and(applicants::identity_index.assume_not_null().eq(index))
                .or(named.and(applicants::identity_index.is_null())),
        ),
        None => query.filter(named),
    };
    Ok(query.order((applicants::created_at.desc(), applicants::id.desc())).limit(limit).load(db)?)
}

/// 证件号码 in clear text. The caller must write an audit entry.
///
/// # Errors
/// [`StoreError::Corrupt`] if the number cannot be decrypted.
pub fn identity(sealer: &Sealer, row: &ApplicantRow) -> Result<Option<Secret<String>>, StoreError> {
    row.identity_sealed.as_deref().map(|sealed| open(sealer, identity_place(row.id), sealed)).transpose()
}

/// The contacts (JSON) in clear text.
///
/// # Errors
/// [`StoreError::Corrupt`] if the contacts cannot be decrypted.
pub fn contact(sealer: &Sealer, row: &ApplicantRow) -> Result<Option<Secret<String>>, StoreError> {
    contact_of(sealer, row.id, row.contact_sealed.as_deref())
}

/// Like [`contact`], of a sealed column that was loaded without its row.
///
/// # Errors
/// As [`contact`].
pub fn contact_of(
    sealer: &Sealer,
    id: ApplicantId,
    sealed: Option<&[u8]>,
) -> Result<Option<Secret<String>>, StoreError> {
    sealed.map(|sealed| open(sealer, contact_place(id), sealed)).transpose()
}

/// The columns of an applicant that cannot be decrypted, or that do not fit each other: the keyed hash is that of kind
/// and number, and kind, number and hash are there together. An unverified number has no hash.
#[must_use]
pub fn unsound_columns(sealer: &Sealer, row: &ApplicantRow) -> Vec<&'static str> {
    let mut unsound = Vec::new();
    let index = match identity(sealer, row) {
        Ok(number) => {
            let hashed = number.filter(|_| !row.identity_is_unverified);
            hashed.zip(row.identity_kind.as_deref()).map(|(number, kind)| {
                // The sealed number is normalised already.
                sealer.blind_index(kind, &number.into_inner())
            })
        }
        Err(_) => {
            unsound.push("identity_sealed");
            row.identity_index.clone()
        }
    };
    if index != row.identity_index {
        unsound.push("identity_index");
    }
    if row.identity_kind.is_some() != row.identity_sealed.is_some() {
        unsound.push("identity_kind");
    }
    if contact(sealer, row).is_err() {
        unsound.push("contact_sealed");
    }
    unsound
}

fn open(sealer: &Sealer, place: Place, sealed: &[u8]) -> Result<Secret<String>, StoreError> {
    let bytes = sealer.open(place, sealed)?.into_inner();
    String::from_utf8(bytes).map(Secret::new).map_err(|_| StoreError::Corrupt("sealed text is not UTF-8".into()))
}

fn identity_place(id: ApplicantId) -> Place {
    Place { table: "applicants", column: "identity_sealed", row: id.0 }
}

fn contact_place(id: ApplicantId) -> Place {
    Place { table: "applicants", column: "contact_sealed", row: id.0 }
}

/// Normalises an identity number: no spaces or hyphens, half-width, upper case.
#[must_use]
pub fn normalised(number: &str) -> String {
    let half_width = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    number
        .chars()
        .map(half_width)
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_every_spelling_is_the_same() {
        for spelling in [
            "11010119900307123X",
            "110101 19900307 123x",
            "１１０１０１１９９００３０７１２３ｘ",
            "110101-19900307-123X",
        ] {
            assert_eq!(normalised(spelling), "11010119900307123X", "{spelling}");
        }
    }
}
