//! The command-line contract: standard input to standard output, exit codes.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn gongkai(args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that refuses its arguments closes the pipe unread.
        let _ = stdin.write_all(&input);
    });
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        code: done.status.code().unwrap(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn data(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// T2: the batch and the library are one implementation.
#[test]
fn deadline_answers_every_vector_in_order_with_derivation_and_version() {
    let input = data("vectors.jsonl");
    let ran = gongkai(&["deadline"], input.as_bytes());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let answers = lines(&ran.out);
    assert_eq!(answers.len(), 122);
    for (vector, answer) in lines(&input).iter().zip(&answers) {
        for (key, expected) in vector["expected"].as_object().unwrap() {
            assert_eq!(answer.get(key), Some(expected), "{}: {key}", vector["id"]);
        }
        assert!(answer["derivation"].as_array().is_some_and(|steps| !steps.is_empty()), "{}", vector["id"]);
        assert!(answer["calendar_version"].as_str().is_some_and(|version| version.starts_with("cn-2008-2026-")));
        assert_eq!(answer.get("provisional_due").is_some(), answer["status"] == "gap", "{}", vector["id"]);
    }
}

#[test]
fn deadline_gives_a_bad_line_its_error_in_its_place_and_exits_with_1() {
    let good = r#"{"regime":"711","received":"2024-03-01","events":[]}"#;
    let bad = [
        ("{", "malformed_json"),
        ("", "malformed_json"),
        ("null", "invalid_input"),
        ("[]", "invalid_input"),
        ("{}", "invalid_input"),
        (r#"{"received":20240301}"#, "invalid_input"),
        (r#"{"received":"2024-02-30"}"#, "invalid_date"),
        (r#"{"received":"2024-3-1"}"#, "invalid_date"),
        (r#"{"received":"2024-03-01T00:00:00Z"}"#, "invalid_date"),
        (r#"{"received":"2024-03-01","received":"2024-03-02"}"#, "invalid_input"),
        (r#"{"regime":"712","received":"2024-03-01"}"#, "unknown_regime"),
        (r#"{"regime":711,"received":"2024-03-01"}"#, "invalid_input"),
        (r#"{"received":"2024-03-01","today":"yesterday"}"#, "invalid_date"),
        (r#"{"received":"2024-03-01","today":"2024-02-29"}"#, "as_of_before_receipt"),
        (r#"{"received":"2024-03-01","opts":{"count_return_days":true}}"#, "invalid_input"),
        (r#"{"received":"2024-03-01","events":[{"type":"holiday","date":"2024-03-04"}]}"#, "unknown_event_type"),
        (r#"{"received":"2024-03-01","events":[{"type":"extension","date":"2024-03-04"}]}"#, "missing_field"),
        (r#"{"received":"2024-03-01","events":[{"type":"extension","date":"2024-03-04","days":-1}]}"#, "invalid_input"),
        (
            r#"{"received":"2024-03-01","events":[{"type":"extension","date":"2024-03-04","days":1.5}]}"#,
            "invalid_input",
        ),
        (
            r#"{"received":"2024-03-01","events":[{"type":"extension","date":"2024-03-04","days":21}]}"#,
            "extension_days",
        ),
        (
            r#"{"received":"2024-03-01","events":[{"type":"consult_sent","date":"2024-03-04","id":"a"}]}"#,
            "missing_field",
        ),
        (
            r#"{"received":"2024-03-01","events":[{"type":"consult_sent","date":"2024-03-04","kind":"organ"}]}"#,
            "missing_field",
        ),
        (
            r#"{"received":"2024-03-01","events":[{"type":"consult_sent","date":"2024-03-04","id":"a","kind":"x"}]}"#,
            "unknown_consultation_kind",
        ),
        (
            r#"{"received":"2024-03-01","events":[{"type":"consult_returned","date":"2024-03-04","id":"a"}]}"#,
            "unknown_consultation",
        ),
        (r#"{"received":"2024-03-01","events":[{"type":"reopened","date":"2024-03-04"}]}"#, "missing_field"),
        (r#"{"received":"2024-03-01","events":[{"type":"fee_paid","date":"2024-03-04"}]}"#, "fee_not_notified"),
        (r#"{"received":"2024-03-01","events":[{"type":"replied","date":"2024-02-28"}]}"#, "fact_before_receipt"),
    ];
    let input: String = bad.iter().map(|(line, _)| format!("{line}\n{good}\n")).collect();
    let ran = gongkai(&["deadline"], input.as_bytes());
    assert_eq!(ran.code, 1);
    let answers = lines(&ran.out);
    assert_eq!(answers.len(), bad.len() * 2);
    for ((line, code), pair) in bad.iter().zip(answers.chunks(2)) {
        assert_eq!(pair[0]["error"]["code"], *code, "{line}");
        assert!(pair[0]["error"]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{line}");
        assert_eq!(pair[1]["due"], "2024-03-29", "the line after {line}");
    }
}

#[test]
fn deadline_survives_bytes_that_are_no_text() {
    let ran = gongkai(&["deadline"], b"\xff\xfe\n{\"received\":\"2024-03-01\"}\r\n");
    assert_eq!(ran.code, 1);
    assert_eq!(lines(&ran.out)[0]["error"]["code"], "malformed_json");
    assert_eq!(lines(&ran.out)[1]["due"], "2024-03-29");
}

#[test]
fn deadline_of_no_lines_is_nothing_and_good() {
    let ran = gongkai(&["deadline"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn deadline_without_an_order_takes_that_of_the_effective_receipt() {
    let ran = gongkai(
        &["deadline"],
        br#"{"received":"2019-05-14"}
{"received":"2019-05-15"}
{"received":"2019-04-28","events":[{"type":"correction_requested","date":"2019-05-05"},{"type":"correction_received","date":"2019-05-27"}]}
"#,
    );
    let answers = lines(&ran.out);
    assert_eq!((&answers[0]["due"], &answers[0]["total"]), (&"2019-06-04".into(), &15.into()));
    assert_eq!((&answers[1]["due"], &answers[1]["total"]), (&"2019-06-13".into(), &20.into()));
    assert_eq!((&answers[2]["due"], &answers[2]["total"]), (&"2019-06-25".into(), &20.into()));
}

#[test]
fn deadline_reads_the_facts_beyond_the_vectors_too() {
    let ran = gongkai(
        &["deadline"],
        r#"{"received":"2024-03-01","events":[{"type":"replied","date":"2024-04-01"}],"id":"x","why":"extra keys"}
{"received":"2024-03-01","events":[{"type":"ended","date":"2024-03-20"}]}
{"received":"2024-03-01","events":[{"type":"delayed_reply","date":"2024-03-20","until":"2024-05-31"}]}
{"received":"2025-02-20","events":[{"type":"reopened","date":"2025-06-03","days":20}]}
{"received":"2025-02-20","events":[{"type":"reopened","date":"2025-06-03","until":"2025-06-20"}]}
{"received":"2024-03-01","events":[{"type":"consult_sent","id":"c","kind":"third_party","date":"2024-03-11","silent_until":"2024-04-03"}],"today":"2024-03-20"}
"#
        .as_bytes(),
    );
    assert_eq!(ran.code, 0);
    let answers = lines(&ran.out);
    assert_eq!((&answers[0]["status"], &answers[0]["overdue_days"]), (&"met_late".into(), &3.into()));
    assert_eq!(answers[1]["status"], "ended");
    assert_eq!(answers[2]["due"], "2024-05-31");
    assert_eq!(answers[3]["due"], "2025-07-01");
    assert_eq!(answers[4]["due"], "2025-06-20");
    assert_eq!((&answers[5]["status"], &answers[5]["resumes_on"]), (&"suspended".into(), &"2024-04-03".into()));
}

#[test]
fn explain_reads_as_chinese_prose_with_every_span() {
    let line = r#"{"received":"2022-09-30","events":[],"today":"2022-11-03"}"#;
    let ran = gongkai(&["deadline", "--explain"], line.as_bytes());
    assert_eq!(ran.code, 0);
    for words in [
        "2022-09-30 收到申请，为第0日",
        "2022-10-01 至 2022-11-02 计入20个工作日，累计20",
        "周末上班：10月8日、10月9日",
        "答复期限届满日：2022-11-02 星期三",
        "逾期1日（1个工作日）",
        "国办发明电〔2021〕11号",
    ] {
        assert!(ran.out.contains(words), "{words} is missing in\n{}", ran.out);
    }
    let bad = gongkai(&["deadline", "--explain"], b"{}");
    assert_eq!(bad.code, 1);
    assert!(bad.out.starts_with("不能计算："), "{}", bad.out);
}

#[test]
fn add_workdays_answers_every_vector() {
    let input = data("vectors_add.jsonl");
    let ran = gongkai(&["calendar", "add-workdays"], input.as_bytes());
    assert_eq!(ran.code, 0);
    for (vector, answer) in lines(&input).iter().zip(lines(&ran.out)) {
        match vector["expected"].get("date") {
            Some(date) => assert_eq!(answer, serde_json::json!({"date": date}), "{}", vector["id"]),
            None => assert!(answer["gap"].as_str().is_some_and(|day| day.len() == 10), "{}", vector["id"]),
        }
    }
}

#[test]
fn add_workdays_names_the_first_missing_day_and_marks_bad_lines() {
    let input = "{\"from\":\"2026-12-30\",\"n\":2}\n{\"from\":\"2026-12-30\",\"n\":-2}\n{\"from\":\"x\",\"n\":1}\n";
    let ran = gongkai(&["calendar", "add-workdays"], input.as_bytes());
    assert_eq!(ran.code, 1);
    let answers = lines(&ran.out);
    assert_eq!(answers[0], serde_json::json!({"gap": "2027-01-01"}));
    assert_eq!(answers[1]["error"]["code"], "invalid_input");
    assert_eq!(answers[2]["error"]["code"], "invalid_date");
}

#[test]
fn a_region_and_a_directory_of_years_change_the_calendar() {
    let input = br#"{"from":"2020-01-17","n":20}"#;
    let at = |args: &[&str]| gongkai(&[&["calendar", "add-workdays"], args].concat(), input);
    assert_eq!(lines(&at(&[]).out)[0]["date"], "2020-02-21");
    assert_eq!(lines(&at(&["--region", "CN-HB"]).out)[0]["date"], "2020-03-05");
    let unknown = at(&["--region", "CN-XX"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    assert!(unknown.err.contains("CN-HB"), "{}", unknown.err);

    let dir = tempfile::tempdir().unwrap();
    let year: String = std::fs::read_to_string(format!("{}/config/calendar/cn-2020.json", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
        .replace("\"2020-01-19\",", "");
    std::fs::write(dir.path().join("cn-2020.json"), year).unwrap();
    let path = dir.path().to_str().unwrap();
    assert_eq!(lines(&at(&["--calendar-dir", path]).out)[0]["date"], "2020-02-24", "one worked Sunday less");
    std::fs::write(dir.path().join("cn-2020.json"), "{").unwrap();
    assert_eq!(at(&["--calendar-dir", path]).code, 2);
    assert_eq!(at(&["--calendar-dir", "/nonexistent"]).code, 2);
}

#[test]
fn fee_prints_the_amount_and_the_tiers() {
    let ran = gongkai(&["fee", "--by-item", "45"], b"");
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!("fee_by_item_45", ran.out);
    let json: Value = serde_json::from_str(&gongkai(&["fee", "--by-page", "250", "--json"], b"").out).unwrap();
    let tier = |from: u64, through: u64, yuan_each: u64| serde_json::json!({"from": from, "through": through, "yuan_each": yuan_each, "amount": (through - from + 1) * yuan_each});
    let tiers = [tier(1, 30, 0), tier(31, 100, 10), tier(101, 200, 20), tier(201, 250, 40)];
    assert_eq!(json, serde_json::json!({"amount": 4700, "tiers": tiers}));
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [
        &["fee"][..],
        &["fee", "--json"],
        &["fee", "--by-item", "1", "--by-page", "1"],
        &["fee", "--by-item", "-1"],
        &["fee", "--by-item", "x"],
        &["deadline", "--explian"],
        &["calendar"],
        &["calendar", "subtract"],
    ] {
        assert_eq!(gongkai(args, b"").code, 2, "{args:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let line = "{\"received\":\"2024-03-01\"}\n".repeat(20_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .arg("deadline")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn each_answer_comes_before_the_next_question_is_asked() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .arg("deadline")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for (received, due) in [("2024-03-01", "2024-03-29"), ("2025-02-20", "2025-03-20")] {
        stdin.write_all(format!("{{\"received\":\"{received}\"}}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert_eq!(lines(&answer)[0]["due"], due);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
