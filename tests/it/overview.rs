//! The supervisor's overview: the parts make the whole, any past day is as it was, files hold what the answer holds.

use std::io::Cursor;

use calamine::{Data, DataType, Reader, Xlsx};
use chrono::{Days, NaiveDate};
use gongkai::case::{Counting, Role};
use gongkai::cli::demo::load;
use gongkai::config::Settings;
use gongkai::office::supervision::overview::{Overview, OverviewQuery};
use gongkai::office::{Clock, Office, OfficeError};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::service::Reply;
use crate::support::{TestDatabase, day, on_both_databases};

const OVERVIEW: &str = "/api/v1/supervision/overview";

/// Every place a case can stand in, once.
const PLACES: [&str; 13] = [
    "not_started",
    "running",
    "due_soon",
    "due_today",
    "overdue_red",
    "overdue_black",
    "suspended",
    "awaiting_applicant",
    "reply_revoked",
    "replied_on_time",
    "replied_late",
    "replied_unjudged",
    "closed_otherwise",
];

#[track_caller]
fn ask(bureau: &Bureau, query: &str) -> Value {
    let reply = bureau.service.get(&format!("{OVERVIEW}{query}"), &bureau.supervisor);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json
}

/// The places of some figures that are not empty.
fn places(figures: &Value) -> Vec<(&'static str, u64)> {
    PLACES.into_iter().map(|place| (place, figures[place].as_u64().unwrap())).filter(|(_, count)| *count > 0).collect()
}

/// A number of each group, added up.
fn sum(overview: &Value, groups: &str, figures: &str, name: &str) -> u64 {
    overview[groups].as_array().unwrap().iter().map(|group| group[figures][name].as_u64().unwrap()).sum()
}

/// That organs, departments and handlers come to the same, and places to the total.
#[track_caller]
fn adds_up(overview: &Value) {
    let total = &overview["total"];
    for name in PLACES.iter().chain(&["total", "open", "closed", "overdue", "extended", "corrected"]) {
        let whole = total[name].as_u64().unwrap();
        for (groups, figures) in [("organs", "own"), ("departments", "figures"), ("handlers", "figures")] {
            assert_eq!(sum(overview, groups, figures, name), whole, "{name} of {groups}: {overview:#}");
        }
    }
    let whole: u64 = places(total).iter().map(|(_, count)| count).sum();
    assert_eq!(whole, total["total"].as_u64().unwrap());
}

fn reply_on(case: &mut CaseAt<'_>, on: &str) {
    case.clerk("outcome", json!({ "on": on, "outcome": "disclosed.provided", "reasons": "可以公开" })).approve(on);
    case.clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
}

/// Four cases received on 2025-02-20: replied in time after ten days, replied three days late after the department had
/// it for nineteen, corrected, and still open.
fn four(bureau: &Bureau) -> Vec<String> {
    let mut in_time = bureau.registered("2025-02-20");
    let mut late = bureau.registered("2025-02-20");
    let mut corrected = bureau.registered("2025-02-20");
    let open = bureau.registered("2025-02-20");
    late.clerk(
        "tasks",
        json!({ "on": "2025-02-20", "department_id": bureau.department, "handler_id": bureau.clerk_id.0 }),
    );
    bureau.on("2025-02-25");
    corrected.clerk("corrections", json!({ "on": "2025-02-25", "items": ["文号"], "respond_days": 10 }));
    bureau.on("2025-03-06");
    reply_on(&mut in_time, "2025-03-06");
    bureau.on("2025-03-19");
    late.clerk("task-answers", json!({ "task": 1, "on": "2025-03-19", "opinion": "可以公开" }));
    bureau.on("2025-03-25");
    reply_on(&mut late, "2025-03-25");
    [in_time, late, corrected, open].into_iter().map(|case| case.id).collect()
}

