//! The outbox: once for ever, leases by the database's clock, the fence.

use super::*;
use crate::support::{on_both, on_both_databases};
use gongkai::store::mail::outbox::{
    MailCounts, MailState, Unsent, answers, claim, counts, enqueue, figures, hand_back, list, mark_sent, park, release,
    renew, retry, settled, take_bytes, withdraw,
};
use std::collections::HashSet;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_key_is_queued_once_whatever_became_of_it() {
    on_both(|store| {
        queue(store, "k", "a@gov.example");
        let again = |body: &str| NewMail {
            dedupe_key: "k".into(),
            organ_id: None,
            case_id: None,
            recipient_id: None,
            to_address: "b@gov.example".into(),
            subject: "other".into(),
            message_id: "<other>".into(),
            message: body.as_bytes().to_vec(),
            not_before: None,
            not_after: None,
        };
        assert!(!store.write(|db| enqueue(db, &again("x"))).unwrap());
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap();
        assert!(store.write(|db| mark_sent(db, &held[0], "250 ok")).unwrap());
        assert!(!store.write(|db| enqueue(db, &again("y"))).unwrap());
        let rows = mails(store);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].to_address.as_str(), rows[0].state), ("a@gov.example", MailState::Sent));
    });
}

/// A mail with that key, not to be sent before `not_before`.
fn timed(key: &str, not_before: Option<Ts>) -> NewMail {
    NewMail {
        dedupe_key: key.into(),
        organ_id: None,
        case_id: None,
        recipient_id: None,
        to_address: "a@gov.example".into(),
        subject: key.into(),
        message_id: format!("<{key}>"),
        message: key.as_bytes().to_vec(),
        not_before,
        not_after: None,
    }
}

#[test]
fn a_mail_whose_window_has_closed_stays_back_unless_a_receiver_may_hold_it() {
    on_both(|store| {
        let claimed = || {
            let rows = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap();
            let mut keys: Vec<String> = rows.iter().map(|claim| claim.dedupe_key.clone()).collect();
            keys.sort();
            (keys, rows)
        };
        let open = Some(Ts(now().0 + TimeDelta::hours(1)));
        for key in ["refused", "broken"] {
            let mail = NewMail { not_after: open, ..timed(key, None) };
            assert!(store.write(|db| enqueue(db, &mail)).unwrap());
        }
        let (keys, rows) = claimed();
        assert_eq!(keys, ["broken", "refused"], "the window is open");
        for row in &rows {
            let what = if row.dedupe_key == "broken" { Unsent::Broken } else { Unsent::Later };
            assert!(store.write(|db| retry(db, row, "451 later", Duration::ZERO, what)).unwrap());
        }
        close_windows(store);
        let (keys, rows) = claimed();
        assert_eq!(keys, ["broken"], "what may be in a mailbox is sent again, byte for byte; the rest is not");
        assert!(store.write(|db| mark_sent(db, &rows[0], "250 ok")).unwrap());
        // A person wants it sent all the same.
        hurry(store);
        assert_eq!(claimed().0, Vec::<String>::new());
        let refused = store.read(|db| list(db, &MailFilter::default(), None, 5)).unwrap();
        let id = refused.iter().find(|mail| mail.dedupe_key == "refused").unwrap().id;
        park_by_hand(store, "refused");
        assert!(store.write(|db| release(db, id)).unwrap());
        assert_eq!(claimed().0, ["refused"]);
    });
}

#[test]
fn a_mail_waits_for_its_window_and_not_for_one_that_is_over() {
    on_both(|store| {
        let at = |seconds| Some(Ts(now().0 + TimeDelta::seconds(seconds)));
        for (key, not_before) in [("tonight", at(3600)), ("this-morning", at(-3600)), ("now", None)] {
            assert!(store.write(|db| enqueue(db, &timed(key, not_before))).unwrap());
        }
        let mut claimed: Vec<_> = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap();
        claimed.sort_by(|a, b| a.message.cmp(&b.message));
        let claimed: Vec<_> = claimed.iter().map(|claim| String::from_utf8_lossy(&claim.message)).collect();
        assert_eq!(claimed, ["now", "this-morning"]);
        hurry(store);
        assert_eq!(store.write(|db| claim(db, "w", 5, MINUTE)).unwrap()[0].message, b"tonight");
    });
}

