//! Protected connections: STARTTLS with an account, implicit TLS, and what is refused.

use super::*;
use crate::smtp_sink::{Security, authority};
use crate::support::TestDatabase;
use gongkai::mail::smtp::Failure;
use gongkai::mail::worker::{Outcome, deliver_once};

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
            let expected = Outcome { retried: 1, handed_back: 4, relay_down: true, ..Outcome::default() };
            assert_eq!(outcome, expected, "{}", database.name);
            assert_eq!(sink.connections(), 1);
            let said = mails(&store).into_iter().find_map(|row| row.last_reply).unwrap();
            assert!(said.contains("wrong account or password") && !said.contains("秘密"), "{said}");
        });
    }
}

#[test]
fn an_unusable_setting_is_named() {
    let sender = settings(25, &[("GONGKAI_SMTP__FROM", "nobody")]);
    assert!(Relay::from_settings(&sender.smtp).unwrap_err().to_string().contains("smtp.from"));
    let ca = settings(25, &[("GONGKAI_SMTP__TLS", "starttls"), ("GONGKAI_SMTP__CA_FILE", "/nonexistent.pem")]);
    assert!(Relay::from_settings(&ca.smtp).unwrap_err().to_string().contains("smtp.ca_file"));
}
