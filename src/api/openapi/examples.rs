//! An example of every request body. `tests/it/examples.rs` sends each one and expects success.
//!
//! Ids, passwords and tokens are those of one installation; everything else can be sent unchanged. The facts belong to
//! an application of 2024-03-01.

use crate::api::http::route::{Route, Verb};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;

/// Adds the examples of the route to its body.
pub(super) fn add(operation: &mut Operation, route: &Route) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content {
            let examples = of(route).into_iter().enumerate().map(|(at, (summary, value))| {
                let example = ExampleBuilder::new().summary(summary).value(Some(value)).build();
                (format!("example{}", at + 1), RefOr::T(example))
            });
            content.examples = examples.collect();
        }
    }
}

/// Summary and body of each example.
fn of(route: &Route) -> Vec<(&'static str, Value)> {
    if let Some(segment) = route.path.strip_prefix("/api/v1/cases/{case_id}/") {
        return of_case(segment.strip_suffix("/preview").unwrap_or(segment));
    }
    match (route.verb, route.path) {
        (Verb::Post, "/api/v1/cases" | "/api/v1/cases/preview") => {
            vec![("签收邮件", registered_mail()), ("当面提交", counter())]
        }
        (Verb::Post, "/api/v1/intake/applications") => vec![("网上提交", filing())],
        (_, path) if path.starts_with("/api/v1/auth/") => of_sign_in(path),
        (_, path) if path.starts_with("/api/v1/supervision/orders") => of_order(path),
        (_, path) if path.contains("/ledger/") || path.contains("report") => of_reports(path),
        (verb, path) => of_office(verb, path),
    }
}

fn registered_mail() -> Value {
    json!({
        "organ_id": ORGAN,
        "applicant": {
            "kind": "natural_person", "name": "王小明",
            "identity": { "kind": "id_card", "number": "11010519491231002X" },
            "contact": { "telephone": "13800138000", "address": "某路1号" }
        },
        "title": "某村征地批复", "request": "某村集体土地征收的批复", "channel": "registered_mail",
        "submitted_on": "2024-02-28", "signed_on": "2024-03-01",
        "delivery": { "form": "paper", "way": "post", "accepts_other": true }
    })
}

fn counter() -> Value {
    json!({
        "organ_id": ORGAN, "applicant": { "kind": "enterprise", "name": "某公司" },
        "title": "某地块规划条件", "request": "某地块的规划条件", "channel": "in_person", "submitted_on": "2024-03-01"
    })
}

fn filing() -> Value {
    json!({
        "organ": "zrzy", "external_number": "WS-2024-0301-0007",
        "applicant": {
            "kind": "natural_person", "name": "王小明",
            "identity": { "kind": "id_card", "number": "11010519491231002X" },
            "contact": { "telephone": "13800138000", "email": "wang@example.cn" }
        },
        "request": "某村集体土地征收的批复", "channel": "online", "submitted_on": "2024-03-01", "acknowledged_on": "2024-03-01",
        "delivery": { "form": "electronic", "way": "email", "accepts_other": true }
    })
}

const ORGAN: &str = "018dd8a5-0000-7000-8000-000000000001";
const DEPARTMENT: &str = "018dd8a5-0000-7000-8000-000000000002";
const USER: &str = "018dd8a5-0000-7000-8000-000000000003";
const CASE: &str = "018dd8a5-0000-7000-8000-000000000004";

