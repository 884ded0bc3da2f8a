//! Numbers as reports print them, put into ASCII digits: ２２３件, 1,223件, 二百二十三件, 二〇二四年.

use std::collections::BTreeMap;

/// A text without white space, whose counts, years and months are ASCII digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    /// The letters.
    pub letters: Vec<char>,
    /// Where a number begins that the source prints in another way, with that way.
    printed: BTreeMap<usize, String>,
}

/// Units of what is counted; 元 is the unit of fees.
const UNITS: [char; 5] = ['件', '份', '起', '宗', '元'];
/// Letters between a number and its unit that make the number a lower bound.
pub(super) const MORE: [char; 2] = ['余', '多'];

/// Names in which a mark is no end of a clause.
const JOINED: [(&str, &str); 4] = [
    ("“三安全一稳定”", "三安全一稳定"),
    ("信访、举报、投诉", "信访举报投诉"),
    ("法律、行政法规", "法律行政法规"),
    ("\"三安全一稳定\"", "三安全一稳定"),
];

pub(super) fn is_unit(letter: char) -> bool {
    UNITS.contains(&letter)
}

impl Plain {
    /// Reads a text.
    pub fn new(text: &str) -> Self {
        let joined = JOINED.iter().fold(text.to_owned(), |text, (name, plain)| text.replace(name, plain));
        let source: Vec<char> = joined.chars().filter(|letter| !letter.is_whitespace()).collect();
        let narrow: Vec<char> = source.iter().copied().map(narrow).collect();
        let mut plain = Self { letters: Vec::with_capacity(narrow.len()), printed: BTreeMap::new() };
        let mut at = 0;
        while at < narrow.len() {
            let (length, digits) = read(&narrow, at);
            let end = at + length;
            let printed = source.get(at..end).unwrap_or_default();
            if digits.as_slice() != printed && digits.iter().all(char::is_ascii_digit) {
                plain.printed.insert(plain.letters.len(), printed.iter().collect());
            }
            plain.letters.extend(digits);
            at = end;
        }
        plain
    }

    /// The letters between two places.
    pub fn slice(&self, from: usize, to: usize) -> String {
        self.letters.get(from..to).unwrap_or_default().iter().collect()
    }

    /// The number at a place as the source prints it, and what follows it up to `end`.
    pub fn printed(&self, at: usize, digits: usize, end: usize) -> String {
        let number = self.printed.get(&at).cloned().unwrap_or_else(|| self.slice(at, at + digits));
        number + &self.slice(at + digits, end)
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }
}

/// １ → 1.
fn narrow(letter: char) -> char {
    let digit = u32::from(letter).checked_sub(u32::from('０')).filter(|digit| *digit < 10);
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(letter)
}

/// How many letters belong together at a place, and what they are in ASCII digits; other letters are what they are.
fn read(letters: &[char], at: usize) -> (usize, Vec<char>) {
    let run = |is: fn(char) -> bool| letters.iter().skip(at).take_while(|letter| is(**letter)).count();
    let digits = run(|letter| letter.is_ascii_digit());
    let numerals = run(is_numeral);
    let (length, number) = match (digits, numerals) {
        (0, 0) => (1, None),
        (0, length) => (length, spelt(letters, at, at + length)),
        (length, _) => match grouped(letters, at, length) {
            Some((length, number)) => (length, Some(number)),
            None => (length, None),
        },
    };
    let same = || letters.get(at..at + length).unwrap_or_default().to_vec();
    (length, number.map_or_else(same, |number| number.chars().collect()))
}

/// Whether a unit of count follows, behind 余 or 多 if need be.
fn is_count(letters: &[char], end: usize) -> bool {
    let next = letters.get(end).copied().unwrap_or(' ');
    let unit = if MORE.contains(&next) { letters.get(end + 1).copied().unwrap_or(' ') } else { next };
    is_unit(unit)
}

/// `1,223件`: groups of three digits behind the first one to three. `分别为1，223件` may be two numbers.
fn grouped(letters: &[char], at: usize, first: usize) -> Option<(usize, String)> {
    let starts = (1..=3).contains(&first) && letters.get(at) != Some(&'0');
    let is_behind_point = at.checked_sub(1).and_then(|before| letters.get(before)) == Some(&'.');
    let mut number: String = letters.get(at..at + first)?.iter().collect();
    let mut end = at + first;
    while matches!(letters.get(end), Some(',' | '，')) {
        let digits = letters.iter().skip(end + 1).take_while(|letter| letter.is_ascii_digit()).count();
        if digits != 3 {
            break;
        }
        number.extend(letters.get(end + 1..end + 4)?);
        end += 4;
    }
    let head: String = letters.get(at.saturating_sub(3)..at)?.iter().collect();
    let is_list = ["分别为", "分别是", "各为"].iter().any(|words| head.ends_with(words));
    (starts && !is_behind_point && end > at + first && is_count(letters, end) && !is_list).then(|| (end - at, number))
}

