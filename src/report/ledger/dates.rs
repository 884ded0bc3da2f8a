//! Parses dates as people and programs write them. A text that is not understood completely is invalid: half a date
//! would be a wrong one.

use super::cell::half_width;
use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// Serial numbers accepted as dates, from 2008 on, when the Regulations came into force.
const SERIALS: std::ops::RangeInclusive<i64> = 39_448..=73_050;
/// Valid four-digit years: 02170305 is a typing error.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=9999;
/// Seconds by which Beijing is ahead of UTC.
const BEIJING: i32 = 8 * 3_600;

/// The day in Beijing that a text means: 2017-3-5, 2017/3/5, 2017.3.5, 2017年3月5日, 20170305, 二〇一七年三月五日, each with or
/// without weekday and time of day; an instant with its zone; or the serial number of a spreadsheet.
pub(super) fn day_of(text: &str) -> Option<NaiveDate> {
    let text = half_width(text.trim());
    let day = serial(&text).or_else(|| compact(&text)).or_else(|| written(&text)).or_else(|| english(&text));
    day.filter(|day| YEARS.contains(&day.year()))
}

/// 45356, or 45356.6875 with its time.
fn serial(text: &str) -> Option<NaiveDate> {
    let (days, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    if days.len() != 5 || !is_number(days) || !is_number(fraction) {
        return None;
    }
    let days = days.parse::<i64>().ok().filter(|days| SERIALS.contains(days))?;
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(TimeDelta::days(days))
}

/// 20170305, or 20170305153000.
fn compact(text: &str) -> Option<NaiveDate> {
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit());
    let time = text.get(8..).filter(|time| is_number && matches!(time.len(), 0 | 6))?;
    if !time.is_empty() {
        NaiveTime::parse_from_str(time, "%H%M%S").ok()?;
    }
    NaiveDate::parse_from_str(text.get(..8)?, "%Y%m%d").ok()
}

/// Year, month and day in this order, in digits or in Chinese.
fn written(text: &str) -> Option<NaiveDate> {
    let mut rest = Rest(text);
    let year = rest.year()?;
    let mark = rest.one_of(&['-', '/', '.', '年'])?;
    let month = rest.number(mark == '年')?;
    let closing = if mark == '年' { '月' } else { mark };
    rest.one_of(&[closing])?;
    let day = rest.number(mark == '年')?;
    rest.one_of(&['日', '号']);
    rest.moment(NaiveDate::from_ymd_opt(year, month, day)?)
}

/// `Tue Mar 05 2024 00:30:00 GMT+0800` as browsers write it, `Mon, 04 Mar 2024 16:30:00 GMT` as mail does.
fn english(text: &str) -> Option<NaiveDate> {
    const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = WEEKDAYS.iter().find_map(|weekday| text.strip_prefix(weekday))?.trim_start_matches(',').trim_start();
    let mut words = rest.splitn(4, ' ');
    let (first, second, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let of_month = |word: &str| (1..).zip(MONTHS).find(|(_, name)| *name == word).map(|(month, _)| month);
    let (month, day): (u32, &str) = match of_month(first) {
        Some(month) => (month, second),
        None => (of_month(second)?, first),
    };
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month, day.parse().ok()?)?;
    // The name of the zone may follow its offset.
    let time = time.split_once('(').map_or(time, |(time, _)| time).trim_end();
    Rest(time).moment(date)
}