#[test]
fn a_mail_nobody_can_have_is_withdrawn_and_its_key_is_free_again() {
    on_both(|store| {
        for key in ["waits", "held", "suspect"] {
            queue(store, key, "a@gov.example");
        }
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap();
        for claim in &held {
            let key = String::from_utf8_lossy(&claim.message).into_owned();
            if !key.contains("<held@") {
                let what = if key.contains("<suspect@") { Unsent::Broken } else { Unsent::Later };
                assert!(store.write(|db| retry(db, claim, "451", Duration::ZERO, what)).unwrap());
            }
        }
        let withdrawn = ["waits", "held", "suspect", "unknown"].map(|key| store.write(|db| withdraw(db, key)).unwrap());
        assert_eq!(withdrawn, [true, false, false, false]);
        assert_eq!(
            store.read(counts).unwrap(),
            MailCounts { queued: 1, sending: 1, cancelled: 1, ..MailCounts::default() }
        );
        assert!(store.write(|db| enqueue(db, &timed("waits", None))).unwrap(), "the key is free");
        assert!(!store.write(|db| enqueue(db, &timed("held", None))).unwrap());
        hurry(store);
        let claimed = store.write(|db| claim(db, "w2", 5, MINUTE)).unwrap();
        assert!(claimed.iter().all(|claim| claim.message == b"waits" || claim.suspect), "a withdrawn mail is not sent");
    });
}

#[test]
fn senders_that_ask_at_once_get_different_rows() {
    on_both_databases(|database| {
        let store = database.open();
        for n in 0..40 {
            queue(&store, &format!("k{n}"), "a@gov.example");
        }
        let claimed: Vec<_> = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8)
                .map(|n| {
                    scope.spawn(move || {
                        let store = database.open();
                        store.write(|db| claim(db, &format!("w{n}"), 5, MINUTE)).unwrap()
                    })
                })
                .collect();
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
        });
        let different: HashSet<_> = claimed.iter().map(|claim| claim.id).collect();
        assert_eq!((claimed.len(), different.len()), (40, 40));
        assert!(claimed.iter().all(|claim| claim.attempts == 1 && !claim.suspect));
        assert_eq!(store.read(counts).unwrap(), MailCounts { sending: 40, ..MailCounts::default() });
    });
}

#[test]
fn a_lease_that_ran_out_goes_to_another_and_the_first_writes_nothing_more() {
    on_both(|store| {
        queue(store, "k", "a@gov.example");
        let first = store.write(|db| claim(db, "first", 5, Duration::ZERO)).unwrap().remove(0);
        assert!(!store.write(|db| renew(db, &first, MINUTE)).unwrap(), "the lease has ended");
        let second = store.write(|db| claim(db, "second", 5, MINUTE)).unwrap().remove(0);
        assert_eq!((second.attempts, second.suspect), (2, true));
        assert_eq!(second.message, first.message);
        assert!(!store.write(|db| renew(db, &first, MINUTE)).unwrap());
        assert!(!store.write(|db| mark_sent(db, &first, "250 ok")).unwrap());
        assert!(!store.write(|db| retry(db, &first, "451", MINUTE, Unsent::Later)).unwrap());
        assert!(!store.write(|db| park(db, &first, "550")).unwrap());
        assert!(!store.write(|db| hand_back(db, &first)).unwrap());
        assert_eq!(mails(store)[0].state, MailState::Sending);
        assert!(store.write(|db| renew(db, &second, MINUTE)).unwrap());
        assert!(store.write(|db| mark_sent(db, &second, "250 ok")).unwrap());
        assert!(mails(store)[0].suspect, "a sent mail keeps the mark");
        let said: Vec<_> = store.read(|db| answers(db, second.id)).unwrap();
        let said: Vec<_> = said.iter().map(|one| (one.attempt, one.outcome.as_str(), one.reply.as_str())).collect();
        assert_eq!(said, [(2, "sent", "250 ok")], "who lost the lease leaves no answer either");
    });
}

