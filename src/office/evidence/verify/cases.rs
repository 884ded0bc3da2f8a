//! Cases: the row, the duties and the applicant against the log.

use super::{Checker, MOST_LISTED, PAGE};
use crate::case::{Case, Event, fold};
use crate::office::OfficeError;
use crate::office::calendar::change::InForce;
use crate::office::calendar::self_check::{Derived, compare, other_calendar, plain};
use crate::office::cases::case_file::{CaseFile, derive_row, read_event, read_log};
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::store::cases::applicant_versions::{self, ApplicantVersionRow};
use crate::store::cases::applicants::{self, ApplicantRow};
use crate::store::cases::events::EventRow;
use crate::store::cases::obligations::{self, ObligationRow};
use crate::store::cases::{self, CaseRow, events, transfers};
use crate::store::evidence::checks;
use crate::store::{ApplicantId, CaseId, Db, StoreError, UserId};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The calendars by which the open cases must be computed.
struct Calendars {
    in_force: InForce,
    is_applied: bool,
}

/// What is stored of a case beside its row.
struct Beside<'a> {
    log: &'a [EventRow],
    duties: &'a [ObligationRow],
    applicant: Option<&'a ApplicantRow>,
    /// The earlier records of the applicant that were replaced in this case.
    versions: Vec<&'a ApplicantVersionRow>,
    names: &'a BTreeMap<UserId, String>,
}

