//! A correction: what it changes, what it keeps, and what it refuses.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{asked, correct, corrections, in_clear, lines, refused, revealed};
use crate::support::bureau::Bureau;
use crate::support::{day, on_both_databases};

const RIGHT: &str = "110101199003071233";

#[test]
fn a_correction_changes_the_record_and_the_log_says_which_members_and_why_but_not_what_they_say() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-05");
        let version = case.last.json["version"].as_i64().unwrap();
        let change = json!({
            "name": "张晓明", "identity": { "number": RIGHT },
            "contact": { "telephone": "13900139000", "email": "zhang@example.cn", "address": null }
        });
        let shown = correct(&mut case, change);
        assert_eq!(shown["version"], version + 1);
        assert_eq!(shown["applicant"]["name"], "张**");
        let found = bureau.service.get("/api/v1/cases?q=%E5%BC%A0%E6%99%93%E6%98%8E", &bureau.clerk);
        assert_eq!(found.json["items"][0]["id"], case.id, "the name is found in the list");
        let [event] = &corrections(&bureau, &case.id)[..] else { panic!("one event") };
        assert_eq!(
            event["body"],
            json!({
                "v": 1, "event": "applicant_corrected", "on": "2026-11-05",
                "changed": ["name", "identity", "telephone", "email", "address"],
                "reason": "按身份证更正", "through": null
            })
        );
        assert_eq!(event["actor_id"], json!(bureau.clerk_id.0));
        let now = revealed(&case);
        assert_eq!((&now["name"], &now["identity"]["number"]), (&json!("张晓明"), &json!(RIGHT)));
        assert_eq!(now["contact"], json!({ "telephone": "13900139000", "email": "zhang@example.cn" }));
        let [earlier] = &now["earlier"].as_array().unwrap()[..] else { panic!("one earlier record: {now}") };
        assert_eq!((&earlier["replaced_on"], &earlier["seq"]), (&json!("2026-11-05"), &event["seq"]));
        assert_eq!((&earlier["replaced_by"], &earlier["case_id"]), (&json!(bureau.clerk_id.0), &json!(case.id)));
        let was = &earlier["applicant"];
        assert_eq!((&was["name"], &was["identity"]["number"]), (&json!("王小明"), &json!("11010519491231002X")));
        assert_eq!(was["contact"], json!({ "telephone": "13800138000", "address": "某市某路1号" }));
        for text in [RIGHT, "11010519491231002X", "13900139000", "13800138000", "王小明", "example.cn"] {
            assert_eq!(in_clear(database, text), Vec::<String>::new(), "{text}");
        }
        let audit = "SELECT detail AS line FROM audit_log WHERE action = 'applicant.corrected'";
        let audit: Value = serde_json::from_str(&lines(&mut database.raw(), audit)[0]).unwrap();
        assert_eq!(audit["changed"], json!(["name", "identity", "telephone", "email", "address"]));
        assert!(audit.get("reason").is_none(), "a reason in the audit log could never be erased: {audit}");
        bureau.verified();
    });
}

#[test]
fn every_record_that_was_ever_in_force_is_kept_in_order() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        for (on, name) in [("2026-11-03", "王晓明"), ("2026-11-04", "王晓鸣"), ("2026-11-04", "王小鸣")] {
            bureau.on(on);
            correct(&mut case, json!({ "name": name }));
        }
        let earlier = revealed(&case)["earlier"].as_array().unwrap().clone();
        let of = |one: &Value| (one["replaced_on"].clone(), one["applicant"]["name"].clone());
        let found: Vec<_> = earlier.iter().map(of).collect();
        let expected = [("2026-11-03", "王小明"), ("2026-11-04", "王晓明"), ("2026-11-04", "王晓鸣")];
        assert_eq!(found, expected.map(|(on, name)| (json!(on), json!(name))));
        bureau.verified();
    });
}

