//! 申请较为集中的信息: information requested repeatedly, grouped by clerks' tags and by similarity, and whether publishing it
//! should be considered (Art. 44). Each organ is analysed separately, because the article speaks of requests to one
//! organ.

use crate::case::similarity::{Profile, TOPIC_FROM, clusters};
use crate::case::{Candidacy, Event};
use crate::law::Outcome;
use crate::office::cases::case_file::read_log;
use crate::office::{Caller, OfficeError, Reports};
use crate::store::cases::applicants::{self, Likely};
use crate::store::cases::{CaseFilter, CaseRow};
use crate::store::people::organs::OrganRow;
use crate::store::{
    ApplicantId, CaseId, Db, OrganId,
    cases::{self, events, tags},
    people::organs,
};
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Maximum number of requests compared per answer.
pub const MOST_CASES: usize = 5_000;
/// Maximum number of topics per answer.
const MOST_TOPICS: usize = 200;
/// Maximum number of requests listed per topic. The counts cover all.
const MOST_SHOWN: usize = 50;
/// Budget for grouping: groups looked up plus character pairs compared.
const WORK: usize = 200_000_000;
/// Default period, in days.
const DAYS: u64 = 365;

/// 分组的方式
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicBy {
    /// 经办人所加的主题标签
    Tag,
    /// 申请内容相似
    Likeness,
}

/// 一种处理结果的件数
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutcomeCount {
    /// 处理结果代码
    #[schema(value_type = String)]
    pub code: &'static str,
    /// 处理结果
    #[schema(value_type = String)]
    pub label: &'static str,
    /// 件数
    pub applications: usize,
}

/// 其中的一件申请
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TopicCase {
    /// 案件
    pub case_id: Uuid,
    /// 受理编号
    pub number: Option<String>,
    /// 标题
    pub title: String,
    /// 收到申请之日
    pub received_on: Option<NaiveDate>,
    /// 处理结果代码；在办的为空
    pub outcome: Option<String>,
}

/// 申请较为集中的一项信息
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Topic {
    /// 机关
    pub organ_id: Uuid,
    /// 机关名称
    pub organ_name: String,
    /// 分组的方式
    pub by: TopicBy,
    /// 标签，或者组内最早一件的标题
    pub label: String,
    /// 申请件数
    pub applications: usize,
    /// 申请人数；证件号码相同的为一人，没有证件号码的按申请人类型和姓名（名称）
    pub applicants: usize,
    /// 在办件数
    pub open: usize,
    /// 已有处理结果的，按结果
    pub outcomes: Vec<OutcomeCount>,
    /// 是否有予以公开的答复
    pub is_disclosed_in_full: bool,
    /// 是否可以考虑纳入主动公开
    pub is_candidate: bool,
    /// 理由
    #[schema(value_type = String)]
    pub why: &'static str,
    /// 是否只列出了一部分申请
    pub is_capped: bool,
    /// 各件申请，先收到的在前
    pub cases: Vec<TopicCase>,
}

/// 申请较为集中的信息
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TopicReport {
    /// 收到申请之日自
    pub from: NaiveDate,
    /// 收到申请之日至
    pub until: NaiveDate,
    /// 申请内容相似度达到多少归为一组，百分比
    pub likeness_from: u8,
    /// 纳入主动公开的依据
    #[schema(value_type = String)]
    pub article: &'static str,
    /// 比对的申请件数
    pub compared: usize,
    /// 是否已比对全部申请、列出全部主题；false 表示数量过多，请缩小日期或者机关的范围，或者有案件的记录不能读取（见服务日志）
    pub is_complete: bool,
    /// 各项，件数多的在前；只有一件的不列
    pub topics: Vec<Topic>,
}

/// A query for topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicQuery {
    /// Restricts to this organ …
    pub organ: Option<OrganId>,
    /// … and the organs below it.
    pub with_subordinates: bool,
    /// First day of receipt. `None` for 365 days before the last.
    pub from: Option<NaiveDate>,
    /// Last day of receipt. `None` for today.
    pub until: Option<NaiveDate>,
}

/// The article that permits publishing information requested by several applicants.
const ARTICLE: &str = "《条例》第四十四条第一款";

