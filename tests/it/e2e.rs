//! From the counter to the archive over HTTP, on both databases, with the date checked after each step; and every refusal
//! the law commands, with its code and article.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;
use crate::support::service::Reply;

fn proposal(on: &str, outcome: &str) -> Value {
    json!({ "on": on, "outcome": outcome, "reasons": "经审查，依法作出本答复" })
}

fn search(on: &str) -> Value {
    json!({ "on": on, "places": ["档案室", "电子公文系统"], "terms": ["征收批复"], "searched_by": "王科员", "found": false })
}

#[test]
fn one_case_from_receipt_to_archive_with_every_date_right() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = bureau.file(bureau.application("2024-03-01"));
        case.is("received", "running", Some("2024-03-29"));
        assert_eq!(case.last.json["receipt"]["rule"], "R1");
        case.clerk("registration", json!({ "on": "2024-03-01" })).is("registered", "running", Some("2024-03-29"));
        assert_eq!(case.last.json["number"], "依申请〔2024〕1号");

        bureau.on("2024-03-12");
        let notice =
            json!({ "on": "2024-03-12", "items": ["请写明文号"], "respond_days": 10, "served_on": "2024-03-12" });
        case.clerk("corrections", notice).is("awaiting_correction", "awaiting_correction", None);
        assert_eq!(case.last.json["clock"]["risk_due"], "2024-03-29", "the date that stands if the notice fails");
        assert_eq!(case.last.json["correction"]["late"], false, "the seventh working day is in time");

        bureau.on("2024-03-25");
        case.clerk("corrected-application", json!({ "on": "2024-03-25", "request": "公开某文号批复" }));
        case.is("in_progress", "running", Some("2024-04-23"));

        bureau.on("2024-04-01");
        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议文本", "sent_on": "2024-04-01" });
        case.clerk("consultations", third).is("in_progress", "suspended", None);
        bureau.on("2024-04-03");
        let organ =
            json!({ "kind": "other_organ", "party": "某市住建局", "subject": "规划条件", "sent_on": "2024-04-03" });
        case.clerk("consultations", organ).is("in_progress", "suspended", None);
        bureau.on("2024-04-10");
        case.clerk("consultation-returns", json!({ "consultation": 1, "on": "2024-04-10", "opinion": "consents" }));
        case.is("in_progress", "suspended", None);
        bureau.on("2024-04-12");
        case.clerk("consultation-returns", json!({ "consultation": 2, "on": "2024-04-12", "opinion": "stated" }));
        case.is("in_progress", "running", Some("2024-05-07"));
        assert_eq!(case.last.json["clock"]["excluded"], 8, "2, 3, 7 to 12 April; the holiday did not count anyway");

        bureau.on("2024-05-07");
        let extension =
            json!({ "days": 10, "reason": "案情复杂", "approved_on": "2024-05-06", "notified_on": "2024-05-07" });
        case.command(&bureau.head, "extensions", extension).is("in_progress", "running", Some("2024-05-20"));

        let assign = json!({ "on": "2024-05-07", "department_id": bureau.department });
        case.clerk("tasks", assign)
            .clerk("task-answers", json!({ "task": 1, "on": "2024-05-07", "opinion": "可以公开" }));
        case.clerk("searches", search("2024-05-07")).is("in_progress", "running", Some("2024-05-20"));
        case.clerk("outcome", proposal("2024-05-07", "disclosed.provided"));
        case.is("in_review", "running", Some("2024-05-20"));
        case.approve("2024-05-07").is("approved", "running", Some("2024-05-20"));
        bureau.on("2024-05-20");
        case.clerk("reply", json!({ "on": "2024-05-17" })).is("approved", "running", Some("2024-05-20"));
        assert_eq!(case.last.json["reply"]["document_number"], "公开复〔2024〕1号");
        let sent =
            json!({ "method": "post", "on": "2024-05-20", "carrier": "中国邮政EMS", "tracking_number": "EX123" });
        case.clerk("dispatches", sent).is("replied", "met", Some("2024-05-20"));
        assert_eq!(case.last.json["outcome"]["code"], "disclosed.provided");
        bureau.on("2024-05-24");
        case.clerk("service-proofs", json!({ "on": "2024-05-23", "result": "signed", "signatory": "王小明（本人）" }));
        case.is("served", "met", Some("2024-05-20"));
        assert_eq!(case.last.json["reply"]["proof"]["signatory"], "**（本人）");
        case.clerk("archive", json!({ "on": "2024-05-24", "file_number": "2024-001" }));
        case.is("archived", "met", Some("2024-05-20"));
        assert_eq!(case.last.json["is_open"], false);
        let offered = |json: &Value| {
            let actions = json["actions"].as_array().unwrap().iter();
            actions.map(|action| action["command"]["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let of_head = offered(&bureau.service.get(&format!("/api/v1/cases/{}", case.id), &bureau.head).json);
        assert!(!of_head.contains(&"extend".to_owned()) && of_head.contains(&"link".to_owned()), "{of_head:?}");

        let log = bureau.service.get(&case.path("events"), &bureau.supervisor);
        let kinds: Vec<&str> =
            log.json.as_array().unwrap().iter().map(|event| event["kind"]["code"].as_str().unwrap()).collect();
        assert_eq!(kinds.len(), 22, "{kinds:?}");
        assert_eq!((kinds[0], kinds[1], kinds[21]), ("received", "receipt_fixed", "archived"));
        let verify = |db: &mut _| gongkai::store::cases::events::verify(db, case.id.parse().unwrap());
        assert_eq!(bureau.service.office.store().read(verify).unwrap(), None, "the chain holds");
    });
}