const DIGITS: [(char, u32); 14] = [
    ('〇', 0),
    ('○', 0),
    ('零', 0),
    ('一', 1),
    ('二', 2),
    ('两', 2),
    ('三', 3),
    ('四', 4),
    ('五', 5),
    ('六', 6),
    ('七', 7),
    ('八', 8),
    ('九', 9),
    ('Ｏ', 0),
];
const POWERS: [(char, u32); 3] = [('千', 1000), ('百', 100), ('十', 10)];

fn digit(letter: char) -> Option<u32> {
    DIGITS.iter().find(|(numeral, _)| *numeral == letter).map(|(_, digit)| *digit)
}

fn power(letter: char) -> Option<u32> {
    POWERS.iter().find(|(numeral, _)| *numeral == letter).map(|(_, power)| *power)
}

fn is_numeral(letter: char) -> bool {
    digit(letter).is_some() || power(letter).is_some() || letter == '万'
}

/// A number in Chinese numerals where it is a count, a year, a month or a day.
fn spelt(letters: &[char], at: usize, end: usize) -> Option<String> {
    let numerals = letters.get(at..end)?;
    let next = letters.get(end).copied().unwrap_or(' ');
    let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied().unwrap_or(' ');
    if next == '年' {
        return positional(numerals).filter(|_| numerals.len() == 4);
    }
    if next == '月' || next == '日' {
        return value(numerals).filter(|day| (1..=31).contains(day)).map(|day| day.to_string());
    }
    // 数十件, 几百件, 上百件, 第三件, 每一件.
    let is_vague = "数几上成第每".contains(before) || before.is_ascii_digit() || before == '.';
    if is_vague || !is_count(letters, end) || is_idiom(letters, at, end) {
        return None;
    }
    let is_more = MORE.contains(&next);
    let number = match numerals {
        // 百余件, 千余件; 百件 alone is a way of speaking.
        [one] if *one != '十' && power(*one).is_some() => power(*one).filter(|_| is_more),
        _ => value(numerals),
    };
    number.map(|number| number.to_string())
}

/// 一件 that counts nothing: 高效办成一件事, 同一件, 与业务一起研究, 做到受理一件、办结一件.
fn is_idiom(letters: &[char], at: usize, end: usize) -> bool {
    const ONE_OF: &str = "逐同任某哪这那唯另头单";
    const VERBS: [&str; 8] = ["受理", "登记", "办理", "办结", "答复", "回复", "处理", "解决"];
    const RESOLVE: [&str; 8] = ["做到", "确保", "坚持", "力求", "力争", "务求", "实现", "努力"];
    if letters.get(at..end) != Some(&['一']) {
        return false;
    }
    let next = letters.get(end + 1).copied().unwrap_or('。');
    let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied().unwrap_or(' ');
    if ONE_OF.contains(before) || "事件套".contains(next) {
        return true;
    }
    let start = letters.iter().take(at).rposition(|letter| "。；！？".contains(*letter)).map_or(0, |mark| mark + 1);
    let head: String = letters.get(start..at).unwrap_or_default().iter().collect();
    let rest: String = letters.iter().skip(end + 1).take_while(|letter| !"。；！？".contains(**letter)).collect();
    if letters.get(end) == Some(&'起') {
        let is_case = ["案件", "复议", "诉讼", "发生"].iter().any(|word| head.ends_with(word)) || "案行".contains(next);
        let is_together =
            head.rsplit(['，', ',', '、']).next().is_some_and(|clause| clause.contains(['与', '同', '跟', '和']));
        return !is_case || is_together;
    }
    let is_verb = VERBS.iter().any(|verb| head.ends_with(verb));
    RESOLVE.iter().any(|word| head.contains(word)) || is_verb && (head.contains("一件") || rest.contains("一件"))
}

/// 二〇二四, 二二三: each numeral a digit.
fn positional(numerals: &[char]) -> Option<String> {
    numerals.iter().map(|letter| char::from_digit(digit(*letter)?, 10)).collect()
}

