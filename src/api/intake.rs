//! The front desk: files applications from another system and reports their progress.

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::cases::view::{ClockSummary, OutcomeView, ReceiptView};
use crate::api::http::body::{Form, Params};
use crate::api::http::create::{Key, admitted, created, made, once};
use crate::api::http::etag::versioned;
use crate::api::http::page::{Page, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::case::Role;
use crate::law::ReceiptRuling;
use crate::office::cases::case_file::CaseFile;
use crate::office::intake::form::{FIELDS, Kind};
use crate::office::{Answer, Caller, Office, OfficeError, Word};
use crate::store::cases::CaseRow;
use crate::store::intake::ChangeCursor;
use crate::store::{CaseId, Ts};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, Schema, SchemaFormat};
use utoipa::openapi::{Object, ObjectBuilder, RefOr, Type};
use utoipa::{IntoParams, OpenApi, PartialSchema, ToSchema};

/// Who may call these routes: intake systems, each for its own filings.
const FRONT_DESK: Access = Access::Roles(&[Role::Intake]);

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Post, "/api/v1/intake/applications", FRONT_DESK, Scope::None, || web::to(file)),
    Route::new(Verb::Get, "/api/v1/intake/applications", FRONT_DESK, Scope::None, || web::to(changes)),
    Route::new(Verb::Get, "/api/v1/intake/applications/{external_number}", FRONT_DESK, Scope::None, || web::to(show)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(file, changes, show))]
pub struct Doc;

/// Overlap of successive polls, seconds: a change may take this long to be committed and become visible.
const UNDER_WAY_S: i64 = 60;

/// Schema of the form with which an intake system files an application (收件系统提交的申请), built from [`FIELDS`].
#[derive(Debug)]
struct IntakeForm;

impl PartialSchema for IntakeForm {
    fn schema() -> RefOr<Schema> {
        Schema::Object(object("")).into()
    }
}

impl ToSchema for IntakeForm {}

/// Schema of the object at a pointer of the form, with its nested objects.
fn object(pointer: &str) -> Object {
    let mut builder = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for field in FIELDS.iter().filter(|field| field.parent() == pointer) {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let member = match field.kind {
            Kind::Object => ObjectBuilder::from(object(field.pointer)),
            Kind::Line(max) | Kind::Text(max) => text().max_length(Some(max)),
            Kind::Flag => ObjectBuilder::new().schema_type(Type::Boolean),
            Kind::Day => text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))),
            Kind::Choice(codes) => text().enum_values(Some(codes())),
        };
        builder = builder.property(field.name(), member.description(Some(field.label)));
        if field.is_required {
            builder = builder.required(field.name());
        }
    }
    builder.build()
}

/// 提交申请的结果
#[derive(Debug, Serialize, ToSchema)]
struct FiledApplication {
    /// 同一编号、同一内容此前已经提交，未重复建案
    duplicate: bool,
    /// 案件现状
    #[serde(flatten)]
    state: FilingState,
}

/// 收件系统所提交申请的办理情况；不含申请人信息
#[derive(Debug, Serialize, ToSchema)]
struct FilingState {
    /// 案件标识
    case_id: uuid::Uuid,
    /// 受理机关代码
    organ: String,
    /// 收件系统的编号
    external_number: String,
    /// 受理编号；登记后才有
    number: Option<String>,
    /// 办理阶段
    stage: Word,
    /// 收到申请之日及其依据；尚未确定时为空
    receipt: Option<ReceiptView>,
    /// 确定收到申请之日还缺什么；已确定时为空
    awaiting: Option<AwaitingReceipt>,
    /// 答复期限；收到申请之日确定后才有
    clock: Option<FilingClock>,
    /// 是否超期（到期未答复，或者逾期答复）
    is_overdue: bool,
    /// 申请人须办理的事项
    applicant_to_do: Vec<ApplicantToDo>,
    /// 办理结果；办结后才有
    outcome: Option<OutcomeView>,
    /// 原答复已由本机关撤销、正在重新答复的，撤销的日期
    reply_revoked_on: Option<NaiveDate>,
    /// 答复日期；原答复已撤销、尚未重新答复的为空
    replied_on: Option<NaiveDate>,
    /// 办结日期
    finished_on: Option<NaiveDate>,
    /// 最后变动时间
    changed_at: DateTime<Utc>,
    /// 版本，即 ETag
    version: i64,
}

