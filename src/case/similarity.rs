//! Whether two applications ask for alike information: pairs of neighbouring characters in common, no dictionary and no
//! learning, so that the same texts always give the same answer and anybody can check it.
//!
//! A hint, never a finding: whether the information is the same is for a person to say.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;

/// From this likeness on an earlier application of the same applicant is shown to the clerk.
pub const SHOWN_FROM: u8 = 50;
/// From this likeness on applications are taken for one topic.
pub const TOPIC_FROM: u8 = 60;

/// Of a text that is longer only the beginning is compared, characters.
const TEXT_MAX_CHARS: usize = 4_000;

/// What nearly every application says: it tells nothing about what is asked for. Longer ones first.
const STOCK: [&str; 30] = [
    "政府信息公开",
    "申请公开",
    "申请获取",
    "请求公开",
    "予以公开",
    "依法公开",
    "政府信息",
    "请公开",
    "申请人",
    "复印件",
    "扫描件",
    "电子版",
    "公开",
    "申请",
    "信息",
    "纸质",
    "文件",
    "材料",
    "有关",
    "相关",
    "关于",
    "以及",
    "本人",
    "获取",
    "提供",
    "查询",
    "的",
    "请",
    "及",
    "和",
];

/// What is compared of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Pairs of neighbouring characters, in order, each once.
    pairs: Vec<u64>,
    /// Years the text names.
    years: BTreeSet<u32>,
    /// Document numbers the text names: 〔year〕number.
    documents: BTreeSet<(u32, u32)>,
}

/// In what two texts differ although they sound alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Both name document numbers, none in common.
    DocumentNumber,
    /// Both name years, none in common.
    Year,
}

impl Profile {
    /// The profile of a title and a text.
    #[must_use]
    pub fn of(title: &str, request: &str) -> Self {
        let whole: String =
            title.chars().chain(std::iter::once('\n')).chain(request.chars()).take(TEXT_MAX_CHARS).map(plain).collect();
        let numbers = numbers(&whole);
        let documents: BTreeSet<(u32, u32)> = numbers.windows(2).filter_map(document).collect();
        let mut years: BTreeSet<u32> =
            numbers.iter().filter(|number| number.before == Some('年')).map(|number| number.value).collect();
        years.extend(documents.iter().map(|(year, _)| *year));
        years.retain(|year| (1949..=2100).contains(year));
        Self { pairs: pairs(&whole), years, documents }
    }

    /// How much of both is in common, percent: twice the common pairs over all pairs (Dice), rounded down. A text that says
    /// nothing of its own is like no other.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> u8 {
        let all = self.pairs.len() + other.pairs.len();
        let percent = (200 * common(&self.pairs, &other.pairs)).checked_div(all).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100)
    }

    /// In what they cannot be the same, however alike they sound.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        if are_apart(&self.documents, &other.documents) {
            return Some(Difference::DocumentNumber);
        }
        are_apart(&self.years, &other.years).then_some(Difference::Year)
    }
}

fn are_apart<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> bool {
    !one.is_empty() && !other.is_empty() && one.is_disjoint(other)
}

/// Half-width, small letters: one spelling of a character.
fn plain(letter: char) -> char {
    let half = match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    half.to_ascii_lowercase()
}

/// The pairs of what the text says of its own: no stock phrases, and no pair across a mark or a gap.
fn pairs(text: &str) -> Vec<u64> {
    let own = STOCK.iter().fold(text.to_owned(), |text, phrase| text.replace(phrase, " "));
    let mut found = BTreeSet::new();
    for run in own.split(|letter: char| !letter.is_alphanumeric()) {
        let next = run.chars().skip(1);
        found.extend(
            run.chars().zip(next).map(|(one, two)| u64::from(u32::from(one)) << 32 | u64::from(u32::from(two))),
        );
    }
    found.into_iter().collect()
}

/// A number in a text with the characters on both sides of it.
struct Number {
    after: Option<char>,
    value: u32,
    digits: usize,
    before: Option<char>,
}

fn numbers(text: &str) -> Vec<Number> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let digits = letters.iter().skip(at).take_while(|letter| letter.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let written: String = letters.iter().skip(at).take(digits).collect();
        let after = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
        let before = letters.get(at + digits).copied();
        if let Ok(value) = written.parse() {
            found.push(Number { after, value, digits, before });
        }
        at += digits;
    }
    found
}

/// A year in brackets with a number right behind it: 〔2023〕12号, in whatever brackets.
fn document(two: &[Number]) -> Option<(u32, u32)> {
    let [year, number] = two else { return None };
    let opens = matches!(year.after, Some('〔' | '[' | '(' | '【' | '〈' | '<'));
    let closes = matches!(year.before, Some('〕' | ']' | ')' | '】' | '〉' | '>'));
    let is_number =
        number.before == Some('号') && matches!(number.after, Some('〕' | ']' | ')' | '】' | '〉' | '>' | '第'));
    (opens && closes && year.digits == 4 && is_number).then_some((year.value, number.value))
}