#[test]
fn each_case_is_counted_once_in_its_place_and_its_days_are_those_of_the_law() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        four(&bureau);
        bureau.on("2025-04-01");
        let overview = ask(&bureau, "");
        adds_up(&overview);
        let total = &overview["total"];
        let expected = [("overdue_red", 1), ("awaiting_applicant", 1), ("replied_on_time", 1), ("replied_late", 1)];
        assert_eq!(places(total), expected);
        assert_eq!((total["open"].as_u64(), total["closed"].as_u64()), (Some(2), Some(2)));
        // Ten working days (02-21 to 03-06) and twenty-three (02-21 to 03-25).
        assert_eq!(total["average_working_days"], 16.5);
        assert_eq!(total["percentile_90_working_days"], 23);
        assert_eq!((&total["extension_percent"], &total["correction_percent"]), (&json!(0.0), &json!(25.0)));
        assert_eq!(overview["counting"]["code"], "closing");
        assert_eq!((&overview["from"], &overview["until"]), (&json!("2025-01-01"), &json!("2025-04-01")));
        let departments = overview["departments"].as_array().unwrap();
        assert_eq!(departments.len(), 2, "one department, and what is not assigned");
        let of = departments.iter().find(|one| one["department"] == "耕地保护科").unwrap();
        assert_eq!((places(&of["figures"]), &of["delay_working_days"]), (vec![("replied_late", 1)], &json!(19)));
        let unassigned = departments.iter().find(|one| one["department"].is_null()).unwrap();
        assert_eq!(
            (&unassigned["delay_working_days"], &unassigned["delay_overdue_working_days"]),
            (&json!(28), &json!(8))
        );
        let handler =
            overview["handlers"].as_array().unwrap().iter().find(|one| one["handler"] == "jingban某").unwrap();
        assert_eq!(places(&handler["figures"]), [("replied_late", 1)]);
    });
}

#[test]
fn whose_the_days_of_a_late_case_were_is_told_case_by_case_and_added_up() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let cases = four(&bureau);
        bureau.on("2025-04-01");
        let delay = |case: &str, query: &str| {
            bureau.service.get(&format!("/api/v1/cases/{case}/delay{query}"), &bureau.supervisor)
        };
        let late = delay(&cases[1], "").json;
        assert_eq!((&late["is_late"], &late["standing"]["code"]), (&json!(true), &json!("replied_late")));
        assert_eq!((&late["working_days"], &late["overdue_working_days"]), (&json!(23), &json!(3)));
        let held =
            |holder: &Value| (holder["holder"]["name"].as_str().unwrap().to_owned(), holder["working_days"].as_u64());
        let holders: Vec<_> = late["holders"].as_array().unwrap().iter().map(held).collect();
        // Everything after the department's answer lay with the office: the chain was gone through within one day.
        assert_eq!(holders, [("公开工作机构".to_owned(), Some(4)), ("耕地保护科".to_owned(), Some(19))]);
        let stretches = late["stretches"].as_array().unwrap();
        let first = &stretches[0];
        assert_eq!((&first["from"], &first["through"]), (&json!("2025-02-21"), &json!("2025-03-19")));
        // As of the day before the reply the same log gives one day less, all of them open.
        let before = delay(&cases[1], "?as_of=2025-03-24").json;
        assert_eq!((&before["working_days"], &before["standing"]["code"]), (&json!(22), &json!("overdue_red")));
        let open = delay(&cases[3], "").json;
        assert_eq!((&open["working_days"], &open["holders"][0]["holder"]["kind"]), (&json!(28), &json!("nobody")));
        assert_eq!(delay(&cases[0], "").json["is_late"], false);

        let overview = ask(&bureau, "");
        let shares: Vec<_> = overview["delays"]
            .as_array()
            .unwrap()
            .iter()
            .map(|share| {
                let number = |name: &str| share[name].as_u64().unwrap();
                (
                    share["holder"]["kind"].as_str().unwrap(),
                    number("cases"),
                    number("working_days"),
                    number("overdue_working_days"),
                )
            })
            .collect();
        assert_eq!(shares, [("nobody", 1, 28, 8), ("office", 1, 4, 3), ("department", 1, 19, 0)]);

        assert_eq!(delay(&cases[0], "?as_of=2025-02-19").problem(), (404, "not_found"), "before it came in");
        let ahead = delay(&cases[0], "?as_of=2025-04-02");
        assert_eq!((ahead.status, ahead.fields()), (422, vec![("?as_of", "in_the_future")]));
    });
}

