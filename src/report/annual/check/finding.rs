//! What the checker says: rule, place, found, expected, cause.

use serde::Serialize;
use utoipa::ToSchema;

/// Rules with their codes, names and whether a breach is a contradiction of figures or only worth a look.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $code:literal, $label:literal, $fault:literal;)*) => {
        /// A rule of consistency.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Rule { $($(#[$doc])* #[serde(rename = $code)] $rule,)* }
        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];
            /// Stable code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$rule => $code,)* } }
            /// Its name.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$rule => $label,)* } }
            /// Whether a breach is a fault of the report; else it is only pointed out.
            #[must_use]
            pub const fn is_fault(self) -> bool { match self { $(Self::$rule => $fault,)* } }
        }
        // utoipa's derive takes no name out of a macro's literal: it would publish the Rust names.
        impl utoipa::PartialSchema for Rule {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::law::vocabulary("核对规则", &[$(($code, $label),)*])
            }
        }
        impl ToSchema for Rule {}
    };
}

rules! {
    /// 一＋二＝（七）＋四, in every column.
    Balance = "balance", "第一项加第二项之和等于第三项加第四项之和", true;
    /// （七） is the sum of the rows of results, in every column.
    ResultsTotal = "results_total", "（七）总计等于各办理结果之和", true;
    /// 总计 is the sum of the six columns, in every row.
    RowTotal = "row_total", "总计栏等于各类申请人之和", true;
    /// 总计 is printed.
    BlankTotal = "blank_total", "总计栏不得空白", true;
    /// A row of the form is there.
    RowMissing = "row_missing", "格式规定的行不得缺少", true;
    /// 总计 of a block of table four is the sum of its four results.
    RemedyTotal = "remedy_total", "表四总计等于四种结果之和", true;
    /// Table four has all its cells.
    RemedyCells = "remedy_cells", "表四共15格，逐格填写", true;
    /// A sum of the 2014 sheet.
    SheetSum = "sheet_sum", "统计表的合计等于其分项之和", true;
    /// 二 of a year is 四 of the year before, in every column.
    CarryOver = "carry_over", "上年结转等于上一年度的结转下年度", true;
    /// A figure of the prose is that of the table.
    Narrative = "narrative", "文字中的数字与表中一致", true;
    /// The prose does not contradict itself.
    NarrativeContradiction = "narrative_contradiction", "同一数字前后一致", true;
    /// The parts named in prose are together at most their whole.
    Enumeration = "enumeration", "分项之和不大于总数", true;
    /// The ways in add up to the applications received.
    Channels = "channels", "各申请渠道之和等于收到数", true;
    /// A fee charged is reported in part six.
    FeeUnreported = "fee_unreported", "收取信息处理费的，在第六部分报告", true;
    /// Part five says something.
    PartFiveEmpty = "part_five_empty", "第五部分应写明问题及改进情况", true;
    /// The prose counts what was carried over among the received.
    ReceivedWithCarryOver = "received_with_carry_over", "文字中的受理数是新收加结转", false;
    /// A figure of the prose that may or may not be one of the table.
    NarrativeUnplaced = "narrative_unplaced", "文字中的数字不能确定对应哪一栏", false;
    /// A sum could only be checked with a blank cell filled in.
    NotCheckable = "not_checkable", "有空白格，不能直接核对", false;
    /// 四 is not said but follows.
    ImpliedCarryOver = "implied_carry_over", "结转下年度数未列出，可以推出", false;
    /// Cells are blank where a nought is meant.
    BlankCells = "blank_cells", "空白与0不同，没有的填0", false;
    /// Cells say 不适用.
    NotApplicable = "not_applicable", "不适用与0不同，请确认", false;
    /// Numbers whose cell is unknown.
    UnplacedCells = "unplaced_cells", "数字不能对应到栏目", false;
    /// The rows are those of another form.
    FormRows = "form_rows", "行的设置与该年度格式不同", false;
    /// A label is misprinted or unknown.
    RowLabel = "row_label", "行名与格式不同", false;
    /// Many times more, or less, than the year before.
    Ratio = "ratio", "与上一年度相差过大", false;
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// 规则代码
    pub rule: Rule,
    /// 规则
    pub rule_label: &'static str,
    /// 在哪个表：三、四、文字
    pub table: &'static str,
    /// 行
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// 栏目
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// 表中的数；空白的不填
    pub found: Option<u64>,
    /// 应有的数
    pub expected: Option<u64>,
    /// 说明
    pub detail: String,
    /// 最可能的原因
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl Finding {
    /// A finding; the place and the figures are added to it.
    pub fn new(rule: Rule, table: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            rule,
            rule_label: rule.label(),
            table,
            row: None,
            column: None,
            found: None,
            expected: None,
            detail,
            cause: None,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn at(mut self, row: &str, column: Option<&str>) -> Self {
        self.row = Some(row.to_owned());
        self.column = column.map(str::to_owned);
        self
    }

    /// What was found, and what was expected.
    #[must_use]
    pub fn figures(mut self, found: Option<u64>, expected: Option<u64>) -> Self {
        (self.found, self.expected) = (found, expected);
        self
    }

    /// Why, most likely.
    #[must_use]
    pub fn because(mut self, cause: Option<String>) -> Self {
        self.cause = cause;
        self
    }
}
