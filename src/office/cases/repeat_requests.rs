//! Earlier requests by the same applicant for similar information. These are hints only: the clerk decides whether a
//! request is a repeat (Art. 36 (6)).

use crate::case::similarity::{Difference, Profile, SHOWN_FROM};
use crate::case::{Case, Stage, similarity};
use crate::law::{Outcome, Regime};
use crate::office::reports::topics::Asked;
use crate::office::supervision::watched::cut;
use crate::office::{Cases, OfficeError};
use crate::store::cases::applicants::ApplicantRow;
use crate::store::cases::{CaseCursor, CaseFilter, CaseOrder, CaseRow};
use crate::store::{
    ApplicantId, CaseId, Db,
    cases::{self, applicants},
};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Maximum number of earlier requests compared.
const MOST_COMPARED: i64 = 200;
/// Maximum number of records of one applicant.
const MOST_RECORDS: i64 = 500;
/// Maximum number of results.
const MOST_SHOWN: usize = 10;

/// 凭什么认为是同一申请人
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SameBy {
    /// 证件号码相同
    Identity,
    /// 仅申请人类型和姓名（名称）相同，较弱，须另行核对
    Name,
}

/// 同一申请人此前的一件类似申请
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimilarCase {
    /// 案件
    pub case_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 标题
    pub title: String,
    /// 收到申请之日
    pub received_on: Option<NaiveDate>,
    /// 凭什么认为是同一申请人
    pub same_by: SameBy,
    /// 申请内容的相似度，百分比
    pub likeness: u8,
    /// 虽然相似，但写明的年份或者文号没有相同的
    pub difference: Option<Difference>,
    /// 是否还在办理
    pub is_open: bool,
    /// 处理结果代码
    pub outcome: Option<String>,
    /// 处理结果
    pub outcome_label: Option<String>,
    /// 答复文号
    pub reply_number: Option<String>,
    /// 答复日期
    pub replied_on: Option<NaiveDate>,
    /// 已经答复且没有写明不同的年份、文号：可以核对是否属于重复申请
    pub may_be_repeat: bool,
}

/// 同一申请人此前的类似申请；仅供核对，不自动作为重复申请处理
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimilarCases {
    /// 相似度达到多少才列出，百分比
    pub shown_from: u8,
    /// 重复申请的依据；2007年条例没有这一种类，为空
    #[schema(value_type = Option<String>)]
    pub article: Option<&'static str>,
    /// 是否已比对该申请人此前的全部申请；false 表示申请过多，只比对了最近的，或者有案件的记录不能读取（见服务日志）
    pub is_complete: bool,
    /// 最相似的在前，最多 10 件
    pub items: Vec<SimilarCase>,
}