/// 收到申请之日尚未确定
#[derive(Debug, Serialize, ToSchema)]
struct AwaitingReceipt {
    /// 缺少的日期：confirmed_on 双方确认日期，signed_on 签收日期
    missing: &'static str,
    /// 应当在这一天办理
    alert_on: NaiveDate,
    /// 依据
    article: &'static str,
    /// 怎样办理
    what_to_do: &'static str,
}

/// 答复期限
#[derive(Debug, Serialize, ToSchema)]
struct FilingClock {
    /// 状态
    status: Word,
    /// 年度放假通知尚未公布，届满日是估算的：最早、最晚见 due_earliest、due_latest
    is_provisional: bool,
    /// 计算结果：start 起算日，due 届满日
    #[serde(flatten)]
    answer: ClockSummary,
}

/// 申请人须办理的事项
#[derive(Debug, Serialize, ToSchema)]
struct ApplicantToDo {
    /// correction_response 补正，justification_response 说明理由，fee_payment 缴费
    kind: Word,
    /// 最后一天；告知书送达之前未知
    due_on: Option<NaiveDate>,
    /// 依据
    article: &'static str,
    /// 须补正的内容
    items: Vec<String>,
    /// 须缴纳的金额（元）
    amount_yuan: Option<u64>,
}

/// The next step for the intake system, by the date that is missing.
fn what_to_do(missing: &str) -> &'static str {
    match missing {
        "signed_on" => "请登记行政机关签收日期，签收之日为收到申请之日",
        _ => {
            "请当日与申请人联系确认收到申请，并登记双方确认日期，确认之日为收到申请之日；无法联系的，登记每次联系情况，恢复联系后再确认"
        }
    }
}

impl FilingState {
    fn of(office: &Office, file: &CaseFile) -> Result<Self, OfficeError> {
        let progress = office.intake().progress(file)?;
        let is_overdue = progress.is_overdue();
        let (receipt, awaiting) = receipt_of(&progress.ruling);
        let clock = progress.clock.map(|clock| FilingClock {
            status: Word::of(clock.status.code(), clock.status.label()),
            is_provisional: clock.range.is_some(),
            answer: ClockSummary::from(&clock),
        });
        let to_do = progress.to_do.into_iter().map(|duty| ApplicantToDo {
            kind: Word::of(duty.kind.code(), duty.kind.label()),
            due_on: duty.due_on,
            article: duty.article,
            items: duty.items,
            amount_yuan: duty.amount_yuan,
        });
        Ok(Self {
            case_id: file.row.id.0,
            organ: file.desk.organ.code.clone(),
            external_number: file.row.external_number.clone().unwrap_or_default(),
            number: file.row.number.clone(),
            stage: Word::of(file.case.stage.code(), file.case.stage.label()),
            receipt,
            awaiting,
            clock,
            is_overdue,
            applicant_to_do: to_do.collect(),
            outcome: file.case.outcome.map(OutcomeView::from),
            reply_revoked_on: file
                .case
                .revoked_reply()
                .filter(|_| file.case.stage.is_open())
                .map(|revoked| revoked.set_aside_on),
            replied_on: file.case.replied_on().filter(|_| !file.case.stage.is_open()),
            finished_on: file.case.ended_on,
            changed_at: file.row.updated_at.0,
            version: file.row.version,
        })
    }
}

fn receipt_of(ruling: &ReceiptRuling) -> (Option<ReceiptView>, Option<AwaitingReceipt>) {
    match ruling {
        ReceiptRuling::Fixed(fixed) => {
            let receipt = ReceiptView {
                on: fixed.on,
                rule: fixed.rule.code().to_owned(),
                article: fixed.article.to_owned(),
                why: fixed.why.to_owned(),
            };
            (Some(receipt), None)
        }
        ReceiptRuling::AwaitingConfirmation { article, alert_on, missing } => {
            let (article, alert_on, what_to_do) = (*article, *alert_on, what_to_do(missing));
            (None, Some(AwaitingReceipt { missing, alert_on, article, what_to_do }))
        }
    }
}