impl Checker<'_> {
    pub(super) fn one_case(&mut self, db: &mut Db, id: CaseId) -> Result<(), OfficeError> {
        let calendars = self.calendars(db)?;
        self.page(db, &[id], &calendars)?;
        if self.verified.cases > 0 || self.verified.findings > 0 {
            return Ok(());
        }
        if events::load(db, id)?.is_empty() {
            return Err(OfficeError::NotFound);
        }
        self.note(Finding::new(FindingKind::EventOrphan, "case_events").of(id.0));
        Ok(())
    }

    pub(super) fn cases(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let calendars = self.calendars(db)?;
        let mut after = None;
        loop {
            let ids = checks::case_ids(db, after, PAGE)?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            self.page(db, &ids, &calendars)?;
        }
    }

    fn calendars(&self, db: &mut Db) -> Result<Calendars, OfficeError> {
        let in_force = self.office.calendars().in_force_everywhere(db)?;
        let is_applied = in_force.is_applied(db)?;
        Ok(Calendars { in_force, is_applied })
    }

    fn page(&mut self, db: &mut Db, ids: &[CaseId], calendars: &Calendars) -> Result<(), OfficeError> {
        let rows = self.readable(db, "cases", ids, cases::many)?;
        let mut logs: HashMap<CaseId, Vec<EventRow>> = HashMap::new();
        for event in self.readable(db, "case_events", ids, all_events)? {
            logs.entry(event.case_id).or_default().push(event);
        }
        let people: BTreeSet<ApplicantId> = rows.iter().map(|row| row.applicant_id).collect();
        let people: Vec<ApplicantId> = people.into_iter().collect();
        let versions = self.readable(db, "applicant_versions", &people, applicant_versions::many)?;
        let people = self.readable(db, "applicants", &people, applicants::many)?;
        let people: HashMap<ApplicantId, ApplicantRow> = people.into_iter().map(|row| (row.id, row)).collect();
        let mut duties: HashMap<CaseId, Vec<ObligationRow>> = HashMap::new();
        for duty in self.readable(db, "obligations", ids, obligations::of_cases)? {
            // `orders` compares the duties of orders.
            if let Some(case) = duty.case_id.filter(|_| !duty.key.starts_with(obligations::ORDER)) {
                duties.entry(case).or_default().push(duty);
            }
        }
        let went_over = transfers::last_of(db, ids)?;
        let filers: BTreeSet<UserId> = logs.values().filter_map(|log| log.first()?.actor_id).collect();
        let names = checks::usernames(db, &filers.into_iter().collect::<Vec<_>>())?;
        for (row, file) in self.office.cases().files_of_logs(db, rows, &logs)? {
            let beside = Beside {
                log: logs.get(&row.id).map_or(&[], Vec::as_slice),
                duties: duties.get(&row.id).map_or(&[], Vec::as_slice),
                applicant: people.get(&row.applicant_id),
                versions: versions.iter().filter(|version| version.case_id == row.id).collect(),
                names: &names,
            };
            if let Some(organ) = went_over.get(&row.id) {
                self.column(&row, "organ_id", &row.organ_id.0.to_string(), &organ.0.to_string());
            }
            self.case(db, &row, file, &beside, calendars)?;
        }
        Ok(())
    }

    fn case(
        &mut self,
        db: &mut Db,
        row: &CaseRow,
        file: Result<CaseFile, OfficeError>,
        beside: &Beside<'_>,
        calendars: &Calendars,
    ) -> Result<(), OfficeError> {
        self.verified.cases += 1;
        self.verified.duties += u64::try_from(beside.duties.len()).unwrap_or(u64::MAX);
        self.chain(row, beside.log)?;
        self.applicant(row, beside.applicant);
        self.corrections(row, beside);
        if beside.log.is_empty() {
            self.note(of_case(FindingKind::CaseWithoutLog, row));
            return Ok(());
        }
        let is_readable = self.payloads(row, beside.log);
        self.ends(row, beside);
        let file = match file {
            Ok(file) => file,
            // An event that cannot be read has its own finding.
            Err(_) if !is_readable => return Ok(()),
            Err(error) => {
                self.note(of_case(FindingKind::CaseUncomputable, row).says("-", error.to_string()));
                return Ok(());
            }
        };
        self.facts(row, &file.case);
        let named = match other_calendar(row, &calendars.in_force, calendars.is_applied) {
            Some(expected) => Some(expected.to_owned()),
            None => {
                let known = self.office.calendars().calendar_named(db, &row.calendar_version)?;
                known.is_none().then(|| file.desk.calendar.version().to_owned())
            }
        };
        if let Some(expected) = named.filter(|expected| *expected != row.calendar_version) {
            self.column(row, "calendar_version", &row.calendar_version, &expected);
        }
        self.derived(row, file, beside)
    }

    fn column(&mut self, row: &CaseRow, column: &str, written: &str, expected: &str) {
        if written != expected {
            self.note(of_case(FindingKind::CaseChanged, row).on(column).says(written, expected));
        }
    }

    /// The columns that the first and the last event give.
    fn ends(&mut self, row: &CaseRow, beside: &Beside<'_>) {
        let (Some(first), Some(last)) = (beside.log.first(), beside.log.last()) else { return };
        self.column(row, "version", &row.version.to_string(), &last.seq.to_string());
        self.column(row, "created_at", &row.created_at.to_string(), &first.recorded_at.to_string());
        self.column(row, "updated_at", &row.updated_at.to_string(), &last.recorded_at.to_string());
        // A filing by machine has the name of the machine user, and a number of its own.
        if let Some(source) = row.source.as_deref().or(row.external_number.as_deref().map(|_| "")) {
            let filer = first.actor_id.and_then(|actor| beside.names.get(&actor));
            self.column(row, "source", source, filer.map_or("-", String::as_str));
        }
        if row.source.is_some() != row.external_number.is_some() {
            self.column(row, "external_number", row.external_number.as_deref().unwrap_or("-"), "（随来源系统）");
        }
    }

    /// The columns that the application gives.
    fn facts(&mut self, row: &CaseRow, case: &Case) {
        let intake = &case.intake;
        self.column(row, "title", row.title.trim(), intake.title.trim());
        self.column(row, "applicant_id", &row.applicant_id.0.to_string(), &intake.applicant_id.to_string());
        self.column(row, "applicant_kind", &row.applicant_kind, intake.applicant_kind.code());
        self.column(row, "channel", &row.channel, intake.channel.code());
        self.column(row, "submitted_on", &row.submitted_on.to_string(), &intake.submitted_on.to_string());
    }

    fn applicant(&mut self, row: &CaseRow, applicant: Option<&ApplicantRow>) {
        let of = |kind| Finding::new(kind, "applicants").of(row.applicant_id.0).numbered(row.number.as_deref());
        let Some(applicant) = applicant else {
            self.note(of(FindingKind::ApplicantMissing).says("-", row.applicant_id.0.to_string()));
            return;
        };
        let organs = [applicant.organ_id.0.to_string(), row.organ_id.0.to_string()];
        let pairs = [
            ("name", &applicant.name, &row.applicant_name),
            ("kind", &applicant.kind, &row.applicant_kind),
            ("organ_id", &organs[0], &organs[1]),
        ];
        // The applicant stays with the organ that recorded it when the case goes over, and a case that is closed stays
        // with the organ that closed it.
        let is_in_line = |column: &str| column == "organ_id" && self.is_in_line(applicant.organ_id, row.organ_id);
        let pairs: Vec<_> = pairs.into_iter().filter(|pair| pair.1 != pair.2 && !is_in_line(pair.0)).collect();
        for (column, written, expected) in pairs {
            self.note(of(FindingKind::ApplicantChanged).on(column).says(written, expected));
        }
        for column in applicants::unsound_columns(self.office.store().sealer(), applicant) {
            self.note(of(FindingKind::ApplicantUnsound).on(column));
        }
    }

    /// What the applicant's record said before each correction that was made in this case: one for each such event, and it
    /// opens as that of this applicant and event.
    fn corrections(&mut self, row: &CaseRow, beside: &Beside<'_>) {
        let of = |kind, seq: i32| {
            let finding = Finding::new(kind, "applicant_versions").of(row.id.0).numbered(row.number.as_deref());
            finding.at(seq)
        };
        let corrected: BTreeMap<i32, &EventRow> =
            beside.log.iter().filter(|event| is_own_correction(event)).map(|event| (event.seq, event)).collect();
        let kept: BTreeSet<i32> = beside.versions.iter().map(|version| version.seq).collect();
        for seq in corrected.keys().filter(|seq| !kept.contains(seq)) {
            self.note(of(FindingKind::ApplicantVersionMissing, *seq));
        }
        for version in &beside.versions {
            let is_of_event = corrected.get(&version.seq).is_some_and(|event| {
                (event.occurred_on, event.actor_id) == (version.replaced_on, Some(version.replaced_by))
            });
            if !is_of_event {
                self.note(of(FindingKind::ApplicantVersionUnsound, version.seq).on("seq"));
            }
            if version.applicant_id != row.applicant_id
                || applicant_versions::record(self.office.store().sealer(), version).is_err()
            {
                self.note(of(FindingKind::ApplicantVersionUnsound, version.seq).on("sealed"));
            }
        }
    }

    /// The columns and duties that the log gives on a day. What ended by itself since the service last ran is written
    /// by its next run, so the day may also be an earlier one since the last event.
    fn derived(&mut self, row: &CaseRow, file: CaseFile, beside: &Beside<'_>) -> Result<(), OfficeError> {
        let today = self.office.clock().today();
        let mut now = compare(row, beside.duties, file.clone(), today);
        let given = std::mem::take(&mut now.keys);
        let is_right = |found: &Derived| found.columns.is_empty() && found.duties.is_empty();
        let since = beside.log.last().map_or(today, |last| last.occurred_on.min(today));
        if !is_right(&now) {
            let earlier = turning_days(&file, since, today);
            if !earlier.into_iter().any(|day| is_right(&compare(row, beside.duties, file.clone(), day))) {
                self.report(row, now);
            }
        }
        for duty in beside.duties.iter().filter(|duty| duty.organ_id != row.organ_id) {
            let organs = (duty.organ_id.0.to_string(), row.organ_id.0.to_string());
            let what = format!("{} organ_id", duty.key);
            self.note(of_duty(FindingKind::DutyChanged, row).on(what).says(organs.0, organs.1));
        }
        self.leftovers(row, &file, beside, &given)
    }

    fn report(&mut self, row: &CaseRow, found: Derived) {
        for (column, written, computed) in found.columns {
            self.note(of_case(FindingKind::CaseChanged, row).on(column).says(written, computed));
        }
        for (key, written, computed) in found.duties {
            let kind = match (written.as_str(), computed.as_str()) {
                ("-", _) => FindingKind::DutyMissing,
                (_, "-") => FindingKind::DutyExtra,
                _ => FindingKind::DutyChanged,
            };
            self.note(of_duty(kind, row).on(key).says(written, computed));
        }
    }

    /// Duties that ended and that the log of today does not give: the log up to some event must have given them.
    fn leftovers(
        &mut self,
        row: &CaseRow,
        file: &CaseFile,
        beside: &Beside<'_>,
        now: &BTreeSet<String>,
    ) -> Result<(), OfficeError> {
        let has_ended =
            |duty: &&ObligationRow| duty.status != obligations::OPEN && duty.status != obligations::SUSPENDED;
        let left: Vec<&ObligationRow> =
            beside.duties.iter().filter(has_ended).filter(|duty| !now.contains(&duty.key)).collect();
        if left.is_empty() {
            return Ok(());
        }
        let once = duties_once_given(file, beside.log, self.office.clock().today())?;
        for duty in left {
            let written = format!("{} {} {}", duty.kind, plain(&duty.due_on), duty.status);
            match once.get(&duty.key) {
                Some(kind) if *kind == duty.kind => {}
                Some(kind) => {
                    self.note(of_duty(FindingKind::DutyChanged, row).on(&*duty.key).says(written, kind.as_str()));
                }
                None => self.note(of_duty(FindingKind::DutyExtra, row).on(&*duty.key).says(written, "-")),
            }
        }
        Ok(())
    }

    /// Rows that belong to nothing, and references that lead nowhere.
    pub(super) fn strays(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let mut after = None;
        loop {
            let ids = checks::events_without_case(db, after, PAGE)?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            for id in &ids {
                self.note(Finding::new(FindingKind::EventOrphan, "case_events").of(id.0));
            }
        }
        let mut after = None;
        loop {
            let ids = checks::applicants_without_case(db, after, PAGE)?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            for id in &ids {
                self.note(Finding::new(FindingKind::ApplicantOrphan, "applicants").of(id.0));
            }
        }
        for reference in checks::REFERENCES {
            for lost in checks::dangling(db, reference, MOST_LISTED)? {
                let finding = Finding::new(FindingKind::Dangling, reference.0).of(lost.id).on(reference.2);
                self.note(finding.says(lost.target, "-"));
            }
        }
        Ok(())
    }
}

