//! Recipe R6: each fault of a mail server, and exactly what becomes of the mail, of the relay, and who is told.

use super::*;
use crate::support::service::Service;
use crate::support::smtp_sink::{Fault, Security, authority};
use crate::support::{TestDatabase, at_nine, on_both_databases, until};
use gongkai::mail::worker::deliver_once;
use gongkai::store::mail::outbox::{MailState, relay_circuit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// base64 of NUL office NUL right.
const OFFICE: &str = "AG9mZmljZQByaWdodA==";

/// What a mail looks like after an attempt, beside the relay and the administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct After {
    state: MailState,
    /// Seconds until the next attempt, a fifth more or less; none: there is no next.
    next_s: Option<i64>,
    suspect: bool,
    /// The relay is left alone: `gongkai_mail_relay_down` is 1.
    relay_down: bool,
    /// Mails to the administrator.
    alarms: usize,
}

const LATER: After = After { state: MailState::Queued, next_s: Some(60), suspect: false, relay_down: false, alarms: 0 };
const SENT: After = After { state: MailState::Sent, next_s: None, ..LATER };
const PARKED: After = After { state: MailState::Parked, next_s: None, alarms: 1, ..LATER };
const NO_RELAY: After = After { relay_down: true, ..LATER };
const BROKEN: After = After { suspect: true, ..LATER };

/// A database with a house that has an administrator, and one mail to its handler.
struct Bench<'a> {
    store: &'a Store,
    organ: OrganId,
}

impl Bench<'_> {
    /// Everything away but one new mail.
    fn fresh(&self) {
        use gongkai::store::database::schema::mail_answers;
        let clear = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            store_outbox::close_circuit(db)?;
            diesel::delete(mail_answers::table).execute(db)?;
            diesel::delete(outbox_table::table).execute(db)?;
            Ok(())
        };
        self.store.write(clear).unwrap();
        queue_for(self.store, Some(self.organ), "m", "handler@gov.example");
    }

    /// One attempt.
    async fn attempt(&self, relay: &Relay) {
        deliver_once(self.store, relay, "w").await.unwrap();
    }

    fn found(&self, key: &str) -> After {
        let rows = mails(self.store);
        let row = rows.iter().find(|row| row.dedupe_key == key).unwrap();
        let wait = (row.next_attempt_at.0 - now().0).num_seconds();
        let is_near = |base: &i64| (base * 4 / 5 - 3..=base * 6 / 5).contains(&wait);
        let next_s = (row.state == MailState::Queued)
            .then(|| [60, 120, 300].into_iter().find(is_near).unwrap_or_else(|| panic!("next in {wait} s")));
        let relay_down = self.store.read(relay_circuit).unwrap().is_some();
        let alarms = rows.iter().filter(|row| row.to_address == "admin@gov.example").count();
        After { state: row.state, next_s, suspect: row.suspect, relay_down, alarms }
    }
}

/// A server that says what it is told, a byte every so often, and then nothing.
async fn strange_server(greeting: &'static [u8], between: Duration) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                for byte in greeting {
                    if stream.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(between).await;
                }
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            });
        }
    });
    port
}

fn impatient(port: u16, more: &[(&str, &str)]) -> Relay {
    let more = [&[("GONGKAI_SMTP__TIMEOUT_S", "1")], more].concat();
    Relay::from_settings(&settings(port, &more).smtp).unwrap().unwrap()
}

