//! Lists of cases: what each filter lets through, pages that neither repeat nor skip, and the indexes that serve them.

use std::sync::mpsc;

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::store::cases::{self, CaseCursor, CaseFilter, CaseOrder, CaseRow, obligations};
use gongkai::store::{CaseId, Db, OrganId, Store, StoreError, Ts, UserId, now};

use crate::support::{Bureau, add_bureau, case_row, day, on_both, on_both_databases};

fn put(store: &Store, bureau: &Bureau, change: impl Fn(&mut CaseRow)) -> CaseId {
    let mut row = case_row(bureau);
    change(&mut row);
    store.write(|db| cases::insert(db, &row)).unwrap();
    row.id
}

/// The rows without the names.
fn unnamed(cases: Vec<cases::NamedCase>) -> Vec<CaseRow> {
    cases.into_iter().map(|case| case.row).collect()
}

fn ids(rows: Vec<CaseRow>) -> Vec<CaseId> {
    rows.into_iter().map(|row| row.id).collect()
}

#[test]
fn a_case_comes_back_as_it_went_in_and_a_change_may_empty_a_column() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let mut full = case_row(&bureau);
        full.number = Some("2026-001".into());
        full.source = Some("portal".into());
        full.external_number = Some("W-9".into());
        full.resumes_on = Some(day("2026-11-20"));
        full.replied_on = Some(day("2026-11-21"));
        full.closed_on = Some(day("2026-11-22"));
        full.outcome = Some("disclosed.provided".into());
        full.department_id = Some(bureau.department);
        full.handler_id = Some(bureau.user);
        full.version = 1;
        store.write(|db| cases::insert(db, &full)).unwrap();
        assert_eq!(store.read(|db| cases::find(db, full.id)).unwrap(), full);
        assert_eq!(store.read(|db| cases::find_by_number(db, bureau.organ, "2026-001")).unwrap(), full);
        assert_eq!(store.read(|db| cases::find_by_external(db, bureau.organ, "portal", "W-9")).unwrap(), full);
        let mut emptied = case_row(&bureau);
        emptied.id = full.id;
        emptied.version = 2;
        store.write(|db| cases::update(db, &emptied, 1)).unwrap();
        assert_eq!(store.read(|db| cases::find(db, full.id)).unwrap(), emptied);
    });
}

#[test]
fn the_same_number_or_filing_is_refused_in_one_organ_and_free_in_another() {
    on_both(|store| {
        let [a, b] = ["A", "B"].map(|code| add_bureau(store, code, None));
        let filed = |bureau: &Bureau| {
            let mut row = case_row(bureau);
            row.number = Some("1".into());
            row.source = Some("portal".into());
            row.external_number = Some("W-1".into());
            row
        };
        store.write(|db| cases::insert(db, &filed(&a))).unwrap();
        store.write(|db| cases::insert(db, &filed(&b))).unwrap();
        let again = CaseRow { number: Some("2".into()), ..filed(&a) };
        assert!(matches!(store.write(|db| cases::insert(db, &again)), Err(StoreError::Conflict)), "same filing");
        let numbered = CaseRow { external_number: None, ..filed(&a) };
        assert!(matches!(store.write(|db| cases::insert(db, &numbered)), Err(StoreError::Conflict)), "same number");
        store.write(|db| cases::insert(db, &CaseRow { external_number: None, number: None, ..filed(&a) })).unwrap();
        store.write(|db| cases::insert(db, &CaseRow { external_number: None, number: None, ..filed(&a) })).unwrap();
    });
}

