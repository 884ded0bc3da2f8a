//! Who gets in, who does not, and what everybody is told: the foundation of the service, on both databases.

use chrono::{TimeDelta, Utc};
use gongkai::api::http::route::{Access, Scope};
use gongkai::api::routes;
use gongkai::case::Role;
use gongkai::office::Clock;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::service::{PASSWORD, Reply, Service};
use crate::support::{TestDatabase, day, on_both_databases};

const SECRET: &[u8] = b"a token secret that only tests know!";

fn service(database: &TestDatabase) -> Service {
    Service::start(database, day("2026-11-23"))
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(LETTERS[usize::try_from(word >> (18 - 6 * at) & 63).unwrap()]));
        }
    }
    text
}

/// A token of any header and claims, rightly signed with `secret`.
fn forged(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let text = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let signature = aws_lc_rs::hmac::sign(&key, text.as_bytes());
    format!("{text}.{}", base64url(signature.as_ref()))
}

fn changed(base: &Value, change: Value) -> Value {
    let mut value = base.clone();
    for (name, member) in change.as_object().unwrap() {
        match member {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            _ => drop(value.as_object_mut().unwrap().insert(name.clone(), member.clone())),
        }
    }
    value
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tokens follow the real instant")]
fn a_token_that_is_not_exactly_ours_is_refused() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let user = service.user("zhang", organ, &[Role::Clerk]);
        let now = Utc::now().timestamp();
        let header = json!({ "typ": "JWT", "alg": "HS256" });
        let claims = json!({
            "iss": "gongkai", "aud": "gongkai-api", "sub": user.0, "typ": "access", "epoch": 0, "iat": now, "exp": now + 900
        });
        let with_header = |change| forged(&changed(&header, change), &claims, SECRET);
        let with_claims = |change| forged(&header, &changed(&claims, change), SECRET);
        let good = forged(&header, &claims, SECRET);
        assert_eq!(service.get("/api/v1/me", &good).status, 200, "the control");

        let unsigned = |alg: Value| {
            let text = with_header(json!({ "alg": alg }));
            text.rsplit_once('.').unwrap().0.to_owned() + "."
        };
        let jwk = json!({ "kty": "oct", "k": base64url(SECRET), "alg": "HS256" });
        let bad = [
            ("alg none", unsigned(json!("none"))),
            ("alg None", unsigned(json!("None"))),
            ("alg missing", with_header(json!({ "alg": null }))),
            ("signed with something public", forged(&header, &claims, b"-----BEGIN PUBLIC KEY-----")),
            ("alg HS512", with_header(json!({ "alg": "HS512" }))),
            ("alg RS256", with_header(json!({ "alg": "RS256" }))),
            ("unknown kid", with_header(json!({ "kid": "2" }))),
            ("kid with a path", with_header(json!({ "kid": "../../../../dev/null" }))),
            ("kid with SQL", with_header(json!({ "kid": "x' UNION SELECT 'a" }))),
            ("kid with a URL", with_header(json!({ "kid": "https://example.cn/k" }))),
            ("jku", with_header(json!({ "jku": "https://example.cn/jwks" }))),
            ("x5u", with_header(json!({ "x5u": "https://example.cn/x5u" }))),
            ("jwk", with_header(json!({ "jwk": jwk }))),
            ("critical extension", with_header(json!({ "crit": ["b64"], "b64": false }))),
            ("bad signature", forged(&header, &claims, b"another secret of the right length!!")),
            ("truncated", good[..good.len() - 1].to_owned()),
            ("two parts", good.rsplit_once('.').unwrap().0.to_owned()),
            ("exp past", with_claims(json!({ "iat": now - 910, "exp": now - 10 }))),
            ("exp as string", with_claims(json!({ "exp": (now + 900).to_string() }))),
            ("exp missing", with_claims(json!({ "exp": null }))),
            ("exp later than we give", with_claims(json!({ "exp": now + 90_000 }))),
            ("iat missing", with_claims(json!({ "iat": null }))),
            ("iat in the future", with_claims(json!({ "iat": now + 60, "exp": now + 960 }))),
            ("nbf future", with_claims(json!({ "nbf": now + 600 }))),
            ("nbf as string", with_claims(json!({ "nbf": (now + 600).to_string() }))),
            ("wrong aud", with_claims(json!({ "aud": "other" }))),
            ("aud missing", with_claims(json!({ "aud": null }))),
            ("wrong iss", with_claims(json!({ "iss": "other" }))),
            ("refresh as access", with_claims(json!({ "typ": "refresh" }))),
            ("typ missing", with_claims(json!({ "typ": null }))),
            ("old epoch", with_claims(json!({ "epoch": -1 }))),
            ("epoch to come", with_claims(json!({ "epoch": 1 }))),
            ("nobody", with_claims(json!({ "sub": Uuid::nil() }))),
            ("sub missing", with_claims(json!({ "sub": null }))),
            ("a claim we never write", with_claims(json!({ "roles": ["admin"] }))),
            ("nothing", String::new()),
            ("no token at all", "x".repeat(4000)),
        ];
        for (what, token) in bad {
            let reply = service.get("/api/v1/me", &token);
            assert_eq!(reply.problem(), (401, "unauthenticated"), "{what}");
            assert_eq!(reply.header("www-authenticate"), "Bearer", "{what}");
        }
        assert_eq!(service.send("GET", "/api/v1/me", &[], None).problem(), (401, "unauthenticated"));
        let basic = service.send("GET", "/api/v1/me", &[("authorization", "Basic eDp5")], None);
        assert_eq!(basic.problem(), (401, "unauthenticated"));
    });
}

