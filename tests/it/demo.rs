//! The demonstration: its output, its docket on both databases, and the lists it gives on every day of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{Days, NaiveDate};
use gongkai::case::{OrganRules, Stage, summary};
use gongkai::cli::demo::{House, Loaded, load};
use gongkai::config::Settings;
use gongkai::law::{ClockStatus, WarningLevel, warning_level};
use gongkai::office::cases::case_file::{CaseFile, actor_without_roles};
use gongkai::office::supervision::overdue::{OverdueQuery, OverdueReport};
use gongkai::office::{Clock, Office, OfficeError};
use gongkai::store::cases::{self, CaseFilter, events};

use crate::support::{TestDatabase, day, on_both_databases};

const TODAY: &str = "2026-11-23";

fn office(database: &TestDatabase, today: &str) -> Office {
    let settings = Settings::for_tests(&database.options.url).unwrap();
    Office::with_store(database.open(), settings, Clock::fixed(day(today))).unwrap()
}

fn loaded(database: &TestDatabase, today: &str) -> (Office, Loaded) {
    let office = office(database, today);
    let loaded = load(&office, &mut |_, _| ()).unwrap();
    (office, loaded)
}

fn files(office: &Office, house: &House) -> Vec<CaseFile> {
    // Void cases stand in a list only if they are asked for.
    let stages = Stage::ALL.iter().map(|stage| stage.code().to_owned()).collect();
    let filter = CaseFilter { organs: house.organs(), stages, ..CaseFilter::default() };
    office
        .store()
        .read(|db| -> Result<_, OfficeError> {
            let rows = cases::list(db, &filter, None, 1_000)?;
            rows.into_iter().map(|row| office.cases().open_file(db, row.id)).collect()
        })
        .unwrap()
}

/// What the supervisor sees on a day: by the rows where that is today, and by the logs.
fn seen(office: &Office, house: &House, on: NaiveDate) -> OverdueReport {
    let supervisor = house.caller("supervisor").unwrap();
    let query = OverdueQuery::on(on);
    let (one, other) = office
        .store()
        .read(|db| -> Result<_, OfficeError> {
            Ok((
                office.supervision().overdue(db, supervisor, &query)?,
                office.supervision().overdue_from_logs(db, supervisor, &query)?,
            ))
        })
        .unwrap();
    assert_eq!(one, other, "rows and logs on {on}");
    one
}

fn run(arguments: &[&str], directory: &Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("GONGKAI_SMTP__HOST", "mail.example.cn")
        .output()
        .unwrap()
}

/// The output without what differs from run to run: the directory, the port, ids and passwords.
fn stable(output: &str, directory: &str) -> String {
    let mut secrets = BTreeSet::new();
    for line in output.lines().skip_while(|line| !line.contains("口令只显示这一次")).skip(1) {
        let Some(rest) = line.strip_prefix("  ") else { break };
        secrets.insert(rest.split_whitespace().nth(1).unwrap().to_owned());
    }
    assert_eq!(secrets.len(), 13);
    let mut text = output.replace(directory, "«目录»");
    for secret in secrets {
        text = text.replace(&secret, "«口令»");
    }
    let is_id = |word: &str| word.len() == 36 && uuid::Uuid::parse_str(word).is_ok();
    let mut words: BTreeSet<String> =
        text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).map(str::to_owned).collect();
    words.retain(|word| is_id(word));
    for id in words {
        text = text.replace(&id, "«标识»");
    }
    let (before, after) = text.split_once("演示邮件服务器（127.0.0.1:").unwrap();
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}演示邮件服务器（127.0.0.1:«端口»{after}")
}

#[test]
fn the_demonstration_prints_what_a_newcomer_needs_to_see() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&["demo", "--no-serve", "--today", TODAY, "--dir", "bureau"], directory.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(stable(&text, "bureau"));

    let mails = std::fs::read_dir(directory.path().join("bureau/mails")).unwrap().count();
    let sent = text.split_once("送出").unwrap().1.split('封').next().unwrap();
    assert_eq!(mails.to_string(), sent, "each mail said to be sent is a file");
    let again = run(&["demo", "--no-serve", "--dir", "bureau"], directory.path());
    assert_eq!(again.status.code(), Some(2), "a directory with a database is not fresh");
}

/// The words of a shell line whose quotes are not nested: `'…'` as it is, `"…"` with the token put in.
fn words(line: &str, token: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            (' ', None) => words.push(String::new()),
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.into_iter().map(|word| word.replace("$TOKEN", token)).collect()
}

/// Sends what a printed curl line says; an answer that is not 200 fails.
fn curl(line: &str, token: &str) -> serde_json::Value {
    let words = words(line, token);
    let after = |flag: &str| words.iter().position(|word| word == flag).map(|at| words[at + 1].clone());
    let (name, value) = after("-H").unwrap().split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
    let url = words.iter().find(|word| word.starts_with("http://")).unwrap();
    let mut answer = match after("-d") {
        Some(body) => ureq::post(url).header(&name, &value).send(body.as_str()).unwrap(),
        None => ureq::get(url).header(&name, &value).call().unwrap(),
    };
    answer.body_mut().read_json().unwrap()
}

