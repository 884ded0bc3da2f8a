//! Outgoing mail: its state, the answers of the mail server, and the release of a parked mail.

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::http::body::Params;
use crate::api::http::page::{Page, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::case::Role;
use crate::office::mail::{MAIL_READERS, MailQuery};
use crate::office::{Caller, OfficeError, Word};
use crate::store::mail::outbox::{MailAnswer, MailState, MailView};
use crate::store::{OrganId, OutboxId, UserId};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

const LIST: &str = "/api/v1/mail";
const ONE: &str = "/api/v1/mail/{mail_id}";
const RELEASE: &str = "/api/v1/mail/{mail_id}/release";

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, LIST, Access::Roles(MAIL_READERS), Scope::None, || web::to(list)),
    Route::new(Verb::Get, ONE, Access::Roles(MAIL_READERS), Scope::Mail, || web::to(show)),
    Route::new(Verb::Post, RELEASE, Access::Roles(&[Role::Admin]), Scope::Mail, || web::to(release)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(list, show, release))]
pub struct Doc;

/// 查询条件
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MailParams {
    /// 状态：queued 待发、sending 发送中、sent 已送出、parked 待人工处理、cancelled 已撤回
    state: Option<String>,
    /// 只看这个机关；默认为本人可以查看的全部机关
    organ: Option<Uuid>,
    /// 只看发给这个人员的
    recipient: Option<Uuid>,
    /// 条数，默认 50，最多 200
    limit: Option<u32>,
    /// 上一页给出的 next_cursor
    cursor: Option<String>,
}

/// 一封邮件
#[derive(Debug, Serialize, ToSchema)]
struct Mail {
    /// 标识
    id: Uuid,
    /// 所属机关
    organ_id: Option<Uuid>,
    /// 所涉案件
    case_id: Option<Uuid>,
    /// 收件人员
    recipient_id: Option<Uuid>,
    /// 收件地址；管理员以外的人看到的只有首字符和域名
    to_address: String,
    /// 主题
    subject: String,
    /// Message-ID，各次发送相同
    message_id: String,
    /// 状态
    state: Word,
    /// 已尝试次数，自入队或者重新发送起计
    attempts: i32,
    /// 收件方是否可能收到两份（发送中断，内容逐字节相同）
    is_suspect: bool,
    /// 下次尝试的时间；不再发送的没有
    next_attempt_at: Option<DateTime<Utc>>,
    /// 邮件服务器最近一次的答复
    last_reply: Option<String>,
    /// 入队时间
    created_at: DateTime<Utc>,
    /// 服务器接受的时间
    sent_at: Option<DateTime<Utc>>,
    /// 最近一次由人工重新发送的时间
    released_at: Option<DateTime<Utc>>,
}

/// 一次尝试的结果
#[derive(Debug, Serialize, ToSchema)]
struct Answer {
    /// 时间
    at: DateTime<Utc>,
    /// 第几次尝试
    attempt: i32,
    /// sent 送出、retry 暂时被拒、broken 中断（可能已送达）、no_relay 邮件服务器无法使用、parked 转人工处理
    outcome: String,
    /// 服务器的答复，或者未能得到答复的原因
    reply: String,
}

/// 一封邮件及各次尝试
#[derive(Debug, Serialize, ToSchema)]
struct MailDetail {
    #[serde(flatten)]
    mail: Mail,
    /// 各次尝试的结果，最近的在前；没有结果的尝试是发送者中途终止的
    answers: Vec<Answer>,
}

impl From<MailView> for Mail {
    fn from(mail: MailView) -> Self {
        let is_waiting = matches!(mail.state, MailState::Queued | MailState::Sending);
        Self {
            id: mail.id.0,
            organ_id: mail.organ_id.map(|id| id.0),
            case_id: mail.case_id.map(|id| id.0),
            recipient_id: mail.recipient_id.map(|id| id.0),
            to_address: mail.to_address,
            subject: mail.subject,
            message_id: mail.message_id,
            state: Word::of(mail.state.code(), mail.state.label()),
            attempts: mail.attempts,
            is_suspect: mail.suspect,
            next_attempt_at: Some(mail.next_attempt_at.0).filter(|_| is_waiting),
            last_reply: mail.last_reply,
            created_at: mail.created_at.0,
            sent_at: mail.sent_at.map(|at| at.0),
            released_at: mail.released_at.map(|at| at.0),
        }
    }
}

impl From<MailAnswer> for Answer {
    fn from(answer: MailAnswer) -> Self {
        Self { at: answer.at.0, attempt: answer.attempt, outcome: answer.outcome, reply: answer.reply }
    }
}

impl From<(MailView, Vec<MailAnswer>)> for MailDetail {
    fn from((mail, answers): (MailView, Vec<MailAnswer>)) -> Self {
        Self { mail: mail.into(), answers: answers.into_iter().map(Answer::from).collect() }
    }
}

/// 待发和已发的邮件，最近入队的在前；只有本人可以查看的机关的
#[utoipa::path(get, path = "/api/v1/mail", operation_id = "list_mails", tag = "mail", params(MailParams),
    responses((status = 200, body = Page<Mail>)))]
async fn list(api: web::Data<Api>, caller: Caller, params: Params<MailParams>) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let limit = page_limit(&api, params.limit)?;
    let before = cursor(params.cursor.as_deref())?;
    let query = MailQuery {
        organ: params.organ.map(OrganId),
        state: params.state.as_deref().map(state).transpose()?,
        recipient: params.recipient.map(UserId),
    };
    let reading =
        move |office: &crate::office::Office| office.mail().mails(&caller, &query, before, limit.saturating_add(1));
    let mails = api.run(reading).await?;
    let page = Page::cut(mails.into_iter().map(Mail::from).collect(), limit, |mail| mail.id.to_string());
    Ok(HttpResponse::Ok().json(page))
}

fn state(code: &str) -> Result<MailState, Problem> {
    let bad = || {
        Problem::new("invalid_query").field(
            "?state",
            "invalid_value",
            "应为 queued、sending、sent、parked、cancelled 之一",
        )
    };
    MailState::from_code(code).ok_or_else(bad)
}

fn cursor(text: Option<&str>) -> Result<Option<OutboxId>, Problem> {
    let bad = |_| Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    cursor_key(text)?.map(|key| key.parse().map_err(bad)).transpose()
}

/// 一封邮件及各次尝试的结果
#[utoipa::path(get, path = "/api/v1/mail/{mail_id}", operation_id = "show_mail", tag = "mail", params(("mail_id" = Uuid, Path)),
    responses((status = 200, body = MailDetail)))]
async fn show(api: web::Data<Api>, caller: Caller, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = OutboxId(path.into_inner());
    let found = api.run(move |office| office.mail().show_mail(&caller, id)).await?;
    Ok(HttpResponse::Ok().json(MailDetail::from(found)))
}

/// 重新发送待人工处理的邮件：原地址、原内容
#[utoipa::path(post, path = "/api/v1/mail/{mail_id}/release", operation_id = "release_mail", tag = "mail", params(("mail_id" = Uuid, Path)),
    responses((status = 200, body = MailDetail)))]
async fn release(api: web::Data<Api>, caller: Caller, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = OutboxId(path.into_inner());
    let releasing = move |office: &crate::office::Office| {
        // Checked after the commit, so that the withdrawal of an outdated mail is kept.
        let (released, mail) = office.mail().release_mail(&caller, id)?;
        released.check()?;
        Ok::<_, OfficeError>(mail)
    };
    Ok(HttpResponse::Ok().json(MailDetail::from(api.run(releasing).await?)))
}
