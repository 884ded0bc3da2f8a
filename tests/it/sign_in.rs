//! Guessing: what is counted under which name and address, and who still gets in meanwhile.

use gongkai::case::Role;
use gongkai::config::Settings;
use gongkai::office::Clock;
use gongkai::store::evidence::audit::{self, AuditFilter, AuditRow};
use gongkai::store::{StoreError, UserId};
use serde_json::{Value, json};

use crate::support::service::{PASSWORD, Reply, Service};
use crate::support::{TestDatabase, on_both_databases};

const WRONG: &str = "Wrong-Password-1";

/// A service behind a proxy on this machine, which says where a client is.
pub fn behind_a_proxy(database: &TestDatabase, adjust: impl FnOnce(&mut Settings)) -> Service {
    Service::start_with(database, Clock::system(), |settings| {
        settings.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
        adjust(settings);
    })
}

/// Tries to sign in with these lines of `X-Forwarded-For`.
pub fn sign_in_from(service: &Service, lines: &[&str], username: &str, password: &str) -> Reply {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(lines.iter().map(|line| ("x-forwarded-for", *line)));
    let body = json!({ "username": username, "password": password }).to_string();
    service.send("POST", "/api/v1/auth/token", &headers, Some(body.as_bytes()))
}

/// How many of the answers say that the password was looked at and is wrong; the rest must be refused unseen.
fn evaluated(replies: &[Reply]) -> usize {
    let wrong = replies.iter().filter(|reply| reply.status == 401).count();
    let unseen = replies.iter().filter(|reply| reply.status == 429).count();
    assert_eq!(wrong + unseen, replies.len(), "{replies:?}");
    wrong
}

fn zhang(service: &Service) {
    let organ = service.organ("a", None);
    service.user("zhang", organ, &[Role::Clerk]);
}

#[test]
fn the_line_our_own_proxy_wrote_is_the_address_whatever_the_client_wrote_before_it() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        zhang(&service);
        let replies: Vec<Reply> = (0..8)
            .map(|n| {
                let claimed = format!("10.9.9.{n}");
                sign_in_from(&service, &[claimed.as_str(), "203.0.113.7"], &format!("user-{}", n / 7), WRONG)
            })
            .collect();
        assert_eq!(evaluated(&replies[..7]), 5, "one address, one name: five guesses");
        assert_eq!(replies[7].status, 401, "another name");
    });
}

#[test]
fn an_ipv6_client_that_changes_its_address_within_its_network_is_one_client() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |settings| settings.security.login_failures_per_address = 5);
        zhang(&service);
        let from = |n: usize| sign_in_from(&service, &[&format!("2001:db8:7:7:{n:x}::1")], &format!("user-{n}"), WRONG);
        let replies: Vec<Reply> = (0..8).map(from).collect();
        assert_eq!(evaluated(&replies), 5);
        let next = sign_in_from(&service, &["2001:db8:7:8::1"], "user-9", WRONG);
        assert_eq!(next.status, 401, "the network beside it is another client");
    });
}

#[test]
fn one_account_guessed_from_a_hundred_addresses_is_guessed_five_times_and_its_owner_gets_in_where_known() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        zhang(&service);
        assert_eq!(sign_in_from(&service, &["198.51.100.1"], "zhang", PASSWORD).status, 200, "the office");
        for name in ["zhang", "nobody"] {
            let guess = |n: usize| sign_in_from(&service, &[&format!("203.0.113.{}", n / 6)], name, WRONG);
            let replies: Vec<Reply> = (0..600).map(guess).collect();
            assert_eq!(evaluated(&replies), 5, "{name}");
        }
        assert_eq!(sign_in_from(&service, &["198.51.100.1"], "zhang", PASSWORD).status, 200, "where it is known");
        let elsewhere = sign_in_from(&service, &["198.51.100.2"], "zhang", PASSWORD);
        assert_eq!(elsewhere.problem(), (429, "too_many_attempts"), "elsewhere it waits");
        assert!((1..=901).contains(&elsewhere.header("retry-after").parse::<u32>().unwrap()), "{elsewhere:?}");
    });
}

