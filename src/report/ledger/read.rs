//! Reads the cells of a row into facts, or into a list of everything that is wrong with it.

use super::asides::{Aside, aside};
use super::cell::{RawCell, half_width};
use super::columns::{COLUMNS, Field};
use super::headings::{Heading, Headings, SheetHeadings};
use super::masks::{is_masked, is_rounded};
use super::merged::Merged;
use super::outcomes::outcome_of;
use super::source::RawRow;
use super::words;
use super::{Derived, LedgerRow, Person, RowFault, Unmapped, Unread};
use crate::case::historical::{
    Past, PastConsultation, PastCorrection, PastExtension, PastFee, Remark, Term, regime_of,
};
use crate::case::text::{free_text_flaw, without_hidden};
use crate::case::{ApplicantKind, IdentityKind, read_identity};
use crate::law::{Channel, ClockOptions, ConsultationKind, Outcome, Regime};
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Digits that a spreadsheet keeps exactly.
const EXACT_DIGITS: usize = 15;
/// What offices write into a cell without content.
const BLANK_MARKS: &[&str] = &["/", "\\", "-", "--", "—", "——", "无", "空"];
/// Sheet and row of a label.
type At = (Option<Arc<str>>, u32);

/// Reads the rows of one file. Collects the unknown labels and the content that was not read.
#[derive(Debug)]
pub struct LedgerReader {
    headings: Headings,
    options: ClockOptions,
    unmapped: BTreeMap<(Field, String), (u32, At)>,
    /// Number of cells with content in each column that is not read, by sheet and column.
    unread: BTreeMap<(usize, usize), u64>,
    asides: Vec<Aside>,
    outcomes: HashMap<(String, Regime), Option<Outcome>>,
    channels: HashMap<String, Option<Channel>>,
    kinds: HashMap<String, Option<ApplicantKind>>,
}

impl LedgerReader {
    /// A reader for a file with these headings. `options` are the organ's readings of the law, which decide under which
    /// Order a row falls.
    #[must_use]
    pub fn new(headings: Headings, options: ClockOptions) -> Self {
        Self {
            headings,
            options,
            unmapped: BTreeMap::new(),
            unread: BTreeMap::new(),
            asides: Vec::new(),
            outcomes: HashMap::new(),
            channels: HashMap::new(),
            kinds: HashMap::new(),
        }
    }

    /// The unknown labels so far.
    #[must_use]
    pub fn unmapped(&self) -> Vec<Unmapped> {
        let told = |((field, label), (count, (sheet, line))): (&(Field, String), &(u32, At))| Unmapped {
            column: field.heading().to_owned(),
            label: label.clone(),
            count: *count,
            sheet: sheet.as_deref().map(str::to_owned),
            line: *line,
        };
        self.unmapped.iter().map(told).collect()
    }

    /// Returns 受理编号 and 收到日期 of a row without reading the rest; `None` if the row is not a case. Counts the cells of
    /// columns that are not read, and remembers rows that are not cases.
    pub fn glance(&mut self, row: &RawRow) -> Option<(Option<String>, Option<NaiveDate>)> {
        let sheet = self.headings.of_sheet(row.sheet).filter(|sheet| row.line > sheet.line)?;
        if let Some(text) = aside(sheet, row) {
            self.asides.push(Aside { sheet: sheet.name.clone(), line: row.line, text });
            return None;
        }
        let blank = Heading { name: String::new(), meaning: None };
        for (place, cell) in row.cells.iter().enumerate() {
            let heading = sheet.columns.get(place).unwrap_or(&blank);
            if heading.not_taken().is_some() && !is_blank(cell) {
                *self.unread.entry((row.sheet, place)).or_default() += 1;
            }
        }
        let shows_heading = |at: usize| row.merged.iter().any(|one| one.from <= sheet.line && one.covers(at));
        let place = |field| place_of(sheet, field).filter(|at| !shows_heading(*at));
        let cell = |field| place(field).and_then(|at| row.cells.get(at)).filter(|cell| !is_blank(cell));
        let number = cell(Field::Number).map(|cell| one_line(&cell.text())).filter(|text| !text.is_empty());
        Some((number, cell(Field::ReceivedOn).and_then(RawCell::day)))
    }