fn of_case(segment: &str) -> Vec<(&'static str, Value)> {
    match segment {
        "tags" => vec![("两个标签", json!({ "tags": ["征地批复", "集体土地"] }))],
        "applicant" => vec![
            (
                "姓名误录，另补代理人",
                json!({ "reason": "姓名误录，按身份证更正；补录代理人",
                    "change": { "name": "王晓明", "contact": { "email": "wang@example.cn" },
                        "agents": [{ "name": "李律师", "authority": "一般代理", "telephone": "13900139000" }] } }),
            ),
            (
                "照申请书所写的十五位号码",
                json!({ "reason": "申请书上所写为十五位号码",
                    "change": { "identity": { "kind": "id_card", "number": "110105491231002", "is_unverified": true } } }),
            ),
        ],
        "applicant/reveal" => vec![("寄送", json!({ "reason": "寄送答复书" }))],
        "redactions" => {
            vec![("误录的证件号码", json!({ "seq": 1, "pointer": "/title", "reason": "标题中误录了证件号码" }))]
        }
        "amendments" => vec![
            (
                "收到日期录错",
                json!({ "reason": "收到日期录错，应为2月29日", "evidence": "登记簿",
                "entries": [{ "seq": 1, "change": { "submitted_on": "2024-02-29" } }] }),
            ),
            ("登记有误", json!({ "reason": "录错案件", "entries": [{ "seq": 3, "void": true }] })),
        ],
        "amendments/{number}/confirmation" => {
            vec![("同意", json!({})), ("不同意", json!({ "approve": false, "comment": "证据不足" }))]
        }
        "void" => vec![("重复录入", json!({ "reason": "重复录入", "replaced_by": CASE }))],
        "contacts" => vec![
            ("联系上", json!({ "on": "2024-03-20", "means": "电话", "result": "reached", "note": "约定补充材料" })),
            ("无法接通", json!({ "on": "2024-03-20", "means": "短信", "result": "unreachable" })),
        ],
        "confirmation" => vec![("电话确认", json!({ "on": "2024-03-20", "evidence": "电话录音" }))],
        "registration" => vec![("当日登记", json!({ "on": "2024-03-01" }))],
        "items" => {
            vec![("两项", json!({ "on": "2024-03-20", "items": [{ "text": "征收批复" }, { "text": "红线图" }] }))]
        }
        "tasks" => vec![
            ("五个工作日", json!({ "on": "2024-03-20", "department_id": DEPARTMENT, "handler_id": USER, "days": 5 })),
            ("按机关的设置", json!({ "on": "2024-03-20", "department_id": DEPARTMENT })),
        ],
        "task-answers" => vec![("反馈", json!({ "task": 1, "on": "2024-03-20", "opinion": "批复在档，可以公开" }))],
        "task-withdrawals" => {
            vec![("分办错科室", json!({ "task": 1, "on": "2024-03-21", "reason": "分办错科室" }))]
        }
        "assignments" => vec![(
            "经办人调离",
            json!({ "on": "2024-03-21", "department_id": DEPARTMENT, "handler_id": USER, "reason": "经办人调离" }),
        )],
        "searches" => vec![(
            "没有检索到",
            json!({ "on": "2024-03-20", "places": ["档案室", "电子公文系统"], "terms": ["征收批复"],
                "searched_by": "王科员", "found": false }),
        )],
        "outcome" => vec![(
            "予以公开",
            json!({ "on": "2024-03-20", "outcome": "disclosed.provided", "reasons": "依法可以公开",
                "items": [{ "item": 1, "outcome": "disclosed.provided" }] }),
        )],
        "outcome-recall" => vec![("补充核实", json!({ "on": "2024-03-21", "reason": "补充核实" }))],
        "reviews" => vec![
            ("同意", json!({ "kind": "section_head", "on": "2024-03-21", "approve": true })),
            ("退回", json!({ "kind": "section_head", "on": "2024-03-21", "approve": false, "comment": "请补充检索" })),
        ],
        "reply" => vec![("签发", json!({ "on": "2024-03-22" }))],
        "reply-recall" => vec![
            ("法条有误", json!({ "reason": "答复书引用法条有误" })),
            ("补记前日的撤回", json!({ "on": "2024-03-22", "reason": "答复书引用法条有误" })),
        ],
        "reply-revocation" => {
            vec![("适用条款有误", json!({ "on": "2024-04-01", "reason": "答复书适用条款有误，自行纠正" }))]
        }
        "dispatches" => vec![(
            "邮寄",
            json!({ "method": "post", "on": "2024-03-22", "carrier": "中国邮政", "tracking_number": "EX1" }),
        )],
        "service-proofs" => {
            vec![("签收", json!({ "on": "2024-03-25", "result": "signed", "signatory": "王小明（本人）" }))]
        }
        "archive" => vec![("归档", json!({ "on": "2024-03-25", "file_number": "2024-001" }))],
        other => of_course(other),
    }
}