#[test]
fn the_five_requests_it_prints_work_as_they_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = free.local_addr().unwrap().to_string();
    drop(free);
    let mut child = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(["demo", "--today", TODAY, "--dir", "bureau", "--bind", &bind])
        .current_dir(directory.path())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut printed = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        printed.push(line.unwrap());
        if printed.last().unwrap().starts_with("gongkai 正在运行") {
            break;
        }
    }
    let lines: Vec<&String> = printed.iter().filter(|line| line.contains("curl -s")).collect();
    let [token, list, overdue, clock, actions] = lines[..] else { panic!("{printed:#?}") };
    let token = token.strip_prefix("TOKEN=$(").unwrap().split_once(" | sed").unwrap().0;
    let token = curl(token, "")["access_token"].as_str().unwrap().to_owned();
    assert_eq!(curl(list, &token)["items"].as_array().unwrap().len(), 5);
    assert_eq!(curl(overdue, &token)["totals"]["overdue_open"], 3);
    let clock = curl(clock, &token);
    assert_eq!((clock["due"].as_str(), clock["as_of"].as_str()), (Some("2011-06-23"), Some("2011-06-24")));
    assert!(clock["explanation"].as_str().unwrap().contains("2011-06-23"));
    assert!(!curl(actions, &token).to_string().is_empty());
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_day_before_the_facts_is_wrong_usage() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&["demo", "--no-serve", "--today", "2025-06-30"], directory.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("2025-07-01"));
}

#[test]
fn every_case_of_the_docket_replays_to_its_row_and_its_chain_is_whole() {
    on_both_databases(|database| {
        let (office, loaded) = loaded(database, TODAY);
        let files = files(&office, &loaded.house);
        assert_eq!(files.len(), loaded.cases.len() + 2, "and the two parts of the one that was split");
        assert!(loaded.left_out.is_empty(), "{:?}", loaded.left_out);
        for file in &files {
            let actor = actor_without_roles();
            let folded = summary(&file.case, &file.context(&actor, day(TODAY)));
            let row = &file.row;
            let status = folded.clock_status.map_or("none", ClockStatus::code);
            assert_eq!(
                (row.stage.as_str(), row.clock_status.as_str(), row.due_on, row.resumes_on),
                (folded.stage.code(), status, folded.due_on, folded.resumes_on),
                "{}",
                row.title
            );
            assert_eq!(
                (row.number.clone(), row.received_on, row.start_on, row.replied_on, row.closed_on),
                (folded.number, folded.received_on, folded.start_on, folded.replied_on, folded.closed_on)
            );
            assert_eq!(row.outcome.as_deref(), folded.outcome.map(|outcome| outcome.code()));
            assert_eq!((row.is_late, row.is_extended), (folded.is_late, folded.is_extended));
            assert_eq!(row.is_open, folded.stage.is_open());
            assert_eq!(row.version, i64::from(file.case.version), "{}", row.title);
            assert_eq!(office.store().read(|db| events::verify(db, row.id)).unwrap(), None, "{}", row.title);
        }
    });
}

#[test]
fn the_courts_dates_are_in_the_list_on_the_day_after_and_not_on_the_day_itself() {
    on_both_databases(|database| {
        let (office, loaded) = loaded(database, TODAY);
        for (key, received, due, after) in [
            ("guiding-26", "2011-06-01", "2011-06-23", "2011-06-24"),
            ("lianyungang", "2022-09-30", "2022-11-02", "2022-11-03"),
            ("fudian", "2025-02-20", "2025-03-20", "2025-03-21"),
        ] {
            let id = loaded.cases[key].0;
            let report = seen(&office, &loaded.house, day(after));
            let row = report.overdue_open.items.iter().find(|row| row.case_id == id).unwrap();
            assert_eq!((row.received_on, row.due_on), (day(received), day(due)), "{key}");
            assert_eq!(
                (row.overdue_working_days, row.overdue_days, row.warning.code.as_ref()),
                (Some(1), Some(1), "red")
            );
            let before = seen(&office, &loaded.house, day(due));
            assert!(before.overdue_open.items.iter().all(|row| row.case_id != id), "{key}");
            let row = before.due_soon.items.iter().find(|row| row.case_id == id).unwrap();
            assert_eq!((row.remaining_working_days, row.warning.code.as_ref()), (Some(0), "orange"), "{key}");
        }
        let today = seen(&office, &loaded.house, day(TODAY));
        let court = today.overdue_open.items.iter().take(3).map(|row| row.due_on.to_string());
        assert_eq!(court.collect::<Vec<_>>(), ["2011-06-23", "2022-11-02", "2025-03-20"]);
    });
}

