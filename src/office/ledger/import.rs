//! Importing a ledger. The file is read twice: first for its numbers, to detect duplicates and to continue the organ's
//! series after them; then row by row, five hundred cases to a write. While one batch is written, the next is made.

use super::series::{Series, SeriesKey, SeriesKind, SeriesLine, SeriesPlace};
use super::{ImportOptions, LedgerImport};
use crate::case::historical::{Beside, Past, PastLog, Remark, past_log};
use crate::case::numbering::numbered;
use crate::case::{Actor, AuditAction, Context, IdentityKind, NotAllowed, NumberKind, is_id_card};
use crate::office::cases::applicants::Contact;
use crate::office::cases::blank_row;
use crate::office::cases::case_file::{CaseFile, OrganContext, actor_without_roles, bytes_of, derive_row, written};
use crate::office::clock::instant_on;
use crate::office::ledger::import_report::Telling;
use crate::office::people::succession::refuse_ended;
use crate::office::{Caller, Ledgers, Office, OfficeError};
use crate::report::ledger::{Headings, LedgerFile, LedgerReader, LedgerRow, Person, RowFault, Source};
use crate::store::cases::applicants::{self, NewApplicant};
use crate::store::cases::events::{self, LogEnd};
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::evidence::numbers::{self, Raise};
use crate::store::ledger::imports::NewImport;
use crate::store::ledger::{self, Batch, Growth, LedgerRowRow};
use crate::store::people::departments::{self, DepartmentRow};
use crate::store::{
    CaseId, Db, DepartmentId, ImportId, OrganId, StoreError, Ts, UserId, calendar,
    cases::{self, counters, obligations},
};
use chrono::{Datelike, NaiveDate};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Cases per write.
const BATCH: usize = 500;

impl Ledgers<'_> {
    /// Previews the import of a ledger in its own read transaction. `options` must be a dry run.
    ///
    /// # Errors
    /// As [`Ledgers::import_ledger`].
    pub fn look_at_ledger(
        &self,
        caller: &Caller,
        organ: OrganId,
        file: LedgerFile<'_>,
        options: ImportOptions,
    ) -> Result<LedgerImport, OfficeError> {
        self.store().read(|db| self.import_ledger(db, Some(caller), organ, file, options, &mut |_, _| {}))
    }

    /// Imports a ledger, or previews the import. `progress` receives the rows done and the total.
    ///
    /// Does not roll back by itself: if [`LedgerImport::is_refused`], the caller must abandon the transaction.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] `unreadable_file` if the file is not a ledger; [`OfficeError::Refused`]
    /// `file_too_large` or `too_many_rows` above the limits.
    pub fn import_ledger<'a>(
        &self,
        db: &mut Db,
        caller: Option<&Caller>,
        organ: OrganId,
        file: impl Into<LedgerFile<'a>>,
        options: ImportOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<LedgerImport, OfficeError> {
        let file = file.into();
        let (bytes, name) = (file.bytes, file.name.map(str::to_owned));
        let source = Source::of(file)?;
        let headings = Headings::of(&source)?;
        if !options.dry_run {
            calendar::keep_in_force(db)?;
        }
        let desk = self.cases().desk(db, organ)?;
        refuse_ended(db, &desk.organ)?;
        let mut import = Import::new(self, caller, desk, headings, options);
        import.telling.report.format = source.describe();
        import.file_name = name;
        import.departments = departments::list(db, &[organ])?;
        import.look_ahead(db, &source)?;
        if options.most_rows.is_some_and(|most| import.telling.report.rows > most) {
            return Err(too_many(import.telling.report.rows, options.most_rows));
        }
        let (mut done, total) = (0, import.telling.report.rows);
        source.rows(|row| {
            let Some(read) = import.reader.read(row) else { return Ok(()) };
            import.take(db, read)?;
            done += 1;
            if done % 500 == 0 {
                progress(done, total);
            }
            Ok::<(), OfficeError>(())
        })?;
        import.flush(db)?;
        import.write_made(db)?;
        progress(done, total);
        import.finish(db, bytes)
    }
}