/// What numerals are worth; `None` for what is no exact number: 二三十, 两三, 二百三.
fn value(numerals: &[char]) -> Option<u32> {
    let is_zero = |letter: &char| digit(*letter) == Some(0);
    if numerals.len() > 1 && numerals.iter().all(|letter| digit(*letter).is_some()) {
        let is_plain = numerals.len() > 2 || numerals.iter().any(is_zero);
        return positional(numerals).filter(|_| is_plain && numerals.len() < 10)?.parse().ok();
    }
    match numerals.iter().position(|letter| *letter == '万') {
        Some(at) => {
            let (head, tail) = (numerals.get(..at)?, numerals.get(at + 1..)?);
            let head = below_ten_thousand(head)?;
            let tail = if tail.is_empty() { 0 } else { below_ten_thousand(tail).filter(|_| tail.len() > 1)? };
            head.checked_mul(10_000)?.checked_add(tail)
        }
        None => below_ten_thousand(numerals),
    }
}

/// 二百二十三, 一千零五, 十二, 两百. A last digit follows 十 or 零, or is alone.
fn below_ten_thousand(numerals: &[char]) -> Option<u32> {
    let (mut sum, mut last_power, mut pending, mut behind_zero) = (0_u32, 10_000, None, false);
    for (at, letter) in numerals.iter().enumerate() {
        match (digit(*letter), power(*letter)) {
            (Some(0), _) if pending.is_none() => behind_zero = true,
            (Some(worth), _) if pending.is_none() => pending = Some(worth),
            (None, Some(power)) if power < last_power => {
                let worth = pending.take().or((power == 10 && at == 0).then_some(1))?;
                (sum, last_power, behind_zero) = (sum + worth * power, power, false);
            }
            (Some(_) | None, _) => return None,
        }
    }
    let is_read = last_power == 10 || behind_zero || last_power == 10_000;
    match pending {
        Some(worth) => is_read.then_some(sum + worth),
        None => (last_power < 10_000 || numerals.len() == 1).then_some(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_in_any_spelling_is_in_ascii_digits_and_its_spelling_is_kept() {
        for (text, plain, printed) in [
            ("收到二百二十三件", "收到223件", "二百二十三件"),
            ("收到２２３件", "收到223件", "２２３件"),
            ("收到1,223件", "收到1223件", "1,223件"),
            ("收到1，223件", "收到1223件", "1，223件"),
            ("收到１，２２３件", "收到1223件", "１，２２３件"),
            ("收到十二起", "收到12起", "十二起"),
            ("收到一千零五份", "收到1005份", "一千零五份"),
            ("收到一千二百三十四件", "收到1234件", "一千二百三十四件"),
            ("收到两百件", "收到200件", "两百件"),
            ("收到一万二千件", "收到12000件", "一万二千件"),
            ("收到二百余件", "收到200余件", "二百余件"),
            ("收到百余件", "收到100余件", "百余件"),
            ("收到一〇五件", "收到105件", "一〇五件"),
            ("收到零件", "收到0件", "零件"),
            ("收到十件", "收到10件", "十件"),
            ("收到223件", "收到223件", "223件"),
        ] {
            let read = Plain::new(text);
            assert_eq!(read.text(), plain, "{text}");
            let digits = plain.chars().filter(char::is_ascii_digit).count();
            assert_eq!(read.printed(2, digits, read.letters.len()), printed, "{text}");
        }
    }

    #[test]
    fn years_months_and_days_in_numerals_are_read() {
        for (text, plain) in [
            ("二〇二三年", "2023年"),
            ("二○二四年三月", "2024年3月"),
            ("２０２３年", "2023年"),
            ("截至十二月三十一日", "截至12月31日"),
            ("上一年、近三年、一年来", "上一年、近三年、一年来"),
        ] {
            assert_eq!(Plain::new(text).text(), plain);
        }
    }

    #[test]
    fn what_is_no_exact_count_stays_as_it_is() {
        for text in [
            "二三十件",
            "两三件",
            "二百三件",
            "几十件",
            "数百件",
            "上百件",
            "十几件",
            "百件实事",
            "第三件",
            "高效办成一件事",
            "每一件申请",
            "与业务工作一起部署",
            "同一件",
            "做到受理一件、办结一件",
            "收到一件、办结一件，受理一件",
            "一是，二是",
            "十条",
            "1，22件",
            "0，223件",
            "分别为1，223件",
            "1，2345件",
            "2024年，100件",
        ] {
            let read = Plain::new(text);
            let kept = text.replace("收到一件", "收到1件");
            assert_eq!(read.text(), kept, "{text}");
        }
    }
}