#[test]
fn an_unknown_name_a_wrong_password_and_a_locked_account_get_the_same_answer() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        service.user("zhang", organ, &[Role::Clerk]);
        let li = service.user("li", organ, &[Role::Clerk]);
        let admin = service.user_token("guan", organ, &[Role::Admin]);
        let path = format!("/api/v1/users/{}", li.0);
        let locked =
            service.call_with("PATCH", &path, &admin, &[("if-match", "\"1\"")], Some(json!({"is_active":false})));
        assert_eq!(locked.status, 200, "{locked:?}");
        let wrong = service.sign_in("zhang", "Wrong-Password-1");
        assert_eq!(wrong.problem(), (401, "wrong_credentials"));
        for (name, password) in [("nobody", PASSWORD), ("li", PASSWORD), ("zhang", ""), ("", "")] {
            assert_eq!(service.sign_in(name, password).problem_body(), wrong.problem_body(), "{name}");
        }
        assert_eq!(service.sign_in(" ZHANG ", PASSWORD).status, 200, "names have no case");
    });
}

#[test]
fn five_failures_close_an_account_from_that_address_until_the_window_ends() {
    on_both_databases(|database| {
        let service = Service::start_with(database, Clock::system(), |settings| settings.security.login_window_s = 3);
        let organ = service.organ("a", None);
        service.user("zhang", organ, &[Role::Clerk]);
        service.user("li", organ, &[Role::Clerk]);
        let replies: Vec<Reply> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..12).map(|_| scope.spawn(|| service.sign_in("zhang", "Wrong-Password-1"))).collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let of = |status| replies.iter().filter(|reply| reply.status == status).count();
        assert_eq!((of(401), of(429)), (5, 7), "twelve at once are five guesses");
        let closed = service.sign_in("zhang", PASSWORD);
        assert_eq!(closed.problem(), (429, "too_many_attempts"));
        assert!((1..=4).contains(&closed.header("retry-after").parse::<u32>().unwrap()), "{closed:?}");
        assert_eq!(service.sign_in("li", PASSWORD).status, 200, "others are not locked out");
        std::thread::sleep(std::time::Duration::from_millis(3_200));
        assert_eq!(service.sign_in("zhang", PASSWORD).status, 200, "the window is over");
    });
}

#[test]
fn an_address_that_tries_many_accounts_is_closed_too() {
    let database = TestDatabase::sqlite();
    let service =
        Service::start_with(&database, Clock::system(), |settings| settings.security.login_failures_per_address = 6);
    let organ = service.organ("a", None);
    service.user("zhang", organ, &[Role::Clerk]);
    for guess in 0..6 {
        assert_eq!(service.sign_in("zhang", PASSWORD).status, 200, "what succeeds does not count");
        assert_eq!(service.sign_in(&format!("user{guess}"), "x").status, 401);
    }
    assert_eq!(service.sign_in("user7", "x").problem(), (429, "too_many_attempts"));
}

fn refresh(service: &Service, token: &str) -> Reply {
    let body = json!({ "refresh_token": token }).to_string();
    service.send("POST", "/api/v1/auth/refresh", &[("content-type", "application/json")], Some(body.as_bytes()))
}

fn member<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.json[name].as_str().unwrap()
}

#[test]
fn a_refresh_token_works_once_and_its_second_use_ends_the_login() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        service.user("zhang", organ, &[Role::Clerk]);
        let first = service.sign_in("zhang", PASSWORD);
        assert_eq!((member(&first, "token_type"), first.json["expires_in"].as_u64()), ("Bearer", Some(900)));
        let second = refresh(&service, member(&first, "refresh_token"));
        assert_eq!(second.status, 200, "{second:?}");
        assert_ne!(member(&first, "refresh_token"), member(&second, "refresh_token"));
        assert_eq!(service.get("/api/v1/me", member(&second, "access_token")).status, 200);

        let again = refresh(&service, member(&first, "refresh_token"));
        assert_eq!(again.problem(), (401, "unauthenticated"), "used twice");
        let successor = refresh(&service, member(&second, "refresh_token"));
        assert_eq!(successor.problem(), (401, "unauthenticated"), "the whole family ended");
        let access = service.get("/api/v1/me", member(&second, "access_token"));
        assert_eq!(access.problem(), (401, "unauthenticated"), "and the access tokens with it");
        assert_eq!(refresh(&service, "no such token").problem(), (401, "unauthenticated"));
        assert_eq!(refresh(&service, member(&second, "access_token")).problem(), (401, "unauthenticated"));
    });
}