/// An import in progress.
struct Import<'a> {
    office: &'a Office,
    caller: Option<&'a Caller>,
    desk: OrganContext,
    actor: Actor,
    options: ImportOptions,
    today: NaiveDate,
    now: Ts,
    /// The instant stored as the duties' last change.
    since: Ts,
    reader: LedgerReader,
    /// The first line of each number.
    numbers: HashMap<String, SeriesLine>,
    /// How often each row without a number has occurred.
    equals: HashMap<String, u32>,
    /// The canonical text of existing cases without a number, loaded on demand. Each matches only one row.
    unnumbered: Option<Vec<[String; 2]>>,
    departments: Vec<DepartmentRow>,
    series: Series,
    /// The last number of each year among the series, the ledger and the numbers drawn. The next number follows it.
    last: BTreeMap<i32, i64>,
    pending: Vec<(LedgerRow, String)>,
    /// The cases that are being made.
    batch: Batch,
    /// The cases made before those, to be written while those are made.
    made: Batch,
    growth: Growth,
    telling: Telling,
    id: ImportId,
    file_name: Option<String>,
}

/// A row of which a case is to be made.
struct Fresh {
    row: LedgerRow,
    /// The places of its numbers in the series of the organ.
    places: Vec<SeriesPlace>,
    fingerprint: String,
}

impl<'a> Import<'a> {
    fn new(
        office: &'a Office,
        caller: Option<&'a Caller>,
        desk: OrganContext,
        headings: Headings,
        options: ImportOptions,
    ) -> Self {
        let today = office.clock().today();
        let telling = Telling::new(options.lines, &headings);
        let series = Series::new(&desk.rules.number_pattern, &desk.rules.pattern_of(NumberKind::Reply));
        Self {
            office,
            caller,
            actor: Actor { user: caller.map_or(Uuid::nil(), |caller| caller.user_id.0), ..actor_without_roles() },
            reader: LedgerReader::new(headings, desk.rules.clock_options()),
            desk,
            options,
            today,
            now: office.clock().recorded_at(),
            since: instant_on(today),
            numbers: HashMap::new(),
            equals: HashMap::new(),
            unnumbered: None,
            departments: Vec::new(),
            series,
            last: BTreeMap::new(),
            pending: Vec::with_capacity(BATCH),
            batch: Batch::default(),
            made: Batch::default(),
            growth: Growth::default(),
            telling,
            id: ImportId::new(),
            file_name: None,
        }
    }

    fn organ(&self) -> OrganId {
        self.desk.organ.id
    }

    /// Whether to write. `false` once the import must be rolled back anyway.
    const fn writes(&self) -> bool {
        !self.options.dry_run && !self.telling.report.is_refused(&self.options)
    }

    /// Counts the rows, and records the first line of each number and the end of each of the organ's series. When
    /// writing, locks the series until the transaction ends.
    fn look_ahead(&mut self, db: &mut Db, source: &Source<'_>) -> Result<(), OfficeError> {
        let mut places: BTreeMap<i32, Vec<SeriesPlace>> = BTreeMap::new();
        source.rows(|row| {
            let Some((number, _)) = self.reader.glance(&row) else { return Ok(()) };
            self.telling.report.rows += 1;
            let Some(number) = number else { return Ok(()) };
            if let Some(place) = self.series.place(SeriesKind::Registration, &number) {
                places.entry(place.key.1).or_default().push(place);
            }
            let sheet = self.reader.sheet_name(row.sheet);
            self.numbers.entry(number).or_insert((sheet, row.line));
            Ok::<(), OfficeError>(())
        })?;
        self.telling.looked(&self.reader);
        self.series.set_rows(self.telling.report.rows);
        for (year, places) in places {
            let before = self.before(db, (SeriesKind::Registration, year))?;
            let within = places.iter().filter(|place| self.series.is_within(**place));
            let last = within.map(|place| place.seq).max().unwrap_or(0);
            self.last.insert(year, before.max(last));
        }
        Ok(())
    }

