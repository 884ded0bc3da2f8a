//! A mail that is given up is told to the administrators: once a mailbox and day, and never for ever.

use super::*;
use crate::support::on_both;
use crate::support::smtp_sink::Fault;
use gongkai::mail::worker::{SendOutcome, deliver_ready};
use gongkai::store::mail::outbox::MailState;
use mail_parser::MessageParser;

const NONE: SendOutcome = SendOutcome { sent: 0, retried: 0, parked: 0, handed_back: 0, lost: 0, relay_down: false };
const REFUSED: &str = "550 5.1.1 <handler@gov.example> no such user";

/// A house whose bureau has an administrator of its own, below one of the organ above.
fn administered(store: &Store) -> House {
    let house = house(store);
    person(store, "chief", Some("chief@gov.example"), None, &[(house.above, Role::Admin)]);
    person(store, "admin", Some("admin@gov.example"), None, &[(house.bureau.organ, Role::Admin)]);
    house
}

/// Sends everything; what is refused is refused for good.
fn deliver(store: &Store, refused: &[&str]) -> (SendOutcome, Vec<crate::support::smtp_sink::Received>) {
    runtime().block_on(async {
        let sink = Sink::plain().await;
        for address in refused {
            sink.refuse(address, REFUSED);
        }
        (deliver_ready(store, &relay(&sink), "w").await.unwrap(), sink.mails())
    })
}

#[test]
fn the_nearest_administrator_is_told_once_a_mailbox_and_day() {
    on_both(|store| {
        let house = administered(store);
        let organ = Some(house.bureau.organ);
        for key in ["one", "two"] {
            queue_for(store, organ, key, "handler@gov.example");
        }
        queue_for(store, organ, "three", "head@gov.example");
        let (outcome, got) = deliver(store, &["handler@gov.example"]);
        assert_eq!(outcome, SendOutcome { sent: 2, parked: 2, ..NONE });
        let to: Vec<_> = got.iter().map(|mail| mail.to[0].as_str()).collect();
        assert_eq!(to, ["head@gov.example", "admin@gov.example"], "one mail for two, and not to the organ above");
        let mail = MessageParser::default().parse(&got[1].data).unwrap();
        assert_eq!(mail.subject(), Some("【依申请公开】有邮件发送不出，收件人收不到期限提醒"));
        let text = mail.body_text(0).unwrap();
        for part in [
            "admin先生：",
            "收件地址：handler@gov.example",
            "邮件主题：one",
            "服务器答复：permanent error (550)",
            "no such user",
            "/release",
            "为什么发给您：您是本机关或者其上级机关的系统管理员。",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains(&mails(store).iter().find(|row| row.dedupe_key == "one").unwrap().id.0.to_string()));
        // The next of the same mailbox and day is parked without another word.
        queue_for(store, organ, "four", "handler@gov.example");
        assert_eq!(deliver(store, &["handler@gov.example"]).0, SendOutcome { parked: 1, ..NONE });
        // Another mailbox is another matter.
        queue_for(store, organ, "five", "head@gov.example");
        assert_eq!(deliver(store, &["head@gov.example"]).0, SendOutcome { sent: 1, parked: 1, ..NONE });
    });
}

#[test]
fn an_administrator_whose_own_mailbox_is_dead_makes_no_mail_for_ever() {
    on_both(|store| {
        let house = administered(store);
        person(store, "second", Some("second@gov.example"), None, &[(house.bureau.organ, Role::Admin)]);
        queue_for(store, Some(house.bureau.organ), "own", "Admin@gov.example");
        let dead = ["Admin@gov.example", "admin@gov.example", "second@gov.example"];
        let (outcome, got) = deliver(store, &dead);
        // Told is only the other administrator; that mail is refused as well, and nothing is said about it.
        assert_eq!((outcome, got), (SendOutcome { parked: 2, ..NONE }, Vec::new()));
        let to: Vec<_> = mails(store).into_iter().map(|row| (row.to_address, row.state)).collect();
        let parked = |to: &str| (to.to_owned(), MailState::Parked);
        assert_eq!(to, [parked("second@gov.example"), parked("Admin@gov.example")]);
    });
}

#[test]
fn where_the_organ_has_no_administrator_the_one_above_is_told_and_where_nobody_is_parking_goes_on() {
    on_both(|store| {
        let house = house(store);
        queue_for(store, Some(house.bureau.organ), "nobody", "x@gov.example");
        assert_eq!(deliver(store, &["x@gov.example"]), (SendOutcome { parked: 1, ..NONE }, Vec::new()));
        person(store, "chief", Some("chief@gov.example"), None, &[(house.above, Role::Admin)]);
        person(store, "mute", None, None, &[(house.bureau.organ, Role::Admin)]);
        queue_for(store, Some(house.bureau.organ), "above", "y@gov.example");
        queue(store, "of no organ", "z@gov.example");
        let (outcome, got) = deliver(store, &["y@gov.example", "z@gov.example"]);
        assert_eq!(outcome, SendOutcome { sent: 2, parked: 2, ..NONE });
        assert!(got.iter().all(|mail| mail.to == ["chief@gov.example"]));
    });
}

#[test]
fn a_mail_given_up_after_five_days_is_told_as_well() {
    on_both(|store| {
        let house = administered(store);
        queue_for(store, Some(house.bureau.organ), "old", "handler@gov.example");
        let since = Ts(now().0 - TimeDelta::days(5));
        let age = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
            Ok(diesel::update(outbox_table::table).set(outbox_table::created_at.eq(since)).execute(db)?)
        };
        store.write(age).unwrap();
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::Reply("451 4.3.0 later")]);
            let outcome = deliver_ready(store, &relay(&sink), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { sent: 1, parked: 1, ..NONE });
            assert_eq!(sink.mails()[0].to, ["admin@gov.example"]);
        });
    });
}