#[test]
fn of_eight_refreshes_at_once_with_one_token_at_most_one_wins() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        service.user("zhang", organ, &[Role::Clerk]);
        let login = service.sign_in("zhang", PASSWORD);
        let token = member(&login, "refresh_token");
        let won = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| refresh(&service, token).status)).collect();
            tries.into_iter().map(|one| one.join().unwrap()).filter(|status| *status == 200).count()
        });
        assert_eq!(won, 1);
    });
}

#[test]
fn a_login_has_an_absolute_end() {
    let database = TestDatabase::sqlite();
    let service = Service::start_with(&database, Clock::system(), |settings| settings.security.refresh_token_s = 1);
    let organ = service.organ("a", None);
    service.user("zhang", organ, &[Role::Clerk]);
    let login = service.sign_in("zhang", PASSWORD);
    let next = refresh(&service, member(&login, "refresh_token"));
    assert_eq!(next.status, 200);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(refresh(&service, member(&next, "refresh_token")).problem(), (401, "unauthenticated"));
}

#[test]
fn logout_new_password_new_roles_and_a_lock_end_access_at_once() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let user = service.user("zhang", organ, &[Role::Clerk]);
        let admin = service.user_token("guan", organ, &[Role::Admin]);
        let gone = |token: &str| service.get("/api/v1/me", token).problem() == (401, "unauthenticated");

        let login = service.sign_in("zhang", PASSWORD);
        let token = member(&login, "access_token");
        let body = json!({ "refresh_token": member(&login, "refresh_token") });
        assert_eq!(service.call("POST", "/api/v1/auth/logout", token, Some(body)).status, 204);
        assert!(gone(token), "after logout");
        assert_eq!(refresh(&service, member(&login, "refresh_token")).status, 401);

        let other = service.sign_in("zhang", PASSWORD);
        let token = service.token("zhang");
        assert_eq!(service.call("POST", "/api/v1/auth/logout", &token, Some(json!({}))).status, 204);
        assert_eq!(refresh(&service, member(&other, "refresh_token")).status, 401, "every login of the user");

        let token = service.token("zhang");
        let roles = format!("/api/v1/organs/{}/users/{}/roles", organ.0, user.0);
        let set = service.call_with("PUT", &roles, &admin, &[("if-match", "\"1\"")], Some(json!({"roles":["leader"]})));
        assert_eq!((set.status, set.header("etag")), (200, "\"2\""), "{set:?}");
        assert!(gone(&token), "after new roles");

        let token = service.token("zhang");
        let reset = service.call("POST", &format!("/api/v1/users/{}/password-reset", user.0), &admin, None);
        assert_eq!(reset.status, 200, "{reset:?}");
        assert!(gone(&token), "after a password reset");
        assert_eq!(service.sign_in("zhang", PASSWORD).status, 401);

        let login = service.sign_in("zhang", member(&reset, "password"));
        let path = format!("/api/v1/users/{}", user.0);
        let locked =
            service.call_with("PATCH", &path, &admin, &[("if-match", "\"3\"")], Some(json!({"is_active":false})));
        assert_eq!(locked.status, 200, "{locked:?}");
        assert!(gone(member(&login, "access_token")), "after the lock");
        assert_eq!(refresh(&service, member(&login, "refresh_token")).status, 401);
    });
}

#[test]
fn a_password_is_changed_with_the_old_one_and_within_the_policy() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        service.user("zhang", organ, &[Role::Clerk]);
        let token = service.token("zhang");
        let change = |token: &str, old: &str, new: &str| {
            let body = json!({ "current_password": old, "new_password": new });
            service.call("PUT", "/api/v1/auth/password", token, Some(body))
        };
        let wrong = change(&token, "Wrong-Password-1", "Lake-Mountain-2026");
        assert_eq!(wrong.problem(), (422, "invalid"));
        assert_eq!(wrong.fields(), [("/current_password", "wrong_password")]);
        let weak = change(&token, PASSWORD, "zhang123");
        assert_eq!(
            weak.fields(),
            [
                ("/new_password", "password_too_short"),
                ("/new_password", "password_too_simple"),
                ("/new_password", "password_holds_name"),
                ("/new_password", "password_too_common"),
            ]
        );
        assert_eq!(change(&token, PASSWORD, PASSWORD).fields(), [("/new_password", "password_unchanged")]);
        assert_eq!(service.get("/api/v1/me", &token).status, 200, "nothing has happened yet");
        assert_eq!(change(&token, PASSWORD, "Lake-Mountain-2026").status, 204);
        assert_eq!(service.get("/api/v1/me", &token).status, 401);
        assert_eq!(service.sign_in("zhang", PASSWORD).status, 401);
        assert_eq!(service.sign_in("zhang", "Lake-Mountain-2026").status, 200);
    });
}

