//! How exact a number is: 20件, 200余件, 近20件, 不超过20件, 20件左右.

use super::numerals::MORE;

/// What a number claims: between two numbers, both included. An approximation claims nothing that a table could contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// At least.
    least: u64,
    /// At most.
    most: u64,
}

impl Claim {
    const NOTHING: Self = Self { least: 0, most: u64::MAX };

    /// Just this number.
    pub fn exact(number: u32) -> Self {
        Self { least: number.into(), most: number.into() }
    }

    /// Whether it names one number.
    pub const fn is_exact(self) -> bool {
        self.least == self.most
    }

    /// Whether it claims something at all.
    pub fn is_claim(self) -> bool {
        self != Self::NOTHING
    }

    /// Whether the table may have this number.
    pub const fn allows(self, number: u64) -> bool {
        self.least <= number && number <= self.most
    }
}

/// What a word beside a number makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Least,
    Most,
    About,
}

/// Words directly before a number, the longer first where one ends another.
const BEFORE: [(&str, Bound); 37] = [
    ("不超过", Bound::Most),
    ("未超过", Bound::Most),
    ("不多于", Bound::Most),
    ("不高于", Bound::Most),
    ("不少于", Bound::Least),
    ("不低于", Bound::Least),
    ("不下于", Bound::Least),
    ("不下", Bound::Least),
    ("不到", Bound::Most),
    ("未到", Bound::Most),
    ("不足", Bound::Most),
    ("未满", Bound::Most),
    ("不满", Bound::Most),
    ("少于", Bound::Most),
    ("低于", Bound::Most),
    ("小于", Bound::Most),
    ("至多", Bound::Most),
    ("最多", Bound::Most),
    ("至少", Bound::Least),
    ("最少", Bound::Least),
    ("超过", Bound::Least),
    ("超出", Bound::Least),
    ("突破", Bound::Least),
    ("多于", Bound::Least),
    ("高于", Bound::Least),
    ("大于", Bound::Least),
    ("逾", Bound::Least),
    ("超", Bound::Least),
    ("接近", Bound::About),
    ("将近", Bound::About),
    ("大约", Bound::About),
    ("大概", Bound::About),
    ("约为", Bound::About),
    ("约有", Bound::About),
    ("约", Bound::About),
    ("近", Bound::About),
    ("第", Bound::About),
];
/// Words directly behind the unit.
const BEHIND: [(&str, Bound); 9] = [
    ("以上", Bound::Least),
    ("及以上", Bound::Least),
    ("以下", Bound::Most),
    ("以内", Bound::Most),
    ("之内", Bound::Most),
    ("左右", Bound::About),
    ("上下", Bound::About),
    ("不等", Bound::About),
    ("余", Bound::About),
];

/// What a number claims between the words before it and those behind it, which begin with 余, 多 or the unit; and the words
/// before it without the bound.
pub(super) fn claim<'a>(number: u32, before: &'a str, behind: &str) -> (Claim, &'a str) {
    let behind_more = behind.strip_prefix(MORE);
    let behind_unit = behind_more.unwrap_or(behind);
    let behind_unit = behind_unit.chars().next().and_then(|unit| behind_unit.strip_prefix(unit)).unwrap_or_default();
    let trimmed = before.trim_end_matches(['了', '达', '有']);
    let found = BEFORE.iter().find_map(|(word, bound)| Some((trimmed.strip_suffix(word)?, *bound)));
    let rest = found.map_or(before, |(rest, _)| rest);
    let bound = found.map(|(_, bound)| bound);
    let bound =
        bound.or_else(|| BEHIND.iter().find(|(word, _)| behind_unit.starts_with(word)).map(|(_, bound)| *bound));
    let exact = Claim::exact(number);
    let claim = match bound {
        _ if is_range(before, behind_unit) => Claim::NOTHING,
        Some(Bound::About) => Claim::NOTHING,
        Some(Bound::Least) => Claim { most: u64::MAX, ..exact },
        Some(Bound::Most) => Claim { least: 0, most: if behind_more.is_some() { u64::MAX } else { exact.most } },
        None if behind_more.is_some() => Claim { most: with_more(number), ..exact },
        None => exact,
    };
    (claim, rest)
}

/// The largest number that 余 or 多 behind a round one may mean: 200余件 is less than 300.
fn with_more(number: u32) -> u64 {
    let zeros = number.to_string().bytes().rev().take_while(|digit| *digit == b'0').count();
    let step = u32::try_from(zeros).ok().filter(|zeros| *zeros > 0).and_then(|zeros| 10_u64.checked_pow(zeros));
    step.map_or(u64::MAX, |step| u64::from(number) + step - 1)
}

/// 20至30件, 20件到30件, 20-30件.
fn is_range(before: &str, behind_unit: &str) -> bool {
    const MARKS: [char; 8] = ['至', '到', '-', '－', '—', '–', '~', '～'];
    let digit = |letter: char| letter.is_ascii_digit();
    let head = before.trim_end_matches(MARKS);
    let is_end = head.len() < before.len() && head.ends_with(|letter: char| digit(letter) || letter == '件');
    let tail = behind_unit.trim_start_matches(MARKS);
    is_end || tail.len() < behind_unit.len() && tail.starts_with(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_claims_what_the_words_beside_it_say() {
        let to = |least, most| Claim { least, most };
        for (number, before, behind, expected) in [
            (20, "收到", "件", to(20, 20)),
            (200, "收到", "余件", to(200, 299)),
            (20, "收到", "多件", to(20, 29)),
            (1200, "收到", "余件", to(1200, 1299)),
            (1000, "收到", "余件", to(1000, 1999)),
            (225, "收到", "余件", to(225, u64::MAX)),
            (20, "收到逾", "件", to(20, u64::MAX)),
            (20, "收到超过", "件", to(20, u64::MAX)),
            (20, "收到超过了", "件", to(20, u64::MAX)),
            (20, "收到", "件以上", to(20, u64::MAX)),
            (20, "收到不少于", "件", to(20, u64::MAX)),
            (20, "收到不到", "件", to(0, 20)),
            (20, "收到不超过", "件", to(0, 20)),
            (20, "收到", "件以内", to(0, 20)),
            (20, "收到近", "件", Claim::NOTHING),
            (20, "收到约", "件", Claim::NOTHING),
            (20, "收到接近", "件", Claim::NOTHING),
            (200, "收到近", "余件", Claim::NOTHING),
            (20, "收到", "件左右", Claim::NOTHING),
            (30, "收到20至", "件", Claim::NOTHING),
            (30, "收到20-", "件", Claim::NOTHING),
            (20, "收到", "件至30件", Claim::NOTHING),
            (20, "受理的第", "件", Claim::NOTHING),
            (20, "收到", "件到期", to(20, 20)),
        ] {
            assert_eq!(claim(number, before, behind).0, expected, "{before}{number}{behind}");
        }
    }

    #[test]
    fn the_words_before_the_bound_say_what_is_counted() {
        for (before, rest) in [("收到申请超过了", "收到申请"), ("收到申请近", "收到申请"), ("收到申请", "收到申请")]
        {
            assert_eq!(claim(20, before, "件").1, rest);
        }
    }
}
