//! A report of ours as a whole: its JSON has the structure of a published one, so that the checker reads it as any other.

use super::count::{Period, Table};
use super::figures::OwnFigures;
use super::form::Form;
use super::prose::{self, ProseFigures};
use crate::report::annual::breakdown::{Mix, TopicCount};
use chrono::NaiveDate;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// An organ that is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganName {
    /// 代码
    pub code: String,
    /// 名称
    pub name: String,
}

/// 各部分的文字
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Parts {
    /// 一、总体情况（机关填写）
    pub one: String,
    /// 三、收到和处理政府信息公开申请情况（由数据生成）
    pub three: String,
    /// 四、行政复议、行政诉讼情况（由数据生成）
    pub four: String,
    /// 五、存在的主要问题及改进情况（机关填写）
    pub five: String,
    /// 六、其他需要报告的事项（收费由数据生成，其余机关填写）
    pub six: String,
}

/// 年度报告，或者一个期间的统计
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Report {
    /// 机关
    pub org: String,
    /// 机关代码
    pub organ_code: String,
    /// 年度
    pub year: i32,
    /// 格式
    #[serde(rename = "format")]
    pub form: Form,
    /// 格式的依据
    #[schema(value_type = String)]
    pub basis: &'static str,
    /// 首日
    pub from: NaiveDate,
    /// 末日（24时）
    pub until: NaiveDate,
    /// 期间的名称
    pub period: String,
    /// 按哪一天的记录
    pub as_of: NaiveDate,
    /// 期间是否已经结束
    pub is_closed: bool,
    /// 是否连同下级机关
    pub with_subordinates: bool,
    /// 计入的机关
    pub organs: Vec<OrganName>,
    /// 是否计入了全部案件；false 表示有案件的记录不能读取（见服务日志）
    pub is_complete: bool,
    /// 表二（机关填写）：行 → 栏目 → 数
    #[schema(value_type = HashMap<String, HashMap<String, f64>>)]
    pub table2: OwnFigures,
    /// 表三：行 → 栏目 → 件数
    #[schema(value_type = HashMap<String, HashMap<String, u32>>)]
    pub table3: Table,
    /// 表四：栏 → 结果 → 件数
    #[schema(value_type = HashMap<String, HashMap<String, u32>>)]
    pub table4: Table,
    /// 第三、四部分的文字
    pub narrative: String,
    /// 各部分
    pub parts: Parts,
    /// 第五部分，核对用
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_five: Option<String>,
    /// 第六部分，核对用
    pub part_six: String,
    /// 申请较为集中的内容
    pub topics: Vec<String>,
    /// 各承办科室办结的申请，按结果；不属于公开的格式
    pub departments: Vec<Mix>,
    /// 各主题的申请件数，多的在前；不属于公开的格式
    pub topic_counts: Vec<TopicCount>,
    /// 收取的信息处理费，元
    pub fee_yuan: u64,
    /// 上一个同样长的期间，格式相同；要求时才有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

/// 上一期间的数
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Previous {
    /// 期间的名称
    pub period: String,
    /// 表三
    #[schema(value_type = HashMap<String, HashMap<String, u32>>)]
    pub table3: Table,
    /// 表四
    #[schema(value_type = HashMap<String, HashMap<String, u32>>)]
    pub table4: Table,
    /// 收取的信息处理费，元
    pub fee_yuan: u64,
}

/// What the office counted, before it is put into words.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Whose report.
    pub organ: OrganName,
    /// The organs counted.
    pub organs: Vec<OrganName>,
    /// Whether those below are counted with it.
    pub with_subordinates: bool,
    /// The form.
    pub form: Form,
    /// The period.
    pub period: Period,
    /// What the period is called.
    pub name: String,
    /// The day whose records these are.
    pub as_of: NaiveDate,
    /// Whether every case could be read.
    pub is_complete: bool,
    /// Table three.
    pub three: Table,
    /// Table four.
    pub four: Table,
    /// What was asked for by subject tag, the most frequent first.
    pub topics: Vec<TopicCount>,
    /// What each department ended.
    pub departments: Vec<Mix>,
    /// Fees paid, yuan.
    pub fee_yuan: u64,
    /// What the office entered.
    pub own: OwnFigures,
}

/// Topics named in part three.
const MOST_NAMED: usize = 3;

impl From<Counted> for Report {
    fn from(counted: Counted) -> Self {
        let Counted {
            organ,
            organs,
            with_subordinates,
            form,
            period,
            name,
            as_of,
            is_complete,
            three,
            four,
            topics: topic_counts,
            departments,
            fee_yuan,
            own,
        } = counted;
        let topics: Vec<String> = topic_counts.iter().take(MOST_NAMED).map(|count| count.topic.clone()).collect();
        let figures = ProseFigures {
            org: &organ.name,
            with_subordinates,
            period: &name,
            form,
            three: &three,
            four: &four,
            topics: &topics,
            fee_yuan,
        };
        let (part_three, part_four) = (prose::part_three(&figures), prose::part_four(&figures));
        let fees = prose::fees(&figures);
        let six = own.part_six.as_ref().map_or(fees.clone(), |text| format!("{fees}{text}"));
        Self {
            year: chrono::Datelike::year(&period.from),
            basis: form.basis(),
            from: period.from,
            until: period.until,
            period: name,
            is_closed: as_of > period.until,
            narrative: format!("{part_three}\n{part_four}"),
            parts: Parts {
                one: own.part_one.clone().unwrap_or_default(),
                three: part_three,
                four: part_four,
                five: own.part_five.clone().unwrap_or_default(),
                six: six.clone(),
            },
            part_five: own.part_five.clone(),
            part_six: six,
            org: organ.name,
            organ_code: organ.code,
            form,
            as_of,
            with_subordinates,
            organs,
            is_complete,
            table2: own,
            table3: three,
            table4: four,
            topics,
            departments,
            topic_counts,
            fee_yuan,
            previous: None,
        }
    }
}

impl Serialize for Table {
    /// Row → column → number, in the order of the form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_map(Some(self.rows.len()))?;
        for (row, cells) in &self.rows {
            rows.serialize_entry(row, &Row { columns: &self.columns, cells })?;
        }
        rows.end()
    }
}

struct Row<'a> {
    columns: &'a [&'static str],
    cells: &'a [u32],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(self.cells))
    }
}
