//! From the outbox to a mail server that misbehaves.

use super::*;
use crate::support::smtp_sink::Fault;
use crate::support::{at_nine, on_both, until};
use gongkai::mail::worker::{self, SendOutcome, deliver_once, deliver_ready, pause};
use gongkai::store::cases::obligations::OPEN;
use gongkai::store::mail::outbox::{MailState, claim, mark_sent};
use mail_parser::MessageParser;
use std::time::Duration;

const NONE: SendOutcome = SendOutcome { sent: 0, retried: 0, parked: 0, handed_back: 0, lost: 0, relay_down: false };

#[test]
fn a_reminder_arrives_byte_for_byte_and_its_chinese_is_read_on_the_other_side() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-16");
        room(store).remind(day("2025-09-16"), None).unwrap();
        let stored: Vec<Vec<u8>> = store
            .read(|db| -> Result<_, StoreError> {
                Ok(outbox_table::table.order(outbox_table::id).select(outbox_table::message).load(db)?)
            })
            .unwrap();
        runtime().block_on(async {
            let sink = Sink::plain().await;
            let outcome = deliver_once(store, &relay(&sink), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { sent: 2, ..NONE });
            let got = sink.mails();
            let ascii = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
            assert_eq!(
                got.iter().map(|mail| ascii(&mail.data)).collect::<Vec<_>>(),
                stored.iter().map(ascii).collect::<Vec<_>>()
            );
            assert_eq!(
                (got[0].from.as_str(), got[0].to.as_slice()),
                ("office@gov.example", ["handler@gov.example".to_owned()].as_slice())
            );
            assert_eq!(got[1].to, ["head@gov.example"]);
            assert_eq!(sink.connections(), 1, "the connection is kept");
            let mail = MessageParser::default().parse(&got[0].data).unwrap();
            assert_eq!(mail.subject(), Some("【依申请公开】2025-00017 答复申请人：还剩3个工作日（期限2025年9月19日）"));
            assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("信息公开办公室"));
            assert!(mail.body_text(0).unwrap().contains("为什么发给您：您是这一事项的承办人员。"));
            assert!(mail.body_html(0).unwrap().contains("<strong style=\"color:#222\">还剩3个工作日</strong>"));
        });
        let row = mails(store).remove(0);
        assert_eq!((row.state, row.attempts, row.suspect), (MailState::Sent, 1, false));
        assert_eq!(row.last_reply.as_deref(), Some("250 2.0.0 queued"));
        assert!(row.sent_at.is_some());
    });
}

#[test]
fn refused_for_now_is_tried_again_refused_for_good_is_parked_and_the_rest_goes_out() {
    on_both(|store| {
        for name in ["later", "never", "fine1", "fine2"] {
            queue(store, name, &format!("{name}@gov.example"));
        }
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.refuse("never@gov.example", "550 5.1.1 no such user");
            sink.fail_next([Fault::Reply("451 4.3.0 try again later")]);
            let relay = relay(&sink);
            let outcome = deliver_once(store, &relay, "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { sent: 2, retried: 1, parked: 1, ..NONE });
            let row = |key: &str| mails(store).into_iter().find(|row| row.dedupe_key == key).unwrap();
            let later = row("later");
            assert_eq!((later.state, later.attempts, later.suspect), (MailState::Queued, 1, false));
            assert!(later.last_reply.unwrap().contains("try again later"));
            let wait = (later.next_attempt_at.0 - now().0).num_seconds();
            assert!((40..=72).contains(&wait), "about a minute: {wait}");
            assert_eq!(row("never").state, MailState::Parked);
            assert!(row("never").last_reply.unwrap().contains("no such user"));
            assert_eq!(deliver_once(store, &relay, "w").await.unwrap(), NONE, "its time has not come");
            hurry(store);
            assert_eq!(deliver_once(store, &relay, "w").await.unwrap(), SendOutcome { sent: 1, ..NONE });
            assert_eq!(row("later").attempts, 2);
            assert_eq!(sink.mails().len(), 3);
        });
    });
}

#[test]
fn a_connection_that_breaks_makes_the_mail_suspect_and_every_copy_is_the_same() {
    on_both(|store| {
        for fault in [Fault::DropBeforeStoring, Fault::DropAfterStoring, Fault::SilenceAfterStoring] {
            let key = format!("{fault:?}");
            let bytes = queue(store, &key, "a@gov.example");
            let copies = runtime().block_on(async {
                let sink = Sink::plain().await;
                sink.fail_next([fault]);
                let settings = settings(sink.port, &[("GONGKAI_SMTP__TIMEOUT_S", "1")]);
                let relay = Relay::from_settings(&settings.smtp).unwrap().unwrap();
                assert_eq!(
                    deliver_once(store, &relay, "w").await.unwrap(),
                    SendOutcome { retried: 1, ..NONE },
                    "{key}"
                );
                let row = mails(store).remove(0);
                assert_eq!((row.state, row.suspect), (MailState::Queued, true), "{key}");
                hurry(store);
                assert_eq!(deliver_once(store, &relay, "w").await.unwrap(), SendOutcome { sent: 1, ..NONE }, "{key}");
                sink.mails()
            });
            assert_eq!(copies.len(), if matches!(fault, Fault::DropBeforeStoring) { 1 } else { 2 }, "{key}");
            assert!(copies.iter().all(|copy| copy.data == bytes), "{key}");
            assert!(mails(store)[0].suspect, "{key}");
        }
    });
}