/// 提交一件申请。一次指出全部错误；来源为登录用户名，不由请求内容指定
///
/// 重试是安全的：同一 Idempotency-Key 原样返回首次的结果（响应头 idempotent-replayed）；换了 Idempotency-Key 而编号、
/// 内容相同的，返回 200 和 duplicate: true，不重复建案；编号相同而内容不同的，返回 409 external_number_reused。
///
/// 不收用途：2019年修订的条例不以用途为条件。附件不在此接口。已提交的申请不能以重新提交的方式修改，之后发生的事实
/// （联系、确认收到、补正）在案件上登记。
#[utoipa::path(post, path = "/api/v1/intake/applications", operation_id = "file_application", tag = "intake",
    params(("Idempotency-Key" = String, Header)), request_body = IntakeForm,
    responses((status = 201, body = FiledApplication), (status = 200, body = FiledApplication)))]
async fn file(api: web::Data<Api>, caller: Caller, key: Key, form: Form) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, form.fingerprint);
    let (answer, is_replay) = api
        .run(move |office| {
            let filing = office.intake().check_filing(&caller, &form.value)?;
            let attempt = || {
                // `check_filing` has just verified that the caller may file at this organ.
                office.service().once(&once, admitted, |db, ()| {
                    let (file, is_duplicate) = office.intake().file(db, &caller, &filing)?;
                    answer(office, &file, is_duplicate)
                })
            };
            match attempt() {
                // A concurrent filing of the same application was stored first: the second attempt finds it.
                Err(OfficeError::Stale) => attempt(),
                other => other,
            }
        })
        .await?;
    Ok(created(answer, is_replay))
}

fn answer(office: &Office, file: &CaseFile, duplicate: bool) -> Result<Answer, OfficeError> {
    let state = FilingState::of(office, file)?;
    let (number, organ) = (percent_encoded(&state.external_number), percent_encoded(&state.organ));
    let location = format!("/api/v1/intake/applications/{number}?organ={organ}");
    let answer = made(&location, Some(state.version.to_string()), &FiledApplication { duplicate, state })?;
    Ok(Answer { status: if duplicate { 200 } else { answer.status }, ..answer })
}

/// Percent-encodes everything but unreserved characters (RFC 3986).
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ShowParams {
    /// 受理机关代码或者标识；向多个机关提交过同一编号时必填
    organ: Option<String>,
}

/// 本系统所提交的一件申请的办理情况
#[utoipa::path(get, path = "/api/v1/intake/applications/{external_number}", operation_id = "show_filing", tag = "intake",
    params(("external_number" = String, Path), ShowParams), responses((status = 200, body = FilingState)))]
async fn show(
    api: web::Data<Api>,
    caller: Caller,
    number: web::Path<String>,
    params: Params<ShowParams>,
) -> Result<HttpResponse, Problem> {
    let organ = params.0.organ;
    let state = api
        .run(move |office| {
            let file = office.intake().filed(&caller, organ.as_deref(), number.trim())?;
            FilingState::of(office, &file)
        })
        .await?;
    Ok(versioned(state.version, &state))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangesParams {
    /// RFC 3339 时刻；不填为全部。下次用上次给出的 next_since
    since: Option<String>,
    /// 条数，默认 50，最多 200
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
}

/// 记录不能读取的一件申请
#[derive(Debug, Serialize, ToSchema)]
struct FilingFault {
    /// 案件标识
    case_id: uuid::Uuid,
    /// 收件系统的编号
    external_number: String,
    /// 受理编号；登记后才有
    number: Option<String>,
    /// 恒为 unreadable
    #[schema(value_type = String)]
    code: &'static str,
    /// 说明
    #[schema(value_type = String)]
    detail: &'static str,
    /// 最后变动时间
    changed_at: DateTime<Utc>,
    /// 版本
    version: i64,
}

impl From<CaseRow> for FilingFault {
    fn from(row: CaseRow) -> Self {
        Self {
            case_id: row.id.0,
            external_number: row.external_number.unwrap_or_default(),
            number: row.number,
            code: "unreadable",
            detail: "案件记录不能读取，办理情况未知；请通知受理机关",
            changed_at: row.updated_at.0,
            version: row.version,
        }
    }
}

/// 本系统所提交申请的变动
#[derive(Debug, Serialize, ToSchema)]
struct Changes {
    /// 自 since 起有变动的申请，先变动的在前
    items: Vec<FilingState>,
    /// 其中记录不能读取的申请，不在 items 中；应通知受理机关，恢复之前每次查询都可能再次列出
    faults: Vec<FilingFault>,
    /// 下一页；最后一页为空
    next_cursor: Option<String>,
    /// 取完各页后，下次查询用作 since。留有一分钟重叠，以免遗漏正在提交的变动；重复的凭 version 辨认
    next_since: DateTime<Utc>,
}

/// 本系统所提交申请中有变动的，供定时查询
///
/// 变动指案件上登记了事实。单纯因日期推移而到期、超期，不算变动。
#[utoipa::path(get, path = "/api/v1/intake/applications", operation_id = "list_filings", tag = "intake", params(ChangesParams),
    responses((status = 200, body = Changes)))]
