//! RFC 9457 problem details: one table from code to status and Chinese title.

use crate::office::{FieldError, OfficeError, Unread, advice};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::borrow::Cow;
use uuid::Uuid;

/// Code, status, title. A code that is in neither table comes from a rule of law and is answered like `refused`.
const TABLE: &[(&str, u16, &str)] = &[
    ("malformed_json", 400, "请求内容不是有效的 JSON"),
    ("unknown_field", 400, "请求含有不认识的字段"),
    ("malformed_request", 400, "请求无法理解"),
    ("invalid_query", 400, "查询参数不正确"),
    ("idempotency_key_required", 400, "缺少 Idempotency-Key 请求头"),
    ("idempotency_key_invalid", 400, "Idempotency-Key 请求头不正确"),
    ("if_match_invalid", 400, "If-Match 请求头不正确"),
    ("unauthenticated", 401, "未登录或登录已失效"),
    ("wrong_credentials", 401, "用户名或口令不正确"),
    ("role_required", 403, "没有办理此事的角色"),
    ("not_found", 404, "没有找到"),
    ("method_not_allowed", 405, "此地址不支持该方法"),
    ("request_timeout", 408, "没有及时收到请求内容"),
    ("already_exists", 409, "已经存在"),
    ("conflict", 409, "与现有状态冲突"),
    ("preview_outdated", 409, "与预览时不同，请重新预览"),
    ("stale", 412, "内容已被他人修改，请重新读取"),
    ("payload_too_large", 413, "请求内容过大"),
    ("file_too_large", 413, "文件的内容过多"),
    ("unsupported_media_type", 415, "请求内容应为 application/json"),
    ("invalid_value", 422, "字段的值不符合要求"),
    ("invalid", 422, "请求内容不符合要求"),
    ("idempotency_key_reused", 422, "同一 Idempotency-Key 已用于不同的请求"),
    ("too_many_rows", 422, "行数过多"),
    ("incomplete", 422, "没有查遍全部案件，不能导出"),
    ("refused", 422, "依法不能办理"),
    ("if_match_required", 428, "缺少 If-Match 请求头"),
    ("too_many_attempts", 429, "登录失败次数过多，请稍后再试"),
    ("personal_data_brake", 429, "查看或者导出个人信息过于频繁，请稍后再试"),
    ("internal", 500, "系统内部错误"),
    ("unreadable", 500, "保存的数据不能读取"),
    ("newer_log", 503, "案件由较新版本登记过，本版本不能办理"),
    ("busy", 503, "系统繁忙，请稍后再试"),
    ("not_ready", 503, "尚不能办理业务"),
    ("storage_full", 503, "数据库磁盘已满，没有保存"),
    ("database_damaged", 503, "数据库已损坏，不能办理"),
    ("storage_io", 503, "数据库磁盘读写出错"),
    ("database_file_gone", 503, "数据库文件不在原处，没有保存"),
    ("database_file_replaced", 503, "数据库文件已被替换，没有保存"),
    ("deadline_exceeded", 503, "处理超时，请稍后再试"),
];

/// Codes of the case and order workflow that are not refusals by law: code, status, title.
const CASE_CODES: &[(&str, u16, &str)] = &[
    ("not_your_department", 403, "不是本科室的事项"),
    ("member_of_other_organs", 403, "此人还在其他机关任职"),
    ("not_the_issuer", 403, "不是签发人"),
    ("issuer_cannot_answer", 403, "签发人不能自己答复"),
    ("own_answer", 403, "不能审阅自己的答复"),
    ("no_such_consultation", 404, "没有找到"),
    ("no_such_notice", 404, "没有找到"),
    ("no_such_remedy", 404, "没有找到"),
    ("no_such_task", 404, "没有找到"),
    ("wrong_stage", 409, "当前阶段不能办理此事"),
    ("order_status", 409, "督办单目前不能办理此事"),
    ("due_in_past", 422, "答复日期不符合要求"),
    ("due_too_far", 422, "答复日期不符合要求"),
    ("due_no_working_day", 422, "答复日期不符合要求"),
    ("text_required", 422, "没有填写内容"),
    ("text_too_long", 422, "内容过长"),
    ("text_invalid", 422, "内容含有不能使用的字符"),
    ("calendar_gap", 422, "工作日历尚缺有关年度"),
    ("already_received", 409, "与现有状态冲突"),
    ("already_dispatched", 409, "与现有状态冲突"),
    ("already_served", 409, "与现有状态冲突"),
    ("already_linked", 409, "与现有状态冲突"),
    ("notice_already_served", 409, "与现有状态冲突"),
];