#[test]
fn the_late_answer_to_one_mail_is_not_taken_for_the_answer_to_the_next() {
    on_both(|store| {
        queue(store, "slow", "a@gov.example");
        queue(store, "refused", "b@gov.example");
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::LateAnswer(1500), Fault::Reply("550 5.7.1 not this one")]);
            let settings = settings(sink.port, &[("GONGKAI_SMTP__TIMEOUT_S", "1")]);
            let relay = Relay::from_settings(&settings.smtp).unwrap().unwrap();
            assert_eq!(deliver_once(store, &relay, "w").await.unwrap(), SendOutcome { retried: 1, parked: 1, ..NONE });
            assert_eq!(sink.connections(), 2);
        });
        let rows: Vec<_> = mails(store).into_iter().map(|row| (row.dedupe_key, row.state, row.suspect)).collect();
        assert_eq!(
            rows,
            [("refused".to_owned(), MailState::Parked, false), ("slow".to_owned(), MailState::Queued, true)]
        );
    });
}

#[test]
fn a_sender_killed_between_sending_and_marking_leaves_a_suspect_row_and_the_same_bytes() {
    on_both(|store| {
        let bytes = queue(store, "k", "a@gov.example");
        queue(store, "other", "b@gov.example");
        runtime().block_on(async {
            let sink = Sink::plain().await;
            let relay = relay(&sink);
            // The sender takes one mail, the server accepts it, and the sender is gone before it can write that down.
            let dead = store.write(|db| claim(db, "dead", 1, Duration::ZERO)).unwrap().remove(0);
            relay.send(&dead.to_address, &dead.message).await.unwrap();
            let outcome = deliver_ready(store, &relay, "alive").await.unwrap();
            assert_eq!(outcome, SendOutcome { sent: 2, ..NONE });
            let copies: Vec<_> = sink.mails().into_iter().filter(|mail| mail.to == ["a@gov.example"]).collect();
            assert_eq!(copies.len(), 2);
            assert!(copies.iter().all(|copy| copy.data == bytes));
            // It was only stopped: what it writes late changes nothing.
            assert!(!store.write(|db| mark_sent(db, &dead, "250 late")).unwrap());
        });
        let suspects: Vec<_> = mails(store).into_iter().map(|row| (row.dedupe_key, row.suspect, row.state)).collect();
        assert_eq!(suspects, [("other".to_owned(), false, MailState::Sent), ("k".to_owned(), true, MailState::Sent)]);
    });
}

#[test]
fn with_the_server_down_mail_stays_queued_and_goes_out_when_it_is_back() {
    on_both(|store| {
        for n in 0..4 {
            queue(store, &format!("k{n}"), "a@gov.example");
        }
        let port = free_port();
        runtime().block_on(async {
            let relay = Relay::from_settings(&settings(port, &[]).smtp).unwrap().unwrap();
            let outcome = deliver_ready(store, &relay, "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { retried: 1, handed_back: 3, relay_down: true, ..NONE });
            let rows = mails(store);
            assert!(rows.iter().all(|row| row.state == MailState::Queued && !row.suspect));
            assert_eq!(rows.iter().map(|row| row.attempts).collect::<Vec<_>>(), [0, 0, 0, 1]);
            let sink = Sink::start(port, crate::support::smtp_sink::Security::Plain, None, None).await;
            hurry(store);
            assert_eq!(deliver_ready(store, &relay, "w").await.unwrap(), SendOutcome { sent: 4, ..NONE });
            assert_eq!(sink.mails().len(), 4);
        });
    });
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_server_that_goes_down_for_maintenance_is_left_alone() {
    on_both(|store| {
        for n in 0..3 {
            queue(store, &format!("k{n}"), "a@gov.example");
        }
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::Reply("421 4.3.2 shutting down")]);
            let outcome = deliver_ready(store, &relay(&sink), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { retried: 1, handed_back: 2, relay_down: true, ..NONE });
        });
    });
}

#[test]
fn a_mail_refused_for_five_days_is_parked() {
    on_both(|store| {
        queue(store, "old", "a@gov.example");
        let since = Ts(now().0 - TimeDelta::days(5));
        let age = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
            Ok(diesel::update(outbox_table::table).set(outbox_table::created_at.eq(since)).execute(db)?)
        };
        store.write(age).unwrap();
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::Reply("451 4.3.0 later")]);
            assert_eq!(deliver_once(store, &relay(&sink), "w").await.unwrap(), SendOutcome { parked: 1, ..NONE });
        });
    });
}