#[test]
fn a_past_day_is_what_it_was_and_the_period_is_by_receipt_or_by_closing() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let before = {
            four(&bureau);
            ask(&bureau, "")
        };
        assert_eq!(before["as_of"], "2025-03-25");
        bureau.on("2026-03-02");
        let mut later = ask(&bureau, "?as_of=2025-03-25");
        assert_eq!(later["known_on"], "2026-03-02");
        later["known_on"] = before["known_on"].clone();
        assert_eq!(later, before, "what was shown that day and what is shown of it later");
        assert_eq!(ask(&bureau, "?as_of=2025-03-25&known_on=2025-03-25"), before);
        let total = |query: &str| places(&ask(&bureau, query)["total"]);
        assert!(total("?as_of=2025-02-19").is_empty(), "nothing had come in");
        assert_eq!(total("?as_of=2025-02-20"), [("running", 4)]);
        assert_eq!(total("?as_of=2025-03-05"), [("running", 3), ("awaiting_applicant", 1)]);
        assert_eq!(total("?as_of=2025-03-06"), [("running", 2), ("awaiting_applicant", 1), ("replied_on_time", 1)]);
        assert_eq!(total("?as_of=2025-03-21"), [("overdue_red", 2), ("awaiting_applicant", 1), ("replied_on_time", 1)]);
        // Today nothing has ended this year; what is open still is.
        let open = [("overdue_black", 1), ("awaiting_applicant", 1)];
        assert_eq!(total(""), open);
        assert!(total("?by=receipt").is_empty(), "received last year");
        let all = [("overdue_black", 1), ("awaiting_applicant", 1), ("replied_on_time", 1), ("replied_late", 1)];
        assert_eq!(total("?by=receipt&from=2025-02-20&until=2025-02-20"), all);
        assert!(total("?by=receipt&from=2025-02-21").is_empty());
        assert_eq!(total("?by=closing&from=2025-03-07&until=2025-03-25"), [open[0], open[1], ("replied_late", 1)]);
        assert_eq!(ask(&bureau, "?by=receipt")["counting"]["code"], "receipt");
    });
}

#[test]
fn organs_are_shown_alone_and_with_those_below_and_nobody_sees_what_is_not_theirs() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let service = &bureau.service;
        bureau.registered("2025-02-20");
        let below = service.organ("below", Some(bureau.organ));
        let deeper = service.organ("deeper", Some(below));
        for (name, organ) in [("below-clerk", below), ("deeper-clerk", deeper)] {
            let own = service.user_token(name, organ, &[Role::Clerk]);
            let mut application = bureau.application("2025-02-20");
            application["organ_id"] = json!(organ.0);
            assert_eq!(service.create("/api/v1/cases", &own, application).status, 201);
        }
        bureau.on("2025-03-21");
        let overview = ask(&bureau, "");
        adds_up(&overview);
        let organs: Vec<_> = overview["organs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|organ| {
                let count = |figures: &str| organ[figures]["overdue"].as_u64().unwrap();
                (
                    organ["organ_code"].as_str().unwrap(),
                    organ["depth"].as_u64().unwrap(),
                    count("own"),
                    count("with_subordinates"),
                )
            })
            .collect();
        assert_eq!(organs, [("zrzy", 0, 1, 3), ("below", 1, 1, 2), ("deeper", 2, 1, 1)]);
        let total = |query: &str| ask(&bureau, query)["total"]["overdue"].as_u64().unwrap();
        assert_eq!(total(&format!("?organ={}&with_subordinates=false", bureau.organ.0)), 1);
        assert_eq!(total(&format!("?organ={}", below.0)), 2);

        let get = |token: &str, query: &str| service.get(&format!("{OVERVIEW}{query}"), token);
        let count = |reply: &Reply| reply.json["total"]["overdue"].as_u64();
        for token in [&bureau.head, &bureau.leader] {
            assert_eq!(count(&get(token, "")), Some(1), "deciding does not reach down");
            assert_eq!(get(token, &format!("?organ={}", below.0)).problem(), (404, "not_found"));
        }
        let upwards = service.user_token("below-watch", below, &[Role::Auditor]);
        assert_eq!(count(&get(&upwards, "")), Some(2));
        assert_eq!(get(&upwards, &format!("?organ={}", bureau.organ.0)).problem(), (404, "not_found"));
        assert_eq!(get(&bureau.clerk, "").problem(), (403, "role_required"));
    });
}