#[test]
fn an_address_closed_by_guesses_at_many_names_stays_open_for_those_known_there() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        let organ = service.organ("a", None);
        service.user("zhang", organ, &[Role::Clerk]);
        service.user("li", organ, &[Role::Clerk]);
        let office = ["198.51.100.1"];
        assert_eq!(sign_in_from(&service, &office, "zhang", PASSWORD).status, 200);
        let guess = |n: usize| sign_in_from(&service, &office, &format!("name-{n}"), WRONG);
        let replies: Vec<Reply> = (0..60).map(guess).collect();
        assert_eq!(evaluated(&replies), 50);
        assert_eq!(sign_in_from(&service, &office, "zhang", PASSWORD).status, 200, "known there");
        assert_eq!(sign_in_from(&service, &office, "li", PASSWORD).status, 429, "never seen there");
        assert_eq!(sign_in_from(&service, &["198.51.100.2"], "li", PASSWORD).status, 200, "li elsewhere");
        let guesses: Vec<Reply> = (0..8).map(|_| sign_in_from(&service, &office, "zhang", WRONG)).collect();
        assert_eq!(evaluated(&guesses), 5, "a known pair has its own limit");
    });
}

#[test]
fn an_operator_opens_a_closed_account_and_makes_an_address_known() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        zhang(&service);
        let close = || {
            let guess = |n: usize| sign_in_from(&service, &[&format!("203.0.113.{n}")], "zhang", WRONG);
            evaluated(&(0..20).map(guess).collect::<Vec<_>>())
        };
        let home = ["198.51.100.7"];
        assert_eq!((close(), sign_in_from(&service, &home, "zhang", PASSWORD).status), (5, 429));
        service.office.people().unlock(" ZHANG ", None).unwrap();
        assert_eq!((close(), sign_in_from(&service, &home, "zhang", PASSWORD).status), (5, 429));
        service.office.people().unlock("zhang", home[0].parse().ok()).unwrap();
        assert_eq!((close(), sign_in_from(&service, &home, "zhang", PASSWORD).status), (5, 200));
        assert!(matches!(service.office.people().unlock("nobody", None), Err(gongkai::office::OfficeError::NotFound)));
    });
}

#[test]
fn a_network_is_known_for_so_many_days_and_of_a_user_the_ten_latest_are() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        zhang(&service);
        for n in 0..11 {
            assert_eq!(sign_in_from(&service, &[&format!("198.51.100.{n}")], "zhang", PASSWORD).status, 200);
        }
        for n in 0..5 {
            assert_eq!(sign_in_from(&service, &[&format!("203.0.113.{n}")], "zhang", WRONG).status, 401);
        }
        let status = |n: usize| sign_in_from(&service, &[&format!("198.51.100.{n}")], "zhang", PASSWORD).status;
        assert_eq!((status(0), status(1), status(10)), (429, 200, 200), "the eleventh last is forgotten");
        let age = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
            use diesel::prelude::*;
            use gongkai::store::database::schema::known_networks::{last_at, table};
            let old = gongkai::store::Ts(gongkai::store::now().0 - chrono::TimeDelta::days(91));
            Ok(diesel::update(table).set(last_at.eq(old)).execute(db)?)
        };
        assert_eq!(service.office.store().write(age).unwrap(), 10);
        assert_eq!(status(1), 429, "not used for 91 days");
    });
}

/// Everything the audit log says, the oldest first.
fn audited(service: &Service) -> Vec<AuditRow> {
    let read = |db: &mut _| audit::list(db, &AuditFilter::default(), None, 500);
    let mut rows = service.office.store().read(read).unwrap();
    rows.reverse();
    rows
}

