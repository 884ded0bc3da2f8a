//! Days of rest and of work that hold in one region only (全国年节及纪念日放假办法, Art. 4; orders approved by the State Council).

use crate::law::calendar::Calendar;
use crate::law::calendar::check::CalendarError;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::LazyLock;

/// What a region does differently from the national calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// Short name used by organs and in the calendar's version, e.g. `CN-GX`.
    pub region: String,
    /// Whom it binds.
    pub place: String,
    /// The instrument, or what is known of it.
    pub basis: String,
    /// Days of rest. In files also spans: `2023-06-28..30`, `2025-03-31..04-01`.
    #[serde(default, deserialize_with = "days_or_spans")]
    pub off: Vec<NaiveDate>,
    /// Weekend days worked in exchange.
    #[serde(default)]
    pub work: Vec<NaiveDate>,
}

/// The longest span a file may name; longer is a slip of the pen.
const LONGEST_SPAN_DAYS: usize = 31;

static KNOWN: LazyLock<Vec<Overlay>> = LazyLock::new(|| {
    Overlay::list_from_json(include_str!("../../../config/calendar/overlays.json")).unwrap_or_default()
});

impl Overlay {
    /// The embedded overlays. They are examples that were read, not a complete collection.
    #[must_use]
    pub fn known() -> &'static [Self] {
        &KNOWN
    }

    /// The embedded overlay of a region.
    #[must_use]
    pub fn of_region(region: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|overlay| overlay.region == region)
    }

    /// Reads a list of overlays.
    ///
    /// # Errors
    /// [`CalendarError::Unreadable`] with the place in the text.
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, CalendarError> {
        serde_json::from_str(text).map_err(|error| CalendarError::Unreadable { detail: error.to_string() })
    }

    pub(in crate::law) fn check(&self, calendar: &Calendar) -> Result<(), CalendarError> {
        if self.region.trim().is_empty() {
            return Err(CalendarError::OverlayWithoutRegion);
        }
        for day in self.off.iter().chain(&self.work) {
            if *day < calendar.first_day() || *day > calendar.last_day() {
                return Err(CalendarError::OutsideCalendar { date: *day });
            }
        }
        for day in &self.work {
            if self.off.contains(day) {
                return Err(CalendarError::OffAndWork { date: *day });
            }
            if calendar.is_working_day(*day) == Ok(true) {
                return Err(CalendarError::WorkedAlready { date: *day });
            }
        }
        Ok(())
    }
}

fn days_or_spans<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NaiveDate>, D::Error> {
    let mut days = Vec::new();
    for text in Vec::<String>::deserialize(deserializer)? {
        let span = span(&text).ok_or_else(|| serde::de::Error::custom(format!("不是日期或日期区间：{text}")))?;
        days.extend(span);
    }
    Ok(days)
}