impl Reports<'_> {
    /// Information requested more than once in the organs the caller may read.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not read the requested organ; [`OfficeError::Invalid`] if `from` is
    /// after `until`.
    pub fn topics(&self, caller: &Caller, query: &TopicQuery) -> Result<TopicReport, OfficeError> {
        self.store().read(|db| {
            let until = query.until.unwrap_or_else(|| self.clock().today());
            let from = query.from.unwrap_or_else(|| until.checked_sub_days(Days::new(DAYS)).unwrap_or(NaiveDate::MIN));
            if from > until {
                return Err(OfficeError::invalid("?from", "out_of_range", format!("不得晚于截止日{until}")));
            }
            let readable = self.cases().readable_organs(db, caller, query.organ, query.with_subordinates)?;
            let names: Vec<OrganRow> =
                organs::all(db)?.into_iter().filter(|organ| readable.contains(&organ.id)).collect();
            let mut report = TopicReport {
                from,
                until,
                likeness_from: TOPIC_FROM,
                article: ARTICLE,
                compared: 0,
                is_complete: true,
                topics: Vec::new(),
            };
            let mut work = WORK;
            for organ in &names {
                let room = MOST_CASES - report.compared.min(MOST_CASES);
                let docket = TopicCases::load(db, organ, (from, until), room)?;
                report.compared += docket.rows.len();
                let (topics, is_complete) = docket.topics(&mut work);
                report.is_complete &= is_complete && docket.is_complete;
                report.topics.extend(topics);
            }
            let order = |topic: &Topic| {
                (std::cmp::Reverse(topic.applications), topic.organ_name.clone(), topic.by, topic.label.clone())
            };
            report.topics.sort_by_cached_key(order);
            report.is_complete &= report.topics.len() <= MOST_TOPICS;
            report.topics.truncate(MOST_TOPICS);
            Ok(report)
        })
    }
}

/// The wording of requests: as received, or as last corrected.
pub(in crate::office) struct Asked {
    requests: HashMap<CaseId, String>,
    /// `false` if a log could not be read or contains no wording. For such a case only the title is known.
    pub(in crate::office) is_complete: bool,
}

impl Asked {
    /// Loads the wording of these cases.
    pub(in crate::office) fn load(db: &mut Db, rows: &[CaseRow]) -> Result<Self, OfficeError> {
        let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
        let logs = events::load_kinds(db, &ids, &["received", "correction_received", "amended"])?;
        let mut requests = HashMap::with_capacity(logs.len());
        let mut is_complete = true;
        for (id, log) in logs {
            match read_log(&log) {
                Ok(log) => requests.extend(log.into_iter().rev().find_map(wording).map(|latest| (id, latest))),
                Err(error) => {
                    tracing::error!(case = %id.0, %error, "what a case asks for cannot be read");
                    is_complete = false;
                }
            }
        }
        is_complete &= rows.iter().all(|row| requests.contains_key(&row.id));
        Ok(Self { requests, is_complete })
    }

    /// The profile of a case. May be called once per case.
    pub(in crate::office) fn take(&mut self, row: &CaseRow) -> Profile {
        Profile::of(&row.title, &self.requests.remove(&row.id).unwrap_or_default())
    }
}

fn wording(event: Event) -> Option<String> {
    if let Event::Received(receive) = event {
        return Some(receive.request);
    }
    if let Event::CorrectionReceived { correction, .. } = event {
        return Some(correction.request);
    }
    None
}

/// The requests of an organ, first received first, with the data that groups them.
struct TopicCases<'a> {
    organ: &'a OrganRow,
    rows: Vec<CaseRow>,
    profiles: Vec<Profile>,
    tags: Vec<(CaseId, String)>,
    applicants: HashMap<ApplicantId, Likely>,
    is_complete: bool,
}

