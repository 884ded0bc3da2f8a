//! What an organ and its people settle: windows, mails of the day, absences, policies, annual reports.

use super::*;
use crate::support::on_both;
use gongkai::case::reminder_policy::Audience;
use gongkai::mail::because::Because;
use gongkai::office::reminders::Moment;
use gongkai::store::cases::obligations::{MET, OPEN};
use gongkai::store::database::schema::organs as organs_table;
use gongkai::store::mail::outbox::claim;
use gongkai::store::people::{departments, organs as store_organs};
use gongkai::store::reminders::preferences::{self, PreferenceRow};
use serde_json::Value;
use std::time::Duration;

fn at(on: &str, hour: u32) -> Moment {
    Moment { day: day(on), time: chrono::NaiveTime::from_hms_opt(hour, 0, 0) }
}

fn lines(queued: &[Queued]) -> Vec<(String, String, usize)> {
    queued.iter().map(|line| (line.rule.code(), line.person.replace("先生", ""), line.missed.len())).collect()
}

fn line(rule: &str, person: &str, missed: usize) -> (String, String, usize) {
    (rule.to_owned(), person.to_owned(), missed)
}

fn prefer(store: &Store, row: PreferenceRow) {
    store.write(|db| preferences::put(db, &row)).unwrap();
}

#[test]
fn mail_out_of_hours_is_queued_at_once_for_the_next_opening_and_written_for_that_day() {
    on_both(|store| {
        let house = house(store);
        let owner = Some(house.handler);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, owner)], "2025-08-22");
        let room = room(store);
        room.remind(day("2025-09-18"), None).unwrap();
        sent(store);
        // Friday, 19:00: the mail of the last day would be read on Monday, when the day has passed.
        let report = room.remind(at("2025-09-19", 19), None).unwrap();
        assert_eq!(
            lines(&report.queued),
            [line("overdue_1", "handler", 1), line("overdue_1", "head", 1), line("overdue_1", "watch", 0)]
        );
        let opens = report.queued[0].opens.unwrap();
        assert_eq!(opens.to_string(), "2025-09-22 08:00:00");
        let waits = mails(store)[0].next_attempt_at.0 - now().0;
        assert!((60 * 60..=61 * 60).contains(&waits.num_minutes()), "61 hours: {waits}");
        assert_eq!(store.write(|db| claim(db, "w", 5, Duration::from_secs(60))).unwrap(), []);
        let closes: Vec<Option<Ts>> = store
            .read(|db| -> Result<_, StoreError> {
                let queued = outbox_table::table.filter(outbox_table::state.eq("queued"));
                Ok(queued.select(outbox_table::not_after).load(db)?)
            })
            .unwrap();
        assert_eq!(closes.len(), 3);
        for closes in closes {
            let open_for = closes.unwrap().0 - mails(store)[0].next_attempt_at.0;
            assert!((599..=600).contains(&open_for.num_minutes()), "from 8:00 to 18:00 that Monday: {open_for}");
        }
        // Over the weekend nothing new; on Monday it is known.
        for moment in
            [at("2025-09-19", 20), at("2025-09-20", 9), at("2025-09-21", 23), at("2025-09-22", 7), at("2025-09-22", 8)]
        {
            let report = room.remind(moment, None).unwrap();
            assert_eq!((report.queued.len(), report.withdrawn), (0, 0), "{moment:?}");
        }
        // In the morning before the hour a mail waits for it on the same day.
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-23", OPEN, owner)], "2025-08-22");
        let report = room.remind(at("2025-09-23", 6), None).unwrap();
        assert_eq!(report.withdrawn, 3, "the three for the old date");
        assert!(report.queued.iter().all(|line| line.rule.code() == "due_today"));
        assert_eq!(report.queued[0].opens.unwrap().to_string(), "2025-09-23 08:00:00");
        // Settled before the window opens: nothing goes out.
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-23", MET, owner)], "2025-09-23");
        assert_eq!(room.tick(at("2025-09-23", 7), false, None).unwrap(), None);
        assert_eq!(store.read(store_outbox::counts).unwrap().queued, 0);
    });
}

#[test]
fn a_mail_server_that_was_dead_for_days_gets_one_mail_a_duty_and_none_of_the_old_ones() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        let room = room(store);
        remind(&room, day("2025-09-15"));
        for today in days("2025-09-16", "2025-09-22") {
            room.remind(today, None).unwrap();
        }
        let waiting: Vec<MailView> = mails(store).into_iter().filter(|row| row.state.code() == "queued").collect();
        let subjects: Vec<&str> = waiting.iter().map(|row| row.subject.as_str()).collect();
        let late = "【依申请公开】2025-00017 答复申请人：已逾期1个工作日（期限2025年9月19日）";
        let caught_up = format!("{late}（补发）");
        assert_eq!(subjects, [late, caught_up.as_str(), caught_up.as_str()]);
        let text = text_of(store, &waiting[2].dedupe_key);
        assert!(text.contains("应于2025年9月16日至2025年9月19日发出的3次提醒没有在当日发出"), "{text}");
    });
}

