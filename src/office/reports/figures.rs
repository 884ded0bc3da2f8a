//! The figures an office enters: table two and the sections it writes itself.

use super::super::{Caller, OfficeError, Reports};
use super::{FIRST_YEAR, ReportScope};
use crate::case::{AuditAction, Role};
use crate::report::annual::{Form, OwnFigures};
use crate::store::reports::{self, FiguresRow};
use crate::store::{Db, OrganId, people::organs};
use chrono::Datelike;

/// The roles that may enter figures.
pub const FIGURE_WRITERS: &[Role] = &[Role::Clerk, Role::OfficeHead];

/// The version of figures not entered yet.
const NONE_YET: i64 = 1;

/// Maximum length of a section, in characters.
const LONGEST_PART: usize = crate::case::text::LONGEST_TEXT;

/// The figures of an organ for a year. [`NONE_YET`] is the version if none were entered.
#[derive(Debug, Clone, PartialEq)]
pub struct FiguresView {
    /// The figures.
    pub own: OwnFigures,
    /// Their version.
    pub version: i64,
}

impl OwnFigures {
    /// The figures the organs of a scope entered for its year. Empty for a part of a year, which has no table two.
    pub(super) fn of(db: &mut Db, scope: &ReportScope) -> Result<Self, OfficeError> {
        if scope.name != format!("{}年", scope.year) {
            return Ok(Self::default());
        }
        let mut own = Self::default();
        let mut others = Vec::new();
        for row in reports::figures(db, &scope.ids(), scope.year)? {
            let figures = read(&row.body)?;
            if row.organ_id == scope.organ.id { own = figures } else { others.push(figures) }
        }
        Ok(Self::sum(own, &others))
    }
}

fn read(body: &str) -> Result<OwnFigures, OfficeError> {
    serde_json::from_str(body).map_err(|error| OfficeError::unreadable(format!("report figures: {error}")))
}

fn written(own: &OwnFigures) -> String {
    let OwnFigures { part_one, part_five, part_six, .. } = own;
    serde_json::json!({ "table2": own, "part_one": part_one, "part_five": part_five, "part_six": part_six }).to_string()
}

impl Reports<'_> {
    /// The figures entered for a year.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] for a year that cannot have a report.
    pub fn report_figures(&self, organ: OrganId, year: i32) -> Result<FiguresView, OfficeError> {
        self.store().read(|db| self.figures_of(db, organ, year))
    }

    fn figures_of(&self, db: &mut Db, organ: OrganId, year: i32) -> Result<FiguresView, OfficeError> {
        if !(FIRST_YEAR..=self.clock().today().year()).contains(&year) {
            return Err(OfficeError::NotFound);
        }
        match reports::figures(db, &[organ], year)?.pop() {
            Some(row) => Ok(FiguresView { own: read(&row.body)?, version: row.version }),
            None => Ok(FiguresView { own: OwnFigures::default(), version: NONE_YET }),
        }
    }

    /// Replaces the figures for a year. `expected` is the version the caller saw.
    ///
    /// # Errors
    /// As [`Reports::report_figures`]; [`OfficeError::Invalid`] with every figure that does not fit the form of the
    /// year; [`OfficeError::Stale`] if the version differs; [`OfficeError::Conflict`] once the report on that year is
    /// published.
    pub fn set_report_figures(
        &self,
        caller: &Caller,
        (organ, year): (OrganId, i32),
        own: OwnFigures,
        expected: i64,
    ) -> Result<FiguresView, OfficeError> {
        self.store().write(|db| {
            // Publishing locks the organ too, so that the published figures are the ones entered.
            organs::lock(db, organ)?;
            let current = self.figures_of(db, organ, year)?.version;
            let mut checks = crate::office::service::validation::Checks::new();
            for (pointer, detail) in own.faults(Form::of_year(year)) {
                checks.fault(&pointer, "invalid_value", detail);
            }
            for (pointer, text) in
                [("/part_one", &own.part_one), ("/part_five", &own.part_five), ("/part_six", &own.part_six)]
            {
                if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_PART) {
                    checks.fault(pointer, "too_long", format!("最多{LONGEST_PART}个字"));
                }
            }
            checks.done()?;
            if reports::kept(db, organ, year)?.is_some() {
                let detail = "该年度报告已经公布，填写的数字不能再改；需要更正的，按规定更正公布的报告".to_owned();
                return Err(OfficeError::Conflict { code: "report_published".into(), detail });
            }
            if current != expected {
                return Err(OfficeError::Stale);
            }
            let row = FiguresRow {
                organ_id: organ,
                year,
                body: written(&own),
                version: expected + 1,
                updated_by: caller.user_id,
                updated_at: self.clock().now(),
            };
            reports::put_figures(db, &row, (expected > NONE_YET).then_some(expected))?;
            self.people().note(
                db,
                caller,
                Some(organ),
                AuditAction::ReportFiguresSet,
                &serde_json::json!({ "year": year, "version": row.version }),
            )?;
            Ok(FiguresView { own, version: row.version })
        })
    }
}
