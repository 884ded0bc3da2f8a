//! The smaller tables: what goes in comes out, and what must not happen does not.

use gongkai::case::AuditAction;
use gongkai::store::calendar::{self, NewCalendarYear};
use gongkai::store::cases::applicants::{self, NewApplicant};
use gongkai::store::cases::obligations::{self, CurrentDuty, ObligationRow};
use gongkai::store::database::schema::applicants as applicants_table;
use gongkai::store::evidence::audit::{self, AuditFilter, NewAudit};
use gongkai::store::people::organs::{self, NewOrgan};
use gongkai::store::service::idempotency::{self, Answer, RequestKey, Seen};
use gongkai::store::{StoreError, Ts, now, people::departments, service::meta};

use diesel::prelude::*;

use crate::support::{TestDatabase, add_bureau, add_case, day, on_both};

#[test]
fn an_organ_sees_itself_and_all_below_and_nothing_beside() {
    on_both(|store| {
        let city = add_bureau(store, "city", None).organ;
        let district = add_bureau(store, "district", Some(city)).organ;
        let town = add_bureau(store, "town", Some(district)).organ;
        let beside = add_bureau(store, "beside", Some(city)).organ;
        let other = add_bureau(store, "other", None).organ;
        let below = |root| {
            let mut ids = store.read(|db| organs::subtree(db, root)).unwrap();
            ids.sort();
            ids
        };
        assert_eq!(below(city), [city, district, town, beside]);
        assert_eq!(below(district), [district, town]);
        assert_eq!(below(town), [town]);
        assert_eq!(below(other), [other]);
        assert_eq!(store.read(organs::all).unwrap().len(), 5);
        assert!(matches!(
            store.read(|db| organs::subtree(db, gongkai::store::OrganId::new())),
            Err(StoreError::NotFound)
        ));
        let path = store.read(|db| organs::find(db, town)).unwrap().path;
        assert_eq!(path, format!("/{city}/{district}/{town}/"));
    });
}

#[test]
fn an_organ_is_changed_only_on_the_version_that_was_read() {
    on_both(|store| {
        let id = add_bureau(store, "A", None).organ;
        let mut row = store.read(|db| organs::find_by_code(db, "A")).unwrap();
        assert_eq!(row.id, id);
        row.name = "市交通运输局".into();
        row.settings = r#"{"review":["legal"]}"#.into();
        let changed = store.write(|db| organs::update(db, &row)).unwrap();
        assert_eq!((changed.name.as_str(), changed.version), ("市交通运输局", 2));
        assert_eq!(changed.settings, row.settings);
        assert!(matches!(store.write(|db| organs::update(db, &row)), Err(StoreError::Conflict)));
        let new = NewOrgan { code: "A", name: "x", parent_id: None, reports_to: Some(id), region: "", settings: "{}" };
        assert!(matches!(store.write(|db| organs::insert(db, new, now())), Err(StoreError::Conflict)), "code taken");
        assert_eq!(store.read(|db| organs::list(db, &[id])).unwrap(), [changed]);
    });
}

#[test]
fn a_department_can_be_renamed_and_closed() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let before = store.read(|db| departments::find(db, bureau.department)).unwrap();
        let row = departments::DepartmentRow {
            name: "法规科".into(),
            is_active: false,
            head_id: Some(bureau.user),
            ..before
        };
        let changed = store.write(|db| departments::update(db, &row)).unwrap();
        assert_eq!(changed, departments::DepartmentRow { version: 2, ..row.clone() });
        let stale = store.write(|db| departments::update(db, &row));
        assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
        assert_eq!(store.read(|db| departments::find_by_code(db, bureau.organ, "xxk")).unwrap(), changed);
        assert_eq!(store.read(|db| departments::list(db, &[bureau.organ])).unwrap(), [changed]);
        let twice = store.write(|db| departments::insert(db, bureau.organ, "xxk", "又一个"));
        assert!(matches!(twice, Err(StoreError::Conflict)), "{twice:?}");
    });
}