#[test]
fn who_may_not_see_an_organ_finds_nothing_of_it() {
    on_both(|store| {
        let [a, b] = ["A", "B"].map(|code| add_bureau(store, code, None));
        let case = put(store, &a, |_| ());
        let find = |organs: &[OrganId]| store.read(|db| cases::find_within(db, case, organs));
        assert_eq!(find(&[b.organ, a.organ]).unwrap().id, case);
        assert!(matches!(find(&[b.organ]), Err(StoreError::NotFound)));
        assert!(matches!(find(&[]), Err(StoreError::NotFound)));
        let none = CaseFilter::default();
        assert_eq!(store.read(|db| cases::list(db, &none, None, 10)).unwrap(), [], "no organ named: nothing to see");
    });
}

#[test]
fn each_filter_lets_through_what_it_says() {
    on_both(|store| {
        let [a, b] = ["A", "B"].map(|code| add_bureau(store, code, None));
        let plain = put(store, &a, |_| ());
        let special = put(store, &a, |row| {
            row.stage = "in_review".into();
            row.clock_status = "suspended".into();
            row.due_on = Some(day("2026-12-31"));
            row.received_on = Some(day("2026-11-10"));
            row.department_id = Some(a.department);
            row.handler_id = Some(a.user);
            row.channel = "fax".into();
            row.applicant_kind = "enterprise".into();
            row.outcome = Some("refused.state_secret".into());
            row.is_open = false;
            row.replied_on = Some(day("2026-11-20"));
            row.source = Some("portal".into());
        });
        let elsewhere = put(store, &b, |row| row.due_on = None);
        let base = CaseFilter { organs: vec![a.organ], ..CaseFilter::default() };
        let only = |filter: CaseFilter| ids(store.read(|db| cases::list(db, &filter, None, 10)).unwrap());
        assert_eq!(only(base.clone()), [special, plain]);
        assert_eq!(only(CaseFilter { organs: vec![a.organ, b.organ], ..base.clone() }), [elsewhere, special, plain]);
        let codes = |code: &str| vec![code.to_owned()];
        for filter in [
            CaseFilter { stages: codes("in_review"), ..base.clone() },
            CaseFilter { clock_statuses: codes("suspended"), ..base.clone() },
            CaseFilter { due_from: Some(day("2026-12-31")), ..base.clone() },
            CaseFilter { received_from: Some(day("2026-11-10")), ..base.clone() },
            CaseFilter { departments: vec![a.department], ..base.clone() },
            CaseFilter { handler: Some(a.user), ..base.clone() },
            CaseFilter { channels: codes("fax"), ..base.clone() },
            CaseFilter { applicant_kinds: codes("enterprise"), ..base.clone() },
            CaseFilter { outcomes: vec!["closed.other".into(), "refused.state_secret".into()], ..base.clone() },
            CaseFilter { is_open: Some(false), ..base.clone() },
            CaseFilter { replied_from: Some(day("2026-11-20")), ..base.clone() },
            CaseFilter { replied_until: Some(day("2026-11-20")), ..base.clone() },
            CaseFilter { source: Some("portal".into()), ..base.clone() },
        ] {
            assert_eq!(only(filter.clone()), [special], "{filter:?}");
            assert_eq!(store.read(|db| cases::count(db, &filter)).unwrap(), 1, "{filter:?}");
        }
        for filter in [
            CaseFilter { stages: codes("received"), ..base.clone() },
            CaseFilter { due_until: Some(day("2026-11-30")), ..base.clone() },
            CaseFilter { received_until: Some(day("2026-11-09")), ..base.clone() },
            CaseFilter { is_open: Some(true), ..base.clone() },
        ] {
            assert_eq!(only(filter.clone()), [plain], "{filter:?}");
        }
        let applicants = CaseFilter { applicants: vec![a.applicant], ..base.clone() };
        assert_eq!(only(applicants), [special, plain]);
        for (from, until) in [(Some("2026-11-21"), None), (None, Some("2026-11-19"))] {
            let (replied_from, replied_until) = (from.map(day), until.map(day));
            assert_eq!(only(CaseFilter { replied_from, replied_until, ..base.clone() }), []);
        }
        let nobody = CaseFilter { handler: Some(UserId::new()), ..base };
        assert_eq!(only(nobody), []);
    });
}