impl<'a> TopicCases<'a> {
    fn load(
        db: &mut Db,
        organ: &'a OrganRow,
        (from, until): (NaiveDate, NaiveDate),
        room: usize,
    ) -> Result<Self, OfficeError> {
        let filter = CaseFilter {
            organs: vec![organ.id],
            received_from: Some(from),
            received_until: Some(until),
            ..CaseFilter::default()
        };
        let limit = i64::try_from(room.saturating_add(1)).unwrap_or(i64::MAX);
        let mut rows = cases::list(db, &filter, None, limit)?;
        let is_complete = rows.len() <= room;
        rows.truncate(room);
        rows.sort_by_key(|row| (row.received_on, row.created_at, row.id));
        let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
        let people: BTreeSet<ApplicantId> = rows.iter().map(|row| row.applicant_id).collect();
        let people: Vec<ApplicantId> = people.into_iter().collect();
        let applicants = applicants::told_apart(db, &people)?.into_iter().map(|one| (one.id, one)).collect();
        let mut asked = Asked::load(db, &rows)?;
        let profiles = rows.iter().map(|row| asked.take(row)).collect();
        let is_complete = is_complete && asked.is_complete;
        Ok(Self { organ, profiles, tags: tags::of_cases(db, &ids)?, applicants, is_complete, rows })
    }

    /// The topics with more than one request, and whether grouping was completed.
    fn topics(&self, work: &mut usize) -> (Vec<Topic>, bool) {
        let mut by_tag: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let places: HashMap<CaseId, usize> = self.rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
        for (case, tag) in &self.tags {
            by_tag.entry(tag).or_default().extend(places.get(case));
        }
        let tagged =
            by_tag.into_iter().map(|(tag, places)| (TopicBy::Tag, tag.to_owned(), places.into_iter().collect()));
        let alike = clusters(&self.profiles, TOPIC_FROM, work);
        let title =
            |places: &[usize]| places.first().and_then(|place| self.rows.get(*place)).map(|row| row.title.clone());
        let grouped =
            alike.groups.into_iter().map(|places| (TopicBy::Likeness, title(&places).unwrap_or_default(), places));
        let more_than_one = tagged.chain(grouped).filter(|(.., places): &(_, _, Vec<usize>)| places.len() > 1);
        (more_than_one.map(|(by, label, places)| self.topic(by, label, &places)).collect(), alike.is_complete)
    }

    fn topic(&self, by: TopicBy, label: String, places: &[usize]) -> Topic {
        let rows: Vec<&CaseRow> = places.iter().filter_map(|place| self.rows.get(*place)).collect();
        let endings: Vec<Outcome> =
            rows.iter().filter_map(|row| row.outcome.as_deref().and_then(Outcome::from_code)).collect();
        let applicants = self.different(&rows);
        let candidacy = Candidacy::of(applicants, &endings);
        Topic {
            organ_id: self.organ.id.0,
            organ_name: self.organ.name.clone(),
            by,
            label,
            applications: rows.len(),
            applicants,
            open: rows.iter().filter(|row| row.is_open).count(),
            outcomes: counted(&endings),
            is_disclosed_in_full: candidacy.is_disclosed_in_full,
            is_candidate: candidacy.is_candidate,
            why: candidacy.why,
            is_capped: rows.len() > MOST_SHOWN,
            cases: rows.into_iter().take(MOST_SHOWN).map(shown).collect(),
        }
    }

    /// The number of applicants that are certainly different. One without an identity number counts as the same as one
    /// with equal kind and name.
    fn different(&self, rows: &[&CaseRow]) -> usize {
        let people = || rows.iter().filter_map(|row| self.applicants.get(&row.applicant_id));
        let papers: BTreeSet<&str> = people().filter_map(|one| one.identity_index.as_deref()).collect();
        let known: BTreeSet<(&str, &str)> =
            people().filter(|one| one.identity_index.is_some()).map(|one| (&*one.kind, &*one.name)).collect();
        let unknown: BTreeSet<(&str, &str)> =
            people().filter(|one| one.identity_index.is_none()).map(|one| (&*one.kind, &*one.name)).collect();
        papers.len() + unknown.difference(&known).count()
    }
}

fn shown(row: &CaseRow) -> TopicCase {
    TopicCase {
        case_id: row.id.0,
        number: row.number.clone(),
        title: row.title.clone(),
        received_on: row.received_on,
        outcome: row.outcome.clone(),
    }
}

/// The number of cases per outcome, in the order of the annual table.
fn counted(endings: &[Outcome]) -> Vec<OutcomeCount> {
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    for outcome in endings {
        *counts.entry(*outcome).or_default() += 1;
    }
    let count = |(outcome, applications): (Outcome, usize)| OutcomeCount {
        code: outcome.code(),
        label: outcome.label(),
        applications,
    };
    counts.into_iter().map(count).collect()
}
