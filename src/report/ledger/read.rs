//! From the cells of a row to what it says, or to everything that is wrong with it.

use super::cell::RawCell;
use super::columns::{COLUMNS, Field};
use super::outcomes::outcome_of;
use super::source::{RawRow, Source, Unreadable};
use super::words;
use super::{LedgerRow, Person, RowFault, Unmapped};
use crate::case::historical::{
    Past, PastConsultation, PastCorrection, PastExtension, PastFee, Remark, Term, regime_of,
};
use crate::case::text::{free_text_flaw, without_hidden};
use crate::case::{ApplicantKind, IdentityKind};
use crate::law::{Channel, ClockOptions, ConsultationKind, Outcome, Regime};
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashMap};

/// The heading may stand under a title, but not further down than this row of those with anything in them.
const FIRST_ROWS: u32 = 10;
/// Digits of a number that a spreadsheet still keeps exactly.
const EXACT_DIGITS: usize = 15;

/// Which column of the file holds what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headings {
    /// The row of the headings.
    pub line: u32,
    /// Headings that nobody understands: their columns are not read.
    pub unknown: Vec<String>,
    fields: Vec<Option<Field>>,
}

/// How going through the first rows ends.
enum Scan {
    Enough,
    Unreadable(Unreadable),
}

impl From<Unreadable> for Scan {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl Headings {
    /// Finds the headings of a file.
    ///
    /// # Errors
    /// [`Unreadable`] when there are none, when one that must be there is missing, or when one stands there twice.
    pub fn of(source: &Source<'_>) -> Result<Self, Unreadable> {
        let mut best: Option<(usize, RawRow)> = None;
        let mut seen = 0;
        let scanned = source.rows(|row| {
            let known = row.1.iter().filter(|cell| Field::of_heading(&cell.text()).is_some()).count();
            if known > best.as_ref().map_or(0, |(most, _)| *most) {
                best = Some((known, row));
            }
            seen += 1;
            if seen < FIRST_ROWS { Ok(()) } else { Err(Scan::Enough) }
        });
        if let Err(Scan::Unreadable(why)) = scanned {
            return Err(why);
        }
        let required = || COLUMNS.iter().filter(|column| column.is_required).map(|column| column.heading);
        let Some((_, row)) = best else {
            let wanted: Vec<&str> = required().collect();
            return Err(Unreadable::new(format!(
                "没有找到表头：前{FIRST_ROWS}行应有一行列名，至少包括{}",
                wanted.join("、")
            )));
        };
        let headings = Self::from_row(row)?;
        let missing: Vec<&str> = COLUMNS
            .iter()
            .filter(|column| column.is_required && !headings.has(column.field))
            .map(|c| c.heading)
            .collect();
        if missing.is_empty() {
            return Ok(headings);
        }
        let line = headings.line;
        Err(Unreadable::new(format!("第{line}行的表头缺少必须有的列：{}", missing.join("、"))))
    }

    fn from_row((line, cells): RawRow) -> Result<Self, Unreadable> {
        let texts: Vec<String> = cells.iter().map(RawCell::text).collect();
        let fields: Vec<Option<Field>> = texts.iter().map(|text| Field::of_heading(text)).collect();
        let mut seen = Vec::new();
        for field in fields.iter().flatten() {
            if seen.contains(field) {
                return Err(Unreadable::new(format!("第{line}行的表头有两列都是“{}”", field.heading())));
            }
            seen.push(*field);
        }
        let unknown = texts.into_iter().zip(&fields);
        let unknown =
            unknown.filter(|(text, field)| field.is_none() && !text.is_empty()).map(|(text, _)| text).collect();
        Ok(Self { line, unknown, fields })
    }