/// How many two ordered lists have in common.
fn common(one: &[u64], other: &[u64]) -> usize {
    let mut rest = other.iter().peekable();
    one.iter()
        .filter(|pair| {
            while rest.next_if(|next| next < pair).is_some() {}
            rest.peek() == Some(pair)
        })
        .count()
}

/// Applications grouped by likeness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// Each group as the places of its members in what was given, in that order; the first is the one the others are like.
    pub groups: Vec<Vec<usize>>,
    /// Whether all were looked at; `false`: the work allowed ran out, what is missing is in no group.
    pub is_complete: bool,
}

/// Groups `profiles`: each joins the group whose first member it is most like (the earlier one of equals), from
/// `threshold` percent on and when nothing shows that it asks for something else; else it is the first of a new group.
/// So a group never drifts from its first member. `work` is how many groups may be looked up and pairs of characters
/// compared, a long text costing as much as it is long; what is left of it is there afterwards.
///
/// Only groups that share one of the rarer pairs are compared: two sets of which `threshold` is in common must share one
/// of that many rarest pairs, so that nothing is missed.
#[must_use]
pub fn clusters(profiles: &[Profile], threshold: u8, work: &mut usize) -> Clusters {
    let ranks = ranks(profiles);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, profile) in profiles.iter().enumerate() {
        let rare = rarest(profile, threshold, &ranks);
        let known = rare.iter().filter_map(|pair| holders.get(pair));
        let looked_up: usize = known.clone().map(Vec::len).sum();
        let near: BTreeSet<usize> = known.flatten().copied().collect();
        let first_of = |group: &usize| groups.get(*group)?.first().and_then(|place| profiles.get(*place));
        let compared: usize =
            near.iter().filter_map(first_of).map(|first| first.pairs.len() + profile.pairs.len()).sum();
        let Some(left) = work.checked_sub(looked_up + compared + 1) else {
            return Clusters { groups, is_complete: false };
        };
        *work = left;
        match nearest(profiles, &groups, &near, profile, threshold) {
            Some(group) => groups.get_mut(group).into_iter().for_each(|members| members.push(place)),
            None => {
                for pair in rare {
                    holders.entry(pair).or_default().push(groups.len());
                }
                groups.push(vec![place]);
            }
        }
    }
    Clusters { groups, is_complete: true }
}

/// The group among `near` whose first member `profile` is most like, if any is like enough.
fn nearest(
    profiles: &[Profile],
    groups: &[Vec<usize>],
    near: &BTreeSet<usize>,
    profile: &Profile,
    threshold: u8,
) -> Option<usize> {
    let mut best: Option<(u8, usize)> = None;
    for group in near {
        let first = groups.get(*group).and_then(|members| members.first()).and_then(|place| profiles.get(*place));
        let Some(first) = first else { continue };
        let likeness = profile.likeness(first);
        let is_better = best.is_none_or(|(most, _)| likeness > most);
        if likeness >= threshold && is_better && profile.difference(first).is_none() {
            best = Some((likeness, *group));
        }
    }
    best.map(|(_, group)| group)
}

/// How often each pair occurs.
fn ranks(profiles: &[Profile]) -> BTreeMap<u64, usize> {
    let mut ranks = BTreeMap::new();
    for pair in profiles.iter().flat_map(|profile| &profile.pairs) {
        *ranks.entry(*pair).or_default() += 1;
    }
    ranks
}