/// A path with its parameters filled in; what is not named here gets a random id.
fn fill(path: &str, named: &[(&str, Uuid)]) -> String {
    let mut filled = path.to_owned();
    for (name, id) in named {
        filled = filled.replace(&format!("{{{name}}}"), &id.to_string());
    }
    while let Some((before, rest)) = filled.clone().split_once('{') {
        filled = format!("{before}{}{}", Uuid::new_v4(), rest.split_once('}').unwrap().1);
    }
    filled
}

#[test]
fn another_organs_things_look_like_nothing_and_a_missing_role_is_told() {
    on_both_databases(|database| {
        let service = service(database);
        let (ours, theirs) = (service.organ("ours", None), service.organ("theirs", None));
        let colleague = service.user("colleague", ours, &[Role::Clerk]);
        let stranger = service.user("stranger", theirs, &[Role::Clerk]);
        let everything = service.user_token("every", ours, &Role::ALL);
        for role in Role::ALL {
            service.user(&format!("only-{}", role.code()), ours, &[role]);
        }
        let tokens: Vec<(Role, String)> =
            Role::ALL.into_iter().map(|role| (role, service.token(&format!("only-{}", role.code())))).collect();

        let mut tried = 0;
        for route in routes::all() {
            let (foreign, own) = match route.scope {
                Scope::Organ => (("organ_id", theirs.0), ("organ_id", ours.0)),
                Scope::User => (("user_id", stranger.0), ("user_id", colleague.0)),
                Scope::None | Scope::Case | Scope::Order | Scope::Mail => continue,
            };
            let verb = route.verb.name();
            let missing = service.call(verb, &fill(route.path, &[(foreign.0, Uuid::new_v4())]), &everything, None);
            assert_eq!(missing.problem(), (404, "not_found"), "{route:?}");
            let foreign = service.call(verb, &fill(route.path, &[foreign]), &everything, None);
            assert_eq!((foreign.status, foreign.problem_body()), (404, missing.problem_body()), "{route:?}");
            let malformed = service.call(verb, &route.path.replace(&format!("{{{}}}", own.0), "1"), &everything, None);
            assert_eq!(malformed.problem(), (404, "not_found"), "{route:?}");
            for (role, token) in &tokens {
                let is_allowed = match route.access {
                    Access::Public | Access::Authenticated => true,
                    Access::Roles(allowed) => allowed.contains(role),
                };
                let reply = service.call(verb, &fill(route.path, &[own]), token, None);
                let is_refused = reply.status == 403 && reply.code() == "role_required";
                assert_eq!(is_refused, !is_allowed, "{route:?} as {role:?}: {reply:?}");
                tried += 1;
            }
            let nobody = service.send(verb, &fill(route.path, &[own]), &[], None);
            assert_eq!(nobody.problem(), (401, "unauthenticated"), "{route:?}");
        }
        assert!(tried >= 9 * 11, "only {tried} tried");
    });
}

#[test]
fn a_role_without_a_scope_is_asked_for_in_any_organ() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let token = service.user_token("zhang", organ, &[Role::Clerk]);
        let reply = service.create("/api/v1/organs", &token, json!({}));
        assert_eq!(reply.problem(), (403, "role_required"));
        assert_eq!(reply.json["detail"], "需要以下角色之一：管理员");
    });
}

#[test]
fn the_only_administrator_and_the_only_office_head_keep_their_role_and_their_account() {
    on_both_databases(|database| {
        let service = service(database);
        let city = service.organ("city", None);
        let district = service.organ("district", Some(city));
        let root = service.user("root", city, &[Role::Admin]);
        let admin = service.token("root");
        let head = service.user("head", district, &[Role::OfficeHead, Role::Clerk]);
        let below = service.user("below", district, &[Role::Admin]);
        let version = |id: gongkai::store::UserId| {
            service.get(&format!("/api/v1/users/{}", id.0), &admin).header("etag").to_owned()
        };
        let disable = |id: gongkai::store::UserId| {
            let path = format!("/api/v1/users/{}", id.0);
            service.call_with(
                "PATCH",
                &path,
                &admin,
                &[("if-match", &version(id))],
                Some(json!({ "is_active": false })),
            )
        };
        let roles = |id: gongkai::store::UserId, organ: gongkai::store::OrganId, roles: serde_json::Value| {
            let path = format!("/api/v1/organs/{}/users/{}/roles", organ.0, id.0);
            service.call_with("PUT", &path, &admin, &[("if-match", &version(id))], Some(json!({ "roles": roles })))
        };
        assert_eq!(disable(root).problem(), (422, "last_administrator"));
        assert_eq!(roles(root, city, json!(["clerk"])).problem(), (422, "last_administrator"));
        assert_eq!(disable(head).problem(), (422, "last_office_head"));
        assert_eq!(roles(head, district, json!(["clerk"])).problem(), (422, "last_office_head"));
        assert_eq!(roles(head, district, json!(["office_head"])).status, 200, "another role may go");
        assert_eq!(disable(below).status, 200, "the city's administrator still rules the district");

        let second = service.user("second", district, &[Role::OfficeHead]);
        assert_eq!(disable(head).status, 200, "there is another one");
        assert_eq!(disable(second).problem(), (422, "last_office_head"), "the other one is not active any more");
        let other = service.user("other", city, &[Role::Admin]);
        assert_eq!(disable(root).status, 200);
        assert_eq!(service.get("/api/v1/me", &admin).status, 401);
        let _ = other;
    });
}