#[test]
fn the_twenty_six_of_2017_all_end_in_one_outcome_each_as_the_report_is_read() {
    on_both_databases(|database| {
        let (office, loaded) = loaded(database, TODAY);
        let theirs: Vec<_> = loaded.cases.iter().filter(|(key, _)| key.starts_with("cangzhou-")).collect();
        assert_eq!(theirs.len(), 26);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut steps = 0;
        for file in files(&office, &loaded.house) {
            if !theirs.iter().any(|(_, id)| **id == file.row.id) {
                continue;
            }
            assert_eq!(
                (file.case.stage, file.row.clock_status.as_str()),
                (Stage::Archived, "met"),
                "{}",
                file.row.title
            );
            *counts.entry(file.case.outcome.unwrap().code()).or_default() += 1;
            steps += usize::from(
                file.case
                    .contacts
                    .iter()
                    .any(|contact| contact.note.as_deref().is_some_and(|note| note.contains("告知作出更改、补充"))),
            );
            let is_complex = file.case.outcome.unwrap().code() == "o492.partially_disclosed";
            assert_eq!(file.case.extension.is_some(), is_complex, "only the complex one was extended");
            assert!(file.case.intake.request.contains("〔示意〕"));
        }
        let expected = [
            ("o492.already_public", 2),
            ("o492.disclosed", 6),
            ("o492.does_not_exist", 8),
            ("o492.other_authority", 3),
            ("o492.other_channel", 2),
            ("o492.partially_disclosed", 1),
            ("o492.refused.not_government_information", 1),
            ("o492.refused.other_statutory", 3),
        ];
        assert_eq!(counts, BTreeMap::from(expected));
        assert_eq!((counts.values().sum::<usize>(), steps), (26, 2));
    });
}

#[test]
fn the_docket_shows_every_stage_every_clock_status_and_every_warning_level() {
    let database = TestDatabase::sqlite();
    let (office, loaded) = loaded(&database, TODAY);
    let (mut stages, mut statuses, mut levels) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for file in files(&office, &loaded.house) {
        stages.insert(file.case.stage);
        let clock = file.case.reply_clock(&file.desk.calendar, &file.desk.rules, Some(day(TODAY))).unwrap();
        if let Some(answer) = &clock {
            statuses.insert(answer.status.code());
            let thresholds = OrganRules::default().warning_thresholds();
            levels.insert(warning_level(answer, day(TODAY), &thresholds, &file.desk.calendar));
        }
    }
    let missing: Vec<_> = Stage::ALL.iter().filter(|stage| !stages.contains(stage)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let missing: Vec<_> = ClockStatus::ALL.iter().filter(|status| !statuses.contains(status.code())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(levels, BTreeSet::from(WarningLevel::ALL));
}

#[test]
fn rows_and_logs_agree_on_every_day_of_the_docket_and_each_day_is_remembered_as_it_was_shown() {
    on_both_databases(|database| {
        let office = office(database, TODAY);
        let mut shown: Vec<OverdueReport> = Vec::new();
        let loaded = load(&office, &mut |house, on| shown.push(seen(&office, house, on))).unwrap();
        assert!(shown.len() > 150, "{}", shown.len());
        // Each fact was typed in on its day, so that the log of later facts must not change what a day looked like.
        let supervisor = loaded.house.caller("supervisor").unwrap();
        for report in &shown {
            let on_that_day = OverdueQuery::on(report.as_of);
            let ask = |query| office.store().read(|db| office.supervision().overdue(db, supervisor, &query)).unwrap();
            let later = OverdueReport { known_on: report.known_on, ..ask(on_that_day) };
            assert_eq!(&later, report, "{}", report.as_of);
            let as_known_then = ask(OverdueQuery { known_on: Some(report.as_of), ..on_that_day });
            assert_eq!(&as_known_then, report, "{}", report.as_of);
        }
        assert!(shown.iter().any(|report| report.totals.due_soon > 2 && report.totals.overdue_open > 3));
    });
}

#[test]
fn rows_and_logs_agree_on_the_days_to_come_though_nobody_touches_a_case() {
    let database = TestDatabase::sqlite();
    let (office, loaded) = loaded(&database, "2026-03-02");
    let mut resumed = 0;
    for ahead in 0..120 {
        let on = day("2026-03-02") + Days::new(ahead);
        office.clock().set(on);
        let report = seen(&office, &loaded.house, on);
        let totals = report.totals;
        assert_eq!(report.overdue_open.items.len(), totals.overdue_open);
        resumed += report.overdue_open.items.iter().filter(|row| row.title == "某联合审查意见").count();
    }
    assert!(resumed > 0, "a silent consultation runs out without a command and the case becomes overdue");
}

#[test]
fn it_works_on_any_day_and_says_what_a_day_cannot_show() {
    // A Sunday, a long holiday, the first and the last days of the calendar's last year, and a day beyond it.
    for today in ["2025-07-06", "2025-10-04", "2026-01-01", "2026-12-31", "2027-02-01"] {
        let database = TestDatabase::sqlite();
        let (office, loaded) = loaded(&database, today);
        let is_beyond = today == "2027-02-01";
        assert_eq!(loaded.left_out.len(), usize::from(is_beyond), "{today}: {:?}", loaded.left_out);
        let report = seen(&office, &loaded.house, day(today));
        assert!(report.overdue_open.items.len() >= 3, "{today}: the courts' cases are always there");
    }
}
