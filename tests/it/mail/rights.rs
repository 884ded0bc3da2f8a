//! Who may have a mail about an organ: a deputy who belongs to it, a handler who still does.

use super::*;
use crate::support::{on_both, on_both_databases};
use gongkai::case::reminder_policy::Audience;
use gongkai::mail::because::Because;
use gongkai::mail::worker::{SendOutcome, deliver_once};
use gongkai::store::cases::obligations::OPEN;
use gongkai::store::database::schema::reminder_steps;
use gongkai::store::mail::outbox::MailState;
use gongkai::store::reminders::preferences::{self, PreferenceRow};
use gongkai::store::{
    Db,
    mail::outbox,
    people::users as store_users,
    reminders::{self, recipients},
};

fn give(store: &Store, user: UserId, organ: OrganId, role: Role) {
    let row = (user_roles::user_id.eq(user), user_roles::organ_id.eq(organ), user_roles::role.eq(role.code()));
    let work = |db: &mut Db| -> Result<usize, StoreError> {
        Ok(diesel::insert_into(user_roles::table).values(row).execute(db)?)
    };
    store.write(work).unwrap();
}

/// Takes the roles and nothing else, as if the mail had been queued a moment later.
fn take(db: &mut Db, user: UserId, organ: OrganId) -> Result<usize, StoreError> {
    let held = user_roles::table.filter(user_roles::user_id.eq(user)).filter(user_roles::organ_id.eq(organ));
    Ok(diesel::delete(held).execute(db)?)
}

fn away(store: &Store, user: UserId, deputy: UserId) {
    let row = PreferenceRow {
        absent_from: Some(day("2025-09-01")),
        absent_until: Some(day("2025-09-30")),
        deputy_id: Some(deputy),
        ..PreferenceRow::usual(user)
    };
    store.write(|db| preferences::put(db, &row)).unwrap();
}

/// How many mails of the report go to each mailbox.
fn by_mailbox(report: &RemindReport) -> Vec<(String, usize)> {
    let mut found = std::collections::BTreeMap::new();
    for line in &report.queued {
        *found.entry(line.to.replace("@gov.example", "")).or_insert(0) += 1;
    }
    found.into_iter().collect()
}

fn count(mailbox: &str, mails: usize) -> (String, usize) {
    (mailbox.to_owned(), mails)
}

#[test]
fn a_deputy_stands_in_only_for_duties_of_an_organ_the_deputy_belongs_to() {
    on_both(|store| {
        let city = house(store);
        let east = add_bureau(store, "东区", Some(city.above));
        give(store, city.handler, east.organ, Role::Handler);
        let deputy = person(store, "deputy", Some("deputy@gov.example"), None, &[(east.organ, Role::Handler)]);
        let owned = || [reply("2025-09-19", OPEN, Some(city.handler))];
        for n in 0..14 {
            let case = numbered_case(store, &city.bureau, &format!("2025-1{n:04}"));
            stands(store, city.bureau.organ, case, &owned(), "2025-09-08");
        }
        let case = numbered_case(store, &east, "2025-20000");
        stands(store, east.organ, case, &owned(), "2025-09-08");
        away(store, city.handler, deputy);
        let room = room(store);
        let report = remind(&room, day("2025-09-12"));
        assert_eq!(
            by_mailbox(&report),
            [count("deputy", 1), count("handler", 14), count("head", 14)],
            "of the city's cases none goes to the deputy, who is of the east"
        );
        let elsewhere = Because::DeputyElsewhere(Audience::Handler);
        let told = report.queued.iter().filter(|line| line.because == elsewhere);
        assert_eq!(told.count(), 14);
        assert_eq!(
            elsewhere.text(),
            "您是承办人员。您已登记离岗，但指定的代理人在本机关没有角色，不能代收本机关的提醒，因此仍发给您。"
        );
        // From the moment the deputy is of the city too.
        give(store, deputy, city.bureau.organ, Role::Clerk);
        let report = remind(&room, day("2025-09-16"));
        assert_eq!(by_mailbox(&report), [count("deputy", 15), count("head", 14)]);
        // A role that watches from above counts; filing at the counter does not.
        store.write(|db| take(db, deputy, city.bureau.organ)).unwrap();
        give(store, deputy, city.bureau.organ, Role::Intake);
        let report = remind(&room, day("2025-09-18"));
        assert_eq!(by_mailbox(&report), [count("deputy", 1), count("handler", 14), count("head", 14)]);
        give(store, deputy, city.above, Role::Supervisor);
        let report = remind(&room, day("2025-09-19"));
        assert_eq!(by_mailbox(&report), [count("deputy", 15), count("head", 14)]);
    });
}