impl Cases<'_> {
    /// Earlier requests by the same applicant to the same organ for similar information, most similar first.
    ///
    /// Omits an earlier case with an unreadable log, which must not block work on this one.
    ///
    /// # Errors
    /// As [`Cases::open_file`].
    pub fn similar_cases(&self, id: CaseId) -> Result<SimilarCases, OfficeError> {
        self.store().read(|db| {
            let file = self.open_file(db, id)?;
            let one = applicants::find(db, file.row.applicant_id)?;
            let (title, request) = (&file.case.intake.title, &file.case.intake.request);
            let before = CaseCursor::of(CaseOrder::Added, &file.row);
            Ok(self.alike(db, &one, &Profile::of(title, request), &before)?.of_regime(file.case.regime))
        })
    }

    /// The requests before `before` that are similar to `profile`, by applicants that may be the same as `one`.
    fn alike(
        &self,
        db: &mut Db,
        one: &ApplicantRow,
        profile: &Profile,
        before: &CaseCursor,
    ) -> Result<SimilarCases, OfficeError> {
        let (same, mut is_complete) = same_applicants(db, one)?;
        if same.is_empty() {
            return Ok(SimilarCases::none(true)); // a filter without applicants would restrict to none of them
        }
        let filter = CaseFilter {
            organs: vec![one.organ_id],
            applicants: same.keys().copied().collect(),
            ..CaseFilter::default()
        };
        let (mut rows, is_whole) = cut(cases::list(db, &filter, Some(before), MOST_COMPARED + 1)?, MOST_COMPARED);
        is_complete &= is_whole;
        // A merged or split case continues in others, which are compared themselves.
        rows.retain(|row| row.stage != Stage::Merged.code() && row.stage != Stage::Split.code());
        let mut asked = Asked::load(db, &rows)?;
        let mut found: Vec<(u8, Option<Difference>, CaseRow)> = rows
            .into_iter()
            .map(|row| {
                let earlier = asked.take(&row);
                (profile.likeness(&earlier), profile.difference(&earlier), row)
            })
            .filter(|(likeness, ..)| *likeness >= SHOWN_FROM)
            .collect();
        // The sort is stable: among equally similar requests the newest stays first.
        found.sort_by_key(|(likeness, ..)| std::cmp::Reverse(*likeness));
        found.truncate(MOST_SHOWN);
        is_complete &= asked.is_complete;
        let mut items = Vec::with_capacity(found.len());
        let found_rows = found.iter().map(|(_, _, row)| row.clone()).collect();
        for ((likeness, difference, _), (row, earlier)) in found.iter().zip(self.files_of(db, found_rows)?) {
            let same_by = same.get(&row.applicant_id).copied().unwrap_or(SameBy::Name);
            match earlier {
                Ok(earlier) => items.push(shown(row, &earlier.case, *likeness, *difference, same_by)),
                Err(error) => {
                    tracing::error!(case = %row.id.0, %error, "an earlier case is not shown: its log cannot be read");
                    is_complete = false;
                }
            }
        }
        Ok(SimilarCases { items, ..SimilarCases::none(is_complete) })
    }
}

impl SimilarCases {
    /// An empty result with this flag.
    const fn none(is_complete: bool) -> Self {
        Self { shown_from: similarity::SHOWN_FROM, article: Some(ARTICLE), is_complete, items: Vec::new() }
    }

    /// Adapts the result to a regime: Order 492 (2007) has no category for repeats.
    #[must_use]
    pub fn of_regime(self, regime: Option<Regime>) -> Self {
        Self { article: (regime != Some(Regime::Order492)).then_some(ARTICLE), ..self }
    }
}

/// The article on which a repeat may be refused.
const ARTICLE: &str = "《条例》第三十六条第（六）项";

/// The applicant's records, each with the reason for the match. The flag is `false` if there are too many.
fn same_applicants(db: &mut Db, one: &ApplicantRow) -> Result<(BTreeMap<ApplicantId, SameBy>, bool), OfficeError> {
    let (records, is_complete) = cut(applicants::perhaps_same(db, one, MOST_RECORDS + 1)?, MOST_RECORDS);
    let same_by = |record: &applicants::Likely| {
        let is_same_paper = one.identity_index.is_some() && record.identity_index == one.identity_index;
        if is_same_paper || record.id == one.id { SameBy::Identity } else { SameBy::Name }
    };
    Ok((records.iter().map(|record| (record.id, same_by(record))).collect(), is_complete))
}

fn shown(row: CaseRow, earlier: &Case, likeness: u8, difference: Option<Difference>, same_by: SameBy) -> SimilarCase {
    let outcome = row.outcome.as_deref().and_then(Outcome::from_code);
    SimilarCase {
        case_id: row.id.0,
        number: row.number,
        title: row.title,
        received_on: row.received_on,
        same_by,
        likeness,
        difference,
        is_open: row.is_open,
        outcome: row.outcome,
        outcome_label: outcome.map(|outcome| outcome.label().to_owned()),
        reply_number: earlier.reply.as_ref().map(|reply| reply.document_number.clone()),
        replied_on: row.replied_on,
        // Of an open case the reply was revoked.
        may_be_repeat: row.replied_on.is_some() && !row.is_open && difference.is_none(),
    }
}
