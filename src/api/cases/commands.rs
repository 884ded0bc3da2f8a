//! One route per command. The body is the payload of the command, the response the case after it.
//!
//! A command requires `If-Match`. Sent twice, the second request gets 412 and changes nothing, so a retry is harmless.

use crate::api::cases::previews::PreviewView;
use crate::api::cases::view::CaseView;
use crate::api::http::body::{self, Body};
use crate::api::http::etag::{IfMatch, Rendered};
use crate::api::http::problem::Problem;
use crate::api::http::route::{Access, Route, Scope, Verb};
use crate::api::state::Api;
use crate::case::{Command, CommandKind, choices, command as payload, preview_roles_for, roles_for};
use crate::office::cases::queries::CASE_READERS;
use crate::office::{Authority, Caller};
use crate::store::CaseId;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use utoipa::OpenApi;
use uuid::Uuid;

/// Executes the command and responds with the case.
async fn execute(
    api: web::Data<Api>,
    caller: Caller,
    authority: Authority,
    id: CaseId,
    command: Command,
    seen: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (answer, version) = api
        .run(move |office| {
            let view = office.cases().command(&caller, id, &command, seen.0, CaseView::new)?;
            Ok((Rendered::new(&view)?.version(view.version), view.version))
        })
        .await?;
    if authority.has_any(CASE_READERS) {
        return Ok(answer.answer());
    }
    // The intake system may report facts about its own filings, but must not see how the office handles them.
    let etag = (header::ETAG, format!("\"{version}\""));
    Ok(HttpResponse::NoContent().insert_header(etag).finish())
}

/// Decides the command without writing, and responds with what it would come to.
async fn preview(api: web::Data<Api>, caller: Caller, id: CaseId, command: Command) -> Result<HttpResponse, Problem> {
    let view = api.run(move |office| office.cases().preview_command(&caller, id, &command, PreviewView::new)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Adds the words that are allowed in this case to the problem of an invalid body.
async fn as_in_case(api: web::Data<Api>, id: CaseId, command: CommandKind, problem: Problem) -> Problem {
    if !body::names_choices(&problem) {
        return problem;
    }
    let file = api.run(move |office| office.cases().case(id)).await;
    match file {
        Ok(file) => body::narrowed(problem, |member| choices(command, member, &file.case)),
        // The original problem is still correct.
        Err(_) => problem,
    }
}

/// The path of a command.
#[must_use]
pub fn href(case_id: Uuid, command: CommandKind) -> String {
    format!("/api/v1/cases/{case_id}/{}", segment(command))
}

macro_rules! command_routes {
    ($($handler:ident $payload:ident $segment:literal $path:literal $summary:literal;)*) => {
        /// The last segment of a command's path.
        const fn segment(command: CommandKind) -> &'static str {
            match command { $(CommandKind::$payload => $segment,)* CommandKind::Receive => "" }
        }

        $(
            #[utoipa::path(post, path = $path, tag = "cases", summary = $summary,
                params(("case_id" = Uuid, Path), ("If-Match" = String, Header)),
                request_body = payload::$payload,
                responses((status = 200, body = CaseView), (status = 204, description = "收件系统对本系统所报申请的操作已完成")))]
            async fn $handler(
                api: web::Data<Api>,
                caller: Caller,
                authority: Authority,
                id: web::Path<Uuid>,
                version: IfMatch,
                body: Result<Body<payload::$payload>, Problem>,
            ) -> Result<HttpResponse, Problem> {
                match body {
                    Ok(body) => execute(api, caller, authority, CaseId(*id), Command::from(body.value), version).await,
                    Err(problem) => Err(as_in_case(api, CaseId(*id), CommandKind::$payload, problem).await),
                }
            }
        )*

        /// The same commands decided without writing.
        mod previewed {
            use super::*;

            $(
                #[utoipa::path(post, path = concat!($path, "/preview"), operation_id = concat!("preview_", stringify!($handler)),
                    tag = "cases", summary = concat!("试办：", $summary), params(("case_id" = Uuid, Path)),
                    request_body = payload::$payload, responses((status = 200, body = PreviewView)))]
                pub(super) async fn $handler(
                    api: web::Data<Api>,
                    caller: Caller,
                    id: web::Path<Uuid>,
                    body: Result<Body<payload::$payload>, Problem>,
                ) -> Result<HttpResponse, Problem> {
                    match body {
                        Ok(body) => preview(api, caller, CaseId(*id), Command::from(body.value)).await,
                        Err(problem) => Err(as_in_case(api, CaseId(*id), CommandKind::$payload, problem).await),
                    }
                }
            )*
        }

        /// The routes of this file.
        pub const ROUTES: &[Route] = &[$(
            Route::new(Verb::Post, $path, Access::Roles(roles_for(CommandKind::$payload)), Scope::Case, || web::to($handler)),
            Route::new(
                Verb::Post,
                concat!($path, "/preview"),
                Access::Roles(preview_roles_for(CommandKind::$payload)),
                Scope::Case,
                || web::to(previewed::$handler),
            ),
        )*];

        /// The documentation of this file.
        #[derive(OpenApi)]
        #[openapi(paths($($handler,)* $(previewed::$handler),*))]
        pub struct Doc;
    };
}