#[test]
fn free_text_is_looked_for_as_it_is_typed() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let title = put(store, &bureau, |row| row.title = r"占比100%的_路\段".into());
        let number = put(store, &bureau, |row| row.number = Some("2026-Q-7".into()));
        let name = put(store, &bureau, |row| row.applicant_name = "付店镇村民".into());
        let search = |text: &str| {
            let (organs, names_in) = (vec![bureau.organ], vec![bureau.organ]);
            let filter = CaseFilter { organs, names_in, text: Some(text.into()), ..CaseFilter::default() };
            ids(store.read(|db| cases::list(db, &filter, None, 10)).unwrap())
        };
        assert_eq!(search("100%的"), [title]);
        assert_eq!(search("_路"), [title]);
        assert_eq!(search(r"路\段"), [title]);
        assert_eq!(search("2026-Q"), [number]);
        assert_eq!(search("付店"), [name]);
        assert_eq!(search("1%0"), [], "a percent sign is no wildcard");
        assert_eq!(search("养_合同"), [], "an underscore is no wildcard");
        assert_eq!(search("'; DROP TABLE cases; --"), []);
        assert_eq!(search("养护").len(), 2);
    });
}

#[test]
fn pages_neither_repeat_nor_skip_while_cases_come_in() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let start = now();
        // Several of the same instant, so that the id has to decide.
        let at = |n: i64| Ts(start.0 + chrono::Duration::milliseconds(n / 4));
        let mut expected: Vec<CaseId> = (0..50).map(|n| put(store, &bureau, |row| row.created_at = at(n))).collect();
        expected.sort_by_key(|id| std::cmp::Reverse(*id));
        let filter = CaseFilter { organs: vec![bureau.organ], ..CaseFilter::default() };
        let (mut seen, mut after): (Vec<CaseId>, Option<CaseCursor>) = (Vec::new(), None);
        loop {
            let page = store.read(|db| cases::list(db, &filter, after.as_ref(), 7)).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(CaseCursor::of(CaseOrder::Added, last));
            seen.extend(ids(page));
            put(store, &bureau, |row| row.created_at = at(1_000));
        }
        assert_eq!(seen, expected);
    });
}

/// Every fourth case has no day and no number, and each day and number but those is that of several.
fn varied(row: &mut CaseRow, n: u32) {
    let start = chrono::DateTime::from_timestamp(1_793_000_000, 0).unwrap();
    let on = |days: u32| Some(day("2026-11-02") + chrono::Days::new(days.into()));
    row.updated_at = Ts(start + chrono::Duration::seconds((n * 7 % 5).into()));
    row.received_on = on(n * 5 % 6).filter(|_| !n.is_multiple_of(4));
    row.due_on = on(20 + n * 3 % 7).filter(|_| !n.is_multiple_of(4));
    row.warns_on = row.due_on;
    row.number = (!n.is_multiple_of(4)).then(|| format!("依申请〔{}〕{}号", 2026 - n % 2, (n * 11) % 47 + 1));
    if n.is_multiple_of(5) {
        // Not certain yet: it is the earliest day that counts.
        row.latest_on = row.due_on.and_then(|due| due.checked_add_days(chrono::Days::new(7)));
        row.due_on = None;
    }
}

/// What is last in any order comes last here too.
fn is_before(order: CaseOrder, one: &CaseRow, other: &CaseRow) -> bool {
    let counted = |row: &CaseRow| {
        let number = row.number.as_ref()?;
        let mut digits = number.split(|c: char| !c.is_ascii_digit()).filter(|some| !some.is_empty());
        Some((digits.next()?.parse::<u32>().ok()?, digits.next()?.parse::<u32>().ok()?))
    };
    let due = |row: &CaseRow| row.due_on.or(row.warns_on);
    match order {
        CaseOrder::Added => (one.created_at, one.id) > (other.created_at, other.id),
        CaseOrder::Changed => (one.updated_at, one.id) > (other.updated_at, other.id),
        CaseOrder::Received => (one.received_on, one.id) > (other.received_on, other.id),
        CaseOrder::Number => {
            (counted(one).is_none(), counted(one), one.id) < (counted(other).is_none(), counted(other), other.id)
        }
        CaseOrder::Due => (due(one).is_none(), due(one), one.id) < (due(other).is_none(), due(other), other.id),
    }
}