#[test]
fn the_clock_of_a_case_can_be_asked_for_any_day_and_for_what_if() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = bureau.registered("2024-03-01");
        bureau.on("2024-03-15");
        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2024-03-11" });
        case.clerk("consultations", third);
        let clock =
            |query: &str| bureau.service.get(&format!("{}{query}", case.path("clock")), &bureau.supervisor).json;
        let before = clock("?as_of=2024-03-08");
        assert_eq!((&before["status"]["code"], &before["due"]), (&json!("running"), &json!("2024-03-29")));
        assert_eq!((&before["used"], &before["remaining"]), (&json!(5), &json!(15)));
        assert_eq!(clock("")["status"]["code"], "suspended");
        let supposed = clock("?returned_on=2024-03-29");
        assert_eq!((&supposed["due"], &supposed["is_simulation"]), (&json!("2024-04-19"), &json!(true)));
        assert_eq!(clock("?returned_on=2024-03-29&extended_by=20")["due"], "2024-05-20");
        let explained = supposed["explanation"].as_str().unwrap();
        for part in ["2024-03-01", "2024-04-19", "第三十三条"] {
            assert!(explained.contains(part), "{part} is missing in: {explained}");
        }
        let impossible = bureau.service.get(&case.path("clock?extended_by=21"), &bureau.supervisor);
        assert_eq!(impossible.problem(), (422, "what_if_impossible"));
        let wrong = bureau.service.get(&case.path("clock?as_of=2024-02-30"), &bureau.supervisor);
        assert_eq!(wrong.problem(), (400, "invalid_query"));
    });
}

