//! Reminders: the settings of an organ, and the preferences of a person.

pub(super) mod duties;
pub(super) mod feeds;

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::http::body::Body;
use crate::api::http::etag::{IfMatchTag, content_tag, versioned};
use crate::api::http::problem::Problem;
use crate::case::reminder_policy::{Policy, PolicyChange, Recipients};
use crate::case::reminder_window::Window;
use crate::case::{ObligationKind, Role};
use crate::office::reminders::{Absence, MailChoice, OrganReminders, ReminderSettings};
use crate::office::{Authority, Caller};
use crate::store::UserId;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

const SETTINGS: &str = "/api/v1/organs/{organ_id}/reminder-settings";
const MINE: &str = "/api/v1/me/mail-preferences";
const THEIRS: &str = "/api/v1/users/{user_id}/mail-preferences";
const HEADS: Access = Access::Roles(&[Role::OfficeHead, Role::Admin]);

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, SETTINGS, Access::Authenticated, Scope::Organ, || web::to(settings)),
    Route::new(Verb::Put, SETTINGS, HEADS, Scope::Organ, || web::to(settle)),
    Route::new(Verb::Get, MINE, Access::Authenticated, Scope::None, || web::to(mine)),
    Route::new(Verb::Put, MINE, Access::Authenticated, Scope::None, || web::to(choose)),
    Route::new(Verb::Get, THEIRS, HEADS, Scope::User, || web::to(theirs)),
    Route::new(Verb::Put, THEIRS, HEADS, Scope::User, || web::to(choose_for)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(settings, settle, mine, choose, theirs, choose_for))]
pub struct Doc;

/// 机关的提醒设置
#[derive(Debug, Serialize, ToSchema)]
struct Settings {
    /// 本机关另定的办法；未列出的种类取默认值
    policies: Vec<PolicyChange>,
    /// 本机关另定的发送时段；空为默认
    window: Option<Window>,
    /// 实际执行的办法，每类期限一项
    effective_policies: Vec<EffectivePolicy>,
    /// 实际执行的发送时段
    effective_window: Window,
    /// 内容摘要，即 ETag
    etag: String,
}

/// 实际执行的提醒办法
#[derive(Debug, Serialize, ToSchema)]
struct EffectivePolicy {
    /// 期限种类
    kind: ObligationKind,
    /// 名称
    label: &'static str,
    /// 期限届满前若干个工作日提醒，0 为当日
    lead_days: Vec<u16>,
    /// 逾期后每若干个工作日重复一次，0 为不重复
    repeat_every: u16,
    /// 重复到逾期后第若干个工作日为止，0 为直至办结
    repeat_until: u16,
    /// 逾期若干日起为黑色预警，0 为不设
    black_days: u16,
    /// 提醒谁，从何时起
    recipients: Recipients,
}

impl From<(ObligationKind, Policy)> for EffectivePolicy {
    fn from((kind, policy): (ObligationKind, Policy)) -> Self {
        let Policy { lead_days, repeat_every, repeat_until, black_days, recipients } = policy;
        Self { kind, label: kind.label(), lead_days, repeat_every, repeat_until, black_days, recipients }
    }
}

impl From<ReminderSettings> for Settings {
    fn from(ReminderSettings { own, effective }: ReminderSettings) -> Self {
        let etag = tag_of_settings(&own);
        Self {
            policies: own.policies,
            window: own.window,
            effective_policies: effective.policies.into_iter().map(EffectivePolicy::from).collect(),
            effective_window: effective.window,
            etag,
        }
    }
}

fn tag_of_settings(own: &OrganReminders) -> String {
    content_tag(&format!("{own:?}"))
}

/// 机关的提醒设置，整体替换
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsBody {
    /// 发送时段；null 为默认
    window: Option<Window>,
    /// 另定的办法，每类期限至多一项；未列出的种类取默认值
    policies: Vec<PolicyChange>,
}

/// 本机关的提醒设置和实际执行的办法
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/reminder-settings", operation_id = "show_reminder_settings", tag = "reminders",
    params(("organ_id" = Uuid, Path)), responses((status = 200, body = Settings)))]
async fn settings(api: web::Data<Api>, authority: Authority) -> Result<HttpResponse, Problem> {
    let settings =
        Settings::from(api.run(move |office| office.reminders().reminder_settings(authority.organ_id)).await?);
    Ok(versioned(&settings.etag, &settings))
}