#[test]
fn in_every_order_pages_neither_repeat_nor_skip_and_what_has_no_day_or_number_comes_last() {
    on_both(|store| {
        let busy = add_bureau(store, "A", None);
        for order in [CaseOrder::NAMED.as_slice(), &[CaseOrder::Added]].concat() {
            let here = add_bureau(store, order.code(), None);
            let cases: Vec<CaseId> = (0..45).map(|n| put(store, &here, |row| varied(row, n))).collect();
            let filter = CaseFilter { organs: vec![here.organ, busy.organ], ..CaseFilter::default() };
            let (mut seen, mut after): (Vec<CaseRow>, Option<CaseCursor>) = (Vec::new(), None);
            loop {
                let page = store.read(|db| cases::ordered(db, &filter, order, after.as_ref(), 4)).unwrap();
                let Some(last) = page.last() else { break };
                after = Some(CaseCursor::of(order, last));
                seen.extend(page);
                // What comes in meanwhile moves nothing that was there.
                for n in [4, 7].into_iter().filter(|_| seen.len() < 60) {
                    put(store, &busy, |row| {
                        varied(row, n);
                        row.number = None;
                    });
                }
            }
            assert!(seen.windows(2).all(|two| is_before(order, &two[0], &two[1])), "{order:?}: {seen:?}");
            let ours: Vec<CaseId> = seen.iter().filter(|row| row.organ_id == here.organ).map(|row| row.id).collect();
            assert_eq!(ours.len(), cases.len(), "{order:?}");
            assert!(cases.iter().all(|id| ours.contains(id)), "{order:?}");
        }
    });
}

#[test]
fn a_supervisor_sees_what_is_due_what_was_open_and_what_was_late() {
    on_both(|store| {
        let [a, b] = ["A", "B"].map(|code| add_bureau(store, code, None));
        let ended = |row: &mut CaseRow, on: &str| {
            row.is_open = false;
            row.closed_on = Some(day(on));
        };
        let due = |row: &mut CaseRow, on: Option<&str>| {
            row.due_on = on.map(day);
            row.warns_on = row.due_on;
        };
        let soon = put(store, &a, |row| due(row, Some("2026-11-25")));
        let overdue = put(store, &a, |row| due(row, Some("2026-11-20")));
        let later = put(store, &a, |row| due(row, Some("2026-12-25")));
        let undated = put(store, &a, |row| due(row, None));
        let late = put(store, &a, |row| {
            ended(row, "2026-11-24");
            row.is_late = true;
            row.replied_on = Some(day("2026-11-24"));
            row.due_on = Some(day("2026-11-19"));
        });
        let other = put(store, &b, |row| due(row, Some("2026-11-21")));
        let lists = |organs: &[OrganId]| {
            store
                .read(|db| -> Result<_, StoreError> {
                    Ok([
                        ids(unnamed(cases::open_due_until(db, organs, day("2026-11-25"), 10)?)),
                        ids(cases::late_replies(db, organs, day("2026-11-24"), day("2026-11-24"), 10)?),
                        ids(cases::late_replies(db, organs, day("2026-11-25"), day("2026-12-31"), 10)?),
                    ])
                })
                .unwrap()
        };
        assert_eq!(lists(&[a.organ]), [vec![overdue, soon], vec![late], vec![]]);
        assert_eq!(lists(&[a.organ, b.organ])[0], [overdue, other, soon]);
        assert_eq!(lists(&[]), [vec![], vec![], vec![]]);
        let open_on = |on: &str| {
            let mut open = ids(store.read(|db| cases::open_as_of(db, &[a.organ], day(on), 10)).unwrap());
            open.sort();
            open
        };
        assert_eq!(open_on("2026-11-01"), [], "nothing had come in");
        assert_eq!(open_on("2026-11-23"), [soon, overdue, later, undated, late]);
        assert_eq!(open_on("2026-11-24"), [soon, overdue, later, undated], "it ended on that day");
        assert_eq!(store.read(cases::latest_open_due).unwrap(), Some(day("2026-12-25")));
        assert_eq!(store.read(cases::count_open).unwrap(), 5);
    });
}