#[test]
fn a_mailbox_that_refused_for_five_days_has_its_mail_parked_though_each_mail_was_replaced_after_a_day() {
    on_both(|store| {
        let refused_days_ago = |days: i64| {
            let key = format!("day-{days}");
            queue(store, &key, "a@gov.example");
            runtime().block_on(async {
                let sink = Sink::plain().await;
                sink.fail_next([Fault::Reply("452 4.2.2 mailbox full")]);
                let outcome = deliver_once(store, &relay(&sink), "w").await.unwrap();
                let at = Ts(now().0 - TimeDelta::days(days));
                let age = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
                    let mine = outbox_table::table.filter(outbox_table::dedupe_key.eq(&key)).select(outbox_table::id);
                    let id: gongkai::store::OutboxId = mine.first(db)?;
                    let answers = gongkai::store::database::schema::mail_answers::table;
                    let theirs = answers.filter(gongkai::store::database::schema::mail_answers::mail_id.eq(id));
                    let at = gongkai::store::database::schema::mail_answers::at.eq(at);
                    diesel::update(theirs).set(at).execute(db)?;
                    Ok(())
                };
                store.write(age).unwrap();
                // The next day's pass.
                store.write(|db| store_outbox::withdraw(db, &key)).unwrap();
                outcome
            })
        };
        for days in [3, 4, 5] {
            assert_eq!(refused_days_ago(days), SendOutcome { retried: 1, ..NONE }, "{days}");
        }
        assert_eq!(refused_days_ago(0), SendOutcome { parked: 1, ..NONE }, "since five days");
        assert_eq!(refused_days_ago(0), SendOutcome { retried: 1, ..NONE }, "from here the days count anew");
    });
}

#[test]
fn pauses_grow_to_half_an_hour_and_differ_between_rows() {
    let retries = Relay::from_settings(&settings(25, &[]).smtp).unwrap().unwrap().pace().retries.clone();
    let rows: Vec<uuid::Uuid> = (0..200).map(|_| uuid::Uuid::now_v7()).collect();
    for (attempt, minutes) in [(1, 1), (2, 2), (3, 5), (4, 15), (5, 30), (6, 30), (1000, 30)] {
        let (low, high) = (minutes * 48, minutes * 72);
        let pauses: Vec<u64> = rows.iter().map(|row| pause(&retries, attempt, *row).as_secs()).collect();
        assert!(pauses.iter().all(|pause| (low..=high).contains(pause)), "attempt {attempt}: {pauses:?}");
        let spread = pauses.iter().max().unwrap() - pauses.iter().min().unwrap();
        assert!(spread > (high - low) / 2, "attempt {attempt}: {spread}");
        assert_eq!(pause(&retries, attempt, rows[0]), pause(&retries, attempt, rows[0]));
    }
}

#[test]
fn the_service_sends_what_is_queued_and_stops_when_told() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        runtime().block_on(async {
            let sink = Sink::plain().await;
            let settings = settings(sink.port, &[("GONGKAI_REMINDERS__HOUR", "0")]);
            let handle = gongkai::office::reminders::start(&room(store), &settings, || at_nine("2025-09-19")).unwrap();
            assert!(handle.is_sending());
            until("both mails arrived", || sink.mails().len() == 2).await;
            handle.stop().await;
        });
        assert!(mails(store).iter().all(|row| row.state == MailState::Sent));
    });
}

#[test]
fn without_a_mail_server_reminders_are_queued_and_stay_so() {
    on_both(|store| {
        let house = house(store);
        stands(store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-08-22");
        runtime().block_on(async {
            let settings = settings(25, &[("GONGKAI_SMTP__HOST", ""), ("GONGKAI_REMINDERS__HOUR", "0")]);
            let handle = gongkai::office::reminders::start(&room(store), &settings, || at_nine("2025-09-19")).unwrap();
            assert!(!handle.is_sending());
            until("both mails are queued", || mails(store).len() == 2).await;
            handle.stop().await;
        });
        assert!(mails(store).iter().all(|row| row.state == MailState::Queued && row.attempts == 0));
    });
}

#[test]
fn two_senders_share_the_work_and_no_mail_goes_out_twice() {
    on_both(|store| {
        for n in 0..60 {
            queue(store, &format!("k{n}"), &format!("p{n}@gov.example"));
        }
        runtime().block_on(async {
            let sink = Sink::plain().await;
            let (one, two) = (relay(&sink), relay(&sink));
            let (a, b) =
                tokio::join!(worker::deliver_ready(store, &one, "one"), worker::deliver_ready(store, &two, "two"));
            assert_eq!(a.unwrap().sent + b.unwrap().sent, 60);
            let mut to: Vec<_> = sink.mails().into_iter().flat_map(|mail| mail.to).collect();
            to.sort();
            to.dedup();
            assert_eq!((sink.mails().len(), to.len()), (60, 60));
        });
        assert!(mails(store).iter().all(|row| !row.suspect));
    });
}
