//! 台账 over HTTP: preview and import of a file, export of the organ's cases, an empty template.

use super::http::route::{Access, Route, Scope, Verb};
use super::state::Api;
use crate::api::http::body::{Body, Params, Upload, file_bytes};
use crate::api::http::create::{Key, admitted, created, made, once};
use crate::api::http::etag::content_tag;
use crate::api::http::export::Format;
use crate::api::http::page::{Page, PageParams, cursor_key, page_limit};
use crate::api::http::problem::Problem;
use crate::api::http::spool::LongTable;
use crate::case::Role;
use crate::case::text::line_flaw;
use crate::office::ledger::{ExportQuery, Import, ImportOptions, LEDGER_KEEPERS, LedgerImport, LedgerUndo, Personal};
use crate::office::{Authority, Caller, FieldError, Office, OfficeError};
use crate::report::files::{Allowance, Caps, GivenUp};
use crate::report::ledger::{self, LedgerRow, ledger_sheet, template_sheets};
use crate::store::ImportId;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

/// Row limit of a file imported over HTTP. Longer files need the command line.
const MOST_ROWS: usize = 5_000;

/// Longest name of an imported file, characters.
const MOST_NAME: usize = 200;

const LEDGER: &str = "/api/v1/organs/{organ_id}/ledger";
const TEMPLATE: &str = "/api/v1/organs/{organ_id}/ledger/template";
const PREVIEW: &str = "/api/v1/organs/{organ_id}/ledger/preview";
const IMPORTS: &str = "/api/v1/organs/{organ_id}/ledger/imports";
const UNDO: &str = "/api/v1/organs/{organ_id}/ledger/imports/{import_id}/undo";

/// Roles that may undo an import: its cases leave every list and report.
const UNDOERS: &[Role] = &[Role::OfficeHead];

/// The routes of this file.
pub const ROUTES: &[Route] = &[
    Route::new(Verb::Get, LEDGER, Access::Roles(LEDGER_KEEPERS), Scope::Organ, || web::to(export)),
    Route::new(Verb::Get, TEMPLATE, Access::Roles(LEDGER_KEEPERS), Scope::Organ, || web::to(template)),
    Route::new(Verb::Post, PREVIEW, Access::Roles(LEDGER_KEEPERS), Scope::Organ, || web::to(preview)),
    Route::new(Verb::Get, IMPORTS, Access::Roles(LEDGER_KEEPERS), Scope::Organ, || web::to(imports)),
    Route::new(Verb::Post, IMPORTS, Access::Roles(LEDGER_KEEPERS), Scope::Organ, || web::to(import)),
    Route::new(Verb::Post, UNDO, Access::Roles(UNDOERS), Scope::Organ, || web::to(undo)),
];

/// The documentation of this file.
#[derive(OpenApi)]
#[openapi(paths(export, template, preview, imports, import, undo))]
pub struct Doc;

/// 台账文件
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LedgerFile {
    /// CSV 或者 XLSX 文件的内容（Base64），至多5000行
    content: String,
}

/// 导入台账
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportFile {
    /// 与预览相同的文件内容（Base64）
    content: String,
    /// 文件名，只用于在导入的列表中认出这一次
    #[schema(max_length = 200)]
    file_name: Option<String>,
    /// 预览给出的 confirmation
    confirmation: String,
    /// 导入没有错误的行，其余不导入；默认有一行错误就全部不导入
    #[serde(default)]
    partial: bool,
}

/// 导入的预览
#[derive(Debug, Serialize, ToSchema)]
struct LedgerPreview {
    /// 导入时带上：文件或者库中的案件此后有变动的，须重新预览
    confirmation: String,
    /// 将要新建的案件和各处错误
    import: LedgerImport,
}

/// 预览：将要新建哪些案件，哪一行错在哪里；不作任何改动
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/ledger/preview", operation_id = "preview_ledger", tag = "ledger",
    params(("organ_id" = Uuid, Path)), request_body = LedgerFile, responses((status = 200, body = LedgerPreview)))]
