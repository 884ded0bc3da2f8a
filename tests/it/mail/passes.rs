//! Passes: who is told what on which day, once.

use super::*;
use crate::support::{at_nine, on_both, on_both_databases, until};
use gongkai::case::reminder_policy::{DutyTiming, ReminderRule};
use gongkai::mail::because::Because;
use gongkai::office::reminders::run as run_schedule;
use gongkai::store::cases::obligations::{CANCELLED, MET, OPEN, SUSPENDED};
use gongkai::store::{mail::outbox as rows, reminders};
use mail_parser::MessageParser;
use std::collections::HashSet;

/// What a pass queued: rule, mailbox, number of missed days.
fn brief(report: &RemindReport) -> Vec<(String, String, usize)> {
    report.queued.iter().map(|line| (line.rule.code(), line.to.clone(), line.missed.len())).collect()
}

fn line(rule: &str, to: &str, missed: usize) -> (String, String, usize) {
    (rule.to_owned(), format!("{to}@gov.example"), missed)
}

#[test]
fn each_person_gets_each_step_once_by_distance() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        let room = room(store);
        let mut told = Vec::new();
        for today in days("2025-08-25", "2025-09-23") {
            for _ in 0..2 {
                let report = remind(&room, today);
                assert_eq!(report.unreachable, []);
                told.extend(brief(&report).into_iter().map(|(rule, to, missed)| (today.to_string(), rule, to, missed)));
            }
        }
        let expect = |on: &str, rule: &str, to: &str| (on.to_owned(), rule.to_owned(), format!("{to}@gov.example"), 0);
        assert_eq!(
            told,
            [
                expect("2025-09-05", "lead_10", "handler"),
                expect("2025-09-12", "lead_5", "handler"),
                expect("2025-09-16", "lead_3", "handler"),
                expect("2025-09-16", "lead_3", "head"),
                expect("2025-09-18", "lead_1", "handler"),
                expect("2025-09-18", "lead_1", "head"),
                expect("2025-09-19", "due_today", "handler"),
                expect("2025-09-19", "due_today", "head"),
                expect("2025-09-22", "overdue_1", "handler"),
                expect("2025-09-22", "overdue_1", "head"),
                expect("2025-09-22", "overdue_1", "watch"),
                expect("2025-09-23", "overdue_2", "handler"),
                expect("2025-09-23", "overdue_2", "head"),
                expect("2025-09-23", "overdue_2", "watch"),
            ]
        );
        assert_eq!(mails(store).len(), told.len());
    });
}

#[test]
fn the_key_names_obligation_rule_due_date_and_person() {
    on_both(|store| {
        let house = house(store);
        let duty = &stands(
            store,
            house.bureau.organ,
            house.case,
            &[reply("2025-09-19", OPEN, Some(house.handler))],
            "2025-08-22",
        )[0];
        room(store).remind(day("2025-09-05"), None).unwrap();
        let row = mails(store).remove(0);
        assert_eq!(row.dedupe_key, format!("remind/{}/lead_10/2025-09-19/{}", duty.id, house.handler));
        assert_eq!((row.case_id, row.to_address.as_str()), (Some(house.case), "handler@gov.example"));
        assert_eq!(row.subject, "【依申请公开】2025-00017 答复申请人：还剩10个工作日（期限2025年9月19日）");
    });
}

#[test]
fn three_days_down_give_each_person_one_mail_that_says_so() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-17", OPEN, Some(house.handler))], "2025-08-20");
        let room = room(store);
        for today in days("2025-09-01", "2025-09-15") {
            remind(&room, today);
        }
        // Down on the 16th (one day left), the 17th (the day itself) and the 18th (first day late).
        let report = remind(&room, day("2025-09-19"));
        assert_eq!(
            brief(&report),
            [line("overdue_2", "handler", 3), line("overdue_2", "head", 3), line("overdue_2", "watch", 1)]
        );
        assert!(report.queued.iter().all(|line| line.standing == DutyTiming::Overdue(2)));
        assert_eq!((report.missed(), store.read(reminders::missed_total).unwrap()), (7, 7));
        let row = mails(store).remove(0);
        assert!(row.subject.ends_with("已逾期2个工作日（期限2025年9月17日）（补发）"), "{}", row.subject);
        let text = text_of(store, &row.dedupe_key);
        assert!(text.contains("补发说明：按期限推算应于2025年9月18日发出的提醒没有在当日发出"), "{text}");
        assert_eq!(brief(&room.remind(day("2025-09-20"), None).unwrap()), []);
    });
}

