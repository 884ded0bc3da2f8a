//! Integration tests: reminders and their mails, on both databases and against a real mail server.

mod alarm;
mod circuit;
mod command;
mod delivery;
mod faults;
mod hours;
mod killing;
mod last_days;
mod outbox;
mod passes;
mod rights;
mod scenes;
mod schedulers;
mod tls;
mod unreadable;

use crate::support::smtp_sink::Sink;
use crate::support::{Bureau, add_bureau, add_case, day};
use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::config::Settings;
use gongkai::mail::smtp::Relay;
use gongkai::office::reminders::{Mailroom, RemindReport};
use gongkai::office::{Clock, Office};
use gongkai::store::cases::obligations::{self, CurrentDuty, ObligationRow};
use gongkai::store::database::schema::{cases, outbox as outbox_table, user_roles, users};
use gongkai::store::mail::{
    outbox as store_outbox,
    outbox::{MailFilter, MailView, NewMail},
};
use gongkai::store::{CaseId, DepartmentId, OrganId, Store, StoreError, Ts, UserId, now, people::organs};
use std::sync::Arc;

/// The settings of a mail server on `port`, with what else is named.
fn settings(port: u16, more: &[(&str, &str)]) -> Settings {
    let port = port.to_string();
    let fixed = [
        ("GONGKAI_SMTP__HOST", "localhost"),
        ("GONGKAI_SMTP__PORT", port.as_str()),
        ("GONGKAI_SMTP__TLS", "none"),
        ("GONGKAI_SMTP__FROM", "信息公开办公室 <office@gov.example>"),
        ("GONGKAI_SMTP__TIMEOUT_S", "3"),
        ("GONGKAI_SMTP__MAILS_PER_MINUTE", "0"),
        // Each reminder in a mail of its own, so that a test sees it by itself.
        ("GONGKAI_REMINDERS__DIGEST", "false"),
    ];
    let variables = fixed.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(None, variables).unwrap()
}

fn relay(sink: &Sink) -> Relay {
    Relay::from_settings(&settings(sink.port, &[]).smtp).unwrap().unwrap()
}

fn room(store: &Store) -> Mailroom {
    room_of(store, settings(25, &[]))
}

/// The mailroom of an office with these settings and cheap password hashes.
fn room_of(store: &Store, mut settings: Settings) -> Mailroom {
    settings.security.argon2_memory_kib = 64;
    settings.security.argon2_passes = 1;
    Office::with_store(store.clone(), settings, Clock::system()).unwrap().reminders().mailroom().unwrap()
}

/// One thread, as a test wants it: the mail server and the sender take turns.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A bureau below a department of the province, with one person for each part.
struct House {
    bureau: Bureau,
    above: OrganId,
    handler: UserId,
    case: CaseId,
}

fn house(store: &Store) -> House {
    let above = add_bureau(store, "省厅", None).organ;
    let bureau = add_bureau(store, "市局", Some(above));
    let handler = person(
        store,
        "handler",
        Some("handler@gov.example"),
        Some(bureau.department),
        &[(bureau.organ, Role::Handler)],
    );
    person(store, "head", Some("head@gov.example"), None, &[(bureau.organ, Role::OfficeHead)]);
    person(store, "watch", Some("watch@gov.example"), None, &[(above, Role::Supervisor)]);
    let case = numbered_case(store, &bureau, "2025-00017");
    House { bureau, above, handler, case }
}

fn numbered_case(store: &Store, bureau: &Bureau, number: &str) -> CaseId {
    let case = add_case(store, bureau, 1).id;
    let row = cases::table.filter(cases::id.eq(case));
    let write = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        Ok(diesel::update(row).set(cases::number.eq(Some(number))).execute(db)?)
    };
    assert_eq!(store.write(write).unwrap(), 1);
    case
}

fn person(
    store: &Store,
    name: &str,
    email: Option<&str>,
    department: Option<DepartmentId>,
    roles: &[(OrganId, Role)],
) -> UserId {
    let id = UserId::new();
    let row = (
        users::id.eq(id),
        users::username.eq(name),
        users::display_name.eq(format!("{name}先生")),
        users::email.eq(email),
        users::kind.eq("person"),
        users::password_hash.eq("-"),
        users::department_id.eq(department),
        users::is_active.eq(true),
        users::token_epoch.eq(0),
        users::created_at.eq(now()),
        users::version.eq(1_i64),
    );
    store
        .write(|db| -> Result<(), StoreError> {
            diesel::insert_into(users::table).values(row).execute(db)?;
            for (organ, role) in roles {
                let row =
                    (user_roles::user_id.eq(id), user_roles::organ_id.eq(*organ), user_roles::role.eq(role.code()));
                diesel::insert_into(user_roles::table).values(row).execute(db)?;
            }
            Ok(())
        })
        .unwrap();
    id
}