async fn preview(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    body: Upload<LedgerFile>,
) -> Result<HttpResponse, Problem> {
    let Upload { value: LedgerFile { content }, turn, .. } = body;
    let answer = api
        .run_file(turn, move |office, given_up| {
            let bytes = file_bytes(&content, "/content")?;
            drop(content);
            let options = ImportOptions { dry_run: true, lines: MOST_ROWS, ..ImportOptions::default() };
            let (file, options) = bounded(&bytes, &given_up, options);
            let import = office.ledger().look_at_ledger(&caller, authority.organ_id, file, options)?;
            Ok(LedgerPreview { confirmation: confirmation(&bytes, &import), import })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// 按预览导入：一次完成，或者全部不导入
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/ledger/imports", operation_id = "import_ledger", tag = "ledger",
    params(("organ_id" = Uuid, Path), ("Idempotency-Key" = String, Header)),
    request_body = ImportFile, responses((status = 201, body = LedgerImport)))]
async fn import(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    key: Key,
    body: Upload<ImportFile>,
) -> Result<HttpResponse, Problem> {
    let once = once(&caller, key, body.fingerprint);
    let ImportFile { content, file_name, confirmation: shown, partial } = body.value;
    let file_name = file_name.as_deref().map(named).transpose()?;
    let (answer, is_replay) = api
        .run_file(body.turn, move |office, given_up| {
            let bytes = file_bytes(&content, "/content")?;
            drop(content);
            office.service().once(&once, admitted, |db, ()| {
                let options = ImportOptions { partial, ..ImportOptions::default() };
                let organ = authority.organ_id;
                let (file, bounded) = bounded(&bytes, &given_up, options);
                let file = ledger::LedgerFile { name: file_name.as_deref(), ..file };
                let import = office.ledger().import_ledger(db, Some(&caller), organ, file, bounded, &mut |_, _| {})?;
                if confirmation(&bytes, &import) != shown {
                    let detail = "文件与预览的不同，或者预览以后库中的案件有变动，请重新预览".to_owned();
                    return Err(OfficeError::Conflict { code: "preview_outdated".into(), detail });
                }
                if import.is_refused(&options) {
                    return Err(OfficeError::Invalid(faults(&import)));
                }
                made(&LEDGER.replace("{organ_id}", &authority.organ_id.0.to_string()), None, &import)
            })
        })
        .await?;
    Ok(created(answer, is_replay))
}

/// The name of a file, without blanks around it. A blank name is none.
fn named(name: &str) -> Result<String, OfficeError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(OfficeError::invalid("/file_name", "required", "文件名不能为空；不知道的，不填 file_name"));
    }
    if let Some((code, detail)) = line_flaw(name) {
        return Err(OfficeError::invalid("/file_name", code, detail));
    }
    if name.chars().count() > MOST_NAME {
        let detail = format!("文件名不得超过{MOST_NAME}个字，请缩短后重新提交");
        return Err(OfficeError::invalid("/file_name", "too_long", detail));
    }
    Ok(name.to_owned())
}

/// 历次导入，最近的在前；升级前的导入没有标识，不在其中
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/ledger/imports", operation_id = "list_ledger_imports", tag = "ledger",
    params(("organ_id" = Uuid, Path), PageParams), responses((status = 200, body = Page<Import>)))]
async fn imports(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    params: Params<PageParams>,
) -> Result<HttpResponse, Problem> {
    let limit = page_limit(&api, params.0.limit)?;
    let bad = |_| Problem::new("invalid_query").field("?cursor", "invalid_value", "不是本系统给出的游标");
    let before: Option<ImportId> =
        cursor_key(params.0.cursor.as_deref())?.map(|key| key.parse().map_err(bad)).transpose()?;
    let read = move |of: &Office| of.ledger().imports(authority.organ_id, before, limit.saturating_add(1));
    let imports = api.run_heavy(caller.user_id, read).await?;
    let page = Page::cut(imports, limit, |import| import.id.to_string());
    Ok(HttpResponse::Ok().json(page))
}

/// 撤销导入
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UndoImport {
    /// 理由，将被记录
    #[schema(max_length = 200)]
    reason: String,
}

/// 撤销一次导入：此后没有办理记录的案件作废，其余的列出；同一文件可以再次导入
#[utoipa::path(post, path = "/api/v1/organs/{organ_id}/ledger/imports/{import_id}/undo", operation_id = "undo_ledger_import",
    tag = "ledger", params(("organ_id" = Uuid, Path), ("import_id" = Uuid, Path)),
    request_body = UndoImport, responses((status = 200, body = LedgerUndo)))]
async fn undo(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    path: web::Path<(Uuid, Uuid)>,
    body: Body<UndoImport>,
) -> Result<HttpResponse, Problem> {
    let (_, import) = path.into_inner();
    let person = caller.user_id;
    let undo = move |office: &Office| {
        office.ledger().undo_import(Some(&caller), authority.organ_id, ImportId(import), &body.value.reason)
    };
    Ok(HttpResponse::Ok().json(api.run_heavy(person, undo).await?))
}