fn text_of(store: &Store, key: &str) -> String {
    let bytes: Vec<u8> = store
        .read(|db| -> Result<_, StoreError> {
            Ok(outbox_table::table.filter(outbox_table::dedupe_key.eq(key)).select(outbox_table::message).first(db)?)
        })
        .unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    parsed.body_text(0).unwrap().into_owned()
}

#[test]
fn two_schedulers_at_once_queue_each_key_once() {
    on_both_databases(|database| {
        let store = database.open();
        let house = house(&store);
        for n in 0..30 {
            let case = numbered_case(&store, &house.bureau, &format!("2025-1{n:04}"));
            stands(&store, house.bureau.organ, case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        }
        for today in ["2025-09-16", "2025-09-19", "2025-09-22"] {
            let reports: Vec<RemindReport> = std::thread::scope(|scope| {
                let passes: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| room(&database.open()).remind(day(today), None).unwrap())).collect();
                passes.into_iter().map(|pass| pass.join().unwrap()).collect()
            });
            sent(&store);
            let queued: usize = reports.iter().map(|report| report.queued.len()).sum();
            assert_eq!(queued, if today == "2025-09-22" { 90 } else { 60 }, "{today}");
        }
        let keys: Vec<String> = mails(&store).into_iter().map(|row| row.dedupe_key).collect();
        let different: HashSet<&String> = keys.iter().collect();
        assert_eq!((keys.len(), different.len()), (210, 210));
    });
}

#[test]
fn met_cancelled_and_suspended_duties_are_silent_and_a_new_date_speaks_again() {
    on_both(|store| {
        let house = house(store);
        let (organ, owner) = (house.bureau.organ, Some(house.handler));
        let room = room(store);
        for status in [MET, CANCELLED, SUSPENDED] {
            stands(store, organ, house.case, &[reply("2025-09-19", status, owner)], "2025-09-01");
            assert_eq!(room.remind(day("2025-09-22"), None).unwrap(), RemindReport::default(), "{status}");
        }
        stands(store, organ, house.case, &[reply("2025-09-19", OPEN, owner)], "2025-09-01");
        assert_eq!(brief(&remind(&room, day("2025-09-05"))), [line("lead_10", "handler", 0)]);
        // Extended by ten working days on the last day: all steps come again, for the new date.
        stands(store, organ, house.case, &[reply("2025-10-11", OPEN, owner)], "2025-09-19");
        let mut told = Vec::new();
        for today in days("2025-09-19", "2025-09-28") {
            told.extend(brief(&remind(&room, today)).into_iter().map(|(rule, ..)| (today.to_string(), rule)));
        }
        let expect = |on: &str, rule: &str| (on.to_owned(), rule.to_owned());
        assert_eq!(told, [expect("2025-09-22", "lead_10"), expect("2025-09-28", "lead_5")]);
        // Replied: nothing more, however late it gets.
        stands(store, organ, house.case, &[reply("2025-10-11", MET, owner)], "2025-09-29");
        for today in days("2025-09-29", "2025-10-20") {
            assert_eq!(brief(&room.remind(today, None).unwrap()), []);
        }
    });
}

#[test]
fn a_duty_without_a_date_waits_for_one() {
    on_both(|store| {
        let house = house(store);
        let duty = CurrentDuty { due_on: None, ..reply("2025-09-19", OPEN, Some(house.handler)) };
        stands(store, house.bureau.organ, house.case, &[duty], "2025-09-01");
        assert_eq!(room(store).remind(day("2025-09-19"), None).unwrap(), RemindReport::default());
    });
}

