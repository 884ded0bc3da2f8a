//! Views of what would be.

use super::view::{CaseView, OutcomeView};
use crate::case::{MovedDuty, Standing, position};
use crate::law::WarningLevel;
use crate::office::cases::case_file::CaseFile;
use crate::office::cases::previews::Preview;
use crate::office::reports::publish::ReportMove;
use crate::office::{OfficeError, Word};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

/// 案件所处的状况
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StandingView {
    /// 环节
    pub stage: Word,
    /// 期限届满日；中止、待补正、待缴费或日历不足时为空
    pub due: Option<NaiveDate>,
    /// 预警级别
    pub warning: Word,
    /// 期限内、逾期、按期答复、逾期答复等；作废的为空
    pub standing: Option<Word>,
    /// 处理结果
    pub outcome: Option<OutcomeView>,
}

impl StandingView {
    fn new(file: &CaseFile, today: NaiveDate) -> Result<Self, OfficeError> {
        let CaseFile { row, case, desk, .. } = file;
        let answer = case
            .reply_clock(&desk.calendar, &desk.rules, Some(today))
            .map_err(|error| OfficeError::unreadable(format!("clock of case {}: {error}", row.id.0)))?;
        let place = position(case, answer.as_ref(), today, &desk.rules.warning_thresholds(), &desk.calendar);
        let thresholds = desk.rules.warning_thresholds();
        let level = answer
            .as_ref()
            .map_or(WarningLevel::None, |answer| case.warning(answer, today, &thresholds, &desk.calendar));
        let word = |standing: Standing| Word::of(standing.code(), standing.label());
        Ok(Self {
            stage: Word::of(case.stage.code(), case.stage.label()),
            due: answer.as_ref().and_then(|answer| answer.due),
            warning: Word::of(level.code(), level.label()),
            standing: case.void.is_none().then(|| word(place.standing)),
            outcome: case.outcome.map(OutcomeView::from),
        })
    }
}

/// 试办的结果：什么也没有改动
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewView {
    /// 现在；收件的为空
    pub before: Option<StandingView>,
    /// 办理以后
    pub after: StandingView,
    /// 办理以后的案件；编号办理时才编
    pub case: CaseView,
    /// 最后一日变动的事项
    pub duties: Vec<MovedDuty>,
    /// 年度报告中增减的各格（合计除外）
    pub report_cells: Vec<ReportMove>,
    /// 将撤回的待发邮件
    pub mails_withdrawn: Vec<String>,
    /// 须经机关负责人确认的原因；不须确认的为空
    pub needs_confirmation: Vec<Word>,
}

impl PreviewView {
    /// The view of a preview.
    ///
    /// # Errors
    /// As [`CaseView::new`].
    pub fn new(preview: &Preview) -> Result<Self, OfficeError> {
        let today = preview.today();
        Ok(Self {
            before: preview.before.as_ref().map(|file| StandingView::new(file, today)).transpose()?,
            after: StandingView::new(&preview.after.file, today)?,
            case: CaseView::new(&preview.after)?,
            duties: preview.duties.clone(),
            report_cells: preview.cells.clone(),
            mails_withdrawn: preview.mails.clone(),
            needs_confirmation: preview.because.iter().map(|cause| Word::of(cause.code(), cause.label())).collect(),
        })
    }
}
