//! Scenes: what an office gets to read when the service was down, when a period moves, when people are away, and how its
//! own settings change that. The mails are snapshots, read by a person.

mod r4;
mod settled;

use super::*;
use crate::support::bureau::{Bureau as Desk, CaseAt};
use crate::support::{TestDatabase, on_both_databases};
use gongkai::office::reminders::Queued;
use gongkai::store::database::schema::obligations as duties;
use mail_parser::MessageParser;
use serde_json::json;
use std::fmt::Write;

/// Whatever was written after that day was written on it.
fn entered(store: &Store, on: NaiveDate) {
    let at = noon(&on.to_string());
    let fresh = duties::table.filter(duties::updated_at.gt(at));
    let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        Ok(diesel::update(fresh).set(duties::updated_at.eq(at)).execute(db)?)
    };
    store.write(work).unwrap();
}

/// A bureau at work on a registered case of 2024-03-01, due on 2024-03-29, with the mails it gets.
struct Scene<'a> {
    desk: &'a Desk,
    room: Mailroom,
    told: String,
}

impl<'a> Scene<'a> {
    fn new(desk: &'a Desk) -> Self {
        Self { desk, room: desk.service.office.reminders().mailroom().unwrap(), told: String::new() }
    }

    fn store(&self) -> &Store {
        self.room.store()
    }

    /// The service runs on these days; each queued mail is a line.
    fn days(&mut self, from: &str, to: &str) {
        for today in days(from, to) {
            self.pass(today);
        }
    }

    fn pass(&mut self, today: NaiveDate) -> Vec<Queued> {
        self.desk.on(&today.to_string());
        let report = remind(&self.room, today);
        for line in &report.queued {
            let missed = if line.missed.is_empty() { String::new() } else { format!(" 补{}次", line.missed.len()) };
            let told = (line.duty, line.due_on, line.rule.code(), line.standing.label());
            writeln!(self.told, "{today} {} → {} 期限{} {} {}{missed}", line.person, told.0, told.1, told.2, told.3)
                .unwrap();
        }
        report.queued
    }

    /// The latest `count` mails in full, as they are read.
    fn full(&mut self, count: usize) {
        let mut rows: Vec<MailView> = mails(self.store()).into_iter().take(count).collect();
        rows.reverse();
        for row in rows {
            let text = text_of(self.store(), &row.dedupe_key);
            write!(self.told, "\n=== {}\n=== {}\n{text}\n", row.to_address, row.subject).unwrap();
        }
    }
}

/// The text of a mail.
pub(super) fn text_of(store: &Store, key: &str) -> String {
    let bytes: Vec<u8> = store
        .read(|db| -> Result<_, StoreError> {
            Ok(outbox_table::table.filter(outbox_table::dedupe_key.eq(key)).select(outbox_table::message).first(db)?)
        })
        .unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    parsed.body_text(0).unwrap().replace("\r\n", "\n")
}

/// The same on both databases, and as the snapshot says.
fn snapshot(name: &str, play: impl Fn(&TestDatabase) -> String) {
    let [first, second] = TestDatabase::both().map(|database| play(&database));
    assert_eq!(first, second, "the databases differ");
    insta::assert_snapshot!(name, first);
}

#[test]
fn three_days_down_over_the_last_day_give_one_mail_a_person_that_says_so() {
    snapshot("three_days_down", |database| {
        let desk = Desk::open(database, "2024-03-01");
        desk.registered("2024-03-01");
        let mut scene = Scene::new(&desk);
        entered(scene.store(), day("2024-03-01"));
        scene.days("2024-03-01", "2024-03-27");
        writeln!(scene.told, "（3月28日至30日服务停止；3月29日到期）").unwrap();
        let queued = scene.pass(day("2024-04-01")).len();
        scene.full(queued);
        scene.told
    });
}

#[test]
fn an_extension_on_the_last_day_re_arms_every_step_for_the_new_date() {
    snapshot("extended_on_the_last_day", |database| {
        let desk = Desk::open(database, "2024-03-01");
        let mut case = desk.registered("2024-03-01");
        let mut scene = Scene::new(&desk);
        entered(scene.store(), day("2024-03-01"));
        scene.days("2024-03-28", "2024-03-29");
        let head = desk.head.clone();
        let on = "2024-03-29";
        case.command(
            &head,
            "extensions",
            json!({ "days": 10, "reason": "情况复杂", "approved_on": on, "notified_on": on }),
        );
        entered(scene.store(), day(on));
        writeln!(scene.told, "（3月29日延长10个工作日）").unwrap();
        scene.pass(day(on));
        scene.days("2024-03-30", "2024-04-16");
        answer(&mut case);
        writeln!(scene.told, "（4月16日答复）").unwrap();
        scene.days("2024-04-17", "2024-04-20");
        scene.told
    });
}