#[test]
fn senseless_questions_are_refused() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-03-20");
        let ask = |query: &str| bureau.service.get(&format!("{OVERVIEW}{query}"), &bureau.supervisor);
        let ahead = ask("?as_of=2025-03-21");
        assert_eq!((ahead.status, ahead.fields()), (422, vec![("?as_of", "in_the_future")]));
        let backwards = ask("?from=2025-03-02&until=2025-03-01");
        assert_eq!((backwards.status, backwards.fields()), (422, vec![("?from", "after_until")]));
        for query in ["?by=day", "?format=pdf", "?as_of=2025-02-30", "?colour=red", "?organ=x"] {
            assert_eq!(ask(query).problem(), (400, "invalid_query"), "{query}");
        }
        let html = bureau.service.get("/api/v1/overdue?format=html", &bureau.supervisor);
        assert_eq!((html.status, html.fields()), (400, vec![("?format", "invalid_value")]));
    });
}

/// A file's workbook.
#[track_caller]
fn workbook(bureau: &Bureau, path: &str, token: &str) -> Xlsx<Cursor<Vec<u8>>> {
    let (kind, bytes) = bureau.service.download(path, token, "");
    assert_eq!(kind, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

#[test]
fn lists_leave_as_files_whose_dates_are_dates_and_whose_text_is_never_a_formula() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let mut application = bureau.application("2025-02-20");
        application["title"] = json!("=HYPERLINK(\"http://example.cn\",\"点我\")");
        let id = bureau.file(application).id;
        four(&bureau);
        bureau.on("2025-04-01");

        let mut book = workbook(&bureau, "/api/v1/overdue?format=xlsx&limit=1", &bureau.supervisor);
        let range = book.worksheet_range("督办清单").unwrap();
        let headings: Vec<String> = range.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let column = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
        let list: Vec<_> = range.rows().skip(1).map(|row| row[column("清单")].to_string()).collect();
        assert_eq!(list, ["逾期未办", "逾期未办", "逾期已办"], "all of them, whatever the limit of a page");
        for row in range.rows().skip(1) {
            for name in ["收到日期", "届满日"] {
                assert!(matches!(row[column(name)], Data::DateTime(_)), "{name}: {row:?}");
            }
            assert_eq!(row[column("届满日")].as_date(), Some(day("2025-03-20")));
            assert!(row[column("逾期工作日")].as_i64().is_some(), "{row:?}");
        }
        let titles: Vec<_> = range.rows().skip(1).map(|row| row[column("标题")].to_string()).collect();
        assert!(titles.contains(&"'=HYPERLINK(\"http://example.cn\",\"点我\")".to_owned()), "{titles:?}");

        let mut book = workbook(&bureau, "/api/v1/cases?format=xlsx&limit=1", &bureau.clerk);
        let range = book.worksheet_range("案件").unwrap();
        assert_eq!(range.height(), 6, "a heading and five cases, not one page");
        assert!(range.rows().any(|row| row.contains(&Data::String("王**".into()))), "names are masked");
        assert!(range.rows().all(|row| !row.iter().any(|cell| cell.to_string().contains("王小明"))));

        let mut book = workbook(&bureau, &format!("{OVERVIEW}?format=xlsx"), &bureau.supervisor);
        assert_eq!(book.sheet_names(), ["概览", "滞留", "说明"]);
        let range = book.worksheet_range("概览").unwrap();
        assert_eq!(
            (range.get((1, 0)).unwrap(), range.get((1, 4)).unwrap().as_i64()),
            (&Data::String("合计".into()), Some(5))
        );
        let note = book.worksheet_range("说明").unwrap();
        assert_eq!(note.get((1, 1)).unwrap().as_date(), Some(day("2025-04-01")));

        // By Accept as by parameter; CSV has its mark and the same rows.
        let (kind, bytes) = bureau.service.download("/api/v1/overdue", &bureau.supervisor, "text/csv");
        assert_eq!(kind, "text/csv; charset=utf-8");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("\u{feff}清单,受理编号,标题,"), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://example.cn\"\",\"\"点我\"\")\""), "{text}");
        let (kind, _) = bureau.service.download(&format!("/api/v1/cases/{id}/delay"), &bureau.supervisor, "text/csv");
        assert_eq!(kind, "application/json", "what has no table stays JSON");
    });
}