#[test]
fn each_refusal_the_law_commands_comes_with_its_code_and_article() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let clerk = bureau.clerk.clone();
        let head = bureau.head.clone();
        let refusal = |code: &str, article: &str, got: (String, String)| {
            assert_eq!(got.0, code);
            assert!(got.1.contains(article), "{code}: {}", got.1);
        };

        let mut case = bureau.registered("2024-03-01");
        bureau.on("2024-03-20");
        let notice = |on: &str| json!({ "on": on, "items": ["文号"], "respond_days": 10 });
        case.clerk("corrections", notice("2024-03-12"));
        refusal(
            "notice_not_served",
            "第三十条",
            case.refused(&clerk, "lapse", json!({ "on": "2024-03-20", "reason": "未补正" })),
        );
        case.clerk("notice-services", json!({ "notice": "correction", "on": "2024-03-13" }));
        refusal(
            "period_still_running",
            "第三十条",
            case.refused(&clerk, "lapse", json!({ "on": "2024-03-20", "reason": "未补正" })),
        );
        case.clerk("corrected-application", json!({ "on": "2024-03-20", "request": "某文号" }));
        refusal("correction_only_once", "第三十条", case.refused(&clerk, "corrections", notice("2024-03-20")));

        let extend =
            |days: u16, on: &str| json!({ "days": days, "reason": "复杂", "approved_on": on, "notified_on": on });
        refusal(
            "extension_days_out_of_range",
            "第三十三条",
            case.refused(&head, "extensions", extend(21, "2024-03-20")),
        );
        assert_eq!(case.try_command(&clerk, "extensions", extend(5, "2024-03-20")).problem(), (403, "role_required"));
        case.command(&head, "extensions", extend(5, "2024-03-20"));
        refusal("extension_once", "第三十三条", case.refused(&head, "extensions", extend(5, "2024-03-20")));

        refusal(
            "search_record_required",
            "第三十六条第（四）项",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "unavailable.does_not_exist")),
        );
        refusal(
            "right_organ_required",
            "第三十六条第（五）项",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "unavailable.other_authority")),
        );
        refusal(
            "earlier_reply_number_required",
            "第三十六条第（六）项",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "not_processed.repeat")),
        );
        refusal(
            "third_party_consulted_required",
            "第三十二条",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "refused.third_party_rights")),
        );
        refusal(
            "justification_unreasonable_required",
            "第三十五条",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "not_processed.excessive")),
        );
        refusal(
            "outcome_of_other_order",
            "第三十三条",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "o492.disclosed")),
        );
        refusal("not_a_reply", "", case.refused(&clerk, "outcome", proposal("2024-03-20", "closed.withdrawn")));

        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2024-03-20" });
        case.clerk("consultations", third);
        refusal(
            "consultation_open",
            "第三十二条",
            case.refused(&clerk, "outcome", proposal("2024-03-20", "disclosed.provided")),
        );
        case.clerk("consultation-returns", json!({ "consultation": 1, "on": "2024-03-20", "opinion": "consents" }));

        let fee = |count: u32| json!({ "on": "2024-03-20", "basis": "by_page", "count": count });
        refusal("nothing_to_charge", "第四十二条", case.refused(&clerk, "fee", fee(30)));

        case.clerk("outcome", proposal("2024-03-20", "disclosed.provided"));
        let step = |kind: &str| json!({ "kind": kind, "on": "2024-03-20", "approve": true });
        refusal("wrong_review_step", "", case.refused(&bureau.reviewer, "reviews", step("legal")));
        case.approve("2024-03-20").clerk("reply", json!({ "on": "2024-03-20" }));
        let courier = json!({ "method": "private_courier", "on": "2024-03-20", "carrier": "某快递" });
        refusal("service_method_refused", "235号", case.refused(&clerk, "dispatches", courier));

        let mut late = bureau.registered("2024-03-01");
        bureau.on("2024-04-01");
        refusal("extension_after_due", "第三十三条", late.refused(&head, "extensions", extend(5, "2024-04-01")));
        let unchecked = json!({ "on": "2024-04-01", "identity_checked": false });
        refusal("identity_not_checked", "撤回", late.refused(&clerk, "withdrawal", unchecked));
        late.clerk("outcome", proposal("2024-04-01", "disclosed.provided"));

        let old = bureau.registered("2018-03-01");
        refusal("correction_is_a_reply_492", "2007年", old.refused(&clerk, "corrections", notice("2018-03-01")));
    });
}

#[test]
fn a_proposer_who_also_holds_the_reviewers_role_may_not_review() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = bureau.registered("2024-03-01");
        use gongkai::case::Role;
        bureau.service.grant(bureau.clerk_id, bureau.organ, &[Role::Clerk, Role::Reviewer]);
        let clerk = bureau.service.token("jingban");
        case.command(&clerk, "outcome", proposal("2024-03-01", "disclosed.provided"));
        let step = json!({ "kind": "section_head", "on": "2024-03-01", "approve": true });
        assert_eq!(case.refused(&clerk, "reviews", step).0, "proposer_cannot_review");
    });
}