#[test]
fn what_is_malformed_or_changes_nothing_is_refused_and_nothing_is_written() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let case = bureau.registered("2026-11-02");
        let clerk = &bureau.clerk;
        let at = |pointer: &str, code: &str| (422, pointer.to_owned(), code.to_owned());
        assert_eq!(refused(&case, clerk, json!({ "name": " 王小明 " })), at("nothing_changes", ""));
        assert_eq!(refused(&case, clerk, json!({})), at("nothing_changes", ""));
        assert_eq!(refused(&case, clerk, json!([])), at("/change", "invalid_type"));
        assert_eq!(refused(&case, clerk, json!({ "kind": "enterprise" })), at("/change/kind", "kind_by_amendment"));
        assert_eq!(refused(&case, clerk, json!({ "name": null })), at("/change/name", "required"));
        assert_eq!(refused(&case, clerk, json!({ "name": " " })), at("/change/name", "required"));
        assert_eq!(refused(&case, clerk, json!({ "fax": "1" })), at("/change/fax", "unknown_field"));
        assert_eq!(
            refused(&case, clerk, json!({ "contact": { "telephone": "1".repeat(41) } })),
            at("/change/contact/telephone", "too_long")
        );
        assert_eq!(
            refused(&case, clerk, json!({ "identity": { "number": "110105194912310021" } })),
            at("/change/identity/number", "invalid_identity_number")
        );
        for told in [
            "号码应为110101199003071233",
            "原号码11010519491231002X有误",
            "电话改为13900139000",
            "号码应为１１０１０１ 1990-0307-1233",
            "原号码11010519491231002x有误",
            "申请人王小明改了电话",
            "住某市 某路 1 号之三",
        ] {
            let change = json!({ "identity": { "number": RIGHT }, "contact": { "telephone": "13900139000" } });
            let reply = asked(&case, clerk, told, change);
            assert_eq!(reply.fields(), [("/reason", "repeats_text")], "{told}");
        }
        assert_eq!(asked(&case, clerk, "错", json!({ "name": "王晓明" })).fields(), [("/reason", "too_vague")]);
        let without = bureau.service.call(
            "PATCH",
            &case.path("applicant"),
            clerk,
            Some(json!({ "reason": "按身份证更正", "change": { "name": "王晓明" } })),
        );
        assert_eq!(without.problem(), (428, "if_match_required"));
        assert_eq!(corrections(&bureau, &case.id), Vec::<Value>::new());
        assert_eq!(revealed(&case)["earlier"], json!([]));
    });
}

#[test]
fn a_void_case_stays_as_it_is_and_an_archived_one_is_corrected_by_the_head_alone() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let offered = |case: &Value| {
            let actions = case["actions"].as_array().unwrap();
            actions.iter().any(|action| action["command"]["code"] == "correct_applicant")
        };
        let mut void = bureau.registered("2026-11-02");
        assert!(offered(&void.last.json));
        void.command(&bureau.head.clone(), "void", json!({ "reason": "误立案" }));
        assert!(!offered(&void.last.json));
        assert_eq!(refused(&void, &bureau.head, json!({ "name": "王晓明" })).1, "case_is_void");
        let mut put_away = bureau.registered("2026-11-02");
        put_away.clerk("withdrawal", json!({ "on": "2026-11-02", "identity_checked": true }));
        put_away.clerk("archive", json!({ "on": "2026-11-02", "file_number": "2026-001" }));
        assert!(!offered(&put_away.last.json));
        assert_eq!(refused(&put_away, &bureau.clerk, json!({ "name": "王晓明" })).1, "archived_needs_head");
        for token in [&bureau.reviewer, &bureau.leader, &bureau.supervisor] {
            assert_eq!(refused(&put_away, token, json!({ "name": "王晓明" })).0, 403);
        }
        let done = asked(&put_away, &bureau.head, "归档后发现姓名误录", json!({ "name": "王晓明" }));
        assert_eq!((done.status, &done.json["applicant"]["name"]), (200, &json!("王**")), "{done:?}");
        assert!(offered(&done.json), "to the head");
        bureau.verified();
    });
}

#[test]
fn of_two_who_correct_at_once_one_wins_and_the_other_is_told_to_read_again() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let case = bureau.registered("2026-11-02");
        let (mut statuses, names) = (Vec::new(), ["王晓明", "王小鸣"]);
        std::thread::scope(|scope| {
            let ask = |name: &'static str| {
                let case = &case;
                scope.spawn(move || asked(case, &case.bureau.clerk, "按身份证更正", json!({ "name": name })).status)
            };
            let threads = names.map(ask);
            statuses.extend(threads.map(|thread| thread.join().unwrap()));
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        assert_eq!(revealed(&case)["earlier"].as_array().unwrap().len(), 1);
        bureau.verified();
    });
}

#[test]
fn the_reason_can_be_erased_and_a_correction_is_not_amended_but_corrected_again() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.file(bureau.application("2026-11-02"));
        let clerk = bureau.clerk.clone();
        let done = asked(&case, &clerk, "本人来电说明曾用名李某某", json!({ "name": "王晓明" }));
        case.last = done;
        let seq = corrections(&bureau, &case.id)[0]["seq"].clone();
        // Nothing rests on the correction: whoever filed the case may still amend the filing on the same day.
        let entries = json!([{ "seq": 1, "change": { "title": "某地块征收批复" } }]);
        case.clerk("amendments", json!({ "reason": "标题录错", "entries": entries }));
        let head = bureau.head.clone();
        let body = json!({ "reason": "录错", "entries": [{ "seq": seq, "void": true }] });
        let reply = case.try_command(&head, "amendments", body);
        assert_eq!(reply.fields(), [("/entries/0", "applicant_correction_is_fixed")], "{reply:?}");
        case.command(&head, "redactions", json!({ "seq": seq, "pointer": "/reason", "reason": "理由涉及他人信息" }));
        assert_eq!(corrections(&bureau, &case.id)[0]["body"]["reason"], "〔已删除〕");
        assert_eq!(in_clear(database, "曾用名"), Vec::<String>::new());
        let body = json!({ "seq": seq, "pointer": "/changed/0", "reason": "试着删除一个代码" });
        let reply = case.try_command(&head, "redactions", body);
        assert_eq!(reply.fields(), [("/pointer", "not_free_text")], "{reply:?}");
        bureau.verified();
    });
}