#[test]
fn where_nobody_nearer_can_be_reached_the_next_is_told_and_why() {
    on_both(|store| {
        let above = add_bureau(store, "省厅", None).organ;
        let bureau = add_bureau(store, "市局", Some(above));
        let case = numbered_case(store, &bureau, "2025-00018");
        let pass = |on: &str| remind(&room(store), day(on));
        let owner = person(store, "owner", None, None, &[(bureau.organ, Role::Handler)]);
        stands(store, bureau.organ, case, &[reply("2025-09-19", OPEN, Some(owner))], "2025-08-22");
        // The owner has no mailbox and nobody else is there: the report says so and nothing is queued.
        let report = pass("2025-09-05");
        assert_eq!((report.queued.len(), report.unreachable.len()), (0, 1));
        assert_eq!(report.unreachable[0].case_number.as_deref(), Some("2025-00018"));
        person(store, "watch", Some("watch@gov.example"), None, &[(above, Role::Supervisor)]);
        let report = pass("2025-09-05");
        assert_eq!(brief(&report), [line("lead_10", "watch", 0)]);
        assert_eq!(report.queued[0].because, Because::NobodyElse);
        person(store, "head", Some("head@gov.example"), None, &[(bureau.organ, Role::OfficeHead)]);
        assert_eq!(brief(&pass("2025-09-12")), [line("lead_5", "head", 1)], "the head was not told on the 5th");
        person(store, "clerk", Some("clerk@gov.example"), None, &[(bureau.organ, Role::Clerk)]);
        assert_eq!(brief(&pass("2025-09-16")), [line("lead_3", "clerk", 2), line("lead_3", "head", 0)]);
    });
}

#[test]
fn a_department_task_goes_to_the_handlers_of_the_department() {
    on_both(|store| {
        let house = house(store);
        let other = person(store, "other", Some("other@gov.example"), None, &[(house.bureau.organ, Role::Handler)]);
        person(
            store,
            "second",
            Some("second@gov.example"),
            Some(house.bureau.department),
            &[(house.bureau.organ, Role::Handler)],
        );
        person(store, "gone", None, Some(house.bureau.department), &[(house.bureau.organ, Role::Handler)]);
        let task = |owner_id| CurrentDuty {
            key: "department_task:1".into(),
            kind: "department_task".into(),
            department_id: Some(house.bureau.department),
            owner_id,
            ..reply("2025-09-19", OPEN, None)
        };
        stands(store, house.bureau.organ, house.case, &[task(None)], "2025-08-22");
        let report = remind(&room(store), day("2025-09-16"));
        assert_eq!(brief(&report), [line("lead_3", "handler", 0), line("lead_3", "second", 0)]);
        stands(store, house.bureau.organ, house.case, &[task(Some(other))], "2025-09-17");
        assert_eq!(brief(&remind(&room(store), day("2025-09-18"))), [line("lead_1", "other", 0)]);
    });
}

#[test]
fn supervisors_are_those_of_the_organ_above_it_and_where_it_reports_to_not_beside_it() {
    on_both(|store| {
        let house = house(store);
        let beside = add_bureau(store, "邻市局", Some(house.above)).organ;
        let office = add_bureau(store, "市政府办", None).organ;
        let below = add_bureau(store, "县局", Some(house.bureau.organ)).organ;
        reports_to(store, house.bureau.organ, office);
        for (name, organ) in
            [("s-own", house.bureau.organ), ("s-beside", beside), ("s-office", office), ("s-below", below)]
        {
            person(store, name, Some(&format!("{name}@gov.example")), None, &[(organ, Role::Supervisor)]);
        }
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-22");
        let report = room(store).remind(day("2025-09-22"), None).unwrap();
        let told: Vec<_> = report.queued.iter().map(|line| line.person.trim_end_matches("先生")).collect();
        assert_eq!(told, ["handler", "head", "s-office", "s-own", "watch"]);
    });
}

#[test]
fn a_person_of_several_parts_gets_one_mail_for_the_nearest() {
    on_both(|store| {
        let house = house(store);
        let roles = [Role::Clerk, Role::OfficeHead, Role::Supervisor].map(|role| (house.bureau.organ, role));
        let all = person(store, "all", Some("all@gov.example"), None, &roles);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(all))], "2025-09-22");
        let report = room(store).remind(day("2025-09-22"), None).unwrap();
        assert_eq!(
            brief(&report),
            [line("overdue_1", "all", 0), line("overdue_1", "head", 0), line("overdue_1", "watch", 0)]
        );
    });
}