    /// Content that [`LedgerReader::glance`] found and an import does not read: columns with content, and sheets that
    /// seem to contain cases.
    #[must_use]
    pub fn unread(&self) -> Vec<Unread> {
        let sheets =
            self.headings.unread.iter().filter(|(_, holds_cases)| *holds_cases).map(|(unread, _)| unread.clone());
        let blank = Heading { name: String::new(), meaning: None };
        let columns = self.unread.iter().filter_map(|((sheet, place), cells)| {
            let sheet = self.headings.of_sheet(*sheet)?;
            let heading = sheet.columns.get(*place).unwrap_or(&blank);
            let (code, detail) = heading.not_taken()?;
            Some(Unread {
                sheet: sheet.name.as_deref().map(str::to_owned),
                column: Some(heading.told(*place)),
                code: code.to_owned(),
                detail,
                cells: Some(*cells),
            })
        });
        sheets.chain(columns).collect()
    }

    /// The name of a sheet, in a workbook with several.
    #[must_use]
    pub fn sheet_name(&self, sheet: usize) -> Option<Arc<str>> {
        self.headings.of_sheet(sheet).and_then(|sheet| sheet.name.clone())
    }

    /// The rows that are not cases, as far as [`LedgerReader::glance`] has seen them.
    #[must_use]
    pub fn asides(&self) -> &[Aside] {
        &self.asides
    }

    /// Reads a row. `None` for the headings, the rows above them, and rows that are not cases.
    ///
    /// # Errors
    /// Every fault of the row, each with its column, the content found, and what is accepted.
    pub fn read(&mut self, row: RawRow) -> Option<Result<LedgerRow, Vec<RowFault>>> {
        let sheet = self.headings.of_sheet(row.sheet).filter(|sheet| row.line > sheet.line)?;
        if aside(sheet, &row).is_some() {
            return None;
        }
        let places = COLUMNS.iter().filter_map(|column| Some((column.field, place_of(sheet, column.field)?))).collect();
        let (name, head) = (sheet.name.clone(), sheet.line);
        let RawRow { line, mut cells, mut merged, .. } = row;
        // A cell that is merged with the heading only repeats the heading.
        for one in merged.iter().filter(|one| one.from <= head) {
            cells.iter_mut().enumerate().filter(|(at, _)| one.covers(*at)).for_each(|(_, cell)| *cell = RawCell::EMPTY);
        }
        merged.retain(|one| one.from > head);
        let mut row =
            Row { reader: self, sheet: name, line, places, cells, merged, faults: Vec::new(), remarks: Vec::new() };
        let read = row.read();
        let (faults, remarks) = (row.faults, row.remarks);
        Some(match read {
            Some(read) if faults.is_empty() => Ok(LedgerRow { remarks, ..read }),
            Some(_) | None => Err(faults),
        })
    }
}

pub(super) fn place_of(sheet: &SheetHeadings, field: Field) -> Option<usize> {
    sheet.columns.iter().position(|heading| heading.field() == Some(field))
}

/// Whether a cell is empty, or contains a mark that offices write for "nothing".
fn is_blank(cell: &RawCell) -> bool {
    cell.is_empty() || (matches!(cell, RawCell::Text(_)) && BLANK_MARKS.contains(&half_width(&cell.text()).as_str()))
}