/// 设定本机关的提醒办法和发送时段
#[utoipa::path(put, path = "/api/v1/organs/{organ_id}/reminder-settings", operation_id = "set_reminder_settings", tag = "reminders",
    params(("organ_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = SettingsBody, responses((status = 200, body = Settings)))]
async fn settle(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    seen: IfMatchTag,
    body: Body<SettingsBody>,
) -> Result<HttpResponse, Problem> {
    let SettingsBody { policies, window } = body.value;
    let own = OrganReminders { policies, window };
    let settled = api
        .run(move |office| {
            let is_as_seen = |own: &OrganReminders| tag_of_settings(own) == seen.0;
            office.reminders().set_reminder_settings(&caller, authority.organ_id, &own, is_as_seen)
        })
        .await?;
    let settings = Settings::from(settled);
    Ok(versioned(&settings.etag, &settings))
}

/// 接收提醒的方式与离岗
#[derive(Debug, Serialize, ToSchema)]
struct Preferences {
    /// 每日一封汇总提醒，代替逐项的提醒
    digest: bool,
    /// 最近一次离岗
    absence: Option<AbsenceBody>,
    /// 内容摘要，即 ETag
    etag: String,
}

/// 离岗期间，首尾两日都在内
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AbsenceBody {
    /// 第一天
    from: NaiveDate,
    /// 最后一天
    until: NaiveDate,
    /// 代理人，须在同一机关任职；不填则只提醒公开工作机构负责人
    deputy_id: Option<Uuid>,
}

/// 接收提醒的方式与离岗，整体替换
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreferencesBody {
    /// 每日一封汇总提醒，代替逐项的提醒
    digest: bool,
    /// 离岗；null 为没有
    absence: Option<AbsenceBody>,
}

impl From<PreferencesBody> for MailChoice {
    fn from(body: PreferencesBody) -> Self {
        let absence = body.absence.map(|AbsenceBody { from, until, deputy_id }| Absence {
            from,
            until,
            deputy: deputy_id.map(UserId),
        });
        Self { is_digest: body.digest, absence }
    }
}

fn tag_of_choice(choice: &MailChoice) -> String {
    content_tag(&format!("{choice:?}"))
}

fn shown(choice: MailChoice) -> HttpResponse {
    let etag = tag_of_choice(&choice);
    let absence = choice.absence.map(|absence| AbsenceBody {
        from: absence.from,
        until: absence.until,
        deputy_id: absence.deputy.map(|id| id.0),
    });
    let preferences = Preferences { digest: choice.is_digest, absence, etag };
    versioned(&preferences.etag, &preferences)
}

async fn change(
    api: &Api,
    caller: Caller,
    user: UserId,
    seen: IfMatchTag,
    body: PreferencesBody,
) -> Result<HttpResponse, Problem> {
    let choice = MailChoice::from(body);
    let is_as_seen = move |choice: &MailChoice| tag_of_choice(choice) == seen.0;
    Ok(shown(api.run(move |office| office.reminders().set_mail_choice(&caller, user, choice, is_as_seen)).await?))
}

/// 本人接收提醒的方式与离岗
#[utoipa::path(get, path = "/api/v1/me/mail-preferences", operation_id = "show_my_preferences", tag = "reminders",
    responses((status = 200, body = Preferences)))]
async fn mine(api: web::Data<Api>, caller: Caller) -> Result<HttpResponse, Problem> {
    Ok(shown(api.run(move |office| office.reminders().mail_choice(caller.user_id)).await?))
}

/// 设定本人接收提醒的方式与离岗
#[utoipa::path(put, path = "/api/v1/me/mail-preferences", operation_id = "set_my_preferences", tag = "reminders",
    params(("If-Match" = String, Header)),
    request_body = PreferencesBody, responses((status = 200, body = Preferences)))]
async fn choose(
    api: web::Data<Api>,
    caller: Caller,
    seen: IfMatchTag,
    body: Body<PreferencesBody>,
) -> Result<HttpResponse, Problem> {
    let user = caller.user_id;
    change(&api, caller, user, seen, body.value).await
}

/// 某人接收提醒的方式与离岗
#[utoipa::path(get, path = "/api/v1/users/{user_id}/mail-preferences", operation_id = "show_preferences", tag = "reminders",
    params(("user_id" = Uuid, Path)), responses((status = 200, body = Preferences)))]
async fn theirs(api: web::Data<Api>, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let user = UserId(path.into_inner());
    Ok(shown(api.run(move |office| office.reminders().mail_choice(user)).await?))
}

/// 登记某人离岗和代理人
#[utoipa::path(put, path = "/api/v1/users/{user_id}/mail-preferences", operation_id = "set_preferences", tag = "reminders",
    params(("user_id" = Uuid, Path), ("If-Match" = String, Header)),
    request_body = PreferencesBody, responses((status = 200, body = Preferences)))]
async fn choose_for(
    api: web::Data<Api>,
    caller: Caller,
    path: web::Path<Uuid>,
    seen: IfMatchTag,
    body: Body<PreferencesBody>,
) -> Result<HttpResponse, Problem> {
    change(&api, caller, UserId(path.into_inner()), seen, body.value).await
}