    fn has(&self, field: Field) -> bool {
        self.fields.contains(&Some(field))
    }
}

/// Reads the rows of one file, and remembers the labels nobody understands.
#[derive(Debug)]
pub struct LedgerReader {
    headings: Headings,
    places: HashMap<Field, usize>,
    options: ClockOptions,
    unmapped: BTreeMap<(Field, String), (u32, u32)>,
    outcomes: HashMap<(String, Regime), Option<Outcome>>,
    channels: HashMap<String, Option<Channel>>,
    kinds: HashMap<String, Option<ApplicantKind>>,
}

impl LedgerReader {
    /// A reader of a file with these headings; `options` are the organ's readings of the law, by which the Order of a row
    /// is told.
    #[must_use]
    pub fn new(headings: Headings, options: ClockOptions) -> Self {
        let places = headings.fields.iter().enumerate().filter_map(|(at, field)| field.map(|field| (field, at)));
        Self {
            places: places.collect(),
            headings,
            options,
            unmapped: BTreeMap::new(),
            outcomes: HashMap::new(),
            channels: HashMap::new(),
            kinds: HashMap::new(),
        }
    }

    /// Labels that were not understood so far.
    #[must_use]
    pub fn unmapped(&self) -> Vec<Unmapped> {
        let told = |((field, label), (count, line)): (&(Field, String), &(u32, u32))| Unmapped {
            column: field.heading().to_owned(),
            label: label.clone(),
            count: *count,
            line: *line,
        };
        self.unmapped.iter().map(told).collect()
    }

    /// 受理编号 and 收到日期 of a row below the headings, without looking at the rest.
    #[must_use]
    pub fn glance(&self, (line, cells): &RawRow) -> Option<(Option<String>, Option<NaiveDate>)> {
        (*line > self.headings.line).then(|| {
            let cell = |field| self.places.get(&field).and_then(|at| cells.get(*at));
            let number = cell(Field::Number).map(|cell| one_line(&cell.text())).filter(|text| !text.is_empty());
            (number, cell(Field::ReceivedOn).and_then(RawCell::day))
        })
    }