#[test]
fn duties_follow_the_case_and_keep_their_id() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let case = add_case(store, &bureau, 1).id;
        let duty = |key: &str, due: &str| CurrentDuty {
            key: key.into(),
            kind: key.split(':').next().unwrap().into(),
            due_on: Some(day(due)),
            latest_on: None,
            status: obligations::OPEN.into(),
            owner_id: Some(bureau.user),
            department_id: Some(bureau.department),
            not_by_id: None,
            article: "711/33".into(),
        };
        let [first, second] = [now(), Ts(now().0 + chrono::Duration::seconds(1))];
        let set = |duties: &[CurrentDuty], at| {
            store.write(|db| obligations::replace(db, bureau.organ, case, duties, at)).unwrap()
        };
        let rows = || store.read(|db| obligations::of_case(db, case)).unwrap();
        let mut duties =
            vec![duty("correction_notice", "2026-11-09"), duty("fee", "2026-12-01"), duty("reply", "2026-11-30")];
        assert_eq!(set(&duties, first), 3);
        let before = rows();
        assert_eq!(set(&duties, second), 0, "the same again writes nothing");
        assert_eq!(rows(), before);

        duties[0].status = obligations::MET.into();
        set(&duties, first);
        duties.remove(0); // met, then no longer named
        duties.remove(0); // open, then no longer named
        duties[0].due_on = Some(day("2026-12-28"));
        duties.push(duty("third_party_opinion:1", "2026-12-10"));
        assert_eq!(set(&duties, second), 3);
        let after = rows();
        let seen = |row: &ObligationRow| (row.key.clone(), row.status.clone(), row.due_on.unwrap().to_string());
        let expected = [
            ("correction_notice", "met", "2026-11-09"),
            ("fee", "cancelled", "2026-12-01"),
            ("reply", "open", "2026-12-28"),
            ("third_party_opinion:1", "open", "2026-12-10"),
        ];
        let expected = expected.map(|(key, status, due)| (key.to_owned(), status.to_owned(), due.to_owned()));
        assert_eq!(after.iter().map(seen).collect::<Vec<_>>(), expected);
        assert_eq!((after[2].id, after[2].updated_at), (before[2].id, second));
        assert_eq!((after[0].id, after[0].updated_at), (before[0].id, first));

        let due = |from: Option<&str>, until: &str| {
            let from = from.map(day);
            let rows = store.read(|db| obligations::due(db, from, day(until), None, 10)).unwrap();
            rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
        };
        assert_eq!(due(None, "2026-12-28"), ["third_party_opinion:1", "reply"]);
        assert_eq!(due(None, "2026-12-27"), ["third_party_opinion:1"]);
        assert_eq!(due(Some("2026-12-11"), "2026-12-28"), ["reply"]);
        let after = Some((day("2026-12-10"), after[3].id));
        let next = store.read(|db| obligations::due(db, None, day("2026-12-28"), after, 10)).unwrap();
        assert_eq!(next.len(), 1, "the page after starts behind the last one");
    });
}

#[test]
fn identity_and_contact_are_sealed_in_the_table_and_found_by_the_blind_index() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let sealer = store.sealer();
        let row = store.read(|db| applicants::find(db, bureau.applicant)).unwrap();
        assert_eq!(applicants::identity(sealer, &row).unwrap().unwrap().expose(), "11010119900307123X");
        assert_eq!(applicants::contact(sealer, &row).unwrap().unwrap().expose(), r#"{"phone":"13800138000"}"#);
        let found = |kind: &str, number: &str| {
            store.read(|db| applicants::find_same(db, sealer, &[bureau.organ], kind, number)).unwrap()
        };
        assert_eq!(found("id_card", "110101 19900307 123x"), std::slice::from_ref(&row));
        assert_eq!(found("passport", "11010119900307123X"), []);
        assert_eq!(found("id_card", "110101199003071231"), []);
        store.write(|db| applicants::set_contact(db, sealer, row.id, "{}")).unwrap();
        let changed = store.read(|db| applicants::find(db, row.id)).unwrap();
        assert_eq!(applicants::contact(sealer, &changed).unwrap().unwrap().expose(), "{}");

        // Sealed bytes that somebody copied from another row do not open here.
        let nobody = NewApplicant {
            organ_id: bureau.organ,
            kind: "enterprise",
            name: "某公司",
            identity: None,
            is_unverified: false,
            contact: None,
        };
        let nobody = store.write(|db| applicants::insert(db, sealer, nobody, now())).unwrap();
        assert!(applicants::identity(sealer, &nobody).unwrap().is_none());
        let moved = applicants::ApplicantRow { identity_sealed: row.identity_sealed, ..nobody };
        assert!(matches!(applicants::identity(sealer, &moved), Err(StoreError::Corrupt(_))));
    });
}

#[test]
fn no_personal_number_lies_readable_in_the_database_file() {
    let database = TestDatabase::sqlite();
    let store = database.open();
    add_bureau(&store, "A", None);
    let path = database.options.url.strip_prefix("sqlite:").unwrap().to_owned();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(path + "-wal").unwrap());
    let lies_open = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(lies_open("natural_person"), "the file is looked into at all");
    assert!(!lies_open("11010119900307123X") && !lies_open("13800138000"));
    let sealed: Vec<Option<Vec<u8>>> = store
        .read(|db| -> Result<_, StoreError> {
            Ok(applicants_table::table.select(applicants_table::identity_sealed).load(db)?)
        })
        .unwrap();
    assert!(sealed[0].as_ref().unwrap().len() > 18);
}