#[test]
fn the_same_owner_does_not_pass_the_fence_of_its_earlier_attempt() {
    on_both(|store| {
        queue(store, "k", "a@gov.example");
        let first = store.write(|db| claim(db, "w", 5, Duration::ZERO)).unwrap().remove(0);
        let second = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap().remove(0);
        assert!(!store.write(|db| mark_sent(db, &first, "250 ok")).unwrap());
        assert!(store.write(|db| mark_sent(db, &second, "250 ok")).unwrap());
    });
}

#[test]
fn a_retry_waits_its_pause_and_a_parked_mail_waits_for_a_person() {
    on_both(|store| {
        let bytes = queue(store, "k", "a@gov.example");
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap().remove(0);
        assert!(store.write(|db| retry(db, &held, "451 4.3.0\r\nlater", MINUTE, Unsent::Later)).unwrap());
        assert_eq!(store.write(|db| claim(db, "w", 5, MINUTE)).unwrap(), []);
        let row = mails(store).remove(0);
        assert_eq!((row.state, row.attempts, row.suspect), (MailState::Queued, 1, false));
        assert_eq!(row.last_reply.as_deref(), Some("451 4.3.0  later"));
        hurry(store);
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap().remove(0);
        assert_eq!((held.attempts, held.suspect), (2, false), "a retry is no dead sender");
        assert!(store.write(|db| park(db, &held, "550 no such user")).unwrap());
        hurry(store);
        assert_eq!(store.write(|db| claim(db, "w", 5, MINUTE)).unwrap(), []);
        assert!(store.write(|db| release(db, held.id)).unwrap());
        assert!(!store.write(|db| release(db, held.id)).unwrap(), "it is not parked any more");
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap().remove(0);
        assert_eq!((held.attempts, &held.message), (1, &bytes));
        assert!(held.age < TimeDelta::seconds(5), "the days until it is given up count from its release");
        let said: Vec<_> = store.read(|db| answers(db, held.id)).unwrap();
        let said: Vec<_> = said.iter().map(|one| (one.attempt, one.outcome.as_str())).collect();
        assert_eq!(said, [(2, "parked"), (1, "retry")], "the latest first");
    });
}

#[test]
fn a_row_handed_back_has_not_been_tried() {
    on_both(|store| {
        queue(store, "k", "a@gov.example");
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap().remove(0);
        assert!(store.write(|db| hand_back(db, &held)).unwrap());
        let held = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap().remove(0);
        assert_eq!((held.attempts, held.suspect), (1, false));
    });
}

#[test]
fn the_list_is_paged_and_filtered_by_state() {
    on_both(|store| {
        for n in 0..5 {
            queue(store, &format!("k{n}"), "a@gov.example");
        }
        let held = store.write(|db| claim(db, "w", 2, MINUTE)).unwrap();
        store.write(|db| mark_sent(db, &held[0], "250 ok")).unwrap();
        store.write(|db| park(db, &held[1], "550")).unwrap();
        let of = |state| -> Vec<String> {
            let filter = MailFilter { state, ..MailFilter::default() };
            let rows = store.read(|db| list(db, &filter, None, 10)).unwrap();
            rows.into_iter().map(|row| row.dedupe_key).collect()
        };
        assert_eq!(of(Some(MailState::Queued)), ["k4", "k3", "k2"]);
        assert_eq!(of(Some(MailState::Sent)), ["k0"]);
        assert_eq!(of(Some(MailState::Parked)), ["k1"]);
        assert_eq!(of(None), ["k4", "k3", "k2", "k1", "k0"]);
        let first = store.read(|db| list(db, &MailFilter::default(), None, 2)).unwrap();
        let next = store.read(|db| list(db, &MailFilter::default(), Some(first[1].id), 2)).unwrap();
        assert_eq!(next.iter().map(|row| row.dedupe_key.as_str()).collect::<Vec<_>>(), ["k2", "k1"]);
        let expected = MailCounts { queued: 3, sent: 1, parked: 1, sending: 0, cancelled: 0 };
        assert_eq!(store.read(counts).unwrap(), expected);
    });
}