/// Commands that only some cases need: they move the period, end the case, or follow the reply.
fn of_course(segment: &str) -> Vec<(&'static str, Value)> {
    match segment {
        "corrections" => vec![(
            "十个工作日内补正",
            json!({ "on": "2024-03-05", "items": ["请写明文号"], "respond_days": 10, "served_on": "2024-03-05" }),
        )],
        "notice-services" => vec![("补正告知书", json!({ "notice": "correction", "on": "2024-03-06" }))],
        "corrected-application" => vec![("补正", json!({ "on": "2024-03-20", "request": "公开某文号批复" }))],
        "lapse" => vec![("逾期不补正", json!({ "on": "2024-03-25", "reason": "期满未补正，无正当理由" }))],
        "consultations" => vec![(
            "第三方",
            json!({ "kind": "third_party", "party": "某公司", "subject": "协议文本", "sent_on": "2024-03-11",
                "served_on": "2024-03-12", "applicant_told_on": "2024-03-11" }),
        )],
        "consultation-services" => vec![("送达第三方", json!({ "consultation": 1, "on": "2024-03-20" }))],
        "consultation-returns" => vec![(
            "不同意公开",
            json!({ "consultation": 1, "on": "2024-03-20", "opinion": "objects_with_reason", "reasons": "涉及商业秘密" }),
        )],
        "justifications" => vec![(
            "说明理由",
            json!({ "on": "2024-03-05", "facts": "一月内申请四十件", "respond_days": 10, "served_on": "2024-03-05" }),
        )],
        "justification-answers" => {
            vec![("理由合理", json!({ "on": "2024-03-11", "reasonable": true, "reasons": "确有需要" }))]
        }
        "delay" => {
            vec![("确定延迟答复的日期", json!({ "on": "2024-03-20", "until": "2024-06-28", "reason": "数量较大" }))]
        }
        "fee" => vec![(
            "按量计收",
            json!({ "on": "2024-03-20", "basis": "by_page", "count": 68, "served_on": "2024-03-20" }),
        )],
        "fee-payment" => vec![("缴费", json!({ "on": "2024-03-22" }))],
        "extensions" => vec![(
            "延长十个工作日",
            json!({ "days": 10, "reason": "情况复杂", "approved_on": "2024-03-20", "notified_on": "2024-03-20" }),
        )],
        "withdrawal" => vec![("撤回", json!({ "on": "2024-03-20", "identity_checked": true }))],
        "closure" => vec![("申请人死亡", json!({ "on": "2024-03-20", "reason": "申请人死亡" }))],
        "merge" => vec![("并案", json!({ "on": "2024-03-20", "into_case": CASE, "reason": "同一申请" }))],
        "split" => vec![(
            "两件",
            json!({ "on": "2024-03-20", "parts": [
                { "title": "甲地块批复", "request": "甲地块批复" }, { "title": "乙地块批复", "request": "乙地块批复" }
            ] }),
        )],
        "links" => vec![("相关案件", json!({ "on": "2024-03-20", "other_case": CASE, "relation": "related" }))],
        "remedies" => vec![(
            "行政复议",
            json!({ "kind": "reconsideration", "received_on": "2024-03-20", "reference": "〔2024〕复1号" }),
        )],
        "remedy-responses" => vec![("提交答复", json!({ "remedy": 1, "on": "2024-03-22" }))],
        "remedy-decisions" => vec![
            (
                "责令在二十个工作日内重新答复",
                json!({ "remedy": 1, "on": "2024-03-25", "result": "corrected", "orders_reply_within": { "days": 20 } }),
            ),
            (
                "责令在某日前重新答复",
                json!({ "remedy": 1, "on": "2024-03-25", "result": "corrected",
                    "orders_reply_within": { "until": "2024-04-30" } }),
            ),
            ("维持", json!({ "remedy": 1, "on": "2024-03-25", "result": "upheld" })),
        ],
        _ => Vec::new(),
    }
}