#[test]
fn a_deputy_of_a_head_stands_in_under_the_same_rule() {
    on_both(|store| {
        let house = house(store);
        let east = add_bureau(store, "东区", Some(house.above));
        let deputy = person(store, "deputy", Some("deputy@gov.example"), None, &[(east.organ, Role::OfficeHead)]);
        let head = store.read(|db| recipients::with_role(db, house.bureau.organ, Role::OfficeHead)).unwrap()[0].user_id;
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-08");
        away(store, head, deputy);
        let report = remind(&room(store), day("2025-09-19"));
        assert_eq!(by_mailbox(&report), [count("handler", 1), count("head", 1)]);
        assert_eq!(report.queued[1].because, Because::DeputyElsewhere(Audience::OfficeHead));
    });
}

#[test]
fn a_handler_who_left_the_organ_hears_no_more_and_the_office_head_hears_who_left() {
    on_both(|store| {
        let house = house(store);
        let west = add_bureau(store, "西区", Some(house.above));
        let organ = house.bureau.organ;
        stands(store, organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-08");
        give(store, house.handler, west.organ, Role::Handler);
        store.write(|db| take(db, house.handler, organ)).unwrap();
        let room = room(store);
        let report = remind(&room, day("2025-09-12"));
        assert_eq!(by_mailbox(&report), [count("head", 1)]);
        let left = Because::HandlerLeft("handler先生".into());
        assert_eq!(report.queued[0].because, left);
        assert_eq!(
            left.text(),
            "案件所列承办人员handler先生在本机关已没有角色，或者账号已停用，请另行指定承办人员；在此之前，提醒发给您。"
        );
        // Those who have the work of a case without a handler have it now too.
        person(store, "clerk", Some("clerk@gov.example"), None, &[(organ, Role::Clerk)]);
        assert_eq!(by_mailbox(&remind(&room, day("2025-09-16"))), [count("clerk", 1), count("head", 1)]);
    });
}

#[test]
fn a_mail_that_a_sender_already_holds_is_not_sent_to_a_person_who_has_left() {
    on_both(|store| {
        let house = house(store);
        let organ = house.bureau.organ;
        let duty =
            &stands(store, organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-16")[0];
        room(store).remind(day("2025-09-16"), None).unwrap();
        assert_eq!(mails(store).len(), 2);
        store.write(|db| take(db, house.handler, organ)).unwrap();
        runtime().block_on(async {
            let sink = Sink::plain().await;
            let outcome = deliver_once(store, &relay(&sink), "w").await.unwrap();
            assert_eq!((outcome.sent, outcome.lost), (1, 1), "{outcome:?}");
            assert_eq!(sink.mails().iter().map(|mail| mail.to[0].as_str()).collect::<Vec<_>>(), ["head@gov.example"]);
            assert_eq!(
                deliver_once(store, &relay(&sink), "w").await.unwrap(),
                SendOutcome::default(),
                "and never again"
            );
        });
        let states: Vec<MailState> = mails(store).into_iter().map(|mail| mail.state).collect();
        assert!(states.contains(&MailState::Cancelled) && states.contains(&MailState::Sent), "{states:?}");
        let steps: i64 = store
            .read(|db| -> Result<i64, StoreError> {
                let said = reminder_steps::table.filter(reminder_steps::obligation_id.eq(duty.id));
                Ok(said.count().get_result(db)?)
            })
            .unwrap();
        assert_eq!(steps, 1, "what was not said is owed again");
    });
}

#[test]
fn roles_that_are_taken_while_a_mail_is_queued_find_that_mail() {
    on_both_databases(|database| {
        let (pass, office) = (database.open(), database.open());
        let house = house(&pass);
        let organ = house.bureau.organ;
        let mail = NewMail {
            dedupe_key: "k".into(),
            organ_id: Some(organ),
            case_id: Some(house.case),
            recipient_id: Some(house.handler),
            to_address: "handler@gov.example".into(),
            subject: "k".into(),
            message_id: "<k@gov.example>".into(),
            message: b"Subject: k\r\n\r\nk\r\n".to_vec(),
            not_before: None,
            not_after: None,
        };
        let (asked, was_asked) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let write = |db: &mut Db| -> Result<bool, StoreError> {
                    assert!(recipients::still_hears_of(db, house.handler, organ)?);
                    asked.send(()).unwrap();
                    std::thread::sleep(std::time::Duration::from_millis(400));
                    outbox::enqueue(db, &mail)
                };
                assert!(pass.write(write).unwrap());
            });
            was_asked.recv().unwrap();
            let found = office.write(|db| -> Result<_, StoreError> {
                store_users::touch(db, house.handler, 1)?;
                take(db, house.handler, organ)?;
                reminders::waiting_for(db, house.handler)
            });
            assert_eq!(found.unwrap(), [("k".to_owned(), Some(organ))]);
        });
        let after = office.write(|db| recipients::still_hears_of(db, house.handler, organ));
        assert!(!after.unwrap());
    });
}