/// `Retry-After` while the service is busy, seconds.
const BUSY_RETRY_S: u64 = 2;
/// `Retry-After` while a storage fault needs an operator, seconds.
const STORAGE_RETRY_S: u64 = 30;

/// The codes of a status, with their titles.
pub(in crate::api) fn codes_of(status: u16) -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = TABLE.iter().chain(CASE_CODES);
    all.filter(move |(_, of, _)| *of == status).map(|(code, _, title)| (*code, *title))
}

/// The body of every 4xx and 5xx response, sent as `application/problem+json`. Boxed to keep `Result<_, Problem>`
/// small.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Details>);

/// 差错：RFC 9457
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Details {
    /// `urn:gongkai:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Stable code for programs.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// What kind of problem this is, in Chinese.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This very problem, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// `urn:request:` and the request id, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The article, where a rule of law is the reason.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<Cow<'static, str>>,
    /// Each wrong field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
    #[serde(skip)]
    allow: Option<String>,
}

impl Problem {
    /// Makes a problem from its code. An unknown code gets the status and title of `refused`.
    pub fn new(code: impl Into<Cow<'static, str>>) -> Self {
        let code = code.into();
        let find = |wanted: &str| TABLE.iter().chain(CASE_CODES).find(|(known, ..)| *known == wanted);
        let (_, status, title) = find(&code).or_else(|| find("refused")).copied().unwrap_or(("", 422, ""));
        Self(Box::new(Details {
            kind: format!("urn:gongkai:problem:{code}"),
            code,
            title,
            status,
            detail: None,
            instance: None,
            article: None,
            errors: Vec::new(),
            retry_after_s: None,
            allow: None,
        }))
    }

    /// Sets the details of this occurrence, in Chinese.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds one invalid field.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError::new(pointer, code, detail));
        self
    }

    /// Sets the methods the resource supports (405).
    #[must_use]
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.allow = Some(methods.into());
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// An internal error. The reason is logged; the client does not see it.
    #[must_use]
    pub fn internal(reason: &str) -> Self {
        tracing::error!(reason, "internal error");
        Self::new("internal")
    }

    /// Stored data cannot be read. The reason is logged; the client is asked to contact the administrator.
    #[must_use]
    pub fn unreadable(reason: &str) -> Self {
        tracing::error!(reason, "stored data cannot be read");
        let detail = "所需的案件记录、机关设置、联系方式或者日历不能读取，没有按默认值代替，也没有作任何改动；\
                      请将请求编号告知系统管理员，具体是哪一项见服务日志";
        Self::new("unreadable").detail(detail)
    }

    /// A newer release recorded an event of the case. An instance of that release answers the same request.
    #[must_use]
    pub fn newer_log(case: Uuid, seq: i32) -> Self {
        tracing::warn!(%case, seq, "a newer release recorded an event of this case");
        let detail = format!(
            "本案第{seq}条记录由较新版本的系统登记，本实例的版本较旧，不认识这种记录；\
             为避免算错期限，没有计算，也没有作任何改动。升级正在进行的，请稍后再试；否则请系统管理员把本实例升级到同一版本"
        );
        Self::new("newer_log").detail(detail).retry_after(BUSY_RETRY_S)
    }

    /// The service cannot take the request now.
    #[must_use]
    pub fn busy() -> Self {
        Self::new("busy").retry_after(BUSY_RETRY_S)
    }

    /// The deadline of the request has passed.
    #[must_use]
    pub fn out_of_time() -> Self {
        Self::new("deadline_exceeded").retry_after(BUSY_RETRY_S)
    }
}