fn actions(rows: &[AuditRow]) -> Vec<&str> {
    rows.iter().map(|row| row.action.as_str()).collect()
}

fn detail(row: &AuditRow) -> Value {
    serde_json::from_str(&row.detail).unwrap()
}

fn send(service: &Service, verb: &str, path: &str, token: &str, headers: &[(&str, &str)], body: Value) -> Reply {
    let all = [&[("x-forwarded-for", "203.0.113.9"), ("x-request-id", "request-7")], headers].concat();
    service.call_with(verb, path, token, &all, Some(body))
}

#[test]
fn signing_in_and_out_failures_and_changes_of_a_password_are_on_record_with_whom_and_whence() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        let organ = service.organ("a", None);
        let zhang = service.user("zhang", organ, &[Role::Clerk]);
        let guan = service.user("guan", organ, &[Role::Admin]);
        let admin = service.token("guan");
        let enter = |username: &str, password: &str| {
            let body = json!({ "username": username, "password": password });
            send(&service, "POST", "/api/v1/auth/token", "", &[], body)
        };
        let token = |reply: &Reply, name: &str| reply.json[name].as_str().unwrap().to_owned();
        let before = audited(&service).len();

        assert_eq!(enter("zhang", WRONG).status, 401);
        assert_eq!(enter("Hunter2-is-my-password", "zhang").status, 401);
        let login = enter("zhang", PASSWORD);
        let access = token(&login, "access_token");
        let change = |current: &str, new: &str| {
            let body = json!({ "current_password": current, "new_password": new });
            send(&service, "PUT", "/api/v1/auth/password", &access, &[], body).status
        };
        assert_eq!(change(WRONG, "Lake-Mountain-2026"), 422);
        assert_eq!(change(PASSWORD, "Lake-Mountain-2026"), 204);
        let login = enter("zhang", "Lake-Mountain-2026");
        let stale = json!({ "refresh_token": token(&login, "refresh_token") });
        let refresh = || send(&service, "POST", "/api/v1/auth/refresh", "", &[], stale.clone()).status;
        assert_eq!((refresh(), refresh()), (200, 401));
        let login = enter("zhang", "Lake-Mountain-2026");
        let out = send(&service, "POST", "/api/v1/auth/logout", &token(&login, "access_token"), &[], json!({}));
        assert_eq!(out.status, 204);
        let reset = format!("/api/v1/users/{}/password-reset", zhang.0);
        let headers = [("x-forwarded-for", "203.0.113.9"), ("x-request-id", "request-7")];
        let made = service.call_with("POST", &reset, &admin, &headers, None);
        assert_eq!(made.status, 200, "{made:?}");
        let patch = |is_active: bool| {
            let path = format!("/api/v1/users/{}", zhang.0);
            let tag = service.get(&path, &admin).header("etag").to_owned();
            send(&service, "PATCH", &path, &admin, &[("if-match", &tag)], json!({ "is_active": is_active })).status
        };
        assert_eq!(patch(false), 200);
        assert_eq!(enter("zhang", made.json["password"].as_str().unwrap()).status, 401);
        assert_eq!(patch(true), 200);

        let rows = audited(&service).split_off(before);
        let expected = [
            ("sign_in.failed", None, Some(zhang)),
            ("sign_in.failed", None, None),
            ("sign_in.succeeded", Some(zhang), Some(zhang)),
            ("password.change_failed", Some(zhang), Some(zhang)),
            ("password.changed", Some(zhang), Some(zhang)),
            ("sign_in.succeeded", Some(zhang), Some(zhang)),
            ("refresh_token.reused", None, Some(zhang)),
            ("sign_in.succeeded", Some(zhang), Some(zhang)),
            ("sign_out", Some(zhang), Some(zhang)),
            ("user.password_reset", Some(guan), Some(zhang)),
            ("user.deactivated", Some(guan), Some(zhang)),
            ("sign_in.failed", None, Some(zhang)),
            ("user.reactivated", Some(guan), Some(zhang)),
        ];
        let found: Vec<(&str, Option<UserId>, Option<UserId>)> =
            rows.iter().map(|row| (row.action.as_str(), row.actor_id, row.subject_id)).collect();
        assert_eq!(found, expected);
        for row in &rows {
            assert_eq!(row.address.as_deref(), Some("203.0.113.9"), "{row:?}");
            assert_eq!(row.request_id.as_deref(), Some("request-7"), "{row:?}");
        }
        let why: Vec<Value> = rows.iter().filter(|row| row.action == "sign_in.failed").map(detail).collect();
        let whys: Vec<&str> = why.iter().map(|one| one["why"].as_str().unwrap()).collect();
        assert_eq!(whys, ["wrong_password", "unknown_name", "inactive"]);
        assert_eq!(why[1]["name_hash"].as_str().unwrap().len(), 64);
        let all = format!("{rows:?}").to_lowercase();
        assert!(!all.contains("hunter2") && !all.contains("mountain"), "no name that was mistyped, no password");
    });
}