command_routes! {
    log_contact LogContact "contacts" "/api/v1/cases/{case_id}/contacts" "记录与申请人的联系";
    confirm_receipt ConfirmReceipt "confirmation" "/api/v1/cases/{case_id}/confirmation" "双方确认收到申请";
    register Register "registration" "/api/v1/cases/{case_id}/registration" "登记编号";
    define_items DefineItems "items" "/api/v1/cases/{case_id}/items" "分列申请事项";
    request_correction RequestCorrection "corrections" "/api/v1/cases/{case_id}/corrections" "告知补正（一次）";
    serve_notice ServeNotice "notice-services" "/api/v1/cases/{case_id}/notice-services" "登记通知送达申请人的日期";
    receive_correction ReceiveCorrection "corrected-application" "/api/v1/cases/{case_id}/corrected-application" "收到补正的申请，期限重新起算";
    lapse Lapse "lapse" "/api/v1/cases/{case_id}/lapse" "逾期不补正或未缴费，视为放弃";
    assign Assign "tasks" "/api/v1/cases/{case_id}/tasks" "分办科室";
    answer_task AnswerTask "task-answers" "/api/v1/cases/{case_id}/task-answers" "科室反馈意见";
    withdraw_task WithdrawTask "task-withdrawals" "/api/v1/cases/{case_id}/task-withdrawals" "撤回分办，视为没有分办";
    reassign Reassign "assignments" "/api/v1/cases/{case_id}/assignments" "改派科室、承办人";
    record_search RecordSearch "searches" "/api/v1/cases/{case_id}/searches" "登记检索情况";
    open_consultation OpenConsultation "consultations" "/api/v1/cases/{case_id}/consultations" "发出征求意见书，期限中止";
    serve_consultation ServeConsultation "consultation-services" "/api/v1/cases/{case_id}/consultation-services" "登记征求意见书送达日期";
    return_consultation ReturnConsultation "consultation-returns" "/api/v1/cases/{case_id}/consultation-returns" "收到意见，期限恢复";
    request_justification RequestJustification "justifications" "/api/v1/cases/{case_id}/justifications" "要求说明理由";
    receive_justification ReceiveJustification "justification-answers" "/api/v1/cases/{case_id}/justification-answers" "收到理由说明";
    delay_reply DelayReply "delay" "/api/v1/cases/{case_id}/delay" "确定延迟答复的期限";
    notify_fee NotifyFee "fee" "/api/v1/cases/{case_id}/fee" "发出收费通知";
    pay_fee PayFee "fee-payment" "/api/v1/cases/{case_id}/fee-payment" "登记缴费，期限重新起算";
    extend Extend "extensions" "/api/v1/cases/{case_id}/extensions" "延长答复期限（一次，负责人同意）";
    propose_outcome ProposeOutcome "outcome" "/api/v1/cases/{case_id}/outcome" "拟办：提出处理结果";
    recall_proposal RecallProposal "outcome-recall" "/api/v1/cases/{case_id}/outcome-recall" "撤回拟办";
    review Review "reviews" "/api/v1/cases/{case_id}/reviews" "审核";
    issue_reply IssueReply "reply" "/api/v1/cases/{case_id}/reply" "签发答复并编文号";
    recall_reply RecallReply "reply-recall" "/api/v1/cases/{case_id}/reply-recall" "撤回未发出的答复，文号作废";
    revoke_reply RevokeReply "reply-revocation" "/api/v1/cases/{case_id}/reply-revocation" "撤销已经发出的答复，机关负责人确认后生效";
    dispatch Dispatch "dispatches" "/api/v1/cases/{case_id}/dispatches" "发出答复";
    prove_service ProveService "service-proofs" "/api/v1/cases/{case_id}/service-proofs" "登记送达回证";
    archive Archive "archive" "/api/v1/cases/{case_id}/archive" "归档";
    withdraw Withdraw "withdrawal" "/api/v1/cases/{case_id}/withdrawal" "申请人撤回申请";
    close Close "closure" "/api/v1/cases/{case_id}/closure" "其他终结";
    merge Merge "merge" "/api/v1/cases/{case_id}/merge" "并入另一案件";
    split Split "split" "/api/v1/cases/{case_id}/split" "拆分为多件申请";
    link Link "links" "/api/v1/cases/{case_id}/links" "关联另一案件";
    open_remedy OpenRemedy "remedies" "/api/v1/cases/{case_id}/remedies" "登记收到的复议、诉讼";
    respond_remedy RespondRemedy "remedy-responses" "/api/v1/cases/{case_id}/remedy-responses" "登记提交的答复、答辩";
    void Void "void" "/api/v1/cases/{case_id}/void" "案件作废（误立案、重复录入）";
    decide_remedy DecideRemedy "remedy-decisions" "/api/v1/cases/{case_id}/remedy-decisions" "登记复议决定、判决";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_route_at_its_address() {
        for command in CommandKind::ALL.iter().filter(|command| **command != CommandKind::Receive) {
            let path = format!("/api/v1/cases/{{case_id}}/{}", segment(*command));
            let route = ROUTES.iter().find(|route| route.path == path);
            assert!(route.is_some(), "{command:?}");
            assert_eq!(route.map(|route| route.access), Some(Access::Roles(roles_for(*command))), "{command:?}");
        }
    }
}
