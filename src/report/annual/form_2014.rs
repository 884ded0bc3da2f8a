//! What an office enters into the sheet of 2014 (国办发〔2014〕32号): its first, second and sixth to ninth parts. The third to fifth
//! are counted. The rows are not verified against the annex itself; see docs/law.md.

use super::form::Form;

/// The column of the figures that are entered.
pub const FIGURE: &str = "统计数";
/// The unit of money; of it alone there are parts.
pub const MONEY: &str = "万元";

/// An indicator, or a heading over some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicator {
    /// As printed; the name of its row.
    pub label: &'static str,
    /// Its unit; empty: a heading.
    pub unit: &'static str,
    /// How far it is set in.
    pub depth: usize,
}

const fn heading(depth: usize, label: &'static str) -> Indicator {
    Indicator { label, unit: "", depth }
}

const fn figure(depth: usize, label: &'static str, unit: &'static str) -> Indicator {
    Indicator { label, unit, depth }
}

const BEFORE: &[Indicator] = &[
    heading(0, "一、主动公开情况"),
    figure(1, "（一）主动公开政府信息数（不同渠道和方式公开相同信息计1条）", "条"),
    figure(2, "其中：主动公开规范性文件数", "条"),
    figure(2, "制发规范性文件总数", "件"),
    heading(1, "（二）通过不同渠道和方式公开政府信息的情况"),
    figure(2, "1.政府公报公开政府信息数", "条"),
    figure(2, "2.政府网站公开政府信息数", "条"),
    figure(2, "3.政务微博公开政府信息数", "条"),
    figure(2, "4.政务微信公开政府信息数", "条"),
    figure(2, "5.其他方式公开政府信息数", "条"),
    heading(0, "二、回应解读情况"),
    figure(1, "（一）回应公众关注热点或重大舆情数（不同方式回应同一热点或舆情计1次）", "次"),
    heading(1, "（二）通过不同渠道和方式回应解读的情况"),
    figure(2, "1.参加或举办新闻发布会总次数", "次"),
    figure(3, "其中：主要负责同志参加新闻发布会次数", "次"),
    figure(2, "2.政府网站在线访谈次数", "次"),
    figure(3, "其中：主要负责同志参加政府网站在线访谈次数", "次"),
    figure(2, "3.政策解读稿件发布数", "篇"),
    figure(2, "4.微博微信回应事件数", "次"),
    figure(2, "5.其他方式回应事件数", "次"),
];

const AFTER: &[Indicator] = &[
    figure(0, "六、举报投诉数量", "件"),
    figure(0, "七、依申请公开信息收取的费用", MONEY),
    heading(0, "八、机构建设和保障经费情况"),
    figure(1, "（一）政府信息公开工作专门机构数", "个"),
    figure(1, "（二）设置政府信息公开查阅点数", "个"),
    figure(1, "（三）从事政府信息公开工作人员数", "人"),
    figure(2, "1.专职人员数（不包括政府公报及政府网站工作人员数）", "人"),
    figure(2, "2.兼职人员数", "人"),
    figure(1, "（四）政府信息公开专项经费（不包括用于政府公报编辑管理及政府网站建设维护等方面的经费）", MONEY),
    heading(0, "九、政府信息公开会议和培训情况"),
    figure(1, "（一）召开政府信息公开工作会议或专题会议数", "次"),
    figure(1, "（二）举办各类培训班数", "次"),
    figure(1, "（三）接受培训人员数", "人次"),
];

impl Form {
    /// What is entered before and after the counted parts of the sheet of 2014; the later forms have a table two instead.
    #[must_use]
    pub const fn indicators(self) -> [&'static [Indicator]; 2] {
        match self {
            Self::Sheet2014 => [BEFORE, AFTER],
            Self::Form2019 | Self::Form2021 => [&[], &[]],
        }
    }

    /// The indicator of this name that takes a figure.
    #[must_use]
    pub fn indicator(self, label: &str) -> Option<&'static Indicator> {
        let all = self.indicators().into_iter().flatten();
        all.into_iter().find(|indicator| indicator.label == label && !indicator.unit.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_indicator_has_a_name_of_its_own() {
        let all: Vec<&str> = Form::Sheet2014.indicators().into_iter().flatten().map(|one| one.label).collect();
        let once: std::collections::BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!((all.len(), once.len()), (33, 33));
        assert_eq!(Form::Sheet2014.indicator("二、回应解读情况"), None, "a heading takes no figure");
        assert_eq!(Form::Form2019.indicator("六、举报投诉数量"), None);
    }
}