#[test]
fn a_stop_that_ran_out_is_found_the_day_after() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let stopped = put(store, &bureau, |row| row.resumes_on = Some(day("2026-11-20")));
        put(store, &bureau, |row| {
            row.resumes_on = Some(day("2026-11-10"));
            row.is_open = false;
        });
        let ran_out = |organ: OrganId, on: &str| {
            ids(unnamed(store.read(|db| cases::stop_ran_out(db, &[organ], day(on), 10)).unwrap()))
        };
        let found = |on: &str| ran_out(bureau.organ, on);
        assert_eq!(found("2026-11-20"), []);
        assert_eq!(found("2026-11-21"), [stopped]);
        let other = add_bureau(store, "B", None);
        assert_eq!(ran_out(other.organ, "2026-11-21"), []);
        let watched = |until: &str, today: &str| {
            let rows = store
                .read(|db| cases::warned_until(db, &[bureau.organ], day(until), (day(today), day("2000-01-01")), 10));
            ids(unnamed(rows.unwrap()))
        };
        assert_eq!(watched("2026-11-01", "2026-11-20"), [], "warned by 2026-11-30, and the stop goes on");
        assert_eq!(watched("2026-11-01", "2026-11-21"), [stopped]);
        let anywhere = |after| store.read(|db| cases::stopped_before(db, day("2026-11-21"), after, 10)).unwrap();
        assert_eq!((anywhere(None), anywhere(Some(stopped))), (vec![stopped], vec![]));
    });
}

