//! Series of numbers: each is where the drawn numbers and the recorded raises put it, and every drawn number is in use.

use super::Checker;
use crate::case::numbering::numbered;
use crate::case::{AuditAction, OrganRules};
use crate::office::OfficeError;
use crate::office::evidence::finding::{Finding, FindingKind};
use crate::office::ledger::own_place;
use crate::store::evidence::checks;
use crate::store::evidence::numbers::{self, Raise, SeriesName};
use crate::store::people::organs::{self, OrganRow};
use crate::store::{Db, ImportId, OrganId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Missing numbers named of one series.
const MOST_NAMED: usize = 100;

/// The raises on record, by series.
type Raises = BTreeMap<SeriesName, Vec<Raise>>;

impl Checker<'_> {
    pub(super) fn numbers(&mut self, db: &mut Db) -> Result<(), OfficeError> {
        let organs: HashMap<OrganId, OrganRow> = organs::all(db)?.into_iter().map(|row| (row.id, row)).collect();
        let (drawn, reached) = (numbers::drawn(db)?, numbers::reached(db)?);
        let raises = self.raises(db)?;
        let series: BTreeSet<&SeriesName> = drawn.keys().chain(reached.keys()).chain(raises.keys()).collect();
        for name in series {
            let raised = raises.get(name).map_or(&[][..], Vec::as_slice);
            let lawful = raised.iter().map(|raise| raise.to.saturating_sub(raise.from));
            let count = drawn.get(name).copied().unwrap_or(0);
            let expected = lawful.fold(count, i64::saturating_add);
            let last = reached.get(name).copied().unwrap_or(0);
            if last == expected {
                continue;
            }
            let (organ, year, kind) = name;
            let finding = Finding::new(FindingKind::CounterChanged, "counters").of(organ.0);
            let code = organs.get(organ).map(|organ| organ.code.as_str());
            let expected = format!("{expected}（编号 {count} 个，登记在案的提高 {} 个）", expected - count);
            self.note(finding.numbered(code).on(format!("{kind} {year}")).says(last.to_string(), expected));
            if let Some(organ) = organs.get(organ).filter(|_| kind == "registration") {
                self.missing_numbers(db, organ, *year, last.max(count), raised)?;
            }
        }
        self.imports(db, &organs)
    }

    fn raises(&mut self, db: &mut Db) -> Result<Raises, OfficeError> {
        let mut raises = Raises::new();
        for (id, organ, raise) in numbers::raises(db)? {
            match organ.zip(raise) {
                Some((organ, raise)) => {
                    raises.entry((organ, raise.year, raise.series.clone())).or_default().push(raise);
                }
                None => self.note(Finding::new(FindingKind::RowUnreadable, "audit_log").of(id.0).on("detail")),
            }
        }
        Ok(raises)
    }

    /// Names the numbers up to `last` that no case has, as far as the present pattern of the organ can read them.
    fn missing_numbers(
        &mut self,
        db: &mut Db,
        organ: &OrganRow,
        year: i32,
        last: i64,
        raised: &[Raise],
    ) -> Result<(), OfficeError> {
        let Ok(rules) = crate::store::stored_object::<OrganRules>(&organ.settings) else { return Ok(()) };
        let in_use: BTreeSet<i64> = numbers::in_use(db, organ.id)?
            .iter()
            .filter_map(|number| own_place(&rules.number_pattern, number))
            .filter_map(|(of, seq)| (of == year).then_some(seq))
            .collect();
        let is_raised = |seq: &i64| raised.iter().any(|raise| *seq > raise.from && *seq <= raise.to);
        // A counter that was set far ahead has no missing numbers to name.
        let highest = in_use.last().copied().unwrap_or(0).min(last);
        let missing = (1..=highest).filter(|seq| !in_use.contains(seq) && !is_raised(seq));
        for seq in missing.take(MOST_NAMED).collect::<Vec<_>>() {
            let number = numbered(&rules.number_pattern, year, seq);
            self.note(Finding::new(FindingKind::NumberMissing, "cases").of(organ.id.0).numbered(Some(&number)).at(seq));
        }
        Ok(())
    }

    /// The cases of imported ledgers against the entries of their imports.
    fn imports(&mut self, db: &mut Db, organs: &HashMap<OrganId, OrganRow>) -> Result<(), OfficeError> {
        let mut created: BTreeMap<OrganId, i64> = BTreeMap::new();
        let sizes = checks::import_sizes(db)?;
        for (organ, detail) in checks::details(db, AuditAction::LedgerImported.code())? {
            let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
            let count = detail.get("created").and_then(serde_json::Value::as_i64).unwrap_or(0);
            let import = detail.get("import").and_then(serde_json::Value::as_str).and_then(|id| id.parse().ok());
            if let Some(id) = import.map(ImportId) {
                let size = sizes.get(&id).copied().unwrap_or(0);
                if size != count {
                    let finding = Finding::new(FindingKind::ImportMissing, "ledger_imports").of(id.0);
                    let code = organ.and_then(|organ| organs.get(&organ)).map(|organ| organ.code.as_str());
                    self.note(finding.numbered(code).says(size.to_string(), count.to_string()));
                }
            }
            if let Some(organ) = organ {
                let sum = created.entry(organ).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        let stored = checks::imported_rows(db)?;
        for (organ, expected) in created {
            let written = stored.get(&organ).copied().unwrap_or(0);
            // More rows are those of a release that recorded no imports.
            if written < expected {
                let finding = Finding::new(FindingKind::ImportMissing, "ledger_rows").of(organ.0);
                let code = organs.get(&organ).map(|organ| organ.code.as_str());
                self.note(finding.numbered(code).says(written.to_string(), expected.to_string()));
            }
        }
        Ok(())
    }
}