#[test]
fn who_chose_nothing_gets_one_mail_a_day_and_who_chose_single_mails_keeps_them() {
    on_both_databases(|database| {
        let store = &database.open();
        let house = house(store);
        let (organ, owner) = (house.bureau.organ, Some(house.handler));
        for (number, due) in [("2025-00018", "2025-09-17"), ("2025-00019", "2025-09-16")] {
            let other = numbered_case(store, &house.bureau, number);
            stands(store, organ, other, &[reply(due, OPEN, owner)], "2025-08-22");
        }
        prefer(store, PreferenceRow::usual(house.handler));
        let room = room_of(store, settings(25, &[("GONGKAI_REMINDERS__DIGEST", "true")]));
        let report = room.remind(day("2025-09-16"), None).unwrap();
        let of = |person: &str| report.queued.iter().filter(|line| line.person.starts_with(person)).count();
        assert_eq!((of("handler"), of("head")), (2, 2), "{:?}", report.queued);
        let mails = store.read(store_outbox::counts).unwrap().queued;
        assert_eq!(mails, 3, "two for the handler, who chose them, one for the head");
    });
}

#[test]
fn who_chose_it_gets_one_mail_a_day_and_what_is_due_the_same_day_does_not_wait() {
    snapshot("digest_of_two", |database| {
        let store = &database.open();
        let house = house(store);
        let (organ, owner) = (house.bureau.organ, Some(house.handler));
        prefer(store, PreferenceRow { is_digest: true, ..PreferenceRow::usual(house.handler) });
        let other = numbered_case(store, &house.bureau, "2025-00018");
        stands(store, organ, house.case, &[reply("2025-09-19", OPEN, owner)], "2025-08-22");
        stands(store, organ, other, &[reply("2025-09-17", OPEN, owner)], "2025-08-22");
        let room = room(store);
        remind(&room, day("2025-09-15"));
        let report = room.remind(day("2025-09-16"), None).unwrap();
        let mut told = lines(&report.queued);
        told.sort();
        let expected = [
            line("lead_1", "handler", 0),
            line("lead_1", "head", 0),
            line("lead_3", "handler", 0),
            line("lead_3", "head", 0),
        ];
        assert_eq!(told, expected);
        assert!(report.queued.iter().all(|line| line.is_in_digest == line.person.starts_with("handler")));
        assert_eq!(store.read(store_outbox::counts).unwrap().queued, 3, "two for the head, one for the handler");
        sent(store);
        assert_eq!(room.remind(day("2025-09-16"), None).unwrap().queued, []);
        // Later on the same day: what is due today is told at once, the rest tomorrow.
        for (number, due) in [("2025-00019", "2025-09-16"), ("2025-00020", "2025-09-17")] {
            let late = numbered_case(store, &house.bureau, number);
            stands(store, organ, late, &[reply(due, OPEN, owner)], "2025-09-16");
        }
        let handler = |report: &RemindReport| -> Vec<(String, String, usize)> {
            lines(&report.queued).into_iter().filter(|(_, person, _)| person == "handler").collect()
        };
        assert_eq!(handler(&remind(&room, day("2025-09-16"))), [line("due_today", "handler", 0)]);
        let next = room.remind(day("2025-09-17"), None).unwrap();
        let told = handler(&next);
        assert_eq!(
            told,
            [line("overdue_1", "handler", 0), line("due_today", "handler", 0), line("due_today", "handler", 1)]
        );
        // One of them is settled before the mail goes out: it is withdrawn and written anew about the rest.
        stands(store, organ, other, &[reply("2025-09-17", MET, owner)], "2025-09-17");
        let again = room.tick(day("2025-09-17"), true, None).unwrap().unwrap();
        assert_eq!((handler(&again).len(), again.withdrawn), (2, 2));
        let row = mails(store).into_iter().find(|row| row.dedupe_key.starts_with("digest/")).unwrap();
        format!("{}\n{}", row.subject, text_of(store, &row.dedupe_key))
    });
}