#[test]
fn open_lists_are_served_by_partial_indexes_however_large_the_archive() {
    on_both_databases(|database| {
        let store = database.open();
        let bureau = add_bureau(&store, "A", None);
        for code in ["B", "C", "D", "E"] {
            add_bureau(&store, code, None);
        }
        let mut db = database.raw();
        fill_archive(&mut db, &put(&store, &bureau, |_| ()), 3_000);
        let organs = [bureau.organ];
        let of = |is_open| CaseFilter { organs: organs.to_vec(), is_open, ..CaseFilter::default() };
        let (until, limit) = (day("2026-12-01"), 50);
        type Run<'a> = &'a dyn Fn(&mut Db) -> Result<usize, StoreError>;
        let expected: [(&str, Run<'_>); 8] = [
            ("cases_open_page", &|db| Ok(cases::list(db, &of(Some(true)), None, limit)?.len())),
            ("cases_open_last_day", &|db| Ok(cases::ordered(db, &of(Some(true)), CaseOrder::Due, None, limit)?.len())),
            ("cases_page", &|db| Ok(cases::list(db, &of(None), None, limit)?.len())),
            ("cases_open_warns", &|db| Ok(cases::open_due_until(db, &organs, until, limit)?.len())),
            ("cases_late", &|db| Ok(cases::late_replies(db, &organs, until, until, limit)?.len())),
            ("obligations_open_due", &|db| Ok(obligations::due(db, None, until, None, limit)?.len())),
            ("obligations_open_due", &|db| Ok(obligations::due(db, Some(until), until, None, limit)?.len())),
            ("cases_open_", &|db| Ok(cases::stop_ran_out(db, &organs, until, limit)?.len())),
        ];
        for (index, run) in expected {
            let sql = statement(&mut db, run);
            let plan = plan(&mut db, &sql);
            assert!(plan.contains(index), "{}: {index} does not serve\n{sql}\n{plan}", database.name);
        }
        if matches!(db, Db::Pg(_)) {
            let sql = statement(&mut db, |db: &mut Db| {
                Ok(cases::warned_until(db, &organs, until, (until, until), limit)?.len())
            });
            let plan = plan(&mut db, &sql);
            assert!(plan.contains("cases_open_"), "{sql}\n{plan}");
        }
        // PostgreSQL uses it when it plans with the day in hand; `plan` asks for the plan without.
        if matches!(db, Db::Lite(_)) {
            let sql = statement(&mut db, |db: &mut Db| Ok(cases::stopped_before(db, until, None, limit)?.len()));
            let plan = plan(&mut db, &sql);
            assert!(plan.contains("cases_open_resumes"), "{sql}\n{plan}");
        }
    });
}

/// Copies of a case for every organ, one in twenty still open, each with its obligation.
fn fill_archive(db: &mut Db, like: &CaseId, count: usize) {
    let (id, series, is_open, no) = match db {
        Db::Pg(_) => ("gen_random_uuid()", format!("generate_series(1, {count}) AS s (n)"), "n % 20 = 0", "FALSE"),
        Db::Lite(_) => (
            "printf('00000000-0000-7000-8000-%06d%06d', o.rowid, n)",
            format!(
                "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)"
            ),
            "n % 20 = 0",
            "0",
        ),
    };
    db.batch_execute(&format!(
        "INSERT INTO cases (id, organ_id, applicant_id, applicant_name, applicant_kind, title, channel, stage, is_open,
             clock_status, submitted_on, due_on, warns_on, is_late, is_extended, calendar_version, version, created_at, updated_at)
         SELECT {id}, o.id, applicant_id, applicant_name, applicant_kind, title, channel, 'archived', {is_open},
             'met', submitted_on, due_on, warns_on, {no}, {no}, calendar_version, 1, cases.created_at, updated_at
         FROM cases CROSS JOIN organs AS o CROSS JOIN {series} WHERE cases.id = '{like}';
         INSERT INTO obligations (id, organ_id, case_id, key, kind, due_on, status, article, updated_at)
         SELECT id, organ_id, id, 'reply', 'reply', due_on, CASE WHEN is_open THEN 'open' ELSE 'met' END, '', created_at
         FROM cases;
         ANALYZE;"
    ))
    .unwrap();
}

/// The statement that `run` sends.
fn statement(db: &mut Db, run: impl Fn(&mut Db) -> Result<usize, StoreError>) -> String {
    let (sender, sent) = mpsc::channel();
    db.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let _ = sender.send(query.to_string()); // nobody listens any more when the plan is asked for
        }
    });
    run(db).unwrap();
    let shown = sent.try_iter().last().unwrap();
    shown.split(" -- binds").next().unwrap().to_owned()
}

/// How the database answers a statement when it does not know the bound values.
fn plan(db: &mut Db, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Lite {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    #[derive(QueryableByName)]
    struct Pg {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let lines: Vec<String> = match db {
        Db::Lite(connection) => {
            let rows: Vec<Lite> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection).unwrap();
            rows.into_iter().map(|row| row.detail).collect()
        }
        Db::Pg(connection) => {
            let values = vec!["NULL"; sql.matches('$').count()].join(", ");
            connection
                .batch_execute(&format!("SET plan_cache_mode = force_generic_plan; PREPARE asked AS {sql}"))
                .unwrap();
            let rows: Vec<Pg> = diesel::sql_query(format!("EXPLAIN EXECUTE asked({values})")).load(connection).unwrap();
            connection.batch_execute("DEALLOCATE asked").unwrap();
            rows.into_iter().map(|row| row.line).collect()
        }
    };
    lines.join("\n")
}