fn of_sign_in(path: &str) -> Vec<(&'static str, Value)> {
    match path {
        "/api/v1/auth/token" => vec![("登录", json!({ "username": "jingban", "password": "Rain-2026-xy" }))],
        "/api/v1/auth/refresh" => vec![("刷新", json!({ "refresh_token": REFRESH_TOKEN }))],
        "/api/v1/auth/logout" => {
            vec![("结束这一次登录", json!({ "refresh_token": REFRESH_TOKEN })), ("结束全部登录", json!({}))]
        }
        "/api/v1/auth/password" => {
            vec![("修改口令", json!({ "current_password": "Rain-2026-xy", "new_password": "Lake-Mountain-2026" }))]
        }
        _ => Vec::new(),
    }
}

const REFRESH_TOKEN: &str = "e56753a2c1f04b7f9d2a6c8e4b0f1a35e56753a2c1f04b7f9d2a6c8e4b0f1a35";

fn of_order(path: &str) -> Vec<(&'static str, Value)> {
    match path.rsplit('/').next() {
        Some("orders") => vec![(
            "督办一件案件",
            json!({ "case_id": CASE, "department_id": DEPARTMENT, "text": "请说明办理进度", "due_on": "2024-04-19" }),
        )],
        Some("answer") => vec![("答复", json!({ "text": "已于期限内答复申请人" }))],
        Some("return") => vec![("退回", json!({ "reason": "没有说明原因", "due_on": "2024-04-22" }))],
        Some("close") => vec![("认可", json!({ "comment": "同意" })), ("认可，没有意见", json!({}))],
        Some("cancel") => vec![("撤销", json!({ "reason": "重复签发" }))],
        _ => Vec::new(),
    }
}

fn of_reports(path: &str) -> Vec<(&'static str, Value)> {
    match path {
        "/api/v1/organs/{organ_id}/ledger/imports/{import_id}/undo" => {
            vec![("导错机关", json!({ "reason": "导错机关" }))]
        }
        "/api/v1/organs/{organ_id}/ledger/preview" => vec![("一行的台账", json!({ "content": LEDGER }))],
        "/api/v1/organs/{organ_id}/ledger/imports" => {
            vec![(
                "按预览导入",
                json!({ "content": LEDGER, "file_name": "2024年台账.csv", "confirmation": "5f2b7a90c1d84e63" }),
            )]
        }
        "/api/v1/organs/{organ_id}/annual-reports" => {
            vec![("已公布", json!({ "year": 2023, "published_on": "2024-01-30" }))]
        }
        "/api/v1/organs/{organ_id}/annual-reports/{year}/figures" => vec![(
            "表二和文字",
            json!({ "table2": { "行政许可": { "本年处理决定数量": 640 } }, "part_one": "总体情况",
                "part_five": "存在的主要问题", "part_six": "无其他事项" }),
        )],
        "/api/v1/reports/check" => {
            vec![("只核对文字", json!({ "reports": [{ "org": "某局", "year": 2023, "narrative": "收到申请1件" }] }))]
        }
        _ => Vec::new(),
    }
}

/// A CSV file in Base64: the heading 受理编号,收到日期,申请人类型,申请内容 and one row.
const LEDGER: &str = "5Y+X55CG57yW5Y+3LOaUtuWIsOaXpeacnyznlLPor7fkurrnsbvlnoss55Sz6K+35YaF5a65CuaXp+S7tjHlj7csMjAyNC0wMy0wMSzoh6rnhLbkuros5p+Q6Lev5om55aSNCg==";