#[test]
fn eight_racing_extensions_have_exactly_one_winner_and_seven_equal_conflicts() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        let body = json!({ "days": 5, "reason": "复杂", "approved_on": "2024-03-01", "notified_on": "2024-03-01" });
        let replies: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    let (case, body, head) = (&case, body.clone(), &bureau.head);
                    scope.spawn(move || {
                        let reply = case.try_command(head, "extensions", body);
                        let problem = if reply.status == 200 { Value::Null } else { reply.problem_body() };
                        (reply.status, problem)
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(replies.iter().filter(|(status, _)| *status == 200).count(), 1, "{replies:?}");
        let losers: Vec<&Value> = replies.iter().filter(|(status, _)| *status != 200).map(|(_, body)| body).collect();
        assert!(losers.iter().all(|body| body["code"] == "stale" && **body == *losers[0]), "{losers:?}");
        let log = bureau.service.get(&case.path("events"), &bureau.clerk);
        let extended = log.json.as_array().unwrap().iter().filter(|event| event["kind"]["code"] == "extended").count();
        assert_eq!(extended, 1);
    });
}

/// Asks again while the service is busy (503), as a client should: nothing was done.
fn unless_busy(ask: impl Fn() -> Reply) -> Reply {
    for _ in 0..100 {
        let reply = ask();
        if reply.status != 503 {
            return reply;
        }
        assert_eq!(reply.header("retry-after"), "2");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("busy for ever");
}

#[test]
fn a_thousand_registrations_from_sixteen_connections_leave_no_gap_and_no_duplicate() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let numbers: Vec<String> = std::thread::scope(|scope| {
            let desks: Vec<_> = (0..16)
                .map(|desk| {
                    let bureau = &bureau;
                    scope.spawn(move || {
                        let share = if desk < 8 { 63 } else { 62 };
                        (0..share)
                            .map(|_| {
                                let (key, application) = (uuid::Uuid::new_v4(), bureau.application("2024-03-01"));
                                let last = unless_busy(|| {
                                    let headers = [("idempotency-key", key.to_string())];
                                    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
                                    let body = Some(application.clone());
                                    bureau.service.call_with("POST", "/api/v1/cases", &bureau.clerk, &headers, body)
                                });
                                assert_eq!(last.status, 201, "{last:?}");
                                let case = CaseAt { bureau, id: last.json["id"].as_str().unwrap().to_owned(), last };
                                let on = json!({ "on": "2024-03-01" });
                                let done = unless_busy(|| case.try_command(&bureau.clerk, "registration", on.clone()));
                                assert_eq!(done.status, 200, "{done:?}");
                                done.json["number"].as_str().unwrap().to_owned()
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            desks.into_iter().flat_map(|desk| desk.join().unwrap()).collect()
        });
        let expected: BTreeSet<String> = (1..=1000).map(|n| format!("依申请〔2024〕{n}号")).collect();
        assert_eq!(numbers.len(), 1000);
        assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>(), expected);
    });
}

#[test]
fn a_refused_registration_takes_no_number() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut first = bureau.file(bureau.application("2024-03-01"));
        assert_eq!(first.refused(&bureau.clerk, "registration", json!({ "on": "2024-02-29" })).0, "date_before_fact");
        first.clerk("registration", json!({ "on": "2024-03-01" }));
        assert_eq!(first.last.json["number"], "依申请〔2024〕1号");
    });
}

#[test]
fn an_application_is_filed_once_for_one_key_and_never_for_a_key_with_another_body() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let body = bureau.application("2024-03-01");
        let send = |body: Value, key: &str| {
            let headers = [("idempotency-key", key)];
            bureau.service.call_with("POST", "/api/v1/cases", &bureau.clerk, &headers, Some(body))
        };
        let replies: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8).map(|_| scope.spawn(|| send(body.clone(), "k1"))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let ids: BTreeSet<&str> = replies.iter().map(|reply| reply.json["id"].as_str().unwrap()).collect();
        assert_eq!((ids.len(), replies.iter().all(|reply| reply.status == 201)), (1, true));
        let mut other = body.clone();
        other["title"] = json!("另一件");
        assert_eq!(send(other, "k1").problem(), (422, "idempotency_key_reused"));
        let list = bureau.service.get("/api/v1/cases", &bureau.clerk);
        assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
        let missing = bureau.service.call("POST", "/api/v1/cases", &bureau.clerk, Some(body));
        assert_eq!(missing.problem(), (400, "idempotency_key_required"));
    });
}

