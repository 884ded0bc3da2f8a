//! The audit log: who did what, and who read what.

use crate::api::http::body::Params;
use crate::api::http::export::{self, Format};
use crate::api::http::page::{Page, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::http::spool::LongTable;
use crate::api::state::Api;
use crate::case::AuditAction;
use crate::office::evidence::log::{AUDIT_READERS, AuditCursor, AuditQuery, action_label, audit_sheet};
use crate::office::{Caller, Office, Word};
use crate::store::Ts;
use crate::store::evidence::audit::NamedAudit;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

/// The routes of this file.
pub const ROUTES: &[Route] =
    &[Route::new(Verb::Get, "/api/v1/audit", Access::Roles(AUDIT_READERS), Scope::None, || web::to(list))];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list), components(schemas(AuditAction)))]
pub struct Doc;

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditParams {
    /// 只看这个机关；默认为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 指定机关时，是否包括其下级机关；默认 false
    with_subordinates: Option<bool>,
    /// 只看这个人员的操作
    actor: Option<Uuid>,
    /// 只看这件案件
    case: Option<Uuid>,
    /// 只看这种操作，见 AuditAction
    action: Option<String>,
    /// 起始日（北京时间）
    from: Option<NaiveDate>,
    /// 截止日，含当日
    until: Option<NaiveDate>,
    /// 条数，默认 50，最多 200；导出为文件的不受此限
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
    /// 格式：json（默认）、csv、xlsx；也可以用 Accept
    format: Option<String>,
}

/// 操作人
#[derive(Debug, Serialize, ToSchema)]
struct AuditActor {
    /// 标识
    id: Uuid,
    /// 用户名
    username: Option<String>,
    /// 姓名
    display_name: Option<String>,
}

/// 一条审计记录
#[derive(Debug, Serialize, ToSchema)]
struct AuditEntry {
    /// 标识
    id: Uuid,
    /// 时间
    at: DateTime<Utc>,
    /// 操作
    action: Word,
    /// 操作人；系统自动进行的没有
    actor: Option<AuditActor>,
    /// 所涉机关；与具体机关无关的没有
    organ_id: Option<Uuid>,
    /// 所涉机关的名称
    organ_name: Option<String>,
    /// 所涉案件
    case_id: Option<Uuid>,
    /// 所涉案件的受理编号
    case_number: Option<String>,
    /// 所涉人员
    subject_id: Option<Uuid>,
    /// 说明，不含个人信息
    #[schema(value_type = Object)]
    detail: Value,
    /// 来源地址
    address: Option<String>,
    /// 请求编号，与请求日志相同
    request_id: Option<String>,
    /// 在本机关审计链中的序号
    seq: Option<i64>,
    /// 本条的哈希值（SHA-256，十六进制）
    hash: Option<String>,
}

impl From<NamedAudit> for AuditEntry {
    fn from(entry: NamedAudit) -> Self {
        let NamedAudit { row, actor, organ_name, case_number } = entry;
        let (username, display_name) = actor.unzip();
        let label = action_label(&row.action).to_owned();
        Self {
            id: row.id.0,
            at: row.at.0,
            action: Word { code: row.action.into(), label: label.into() },
            actor: row.actor_id.map(|id| AuditActor { id: id.0, username, display_name }),
            organ_id: row.organ_id.map(|id| id.0),
            organ_name,
            case_id: row.case_id.map(|id| id.0),
            case_number,
            subject_id: row.subject_id.map(|id| id.0),
            detail: serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail)),
            address: row.address,
            request_id: row.request_id,
            seq: row.seq,
            hash: row.hash.map(hex::encode),
        }
    }
}

/// 审计记录：谁在何时做了什么、看了什么，最近的在前；只有本人可以查看的机关的
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "list_audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    api: web::Data<Api>,
    caller: Caller,
    params: Params<AuditParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let format = Format::asked(&request, params.format.as_deref(), Format::TABLE)?;
    let limit = page_limit(&api, params.limit)?;
    let after = cursor(params.cursor.as_deref())?;
    let query = AuditQuery {
        organ: params.organ.map(Into::into),
        with_subordinates: params.with_subordinates.unwrap_or(false),
        actor: params.actor.map(Into::into),
        case: params.case.map(Into::into),
        action: params.action.as_deref().map(action).transpose()?,
        from: params.from,
        until: params.until,
    };
    if format == Format::Json {
        let read = move |office: &Office| office.evidence().entries(&caller, &query, after, limit.saturating_add(1));
        let entries = api.run(read).await?;
        let items = entries.into_iter().map(AuditEntry::from).collect();
        let page = Page::cut(items, limit, |entry: &AuditEntry| format!("{} {}", Ts(entry.at), entry.id));
        return Ok(HttpResponse::Ok().json(page));
    }
    let person = caller.user_id;
    let spool = api
        .run_heavy(person, move |office| {
            let most = i64::try_from(export::MOST_ROWS).unwrap_or(i64::MAX).saturating_add(1);
            let entries = office.evidence().entries(&caller, &query, None, most)?;
            LongTable::begin(format, &audit_sheet(&entries))?.finish()
        })
        .await?;
    Ok(format.send("audit", spool))
}

fn action(code: &str) -> Result<AuditAction, Problem> {
    let bad = || {
        let known: Vec<&str> = AuditAction::ALL.iter().map(|action| action.code()).collect();
        let detail = format!("没有这种操作，应为以下之一：{}", known.join("、"));
        Problem::new("invalid_query").field("?action", "invalid_value", detail)
    };
    AuditAction::from_code(code).ok_or_else(bad)
}

fn cursor(text: Option<&str>) -> Result<Option<AuditCursor>, Problem> {
    let bad = || Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let Some(key) = cursor_key(text)? else { return Ok(None) };
    let read = key.split_once(' ').and_then(|(at, id)| {
        let at = DateTime::parse_from_rfc3339(at).ok()?.with_timezone(&Utc);
        Some((Ts(at), id.parse().ok()?))
    });
    read.map(Some).ok_or_else(bad)
}
