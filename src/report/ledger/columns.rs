//! The columns of a ledger, in one table that serves the reader, the template and the export.

use super::cell::half_width;
use crate::case::historical::at;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A column of the ledger.
#[derive(Debug)]
pub struct LedgerColumn {
    /// The column as an enum.
    pub field: Field,
    /// Its heading.
    pub heading: &'static str,
    /// Other headings that offices use for it.
    pub aliases: &'static [&'static str],
    /// What it accepts, for the template.
    pub takes: &'static str,
    /// Whether every row must fill it.
    pub is_required: bool,
    /// Whether an import takes it as a fact of the case. The other columns are written by an export; of those, an
    /// import consults only 环节 and 提交日期.
    pub is_taken: bool,
    /// Its width, in digits of the standard font.
    pub width: u16,
    /// Longest content of a cell, characters.
    pub longest: usize,
    /// Pointer to the fact of a case it holds, as refusals use it; empty if it is not a fact of the case.
    pub at: &'static str,
}

macro_rules! columns {
    ($($field:ident: $heading:literal, [$($alias:literal),*], $required:literal, $width:literal, $longest:literal, $at:expr, $takes:literal;)*) => {
        /// A column by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is explained by its heading and what it takes")]
        pub enum Field { $($field,)* }

        /// All columns, in the order of the ledger.
        pub const COLUMNS: &[LedgerColumn] = &[$(LedgerColumn {
            field: Field::$field,
            heading: $heading,
            aliases: &[$($alias),*],
            takes: $takes,
            is_required: $required,
            is_taken: !matches!(Field::$field, Field::SubmittedOn | Field::Stage | Field::RegisteredOn | Field::Handler
                | Field::MailNumber | Field::DueOn | Field::Remaining | Field::Warning | Field::Approvals | Field::Remedies
                | Field::FileNumber | Field::RecordedLate),
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
    Number: "受理编号", ["编号", "受理号", "登记编号", "登记号", "申请编号", "申请号", "受理流水号", "流水号", "受理序号", "收件编号", "案件编号"], false, 22, 60, at::NUMBER,
        "原有编号，同一机关不得重复；没有的，导入时按本机关的编号规则编号";
    ReceivedOn: "收到日期", ["收到申请日期", "收到申请之日", "收到申请时间", "申请收到日期", "申请收到时间", "收到时间", "收到日", "收件日期", "收件时间", "收到之日", "收件日"], true, 12, 40, at::RECEIVED_ON,
        "日期：2024-3-5、2024/3/5、2024.3.5、2024年3月5日、20240305，或者日期格式的单元格";
    Channel: "申请方式", ["申请渠道", "受理方式", "受理渠道", "渠道", "提交方式", "来件方式", "收件方式", "接收方式", "申请途径", "申请形式", "申请来源", "来源"], false, 12, 40, at::CHANNEL,
        "当面、签收邮件、平信、网站、电子邮箱、传真、口头";
    ApplicantKind: "申请人类型", ["申请人类别", "申请人性质", "申请主体类型", "申请主体", "申请主体类别", "申请人属性", "申请人身份", "申请人种类", "申请者类型"], true, 14, 40, at::APPLICANT_KIND,
        "自然人、商业企业、科研机构、社会公益组织、法律服务机构、其他";
    Applicant: "申请人", ["申请人姓名", "申请人名称", "申请人姓名或名称", "申请人姓名/名称", "姓名或名称", "姓名/名称", "姓名或者名称", "姓名", "申请者"], false, 16, 100, "",
        "姓名或者名称";
    IdentityKind: "证件类型", ["证件名称", "证件种类", "有效证件类型", "身份证件类型"], false, 16, 40, "",
        "居民身份证、护照、统一社会信用代码、其他证件";
    IdentityNumber: "证件号码", ["证件号", "身份证号码", "身份证号", "身份证件号码", "有效证件号码", "公民身份号码", "统一社会信用代码", "证件编号", "身份证或统一社会信用代码"], false, 22, 40, "",
        "加密保存";
    Telephone: "联系电话", ["电话", "手机", "手机号", "手机号码", "联系方式", "联系电话/手机", "电话号码", "联系人电话", "申请人电话", "申请人联系方式", "申请人联系电话"], false, 16, 40, "",
        "加密保存";
    Email: "电子邮件", ["电子邮箱", "邮箱", "电子邮件地址", "电子邮箱地址", "E-mail", "申请人邮箱"], false, 24, 100, "",
        "加密保存";
    Address: "联系地址", ["通信地址", "通讯地址", "地址", "邮寄地址", "申请人地址", "联系人地址", "住址"], false, 30, 200, "",
        "加密保存";
    Request: "申请内容", ["申请内容摘要", "申请事项", "申请信息描述", "申请公开内容", "所需政府信息", "所需信息", "申请公开的信息", "申请信息", "申请公开的政府信息", "申请公开信息内容", "申请公开事项", "申请信息内容", "信息内容描述", "所需信息内容描述", "所需政府信息内容描述", "所需信息的内容描述", "申请内容描述", "申请公开信息", "内容摘要"], true, 44, 10_000, at::REQUEST,
        "所需政府信息的名称、文号或者其他特征性描述";
    Department: "承办科室", ["承办部门", "承办处室", "办理科室", "承办单位", "办理部门", "办理处室", "承办股室", "承办机构", "责任科室", "责任处室", "责任部门", "牵头科室", "主办科室", "主办处室"], false, 16, 60, "",
        "科室名称或者代码；本机关没有的，导入时新建";
    CorrectionOn: "补正通知日期", ["补正告知日期", "补正发出日期", "补正通知时间", "补正告知时间", "告知补正日期", "补正告知书发出日期", "发出补正告知日期", "补正通知发出日期"], false, 12, 40, at::CORRECTION_ON,
        "日期";
    CorrectionTerm: "补正期限", ["补正期限（工作日）", "补正时限", "补正期"], false, 12, 40, at::CORRECTION_TERM,
        "工作日数，或者补正的最后日期";
    CorrectionReceivedOn: "补正收到日期", ["收到补正日期", "补正日期", "收到补正时间", "补正材料收到日期", "收到补正材料日期", "补正收到时间", "申请人补正日期"], false, 12, 40, at::CORRECTION_RECEIVED_ON,
        "日期";
    ConsultationParty: "征求意见对象", ["征求对象", "第三方", "第三方名称", "征求意见单位", "被征求意见方", "征询对象", "意见征询对象"], false, 22, 1000, at::CONSULTATION_PARTY,
        "名称；征求多方的，这四列都用“；”分隔，次序相同";
    ConsultationKind: "征求意见类型", ["征求类型", "征询类型", "征求意见类别"], false, 14, 400, at::CONSULTATION_KIND,
        "第三方、共同制作机关、其他机关、保密行政管理部门";
    ConsultationSentOn: "征求意见发出日期", ["征求意见日期", "征求意见时间", "征求意见函发出日期", "征求发出日期", "发出征求意见日期", "征询发出日期", "征求意见发函日期"], false, 14, 400, at::CONSULTATION_SENT_ON,
        "日期";
    ConsultationReturnedOn: "征求意见收到日期", ["收到意见日期", "意见收到日期", "征求意见回复日期", "征求意见答复日期", "征求意见反馈日期", "意见反馈日期", "征求收到日期", "收到意见时间", "征询收到日期"], false, 14, 400, at::CONSULTATION_RETURNED_ON,
        "日期；尚未收到的为空";
    ExtensionDays: "延期工作日数", ["延期天数", "延长工作日数", "延长天数", "延期工作日", "延期工作日天数", "延长期限（工作日）", "延期期限（工作日）", "延期时长（工作日）"], false, 10, 40, at::EXTENSION_DAYS,
        "工作日数：现行条例1至20，2007年条例1至15";
    ExtensionOn: "延期告知日期", ["延长告知日期", "告知延期日期", "延期告知时间", "延期通知日期", "延期告知书发出日期", "延期答复告知日期", "延期告知发出日期", "告知申请人延期日期"], false, 12, 40, at::EXTENSION_ON,
        "告知申请人延期的日期";
    FeeOn: "收费通知日期", ["收费告知日期", "收费通知时间", "收费通知书发出日期", "告知收费日期", "收费通知发出日期"], false, 12, 40, at::FEE_ON,
        "日期";
    FeePaidOn: "缴费日期", ["缴清日期", "缴费完成日期", "缴费时间", "缴纳日期", "费用缴清日期"], false, 12, 40, at::FEE_PAID_ON,
        "日期";
    RepliedOn: "答复日期", ["答复时间", "办结日期", "办结时间", "答复发出日期", "答复书发出日期", "答复发文日期", "实际答复日期", "答复日", "办理完结日期", "作出答复日期", "出具答复日期", "终结日期", "正式答复日期"], false, 12, 40, at::REPLIED_ON,
        "日期；未经答复终结的，填终结的日期；在办的为空";
    Outcome: "处理结果", ["办理结果", "答复结果", "答复类型", "答复种类", "处理结果（年报类目）", "处理结果类别", "答复类别", "办理结果类型", "处理决定", "年报类目", "答复情形", "答复意见类型", "处理情形"], false, 30, 200, at::OUTCOME,
        "结果代码、年报各行的名称，或者通常的说法；在办的为空";
    DocumentNumber: "答复文号", ["文号", "答复书文号", "答复书编号", "答复编号", "告知书文号", "告知书编号", "答复发文号", "发文字号", "发文文号", "答复告知书文号", "答复字号"], false, 22, 60, at::DOCUMENT_NUMBER,
        "文号";
    Method: "送达方式", ["答复方式", "送达途径", "答复送达方式", "寄送方式", "送达形式", "答复途径"], false, 14, 40, at::METHOD,
        "直接送达、委托送达、邮寄送达、电子送达、其他快递企业";
    ServedOn: "送达日期", ["送达时间", "送达日", "送达签收日期", "答复送达日期", "申请人签收日期", "答复书送达日期", "答复签收日期", "回执日期"], false, 12, 40, at::SERVED_ON,
        "日期";
    Note: "备注", ["说明", "备考", "其他说明", "备注说明"], false, 30, 1000, at::NOTE,
        "";
    SubmittedOn: "提交日期", ["申请日期", "申请时间", "提交时间", "申请提交日期", "申请提交时间", "提出申请日期"], false, 12, 40, "",
        "导出时填写。申请人提出申请的日期，不是收到申请之日；尚未确认收到的，导入时取这一日期";
    Stage: "环节", ["办理环节", "办理状态", "状态", "当前状态", "当前环节", "办理进度", "案件状态", "是否办结", "办结情况"], false, 12, 40, "",
        "导出时填写。导入时只用来核对：写明已经办结而没有处理结果的，列为错误";
    RegisteredOn: "登记日期", ["登记时间", "受理日期", "受理时间", "受理登记日期", "立案日期", "受理日", "登记受理日期"], false, 12, 40, "",
        "导出时填写，导入时不取。登记、受理的日期可能晚于收到申请之日";
    Handler: "承办人", ["经办人", "办理人", "经办人员", "承办人员", "责任人", "具体承办人"], false, 12, 40, "",
        "导出时填写，导入时不取";
    MailNumber: "邮件号", ["邮寄单号", "快递单号", "邮件编号", "运单号", "EMS单号", "挂号信号码", "送达单号", "邮寄编号", "邮政编号", "快递号"], false, 20, 60, "",
        "导出时填写，寄出答复的邮件号；导入时不取";
    DueOn: "法定期限", ["答复期限", "办理期限", "法定答复期限", "答复截止日期", "应答复日期", "答复时限", "办理时限", "截止日期", "到期日", "到期日期", "期限届满日", "法定期限届满日", "最后答复日期", "限办日期", "应办结日期", "法定答复日期", "延期后期限", "延期后答复期限", "延期后截止日期"], false, 12, 40, "",
        "导出时填写，导入时不取：由本系统按收到日期等计算";
    Remaining: "剩余工作日", ["剩余天数", "剩余时间", "剩余期限", "倒计时", "剩余日数"], false, 10, 40, "",
        "导出时填写，导入时不取";
    Warning: "预警", ["预警级别", "预警状态", "预警情况", "是否超期", "是否逾期", "是否按期", "是否按期答复", "是否按时答复", "是否在法定期限内答复", "是否按时办结", "超期天数", "逾期天数", "超期情况"], false, 10, 40, "",
        "导出时填写，导入时不取：由本系统计算";
    Approvals: "审批", ["审批人", "审批情况", "审核人", "签发人", "审核情况", "审核", "签批", "签批人", "分管领导", "审签人", "领导签批", "审批日期", "签发日期"], false, 30, 40, "",
        "导出时填写，导入时不取：审批在案件上办理";
    Remedies: "复议诉讼", ["行政复议", "行政诉讼", "复议", "诉讼", "复议情况", "诉讼情况", "复议诉讼情况", "复议/诉讼", "行政复议情况", "行政诉讼情况", "是否复议", "是否诉讼", "是否复议诉讼", "复议诉讼结果", "复议结果", "诉讼结果", "行政复议或诉讼情况", "是否引发复议诉讼"], false, 30, 40, "",
        "导出时填写，导入时不取：请在案件上登记";
    FileNumber: "归档号", ["档案号", "档号", "归档编号", "归档日期", "归档时间", "是否归档", "归档情况", "案卷号"], false, 16, 40, "",
        "导出时填写，导入时不取：请在案件上归档";
    RecordedLate: "补录", ["补录情况", "是否补录"], false, 30, 40, "",
        "导出时填写，导入时不取：登记比发生晚三个工作日以上的各步";
}

/// All names of columns, in plain form. A heading takes precedence over an alias, and an earlier column over a later
/// one.
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
    /// Its entry in [`COLUMNS`].
    #[must_use]
    pub fn column(self) -> Option<&'static LedgerColumn> {
        COLUMNS.iter().find(|column| column.field == self)
    }

    /// The column for a heading as an office wrote it.
    #[must_use]
    pub fn of_heading(heading: &str) -> Option<Self> {
        NAMES.get(&plain(heading)).copied()
    }

    /// The column of the fact that a refusal points at.
    #[must_use]
    pub fn at(pointer: &str) -> Option<Self> {
        COLUMNS.iter().find(|column| !column.at.is_empty() && column.at == pointer).map(|column| column.field)
    }
}

/// Normalises a heading: removes blanks, line breaks, stars, colons, quotation marks, “（必填）” and a number in front.
pub(super) fn plain(heading: &str) -> String {
    let letters: String = half_width(heading)
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '*' | ':' | '"' | '“' | '”'))
        .map(|letter| match letter {
            '[' | '【' | '〔' => '(',
            ']' | '】' | '〕' => ')',
            other => other,
        })
        .collect();
    let letters =
        ["(必填)", "(选填)", "(必填项)", "(选填项)"].iter().fold(letters, |text, mark| text.replace(mark, ""));
    let unnumbered = letters.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let unnumbered = unnumbered.strip_prefix(['.', '、', ')']).filter(|_| unnumbered.len() < letters.len());
    unnumbered.unwrap_or(&letters).to_lowercase()
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
