//! A running service for a test: the real server on a free port, with its office at hand to prepare things.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::NaiveDate;
use gongkai::api;
use gongkai::case::Role;
use gongkai::config::Settings;
use gongkai::office::people::organs::OrganDraft;
use gongkai::office::people::users::UserDraft;
use gongkai::office::{Clock, Office, OfficeError};
use gongkai::store::people::users::{self, UserKind};
use gongkai::store::{OrganId, UserId};
use serde_json::{Value, json};

use crate::support::TestDatabase;
use crate::support::openapi::document;

/// The password of every user a test makes.
pub const PASSWORD: &str = "Rain-Mountain-2025";

/// A server on 127.0.0.1 that stops when this is dropped.
pub struct Service {
    pub url: String,
    pub office: Office,
    agent: ureq::Agent,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Reply {
    /// The header of a name, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem; fails when the answer is none.
    #[track_caller]
    pub fn code(&self) -> &str {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json["status"], self.status, "{self:?}");
        self.json["code"].as_str().unwrap()
    }

    /// Status and code of a problem.
    #[track_caller]
    pub fn problem(&self) -> (u16, &str) {
        (self.status, self.code())
    }

    /// The problem without what differs from request to request.
    pub fn problem_body(&self) -> Value {
        let mut body = self.json.clone();
        body.as_object_mut().unwrap().remove("instance");
        body
    }

    /// Pointer and code of each field error.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        let errors = self.json["errors"].as_array().unwrap();
        errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
    }
}

impl Service {
    /// A service of a day on a database.
    pub fn start(database: &TestDatabase, today: NaiveDate) -> Self {
        Self::start_with(database, Clock::fixed(today), |_| {})
    }

    /// A service with settings of its own.
    pub fn start_with(database: &TestDatabase, clock: Clock, adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::for_tests(&database.options.url).unwrap();
        adjust(&mut settings);
        let office = Office::with_store(database.open(), settings, clock).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (send, receive) = mpsc::channel();
        let served = office.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = api::server(served, listener).unwrap();
                send.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        // The server closes what is idle for five seconds; a connection that old must not be used again.
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let config = config.max_idle_age(Duration::from_secs(1));
        let agent = config.build().into();
        Self { url, office, agent, handle: receive.recv().unwrap(), thread: Some(thread) }
    }

    /// Sends a request; `headers` are added as they are. Every answer must be one that the document knows.
    pub fn send(&self, verb: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let mut request = ureq::http::Request::builder().method(verb).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None if matches!(verb, "POST" | "PUT" | "PATCH") => self.agent.run(request.body(&[][..]).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.unwrap();
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let reply = Reply { status: response.status().as_u16(), headers: response.headers().clone(), text, json };
        document().expect(verb, path, &reply);
        reply
    }

    /// Fetches a file: its media type and its bytes; `accept` may be empty for none.
    #[track_caller]
    pub fn download(&self, path: &str, token: &str, accept: &str) -> (String, Vec<u8>) {
        let mut request =
            self.agent.get(format!("{}{path}", self.url)).header("authorization", format!("Bearer {token}"));
        if !accept.is_empty() {
            request = request.header("accept", accept);
        }
        let mut response = request.call().unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.body_mut().read_to_vec().unwrap())
    }

    /// Sends JSON (or nothing) with a token.
    pub fn call(&self, verb: &str, path: &str, token: &str, body: Option<Value>) -> Reply {
        self.call_with(verb, path, token, &[], body)
    }

    /// As [`Service::call`], with more headers.
    pub fn call_with(
        &self,
        verb: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        if body.is_some() {
            all.push(("content-type", "application/json"));
        }
        self.send(verb, path, &all, body.map(|body| body.to_string()).as_deref().map(str::as_bytes))
    }

    /// Reads with a token.
    pub fn get(&self, path: &str, token: &str) -> Reply {
        self.call("GET", path, token, None)
    }

    /// The readiness, once what was answered before is no longer kept.
    pub fn later_ready(&self) -> Reply {
        std::thread::sleep(Duration::from_millis(1_050));
        self.send("GET", "/health/ready", &[], None)
    }

    /// Creates, with a key of its own.
    pub fn create(&self, path: &str, token: &str, body: Value) -> Reply {
        let key = uuid::Uuid::new_v4().to_string();
        self.call_with("POST", path, token, &[("idempotency-key", &key)], Some(body))
    }

    /// Tries to sign in.
    pub fn sign_in(&self, username: &str, password: &str) -> Reply {
        let body = json!({ "username": username, "password": password }).to_string();
        self.send("POST", "/api/v1/auth/token", &[("content-type", "application/json")], Some(body.as_bytes()))
    }

    /// The access token of a user the test made.
    #[track_caller]
    pub fn token(&self, username: &str) -> String {
        let reply = self.sign_in(username, PASSWORD);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json["access_token"].as_str().unwrap().to_owned()
    }

    /// A new calendar address of whoever holds the access token: its own token.
    #[track_caller]
    pub fn feed(&self, token: &str) -> String {
        let made = self.call("POST", "/api/v1/me/feed", token, None);
        assert_eq!(made.status, 200, "{made:?}");
        let path = made.json["path"].as_str().unwrap();
        path.strip_prefix("/api/v1/feeds/").and_then(|rest| rest.strip_suffix(".ics")).unwrap().to_owned()
    }

    /// Adds an organ.
    pub fn organ(&self, code: &str, parent_id: Option<OrganId>) -> OrganId {
        let draft = OrganDraft {
            code: code.into(),
            name: format!("{code}局"),
            parent_id,
            reports_to: None,
            region: String::new(),
            settings: json!({}),
        };
        self.office.store().write(|db| self.office.people().insert_organ(db, &draft)).unwrap().id
    }

    /// Adds a user with roles in an organ; the password is [`PASSWORD`].
    pub fn user(&self, username: &str, organ: OrganId, roles: &[Role]) -> UserId {
        let draft = UserDraft {
            username: username.into(),
            display_name: format!("{username}某"),
            email: Some(format!("{username}@example.cn")),
            kind: UserKind::Person,
            department_id: None,
            roles: roles.to_vec(),
        };
        let hash = self.office.passwords().hash(PASSWORD).unwrap();
        self.office.store().write(|db| self.office.people().add_user(db, organ, &draft, &hash)).unwrap().user.id
    }

    /// Adds a user and signs it in.
    pub fn user_token(&self, username: &str, organ: OrganId, roles: &[Role]) -> String {
        self.user(username, organ, roles);
        self.token(username)
    }

    /// Gives a user roles in a further organ.
    pub fn grant(&self, user: UserId, organ: OrganId, roles: &[Role]) {
        let grant = |db: &mut _| -> Result<(), OfficeError> { Ok(users::set_roles(db, user, organ, roles)?) };
        self.office.store().write(grant).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The returned future only waits; asking is done by the call itself.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
