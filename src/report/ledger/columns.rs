//! The columns of a ledger: one table, read by the reader, the template and the export.

use crate::case::historical::at;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A column.
#[derive(Debug)]
pub struct LedgerColumn {
    /// Which.
    pub field: Field,
    /// Its heading.
    pub heading: &'static str,
    /// Other words that offices head it with.
    pub aliases: &'static [&'static str],
    /// What it takes, for the template.
    pub takes: &'static str,
    /// Whether every row has to have it.
    pub is_required: bool,
    /// Its width, in digits of the standard font.
    pub width: u16,
    /// Most characters of a cell.
    pub longest: usize,
    /// The fact of a case it holds, as refusals point at it; empty for what stands beside the case.
    pub at: &'static str,
}

macro_rules! columns {
    ($($field:ident: $heading:literal, [$($alias:literal),*], $required:literal, $width:literal, $longest:literal, $at:expr, $takes:literal;)*) => {
        /// A column by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is explained by its heading and what it takes")]
        pub enum Field { $($field,)* }

        /// Every column, in the order of the ledger.
        pub const COLUMNS: &[LedgerColumn] = &[$(LedgerColumn {
            field: Field::$field,
            heading: $heading,
            aliases: &[$($alias),*],
            takes: $takes,
            is_required: $required,
            width: $width,
            longest: $longest,
            at: $at,
        },)*];

        impl Field {
            /// Its heading.
            #[must_use]
            pub const fn heading(self) -> &'static str { match self { $(Self::$field => $heading,)* } }
        }
    };
}

columns! {
    Number: "受理编号", ["编号", "受理号", "登记编号", "申请编号", "受理流水号", "流水号"], false, 22, 60, at::NUMBER,
        "原有编号，同一机关不得重复；没有的，导入时按本机关的编号规则编号";
    ReceivedOn: "收到日期", ["收到申请日期", "收到申请之日", "收到时间", "收件日期", "收件时间", "受理日期", "受理时间"], true, 12, 40, at::RECEIVED_ON,
        "日期：2024-3-5、2024/3/5、2024.3.5、2024年3月5日、20240305，或者日期格式的单元格";
    Channel: "申请方式", ["申请渠道", "受理方式", "渠道", "提交方式"], false, 12, 40, at::CHANNEL,
        "当面、签收邮件、平信、网站、电子邮箱、传真、口头";
    ApplicantKind: "申请人类型", ["申请人类别", "申请人性质", "申请主体类型"], true, 14, 40, at::APPLICANT_KIND,
        "自然人、商业企业、科研机构、社会公益组织、法律服务机构、其他";
    Applicant: "申请人", ["申请人姓名", "申请人名称", "姓名或名称", "姓名或者名称", "姓名"], false, 16, 100, "",
        "姓名或者名称";
    IdentityKind: "证件类型", ["证件名称"], false, 16, 40, "",
        "居民身份证、护照、统一社会信用代码、其他证件";
    IdentityNumber: "证件号码", ["证件号", "身份证号码", "身份证号"], false, 22, 40, "",
        "加密保存";
    Telephone: "联系电话", ["电话", "手机", "手机号", "手机号码", "联系方式"], false, 16, 40, "",
        "加密保存";
    Email: "电子邮件", ["电子邮箱", "邮箱", "电子邮件地址"], false, 24, 100, "",
        "加密保存";
    Address: "联系地址", ["通信地址", "通讯地址", "地址"], false, 30, 200, "",
        "加密保存";
    Request: "申请内容", ["申请内容摘要", "申请事项", "申请信息描述", "申请公开内容", "所需政府信息", "所需信息", "申请公开的信息"], true, 44, 5000, at::REQUEST,
        "所需政府信息的名称、文号或者其他特征性描述";
    Department: "承办科室", ["承办部门", "承办处室", "办理科室", "承办单位", "登记部门"], false, 16, 60, "",
        "科室名称或者代码；本机关没有的，导入时新建";
    CorrectionOn: "补正通知日期", ["补正告知日期", "补正发出日期"], false, 12, 40, at::CORRECTION_ON,
        "日期";
    CorrectionTerm: "补正期限", ["补正期限（工作日）"], false, 12, 40, at::CORRECTION_TERM,
        "工作日数，或者补正的最后日期";
    CorrectionReceivedOn: "补正收到日期", ["收到补正日期", "补正日期"], false, 12, 40, at::CORRECTION_RECEIVED_ON,
        "日期";
    ConsultationParty: "征求意见对象", ["征求对象", "第三方"], false, 22, 1000, at::CONSULTATION_PARTY,
        "名称；征求多方的，这四列都用“；”分隔，次序相同";
    ConsultationKind: "征求意见类型", ["征求类型"], false, 14, 400, at::CONSULTATION_KIND,
        "第三方、共同制作机关、其他机关、保密行政管理部门";
    ConsultationSentOn: "征求意见发出日期", ["征求意见日期"], false, 14, 400, at::CONSULTATION_SENT_ON,
        "日期";
    ConsultationReturnedOn: "征求意见收到日期", ["收到意见日期", "意见收到日期"], false, 14, 400, at::CONSULTATION_RETURNED_ON,
        "日期；尚未收到的为空";
    ExtensionDays: "延期工作日数", ["延期天数", "延长工作日数", "延长天数", "延期工作日"], false, 10, 40, at::EXTENSION_DAYS,
        "工作日数：现行条例1至20，2007年条例1至15";
    ExtensionOn: "延期告知日期", ["延期日期", "延长告知日期", "告知延期日期"], false, 12, 40, at::EXTENSION_ON,
        "告知申请人延期的日期";
    FeeOn: "收费通知日期", ["收费告知日期"], false, 12, 40, at::FEE_ON,
        "日期";
    FeePaidOn: "缴费日期", ["缴清日期", "缴费完成日期"], false, 12, 40, at::FEE_PAID_ON,
        "日期";
    RepliedOn: "答复日期", ["答复时间", "办结日期", "办结时间", "答复发出日期"], false, 12, 40, at::REPLIED_ON,
        "日期；未经答复终结的，填终结的日期；在办的为空";
    Outcome: "处理结果", ["办理结果", "答复结果", "答复类型", "答复种类", "处理结果（年报类目）"], false, 30, 200, at::OUTCOME,
        "结果代码、年报各行的名称，或者通常的说法；在办的为空";
    DocumentNumber: "答复文号", ["文号", "答复书文号", "答复书编号"], false, 22, 60, at::DOCUMENT_NUMBER,
        "文号";
    Method: "送达方式", ["答复方式", "送达途径"], false, 14, 40, at::METHOD,
        "直接送达、委托送达、邮寄送达、电子送达、其他快递企业";
    ServedOn: "送达日期", ["签收日期", "送达时间", "签收时间"], false, 12, 40, at::SERVED_ON,
        "日期";
    Note: "备注", ["说明"], false, 30, 1000, at::NOTE,
        "";
}