/// Folds line breaks and blanks, and drops hidden characters. Ledgers come from many hands and are full of pasted text;
/// a clerk could not find a hidden character in order to remove it.
pub(super) fn one_line(text: &str) -> String {
    without_hidden(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Row<'a> {
    reader: &'a mut LedgerReader,
    sheet: Option<Arc<str>>,
    line: u32,
    places: HashMap<Field, usize>,
    cells: Vec<RawCell>,
    merged: Vec<Merged>,
    faults: Vec<RowFault>,
    remarks: Vec<Remark>,
}

impl Row<'_> {
    fn cell(&self, field: Field) -> Option<&RawCell> {
        let cell = self.cells.get(*self.places.get(&field)?)?;
        // 无 may be a request or a name; elsewhere it means that there is no content.
        let is_in_words = matches!(field, Field::Request | Field::Applicant | Field::Note | Field::ApplicantKind);
        let is_nothing = if is_in_words { cell.is_empty() } else { is_blank(cell) };
        (!is_nothing).then_some(cell)
    }

    fn fault(&mut self, field: Field, code: &str, detail: impl Into<String>) {
        let is_personal = matches!(
            field,
            Field::Applicant
                | Field::IdentityKind
                | Field::IdentityNumber
                | Field::Telephone
                | Field::Email
                | Field::Address
        );
        let shown = |text: String| text.chars().take(60).collect::<String>();
        self.faults.push(RowFault {
            sheet: self.sheet.as_deref().map(str::to_owned),
            line: self.line,
            column: field.heading().to_owned(),
            found: self.cell(field).filter(|_| !is_personal).map(RawCell::text).map(shown),
            code: code.to_owned(),
            detail: detail.into(),
            article: None,
        });
    }

    /// The text of a cell with content, checked against the length of its column.
    fn text(&mut self, field: Field) -> Option<String> {
        let cell = self.cell(field)?;
        if let Some((code, detail)) = cell.flaw() {
            self.fault(field, code, detail);
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

    /// The text of a cell as one line.
    fn line(&mut self, field: Field) -> Option<String> {
        Some(one_line(&self.text(field)?))
    }

    fn day(&mut self, field: Field) -> Option<NaiveDate> {
        let cell = self.cell(field)?;
        let (day, flaw) = (cell.day(), cell.flaw());
        if day.is_none() {
            let (code, detail) = flaw.unwrap_or((
                "invalid_date",
                "不是存在的日期；可以写作 2024-3-5、2024/3/5、2024.3.5、2024年3月5日、20240305",
            ));
            self.fault(field, code, detail);
        }
        day
    }

    /// A label that must be known. An unknown one is reported.
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
        let at = (self.sheet.clone(), self.line);
        let (count, _) = self.reader.unmapped.entry((field, label)).or_insert((0, at));
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
        if !self.is_one_case() {
            return None;
        }
        self.merged_across();
        let awaits_confirmation =
            self.cell(Field::ReceivedOn).is_none() && self.stage() == Some(words::Status::Unconfirmed);
        for column in COLUMNS.iter().filter(|column| column.is_required) {
            if !(awaits_confirmation && column.field == Field::ReceivedOn) {
                self.required(column.field);
            }
        }
        let received_on = if awaits_confirmation { self.submitted_on() } else { self.day(Field::ReceivedOn) };
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
        self.ended_without_outcome();
        let person = self.person();
        let department = self.line(Field::Department);
        let past = Past {
            number,
            received_on: received_on?,
            awaits_confirmation,
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
        let sheet = self.sheet.clone();
        Some(LedgerRow {
            sheet,
            line: self.line,
            past,
            person,
            department,
            remarks: Vec::new(),
            derived: Derived::default(),
        })
    }

    /// Whether the row is a case of its own. A row that merged cells connect to a row above must have its own number or
    /// request.
    fn is_one_case(&mut self) -> bool {
        let covering = |field: &Field| {
            let at = *self.places.get(field)?;
            let is_said = self.cells.get(at).is_some_and(|cell| !cell.is_empty());
            self.merged.iter().find(|one| is_said && one.from < self.line && one.covers(at)).map(|one| one.from)
        };
        let tied = COLUMNS.iter().filter(|column| column.is_taken).find_map(|column| covering(&column.field));
        let Some(from) = tied else { return true };
        let is_own = |field: Field| covering(&field).is_none() && self.cell(field).is_some();
        let is_numbered_above = covering(&Field::Number).is_some();
        if !is_numbered_above && (is_own(Field::Number) || is_own(Field::Request)) {
            return true;
        }
        let field = if self.places.contains_key(&Field::Number) { Field::Number } else { Field::Request };
        let detail = format!(
            "与第{from}行合并，而没有自己的受理编号、申请内容，不能确定是不是另一件申请；一件申请填一行：同一件的请并为一行，\
             另一件的请填受理编号和申请内容"
        );
        self.fault(field, "merged_row", detail);
        false
    }

    /// Reports cells that are merged across several columns: it is unclear to which column the content belongs.
    fn merged_across(&mut self) {
        let is_taken = |field: &&Field| field.column().is_some_and(|column| column.is_taken);
        let mut faults = Vec::new();
        for one in self.merged.iter().filter(|one| one.last > one.first) {
            let is_said = self.cells.get(one.first).is_some_and(|cell| !cell.is_empty());
            let mut fields: Vec<(usize, Field)> = self
                .places
                .iter()
                .filter(|(field, at)| is_taken(field) && one.covers(**at))
                .map(|(field, at)| (*at, *field))
                .collect();
            fields.sort_unstable();
            if let Some(((_, first), (_, last))) =
                fields.first().zip(fields.last()).filter(|_| is_said && fields.len() > 1)
            {
                faults.push((
                    *first,
                    format!(
                        "与右边直到“{}”的各列合并为一格，不能确定是哪一列的内容；请取消合并，逐列填写",
                        last.heading()
                    ),
                ));
            }
        }
        for (field, detail) in faults {
            self.fault(field, "merged_across", detail);
        }
    }

    /// The status in 环节, if it is a known word.
    fn stage(&self) -> Option<words::Status> {
        words::status(&one_line(&self.cell(Field::Stage)?.text()))
    }

    /// The submission date, for an application whose receipt is not confirmed yet.
    fn submitted_on(&mut self) -> Option<NaiveDate> {
        if self.cell(Field::SubmittedOn).is_none() {
            self.fault(Field::SubmittedOn, "required", "环节为“待确认收到”、没有收到日期的，须填提交日期");
        }
        self.day(Field::SubmittedOn)
    }

    fn ended_without_outcome(&mut self) {
        let is_open = self.cell(Field::Outcome).is_none() && self.cell(Field::RepliedOn).is_none();
        if is_open && self.stage() == Some(words::Status::Ended) {
            let detail = "写明已经办结，而没有处理结果和答复日期；请补填，仍在办理的请改正";
            self.fault(Field::Stage, "outcome_required", detail);
        }
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
        let is_open = |cell: &RawCell| words::status(&one_line(&cell.text())) == Some(words::Status::Open);
        if self.cell(Field::Outcome).is_some_and(is_open) {
            return None;
        }
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

    /// A number of working days, or a last day.
    fn term(&mut self) -> Option<Term> {
        let cell = self.cell(Field::CorrectionTerm)?;
        let days = cell.count().filter(|days| (1..=366).contains(days)).map(Term::Days);
        let term = days.or_else(|| cell.day().map(Term::Until));
        let flaw = cell.flaw();
        if term.is_none() {
            let (code, detail) = flaw.unwrap_or(("invalid_value", "应为1至366个工作日，或者补正的最后日期"));
            self.fault(Field::CorrectionTerm, code, detail);
        }
        term
    }

    fn extension(&mut self) -> Option<PastExtension> {
        let on = self.day(Field::ExtensionOn);
        let days = self.cell(Field::ExtensionDays).map(RawCell::count);
        let flaw = self.cell(Field::ExtensionDays).and_then(RawCell::flaw);
        match (days, on) {
            (None, None) => None,
            (Some(None), _) => {
                let (code, detail) = flaw.unwrap_or(("invalid_value", "应为延长的工作日数，如 20"));
                self.fault(Field::ExtensionDays, code, detail);
                None
            }
            (Some(Some(_)), None) if self.cell(Field::ExtensionOn).is_some() => None,
            // An extension of 0 days is no extension.
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

    /// The parts of a cell with several values, in order. A date cell is one part.
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
        for field in [
            Field::ConsultationParty,
            Field::ConsultationKind,
            Field::ConsultationSentOn,
            Field::ConsultationReturnedOn,
        ] {
            if let Some((code, detail)) = self.cell(field).and_then(RawCell::flaw) {
                self.fault(field, code, detail);
                return Vec::new();
            }
        }
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
            // A single entry applies to all consultations, except for the date of return: one opinion does not answer
            // the others.
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
        let name = self.line(Field::Applicant).unwrap_or_default();
        if is_masked(&name) {
            self.remarks.push(Remark::NameMasked);
        }
        let identity = self.identity();
        let [telephone, email, address] =
            [Field::Telephone, Field::Email, Field::Address].map(|field| self.contact(field));
        Person { name, identity, telephone, email, address }
    }

    /// A contact. A masked or rounded one is left out, with a remark.
    fn contact(&mut self, field: Field) -> Option<String> {
        let text = self.line(field)?;
        if is_masked(&text) || is_rounded(&text) {
            if !self.remarks.contains(&Remark::ContactNotTaken) {
                self.remarks.push(Remark::ContactNotTaken);
            }
            return None;
        }
        Some(text)
    }

    /// The identity number, without the words around it. A masked, rounded or unclear number is treated as missing,
    /// with a remark.
    fn identity(&mut self) -> Option<(IdentityKind, String)> {
        let kind = self.meaning(Field::IdentityKind, |_, word| words::identity_kind(word));
        let is_number = matches!(self.cell(Field::IdentityNumber), Some(RawCell::Number(_)));
        let text = self.line(Field::IdentityNumber)?;
        if is_masked(&text) {
            self.remarks.push(Remark::IdentityMasked);
            return None;
        }
        let text = half_width(&text);
        if (is_number && text.len() > EXACT_DIGITS) || is_rounded(&text) {
            self.remarks.push(Remark::IdentityRounded);
            return None;
        }
        let read = read_identity(kind, &text);
        let remark = match &read {
            None => Remark::IdentityUnclear,
            Some((_, number)) if is_rounded(number) => Remark::IdentityRounded,
            Some(_) => return read,
        };
        self.remarks.push(remark);
        None
    }
}
