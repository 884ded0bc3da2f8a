//! Protected connections: STARTTLS with an account, implicit TLS, and what is refused.

use super::*;
use crate::support::smtp_sink::{Security, authority};
use crate::support::{TestDatabase, on_both};
use gongkai::mail::smtp::Failure;
use gongkai::mail::worker::{SendOutcome, deliver_once};

/// base64 of NUL office NUL 秘密.
const OFFICE: &str = "AG9mZmljZQDnp5jlr4Y=";
const MESSAGE: &[u8] = b"Subject: x\r\n\r\nx\r\n";

fn relay_with(sink: &Sink, more: &[(&str, &str)]) -> Relay {
    Relay::from_settings(&settings(sink.port, more).smtp).unwrap().unwrap()
}

#[test]
fn starttls_with_an_account_and_a_chinese_password() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca) = authority(dir.path());
    runtime().block_on(async {
        let sink = Sink::start(0, Security::Starttls, Some(acceptor), Some(OFFICE)).await;
        let settings = [
            ("GONGKAI_SMTP__TLS", "starttls"),
            ("GONGKAI_SMTP__CA_FILE", ca.to_str().unwrap()),
            ("GONGKAI_SMTP__USERNAME", "office"),
            ("GONGKAI_SMTP__PASSWORD", "秘密"),
        ];
        assert_eq!(relay_with(&sink, &settings).send("a@gov.example", MESSAGE).await.unwrap(), "250 2.0.0 queued");
        let mail = sink.mails().remove(0);
        assert!(mail.tls && mail.authenticated);
        assert_eq!(mail.data, MESSAGE);
    });
}

#[test]
fn implicit_tls() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca) = authority(dir.path());
    runtime().block_on(async {
        let sink = Sink::start(0, Security::Implicit, Some(acceptor), None).await;
        let settings = [("GONGKAI_SMTP__TLS", "implicit"), ("GONGKAI_SMTP__CA_FILE", ca.to_str().unwrap())];
        relay_with(&sink, &settings).send("a@gov.example", MESSAGE).await.unwrap();
        assert!(sink.mails()[0].tls);
    });
}

#[test]
fn a_certificate_of_nobody_we_know_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, _) = authority(dir.path());
    runtime().block_on(async {
        for (security, tls) in [(Security::Starttls, "starttls"), (Security::Implicit, "implicit")] {
            let sink = Sink::start(0, security, Some(acceptor.clone()), None).await;
            let failure =
                relay_with(&sink, &[("GONGKAI_SMTP__TLS", tls)]).send("a@gov.example", MESSAGE).await.unwrap_err();
            assert!(matches!(failure, Failure::NoRelay(_)), "{tls}: {failure:?}");
            assert_eq!(sink.mails(), []);
        }
    });
}

#[test]
fn a_server_that_offers_no_starttls_gets_no_mail_in_the_clear() {
    runtime().block_on(async {
        let sink = Sink::plain().await;
        let failure =
            relay_with(&sink, &[("GONGKAI_SMTP__TLS", "starttls")]).send("a@gov.example", MESSAGE).await.unwrap_err();
        assert!(matches!(failure, Failure::NoRelay(_)), "{failure:?}");
        assert_eq!(sink.mails(), []);
    });
}

#[test]
fn a_wrong_password_pauses_the_relay_and_is_tried_once_not_once_a_mail() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca) = authority(dir.path());
    for database in TestDatabase::both() {
        let store = database.open();
        for n in 0..5 {
            queue(&store, &format!("k{n}"), "a@gov.example");
        }
        runtime().block_on(async {
            let sink = Sink::start(0, Security::Starttls, Some(acceptor.clone()), Some(OFFICE)).await;
            let settings = [
                ("GONGKAI_SMTP__TLS", "starttls"),
                ("GONGKAI_SMTP__CA_FILE", ca.to_str().unwrap()),
                ("GONGKAI_SMTP__USERNAME", "office"),
                ("GONGKAI_SMTP__PASSWORD", "wrong"),
            ];
            let outcome = deliver_once(&store, &relay_with(&sink, &settings), "w").await.unwrap();
            let expected = SendOutcome { retried: 1, handed_back: 4, relay_down: true, ..SendOutcome::default() };
            assert_eq!(outcome, expected, "{}", database.name);
            assert_eq!(sink.connections(), 1);
            let said = mails(&store).into_iter().find_map(|row| row.last_reply).unwrap();
            assert!(said.contains("拒绝了账号或者口令") && said.ends_with("535 5.7.8"), "{said}");
        });
    }
}

#[test]
fn an_unusable_setting_is_named() {
    let mut sender = settings(25, &[]);
    sender.smtp.from = "nobody".to_owned();
    assert!(Relay::from_settings(&sender.smtp).unwrap_err().to_string().contains("smtp.from"));
    let ca = settings(25, &[("GONGKAI_SMTP__TLS", "starttls"), ("GONGKAI_SMTP__CA_FILE", "/nonexistent.pem")]);
    assert!(Relay::from_settings(&ca.smtp).unwrap_err().to_string().contains("smtp.ca_file"));
}

#[test]
fn a_server_that_repeats_the_password_does_not_bring_it_into_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca) = authority(dir.path());
    let forms = |password: &str| {
        use base64::Engine;
        let plain = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
        [password.to_owned(), plain(password.to_owned()), plain(format!("\0office\0{password}"))]
    };
    on_both(|store| {
        queue(store, "k", "a@gov.example");
        let account = |password| {
            [
                ("GONGKAI_SMTP__TLS", "starttls"),
                ("GONGKAI_SMTP__CA_FILE", ca.to_str().unwrap()),
                ("GONGKAI_SMTP__USERNAME", "office"),
                ("GONGKAI_SMTP__PASSWORD", password),
            ]
        };
        runtime().block_on(async {
            let sink = Sink::start(0, Security::Starttls, Some(acceptor.clone()), Some(OFFICE)).await;
            let wrong = relay_with(&sink, &account("hunter2-hunter2"));
            let refused = wrong.send("a@gov.example", MESSAGE).await.unwrap_err();
            let Failure::NoRelay(reply) = &refused else { panic!("{refused:?}") };
            assert!(reply.ends_with("535 5.7.8"), "the codes stay: {reply}");
            assert!(deliver_once(store, &wrong, "w").await.unwrap().relay_down);
            // The right account, and a server that quotes the login in its answer to a recipient.
            sink.refuse(
                "b@gov.example",
                "550 5.7.1 AUTH PLAIN AG9mZmljZQDnp5jlr4Y= (秘密) may not write to this mailbox",
            );
            let right = relay_with(&sink, &account("秘密"));
            let refused = right.send("b@gov.example", MESSAGE).await.unwrap_err();
            assert!(matches!(&refused, Failure::Never(reply) if reply.contains("may not write to this mailbox")));
            assert!(!refused.to_string().contains("秘密") && !refused.to_string().contains(OFFICE), "{refused}");
        });
        let kept: Vec<String> = mails(store).into_iter().filter_map(|row| row.last_reply).collect();
        assert_eq!(kept.len(), 1);
        let circuit = store.read(gongkai::store::mail::outbox::relay_circuit).unwrap();
        let kept = format!("{kept:?} {circuit:?}");
        assert!(
            kept.contains("535 5.7.8") && forms("hunter2-hunter2").iter().all(|form| !kept.contains(form)),
            "{kept}"
        );
    });
}