#[test]
fn a_change_names_the_version_it_was_made_on() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.file(bureau.application("2024-03-01"));
        let path = case.path("registration");
        let body = || Some(json!({ "on": "2024-03-01" }));
        assert_eq!(bureau.service.call("POST", &path, &bureau.clerk, body()).problem(), (428, "if_match_required"));
        let stale = bureau.service.call_with("POST", &path, &bureau.clerk, &[("if-match", "\"1\"")], body());
        assert_eq!(stale.problem(), (412, "stale"));
    });
}

#[test]
fn what_identifies_a_person_is_masked_and_each_reading_in_the_clear_is_recorded() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        for path in [case.path(""), case.path("events"), "/api/v1/cases".to_owned()] {
            let text = bureau.service.get(&path, &bureau.clerk).text;
            for secret in ["11010519491231002X", "13800138000", "王小明", "某路1号"] {
                assert!(!text.contains(secret), "{path} shows {secret}");
            }
        }
        let reveal = |token: &str, reason: &str| {
            bureau.service.call("POST", &case.path("applicant/reveal"), token, Some(json!({ "reason": reason })))
        };
        assert_eq!(reveal(&bureau.supervisor, "看看").problem(), (403, "role_required"));
        assert_eq!(reveal(&bureau.clerk, " ").status, 422);
        let shown = reveal(&bureau.clerk, "寄送答复书");
        assert_eq!(shown.json["identity"]["number"], "11010519491231002X");
        assert_eq!(shown.json["contact"]["telephone"], "13800138000");
        let filter = gongkai::store::evidence::audit::AuditFilter {
            action: Some(gongkai::case::AuditAction::ApplicantRevealed),
            ..gongkai::store::evidence::audit::AuditFilter::default()
        };
        let read = |db: &mut _| gongkai::store::evidence::audit::list(db, &filter, None, 10);
        let entries = bureau.service.office.store().read(read).unwrap();
        assert_eq!(entries.len(), 1, "refused readings leave no reading");
        assert!(entries[0].detail.contains("寄送答复书"), "{entries:?}");
    });
}

#[test]
fn lists_are_filtered_and_paged_without_loss() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        for (n, on) in ["2024-01-22", "2024-02-03", "2024-02-26", "2024-02-29", "2024-03-01"].into_iter().enumerate() {
            bureau.on(on);
            let mut application = bureau.application(on);
            application["title"] = json!(format!("第{n}件 100%_测试"));
            bureau.file(application).clerk("registration", json!({ "on": on }));
        }
        bureau.on("2024-03-06");
        let titles = |query: &str| -> Vec<String> {
            let list = bureau.service.get(&format!("/api/v1/cases{query}"), &bureau.supervisor);
            assert_eq!(list.status, 200, "{list:?}");
            let items = list.json["items"].as_array().unwrap();
            items.iter().map(|item| item["title"].as_str().unwrap()[3..4].to_owned()).collect()
        };
        assert_eq!(titles(""), ["4", "3", "2", "1", "0"]);
        assert_eq!(titles("?warning=red"), ["0"], "due 2024-02-22");
        assert_eq!(titles("?warning=orange"), ["1"], "due 2024-03-06");
        assert_eq!(titles("?warning=blue"), ["4", "3", "2"]);
        assert_eq!(titles("?due_until=2024-03-06"), ["1", "0"]);
        assert_eq!(titles("?received_from=2024-02-26&received_until=2024-02-29"), ["3", "2"]);
        assert_eq!(titles("?stage=registered,in_progress&open=true&channel=in_person"), ["4", "3", "2", "1", "0"]);
        assert_eq!(titles("?q=%E7%AC%AC3"), ["3"]);
        assert_eq!(titles("?q=100%25_"), ["4", "3", "2", "1", "0"]);
        assert_eq!(titles("?q=100__"), Vec::<String>::new(), "wildcards are text");
        assert_eq!(titles("?q=%E7%8E%8B%E5%B0%8F%E6%98%8E&outcome=disclosed.provided"), Vec::<String>::new());
        let mut seen = Vec::new();
        let mut query = "?limit=2".to_owned();
        loop {
            let page = bureau.service.get(&format!("/api/v1/cases{query}"), &bureau.supervisor).json;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=2&cursor={cursor}");
        }
        assert_eq!(seen.len(), 5);
        for (query, field) in
            [("?warning=pink", "?warning"), ("?stage=x", "?stage"), ("?cursor=zz", "?cursor"), ("?limit=201", "?limit")]
        {
            let wrong = bureau.service.get(&format!("/api/v1/cases{query}"), &bureau.supervisor);
            assert_eq!((wrong.problem().0, wrong.fields()[0].0), (400, field));
        }
        bureau.on("2024-03-07");
        let mut latin = bureau.application("2024-03-07");
        latin["title"] = json!("第9件 PPP项目合同");
        bureau.file(latin);
        assert_eq!((titles("?q=ppp"), titles("?q=PPP")), (vec!["9".to_owned()], vec!["9".to_owned()]));
    });
}

