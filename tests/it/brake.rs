//! Personal data in the clear: how often, for what reason, and who hears of it.

use gongkai::case::Role;
use gongkai::store::evidence::audit::{self, AuditFilter};
use gongkai::store::mail::outbox::{self, MailFilter};
use mail_parser::MessageParser;
use serde_json::json;

use crate::support::bureau::Bureau;
use crate::support::on_both_databases;
use crate::support::service::Reply;

#[test]
fn a_reason_says_something() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        let path = case.path("applicant/reveal");
        let reveal =
            |reason: &str| bureau.service.call("POST", &path, &bureau.clerk, Some(json!({ "reason": reason })));
        for (reason, code) in [
            ("", "required"),
            ("  ", "required"),
            ("x", "too_vague"),
            ("看看", "too_vague"),
            ("12345678", "too_vague"),
            ("。。。。。。。", "too_vague"),
            ("哈哈哈哈哈哈", "too_vague"),
            ("abababab", "too_vague"),
            ("寄\u{200b}\u{200b}\u{200b}\u{200b}送", "too_vague"),
            ("\u{3164}\u{115f}\u{1160}\u{ffa0}\u{3164}答", "too_vague"),
            ("寄 送 答 复", "too_vague"),
        ] {
            let refused = reveal(reason);
            assert_eq!(
                (refused.problem(), refused.fields()),
                ((422, "invalid"), vec![("/reason", code)]),
                "{reason:?}"
            );
        }
        assert_eq!(reveal(&"寄送答复书".repeat(41)).fields(), [("/reason", "too_long")]);
        assert_eq!(reveal("寄送答\n复书啊").fields(), [("/reason", "invalid_value")]);
        assert_eq!(reveal(" 寄送答复书 ").status, 200);
        let ledger = |reason: &str| {
            let query = format!("personal_data=true&reason={reason}");
            bureau.service.get(&format!("/api/v1/organs/{}/ledger?{query}", bureau.organ.0), &bureau.clerk)
        };
        assert_eq!(ledger("x").fields(), [("?reason", "too_vague")]);
        assert_eq!(ledger("%E7%A7%BB%E4%BA%A4%E6%A1%A3%E6%A1%88%E9%A6%86").status, 200);
    });
}

#[test]
fn sixty_readings_an_hour_and_ten_clear_ledgers_a_day_are_the_most_of_one_person() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        let path = case.path("applicant/reveal");
        let reason = json!({ "reason": "寄送答复书" });
        let reveal = |token: &str| bureau.service.call("POST", &path, token, Some(reason.clone()));
        let ledger = format!(
            "/api/v1/organs/{}/ledger?personal_data=true&reason=%E7%A7%BB%E4%BA%A4%E6%A1%A3%E6%A1%88%E9%A6%86",
            bureau.organ.0
        );
        let export = |token: &str| bureau.service.get(&ledger, token);
        let count = |replies: Vec<Reply>| {
            let good = replies.iter().filter(|reply| reply.status == 200).count();
            let braked = replies.iter().filter(|reply| reply.status == 429).count();
            (good, braked)
        };
        assert_eq!(count((0..63).map(|_| reveal(&bureau.clerk)).collect()), (60, 3));
        assert_eq!(count((0..12).map(|_| export(&bureau.clerk)).collect()), (10, 2));
        let refused = reveal(&bureau.clerk);
        assert_eq!(refused.problem(), (429, "personal_data_brake"));
        assert!((1..=3601).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{refused:?}");
        let refused = export(&bureau.clerk);
        assert!((3601..=86_401).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{refused:?}");
        assert_eq!(reveal(&bureau.head).status, 200, "another person");
    });
}

#[test]
fn administrators_and_auditors_hear_of_it_at_half_and_at_the_limit_once_a_day() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        for (name, role) in [("guan", Role::Admin), ("shenji", Role::Auditor)] {
            bureau.service.user(name, bureau.organ, &[role]);
        }
        bureau.service.grant(bureau.clerk_id, bureau.organ, &[Role::Clerk, Role::Auditor]);
        let case = bureau.registered("2024-03-01");
        let path = case.path("applicant/reveal");
        let reveal =
            || bureau.service.call("POST", &path, &bureau.clerk, Some(json!({ "reason": "寄送答复书" }))).status;
        let store = bureau.service.office.store();
        let mails = || {
            let list = |db: &mut _| outbox::list(db, &MailFilter::default(), None, 100);
            let mut all = store.read(list).unwrap();
            all.retain(|mail| mail.subject.contains("查看申请人证件号码"));
            all.sort_by(|one, other| (one.created_at, &one.to_address).cmp(&(other.created_at, &other.to_address)));
            all
        };
        let alarms = || {
            let list = |db: &mut _| audit::list(db, &AuditFilter::default(), None, 500);
            let mut rows = store.read(list).unwrap();
            rows.retain(|row| row.action.starts_with("alarm."));
            rows.reverse();
            rows
        };
        assert!((0..29).all(|_| reveal() == 200) && mails().is_empty() && alarms().is_empty());
        assert_eq!((reveal(), mails().len(), alarms().len()), (200, 2, 1), "the thirtieth");
        assert!((0..30).all(|_| reveal() == 200));
        assert_eq!((reveal(), reveal()), (429, 429));
        let told: Vec<String> = mails().into_iter().map(|mail| mail.to_address).collect();
        let both = ["guan@example.cn", "shenji@example.cn"];
        assert_eq!(told, [both, both].concat(), "not the reader itself, though it audits; nothing for refusals");
        let rows = alarms();
        assert_eq!(
            rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(),
            ["alarm.reveals_half", "alarm.reveals_limit"]
        );
        assert!(rows.iter().all(|row| row.actor_id == Some(bureau.clerk_id) && row.organ_id == Some(bureau.organ)));
        assert_eq!(rows[1].detail, r#"{"count":60,"limit":60,"mails":2}"#);
        let bytes = |db: &mut gongkai::store::Db| -> Result<Vec<Vec<u8>>, gongkai::store::StoreError> {
            use diesel::prelude::*;
            use gongkai::store::database::schema::outbox::{dedupe_key, message, table};
            let alarm = table.filter(dedupe_key.like("alarm.reveals_limit/%"));
            Ok(alarm.select(message).load(db)?)
        };
        let message = store.read(bytes).unwrap().remove(0);
        let mail = MessageParser::default().parse(&message).unwrap();
        let text = mail.body_text(0).unwrap();
        for part in
            ["jingban某（用户名 jingban）", "一小时内60次（上限60次）", "已达上限，系统暂不再受理", "reveals_per_hour"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        let metrics = bureau.service.send("GET", "/metrics", &[], None).text;
        assert!(metrics.contains("gongkai_personal_data_alarms_total 2\n"), "{metrics}");
    });
}

#[test]
fn the_sixtieth_and_the_sixty_first_reading_at_once_are_sixty() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        let path = case.path("applicant/reveal");
        let reveal =
            || bureau.service.call("POST", &path, &bureau.clerk, Some(json!({ "reason": "寄送答复书" }))).status;
        assert!((0..56).all(|_| reveal() == 200));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..12).map(|_| scope.spawn(reveal)).collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let of = |status: u16| statuses.iter().filter(|one| **one == status).count();
        assert_eq!((of(200), of(429)), (4, 8), "{statuses:?}");
    });
}