#[test]
fn the_oldest_mail_is_the_one_that_could_have_gone_out_longest_ago() {
    on_both(|store| {
        assert_eq!(store.read(figures).unwrap(), gongkai::store::mail::outbox::OutboxFigures::default());
        for key in ["old", "held", "sent"] {
            queue(store, key, "a@gov.example");
        }
        let set = |key: &str, hours: i64, next: i64| {
            let row = outbox_table::table.filter(outbox_table::dedupe_key.eq(key.to_owned()));
            let at = |hours: i64| Ts(now().0 + TimeDelta::hours(hours));
            let set = (outbox_table::created_at.eq(at(-hours)), outbox_table::next_attempt_at.eq(at(next)));
            let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
                Ok(diesel::update(row).set(set).execute(db)?)
            };
            assert_eq!(store.write(work).unwrap(), 1);
        };
        set("sent", 9, -9);
        let first = store.write(|db| claim(db, "w", 1, MINUTE)).unwrap().remove(0);
        store.write(|db| mark_sent(db, &first, "250 ok")).unwrap();
        set("old", 2, 0);
        // Kept back for the office's hours: it does not wait for the relay.
        set("held", 5, 3);
        let found = store.read(figures).unwrap();
        let hours = found.oldest.as_secs_f64() / 3600.0;
        assert!((1.99..2.01).contains(&hours), "{hours}");
        assert_eq!((found.queued, found.sending, found.parked), (2, 0, 0));
        assert_eq!(store.read(settled).unwrap(), MailCounts { sent: 1, ..MailCounts::default() });
    });
}

#[test]
fn the_bytes_of_an_old_mail_go_and_its_row_digest_and_answers_stay() {
    on_both(|store| {
        for key in ["old", "new", "withdrawn", "parked", "waiting"] {
            queue(store, key, "a@gov.example");
        }
        let mut held = store.write(|db| claim(db, "w", 3, MINUTE)).unwrap();
        held.sort_by(|a, b| a.dedupe_key.cmp(&b.dedupe_key));
        let keys: Vec<&str> = held.iter().map(|claim| claim.dedupe_key.as_str()).collect();
        assert_eq!(keys, ["new", "old", "withdrawn"]);
        for claim in &held[..2] {
            assert!(store.write(|db| mark_sent(db, claim, "250 ok")).unwrap());
        }
        assert!(store.write(|db| hand_back(db, &held[2])).unwrap());
        assert!(store.write(|db| withdraw(db, "withdrawn")).unwrap());
        let parked = store.write(|db| claim(db, "w", 5, MINUTE)).unwrap();
        let parked = parked.iter().find(|claim| claim.dedupe_key == "parked").unwrap();
        assert!(store.write(|db| park(db, parked, "550")).unwrap());
        let before = mails(store);
        // All but one were queued long ago; of those sent only one was sent long ago.
        let long_ago = Ts(now().0 - TimeDelta::days(401));
        let set = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            let all = diesel::update(outbox_table::table);
            all.set(outbox_table::created_at.eq(long_ago)).execute(db)?;
            let old = diesel::update(outbox_table::table.filter(outbox_table::dedupe_key.eq("old")));
            old.set(outbox_table::sent_at.eq(Some(long_ago))).execute(db)?;
            Ok(())
        };
        store.write(set).unwrap();
        let take = || store.write(|db| take_bytes(db, TimeDelta::days(400), 1)).unwrap();
        assert_eq!([take(), take(), take()], [1, 1, 0], "one at a time");
        let rows: Vec<(String, Vec<u8>, Option<String>)> = store
            .read(|db| -> Result<_, StoreError> {
                let columns = (outbox_table::dedupe_key, outbox_table::message, outbox_table::message_sha256);
                Ok(outbox_table::table.select(columns).load(db)?)
            })
            .unwrap();
        for (key, message, digest) in rows {
            let is_old = key == "old" || key.starts_with("withdrawn");
            assert_eq!((message.is_empty(), digest.is_some()), (is_old, is_old), "{key}");
            if let Some(digest) = digest {
                let name = key.split('/').next().unwrap();
                let bytes = &held.iter().find(|claim| claim.dedupe_key == name).unwrap().message;
                let of_bytes = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
                assert_eq!(digest, hex::encode(of_bytes.as_ref()));
            }
        }
        let after = mails(store);
        let shown = |rows: &[MailView]| -> Vec<_> {
            rows.iter().map(|row| (row.id, row.dedupe_key.clone(), row.state, row.last_reply.clone())).collect()
        };
        assert_eq!(shown(&after), shown(&before), "what is shown of a mail does not change");
        let old = after.iter().find(|row| row.dedupe_key == "old").unwrap();
        assert_eq!(store.read(|db| answers(db, old.id)).unwrap().len(), 1);
        assert_eq!(store.read(settled).unwrap(), MailCounts { sent: 2, cancelled: 1, ..MailCounts::default() });
    });
}