    /// The last number of a series before this ledger. When writing, locks the series of 受理编号, whose numbers must be
    /// unique, so that no other transaction takes the following ones.
    fn before(&mut self, db: &mut Db, key: SeriesKey) -> Result<i64, OfficeError> {
        if let Some(known) = self.series.before(key) {
            return Ok(known);
        }
        let (kind, year) = key;
        let last = match kind {
            SeriesKind::Registration if self.writes() => counters::hold(db, self.organ(), year, kind.code())?,
            SeriesKind::Registration | SeriesKind::Reply => counters::last(db, self.organ(), year, kind.code())?,
        };
        self.series.set_before(key, last);
        Ok(last)
    }

    /// The places of the row's numbers in the organ's series, or faults for numbers too far beyond them.
    fn places(&mut self, db: &mut Db, row: &LedgerRow) -> Result<Result<Vec<SeriesPlace>, Vec<RowFault>>, OfficeError> {
        let places = self.series.places(&row.past);
        for place in &places {
            self.before(db, place.key)?;
        }
        let far = places.iter().filter(|place| !self.series.is_within(**place));
        let faults: Vec<RowFault> = far.map(|place| found(row, self.series.too_far(*place))).collect();
        Ok(if faults.is_empty() { Ok(places) } else { Err(faults) })
    }

    fn take(&mut self, db: &mut Db, read: Result<LedgerRow, Vec<RowFault>>) -> Result<(), OfficeError> {
        match read {
            Err(faults) => self.telling.reject(faults),
            Ok(row) => {
                let fingerprint = self.fingerprint(&row);
                self.pending.push((row, fingerprint));
                if self.pending.len() >= BATCH {
                    self.flush(db)?;
                }
            }
        }
        Ok(())
    }

    /// Identifies a row within the organ: its content, and for rows without a number its ordinal among identical rows.
    fn fingerprint(&mut self, row: &LedgerRow) -> String {
        let sealer = self.office.store().sealer();
        let said = row.canonical();
        if row.past.number.is_some() {
            return sealer.blind_index("ledger", &said);
        }
        let place = self.equals.entry(sealer.blind_index("ledger", &said)).or_default();
        *place += 1;
        sealer.blind_index("ledger", &format!("{said}\u{1e}{place}"))
    }

    fn flush(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let pending = std::mem::take(&mut self.pending);
        let organ = self.organ();
        let fingerprints: Vec<String> = pending.iter().map(|(_, fingerprint)| fingerprint.clone()).collect();
        let known = ledger::known(db, organ, &fingerprints)?;
        let unknown = pending.iter().filter(|(_, fingerprint)| !known.contains(fingerprint));
        let numbers: Vec<String> = unknown.filter_map(|(row, _)| row.past.number.clone()).collect();
        let taken = ledger::numbered(db, organ, &numbers)?;
        let of: Vec<CaseId> = taken.values().copied().collect();
        let said = self.office.ledger().said_of(db, organ, &of)?;
        let mut fresh = Vec::with_capacity(pending.len());
        for (row, fingerprint) in pending {
            let number = row.past.number.as_deref();
            let first = number.and_then(|number| self.numbers.get(number)).filter(|first| **first != place_of(&row));
            if let Some(first) = first {
                let fault = twice(&row, first);
                self.telling.reject(vec![fault]);
            } else if known.contains(&fingerprint) || (number.is_none() && self.is_unnumbered_case(db, &row)?) {
                self.telling.exists(&row);
            } else if let Some(id) = number.and_then(|number| taken.get(number)) {
                // The row may come from an export of the case, wherever the case came from.
                if said.get(id).is_some_and(|said| said.contains(&row.canonical())) {
                    self.telling.exists(&row);
                } else {
                    self.telling.reject(vec![number_taken(&row)]);
                }
            } else {
                match self.places(db, &row)? {
                    Ok(places) => fresh.push(Fresh { row, places, fingerprint }),
                    Err(faults) => self.telling.reject(faults),
                }
            }
        }
        self.create_all(db, fresh)
    }