/// So many of the rarest pairs that whatever is like enough shares one of them: with n pairs, at least
/// n · t / (200 - t) must be in common.
fn rarest(profile: &Profile, threshold: u8, ranks: &BTreeMap<u64, usize>) -> Vec<u64> {
    let threshold = usize::from(threshold.min(100));
    let all = profile.pairs.len();
    let needed = (all * threshold).div_ceil(200 - threshold).max(1);
    let mut ordered: Vec<(usize, u64)> =
        profile.pairs.iter().map(|pair| (ranks.get(pair).copied().unwrap_or(0), *pair)).collect();
    ordered.sort_unstable();
    ordered.into_iter().take((all + 1).saturating_sub(needed)).map(|(_, pair)| pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_document_is_a_year_in_brackets_and_the_number_behind_it() {
        let found = |text: &str| document(&numbers(text));
        assert_eq!(found("某府〔2023〕12号"), Some((2023, 12)));
        assert_eq!(found("某府(2023)第12号"), Some((2023, 12)));
        for other in
            ["某府2023〕12号", "某府〔2023年12号", "某府〔123〕12号", "某府〔2023〕12日", "某府〔2023〕年12号", "12号"]
        {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn the_rarest_pairs_are_as_many_as_a_like_text_must_share_one_of() {
        let profile = |text: &str| Profile { pairs: pairs(text), years: BTreeSet::new(), documents: BTreeSet::new() };
        // Eleven letters: ten pairs, of which 70 percent likeness shares at least ten times 70 in 130: six.
        let whole = profile("甲乙丙丁戊己庚辛壬癸子");
        let common = profile("甲乙丙丁戊己");
        let counted = ranks(&[whole.clone(), common.clone(), common.clone()]);
        assert_eq!(counted.values().copied().collect::<BTreeSet<_>>(), BTreeSet::from([1, 3]));
        let rare = rarest(&whole, 70, &counted);
        assert_eq!(rare.len(), 5, "11 less six");
        assert!(rare.iter().all(|pair| !common.pairs.contains(pair)), "those of one text before those of three");
    }

    #[test]
    fn wide_letters_are_read_as_narrow_ones_and_the_likest_group_is_joined() {
        assert_eq!([plain('Ａ'), plain('９'), plain('！'), plain('路')], ['a', '9', '!', '路']);
        let grouped = |texts: [&str; 3], threshold: u8| {
            clusters(&texts.map(|text| Profile::of(text, "")), threshold, &mut 1_000_000).groups
        };
        // 75 percent like the first, 90 like the second, and these two 66 like each other.
        let better = ["甲乙丙丁戊己庚辛", "甲乙丙丁戊己庚子丑寅卯辰", "甲乙丙丁戊己庚子丑寅"];
        assert_eq!(grouped(better, 70), [vec![0], vec![1, 2]]);
        // 83 percent like either: the earlier one.
        let equal = ["甲乙丙丁戊己子丑", "甲乙丙丁戊己寅卯", "甲乙丙丁戊己"];
        assert_eq!(grouped(equal, 80), [vec![0, 2], vec![1]]);
    }

    /// A docket of a natural-resources bureau, as applications are worded there.
    const DOCKET: [(&str, &str, &str); 16] = [
        ("a1", "李家村征收土地批复", "申请公开李家村2023年第二批次城镇建设用地征收土地的批复文件"),
        ("a2", "李家村征地批复", "请公开李家村2023年度第二批次城镇建设用地征地批复"),
        (
            "a3",
            "李家村土地征收批文",
            "本人房屋位于李家村，申请公开该村2023年第二批次建设用地的征收批准文件及勘测定界图",
        ),
        ("a4", "李家村２０２３年第二批次城镇建设用地征收土地批复", "同标题"),
        ("b1", "王家村征收土地批复", "申请公开王家村2022年第五批次城镇建设用地征收土地的批复文件"),
        (
            "s1",
            "一书四方案",
            "申请公开李家村2023年第二批次用地的一书四方案（建设用地项目呈报说明书、农用地转用方案、补充耕地方案、征收土地方案、供地方案）",
        ),
        (
            "s2",
            "李家村征地一书四方案",
            "请公开李家村2023年第二批次建设用地的“一书四方案”，即呈报说明书、农用地转用方案、补充耕地方案、征收土地方案和供地方案",
        ),
        ("r1", "不动产登记资料", "申请公开某小区3号楼101室的不动产登记簿信息"),
        ("r2", "不动产登记信息", "申请公开某小区5号楼202室不动产登记资料"),
        ("q1", "2023年度行政处罚决定书", "申请公开贵局2023年度全部行政处罚决定书"),
        ("q2", "2024年度行政处罚决定书", "申请公开贵局2024年度全部行政处罚决定书"),
        ("p1", "补偿安置方案", "申请公开李家村征地补偿安置方案及公告"),
        ("p2", "征地补偿安置公告", "申请公开李家村的征地补偿安置方案公告"),
        ("x1", "规划许可证", "申请公开某路12号项目的建设工程规划许可证及附图"),
        ("x2", "建设工程规划许可", "某路12号建设工程规划许可证和总平面图"),
        ("z1", "道路养护合同", "申请公开2024年度农村公路养护合同及资金使用情况"),
    ];

    fn of(name: &str) -> Profile {
        let (_, title, request) = DOCKET.iter().find(|(known, ..)| *known == name).expect("in the docket");
        Profile::of(title, request)
    }

    fn grouped(mut work: usize) -> (Vec<Vec<&'static str>>, bool) {
        let profiles: Vec<Profile> = DOCKET.iter().map(|(_, title, request)| Profile::of(title, request)).collect();
        let found = clusters(&profiles, TOPIC_FROM, &mut work);
        let names = |group: Vec<usize>| group.into_iter().map(|place| DOCKET[place].0).collect();
        (found.groups.into_iter().map(names).collect(), found.is_complete)
    }

    #[test]
    fn a_docket_falls_into_the_topics_a_clerk_would_see() {
        let (groups, is_complete) = grouped(10_000);
        assert!(is_complete);
        let expected: [&[&str]; 10] = [
            &["a1", "a2", "a3", "a4"],
            &["b1"],
            &["s1", "s2"],
            &["r1"],
            &["r2"],
            &["q1"],
            &["q2"],
            &["p1", "p2"],
            &["x1", "x2"],
            &["z1"],
        ];
        assert_eq!(groups, expected);
    }

    #[test]
    fn another_year_or_another_document_is_other_information_however_alike_it_sounds() {
        assert!(of("q1").likeness(&of("q2")) >= 80);
        assert_eq!(of("q1").difference(&of("q2")), Some(Difference::Year));
        assert_eq!(of("a1").difference(&of("b1")), Some(Difference::Year));
        assert_eq!(of("a1").difference(&of("a4")), None, "full-width digits are the same digits");
        let document = |text: &str| Profile::of("征地批复", text);
        let one = document("公开某府土〔2023〕12号批复");
        assert_eq!(one.difference(&document("公开某府土〔2023〕15号批复")), Some(Difference::DocumentNumber));
        for same in ["公开某府土[2023]12号", "公开某府土（2023）第12号", "公开〔2023〕12号、〔2023〕15号", "公开该批复"]
        {
            assert_eq!(one.difference(&document(same)), None, "{same}");
        }
        assert_eq!(document("3号楼101室").difference(&document("5号楼202室")), None, "no year, no document number");
    }

    #[test]
    fn what_every_application_says_makes_no_two_alike() {
        let polite = Profile::of("政府信息公开申请", "请依法公开有关文件材料的复印件");
        let other = Profile::of("申请", "本人申请公开相关政府信息，请提供纸质材料");
        assert_eq!(polite.likeness(&other), 0);
        assert_eq!(Profile::of("", "").likeness(&Profile::of("", "")), 0);
        assert_eq!(of("a1").likeness(&of("a1")), 100);
    }

    #[test]
    fn a_long_text_costs_as_much_as_it_is_long() {
        let spent = |length: usize| {
            let text: String = ('一'..='龥').take(length).collect();
            let profiles = [Profile::of(&text, ""), Profile::of(&text, "")];
            let mut work = 1_000_000;
            assert!(clusters(&profiles, TOPIC_FROM, &mut work).is_complete);
            1_000_000 - work
        };
        for length in [200, 2_000] {
            assert!(spent(length) >= 2 * (length - 1), "both texts are gone through: {}", spent(length));
            assert!(spent(length) <= 3 * length, "and each rare pair looked up once: {}", spent(length));
        }
    }

    #[test]
    fn one_that_is_like_nothing_costs_one() {
        let alone = [Profile::of("某地块征收批复", "")];
        let left = |mut work: usize| {
            let is_complete = clusters(&alone, TOPIC_FROM, &mut work).is_complete;
            (is_complete, work)
        };
        assert_eq!((left(0), left(1)), ((false, 0), (true, 0)));
    }

    #[test]
    fn work_that_runs_out_is_said() {
        let (groups, is_complete) = grouped(5);
        assert!(!is_complete && groups.len() < 10, "{groups:?}");
    }

    /// The same rule without looking anything up: every group is compared.
    fn slowly(profiles: &[Profile], threshold: u8) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (place, profile) in profiles.iter().enumerate() {
            let all = (0..groups.len()).collect();
            match nearest(profiles, &groups, &all, profile, threshold) {
                Some(group) => groups[group].push(place),
                None => groups.push(vec![place]),
            }
        }
        groups
    }

    proptest! {
        #[test]
        fn looking_up_rare_pairs_misses_nothing(
            texts in prop::collection::vec("[甲乙丙丁戊]{0,12}", 0..40),
            threshold in 1_u8..=100,
        ) {
            let profiles: Vec<Profile> = texts.iter().map(|text| Profile::of(text, "")).collect();
            let found = clusters(&profiles, threshold, &mut { usize::MAX });
            prop_assert!(found.is_complete);
            prop_assert_eq!(found.groups, slowly(&profiles, threshold));
        }

        #[test]
        fn likeness_is_mutual_and_within_bounds(one in "[甲乙丙2023年〔〕号]{0,20}", other in "[甲乙丙2024年〔〕号]{0,20}") {
            let (one, other) = (Profile::of(&one, ""), Profile::of(&other, ""));
            prop_assert_eq!(one.likeness(&other), other.likeness(&one));
            prop_assert_eq!(one.difference(&other), other.difference(&one));
            prop_assert!(one.likeness(&other) <= 100);
        }
    }
}