/// `2023-06-28`, `2023-06-28..30` or `2025-03-31..04-01`.
fn span(text: &str) -> Option<Vec<NaiveDate>> {
    let (first, last) = text.split_once("..").map_or((text, ""), |(first, last)| (first, last));
    let from: NaiveDate = first.parse().ok()?;
    let through: NaiveDate = match last.len() {
        0 if !text.contains("..") => from,
        2 => format!("{}-{last}", from.format("%Y-%m")).parse().ok()?,
        5 => format!("{}-{last}", from.format("%Y")).parse().ok()?,
        _ => return None,
    };
    let days: Vec<_> = from.iter_days().take_while(|day| *day <= through).take(LONGEST_SPAN_DAYS + 1).collect();
    (!days.is_empty() && days.len() <= LONGEST_SPAN_DAYS).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlay(off: &[&str], work: &[&str]) -> Overlay {
        let text =
            serde_json::json!([{"region": "X", "place": "x", "basis": "x", "off": off, "work": work}]).to_string();
        Overlay::list_from_json(&text).unwrap().remove(0)
    }

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_overlay_may_name_the_calendars_first_and_last_day_and_none_beyond() {
        let national = Calendar::national();
        let day = |day: NaiveDate| day.to_string();
        let (first, last) = (national.first_day(), national.last_day());
        let takes = |off: NaiveDate| national.with_overlay(&overlay(&[&day(off)], &[])).is_ok();
        assert!(takes(first) && takes(last));
        assert!(!takes(first.pred_opt().unwrap()) && !takes(last.succ_opt().unwrap()));
        assert_eq!(Overlay::known().len(), 8);
    }

    #[test]
    fn the_embedded_overlays_are_readable_and_lie_on_the_national_calendar() {
        let list = Overlay::list_from_json(include_str!("../../../config/calendar/overlays.json")).unwrap();
        assert_eq!(list.len(), 8);
        for overlay in &list {
            let calendar = Calendar::national().with_overlay(overlay).unwrap();
            assert!(overlay.off.iter().all(|day| calendar.is_working_day(*day) == Ok(false)), "{}", overlay.region);
            assert!(overlay.work.iter().all(|day| calendar.is_working_day(*day) == Ok(true)), "{}", overlay.region);
            assert!(calendar.version().ends_with(&format!("+{}", overlay.region)));
            assert_ne!(calendar.version().get(..25), Calendar::national().version().get(..25));
        }
    }

    #[test]
    fn a_region_that_extends_a_holiday_moves_the_due_date() {
        let hubei = Calendar::national().with_overlay(Overlay::of_region("CN-HB").unwrap()).unwrap();
        assert_eq!(Calendar::national().add_working_days(d("2020-01-17"), 20), Ok(d("2020-02-21")));
        assert_eq!(hubei.add_working_days(d("2020-01-17"), 20), Ok(d("2020-03-05")));
    }

    #[test]
    fn a_region_may_rest_on_a_day_the_nation_works_in_exchange() {
        let liangshan = Calendar::national().with_overlay(Overlay::of_region("CN-SC-Liangshan").unwrap()).unwrap();
        assert_eq!(Calendar::national().is_working_day(d("2011-10-08")), Ok(true));
        assert_eq!(liangshan.is_working_day(d("2011-10-08")), Ok(false));
        assert_eq!(liangshan.is_working_day(d("2011-07-31")), Ok(true), "a Sunday worked");
    }

    #[test]
    fn spans_are_read_within_a_month_and_across_one() {
        assert_eq!(overlay(&["2023-06-28..30"], &[]).off, vec![d("2023-06-28"), d("2023-06-29"), d("2023-06-30")]);
        assert_eq!(overlay(&["2025-03-31..04-01"], &[]).off, vec![d("2025-03-31"), d("2025-04-01")]);
        assert_eq!(overlay(&["2023-04-21"], &[]).off, vec![d("2023-04-21")]);
    }

    #[test]
    fn a_span_that_is_none_is_refused() {
        for text in ["2023-06-28..", "2023-06-28..27", "2023-02-29", "2023-01-01..12-31", "2023-06-28..5", "..", ""] {
            assert_eq!(span(text), None, "{text}");
        }
        assert_eq!(span("2023-05-01..05-31").map(|days| days.len()), Some(31), "the longest that is allowed");
        assert_eq!(span("2023-05-01..06-01"), None);
    }

    #[test]
    fn an_overlay_that_contradicts_itself_or_the_calendar_is_refused() {
        let nation = Calendar::national();
        let refused = |overlay: Overlay| nation.with_overlay(&overlay).unwrap_err();
        assert_eq!(
            refused(overlay(&["2024-04-13"], &["2024-04-13"])),
            CalendarError::OffAndWork { date: d("2024-04-13") }
        );
        assert_eq!(refused(overlay(&[], &["2024-04-12"])), CalendarError::WorkedAlready { date: d("2024-04-12") });
        assert_eq!(refused(overlay(&["2027-01-01"], &[])), CalendarError::OutsideCalendar { date: d("2027-01-01") });
        assert_eq!(refused(overlay(&["2007-12-31"], &[])), CalendarError::OutsideCalendar { date: d("2007-12-31") });
        let nameless = Overlay { region: " ".to_owned(), ..overlay(&[], &[]) };
        assert_eq!(refused(nameless), CalendarError::OverlayWithoutRegion);
    }
}