#[test]
fn an_absent_handlers_reminders_go_to_the_deputy_and_the_office_head_and_say_why() {
    on_both(|store| {
        let house = house(store);
        let organ = house.bureau.organ;
        let deputy = person(store, "deputy", Some("deputy@gov.example"), None, &[(organ, Role::Clerk)]);
        stands(store, organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        let away = PreferenceRow {
            absent_from: Some(day("2025-09-08")),
            absent_until: Some(day("2025-09-17")),
            deputy_id: Some(deputy),
            ..PreferenceRow::usual(house.handler)
        };
        prefer(store, away.clone());
        let room = room(store);
        assert_eq!(lines(&remind(&room, day("2025-09-05")).queued), [line("lead_10", "handler", 0)]);
        let report = remind(&room, day("2025-09-12"));
        assert_eq!(lines(&report.queued), [line("lead_5", "deputy", 0), line("lead_5", "head", 0)]);
        let why: Vec<String> = report.queued.iter().map(|line| line.because.text()).collect();
        assert_eq!(
            why,
            [
                "承办人员handler先生离岗（至2025年9月17日），您是其指定的代理人。",
                "承办人员handler先生离岗（至2025年9月17日），其提醒同时发给公开工作机构负责人。"
            ]
        );
        assert_eq!(
            lines(&remind(&room, day("2025-09-16")).queued),
            [line("lead_3", "deputy", 0), line("lead_3", "head", 0)]
        );
        // Back: nothing of the time away is made good, the deputy had it.
        assert_eq!(
            lines(&remind(&room, day("2025-09-18")).queued),
            [line("lead_1", "handler", 0), line("lead_1", "head", 0)]
        );
        // The deputy away too: the head alone. Nobody at all: the handler, away or not.
        let all_september = |user| PreferenceRow {
            absent_from: Some(day("2025-09-01")),
            absent_until: Some(day("2025-09-30")),
            ..PreferenceRow::usual(user)
        };
        prefer(store, PreferenceRow { deputy_id: Some(deputy), ..all_september(house.handler) });
        prefer(store, all_september(deputy));
        let report = remind(&room, day("2025-09-19"));
        assert_eq!(lines(&report.queued), [line("due_today", "head", 0)]);
        assert!(matches!(report.queued[0].because, Because::HandlerAway(..)));
        let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
            Ok(diesel::delete(user_roles::table.filter(user_roles::role.eq("office_head"))).execute(db)?)
        };
        store.write(work).unwrap();
        let report = remind(&room, day("2025-09-22"));
        assert_eq!(lines(&report.queued)[0].1, "handler");
    });
}

#[test]
fn the_section_head_and_the_leader_come_in_between() {
    on_both(|store| {
        let house = house(store);
        let (organ, department) = (house.bureau.organ, house.bureau.department);
        let chief = person(store, "chief", Some("chief@gov.example"), Some(department), &[(organ, Role::Reviewer)]);
        person(store, "vice", Some("vice@gov.example"), None, &[(organ, Role::Leader)]);
        let head = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            let row = departments::find(db, department)?;
            departments::update(db, &departments::DepartmentRow { head_id: Some(chief), ..row })?;
            Ok(())
        };
        store.write(head).unwrap();
        let duty = CurrentDuty { department_id: Some(department), ..reply("2025-09-19", OPEN, Some(house.handler)) };
        stands(store, organ, house.case, &[duty], "2025-08-22");
        let room = room(store);
        let mut told = Vec::new();
        for today in days("2025-09-05", "2025-10-21") {
            let rules = remind(&room, today).queued;
            let people: Vec<String> = rules.iter().map(|line| line.person.replace("先生", "")).collect();
            if let Some(first) = rules.first().filter(|line| !line.rule.code().starts_with("overdue_1")) {
                told.push(format!("{today} {} {}", first.rule.code(), people.join(" ")));
            }
        }
        assert_eq!(
            told[..5],
            [
                "2025-09-05 lead_10 handler",
                "2025-09-12 lead_5 handler chief",
                "2025-09-16 lead_3 handler chief head",
                "2025-09-18 lead_1 handler chief head",
                "2025-09-19 due_today handler chief head vice",
            ]
        );
        // The thirtieth day after 09-19 is Sunday 10-19.
        assert!(told.contains(&"2025-10-20 black handler chief head vice watch".to_owned()), "{told:?}");
    });
}

#[test]
fn the_supervisors_above_the_organ_it_reports_to_are_told_too() {
    on_both(|store| {
        let house = house(store);
        let city = add_bureau(store, "市政府", None).organ;
        let office = add_bureau(store, "市政府办", Some(city)).organ;
        reports_to(store, house.bureau.organ, office);
        person(store, "s-city", Some("s-city@gov.example"), None, &[(city, Role::Supervisor)]);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-22");
        let report = remind(&room(store), day("2025-09-22"));
        let told: Vec<String> = lines(&report.queued).into_iter().map(|(_, person, _)| person).collect();
        assert_eq!(told, ["handler", "head", "s-city", "watch"]);
        assert!(matches!(report.queued[2].because, Because::Is(Audience::Supervisor, Some(_))));
    });
}