#[test]
fn a_calendar_year_is_corrected_by_a_new_revision() {
    on_both(|store| {
        let add = |region, year, notice, content| {
            let new = NewCalendarYear { region, year, notice, content, created_by: None, source: calendar::IMPORTED };
            store.write(|db| calendar::add(db, new, now())).unwrap()
        };
        let first = add("", 2027, "国办发明电〔2026〕1号", "{}");
        let second = add("", 2027, "国办发明电〔2026〕2号", r#"{"off":[]}"#);
        let local = add("guangxi", 2027, "桂政办〔2026〕3号", "{}");
        assert_eq!([first.revision, second.revision, local.revision], [1, 2, 1]);
        assert_eq!(store.read(calendar::in_force).unwrap(), [second.clone(), local]);
        assert_eq!(store.read(|db| calendar::history(db, "", 2027)).unwrap(), [second, first]);
    });
}

#[test]
fn a_key_used_again_gives_the_first_answer_and_with_another_body_is_told_so() {
    on_both(|store| {
        let [a, b] = ["A", "B"].map(|code| add_bureau(store, code, None).user);
        let request = RequestKey { user: a, route: "POST /cases", key: "k" };
        let answer =
            Answer { status: 201, etag: Some("\"1\"".into()), location: Some("/c/1".into()), body: "{}".into() };
        let at = now();
        store.write(|db| idempotency::store(db, request, "f1", &answer, at)).unwrap();
        let seen = |request, fingerprint| store.write(|db| idempotency::begin(db, request, fingerprint)).unwrap();
        assert_eq!(seen(request, "f1"), Seen::Before(answer.clone()));
        assert_eq!(seen(request, "f2"), Seen::WithOtherBody);
        assert_eq!(seen(RequestKey { user: b, ..request }, "f1"), Seen::Never);
        assert_eq!(seen(RequestKey { route: "POST /users", ..request }, "f1"), Seen::Never);
        let twice = store.write(|db| idempotency::store(db, request, "f1", &answer, at));
        assert!(matches!(twice, Err(StoreError::Conflict)), "{twice:?}");

        let later =
            |days: i64, seconds: i64| Ts(at.0 + chrono::Duration::days(days) + chrono::Duration::seconds(seconds));
        assert_eq!(store.write(|db| idempotency::purge(db, later(7, 0))).unwrap(), 0);
        assert_eq!(store.write(|db| idempotency::purge(db, later(7, 1))).unwrap(), 1);
        assert_eq!(seen(request, "f1"), Seen::Never);
    });
}

#[test]
fn the_audit_log_is_read_newest_first_by_page() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let case = add_case(store, &bureau, 1).id;
        let start = now();
        for n in 0..5 {
            let entry = NewAudit {
                actor_id: Some(bureau.user),
                organ_id: (n != 0).then_some(bureau.organ),
                case_id: (n % 2 == 0).then_some(case),
                action: if n == 3 { AuditAction::ApplicantRevealed } else { AuditAction::CaseTagged },
                detail: "{}",
            };
            let at = Ts(start.0 + chrono::Duration::seconds(n));
            store.write(|db| audit::append(db, entry, at)).unwrap();
        }
        let seconds = |filter: &AuditFilter, after, limit| -> Vec<i64> {
            let rows = store.read(|db| audit::list(db, filter, after, limit)).unwrap();
            rows.iter().map(|row| (row.at.0 - start.0).num_seconds()).collect()
        };
        let all = AuditFilter::default();
        assert_eq!(seconds(&all, None, 10), [4, 3, 2, 1, 0]);
        let page = store.read(|db| audit::list(db, &all, None, 2)).unwrap();
        assert_eq!(seconds(&all, page.last().map(|row| (row.at, row.id)), 2), [2, 1]);
        assert_eq!(seconds(&AuditFilter { case: Some(case), ..all.clone() }, None, 10), [4, 2, 0]);
        assert_eq!(seconds(&AuditFilter { organs: Some(vec![bureau.organ]), ..all.clone() }, None, 10), [4, 3, 2, 1]);
        assert_eq!(
            seconds(&AuditFilter { action: Some(AuditAction::ApplicantRevealed), ..all.clone() }, None, 10),
            [3]
        );
        assert_eq!(seconds(&AuditFilter { actor: Some(bureau.user), ..all.clone() }, None, 10).len(), 5);
        let at = |n| Some(Ts(start.0 + chrono::Duration::seconds(n)));
        assert_eq!(seconds(&AuditFilter { from: at(1), until: at(3), ..all }, None, 10), [2, 1]);
    });
}

#[test]
fn a_fact_about_the_database_is_set_and_set_again() {
    on_both(|store| {
        store.write(|db| meta::set(db, "caught_up_to", "2026-11-22")).unwrap();
        store.write(|db| meta::set(db, "caught_up_to", "2026-11-23")).unwrap();
        assert_eq!(store.read(|db| meta::get(db, "caught_up_to")).unwrap().as_deref(), Some("2026-11-23"));
        assert_eq!(store.read(|db| meta::get(db, "other")).unwrap(), None);
    });
}

#[test]
fn an_instant_written_is_the_instant_read() {
    on_both(|store| {
        let at = now();
        assert_eq!(at.0.timestamp_subsec_nanos() % 1_000, 0);
        let new = NewOrgan { code: "T", name: "t", parent_id: None, reports_to: None, region: "", settings: "{}" };
        let id = store.write(|db| organs::insert(db, new, at)).unwrap().id;
        assert_eq!(store.read(|db| organs::find(db, id)).unwrap().created_at, at);
        assert_eq!(at.to_string().len(), "2026-11-23T03:00:00.000000Z".len());
    });
}
