//! A bureau at work over HTTP: people with their tokens, and a case that is given commands.

use gongkai::case::Role;
use gongkai::store::{OrganId, UserId, people::departments};
use serde_json::{Value, json};

use crate::support::service::{Reply, Service};
use crate::support::{TestDatabase, day};

/// A bureau with one department and one person a role.
pub struct Bureau {
    pub service: Service,
    pub organ: OrganId,
    pub department: String,
    pub clerk: String,
    pub clerk_id: UserId,
    pub head: String,
    pub reviewer: String,
    pub leader: String,
    pub supervisor: String,
}

impl Bureau {
    /// A bureau on a day.
    pub fn open(database: &TestDatabase, today: &str) -> Self {
        let service = Service::start(database, day(today));
        let organ = service.organ("zrzy", None);
        let add = |db: &mut _| departments::insert(db, organ, "gd", "耕地保护科");
        let department = service.office.store().write(add).unwrap().id.0.to_string();
        let clerk_id = service.user("jingban", organ, &[Role::Clerk]);
        let clerk = service.token("jingban");
        let token = |name: &str, role| service.user_token(name, organ, &[role]);
        let head = token("fuze", Role::OfficeHead);
        let reviewer = token("shenhe", Role::Reviewer);
        let leader = token("lingdao", Role::Leader);
        let supervisor = token("jiandu", Role::Supervisor);
        Self { organ, department, clerk, clerk_id, head, reviewer, leader, supervisor, service }
    }

    /// Moves the calendar of the office.
    pub fn on(&self, today: &str) {
        self.service.office.clock().set(day(today));
    }

    /// An application handed in at the counter on a day.
    pub fn application(&self, submitted_on: &str) -> Value {
        json!({
            "organ_id": self.organ.0,
            "applicant": {
                "kind": "natural_person",
                "name": "王小明",
                "identity": { "kind": "id_card", "number": "11010519491231002X" },
                "contact": { "telephone": "13800138000", "address": "某市某路1号" }
            },
            "title": "某地块征收土地批复",
            "request": "公开某地块征收土地批复文件",
            "channel": "in_person",
            "submitted_on": submitted_on,
            "delivery": { "form": "paper", "way": "post", "accepts_other": true }
        })
    }

    /// Files an application; the case must be made.
    #[track_caller]
    pub fn file(&self, application: Value) -> CaseAt<'_> {
        let reply = self.service.create("/api/v1/cases", &self.clerk, application);
        assert_eq!(reply.status, 201, "{reply:?}");
        CaseAt { bureau: self, id: reply.json["id"].as_str().unwrap().to_owned(), last: reply }
    }

    /// Nothing that is stored contradicts anything else: `gongkai audit verify` finds nothing.
    #[track_caller]
    pub fn verified(&self) {
        let mut found = Vec::new();
        self.service.office.evidence().verify(None, None, &mut |finding| found.push(format!("{finding:?}"))).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }

    /// A case filed at the counter and registered on the same day.
    #[track_caller]
    pub fn registered(&self, on: &str) -> CaseAt<'_> {
        self.on(on);
        let mut case = self.file(self.application(on));
        case.clerk("registration", json!({ "on": on }));
        case
    }
}

/// A case as the last answer showed it.
pub struct CaseAt<'a> {
    pub bureau: &'a Bureau,
    pub id: String,
    pub last: Reply,
}

impl CaseAt<'_> {
    /// The path of the case, or of a resource below it.
    pub fn path(&self, below: &str) -> String {
        if below.is_empty() {
            format!("/api/v1/cases/{}", self.id)
        } else {
            format!("/api/v1/cases/{}/{below}", self.id)
        }
    }

    /// The ETag of the last answer.
    pub fn etag(&self) -> String {
        self.last.header("etag").to_owned()
    }

    /// Sends a command with the version last seen.
    pub fn try_command(&self, token: &str, segment: &str, body: Value) -> Reply {
        let etag = self.etag();
        self.bureau.service.call_with("POST", &self.path(segment), token, &[("if-match", &etag)], Some(body))
    }

    /// Sends a command that must be accepted.
    #[track_caller]
    pub fn command(&mut self, token: &str, segment: &str, body: Value) -> &mut Self {
        let reply = self.try_command(token, segment, body);
        assert_eq!(reply.status, 200, "{segment}: {reply:?}");
        self.last = reply;
        self
    }

    /// Sends a command of the clerk that must be accepted.
    #[track_caller]
    pub fn clerk(&mut self, segment: &str, body: Value) -> &mut Self {
        let token = self.bureau.clerk.clone();
        self.command(&token, segment, body)
    }

    /// Sends a command that must be refused by a rule; gives code and article.
    #[track_caller]
    pub fn refused(&self, token: &str, segment: &str, body: Value) -> (String, String) {
        let reply = self.try_command(token, segment, body);
        assert_eq!(reply.status, 422, "{segment}: {reply:?}");
        let article = reply.json["article"].as_str().unwrap_or_default().to_owned();
        assert!(!reply.json["detail"].as_str().unwrap_or_default().is_empty(), "{reply:?}");
        (reply.code().to_owned(), article)
    }

    /// Through the whole review chain.
    #[track_caller]
    pub fn approve(&mut self, on: &str) -> &mut Self {
        for kind in ["section_head", "secrecy", "legal"] {
            let token = self.bureau.reviewer.clone();
            self.command(&token, "reviews", json!({ "kind": kind, "on": on, "approve": true }));
        }
        let token = self.bureau.leader.clone();
        self.command(&token, "reviews", json!({ "kind": "leader", "on": on, "approve": true }))
    }

    /// Stage, clock status and due date as the case is read now.
    #[track_caller]
    pub fn now(&mut self) -> (String, String, Option<String>) {
        let reply = self.bureau.service.get(&self.path(""), &self.bureau.clerk);
        assert_eq!(reply.status, 200, "{reply:?}");
        self.last = reply;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let json = &self.last.json;
        let status = text(&json["clock"]["status"]["code"]).unwrap_or_default();
        (text(&json["stage"]["code"]).unwrap(), status, text(&json["clock"]["due"]))
    }

    /// That stage, clock status and due date are these.
    #[track_caller]
    pub fn is(&mut self, stage: &str, status: &str, due: Option<&str>) -> &mut Self {
        assert_eq!(self.now(), (stage.to_owned(), status.to_owned(), due.map(str::to_owned)));
        self
    }
}