    /// Makes cases of the rows, and meanwhile writes those that were made before. A number that has to be drawn is looked for
    /// in the database, so then one comes after the other.
    fn create_all(&mut self, db: &mut Db, fresh: Vec<Fresh>) -> Result<(), OfficeError> {
        if !self.writes() || fresh.iter().any(|fresh| fresh.row.past.number.is_none()) {
            self.write_made(db)?;
            fresh.into_iter().try_for_each(|fresh| self.create(Some(&mut *db), fresh))?;
        } else {
            let (made, mut growth) = (std::mem::take(&mut self.made), std::mem::take(&mut self.growth));
            let create = || fresh.into_iter().try_for_each(|fresh| self.create(None, fresh));
            made.write_beside(db, &mut growth, create)??;
            self.growth = growth;
        }
        self.made = std::mem::take(&mut self.batch);
        Ok(())
    }

    fn write_made(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let made = std::mem::take(&mut self.made);
        if self.writes() { Ok(made.write(db, &mut self.growth)?) } else { Ok(()) }
    }

    /// Makes a case of a row. Without a database the row has a number, or needs none.
    fn create(&mut self, db: Option<&mut Db>, fresh: Fresh) -> Result<(), OfficeError> {
        let Fresh { mut row, places, fingerprint } = fresh;
        if row.person.identity.as_ref().is_some_and(|(kind, number)| !is_plausible(*kind, number)) {
            row.person.identity = None;
            row.remarks.push(Remark::IdentityNotTaken);
        }
        let department = row.department.as_deref().map(|named| self.department(named));
        let applicant = match self.writes() {
            true => Some(self.applicant(&row.past, &row.person)?),
            false => None,
        };
        let is_drawn = self.writes() && !row.past.awaits_confirmation;
        let drawn = match (db, &row.past.number, is_drawn) {
            (Some(db), None, true) => Some(self.next_number(db, row.past.received_on.year())?),
            (_, Some(_), _) | (_, None, false) | (None, None, true) => None,
        };
        let beside = Beside {
            applicant: applicant.as_ref().map_or(Uuid::nil(), |applicant| applicant.id.0),
            department: department.as_ref().map(|(department, _)| department.id.0),
            number: drawn.as_ref().map_or("", |(number, _)| number),
        };
        let past_log = match past_log(&row.past, &beside, &self.context()) {
            Ok(past_log) => past_log,
            Err(refusals) => {
                let faults = refusals.into_iter().map(|refusal| found(&row, refusal)).collect();
                self.telling.reject(faults);
                return Ok(());
            }
        };
        if let Some((_, seq)) = drawn {
            let place = SeriesPlace { key: (SeriesKind::Registration, row.past.received_on.year()), seq };
            self.last.insert(place.key.1, seq);
            self.series.give(&[place], &place_of(&row));
        }
        self.series.give(&places, &place_of(&row));
        if let Some((department, true)) = department {
            self.telling.report.departments.push(department.name.clone());
            self.departments.push(department.clone());
            self.batch.departments.push(department);
        }
        let remarks: Vec<Remark> = row.remarks.iter().chain(&past_log.remarks).copied().collect();
        let PastLog { events, case, .. } = past_log;
        let now = self.now;
        let written = written(&events)?;
        let mut file = CaseFile {
            row: blank_row(self.organ(), &case.intake, &row.person.name, None, now),
            case,
            running: Arc::clone(&self.desk.calendar),
            in_force: Arc::clone(&self.desk.calendar),
            desk: self.desk.clone(),
            log_bytes: bytes_of(&written),
            log_end: LogEnd::of_nothing(),
            beside: None,
        };
        derive_row(&mut file, self.today);
        self.telling.created(&row, &file, &remarks);
        let Some(applicant) = applicant else { return Ok(()) };
        file.row.version = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let id = file.row.id;
        let actor = self.caller.map(|caller| caller.user_id);
        self.batch.events.extend(events::chained(id, &LogEnd::of_nothing(), &written, actor, now)?);
        let duties = file.written_duties(self.today);
        self.batch
            .duties
            .extend(duties.iter().map(|duty| obligations::new_row(file.row.organ_id, id, duty, self.since)));
        self.batch.applicants.push(applicant);
        self.batch.rows.push(LedgerRowRow {
            organ_id: file.row.organ_id,
            fingerprint,
            case_id: id,
            imported_at: now,
            import_id: Some(self.id),
            version: Some(file.row.version),
        });
        self.batch.cases.push(file.row);
        if self.telling.report.created == 1 {
            let import = self.new_import();
            self.batch.imports.push(import);
        }
        Ok(())
    }

