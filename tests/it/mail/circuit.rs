//! A relay that cannot be used is tried by one, now and then; a relay that can is not flooded.

use super::*;
use crate::support::on_both;
use crate::support::smtp_sink::Fault;
use gongkai::mail::worker::{SendOutcome, deliver_once, deliver_ready};
use gongkai::store::mail::outbox::{MailState, relay_circuit};
use std::time::{Duration, Instant};

const NONE: SendOutcome = SendOutcome { sent: 0, retried: 0, parked: 0, handed_back: 0, lost: 0, relay_down: false };

fn relay_with(port: u16, more: &[(&str, &str)]) -> Relay {
    Relay::from_settings(&settings(port, more).smtp).unwrap().unwrap()
}

#[test]
fn while_the_relay_cannot_be_used_nobody_claims_and_then_one_mail_tries_it_for_all() {
    on_both(|store| {
        for n in 0..6 {
            queue(store, &format!("k{n}"), "a@gov.example");
        }
        runtime().block_on(async {
            let sink = Sink::plain().await;
            let pause = [("GONGKAI_SMTP__RELAY_PAUSE_S", "1")];
            let (one, two) = (relay_with(sink.port, &pause), relay_with(sink.port, &pause));
            sink.fail_next([Fault::Reply("421 4.3.2 shutting down")]);
            let down = SendOutcome { relay_down: true, ..NONE };
            let first = deliver_ready(store, &one, "one").await.unwrap();
            assert_eq!(first, SendOutcome { retried: 1, handed_back: 4, ..down });
            assert_eq!(deliver_once(store, &two, "two").await.unwrap(), down, "the other instance knows");
            assert_eq!(deliver_once(store, &one, "one").await.unwrap(), down);
            assert_eq!(sink.connections(), 1);
            let circuit = store.read(relay_circuit).unwrap().unwrap();
            assert!(circuit.reason.contains("shutting down"), "{circuit:?}");
            assert!(mails(store).iter().all(|row| row.state == MailState::Queued && row.attempts < 2));
            // Still down when it is tried again: one try, one mail, and since when is kept.
            sink.fail_next([Fault::Reply("421 4.3.2 shutting down")]);
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let (a, b) = tokio::join!(deliver_once(store, &one, "one"), deliver_once(store, &two, "two"));
            let mut both = a.unwrap();
            both.add(b.unwrap());
            assert_eq!(both, SendOutcome { retried: 1, ..down });
            assert_eq!(store.read(relay_circuit).unwrap().unwrap().since, circuit.since);
            // Back: the probe goes through, and then all the rest without another pause.
            tokio::time::sleep(Duration::from_millis(1100)).await;
            assert_eq!(deliver_ready(store, &two, "two").await.unwrap(), SendOutcome { sent: 4, ..NONE });
            assert_eq!(store.read(relay_circuit).unwrap(), None);
        });
    });
}

#[test]
fn a_probe_that_finds_nothing_to_send_leaves_the_next_try_to_others() {
    on_both(|store| {
        store.write(|db| store_outbox::open_circuit(db, "down", Duration::ZERO)).unwrap();
        runtime().block_on(async {
            let sink = Sink::plain().await;
            assert_eq!(deliver_once(store, &relay(&sink), "w").await.unwrap(), NONE);
            queue(store, "k", "a@gov.example");
            assert_eq!(deliver_once(store, &relay(&sink), "w").await.unwrap(), SendOutcome { sent: 1, ..NONE });
        });
    });
}

#[test]
fn a_mail_refused_for_its_own_sake_shows_that_the_relay_works() {
    on_both(|store| {
        queue(store, "k", "never@gov.example");
        store.write(|db| store_outbox::open_circuit(db, "down", Duration::ZERO)).unwrap();
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.refuse("never@gov.example", "550 5.1.1 no such user");
            assert_eq!(deliver_once(store, &relay(&sink), "w").await.unwrap(), SendOutcome { parked: 1, ..NONE });
        });
        assert_eq!(store.read(relay_circuit).unwrap(), None);
    });
}

#[test]
fn three_deliveries_in_a_row_that_break_off_are_the_relays_fault() {
    on_both(|store| {
        for n in 0..5 {
            queue(store, &format!("k{n}"), "a@gov.example");
        }
        runtime().block_on(async {
            let sink = Sink::plain().await;
            sink.fail_next([Fault::DropBeforeStoring; 3]);
            let outcome = deliver_once(store, &relay(&sink), "w").await.unwrap();
            assert_eq!(outcome, SendOutcome { retried: 3, handed_back: 2, relay_down: true, ..NONE });
        });
        let suspect = mails(store).iter().filter(|row| row.suspect).count();
        assert_eq!(suspect, 3, "the two that were not tried are beyond suspicion");
    });
}

#[test]
fn no_more_mails_go_out_than_the_limit_says() {
    on_both(|store| {
        for n in 0..25 {
            queue(store, &format!("k{n}"), "a@gov.example");
        }
        runtime().block_on(async {
            let sink = Sink::plain().await;
            // Ten a second: ten at once, then one every 100 ms.
            let relay = relay_with(sink.port, &[("GONGKAI_SMTP__MAILS_PER_MINUTE", "600")]);
            let began = Instant::now();
            assert_eq!(deliver_ready(store, &relay, "w").await.unwrap().sent, 25);
            assert!(began.elapsed() >= Duration::from_millis(1400), "{:?}", began.elapsed());
            assert_eq!(sink.connections(), 1, "the connection is kept");
        });
        assert!(mails(store).iter().all(|row| row.attempts == 1 && !row.suspect), "no lease ran out over the waiting");
    });
}