/// A duty to reply.
fn reply(due_on: &str, status: &str, owner_id: Option<UserId>) -> CurrentDuty {
    CurrentDuty {
        key: "reply".into(),
        kind: "reply".into(),
        due_on: Some(day(due_on)),
        latest_on: None,
        status: status.into(),
        owner_id,
        department_id: None,
        not_by_id: None,
        article: "《政府信息公开条例》（国务院令第711号）第三十三条".into(),
    }
}

/// Noon in Shanghai of that day.
fn noon(on: &str) -> Ts {
    Ts(day(on).and_hms_opt(4, 0, 0).unwrap().and_utc())
}

/// The duties of a case are these since `since`.
fn stands(store: &Store, organ: OrganId, case: CaseId, duties: &[CurrentDuty], since: &str) -> Vec<ObligationRow> {
    let work = |db: &mut gongkai::store::Db| -> Result<_, StoreError> {
        obligations::replace(db, organ, case, duties, noon(since))?;
        obligations::of_case(db, case)
    };
    store.write(work).unwrap()
}

fn days(from: &str, to: &str) -> Vec<NaiveDate> {
    let to = day(to);
    day(from).iter_days().take_while(|day| *day <= to).collect()
}

fn mails(store: &Store) -> Vec<MailView> {
    store.read(|db| store_outbox::list(db, &MailFilter::default(), None, 1000)).unwrap()
}

/// Queues a mail with one line of text, the way a pass does.
fn queue(store: &Store, key: &str, to: &str) -> Vec<u8> {
    queue_for(store, None, key, to)
}

/// As [`queue`], about an organ.
fn queue_for(store: &Store, organ_id: Option<OrganId>, key: &str, to: &str) -> Vec<u8> {
    let message = format!(
        "From: office@gov.example\r\nTo: {to}\r\nSubject: {key}\r\nMessage-ID: <{key}@gov.example>\r\n\
         Date: Tue, 16 Sep 2025 00:00:05 +0000\r\n\r\n.starts with a dot\r\n"
    );
    let mail = NewMail {
        dedupe_key: key.into(),
        organ_id,
        case_id: None,
        recipient_id: None,
        to_address: to.into(),
        subject: key.into(),
        message_id: format!("<{key}@gov.example>"),
        message: message.clone().into_bytes(),
        not_before: None,
        not_after: None,
    };
    assert!(store.write(|db| store_outbox::enqueue(db, &mail)).unwrap());
    message.into_bytes()
}

/// The mail server took everything that waits.
fn sent(store: &Store) {
    let waiting = outbox_table::table.filter(outbox_table::state.eq("queued"));
    let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        Ok(diesel::update(waiting).set(outbox_table::state.eq("sent")).execute(db)?)
    };
    store.write(work).unwrap();
}

/// The pass of a day, and its mails are sent.
fn remind(room: &Mailroom, today: NaiveDate) -> RemindReport {
    let report = room.remind(today, None).unwrap();
    sent(room.store());
    report
}

/// Lets the pauses of all waiting mails, and that of the relay, be over.
fn hurry(store: &Store) {
    let past = Ts(now().0 - TimeDelta::seconds(1));
    let waiting = outbox_table::table.filter(outbox_table::state.eq("queued"));
    let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        store_outbox::close_circuit(db)?;
        Ok(diesel::update(waiting).set(outbox_table::next_attempt_at.eq(past)).execute(db)?)
    };
    store.write(work).unwrap();
}

/// The window of every mail has closed.
fn close_windows(store: &Store) {
    let past = Ts(now().0 - TimeDelta::seconds(1));
    let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        let closing = outbox_table::table.filter(outbox_table::not_after.is_not_null());
        Ok(diesel::update(closing).set(outbox_table::not_after.eq(Some(past))).execute(db)?)
    };
    assert!(store.write(work).unwrap() > 0, "some mail has a window");
}

/// As if the server had refused it for good.
fn park_by_hand(store: &Store, key: &str) {
    let row = outbox_table::table.filter(outbox_table::dedupe_key.eq(key));
    let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        Ok(diesel::update(row).set(outbox_table::state.eq("parked")).execute(db)?)
    };
    assert_eq!(store.write(work).unwrap(), 1);
}

fn reports_to(store: &Store, organ: OrganId, other: OrganId) {
    let work = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
        let mut row = organs::find(db, organ)?;
        row.reports_to = Some(other);
        organs::update(db, &row)?;
        Ok(())
    };
    store.write(work).unwrap();
}