    fn new_import(&self) -> NewImport {
        let LedgerImport { format, rows, .. } = &self.telling.report;
        NewImport {
            id: self.id,
            organ_id: self.organ(),
            file_name: self.file_name.clone(),
            format: format.clone(),
            file_rows: i64::try_from(*rows).unwrap_or(i64::MAX),
            imported_by: self.caller.map(|caller| caller.user_id),
            imported_at: self.now,
        }
    }

    /// Whether an existing case without a number matches the row, because an export of it was imported.
    fn is_unnumbered_case(&mut self, db: &mut Db, row: &LedgerRow) -> Result<bool, OfficeError> {
        if self.unnumbered.is_none() {
            let of = ledger::unnumbered(db, self.organ())?;
            let said = self.office.ledger().said_of(db, self.organ(), &of)?;
            self.unnumbered = Some(said.into_values().collect());
        }
        let said = row.canonical();
        let known = self.unnumbered.get_or_insert_default();
        let Some(at) = known.iter().position(|of| of.contains(&said)) else { return Ok(false) };
        known.swap_remove(at);
        Ok(true)
    }

    fn context(&self) -> Context<'_> {
        Context { actor: &self.actor, today: self.today, calendar: &self.desk.calendar, rules: &self.desk.rules }
    }

    /// The department with this name or code, and whether it is new.
    fn department(&self, named: &str) -> (DepartmentRow, bool) {
        let is_it = |row: &&DepartmentRow| row.name == named || row.code == named;
        if let Some(known) = self.departments.iter().find(is_it) {
            return (known.clone(), false);
        }
        let made = DepartmentRow {
            id: DepartmentId::new(),
            organ_id: self.organ(),
            code: named.to_owned(),
            name: named.to_owned(),
            is_active: true,
            head_id: None,
            version: 1,
        };
        (made, true)
    }

    fn applicant(&self, past: &Past, person: &Person) -> Result<applicants::ApplicantRow, OfficeError> {
        let contact = Contact {
            telephone: person.telephone.clone(),
            email: person.email.clone(),
            address: person.address.clone(),
            ..Contact::default()
        };
        let written = serde_json::to_string(&contact).map_err(|error| OfficeError::Internal(error.to_string()))?;
        let new = NewApplicant {
            organ_id: self.organ(),
            kind: past.applicant_kind.code(),
            name: &person.name,
            identity: person.identity.as_ref().map(|(kind, number)| (kind.code(), number.as_str())),
            is_unverified: false,
            contact: (contact != Contact::default()).then_some(written.as_str()),
        };
        Ok(applicants::sealed(self.office.store().sealer(), new, self.now)?)
    }

    /// The next number of the year's series that neither a case nor a row uses, and its place.
    fn next_number(&mut self, db: &mut Db, year: i32) -> Result<(String, i64), OfficeError> {
        let mut seq = match self.last.get(&year) {
            Some(last) => *last,
            None => self.before(db, (SeriesKind::Registration, year))?,
        };
        loop {
            let ended = || StoreError::Corrupt(format!("no number after {seq} of {year}"));
            seq = seq.checked_add(1).ok_or_else(ended)?;
            let number = numbered(&self.desk.rules.number_pattern, year, seq);
            if !self.numbers.contains_key(&number) && !cases::has_number(db, self.organ(), &number)? {
                return Ok((number, seq));
            }
        }
    }

    fn finish(self, db: &mut Db, bytes: &[u8]) -> Result<LedgerImport, OfficeError> {
        let unmapped = self.reader.unmapped();
        if self.writes() {
            for ((kind, year), last) in self.series.reached() {
                self.raise(db, (kind, year), last)?;
            }
            self.note(db, bytes)?;
        }
        let writes = self.writes();
        let (id, jumps) = (self.id.0, self.series.jumps());
        let report = self.telling.finish(unmapped, writes);
        Ok(LedgerImport { import_id: report.is_written.then_some(id), jumps, ..report })
    }

    /// Raises a series to the last number of the ledger, and records it.
    fn raise(&self, db: &mut Db, (kind, year): SeriesKey, to: i64) -> Result<(), OfficeError> {
        let Some(from) = counters::raise_to(db, self.organ(), year, kind.code(), to)? else { return Ok(()) };
        let raise = Raise { year, series: kind.code().to_owned(), from, to, why: "ledger".to_owned() };
        let actor = self.caller.map(|caller| caller.user_id);
        Ok(numbers::record_raise(db, self.organ(), &raise, actor, self.now)?)
    }

    /// Records who imported which file.
    fn note(&self, db: &mut Db, bytes: &[u8]) -> Result<(), OfficeError> {
        let hash = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
        let LedgerImport { rows, created, existing, rejected, .. } = &self.telling.report;
        // An import that created nothing is recorded, but has no id: there is nothing to undo.
        let import = (*created > 0).then_some(self.id.0);
        let detail = serde_json::json!({
            "import": import,
            "sha256": hash, "rows": rows, "created": created, "existing": existing, "rejected": rejected,
        });
        let entry = NewAudit {
            actor_id: self.caller.map(|caller| UserId(caller.user_id.0)),
            organ_id: Some(self.organ()),
            case_id: None,
            action: AuditAction::LedgerImported,
            detail: &detail.to_string(),
        };
        audit::append(db, entry, self.now)?;
        Ok(())
    }
}

