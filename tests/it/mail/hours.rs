//! What could not be sent in the hours of an organ is not tried again out of them, whatever kind of mail it is.

use super::*;
use crate::support::on_both;
use crate::support::smtp_sink::Fault;
use chrono::NaiveDateTime;
use gongkai::mail::worker::{SendOutcome, deliver_once};
use gongkai::office::reminders::OfficeTime;
use gongkai::store::mail::outbox::MailState;
use gongkai::store::reminders::settings;
use mail_parser::MessageParser;

const NONE: SendOutcome = SendOutcome { sent: 0, retried: 0, parked: 0, handed_back: 0, lost: 0, relay_down: false };
/// Friday half a minute before the window closes: the first pause is longer.
const CLOSING: &str = "2025-09-19T17:59:30";
/// From then to Monday 22 September, eight o'clock.
const TO_MONDAY_S: i64 = 62 * 3600 + 30;

/// The relay of an office whose clock stands at `time`.
fn relay_at(room: &Mailroom, sink: &Sink, time: &str) -> Relay {
    let time: NaiveDateTime = time.parse().unwrap();
    let office_time: OfficeTime = Arc::new(move || time);
    room.relay(&settings(sink.port, &[]), &office_time).unwrap().unwrap()
}

/// Seconds until the mail of that key is tried next.
fn wait(store: &Store, key: &str) -> i64 {
    let row = mails(store).into_iter().find(|row| row.dedupe_key.starts_with(key)).unwrap();
    (row.next_attempt_at.0 - now().0).num_seconds()
}

#[test]
fn what_is_refused_for_now_waits_for_the_next_opening_of_its_organ() {
    on_both(|store| {
        let house = house(store);
        let always = r#"{"window":{"working_days_only":false,"from_hour":0,"until_hour":24}}"#;
        store.write(|db| settings::put(db, house.above, always)).unwrap();
        queue_for(store, Some(house.bureau.organ), "office", "handler@gov.example");
        queue_for(store, Some(house.above), "always", "handler@gov.example");
        queue(store, "house", "handler@gov.example");
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::Reply("451 4.3.0 try again later"); 3]);
            let outcome = deliver_once(store, &relay_at(&room(store), &sink, CLOSING), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { retried: 3, ..NONE });
        });
        for key in ["office", "house"] {
            assert!((TO_MONDAY_S - 60..=TO_MONDAY_S).contains(&wait(store, key)), "{key}: {} s", wait(store, key));
        }
        assert!((40..=72).contains(&wait(store, "always")), "{} s", wait(store, "always"));
    });
}

#[test]
fn what_a_receiver_may_already_hold_does_not_wait_for_the_window() {
    on_both(|store| {
        let house = house(store);
        queue_for(store, Some(house.bureau.organ), "broken", "handler@gov.example");
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::DropAfterStoring]);
            let outcome = deliver_once(store, &relay_at(&room(store), &sink, CLOSING), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { retried: 1, ..NONE });
        });
        assert!((40..=72).contains(&wait(store, "broken")), "{} s", wait(store, "broken"));
        hurry(store);
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::Reply("451 4.3.0 try again later")]);
            let outcome = deliver_once(store, &relay_at(&room(store), &sink, CLOSING), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { retried: 1, ..NONE });
        });
        assert!((90..=150).contains(&wait(store, "broken")), "the second pause: {} s", wait(store, "broken"));
    });
}

#[test]
fn administrators_are_told_of_a_given_up_mail_in_the_hours_and_words_of_the_office() {
    on_both(|store| {
        let house = house(store);
        person(store, "admin", Some("admin@gov.example"), None, &[(house.bureau.organ, Role::Admin)]);
        let own = tempfile::tempdir().unwrap();
        std::fs::write(own.path().join("parked.txt"), "{{ person }}，{{ address }}退信，{{ at }}\n").unwrap();
        let mut settings = settings(25, &[]);
        settings.reminders.templates = own.path().to_owned();
        let room = room_of(store, settings);
        assert!(room.broken_templates().is_empty(), "{:?}", room.broken_templates());
        queue_for(store, Some(house.bureau.organ), "bounced", "handler@gov.example");
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.refuse("handler@gov.example", "550 5.1.1 no such user");
            let evening = relay_at(&room, &sink, "2025-09-19T19:00:00");
            assert_eq!(deliver_once(store, &evening, "w").await.unwrap(), SendOutcome { parked: 1, ..NONE });
            assert_eq!(deliver_once(store, &evening, "w").await.unwrap(), NONE, "the alarm waits for Monday");
            let to_monday = 61 * 3600;
            assert!((to_monday - 60..=to_monday).contains(&wait(store, "parked/")), "{} s", wait(store, "parked/"));
            hurry(store);
            assert_eq!(deliver_once(store, &evening, "w").await.unwrap(), SendOutcome { sent: 1, ..NONE });
            let got = sink.mails().pop().unwrap();
            let text = MessageParser::default().parse(&got.data).unwrap().body_text(0).unwrap().into_owned();
            assert!(text.starts_with("admin先生，handler@gov.example退信，"), "{text}");
        });
        let bounced = mails(store).into_iter().find(|row| row.dedupe_key == "bounced").unwrap();
        assert_eq!(bounced.state, MailState::Parked);
    });
}