#[test]
fn inactive_people_and_machines_are_not_written_to() {
    on_both(|store| {
        let house = house(store);
        let set = |column: &str| {
            let sql = format!("UPDATE users SET {column} WHERE username = 'handler'");
            store.write(|db| -> Result<_, StoreError> { Ok(diesel::sql_query(sql).execute(db)?) }).unwrap();
        };
        person(store, "clerk", Some("clerk@gov.example"), None, &[(house.bureau.organ, Role::Clerk)]);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        set("kind = 'machine'");
        assert_eq!(brief(&remind(&room(store), day("2025-09-05"))), [line("lead_10", "clerk", 0)]);
        set("kind = 'person'");
        let inactive = if store.backend() == "sqlite" { "is_active = 0" } else { "is_active = FALSE" };
        set(inactive);
        let report = room(store).remind(day("2025-09-12"), None).unwrap();
        assert_eq!(brief(&report), [line("lead_5", "head", 1), line("lead_5", "clerk", 0)], "the head names another");
        assert_eq!(report.queued[0].because, Because::HandlerLeft("handler先生".into()));
    });
}

#[test]
fn one_bad_address_does_not_stop_the_rest() {
    on_both(|store| {
        let house = house(store);
        let bad =
            person(store, "bad", Some("no address\r\nBcc: x@y.example"), None, &[(house.bureau.organ, Role::Handler)]);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(bad))], "2025-09-19");
        let report = room(store).remind(day("2025-09-19"), None).unwrap();
        assert_eq!(brief(&report), [line("due_today", "head", 0)]);
        assert_eq!(report.unreachable.len(), 1);
        assert_eq!(report.unreachable[0].person.as_deref(), Some("bad先生"));
    });
}

#[test]
fn of_the_applicant_a_mail_says_the_first_character_of_the_name() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-22");
        room(store).remind(day("2025-09-22"), None).unwrap();
        let rows = mails(store);
        assert_eq!(rows.len(), 3);
        for row in rows {
            let text = text_of(store, &row.dedupe_key);
            assert!(text.contains("2025-00017　2025年度道路养护合同"), "{text}");
            assert!(text.contains("申 请 人：李**"), "{text}");
            for secret in ["李某", "11010119900307123X", "13800138000"] {
                assert!(!text.contains(secret) && !row.subject.contains(secret), "{secret}");
            }
        }
    });
}

#[test]
fn a_duty_closed_after_it_was_read_is_not_written_about() {
    on_both(|store| {
        let house = house(store);
        let owner = Some(house.handler);
        let id = stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, owner)], "2025-09-01")[0].id;
        let stands_still =
            |due: &str| store.write(|db| reminders::still_stands(db, id, Some(house.case), day(due))).unwrap();
        assert!(stands_still("2025-09-19"));
        assert!(!stands_still("2025-09-22"));
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", MET, owner)], "2025-09-02");
        assert!(!stands_still("2025-09-19"));
    });
}

#[test]
fn the_days_pass_runs_once_the_hour_has_come_then_only_what_changed_is_looked_at() {
    on_both_databases(|database| {
        let store = database.open();
        let house = house(&store);
        let (organ, owner) = (house.bureau.organ, Some(house.handler));
        stands(&store, organ, house.case, &[reply("2025-09-19", OPEN, owner)], "2025-08-22");
        let room = room(&store);
        let today = day("2025-09-19");
        assert_eq!(room.tick(today, false, None).unwrap(), None, "before the hour");
        assert_eq!(room.tick(today, true, None).unwrap().unwrap().queued.len(), 2);
        assert_eq!(store.read(reminders::pass_done).unwrap(), Some(today));
        // Another instance: the day is done, and what it finds is known.
        let other = super::room(&database.open());
        let report = other.tick(today, true, None).unwrap().unwrap();
        assert_eq!((report.queued.len(), report.known), (0, 2));
        // A duty that comes up during the day is told of without waiting for tomorrow; the others are not read again.
        let began = now();
        let late = numbered_case(&store, &house.bureau, "2025-00099");
        store.write(|db| obligations::replace(db, organ, late, &[reply("2025-09-18", OPEN, owner)], now())).unwrap();
        let report = room.tick(today, false, Some(began)).unwrap().unwrap();
        assert_eq!((report.looked_at, report.queued.len()), (1, 3));
        assert!(report.queued.iter().all(|line| line.rule == ReminderRule::Overdue(1)));
        sent(&store);
        // The clock steps back a day: nothing is sent again and the record stays.
        let report = room.tick(day("2025-09-18"), true, Some(now())).unwrap().unwrap();
        assert_eq!(report, RemindReport::default());
        assert_eq!(store.read(reminders::pass_done).unwrap(), Some(today));
        // The next day.
        assert_eq!(room.tick(day("2025-09-20"), false, Some(now())).unwrap(), None);
        assert_eq!(room.tick(day("2025-09-22"), true, Some(now())).unwrap().unwrap().queued.len(), 6);
    });
}