#[test]
fn a_flood_of_guesses_leaves_one_entry_a_limit_and_how_many_there_were_when_it_is_over() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |settings| settings.security.login_window_s = 2);
        let organ = service.organ("a", None);
        let zhang = service.user("zhang", organ, &[Role::Clerk]);
        let guess = |n: usize| sign_in_from(&service, &[&format!("203.0.113.{n}")], "zhang", WRONG);
        assert_eq!(evaluated(&(0..40).map(guess).collect::<Vec<_>>()), 5);
        let rows = audited(&service);
        assert_eq!(actions(&rows), [&["sign_in.failed"; 5][..], &["sign_in.locked"]].concat());
        let locked = &rows[5];
        assert_eq!((locked.subject_id, locked.address.as_deref()), (Some(zhang), Some("203.0.113.5")));
        assert_eq!((&detail(locked)["limit"], &detail(locked)["after"]), (&json!("account"), &json!(5)));
        std::thread::sleep(std::time::Duration::from_millis(2_200));
        service.office.service().forget_expired().unwrap();
        service.office.service().forget_expired().unwrap();
        let rows = audited(&service);
        assert_eq!(actions(&rows[6..]), ["sign_in.lock_ended"], "once");
        assert_eq!(detail(&rows[6]), json!({ "locked": locked.id.0, "refused": 35 }));
        assert_eq!(rows[6].subject_id, Some(zhang));

        // The next attempt ends a lock-out as well as the hourly pass does.
        assert_eq!(evaluated(&(0..8).map(guess).collect::<Vec<_>>()), 5);
        std::thread::sleep(std::time::Duration::from_millis(2_200));
        assert_eq!(guess(0).status, 401);
        let rows = audited(&service);
        let ended = rows.iter().filter(|row| row.action == "sign_in.lock_ended");
        assert_eq!(ended.map(|row| detail(row)["refused"].clone()).collect::<Vec<_>>(), [json!(35), json!(3)]);
    });
}

#[test]
fn the_current_password_is_guessed_five_times_wherever_the_token_is_used() {
    on_both_databases(|database| {
        let service = behind_a_proxy(database, |_| {});
        zhang(&service);
        let token = service.token("zhang");
        let statuses: Vec<u16> = (0..8)
            .map(|n| {
                let from = format!("203.0.113.{n}");
                let body = json!({ "current_password": WRONG, "new_password": "Lake-Mountain-2026" });
                let headers = [("x-forwarded-for", from.as_str())];
                service.call_with("PUT", "/api/v1/auth/password", &token, &headers, Some(body)).status
            })
            .collect();
        assert_eq!(statuses, [422, 422, 422, 422, 422, 429, 429, 429]);
        assert_eq!(service.sign_in("zhang", PASSWORD).status, 200, "signing in is counted apart");
    });
}
