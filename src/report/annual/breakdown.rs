//! Beside the official form: the results of each department, and what was asked for by subject tag. For the office itself.

use super::form::{self, Form, TOTAL, printed};
use crate::law::Outcome;
use crate::report::PARTIAL_NOTE;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// 一个承办科室在期间内办结的申请
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mix {
    /// 机关名称；未分办科室的为空
    pub organ: Option<String>,
    /// 科室名称；未分办科室的为空
    pub department: Option<String>,
    /// 办结件数；各行之和等于表三的办结总数
    pub ended: u32,
    /// 各类结果的件数，类别与表三相同
    #[schema(value_type = HashMap<String, u32>)]
    pub results: Results,
}

/// 一个主题的申请件数
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TopicCount {
    /// 主题标签
    pub topic: String,
    /// 期间内收到的申请件数；一件有几个标签的，各计一次
    pub applications: u32,
}

/// Numbers by group of results, in the order of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results(pub Vec<(&'static str, u32)>);

impl Serialize for Results {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(group, count)| (group, count)))
    }
}

/// The place of an outcome that the form does not count as a reply: the form of 2014 has replies only.
const NO_REPLY: &str = "（不计入答复数的）";

/// The groups of results in the order of the form: `三(三)不予公开` is one, whatever its reason.
#[must_use]
pub fn groups(form: Form) -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = form.result_rows().into_iter().map(form::group).collect();
    groups.dedup();
    groups
}

/// The group as the form prints it, without the note that has room in the table only.
#[must_use]
pub fn printed_group(group: &str) -> String {
    let label = printed(group).1;
    label.strip_suffix(PARTIAL_NOTE).unwrap_or(&label).to_owned()
}

impl Mix {
    /// The results of one department.
    #[must_use]
    pub fn of(form: Form, organ: Option<String>, department: Option<String>, counts: &BTreeMap<Outcome, u32>) -> Self {
        let sum = |group: Option<&str>| {
            let is_there = |outcome: Outcome| form.row_of(outcome).map(form::group) == group;
            counts.iter().filter(|(outcome, _)| is_there(**outcome)).map(|(_, count)| count).sum()
        };
        let mut results: Vec<(&'static str, u32)> =
            groups(form).into_iter().map(|group| (group, sum(Some(group)))).collect();
        let unanswered = sum(None);
        if unanswered > 0 {
            results.push((NO_REPLY, unanswered));
        }
        Self { organ, department, ended: counts.values().sum(), results: Results(results) }
    }

    /// What the department is called in a list.
    #[must_use]
    pub fn name(&self, with_organ: bool) -> String {
        match (&self.organ, &self.department) {
            (Some(organ), Some(department)) if with_organ => format!("{organ} {department}"),
            (_, Some(department)) => department.clone(),
            (_, None) => "（未分办科室）".to_owned(),
        }
    }

    /// The number in a group.
    #[must_use]
    pub fn get(&self, group: &str) -> u32 {
        self.results.0.iter().find(|(other, _)| *other == group).map_or(0, |(_, count)| *count)
    }
}

/// The columns of a table of the departments: the groups that any of them has, in the order of the form, and the sum.
#[must_use]
pub fn columns(mixes: &[Mix]) -> Vec<&'static str> {
    let mut columns: Vec<&'static str> = Vec::new();
    // The mix with most columns has them all, as the additional one is the last.
    if let Some(widest) = mixes.iter().max_by_key(|mix| mix.results.0.len()) {
        columns.extend(widest.results.0.iter().map(|(group, _)| *group));
    }
    columns.retain(|group| mixes.iter().any(|mix| mix.get(group) > 0));
    columns.push(TOTAL);
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_groups_once_and_every_category_stands_in_one() {
        assert_eq!(
            groups(Form::Form2021),
            [
                "三(一)予以公开",
                "三(二)部分公开",
                "三(三)不予公开",
                "三(四)无法提供",
                "三(五)不予处理",
                "三(六)其他处理"
            ]
        );
        for form in Form::ALL {
            let counts: BTreeMap<Outcome, u32> = Outcome::all().zip(1..).collect();
            let mix = Mix::of(form, None, None, &counts);
            assert_eq!(mix.results.0.iter().map(|(_, count)| count).sum::<u32>(), mix.ended, "{form:?}");
            assert_eq!(mix.get(NO_REPLY) > 0, form == Form::Sheet2014, "{form:?}");
        }
    }

    #[test]
    fn the_table_has_the_columns_that_somebody_needs() {
        let one = Mix::of(Form::Form2021, None, None, &BTreeMap::from([(Outcome::InternalAffairs, 2)]));
        let other = Mix::of(Form::Form2021, None, None, &BTreeMap::from([(Outcome::Provided, 1)]));
        assert_eq!(columns(&[one, other]), ["三(一)予以公开", "三(三)不予公开", TOTAL]);
        assert_eq!(columns(&[]), [TOTAL]);
    }
}