#[test]
fn a_split_makes_applications_of_their_own_and_a_merge_ties_both_ends() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-04");
        let mut case = bureau.registered("2024-03-04");
        let part = |title: &str| json!({ "title": title, "request": title });
        case.clerk("split", json!({ "on": "2024-03-04", "parts": [part("甲"), part("乙")] })).is(
            "split",
            "ended",
            Some("2024-04-01"),
        );
        let list = bureau.service.get("/api/v1/cases?open=true", &bureau.clerk).json;
        let parts = list["items"].as_array().unwrap();
        let numbers: BTreeSet<&str> = parts.iter().map(|item| item["number"].as_str().unwrap()).collect();
        assert_eq!(numbers, BTreeSet::from(["依申请〔2024〕2号", "依申请〔2024〕3号"]));
        assert!(parts.iter().all(|item| item["due_on"] == "2024-04-01" && item["received_on"] == "2024-03-04"));

        let mut one = bureau.registered("2024-03-04");
        let mut two = bureau.registered("2024-03-04");
        one.clerk("merge", json!({ "on": "2024-03-04", "into_case": two.id, "reason": "同一申请" }));
        two.now();
        assert_eq!(two.last.json["links"][0]["relation"], "merged_from");
        assert_eq!(two.last.json["links"][0]["other_case"], json!(one.id));
        let own = json!({ "on": "2024-03-04", "other_case": two.id, "relation": "related" });
        assert_eq!(two.try_command(&bureau.clerk, "links", own).fields(), [("/other_case", "not_found")]);
    });
}

#[test]
fn a_silent_third_party_lets_the_period_run_again_by_itself() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut case = bureau.registered("2024-03-01");
        bureau.on("2024-03-13");
        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2024-03-11", "served_on": "2024-03-13" });
        case.clerk("consultations", third).is("in_progress", "suspended", None);
        assert_eq!(case.last.json["clock"]["resumes_on"], "2024-04-03");
        bureau.on("2024-04-07");
        assert_eq!(bureau.service.office.cases().resume_silent().unwrap(), 1);
        case.is("in_progress", "running", Some("2024-04-24"));
        let list = bureau.service.get("/api/v1/cases", &bureau.clerk).json;
        assert_eq!(list["items"][0]["due_on"], "2024-04-24", "the row knows it too");
        assert_eq!(bureau.service.office.cases().resume_silent().unwrap(), 0);
    });
}

/// T13, T16, T30: what saving, waiting and repeating must not do.
#[test]
fn equal_texts_of_others_are_cases_of_their_own_and_a_hundred_notes_move_no_date() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let mut first = bureau.registered("2024-03-01");
        let mut second = bureau.registered("2024-03-01");
        assert_eq!(first.last.json["request"], second.last.json["request"]);
        assert_ne!((&first.id, &first.last.json["number"]), (&second.id, &second.last.json["number"]));
        let note = json!({ "on": "2024-03-01", "means": "电话", "result": "unreachable" });
        let before = first.last.json["clock"].clone();
        for _ in 0..100 {
            first.clerk("contacts", note.clone());
        }
        assert_eq!(first.last.json["clock"], before);
        second.clerk("contacts", note);
        let log = bureau.service.get(&first.path("events"), &bureau.clerk).json;
        let recorded: Vec<&str> =
            log.as_array().unwrap().iter().map(|event| event["recorded_at"].as_str().unwrap()).collect();
        assert_eq!(recorded.len(), 103);
        // Each command has its own instant; what one command wrote shares it.
        assert!(recorded.is_sorted(), "{recorded:?}");
        assert_eq!(recorded.iter().collect::<BTreeSet<_>>().len(), 102);
    });
}