#[test]
fn the_page_for_printing_holds_everything_itself_and_runs_nothing() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        four(&bureau);
        let name = "<script>alert(1)</script>科";
        bureau
            .service
            .office
            .store()
            .write(|db| {
                let department = gongkai::store::people::departments::find_by_code(db, bureau.organ, "gd")?;
                let row = gongkai::store::people::departments::DepartmentRow { name: name.to_owned(), ..department };
                gongkai::store::people::departments::update(db, &row)
            })
            .unwrap();
        bureau.on("2025-04-01");
        let reply = bureau.service.get(&format!("{OVERVIEW}?format=html"), &bureau.supervisor);
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"));
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
        let page = &reply.text;
        assert!(page.contains("<svg") && page.contains("截至 2025-04-01") && page.contains("逾期（红）"), "{page}");
        for outside in ["<script", "http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}: {page}");
        }
        assert!(page.contains("&lt;script&gt;"), "names are escaped: {page}");
    });
}

fn of_demo(database: &TestDatabase, today: &str) -> (Office, gongkai::cli::demo::Loaded) {
    let settings = Settings::for_tests(&database.options.url).unwrap();
    let office = Office::with_store(database.open(), settings, Clock::fixed(day(today))).unwrap();
    let loaded = load(&office, &mut |_, _| ()).unwrap();
    (office, loaded)
}

#[test]
fn on_the_days_of_the_docket_the_overview_and_the_overdue_lists_say_the_same() {
    on_both_databases(|database| {
        let (office, loaded) = of_demo(database, "2026-11-23");
        let supervisor = loaded.house.caller("supervisor").unwrap();
        let look = |on: NaiveDate, counting: Counting| -> Overview {
            let query =
                OverviewQuery { as_of: Some(on), counting, from: Some(day("2008-05-01")), ..OverviewQuery::default() };
            office.store().read(|db| office.supervision().overview(db, supervisor, &query)).unwrap()
        };
        let mut on = day("2025-07-01");
        while on <= day("2026-11-23") {
            let overview = look(on, Counting::Closing);
            assert_eq!(
                overview.total,
                look(on, Counting::Receipt).total,
                "since the beginning both ways have all cases: {on}"
            );
            let query = gongkai::office::supervision::overdue::OverdueQuery {
                late_from: Some(day("2008-05-01")),
                ..gongkai::office::supervision::overdue::OverdueQuery::on(on)
            };
            let lists = office
                .store()
                .read(|db| -> Result<_, OfficeError> { office.supervision().overdue(db, supervisor, &query) })
                .unwrap()
                .totals;
            let figures = overview.total;
            let soon = usize::try_from(figures.due_soon + figures.due_today).unwrap();
            assert_eq!((soon, usize::try_from(figures.overdue).unwrap()), (lists.due_soon, lists.overdue_open), "{on}");
            assert_eq!(usize::try_from(figures.replied_late).unwrap(), lists.replied_late, "{on}");
            adds_up(&serde_json::to_value(&overview).unwrap());
            on = on + Days::new(17);
        }
    });
}