impl std::ops::Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl std::ops::DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if self.status == 401 {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<OfficeError> for Problem {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::NotFound => Self::new("not_found"),
            OfficeError::Unauthenticated => Self::new("unauthenticated"),
            OfficeError::WrongCredentials => Self::new("wrong_credentials"),
            OfficeError::Throttled { retry_after_s } => Self::new("too_many_attempts").retry_after(retry_after_s),
            OfficeError::TooOften { code, retry_after_s, detail } => {
                Self::new(code).detail(detail).retry_after(retry_after_s)
            }
            OfficeError::RoleRequired { roles } => {
                let labels: Vec<&str> = roles.iter().map(|role| role.label()).collect();
                Self::new("role_required").detail(format!("需要以下角色之一：{}", labels.join("、")))
            }
            OfficeError::Stale => Self::new("stale"),
            OfficeError::Conflict { code, detail } => Self::conflict(code, detail),
            OfficeError::Refused { code, article, detail, errors } => {
                let mut problem = Self::new(code).detail(detail);
                problem.article = article;
                problem.errors = errors;
                problem
            }
            OfficeError::Invalid(errors) => {
                let mut problem = Self::new("invalid");
                problem.errors = errors;
                problem
            }
            OfficeError::KeyReused => Self::new("idempotency_key_reused"),
            OfficeError::Busy => Self::busy(),
            OfficeError::OutOfTime => Self::out_of_time(),
            OfficeError::Storage(fault) => {
                let detail = format!("请联系系统管理员。{}", advice(fault));
                Self::new(fault.code()).detail(detail).retry_after(STORAGE_RETRY_S)
            }
            OfficeError::Unreadable(Unread::Newer { case, seq }) => Self::newer_log(case, seq),
            OfficeError::Unreadable(Unread::Damaged(reason)) => Self::unreadable(&reason),
            OfficeError::Internal(reason) => Self::internal(&reason),
        }
    }
}

impl Problem {
    /// The problem for an error response that came from below the handlers, without a problem of its own.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::new("unauthenticated"),
            404 => Self::new("not_found"),
            405 => Self::new("method_not_allowed"),
            413 => Self::new("payload_too_large"),
            415 => Self::new("unsupported_media_type"),
            503 => Self::busy(),
            400..500 => Self::new("malformed_request"),
            _ => Self::internal("an error without a problem"),
        }
    }

    /// A conflict: 409 if its code is unknown or listed as 422, else the listed status.
    fn conflict(code: Cow<'static, str>, detail: String) -> Self {
        let mut problem = Self::new(code).detail(detail);
        if problem.status == 422 {
            problem.status = 409;
            problem.title = "与现有状态冲突";
        }
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_with_an_error_status() {
        let all = [TABLE, CASE_CODES].concat();
        for (index, (code, status, title)) in all.iter().enumerate() {
            assert!(!all[..index].iter().any(|(other, ..)| other == code), "{code} twice");
            assert!((400..600).contains(status) && !title.is_empty(), "{code}");
        }
    }

    #[test]
    fn a_refusal_by_law_carries_its_code_and_article() {
        let problem = Problem::from(OfficeError::Refused {
            code: "extension_too_long".into(),
            article: Some("条例第三十三条第二款".into()),
            detail: "延长答复的期限不得超过20个工作日".into(),
            errors: vec![],
        });
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:gongkai:problem:extension_too_long", "code": "extension_too_long", "title": "依法不能办理",
                "status": 422, "detail": "延长答复的期限不得超过20个工作日", "article": "条例第三十三条第二款"
            })
        );
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let problem = Problem::from(OfficeError::Internal("SELECT * FROM users at /srv/x".into()));
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(problem.status, 500);
        assert!(!text.contains("SELECT") && !text.contains("/srv"), "{text}");
    }
}