#[test]
fn more_duties_than_a_page_are_all_told() {
    on_both(|store| {
        let house = house(store);
        let duties: Vec<CurrentDuty> = (0..450)
            .map(|n| CurrentDuty {
                key: format!("department_task:{n}"),
                kind: "department_task".into(),
                ..reply("2025-09-10", OPEN, Some(house.handler))
            })
            .collect();
        stands(store, house.bureau.organ, house.case, &duties, "2025-08-22");
        let report = room(store).remind(day("2025-09-05"), None).unwrap();
        assert_eq!((report.looked_at, report.queued.len()), (450, 450));
        assert_eq!(store.read(rows::counts).unwrap().queued, 450);
    });
}

#[test]
fn the_schedule_stops_when_told_and_has_done_the_day() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        runtime().block_on(async {
            let cancel = tokio_util::sync::CancellationToken::new();
            let running =
                tokio::spawn(run_schedule(room(store), Arc::new(|| at_nine("2025-09-19")), 0, cancel.clone()));
            until("the day's pass is done", || store.read(reminders::pass_done).unwrap().is_some()).await;
            cancel.cancel();
            running.await.unwrap();
        });
        assert_eq!(mails(store).len(), 2);
    });
}

#[test]
fn a_reminder_written_for_an_earlier_day_is_not_handed_out_unless_it_may_have_been_sent() {
    use gongkai::store::mail::outbox::claim_on;
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        room(store).remind(day("2025-09-19"), None).unwrap();
        queue(store, "no reminder", "a@gov.example");
        let taken = |on: &str| {
            let work = |db: &mut gongkai::store::Db| claim_on(db, day(on), "w", 5, std::time::Duration::ZERO);
            store.write(work).unwrap().into_iter().map(|claim| claim.dedupe_key).collect::<Vec<_>>()
        };
        assert_eq!(taken("2025-09-20"), ["no reminder"], "what says 'due today' is not sent the next day");
        assert_eq!(taken("2025-09-19").len(), 3);
        // The sender died with all of them: a receiver may hold them, and the same bytes go out again.
        assert_eq!(taken("2025-09-20").len(), 3);
    });
}

#[test]
fn an_organ_whose_place_cannot_be_read_does_not_keep_others_from_being_reminded() {
    on_both(|store| {
        let house = house(store);
        let other = add_bureau(store, "县局", None);
        let clerk = person(store, "clerk", Some("clerk@gov.example"), None, &[(other.organ, Role::Clerk)]);
        let theirs = numbered_case(store, &other, "2025-00018");
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-18", OPEN, Some(house.handler))], "2025-08-22");
        stands(store, other.organ, theirs, &[reply("2025-09-19", OPEN, Some(clerk))], "2025-08-22");
        let broken = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
            Ok(diesel::sql_query("UPDATE organs SET path = '/broken/' WHERE name = '市局'").execute(db)?)
        };
        assert_eq!(store.write(broken).unwrap(), 1);
        let report = room(store).remind(day("2025-09-22"), None).unwrap();
        assert_eq!(report.unreachable.len(), 1, "{report:?}");
        assert_eq!(brief(&report), [line("overdue_1", "clerk", 5)]);
    });
}