#[test]
fn a_mail_that_waits_with_the_wrong_name_is_written_anew() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-26");
        let room = bureau.service.office.reminders().mailroom().unwrap();
        let queued = |database: &crate::support::TestDatabase| {
            lines(&mut database.raw(), "SELECT dedupe_key AS line FROM outbox WHERE state = 'queued' ORDER BY 1")
        };
        room.remind(day("2026-11-26"), None).unwrap();
        let before = queued(database);
        assert!(!before.is_empty());
        correct(&mut case, json!({ "contact": { "telephone": "13900139000" } }));
        assert_eq!(queued(database), before, "the mails do not show it");
        correct(&mut case, json!({ "name": "张晓明" }));
        assert_eq!(queued(database), Vec::<String>::new());
        room.remind(day("2026-11-26"), None).unwrap();
        assert_eq!(queued(database).len(), before.len());
    });
}

#[test]
fn what_was_before_cannot_be_changed_and_a_change_behind_the_service_is_found() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut first = bureau.registered("2026-11-02");
        correct(&mut first, json!({ "name": "王晓明" }));
        let mut second = bureau.registered("2026-11-02");
        correct(&mut second, json!({ "name": "王小鸣" }));
        bureau.verified();
        let mut raw = database.raw();
        for sql in ["DELETE FROM applicant_versions", "UPDATE applicant_versions SET replaced_on = '2026-10-01'"] {
            assert!(raw.batch_execute(sql).is_err(), "{sql}");
        }
        crate::evidence::unguard(&mut raw);
        raw.batch_execute("CREATE TABLE kept AS SELECT * FROM applicant_versions").unwrap();
        let mut found_after = |sql: &str| {
            raw.batch_execute(sql).unwrap();
            let mut found = Vec::new();
            let office = &bureau.service.office;
            office
                .evidence()
                .verify(None, None, &mut |one| {
                    let what = one.what.clone().unwrap_or_default();
                    found.push(format!("{} {} {what} {}", one.kind.code(), one.table, one.seq.unwrap_or_default()));
                })
                .unwrap();
            raw.batch_execute("DELETE FROM applicant_versions; INSERT INTO applicant_versions SELECT * FROM kept")
                .unwrap();
            found.sort();
            found
        };
        let theirs = format!("WHERE case_id = '{}'", first.id);
        assert_eq!(
            found_after(&format!("DELETE FROM applicant_versions {theirs}")),
            ["applicant_version_missing applicant_versions  4"]
        );
        let other = format!("(SELECT sealed FROM kept WHERE case_id = '{}')", second.id);
        assert_eq!(
            found_after(&format!("UPDATE applicant_versions SET sealed = {other} {theirs}")),
            ["applicant_version_unsound applicant_versions sealed 4"]
        );
        assert_eq!(
            found_after(&format!("UPDATE applicant_versions SET replaced_on = '2026-10-01' {theirs}")),
            [
                "applicant_version_unsound applicant_versions sealed 4",
                "applicant_version_unsound applicant_versions seq 4"
            ]
        );
        assert_eq!(
            found_after(&format!("UPDATE applicant_versions SET seq = 3 {theirs}")),
            [
                "applicant_version_missing applicant_versions  4",
                "applicant_version_unsound applicant_versions sealed 3",
                "applicant_version_unsound applicant_versions seq 3"
            ]
        );
    });
}

#[test]
fn a_case_as_it_was_known_on_a_day_names_the_applicant_as_the_record_said_then() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        bureau.on("2026-11-05");
        correct(&mut case, json!({ "name": "张晓明" }));
        bureau.on("2026-11-06");
        let name = |query: &str| {
            let reply = bureau.service.get(&case.path(query).replace("/?", "?"), &bureau.clerk);
            assert_eq!(reply.status, 200, "{reply:?}");
            reply.json["applicant"]["name"].clone()
        };
        assert_eq!(name("?known_on=2026-11-04"), "王**");
        assert_eq!(name("?known_on=2026-11-05"), "张**");
        assert_eq!(name("?as_of=2026-11-04"), "张**", "as it is known today");
    });
}

#[test]
fn a_reason_repeats_nothing_of_an_earlier_record_either() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-11-02");
        let mut case = bureau.registered("2026-11-02");
        correct(&mut case, json!({ "name": "张晓明", "identity": { "number": RIGHT } }));
        let clerk = &bureau.clerk;
        for told in ["原姓名王小明录错", "原证件11010519491231002x录错"] {
            let reply = asked(&case, clerk, told, json!({ "contact": { "telephone": "13900139000" } }));
            assert_eq!(reply.fields(), [("/reason", "repeats_text")], "{told}");
        }
        let agents = json!([{ "name": "赵律师", "authority": "一般代理" }]);
        assert_eq!(
            asked(&case, clerk, "补交赵律师的委托书", json!({ "agents": agents })).fields(),
            [("/reason", "repeats_text")]
        );
        assert_eq!(asked(&case, clerk, "补交代理人的委托书", json!({ "agents": agents })).status, 200);
    });
}