/// Wraps the file and the options with the limits of a request.
fn bounded<'a>(bytes: &'a [u8], given_up: &GivenUp, options: ImportOptions) -> (ledger::LedgerFile<'a>, ImportOptions) {
    let most = u64::try_from(MOST_ROWS).unwrap_or(u64::MAX);
    let allowance = Allowance::until(Caps::LEDGER, Arc::clone(given_up));
    (ledger::LedgerFile { bytes, allowance, name: None }, ImportOptions { most_rows: Some(most), ..options })
}

/// Digest of the file and of the effects shown in the preview.
fn confirmation(bytes: &[u8], import: &LedgerImport) -> String {
    let LedgerImport { rows, created, existing, rejected, faults_total, departments, unread, .. } = import;
    let unread = unread.len();
    let file = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    content_tag(&format!("{file} {rows} {created} {existing} {rejected} {faults_total} {unread} {departments:?}"))
}

/// The faults of an import as field errors: unread sheets and columns first, then rows.
fn faults(import: &LedgerImport) -> Vec<FieldError> {
    let unread = import.unread.iter().map(|unread| {
        let at = unread.sheet.iter().map(|sheet| format!("工作表“{sheet}”"));
        let at = at.chain(unread.column.iter().map(|column| format!("“{column}”列")));
        FieldError::new("/content", unread.code.clone(), format!("{}：{}", at.collect::<String>(), unread.detail))
    });
    let told = import.faults.iter().map(|fault| {
        let article = fault.article.as_ref().map_or_else(String::new, |article| format!("（{article}）"));
        let sheet = fault.sheet.as_ref().map_or_else(String::new, |sheet| format!("工作表“{sheet}”"));
        let detail = format!("{sheet}第{}行 {}：{}{article}", fault.line, fault.column, fault.detail);
        FieldError::new(format!("/content/{}", fault.line), fault.code.clone(), detail)
    });
    unread.chain(told).collect()
}

/// 导出的范围
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportParams {
    /// 收到日期不早于
    from: Option<NaiveDate>,
    /// 收到日期不晚于
    until: Option<NaiveDate>,
    /// 连同姓名、证件号码和联系方式；须写明理由，将被记录。默认遮盖
    personal_data: Option<bool>,
    /// 导出个人信息的理由
    reason: Option<String>,
    /// 格式：csv（默认）、xlsx；也可以用 Accept
    format: Option<String>,
}

/// 本机关的案件，按收到日期排列；列与导入的相同
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/ledger", operation_id = "export_ledger", tag = "ledger",
    params(("organ_id" = Uuid, Path), ExportParams),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn export(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    params: Params<ExportParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let params = params.0;
    let format = Format::file(&request, params.format.as_deref())?;
    let (today, spool) = api
        .run_heavy(caller.user_id, move |office| {
            let organ = authority.organ_id;
            let query = ExportQuery { from: params.from, until: params.until };
            let personal = match (params.personal_data.unwrap_or(false), params.reason) {
                (true, reason) => {
                    let reason = reason.unwrap_or_default();
                    office.ledger().admit_clear_ledger(&caller, organ, &query, &reason)?;
                    Personal::Clear
                }
                (false, Some(_)) => {
                    let detail = "只在导出个人信息（personal_data=true）时填写";
                    return Err(OfficeError::invalid("?reason", "invalid_value", detail));
                }
                (false, None) => Personal::Masked,
            };
            let mut table = LongTable::begin(format, &ledger_sheet(&[]))?;
            let append = |rows: Vec<LedgerRow>| {
                let cells: Vec<_> = rows.iter().map(LedgerRow::cells).collect();
                table.append(&cells)
            };
            office.ledger().write_ledger(organ, &query, personal, append)?;
            Ok((office.clock().today(), table.finish()?))
        })
        .await?;
    Ok(format.send(&format!("ledger-{today}"), spool))
}

/// 空白台账的格式
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TemplateParams {
    /// 格式：csv（默认）、xlsx（附填写说明）；也可以用 Accept
    format: Option<String>,
}

/// 空白台账
#[utoipa::path(get, path = "/api/v1/organs/{organ_id}/ledger/template", operation_id = "ledger_template", tag = "ledger",
    params(("organ_id" = Uuid, Path), TemplateParams),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn template(params: Params<TemplateParams>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let format = Format::file(&request, params.0.format.as_deref())?;
    let bytes = format.write(&template_sheets()).map_err(Problem::from)?;
    Ok(format.answer("ledger-template", bytes))
}
