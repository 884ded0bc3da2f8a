//! Days as an officer writes them.

use chrono::{Datelike, NaiveDate, Weekday};

/// 2024年3月1日.
#[must_use]
pub fn chinese_date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// The day of the week without 星期: 一 to 日.
#[must_use]
pub fn weekday(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "一",
        Weekday::Tue => "二",
        Weekday::Wed => "三",
        Weekday::Thu => "四",
        Weekday::Fri => "五",
        Weekday::Sat => "六",
        Weekday::Sun => "日",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_from_the_day_order_711_came_into_force() {
        let first = NaiveDate::from_ymd_opt(2019, 5, 15).unwrap();
        assert_eq!(chinese_date(first), "2019年5月15日");
        let week: Vec<_> = first.iter_days().take(7).map(weekday).collect();
        assert_eq!(week, ["三", "四", "五", "六", "日", "一", "二"]);
    }
}