    /// What a row says; none for the headings and what stands above them.
    ///
    /// # Errors
    /// Everything that cannot be read, each with its column, what was found and what is understood.
    pub fn read(&mut self, row: RawRow) -> Option<Result<LedgerRow, Vec<RowFault>>> {
        let (line, cells) = row;
        if line <= self.headings.line {
            return None;
        }
        let mut row = Row { reader: self, line, cells, faults: Vec::new(), remarks: Vec::new() };
        let read = row.read();
        let (faults, remarks) = (row.faults, row.remarks);
        Some(match read {
            Some(read) if faults.is_empty() => Ok(LedgerRow { remarks, ..read }),
            Some(_) | None => Err(faults),
        })
    }
}

/// Folds line breaks and blanks and drops hidden characters. A ledger is a spreadsheet of other people, full of pasted text. A
/// clerk could not find a hidden letter in it to mend it.
fn one_line(text: &str) -> String {
    without_hidden(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Row<'a> {
    reader: &'a mut LedgerReader,
    line: u32,
    cells: Vec<RawCell>,
    faults: Vec<RowFault>,
    remarks: Vec<Remark>,
}

impl Row<'_> {
    fn cell(&self, field: Field) -> Option<&RawCell> {
        let cell = self.cells.get(*self.reader.places.get(&field)?)?;
        (!cell.is_empty()).then_some(cell)
    }

    fn fault(&mut self, field: Field, code: &str, detail: impl Into<String>) {
        let is_personal = field.column().is_some_and(|column| column.at.is_empty()) && field != Field::Department;
        let shown = |text: String| text.chars().take(60).collect::<String>();
        self.faults.push(RowFault {
            line: self.line,
            column: field.heading().to_owned(),
            found: self.cell(field).filter(|_| !is_personal).map(RawCell::text).map(shown),
            code: code.to_owned(),
            detail: detail.into(),
            article: None,
        });
    }

    /// The text of a cell that is not empty, within the length of its column.
    fn text(&mut self, field: Field) -> Option<String> {
        let cell = self.cell(field)?;
        if matches!(cell, RawCell::Unusable(_)) {
            self.fault(field, "unusable_cell", "单元格中是错误值，不是文字");
            return None;
        }
        let text = cell.text();
        let longest = field.column().map_or(0, |column| column.longest);
        if text.chars().count() > longest {
            self.fault(field, "too_long", format!("不得超过{longest}个字"));
            return None;
        }
        if let Some((code, detail)) = free_text_flaw(&text) {
            self.fault(field, code, detail);
            return None;
        }
        Some(text)
    }

    /// One line of text.
    fn line(&mut self, field: Field) -> Option<String> {
        Some(one_line(&self.text(field)?))
    }

    fn day(&mut self, field: Field) -> Option<NaiveDate> {
        let day = self.cell(field)?.day();
        if day.is_none() {
            self.fault(
                field,
                "invalid_date",
                "不是存在的日期；可以写作 2024-3-5、2024/3/5、2024.3.5、2024年3月5日、20240305",
            );
        }
        day
    }

    /// A label that must mean something.
    fn meaning<T>(&mut self, field: Field, meant: impl FnOnce(&mut LedgerReader, &str) -> Option<T>) -> Option<T> {
        let word = self.line(field)?;
        let found = meant(self.reader, &word);
        if found.is_none() {
            self.unmapped(field, &word);
        }
        found
    }

    fn unmapped(&mut self, field: Field, word: &str) {
        let label: String = word.chars().take(60).collect();
        let (count, _) = self.reader.unmapped.entry((field, label)).or_insert((0, self.line));
        *count = count.saturating_add(1);
        let takes = field.column().map_or("", |column| column.takes);
        let detail = format!("不认识“{word}”；可以填：{takes}");
        self.fault(field, "unknown_label", detail);
    }

    fn required(&mut self, field: Field) {
        if self.cell(field).is_none() {
            self.fault(field, "required", "必须填写");
        }
    }

    fn read(&mut self) -> Option<LedgerRow> {
        for column in COLUMNS.iter().filter(|column| column.is_required) {
            self.required(column.field);
        }
        let received_on = self.day(Field::ReceivedOn);
        let correction = self.correction();
        let corrected_on = correction.and_then(|correction| correction.received_on);
        let regime = received_on.map(|day| regime_of(day, corrected_on, self.reader.options));
        let number = self.line(Field::Number);
        let channel = self.channel();
        let applicant_kind = self.meaning(Field::ApplicantKind, |reader, word| {
            *reader.kinds.entry(word.to_owned()).or_insert_with(|| words::applicant_kind(word))
        });
        let request = self.text(Field::Request);
        let consultations = self.consultations();
        let extension = self.extension();
        let fee = self.fee();
        let replied_on = self.day(Field::RepliedOn);
        let outcome = regime.and_then(|regime| self.outcome(regime));
        let document_number = self.line(Field::DocumentNumber);
        let mut is_courier_open = false;
        let method = self.meaning(Field::Method, |_, word| {
            is_courier_open = words::leaves_courier_open(word);
            words::method(word)
        });
        if is_courier_open {
            self.remarks.push(Remark::CourierAssumed);
        }
        let served_on = self.day(Field::ServedOn);
        let note = self.text(Field::Note);
        let person = self.person();
        let department = self.line(Field::Department);
        let past = Past {
            number,
            received_on: received_on?,
            channel: channel?,
            applicant_kind: applicant_kind?,
            request: request?,
            correction,
            consultations,
            extension,
            fee,
            replied_on,
            outcome,
            document_number,
            method,
            served_on,
            note,
        };
        Some(LedgerRow { line: self.line, past, person, department, remarks: Vec::new() })
    }

    fn channel(&mut self) -> Option<Channel> {
        if self.cell(Field::Channel).is_none() {
            self.remarks.push(Remark::ChannelAssumed);
            return Some(Channel::InPerson);
        }
        self.meaning(Field::Channel, |reader, word| {
            *reader.channels.entry(word.to_owned()).or_insert_with(|| words::channel(word))
        })
    }

    fn outcome(&mut self, regime: Regime) -> Option<Outcome> {
        self.meaning(Field::Outcome, |reader, word| {
            let key = (word.to_owned(), regime);
            *reader.outcomes.entry(key).or_insert_with(|| outcome_of(word, regime))
        })
    }

    fn correction(&mut self) -> Option<PastCorrection> {
        let on = self.day(Field::CorrectionOn);
        let received_on = self.day(Field::CorrectionReceivedOn);
        let term = self.term();
        if on.is_none() && self.cell(Field::CorrectionOn).is_none() {
            for field in [Field::CorrectionReceivedOn, Field::CorrectionTerm] {
                if self.cell(field).is_some() {
                    self.fault(field, "correction_not_requested", "没有填补正通知日期");
                }
            }
        }
        on.map(|on| PastCorrection { on, term, received_on })
    }

    /// Working days, or a last day.
    fn term(&mut self) -> Option<Term> {
        let cell = self.cell(Field::CorrectionTerm)?;
        let days = cell.count().filter(|days| (1..=366).contains(days)).map(Term::Days);
        let term = days.or_else(|| cell.day().map(Term::Until));
        if term.is_none() {
            self.fault(Field::CorrectionTerm, "invalid_value", "应为1至366个工作日，或者补正的最后日期");
        }
        term
    }

    fn extension(&mut self) -> Option<PastExtension> {
        let on = self.day(Field::ExtensionOn);
        let days = self.cell(Field::ExtensionDays).map(RawCell::count);
        match (days, on) {
            (None, None) => None,
            (Some(None), _) => {
                self.fault(Field::ExtensionDays, "invalid_value", "应为延长的工作日数，如 20");
                None
            }
            (Some(Some(_)), None) if self.cell(Field::ExtensionOn).is_some() => None,
            // Nought days are none.
            (Some(Some(0)), None) => None,
            (Some(Some(_)), None) => {
                self.fault(
                    Field::ExtensionOn,
                    "required",
                    "延期自告知申请人起发生效力，填了延期工作日数的，须填延期告知日期",
                );
                None
            }
            (None, Some(_)) => {
                self.fault(Field::ExtensionDays, "required", "填了延期告知日期的，须填延期工作日数");
                None
            }
            (Some(Some(days)), Some(on)) => Some(PastExtension { days, on }),
        }
    }

    fn fee(&mut self) -> Option<PastFee> {
        let on = self.day(Field::FeeOn);
        let paid_on = self.day(Field::FeePaidOn);
        if self.cell(Field::FeeOn).is_none() && paid_on.is_some() {
            self.fault(Field::FeePaidOn, "fee_not_notified", "没有填收费通知日期");
        }
        on.map(|on| PastFee { on, paid_on })
    }

    /// The parts of a cell that holds several, in order; a date of the spreadsheet is one.
    fn parts(&self, field: Field) -> Vec<RawCell> {
        match self.cell(field) {
            None => Vec::new(),
            Some(RawCell::Text(text)) => {
                text.split(['；', ';', '\n']).map(|part| RawCell::Text(part.trim().to_owned())).collect()
            }
            Some(other) => vec![other.clone()],
        }
    }

    fn consultations(&mut self) -> Vec<PastConsultation> {
        let parties = self.parts(Field::ConsultationParty);
        let kinds = self.parts(Field::ConsultationKind);
        let sent = self.parts(Field::ConsultationSentOn);
        let returned = self.parts(Field::ConsultationReturnedOn);
        let count = parties.len().max(sent.len());
        if count == 0 {
            for (field, parts) in [(Field::ConsultationKind, &kinds), (Field::ConsultationReturnedOn, &returned)] {
                if !parts.is_empty() {
                    self.fault(field, "unknown_consultation", "没有填征求意见对象和发出日期");
                }
            }
            return Vec::new();
        }
        let fits = |parts: &[RawCell]| parts.len() <= 1 || parts.len() == count;
        for (field, parts) in [
            (Field::ConsultationParty, &parties),
            (Field::ConsultationKind, &kinds),
            (Field::ConsultationSentOn, &sent),
            (Field::ConsultationReturnedOn, &returned),
        ] {
            if !fits(parts) {
                let detail = format!("有{}项，而征求意见共{count}项；各列用“；”分隔，次序相同", parts.len());
                self.fault(field, "consultations_differ", detail);
                return Vec::new();
            }
        }
        let mut found = Vec::with_capacity(count);
        for place in 0..count {
            // One entry stands for all, but an opinion that came for one came for none of the others.
            let shared =
                |parts: &[RawCell]| parts.get(place).or(parts.first()).filter(|cell| !cell.is_empty()).cloned();
            let back = returned.get(place).filter(|cell| !cell.is_empty()).cloned();
            found.extend(self.consultation(shared(&parties), shared(&kinds), shared(&sent), back));
        }
        found
    }

    fn consultation(
        &mut self,
        party: Option<RawCell>,
        kind: Option<RawCell>,
        sent: Option<RawCell>,
        returned: Option<RawCell>,
    ) -> Option<PastConsultation> {
        let kind = match kind.map(|cell| cell.text()) {
            None => {
                self.remarks.push(Remark::ConsultationKindAssumed);
                ConsultationKind::ThirdParty
            }
            Some(word) => match words::consultation_kind(&word) {
                Some(kind) => kind,
                None => {
                    self.unmapped(Field::ConsultationKind, &word);
                    return None;
                }
            },
        };
        let bad = "不是存在的日期；征求多方的，各日期用“；”分隔";
        let returned_on = returned.as_ref().and_then(RawCell::day);
        if returned.is_some() && returned_on.is_none() {
            self.fault(Field::ConsultationReturnedOn, "invalid_date", bad);
        }
        match sent.as_ref().map(RawCell::day) {
            Some(Some(sent_on)) => {
                let party = party.map_or_else(|| kind.label().to_owned(), |cell| cell.text());
                Some(PastConsultation { party, kind, sent_on, returned_on })
            }
            Some(None) => {
                self.fault(Field::ConsultationSentOn, "invalid_date", bad);
                None
            }
            None => {
                self.fault(Field::ConsultationSentOn, "required", "征求意见的时间不计入答复期限，须填发出日期");
                None
            }
        }
    }

    fn person(&mut self) -> Person {
        Person {
            name: self.line(Field::Applicant).unwrap_or_default(),
            identity: self.identity(),
            telephone: self.contact(Field::Telephone),
            email: self.contact(Field::Email),
            address: self.contact(Field::Address),
        }
    }

    /// A contact; what an export has masked says nothing.
    fn contact(&mut self, field: Field) -> Option<String> {
        self.line(field).filter(|text| !text.contains('*'))
    }

    /// A number that is masked, or that a spreadsheet has rounded, is none.
    fn identity(&mut self) -> Option<(IdentityKind, String)> {
        let kind = self.meaning(Field::IdentityKind, |_, word| words::identity_kind(word));
        let is_rounded = matches!(self.cell(Field::IdentityNumber), Some(RawCell::Number(_)));
        let number = self.line(Field::IdentityNumber)?;
        if number.contains('*') || (is_rounded && number.len() > EXACT_DIGITS) {
            self.remarks.push(Remark::IdentityNotTaken);
            return None;
        }
        let assumed = if number.chars().count() == 18 && number.starts_with(|first: char| first.is_ascii_digit()) {
            IdentityKind::IdCard
        } else {
            IdentityKind::Other
        };
        Some((kind.unwrap_or(assumed), number))
    }
}