#[test]
fn the_command_prints_the_overview_of_an_organ_in_every_format() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gongkai"));
        command.args(arguments).current_dir(directory.path()).env_clear().output().unwrap()
    };
    let demo = run(&["demo", "--no-serve", "--today", "2026-11-23", "--dir", "."]);
    assert!(demo.status.success(), "{demo:?}");
    let url = format!("sqlite:{}", directory.path().join("gongkai.db").display());
    let overview = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gongkai"));
        let command = command.args(["supervision", "overview"]).args(more).current_dir(directory.path()).env_clear();
        command.env("GONGKAI_DATABASE_URL", &url).output().unwrap()
    };
    let organ = ["--organ", "ysj", "--as-of", "2025-03-21", "--known-on", "2025-03-21"];
    let text = overview(&organ);
    assert!(text.status.success(), "{text:?}");
    insta::assert_snapshot!(String::from_utf8(text.stdout).unwrap());
    let json: Value = serde_json::from_slice(&overview(&[&organ[..], &["--format", "json"]].concat()).stdout).unwrap();
    adds_up(&json);
    for (format, begins) in [("csv", "\u{feff}范围,".as_bytes()), ("xlsx", b"PK"), ("html", b"<!DOCTYPE html>")] {
        let output = overview(&[&organ[..], &["--format", format]].concat());
        assert!(output.stdout.starts_with(begins), "{format}");
    }
    let unknown = overview(&["--organ", "nobody"]);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("没有代码为 nobody 的机关"));
}

/// Not run by itself: `tests/run --test it how_long_an_overview -- --ignored --nocapture` prints the figures.
#[test]
#[ignore = "measures"]
fn how_long_an_overview_of_thousands_of_logs_takes() {
    use gongkai::store::{
        CaseId,
        cases::{self, events},
    };
    const COPIES: usize = 4_999;
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2025-02-20");
        let late = four(&bureau)[1].parse().map(CaseId).unwrap();
        let store = bureau.service.office.store();
        let (row, log) = store
            .read(|db| -> Result<_, OfficeError> { Ok((cases::find(db, late)?, events::load(db, late)?)) })
            .unwrap();
        let log: Vec<events::NewEvent> = log
            .into_iter()
            .map(|event| events::NewEvent { kind: event.kind, occurred_on: event.occurred_on, body: event.body })
            .collect();
        for _ in 0..COPIES / 100 + 1 {
            store
                .write(|db| -> Result<(), OfficeError> {
                    for _ in 0..100 {
                        let copy = cases::CaseRow { id: CaseId::new(), number: None, ..row.clone() };
                        cases::insert(db, &copy)?;
                        events::append(db, copy.id, 0, &log, None, gongkai::store::now())?;
                    }
                    Ok(())
                })
                .unwrap();
        }
        bureau.on("2025-06-03");
        for as_of in ["2025-06-03", "2025-03-24"] {
            let begun = std::time::Instant::now();
            let overview = ask(&bureau, &format!("?as_of={as_of}"));
            let elapsed = begun.elapsed();
            eprintln!(
                "{}: as of {as_of}: {} cases, {} events each: {} ms",
                database.name,
                overview["total"]["total"],
                log.len(),
                elapsed.as_millis()
            );
            adds_up(&overview);
        }
    });
}