fn too_many(rows: u64, most: Option<u64>) -> OfficeError {
    let most = most.unwrap_or_default();
    let detail =
        format!("文件有{rows}行，网上一次至多导入{most}行；请分成几个文件，或者由管理员用 gongkai ledger import 导入");
    OfficeError::Refused { code: "too_many_rows".into(), article: None, detail, errors: Vec::new() }
}

fn place_of(row: &LedgerRow) -> SeriesLine {
    (row.sheet.clone(), row.line)
}

/// Adds the row's text in the faulty column to a refusal.
fn found(row: &LedgerRow, refusal: NotAllowed) -> RowFault {
    let mut fault = RowFault::of(row.sheet.as_deref(), row.line, refusal);
    fault.found = row.shown(&fault.column);
    fault
}

fn number_fault(row: &LedgerRow, code: &'static str, detail: String) -> RowFault {
    found(row, NotAllowed::new(code, detail).at(crate::case::historical::at::NUMBER))
}

fn twice(row: &LedgerRow, (sheet, line): &SeriesLine) -> RowFault {
    let at = sheet.as_ref().map_or_else(String::new, |sheet| format!("工作表“{sheet}”"));
    number_fault(row, "duplicate_number", format!("与{at}第{line}行的受理编号相同；一件申请一个编号，请核对"))
}

fn number_taken(row: &LedgerRow) -> RowFault {
    let detail = "库中已有这一编号的案件，内容与本行不同；导入不改动已有案件，请在系统中办理，或者改正编号";
    number_fault(row, "number_taken", detail.to_owned())
}

/// Whether an identity number is plausible: a current ID card number must have a valid check character; the old ones of
/// fifteen digits have none.
fn is_plausible(kind: IdentityKind, number: &str) -> bool {
    let is_old = number.len() == 15 && number.chars().all(|letter| letter.is_ascii_digit());
    kind != IdentityKind::IdCard || is_old || is_id_card(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_identity_number_has_no_check_character() {
        assert!(is_plausible(IdentityKind::IdCard, "110105491231002"));
        assert!(is_plausible(IdentityKind::IdCard, "11010519491231002X"));
        assert!(!is_plausible(IdentityKind::IdCard, "110105194912310021"));
        assert!(is_plausible(IdentityKind::Other, "甲1"));
    }
}