fn all_events(db: &mut Db, ids: &[CaseId]) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::load_many(db, ids)?.into_values().flatten().collect())
}

/// The kind of an event that corrects the applicant's record.
const CORRECTED: &str = "applicant_corrected";

/// Whether an event is a correction of the applicant's record that was made in its own case.
fn is_own_correction(event: &EventRow) -> bool {
    event.kind == CORRECTED && matches!(read_event(event), Ok(Event::ApplicantCorrected { through: None, .. }))
}

fn of_case(kind: FindingKind, row: &CaseRow) -> Finding {
    Finding::new(kind, "cases").of(row.id.0).numbered(row.number.as_deref())
}

fn of_duty(kind: FindingKind, row: &CaseRow) -> Finding {
    Finding::new(kind, "obligations").of(row.id.0).numbered(row.number.as_deref())
}

/// The days from `since` to before `today` on which the case became another by itself: `since`, and each day after one
/// on which a stop or a duty ended.
fn turning_days(file: &CaseFile, since: NaiveDate, today: NaiveDate) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::from([since]);
    let ends = |day: NaiveDate| {
        let mut then = file.clone();
        let duties = then.written_duties(day);
        derive_row(&mut then, day);
        let dates = duties.into_iter().flat_map(|duty| [duty.due_on, duty.latest_on]);
        let dates = dates.chain([then.row.resumes_on, then.row.due_on, then.row.warns_on]);
        dates.flatten().filter_map(|date| date.succ_opt()).collect::<Vec<_>>()
    };
    let mut day = Some(since);
    while let Some(from) = day {
        days.extend(ends(from).into_iter().filter(|next| *next > since && *next < today));
        day = days.range(from..).nth(1).copied();
    }
    days
}

/// Key and kind of every duty that the log gave after any of its events.
fn duties_once_given(
    file: &CaseFile,
    rows: &[EventRow],
    today: NaiveDate,
) -> Result<BTreeMap<String, String>, OfficeError> {
    let mut given = BTreeMap::new();
    for (end, row) in (1..=rows.len()).zip(rows) {
        let Some(case) = rows.get(..end).map(read_log).transpose()?.as_deref().and_then(fold) else { continue };
        let then = CaseFile { case, ..file.clone() };
        for day in [row.occurred_on.min(today), today] {
            given.extend(then.written_duties(day).into_iter().map(|duty| (duty.key, duty.kind)));
        }
    }
    Ok(given)
}