#[test]
fn the_office_keeps_the_bytes_for_as_many_days_as_it_is_told_and_for_ever_with_none() {
    on_both(|store| {
        for key in ["old", "new"] {
            queue(store, key, "a@gov.example");
        }
        for claim in store.write(|db| claim(db, "w", 2, MINUTE)).unwrap() {
            assert!(store.write(|db| mark_sent(db, &claim, "250 ok")).unwrap());
        }
        let age = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            let sent_at = outbox_table::sent_at.eq(Some(Ts(now().0 - TimeDelta::days(31))));
            diesel::update(outbox_table::table.filter(outbox_table::dedupe_key.eq("old"))).set(sent_at).execute(db)?;
            Ok(())
        };
        store.write(age).unwrap();
        for (days, emptied, left) in [("0", 0, 2), ("32", 0, 2), ("30", 1, 1), ("30", 0, 1)] {
            let settings = settings(25, &[("GONGKAI_SMTP__KEEP_SENT_DAYS", days)]);
            let office = Office::with_store(store.clone(), settings, Clock::system()).unwrap();
            assert_eq!(office.mail().put_mail_away().unwrap(), emptied, "{days} days");
            let whole = outbox_table::table.filter(outbox_table::message_sha256.is_null()).count();
            let whole: i64 = store.read(|db| -> Result<i64, StoreError> { Ok(whole.get_result(db)?) }).unwrap();
            assert_eq!(whole, left, "{days} days");
        }
    });
}

#[test]
fn a_mail_in_an_unknown_state_keeps_its_bytes_and_bytes_that_are_gone_get_no_other_digest() {
    on_both(|store| {
        for key in ["of a newer release", "emptied before"] {
            queue(store, key, "a@gov.example");
        }
        for claim in store.write(|db| claim(db, "w", 2, MINUTE)).unwrap() {
            assert!(store.write(|db| mark_sent(db, &claim, "250 ok")).unwrap());
        }
        let of = |key: &'static str| outbox_table::table.filter(outbox_table::dedupe_key.eq(key));
        let prepare = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            let sent_at = outbox_table::sent_at.eq(Some(Ts(now().0 - TimeDelta::days(31))));
            diesel::update(outbox_table::table).set(sent_at).execute(db)?;
            diesel::update(of("of a newer release")).set(outbox_table::state.eq("held")).execute(db)?;
            diesel::update(of("emptied before")).set(outbox_table::message.eq(Vec::<u8>::new())).execute(db)?;
            Ok(())
        };
        store.write(prepare).unwrap();
        assert_eq!(store.write(|db| take_bytes(db, TimeDelta::days(30), 10)).unwrap(), 0);
        let digests = |db: &mut gongkai::store::Db| -> Result<i64, StoreError> {
            Ok(outbox_table::table.filter(outbox_table::message_sha256.is_not_null()).count().get_result(db)?)
        };
        assert_eq!(store.read(digests).unwrap(), 0);
    });
}