#[test]
fn an_administrator_rules_its_organ_and_below_and_nothing_else() {
    on_both_databases(|database| {
        let service = service(database);
        let city = service.organ("city", None);
        let district = service.organ("district", Some(city));
        let other = service.organ("other", None);
        let admin = service.user_token("guan", city, &[Role::Admin]);
        let new = |name: &str| json!({ "username": name, "display_name": "王某", "roles": ["clerk"] });
        let users = |organ: gongkai::store::OrganId| format!("/api/v1/organs/{}/users", organ.0);

        let made = service.create(&users(district), &admin, new("wang"));
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(service.create(&users(other), &admin, new("zhao")).problem(), (404, "not_found"));
        let initial = made.json["initial_password"].as_str().unwrap().to_owned();
        assert_eq!(service.sign_in("wang", &initial).status, 200, "the password of the first answer works");
        let key = [("idempotency-key", "once")];
        let add = || service.call_with("POST", &users(district), &admin, &key, Some(new("zhou")));
        let (first, again) = (add(), add());
        assert!(first.json["initial_password"].is_string(), "{first:?}");
        assert_eq!((again.status, &again.json["id"]), (201, &first.json["id"]));
        assert_eq!(again.json.get("initial_password"), None, "the kept answer has none");

        let below = service.create("/api/v1/organs", &admin, json!({"code":"town","name":"镇","parent_id":district.0}));
        assert_eq!(below.status, 201, "{below:?}");
        assert_eq!(below.json["parent_id"], json!(district.0));
        let beside = service.create("/api/v1/organs", &admin, json!({"code":"x","name":"外","parent_id":other.0}));
        assert_eq!(beside.fields(), [("/parent_id", "not_found")]);

        let shared = service.user("shared", district, &[Role::Clerk]);
        service.grant(shared, other, &[Role::Admin]);
        let reset = service.call("POST", &format!("/api/v1/users/{}/password-reset", shared.0), &admin, None);
        assert_eq!(reset.problem(), (403, "role_required"), "another organ trusts this account");
        let last = service.user("last", district, &[Role::Clerk]);
        let roles = format!("/api/v1/organs/{}/users/{}/roles", district.0, last.0);
        let emptied = service.call_with("PUT", &roles, &admin, &[("if-match", "\"1\"")], Some(json!({"roles":[]})));
        assert_eq!(emptied.problem(), (422, "last_role"));
        let listed = service.get(&users(district), &admin);
        let names: Vec<&str> =
            listed.json["items"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
        assert_eq!(names, ["last", "shared", "wang", "zhou"]);
        assert!(!listed.text.contains("argon2"), "no hash leaves the house");
    });
}

#[test]
fn a_supervisor_sees_its_organ_and_all_below_in_order() {
    on_both_databases(|database| {
        let service = service(database);
        let city = service.organ("city", None);
        let one = service.organ("one", Some(city));
        service.organ("two", Some(city));
        service.organ("three", Some(one));
        service.organ("elsewhere", None);
        let token = service.user_token("jian", city, &[Role::Supervisor]);
        let codes = |reply: &Reply| -> Vec<String> {
            let items = reply.json["items"].as_array().unwrap();
            items.iter().map(|organ| organ["code"].as_str().unwrap().to_owned()).collect()
        };
        let tree = format!("/api/v1/organs/{}/tree", city.0);
        let whole = codes(&service.get(&tree, &token));
        assert_eq!(whole, ["city", "one", "three", "two"]);
        assert_eq!(codes(&service.get("/api/v1/organs", &token)), whole);
        let mut paged = Vec::new();
        let mut query = "limit=3".to_owned();
        loop {
            let page = service.get(&format!("{tree}?{query}"), &token);
            paged.extend(codes(&page));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            query = format!("limit=3&cursor={cursor}");
        }
        assert_eq!(paged, whole, "pages join without a gap");
        for (query, pointer) in
            [("limit=0", "?limit"), ("limit=201", "?limit"), ("cursor=zz", "?cursor"), ("x=1", "?x")]
        {
            let reply = service.get(&format!("{tree}?{query}"), &token);
            assert_eq!((reply.problem(), reply.fields()[0].0), ((400, "invalid_query"), pointer));
        }
        assert_eq!(service.get(&format!("{tree}?limit=many"), &token).problem(), (400, "invalid_query"));
    });
}

#[test]
fn a_change_needs_the_version_that_was_seen() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let admin = service.user_token("guan", organ, &[Role::Admin]);
        let path = format!("/api/v1/organs/{}", organ.0);
        let patch =
            |headers: &[(&str, &str)], body: Value| service.call_with("PATCH", &path, &admin, headers, Some(body));
        let seen = service.get(&path, &admin);
        assert_eq!((seen.header("etag"), seen.json["version"].as_i64()), ("\"1\"", Some(1)));
        assert_eq!(patch(&[], json!({"name":"新"})).problem(), (428, "if_match_required"));
        assert_eq!(patch(&[("if-match", "1")], json!({"name":"新"})).problem(), (400, "if_match_invalid"));
        assert_eq!(patch(&[("if-match", "\"abc\"")], json!({"name":"新"})).problem(), (412, "stale"));
        let changed = patch(&[("if-match", "\"1\"")], json!({"name":"新局","settings":{"task_days":5}}));
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{changed:?}");
        assert_eq!((&changed.json["name"], &changed.json["settings"]["task_days"]), (&json!("新局"), &json!(5)));
        assert_eq!(patch(&[("if-match", "\"1\"")], json!({"name":"旧"})).problem(), (412, "stale"));
        let bad = patch(&[("if-match", "\"2\"")], json!({"name":" ","region":"nowhere","settings":{"task_days":"x"}}));
        assert_eq!(bad.problem(), (422, "invalid"));
        assert_eq!(
            bad.fields(),
            [("/name", "required"), ("/region", "unknown_value"), ("/settings/task_days", "invalid_value")]
        );
        assert_eq!(service.get(&path, &admin).json["name"], "新局");

        let departments = format!("{path}/departments");
        let made = service.create(&departments, &admin, json!({"code":"xxk","name":"信息科"}));
        assert_eq!(made.status, 201, "{made:?}");
        let one = made.header("location").to_owned();
        let tag = made.header("etag").to_owned();
        let rename =
            |tag: &str| service.call_with("PATCH", &one, &admin, &[("if-match", tag)], Some(json!({"name":"公开科"})));
        let renamed = rename(&tag);
        assert_eq!((renamed.status, renamed.json["name"].as_str()), (200, Some("公开科")), "{renamed:?}");
        assert_ne!(renamed.header("etag"), tag);
        assert_eq!(rename(&tag).problem(), (412, "stale"));
    });
}