#[test]
fn an_organ_settles_its_own_policy_and_reads_what_counts() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2024-03-01");
        desk.registered("2024-03-01");
        let path = format!("/api/v1/organs/{}/reminder-settings", desk.organ.0);
        let put = |etag: &str, body: Value| {
            desk.service.call_with("PUT", &path, &desk.head, &[("if-match", etag)], Some(body))
        };
        let seen = desk.service.get(&path, &desk.clerk);
        let kinds = gongkai::case::ObligationKind::ALL.len();
        assert_eq!(seen.json["effective_policies"].as_array().unwrap().len(), kinds);
        assert_eq!((&seen.json["policies"], &seen.json["window"]), (&json!([]), &Value::Null));
        let own = json!({ "policies": [{ "kind": "reply", "lead_days": [2, 0] }], "window": null });
        let done = put(seen.header("etag"), own.clone());
        assert_eq!(done.status, 200, "{done:?}");
        let effective = done.json["effective_policies"].as_array().unwrap();
        let of_reply = effective.iter().find(|policy| policy["kind"] == "reply").unwrap();
        assert_eq!((&of_reply["lead_days"], &of_reply["repeat_every"]), (&json!([2, 0]), &json!(1)));
        assert_eq!(put(seen.header("etag"), own).problem(), (412, "stale"));
        for (policies, pointer) in [
            (json!([{ "kind": "reply", "lead_days": [60] }]), "/policies/0/lead_days"),
            (json!([{ "kind": "reply", "repeat_every": 0 }]), "/policies/0/repeat_every"),
            (json!([{ "kind": "reply", "recipients": {} }]), "/policies/0/recipients"),
            (json!([{ "kind": "reply" }, { "kind": "reply" }]), "/policies/1/kind"),
        ] {
            let refused = put(done.header("etag"), json!({ "policies": policies, "window": null }));
            assert_eq!((refused.status, refused.fields()), (422, vec![(pointer, "out_of_range")]), "{refused:?}");
        }
        let mut scene = Scene::new(&desk);
        entered(scene.store(), day("2024-03-01"));
        scene.days("2024-03-13", "2024-03-29");
        let told: Vec<&str> = scene.told.lines().filter(|line| line.contains("jingban某 → 答复")).collect();
        let [early, today] = told[..] else { panic!("{told:?}") };
        assert_eq!(early, "2024-03-27 jingban某 → 答复申请人 期限2024-03-29 lead_2 还剩2个工作日");
        assert!(today.starts_with("2024-03-29 jingban某 → 答复申请人 期限2024-03-29 due_today "), "{today}");
    });
}

#[test]
fn the_annual_report_is_owed_from_new_year_on_reminded_of_and_done_when_it_is_published() {
    snapshot("annual_report", |database| {
        let desk = Desk::open(database, "2025-12-31");
        let store = desk.service.office.store().clone();
        let made = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            diesel::update(organs_table::table).set(organs_table::created_at.eq(noon("2025-06-01"))).execute(db)?;
            let row = store_organs::find(db, desk.organ)?;
            let other = gongkai::store::people::organs::NewOrgan {
                code: "zf",
                name: "市政府",
                parent_id: None,
                reports_to: None,
                region: "",
                settings: r#"{"annual_report":"government"}"#,
            };
            store_organs::insert(db, other, row.created_at)?;
            Ok(())
        };
        store.write(made).unwrap();
        let mut scene = Scene::new(&desk);
        scene.days("2025-12-31", "2026-01-01");
        entered(&store, day("2026-01-01"));
        scene.days("2026-01-02", "2026-01-16");
        let path = format!("/api/v1/organs/{}/annual-reports", desk.organ.0);
        let listed = desk.service.get(&path, &desk.clerk);
        assert_eq!(
            (&listed.json["items"][0]["due_on"], &listed.json["items"][0]["published_on"]),
            (&json!("2026-01-31"), &Value::Null)
        );
        for (body, pointer, code) in [
            (json!({ "year": 2026, "published_on": "2026-01-16" }), "/year", "out_of_range"),
            (json!({ "year": 2025, "published_on": "2026-01-17" }), "/published_on", "date_in_future"),
            (json!({ "year": 2025, "published_on": "2025-12-31" }), "/published_on", "before_start"),
        ] {
            let refused = desk.service.create(&path, &desk.clerk, body);
            assert_eq!((refused.status, refused.fields()), (422, vec![(pointer, code)]), "{refused:?}");
        }
        let good = json!({ "year": 2025, "published_on": "2026-01-16" });
        let done = desk.service.create(&path, &desk.clerk, good.clone());
        assert_eq!((done.status, &done.json["is_late"]), (201, &json!(false)), "{done:?}");
        assert_eq!(desk.service.create(&path, &desk.clerk, good).problem(), (409, "already_exists"));
        writeln!(scene.told, "（1月16日公布）").unwrap();
        scene.days("2026-01-17", "2026-02-06");
        scene.full(1);
        scene.told
    });
}