/// The rest of a text that is being parsed.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn blanks(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn one_of(&mut self, marks: &[char]) -> Option<char> {
        self.blanks();
        let first = self.0.chars().next().filter(|first| marks.contains(first))?;
        self.0 = self.0.get(first.len_utf8()..)?;
        Some(first)
    }

    fn word(&mut self, words: &[&'static str]) -> Option<&'static str> {
        self.blanks();
        let found = words.iter().copied().find(|word| self.0.starts_with(word))?;
        self.0 = self.0.get(found.len()..)?;
        Some(found)
    }

    fn digits(&mut self) -> &'a str {
        self.blanks();
        let end = self.0.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    /// Parses a year of four digits, Arabic or Chinese.
    fn year(&mut self) -> Option<i32> {
        let digits = self.digits();
        let year: i32 = if digits.is_empty() {
            let end = self.0.find('年')?;
            let (letters, rest) = self.0.split_at(end);
            let digits: Option<String> = letters.trim().chars().map(chinese_digit).collect();
            self.0 = rest;
            digits.filter(|digits| digits.len() == 4)?.parse().ok()?
        } else {
            digits.parse().ok().filter(|_| digits.len() == 4)?
        };
        Some(year)
    }

    /// Parses a month or a day, of at most two digits.
    fn number(&mut self, may_be_chinese: bool) -> Option<u32> {
        let digits = self.digits();
        if !digits.is_empty() {
            return digits.parse().ok().filter(|_| digits.len() <= 2);
        }
        let is_numeral =
            |letter: char| letter == '十' || letter == '元' || letter == '廿' || chinese_digit(letter).is_some();
        let end = self.0.find(|letter: char| !is_numeral(letter)).unwrap_or(self.0.len());
        let (letters, rest) = self.0.split_at(end);
        self.0 = rest;
        if letters == "元" { Some(1) } else { chinese_number(letters) }.filter(|_| may_be_chinese)
    }

    /// Parses what follows a date: weekday, time of day, zone. Fails unless the whole text is consumed.
    fn moment(mut self, date: NaiveDate) -> Option<NaiveDate> {
        self.weekday(date)?;
        let time = self.time()?;
        let zone = self.zone()?;
        self.blanks();
        if !self.0.is_empty() {
            return None;
        }
        match (time, zone) {
            (_, None) => Some(date),
            (None, Some(zone)) => (zone.local_minus_utc() == BEIJING).then_some(date),
            (Some(time), Some(zone)) => {
                let instant = NaiveDateTime::new(date, time).and_local_timezone(zone).single()?;
                Some(instant.with_timezone(&FixedOffset::east_opt(BEIJING)?).date_naive())
            }
        }
    }

    /// Parses an optional weekday, such as 星期二 or （周二）. It must match the date.
    fn weekday(&mut self, date: NaiveDate) -> Option<()> {
        const DAYS: [&[&str]; 7] = [&["一"], &["二"], &["三"], &["四"], &["五"], &["六"], &["日", "天"]];
        let before = self.0;
        let is_bracketed = self.one_of(&['(']).is_some();
        if self.word(&["星期", "礼拜", "周"]).is_none() {
            self.0 = before;
            return Some(());
        }
        let weekday = usize::try_from(date.weekday().num_days_from_monday()).ok()?;
        self.word(DAYS.get(weekday)?)?;
        if is_bracketed {
            self.one_of(&[')'])?;
        }
        Some(())
    }

    /// Parses an optional time of day. `Some(None)` if it is missing; `None` if it is invalid.
    fn time(&mut self) -> Option<Option<NaiveTime>> {
        self.one_of(&['T']);
        let half = self.word(&["上午", "下午", "早上", "凌晨", "中午", "晚上", "晚", "AM", "PM"]);
        let before = self.0;
        let Some(hour) = self.number(true) else { return (self.0 == before).then_some(None) };
        let mark = self.one_of(&[':', '时', '点'])?;
        let (minute, second) = if mark == ':' { self.clock()? } else { self.spoken()? };
        let half = half.or_else(|| self.word(&["AM", "PM", "am", "pm"]));
        let is_after_noon = half.is_some_and(|half| matches!(half, "下午" | "晚上" | "晚" | "PM" | "pm"));
        let hour = if is_after_noon && hour < 12 { hour + 12 } else { hour };
        Some(Some(NaiveTime::from_hms_opt(hour, minute, second)?))
    }

    /// Parses minutes and seconds: `30`, `30:15`, `30:15.123`.
    fn clock(&mut self) -> Option<(u32, u32)> {
        let minute = self.digits();
        let mut second = "0";
        if self.one_of(&[':']).is_some() {
            second = self.digits();
            if self.one_of(&['.']).is_some() && self.digits().is_empty() {
                return None;
            }
        }
        Some((minute.parse().ok()?, second.parse().ok()?))
    }

    /// Parses what follows 时: nothing, 30分, 30分15秒, 半, 整.
    fn spoken(&mut self) -> Option<(u32, u32)> {
        if self.word(&["半"]).is_some() {
            return Some((30, 0));
        }
        self.word(&["整", "钟"]);
        let Some(minute) = self.number(true) else { return Some((0, 0)) };
        self.word(&["分"]);
        let Some(second) = self.number(true) else { return Some((minute, 0)) };
        self.word(&["秒"])?;
        Some((minute, second))
    }

    /// Parses an optional zone: `Z`, `+08:00`, `GMT+0800`, `UTC`, 北京时间.
    fn zone(&mut self) -> Option<Option<FixedOffset>> {
        if self.word(&["北京时间", "(北京时间)", "CST", "Asia/Shanghai"]).is_some() {
            return FixedOffset::east_opt(BEIJING).map(Some);
        }
        let named = self.word(&["Z", "z", "UTC", "GMT"]);
        let Some(sign) = self.one_of(&['+', '-']) else {
            return Some(named.and_then(|_| FixedOffset::east_opt(0)));
        };
        let digits = self.digits();
        let (hours, minutes) = match digits.len() {
            4 => digits.split_at_checked(2)?,
            1 | 2 if self.one_of(&[':']).is_some() => (digits, self.digits()),
            1 | 2 => (digits, "0"),
            _ => return None,
        };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hours > 14 || minutes > 59 {
            return None;
        }
        // The zone may be named again, as in `+0000 UTC`.
        self.word(&["UTC", "GMT", "CST"]);
        let seconds = hours * 3_600 + minutes * 60;
        FixedOffset::east_opt(if sign == '-' { -seconds } else { seconds }).map(Some)
    }
}

/// Converts a Chinese digit to a decimal one. 〇 occurs as several characters.
fn chinese_digit(letter: char) -> Option<char> {
    Some(match letter {
        '〇' | '零' | '○' | '◯' | 'O' | 'o' | '0' => '0',
        '一' | '壹' | '1' => '1',
        '二' | '两' | '贰' | '2' => '2',
        '三' | '叁' | '3' => '3',
        '四' | '肆' | '4' => '4',
        '五' | '伍' | '5' => '5',
        '六' | '陆' | '6' => '6',
        '七' | '柒' | '7' => '7',
        '八' | '捌' | '8' => '8',
        '九' | '玖' | '9' => '9',
        _ => return None,
    })
}

/// A Chinese number below a hundred: 五, 十五, 二十, 廿五, 三十一, or digit by digit: 一五.
pub(super) fn chinese_number(text: &str) -> Option<u32> {
    let text = text.replace('廿', "二十").replace('卅', "三十").replace('拾', "十");
    let of = |letters: &str| -> Option<u32> {
        let digits: Option<String> = letters.chars().map(chinese_digit).collect();
        digits.filter(|digits| digits.len() == letters.chars().count())?.parse().ok()
    };
    match text.split_once('十') {
        None => of(&text).filter(|_| text.chars().count() <= 2),
        Some((tens, units)) if tens.chars().count() <= 1 && units.chars().count() <= 1 => {
            let tens = if tens.is_empty() { 1 } else { of(tens)? };
            let units = if units.is_empty() { 0 } else { of(units)? };
            Some(tens * 10 + units)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_that_nobody_means_is_no_day_in_any_form() {
        for text in ["02170305", "0217-03-05", "0217年3月5日", "〇二一七年三月五日", "18991231", "1899-12-31"]
        {
            assert_eq!(day_of(text), None, "{text}");
        }
        assert_eq!(day_of("20170305"), Some(day("2017-03-05")));
    }

    #[test]
    fn an_instant_with_a_zone_is_the_beijing_day() {
        for (text, expected) in [
            ("2024-03-04T16:30:00Z", "2024-03-05"),
            ("2024-03-04T15:59:59Z", "2024-03-04"),
            ("2024-03-04T16:00:00Z", "2024-03-05"),
            ("2024-03-04T18:30:00Z", "2024-03-05"),
            ("2024-03-04T16:30:00.000Z", "2024-03-05"),
            ("2024-03-05T00:30:00+08:00", "2024-03-05"),
            ("2024-03-04T16:30:00+00:00", "2024-03-05"),
            ("2024-03-04T16:30:00-00:00", "2024-03-05"),
            ("2024-03-05T07:30:00+0900", "2024-03-05"),
            ("2024-03-05T00:30:00+09:00", "2024-03-04"),
            ("2024-03-04T11:30:00-05:00", "2024-03-05"),
            ("2024-03-04 16:30:00 UTC", "2024-03-05"),
            ("2024-03-04 16:30:00 +0000 UTC", "2024-03-05"),
            ("2024/3/4 16:30 GMT", "2024-03-05"),
            ("2024-03-05 00:30 北京时间", "2024-03-05"),
            ("2024-03-05 00:30（北京时间）", "2024-03-05"),
            ("Tue Mar 05 2024 00:30:00 GMT+0800", "2024-03-05"),
            ("Tue Mar 05 2024 00:30:00 GMT+0800 (中国标准时间)", "2024-03-05"),
            ("Mon Mar 04 2024 16:30:00 GMT+0000", "2024-03-05"),
            ("Mon, 04 Mar 2024 16:30:00 GMT", "2024-03-05"),
            ("2023-12-31T16:00:00Z", "2024-01-01"),
            ("2024-02-28T16:00:00Z", "2024-02-29"),
            ("2024-03-05+08:00", "2024-03-05"),
        ] {
            assert_eq!(day_of(text), Some(day(expected)), "{text}");
        }
        for unclear in ["2024-03-05Z", "2024-03-04T16:30:00+99:00", "2024-03-04T16:30:00 EST", "1709569800"] {
            assert_eq!(day_of(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn chinese_digits_and_the_halves_of_the_day_are_read() {
        for (text, expected) in [
            ("二〇二四年三月五日", "2024-03-05"),
            ("二○二四年三月五日", "2024-03-05"),
            ("二零二四年三月五号", "2024-03-05"),
            ("二Ｏ二四年三月五日", "2024-03-05"),
            ("二〇二四年十二月三十一日", "2024-12-31"),
            ("二〇二四年十月十日", "2024-10-10"),
            ("二〇二四年十一月二十日", "2024-11-20"),
            ("二〇二四年元月廿五日", "2024-01-25"),
            ("2024年三月五日", "2024-03-05"),
            ("2024年元月5日", "2024-01-05"),
            ("二〇二四年三月五日上午九时三十分", "2024-03-05"),
            ("2024-3-5 上午", "2024-03-05"),
            ("2024年3月5日下午", "2024-03-05"),
            ("2024年3月5日下午3:30", "2024-03-05"),
            ("2024年3月5日 下午11时59分", "2024-03-05"),
            ("2024/3/5 上午 9:05:00", "2024-03-05"),
            ("2024/3/5 9:05 PM", "2024-03-05"),
            ("2024-3-5 9点半", "2024-03-05"),
            ("2024年3月5日 星期二", "2024-03-05"),
            ("2024年3月5日（周二）9:00", "2024-03-05"),
            ("20240305093000", "2024-03-05"),
            ("45356.6875", "2024-03-05"),
        ] {
            assert_eq!(day_of(text), Some(day(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_to_the_end_is_no_day() {
        for text in [
            "2024-3-5至2024-3-8",
            "2024-3-5、2024-3-8",
            "2024-3-5 补正后",
            "2024-3-5 收到",
            "2024-3-5 25:00",
            "2024-3-5 24:00",
            "2024-3-5 123",
            "2024年3月5日（周三）",
            "二〇二四年三月",
            "二四年三月五日",
            "二〇二四年十三月五日",
            "二〇二四年二月三十日",
            "三月五日",
            "2024年初",
            "24-3-5",
            "3/5/2024",
            "45356.",
            "99999",
            "2024-3-5-1",
            "2024年3月5日前",
            "约2024年3月5日",
        ] {
            assert_eq!(day_of(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_below_a_hundred_are_read_in_chinese() {
        for (text, number) in
            [("五", 5), ("十", 10), ("十五", 15), ("二十", 20), ("廿五", 25), ("三十一", 31), ("一五", 15)]
        {
            assert_eq!(chinese_number(text), Some(number), "{text}");
        }
        for none in ["", "百", "二十五五", "十十", "五百"] {
            assert_eq!(chinese_number(none), None, "{none}");
        }
    }
}