#[test]
fn what_is_sent_twice_is_made_once() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let admin = service.user_token("guan", organ, &[Role::Admin]);
        let body = |code: &str| json!({ "code": code, "name": "下级局", "parent_id": organ.0 });
        let post = |key: &str, code: &str| {
            service.call_with("POST", "/api/v1/organs", &admin, &[("idempotency-key", key)], Some(body(code)))
        };
        let without = service.call("POST", "/api/v1/organs", &admin, Some(body("b")));
        assert_eq!(without.problem(), (400, "idempotency_key_required"));
        assert_eq!(post("two words", "b").problem(), (400, "idempotency_key_invalid"));
        let first = post("k-1", "b");
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""), "{first:?}");
        let again = post("k-1", "b");
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!((again.header("etag"), again.header("location")), (first.header("etag"), first.header("location")));
        assert_eq!(post("k-1", "c").problem(), (422, "idempotency_key_reused"));
        assert_eq!(post("k-2", "b").problem(), (409, "already_exists"), "another request for the same code");
        let replies: Vec<Reply> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| post("k-3", "d"))).collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [201; 8]);
        assert_eq!(replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty()).count(), 1);
        assert!(replies.iter().all(|reply| reply.text == replies[0].text));
    });
}

#[test]
fn bad_input_is_always_a_problem_with_a_code() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let admin = service.user_token("guan", organ, &[Role::Admin]);
        let bearer = format!("Bearer {admin}");
        let raw = |kind: &str, body: &[u8]| {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", "x"), ("content-type", kind)];
            service.send("POST", "/api/v1/organs", &headers, Some(body))
        };
        let json = |body: &str| raw("application/json", body.as_bytes());
        assert_eq!(json("{\"code\":").problem(), (400, "malformed_json"));
        assert_eq!(json("").problem(), (400, "malformed_json"));
        assert_eq!(json("\u{0}").problem(), (400, "malformed_json"));
        assert_eq!(json(&"[".repeat(5000)).problem(), (400, "malformed_json"));
        assert_eq!(raw("application/json", &[0xff, 0xfe, 0x00]).problem(), (400, "malformed_json"));
        assert_eq!(raw("text/plain", b"{}").problem(), (415, "unsupported_media_type"));
        let unknown = json(r#"{"code":"b","name":"n","parent_id":"x","version":7}"#);
        assert!(matches!(unknown.problem(), (422, "invalid_value") | (400, "unknown_field")), "{unknown:?}");
        let id = organ.0;
        for extra in ["id", "version", "path", "created_at", "organ_id", "status", "role", "hash"] {
            let reply = json(&format!(r#"{{"code":"b","name":"n","parent_id":"{id}","{extra}":"x"}}"#));
            assert_eq!(reply.problem(), (400, "unknown_field"));
            assert_eq!(reply.fields(), [(format!("/{extra}").as_str(), "unknown_field")]);
        }
        let wrong = json(r#"{"code":7,"name":"n"}"#);
        assert_eq!((wrong.problem(), wrong.fields()), ((422, "invalid_value"), vec![("/code", "invalid_value")]));
        let missing = json(r#"{"code":"b","name":"n"}"#);
        assert_eq!((missing.problem(), missing.fields()), ((422, "invalid_value"), vec![("/parent_id", "required")]));
        let hostile =
            ["'; DROP TABLE organs; --", "<script>alert(1)</script>", "a\u{7}b", "\r\nx: y", &"长".repeat(200)];
        for text in hostile {
            let body = serde_json::json!({ "code": text, "name": text, "parent_id": id }).to_string();
            let reply = json(&body);
            let code = if text.contains(char::is_control) { "invalid_value" } else { "invalid" };
            assert_eq!(reply.problem(), (422, code), "{text:?}");
            assert!(!reply.text.contains("DROP") && !reply.text.contains("script"), "{reply:?}");
        }
        for place in ["code", "name"] {
            let mut body = serde_json::json!({ "code": "b", "name": "n", "parent_id": id });
            body[place] = serde_json::json!("a\u{0}b");
            let reply = json(&body.to_string());
            assert_eq!(reply.problem(), (422, "invalid_value"), "no database takes a NUL");
            assert_eq!(reply.fields(), [(format!("/{place}").as_str(), "invalid_value")]);
        }
        assert_eq!(service.sign_in("a\u{0}b", "x\u{0}").problem(), (422, "invalid_value"));
        assert_eq!(service.get("/api/v1/organs?cursor=00", &admin).problem(), (400, "invalid_query"));
        assert_eq!(service.get("/api/v1/calendar/version?region=a%00b", &admin).problem(), (400, "invalid_query"));
        assert_eq!(service.get("/api/v1/calendar/20%0026", &admin).problem(), (404, "not_found"));
        let big = format!(r#"{{"code":"b","name":"{}"}}"#, "x".repeat(10 << 20));
        assert_eq!(json(&big).problem(), (413, "payload_too_large"));

        assert_eq!(service.get("/api/v1/nothing", &admin).problem(), (404, "not_found"));
        assert_eq!(service.get("/api", &admin).problem(), (404, "not_found"));
        assert_eq!(service.get("/api/v1/organs/%2e%2e%2fx", &admin).problem(), (404, "not_found"));
        let verb = service.call("DELETE", "/api/v1/organs", &admin, None);
        assert_eq!((verb.problem(), verb.header("allow")), ((405, "method_not_allowed"), "GET, POST"));
        assert_eq!(service.get("/api/v1/calendar/x", &admin).problem(), (404, "not_found"));
        for query in ["from=2025-02-30&n=1", "n=1", "from=2025-02-20&n=-1", "from=2025-02-20&n=99999&region="] {
            assert_eq!(
                service.get(&format!("/api/v1/calendar/workdays?{query}"), &admin).problem(),
                (400, "invalid_query")
            );
        }
        assert_eq!(
            service.get("/api/v1/organs", &admin).json["items"].as_array().unwrap().len(),
            1,
            "nothing was made"
        );
    });
}

#[test]
fn dates_come_from_the_calendar_in_force() {
    on_both_databases(|database| {
        let service = service(database);
        let organ = service.organ("a", None);
        let token = service.user_token("zhang", organ, &[Role::Clerk]);
        let due = service.get("/api/v1/calendar/workdays?from=2025-02-20&n=20", &token);
        let version = service.get("/api/v1/calendar/version", &token);
        assert_eq!((&due.json["date"], due.json.get("gap")), (&json!("2025-03-20"), None));
        assert_eq!(due.json["calendar_version"], version.json["version"]);
        let gap = service.get("/api/v1/calendar/workdays?from=2026-12-30&n=20", &token);
        assert_eq!((gap.json.get("date"), &gap.json["gap"]), (None, &json!("2027-01-01")));
        let year = service.get("/api/v1/calendar/2026", &token);
        assert!(year.json["notice"].as_str().unwrap().starts_with("国办发明电〔2025〕7号"), "{year:?}");
        assert_eq!(service.get("/api/v1/calendar/2031", &token).problem(), (404, "not_found"));
        let table = service.get("/api/v1/law/outcomes?regime=711", &token);
        assert_eq!(table.json["items"].as_array().unwrap().len(), 25);
    });
}

#[test]
fn readiness_tells_what_is_missing() {
    for database in TestDatabase::both_empty() {
        let service = service(&database);
        assert_eq!(service.send("GET", "/health/live", &[], None).status, 200, "alive without tables");
        let before = service.send("GET", "/health/ready", &[], None);
        assert_eq!(before.problem(), (503, "not_ready"), "{}", database.name);
        assert_eq!((before.header("retry-after"), before.fields()), ("5", vec![("migrations", "pending")]));
        service.office.store().migrate().unwrap();
        let after = service.later_ready();
        assert_eq!((after.status, &after.json["is_ready"]), (200, &json!(true)), "{after:?}");
        assert_eq!(after.json["calendar"]["is_sufficient"], json!(true));
        service.office.clock().set(day("2027-01-04"));
        let beyond = service.later_ready();
        assert_eq!((beyond.status, &beyond.json["calendar"]["missing_since"]), (200, &json!("2027-01-01")));
    }
}

#[test]
fn a_request_that_takes_too_long_is_answered_503() {
    let database = TestDatabase::sqlite();
    let service = Service::start_with(&database, Clock::system(), |settings| settings.server.request_deadline_ms = 300);
    let organ = service.organ("a", None);
    let admin = service.user_token("guan", organ, &[Role::Admin]);
    let store = service.office.store().clone();
    let (held, is_held) = std::sync::mpsc::channel();
    let holder = std::thread::spawn(move || {
        store.write(|_| -> Result<(), gongkai::office::OfficeError> {
            held.send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(1_200));
            Ok(())
        })
    });
    is_held.recv().unwrap();
    let body = json!({ "code": "b", "name": "下级局", "parent_id": organ.0 });
    let late = service.create("/api/v1/organs", &admin, body);
    assert_eq!(late.problem(), (503, "deadline_exceeded"));
    assert_eq!(late.header("retry-after"), "2");
    assert_eq!(service.send("GET", "/health/live", &[], None).status, 200, "others are served meanwhile");
    holder.join().unwrap().unwrap();
}

#[test]
fn every_answer_names_its_request_and_forbids_keeping_it() {
    let database = TestDatabase::sqlite();
    let service = service(&database);
    let given = service.send("GET", "/health/live", &[("x-request-id", "order-20261123")], None);
    assert_eq!(given.header("x-request-id"), "order-20261123");
    for id in ["short", "with space here", "<script>alert(1)</script>"] {
        let reply = service.send("GET", "/nowhere", &[("x-request-id", id)], None);
        let own: Uuid = reply.header("x-request-id").parse().unwrap();
        assert_eq!(reply.json["instance"], format!("urn:request:{own}"));
    }
    for (name, value) in
        [("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")]
    {
        assert_eq!(given.header(name), value);
    }
}

#[test]
fn the_documentation_page_and_the_document_need_no_network() {
    let database = TestDatabase::sqlite();
    let service = service(&database);
    let page = service.send("GET", "/docs/", &[], None);
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    let mut parts = 0;
    for part in page.text.split("=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        if let Some(name) = part.strip_suffix(".js").or_else(|| part.strip_suffix(".css")) {
            let file = service.send("GET", &format!("/docs/{}", part.trim_start_matches("./")), &[], None);
            assert_eq!(file.status, 200, "{name}");
            parts += 1;
        }
    }
    assert!(parts >= 4, "{parts} parts");
    let start = service.send("GET", "/docs/swagger-initializer.js", &[], None);
    assert!(start.text.contains("/api/v1/openapi.json") && !start.text.contains("http"), "{}", start.text);
    let served = service.send("GET", "/api/v1/openapi.json", &[], None);
    let committed: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    assert!(served.json == committed, "docs/openapi.json is out of date: gongkai openapi > docs/openapi.json");
    assert_eq!(service.send("GET", "/docs", &[], None).header("location"), "/docs/");
}

#[test]
fn metrics_carry_route_templates_and_no_ids() {
    let database = TestDatabase::sqlite();
    let service = service(&database);
    let organ = service.organ("a", None);
    let admin = service.user_token("guan", organ, &[Role::Admin]);
    service.get(&format!("/api/v1/organs/{}", organ.0), &admin);
    service.get("/nowhere/110101199003070011", &admin);
    let metrics = service.send("GET", "/metrics", &[], None);
    assert!(metrics.text.contains(r#"endpoint="/api/v1/organs/{organ_id}""#), "{}", metrics.text);
    assert!(!metrics.text.contains("110101199003070011") && !metrics.text.contains(&organ.0.to_string()));
}

#[test]
fn a_secret_is_not_shown_by_the_settings() {
    let settings = gongkai::config::Settings::for_tests("postgres://u:hidden@h/d").unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hidden") && !shown.contains("only tests know"), "{shown}");
    assert!(TimeDelta::seconds(i64::from(settings.security.access_token_s)) <= TimeDelta::minutes(15));
}