/// Every name of a column, in its plain form. A heading goes before an alias, and an earlier column before a later one.
static NAMES: LazyLock<HashMap<String, Field>> = LazyLock::new(|| {
    let headings = COLUMNS.iter().map(|column| (column.heading, column.field));
    let aliases = COLUMNS.iter().flat_map(|column| column.aliases.iter().map(|alias| (*alias, column.field)));
    let mut names = HashMap::new();
    for (name, field) in headings.chain(aliases) {
        names.entry(plain(name)).or_insert(field);
    }
    names
});

impl Field {
    /// The whole entry.
    #[must_use]
    pub fn column(self) -> Option<&'static LedgerColumn> {
        COLUMNS.iter().find(|column| column.field == self)
    }

    /// The column of a heading as somebody typed it.
    #[must_use]
    pub fn of_heading(heading: &str) -> Option<Self> {
        NAMES.get(&plain(heading)).copied()
    }

    /// The heading of the column whose fact a refusal points at.
    #[must_use]
    pub fn at(pointer: &str) -> Option<Self> {
        COLUMNS.iter().find(|column| !column.at.is_empty() && column.at == pointer).map(|column| column.field)
    }
}

/// A heading without what forms add to it: blanks, line breaks, stars, “（必填）”.
fn plain(heading: &str) -> String {
    let heading = heading.replace("（必填）", "").replace("(必填)", "");
    let letters =
        heading.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '*' | '＊' | '：' | ':'));
    letters
        .map(|letter| match letter {
            '(' => '（',
            ')' => '）',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_column_is_understood_as_that_column_however_a_form_writes_it() {
        for column in COLUMNS {
            for name in column.aliases.iter().chain([&column.heading]) {
                for typed in
                    [(*name).to_owned(), format!(" *{name}（必填）：\n"), name.replace('（', "(").replace('）', ")")]
                {
                    assert_eq!(Field::of_heading(&typed), Some(column.field), "{typed:?}");
                }
            }
        }
        assert_eq!(Field::of_heading("序号"), None);
        assert_eq!(Field::of_heading(""), None);
    }
}