/// The reply is decided, sent and served on 2024-04-16.
fn answer(case: &mut CaseAt<'_>) {
    let on = "2024-04-16";
    case.clerk("items", json!({ "on": on, "items": [{ "text": "征收批复" }] }));
    case.clerk(
        "outcome",
        json!({
            "on": on, "outcome": "disclosed.provided", "reasons": "依法可以公开",
            "items": [{ "item": 1, "outcome": "disclosed.provided" }]
        }),
    );
    case.approve(on);
    case.clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政", "tracking_number": "EX1" }));
}

#[test]
fn a_consultation_opened_on_the_day_of_a_reminder_withdraws_the_waiting_mail_and_silences_the_reply() {
    snapshot("consulted_on_the_day_of_a_reminder", |database| {
        let desk = Desk::open(database, "2024-03-01");
        let mut case = desk.registered("2024-03-01");
        let mut scene = Scene::new(&desk);
        entered(scene.store(), day("2024-03-01"));
        scene.days("2024-03-15", "2024-03-21");
        // The mail of the 22nd waits in the queue when the third party is asked.
        desk.on("2024-03-22");
        let waiting = scene.room.remind(day("2024-03-22"), None).unwrap();
        writeln!(scene.told, "2024-03-22 排入{}封，尚未发出", waiting.queued.len()).unwrap();
        let asked = json!({
            "kind": "third_party", "party": "某公司", "subject": "协议文本", "sent_on": "2024-03-22",
            "served_on": "2024-03-25", "applicant_told_on": "2024-03-22"
        });
        desk.on("2024-03-25");
        case.clerk("consultations", asked);
        entered(scene.store(), day("2024-03-22"));
        let withdrawn = scene.room.withdraw_outdated(day("2024-03-22")).unwrap().0;
        writeln!(scene.told, "（3月22日发出第三方征求意见书）撤回{withdrawn}封").unwrap();
        scene.days("2024-03-22", "2024-04-09");
        let back = json!({ "consultation": 1, "on": "2024-04-10", "opinion": "consents" });
        desk.on("2024-04-10");
        case.clerk("consultation-returns", back);
        entered(scene.store(), day("2024-04-10"));
        writeln!(scene.told, "（4月10日收到意见）").unwrap();
        scene.days("2024-04-10", "2024-04-18");
        let queued = scene.pass(day("2024-04-19")).len();
        scene.full(queued.min(1));
        scene.told
    });
}

#[test]
fn a_preview_sees_a_period_that_runs_again_by_itself() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2024-03-01");
        let mut case = desk.registered("2024-03-01");
        desk.on("2024-03-04");
        let third = json!({ "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2024-03-04",
            "served_on": "2024-03-04" });
        case.clerk("consultations", third);
        let mut scene = Scene::new(&desk);
        entered(scene.store(), day("2024-03-04"));
        // Silence until 25 March; nineteen working days are left from the 26th on: due on 22 April.
        scene.days("2024-03-04", "2024-03-21");
        desk.on("2024-04-08");
        let seen = scene.room.preview(day("2024-04-08")).unwrap();
        let told: Vec<_> = seen.queued.iter().map(|line| (line.duty, line.due_on.to_string())).collect();
        assert_eq!(told, [("答复申请人", "2024-04-22".to_owned())], "and the opinion is waited for no more: {seen:?}");
        let done = scene.room.remind(day("2024-04-08"), None).unwrap();
        assert_eq!((seen.queued, seen.withdrawn), (done.queued, done.withdrawn));
    });
}

#[test]
fn a_preview_says_what_a_pass_would_do_and_changes_nothing() {
    on_both_databases(|database| {
        let desk = Desk::open(database, "2024-03-01");
        desk.registered("2024-03-01");
        let mut scene = Scene::new(&desk);
        entered(scene.store(), day("2024-03-01"));
        scene.days("2024-03-01", "2024-03-21");
        let before = mails(scene.store());
        let seen = scene.room.preview(day("2024-03-29")).unwrap();
        assert_eq!(seen, scene.room.preview(day("2024-03-29")).unwrap());
        assert_eq!(mails(scene.store()), before, "nothing is queued");
        assert_eq!(seen.queued.len(), 3, "{seen:?}");
        assert_eq!(seen, scene.room.remind(day("2024-03-29"), None).unwrap());
    });
}