/// The arrangement of a whole year: a shorter example would be refused.
fn year_2017() -> Value {
    serde_json::from_str(include_str!("../../../config/calendar/cn-2017.json")).unwrap_or_default()
}

fn of_office(verb: Verb, path: &str) -> Vec<(&'static str, Value)> {
    match (verb, path) {
        (Verb::Post, "/api/v1/organs") => vec![(
            "下级机关",
            json!({ "code": "xian", "name": "下级局", "parent_id": ORGAN, "settings": { "task_days": 5 } }),
        )],
        (Verb::Patch, "/api/v1/organs/{organ_id}") => vec![
            (
                "更名，另定设置",
                json!({ "name": "自然资源局", "settings": { "task_days": 6, "number_pattern": "依申请〔{year}〕第{seq:3}号", "document_words": { "reply": "某局公开复" } } }),
            ),
            ("更正主管机关", json!({ "parent_id": ORGAN, "reason": "登记时漏填主管机关，现予更正" })),
        ],
        (Verb::Post, "/api/v1/organs/{organ_id}/predecessors") => vec![(
            "撤并一个机关",
            json!({ "predecessor_id": ORGAN, "ended_on": "2024-03-25", "reason": "机构改革，职责并入本机关",
                "basis": "某市机构改革方案" }),
        )],
        (Verb::Put, "/api/v1/organs/{organ_id}/counters/{kind}/{year}") => {
            vec![("启用时接着原来的编号", json!({ "next": 48, "reason": "11月起启用本系统，此前已编至47号" }))]
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/departments") => {
            vec![("科室", json!({ "code": "kc", "name": "矿产资源科" }))]
        }
        (Verb::Patch, "/api/v1/organs/{organ_id}/departments/{department_id}") => {
            vec![("负责人", json!({ "head_id": USER })), ("停用", json!({ "is_active": false }))]
        }
        (Verb::Post, "/api/v1/organs/{organ_id}/users") => vec![
            (
                "经办人",
                json!({ "username": "xinren", "display_name": "新人", "email": "xin@example.cn",
                    "department_id": DEPARTMENT, "roles": ["clerk"] }),
            ),
            (
                "收件系统",
                json!({ "username": "chuangkou", "display_name": "政务服务窗口", "kind": "machine", "roles": ["intake"] }),
            ),
        ],
        (Verb::Put, "/api/v1/organs/{organ_id}/users/{user_id}/roles") => {
            vec![("两个角色", json!({ "roles": ["clerk", "reviewer"] }))]
        }
        (Verb::Patch, "/api/v1/users/{user_id}") => {
            vec![
                ("改名", json!({ "display_name": "改名", "email": "gai@example.cn" })),
                ("停用，未结案件仍记在此人名下", json!({ "is_active": false, "leave_as_is": true })),
            ]
        }
        (Verb::Put, "/api/v1/me/mail-preferences" | "/api/v1/users/{user_id}/mail-preferences") => vec![(
            "汇总，离岗一周",
            json!({ "digest": true,
                "absence": { "from": "2024-04-15", "until": "2024-04-22", "deputy_id": USER } }),
        )],
        (Verb::Put, "/api/v1/organs/{organ_id}/reminder-settings") => vec![(
            "答复期限提前五天提醒",
            json!({
                "policies": [{
                    "kind": "reply", "lead_days": [5, 0], "repeat_every": 1, "repeat_until": 10, "black_days": 30,
                    "recipients": {
                        "handler": { "when": "before", "days": 60 }, "section_head": { "when": "before", "days": 5 },
                        "office_head": { "when": "before", "days": 3 }, "leader": { "when": "before", "days": 0 },
                        "supervisor": { "when": "after", "days": 1 }
                    }
                }],
                "window": { "from_hour": 8, "until_hour": 18, "working_days_only": true }
            }),
        )],
        (Verb::Put, "/api/v1/calendar/{year}") => vec![("2017年", year_2017())],
        _ => Vec::new(),
    }
}