async fn changes(api: web::Data<Api>, caller: Caller, params: Params<ChangesParams>) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let limit = page_limit(&api, params.limit)?;
    let since = params.since.as_deref().map(instant).transpose()?.map(Ts);
    let after = cursor_key(params.cursor.as_deref())?.as_deref().map(cursor).transpose()?;
    let next_since = api.office().clock().recorded_at().0 - TimeDelta::seconds(UNDER_WAY_S);
    let page = api
        .run(move |office| {
            let files = office.intake().filed_since(&caller, since, after, limit.saturating_add(1))?;
            let page = Page::cut(files, limit, |(row, _)| {
                let at = row.updated_at.0.to_rfc3339_opts(SecondsFormat::Micros, true);
                format!("{at} {}", row.id.0)
            });
            let (mut items, mut faults) = (Vec::new(), Vec::new());
            for (row, file) in page.items {
                let state = file.map(|file| FilingState::of(office, &file)).transpose();
                match state {
                    Ok(Some(state)) => items.push(state),
                    Ok(None) | Err(OfficeError::Unreadable(_)) => faults.push(FilingFault::from(row)),
                    Err(other) => return Err(other),
                }
            }
            Ok(Changes { items, faults, next_cursor: page.next_cursor, next_since })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

fn instant(text: &str) -> Result<DateTime<Utc>, Problem> {
    // An unescaped plus sign of the offset arrives as a space.
    let parsed = DateTime::parse_from_rfc3339(&text.trim().replace(' ', "+"));
    parsed.map(|instant| instant.to_utc()).map_err(|_| {
        let detail = "应为 RFC 3339 时刻，例如 2025-03-20T01:00:00Z";
        Problem::new("invalid_query").field("?since", "invalid_value", detail)
    })
}

fn cursor(key: &str) -> Result<ChangeCursor, Problem> {
    let parts = key.split_once(' ').and_then(|(at, id)| {
        let updated_at = DateTime::parse_from_rfc3339(at).ok()?.to_utc();
        Some(ChangeCursor { updated_at: Ts(updated_at), id: CaseId(id.parse().ok()?) })
    });
    parts.ok_or_else(|| Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_documented_form_is_the_table_of_its_members() {
        let schema = serde_json::to_value(IntakeForm::schema()).unwrap();
        for field in FIELDS {
            let path = field.pointer.replace('/', "/properties/");
            assert!(schema.pointer(&path).is_some(), "{}", field.pointer);
            let parent = field.parent().replace('/', "/properties/");
            let required = schema.pointer(&format!("{parent}/required")).and_then(Value::as_array);
            let is_required = required.is_some_and(|names| names.contains(&Value::from(field.name())));
            assert_eq!(is_required, field.is_required, "{}", field.pointer);
        }
        assert_eq!(schema["properties"]["channel"]["enum"][1], "registered_mail");
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn an_address_holds_unreserved_characters_only() {
        assert_eq!(percent_encoded("SQ-1_2.3~"), "SQ-1_2.3~");
        assert_eq!(percent_encoded("〔1〕 号?&"), "%E3%80%941%E3%80%95%20%E5%8F%B7%3F%26");
    }

    #[test]
    fn a_cursor_of_ours_is_read_back_and_no_other() {
        let id = uuid::Uuid::from_u128(7);
        let read = cursor(&format!("2025-03-20T01:02:03.000004Z {id}")).unwrap();
        assert_eq!((read.updated_at.0.timestamp_subsec_micros(), read.id.0), (4, id));
        for bad in ["", "x", "2025-03-20T01:02:03Z", "2025-03-20T01:02:03Z x", "x 00000000-0000-0000-0000-000000000007"]
        {
            assert!(cursor(bad).is_err(), "{bad}");
        }
    }
}