fn on_a_bench(test: impl AsyncFn(&Bench<'_>)) {
    on_both_databases(|database: &TestDatabase| {
        let store = database.open();
        let house = house(&store);
        person(&store, "admin", Some("admin@gov.example"), None, &[(house.bureau.organ, Role::Admin)]);
        let bench = Bench { store: &store, organ: house.bureau.organ };
        bench.fresh();
        runtime().block_on(test(&bench));
    });
}

#[test]
fn what_a_server_answers_decides_what_becomes_of_the_mail() {
    on_a_bench(async |bench| {
        let table = [
            (Fault::Reply("421 4.3.2 closing"), NO_RELAY),
            (Fault::Reply("450 4.2.1 mailbox busy"), LATER),
            (Fault::Reply("550 5.7.1 not this one"), PARKED),
            (Fault::Reply("552 5.2.2 mailbox full"), PARKED),
            (Fault::DropBeforeStoring, BROKEN),
            (Fault::DropAfterStoring, BROKEN),
            // The twenty seconds of a tarpit, shortened with the time-out.
            (Fault::SilenceAfterStoring, BROKEN),
        ];
        for (fault, expected) in table {
            bench.fresh();
            let sink = Sink::plain().await;
            sink.fail_next([fault]);
            bench.attempt(&impatient(sink.port, &[])).await;
            assert_eq!(bench.found("m"), expected, "{fault:?}");
        }
    });
}

#[test]
fn refused_three_times_for_now_then_taken() {
    on_a_bench(async |bench| {
        let sink = Sink::plain().await;
        sink.fail_next([Fault::Reply("450 4.2.1 mailbox busy"); 3]);
        let relay = impatient(sink.port, &[]);
        for next_s in [60, 120, 300] {
            bench.attempt(&relay).await;
            assert_eq!(bench.found("m"), After { next_s: Some(next_s), ..LATER });
            hurry(bench.store);
        }
        bench.attempt(&relay).await;
        assert_eq!(bench.found("m"), SENT);
    });
}

#[test]
fn one_of_three_recipients_unknown_stops_only_that_one() {
    on_a_bench(async |bench| {
        for name in ["head", "watch"] {
            queue_for(bench.store, Some(bench.organ), name, &format!("{name}@gov.example"));
        }
        let sink = Sink::plain().await;
        sink.refuse("handler@gov.example", "550 5.1.1 no such user");
        bench.attempt(&impatient(sink.port, &[])).await;
        assert_eq!(bench.found("m"), PARKED);
        for name in ["head", "watch"] {
            assert_eq!(bench.found(name), After { alarms: 1, ..SENT }, "{name}");
        }
    });
}

#[test]
fn a_relay_that_cannot_be_used_keeps_the_mail_and_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca) = authority(dir.path());
    on_a_bench(async |bench| {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let silent = strange_server(b"", Duration::ZERO).await;
        let crawling = strange_server(b"220 one byte a second\r\n", Duration::from_secs(1)).await;
        let plain = Sink::plain().await;
        let unknown = Sink::start(0, Security::Implicit, Some(acceptor.clone()), None).await;
        let relays = [
            ("refuses the connection", impatient(nobody, &[])),
            ("says nothing", impatient(silent, &[])),
            ("a byte a second", impatient(crawling, &[])),
            ("no STARTTLS", impatient(plain.port, &[("GONGKAI_SMTP__TLS", "starttls")])),
            ("a certificate of nobody", impatient(unknown.port, &[("GONGKAI_SMTP__TLS", "implicit")])),
        ];
        for (what, relay) in relays {
            bench.fresh();
            let began = Instant::now();
            bench.attempt(&relay).await;
            assert!(began.elapsed() < Duration::from_secs(3), "{what}: {:?}", began.elapsed());
            assert_eq!(bench.found("m"), NO_RELAY, "{what}");
        }
        // A wrong password: one try for all mails, and none before the pause is over.
        bench.fresh();
        let sink = Sink::start(0, Security::Starttls, Some(acceptor.clone()), Some(OFFICE)).await;
        let account = [
            ("GONGKAI_SMTP__TLS", "starttls"),
            ("GONGKAI_SMTP__CA_FILE", ca.to_str().unwrap()),
            ("GONGKAI_SMTP__USERNAME", "office"),
            ("GONGKAI_SMTP__PASSWORD", "wrong"),
        ];
        let relay = impatient(sink.port, &account);
        for n in 0..9 {
            queue_for(bench.store, Some(bench.organ), &format!("k{n}"), "head@gov.example");
        }
        for _ in 0..5 {
            bench.attempt(&relay).await;
        }
        assert_eq!(bench.found("m"), NO_RELAY, "535");
        assert_eq!(sink.connections(), 1, "535: one try, not one a mail");
    });
}

/// Milliseconds within which 99 of 100 answers came.
fn p99_ms(service: &Service, token: &str) -> f64 {
    let mut took: Vec<f64> = (0..200)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(service.get("/api/v1/cases", token).status, 200);
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took[took.len() * 99 / 100]
}

#[test]
fn a_mail_server_that_hangs_delays_no_request() {
    on_both_databases(|database| {
        let service = Service::start(database, day("2025-09-19"));
        let organ = service.organ("zrzy", None);
        let token = service.user_token("jingban", organ, &[Role::Clerk]);
        let store = database.open();
        for n in 0..50 {
            queue_for(&store, Some(organ), &format!("k{n}"), "handler@gov.example");
        }
        let free = p99_ms(&service, &token);
        let is_over = AtomicBool::new(false);
        let send = || {
            runtime().block_on(async {
                let silent = strange_server(b"220 ready\r\n", Duration::ZERO).await;
                let hasty = [
                    ("GONGKAI_SMTP__TIMEOUT_S", "1"),
                    ("GONGKAI_SMTP__RETRY_S", "1"),
                    ("GONGKAI_SMTP__RELAY_PAUSE_S", "1"),
                    ("GONGKAI_REMINDERS__ENABLED", "false"),
                ];
                let mail = gongkai::office::reminders::start(&room(&store), &settings(silent, &hasty), || {
                    at_nine("2025-09-19")
                });
                until("the requests are measured", || is_over.load(Ordering::Relaxed)).await;
                mail.unwrap().stop().await;
            });
        };
        let hung = std::thread::scope(|scope| {
            let sending = scope.spawn(send);
            // Until the sender hangs for the first time.
            std::thread::sleep(Duration::from_millis(300));
            let hung = p99_ms(&service, &token);
            is_over.store(true, Ordering::Relaxed);
            sending.join().unwrap();
            hung
        });
        eprintln!("{}: p99 of GET /cases {free:.1} ms, with a hung mail server {hung:.1} ms", database.name);
        assert!(hung <= free * 2.0 + 50.0, "{free:.1} ms, with a hung mail server {hung:.1} ms");
        let rows = mails(&store);
        assert!(rows.iter().all(|row| row.state != MailState::Sent) && rows.iter().any(|row| row.attempts > 0));
    });
}
