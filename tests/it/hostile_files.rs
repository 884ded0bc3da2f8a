//! Files made to harm, over HTTP and at the command line. What each kind of file does to the reader is in
//! `src/report/files/tests.rs`; `tests/bench/hostile_workbooks.py` measures memory and time.

use std::io::{Cursor, Write};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gongkai::api::Api;
use gongkai::case::Role;
use gongkai::office::OfficeError;
use gongkai::store::UserId;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::support::bureau::Bureau;
use crate::support::on_both_databases;

const CHECK: &str = "/api/v1/reports/check";

/// A workbook of one sheet.
fn workbook(sheet: &str, strings: &str) -> Vec<u8> {
    const TYPE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let related =
        |kind: &str, target: &str| format!("<Relationship Id=\"{kind}\" Type=\"{TYPE}/{kind}\" Target=\"{target}\"/>");
    let relations = |all: String| format!("<Relationships>{all}</Relationships>");
    let inner = related("worksheet", "sheet1.xml") + &related("sharedStrings", "sharedStrings.xml");
    let parts = [
        ("_rels/.rels", relations(related("officeDocument", "xl/workbook.xml"))),
        ("xl/workbook.xml", "<workbook><sheets><sheet name=\"a\" id=\"worksheet\"/></sheets></workbook>".to_owned()),
        ("xl/_rels/workbook.xml.rels", relations(inner)),
        ("xl/sheet1.xml", format!("<worksheet><sheetData>{sheet}</sheetData></worksheet>")),
        ("xl/sharedStrings.xml", format!("<sst>{strings}</sst>")),
    ];
    let mut bytes = Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    for (name, content) in parts {
        archive.start_file(name, SimpleFileOptions::default().compression_level(Some(1))).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

/// Cells in both corners of a sheet: a rectangle of 17,179,869,184.
fn corners() -> Vec<u8> {
    let cell = |row: u32, at: &str| format!("<row r=\"{row}\"><c r=\"{at}\" t=\"str\"><v>x</v></c></row>");
    workbook(&(cell(1, "A1") + &cell(1_048_576, "XFD1048576")), "")
}

fn content(bytes: &[u8]) -> Value {
    json!({ "content": STANDARD.encode(bytes) })
}

#[test]
fn a_file_beyond_the_caps_is_413_names_its_place_and_changes_nothing() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let call = |path: &str, body: Value| bureau.service.call("POST", path, &bureau.clerk, Some(body));
        let harmless = content(&workbook("", ""));
        let checked = call(CHECK, json!({ "reports": [harmless, content(&corners())] }));
        assert_eq!(checked.problem(), (413, "file_too_large"), "{checked:?}");
        assert_eq!(checked.fields(), [("/reports/1/content", "file_too_large")]);
        let detail = "第2份报告：单元格XFD1048576有内容，只读取前256列（至IV列），请删去后面的列";
        assert_eq!(checked.json["detail"], detail);

        let ledger = format!("/api/v1/organs/{}/ledger", bureau.organ.0);
        let shown = call(&format!("{ledger}/preview"), content(&corners()));
        assert_eq!((shown.problem(), shown.fields()), ((413, "file_too_large"), vec![("/content", "file_too_large")]));
        let mut import = content(&corners());
        import["confirmation"] = json!("x");
        let path = format!("{ledger}/imports");
        let taken = bureau.service.call_with("POST", &path, &bureau.clerk, &[("idempotency-key", "k1")], Some(import));
        assert_eq!(taken.problem(), (413, "file_too_large"), "{taken:?}");
        let wide = call(&format!("{ledger}/preview"), content(",".repeat(256).as_bytes()));
        assert_eq!(wide.problem(), (413, "file_too_large"), "{wide:?}");
        assert_eq!(wide.json["detail"], "第1行超过256列，请删去不需要的列");
        assert_eq!(bureau.service.get("/api/v1/cases", &bureau.clerk).json["items"], json!([]));
    });
}

#[test]
fn what_the_files_of_a_request_unfold_to_is_counted_together() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let call = |body: Value| bureau.service.call("POST", CHECK, &bureau.clerk, Some(body));
        // Each is a good workbook of a little more than a MiB, and no report.
        let one = content(&workbook(&(" ".repeat(1020) + "<a/>").repeat(1024), ""));
        let few = call(json!({ "reports": vec![one.clone(); 3] }));
        assert_eq!((few.problem(), few.fields()[2]), ((422, "invalid"), ("/reports/2/content", "not_a_report")));
        let many = call(json!({ "reports": vec![one; 100] }));
        assert_eq!(many.problem(), (413, "file_too_large"), "{many:?}");
        assert_eq!(many.fields(), [("/reports/63/content", "file_too_large")]);
        // Values without a file take memory too.
        let flood = call(json!({ "reports": [{ "year": 2023, "table3": { "x": vec![0; 200_000] } }] }));
        assert_eq!(flood.problem(), (413, "payload_too_large"), "{flood:?}");
    });
}

#[test]
fn files_are_checked_for_those_who_report_and_no_others() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        for role in Role::ALL {
            let token = bureau.service.user_token(&format!("ren-{}", role.code()), bureau.organ, &[role]);
            let body = json!({ "reports": [{ "org": "某局", "year": 2023 }] });
            let reply = bureau.service.call("POST", CHECK, &token, Some(body));
            match role {
                Role::Clerk | Role::OfficeHead | Role::Leader | Role::Supervisor | Role::Auditor => {
                    assert_eq!(reply.status, 200, "{role:?}: {reply:?}");
                }
                Role::Intake | Role::Handler | Role::Reviewer | Role::Admin => {
                    assert_eq!(reply.problem(), (403, "role_required"), "{role:?}");
                }
            }
        }
    });
}

fn with_api<F: Future<Output = ()>>(test: impl Fn(Api) -> F) {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let api = Api::new(bureau.service.office.clone());
        actix_web::rt::System::new().block_on(test(api));
    });
}

#[test]
fn two_files_are_read_at_a_time_and_a_third_is_busy_after_two_seconds() {
    let [one, other, third] = [0; 3].map(|_| UserId::new());
    with_api(async |api| {
        let first = api.file_turn(one).await.unwrap();
        let _second = api.file_turn(other).await.unwrap();
        let began = Instant::now();
        let busy = api.file_turn(third).await.unwrap_err();
        assert_eq!((busy.status, &*busy.code), (503, "busy"));
        let waited = began.elapsed();
        assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&waited), "{waited:?}");
        drop(first);
        api.file_turn(third).await.unwrap();
    });
}

#[test]
fn one_person_reads_one_file_at_a_time_so_that_the_next_person_finds_a_place() {
    let [one, other] = [0; 2].map(|_| UserId::new());
    with_api(async |api| {
        let _first = api.file_turn(one).await.unwrap();
        let again = api.file_turn(one).await.unwrap_err();
        assert_eq!((again.status, &*again.code), (503, "busy"));
        let began = Instant::now();
        api.file_turn(other).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    });
}

#[test]
fn a_request_that_ends_stops_its_work_which_keeps_its_turn_until_then() {
    let [one, other, third] = [0; 3].map(|_| UserId::new());
    with_api(async |api| {
        let _other = api.file_turn(other).await.unwrap();
        let turn = api.file_turn(one).await.unwrap();
        let (says, hears) = mpsc::channel();
        let (lets, waits) = mpsc::channel::<()>();
        let work = api.run_file(turn, move |_, given_up| {
            // Bounded, so that work that is not told ends the test and does not hang it.
            let until = Instant::now() + Duration::from_secs(15);
            while !given_up.load(Ordering::Relaxed) {
                if Instant::now() > until {
                    return Err(OfficeError::Busy);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            says.send(()).unwrap();
            waits.recv().unwrap();
            Ok::<(), OfficeError>(())
        });
        let request = tokio::time::timeout(Duration::from_millis(50), work).await;
        assert!(request.is_err(), "the deadline of the request");
        hears.recv_timeout(Duration::from_secs(5)).unwrap();
        assert_eq!(&*api.file_turn(third).await.unwrap_err().code, "busy", "the work still has its memory");
        lets.send(()).unwrap();
        api.file_turn(third).await.unwrap();
    });
}

/// The bound is the kernel's: an allocation beyond it would end the process by a signal.
#[test]
fn the_command_line_refuses_hostile_files_within_bounded_memory() {
    const MOST_KB: u32 = 300_000;
    let dir = tempfile::tempdir().unwrap();
    let init = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(["init", "--organ", "z", "--name", "某局"])
        .current_dir(dir.path())
        .env("GONGKAI_DATABASE_URL", format!("sqlite:{}/g.db", dir.path().display()))
        .output()
        .unwrap();
    assert!(init.status.success(), "{init:?}");
    let strings = "<si/>".repeat(2_500_000);
    let shared = "<row><c t=\"s\"><v>0</v></c></row>".repeat(40_000);
    let long = format!("<si><t>{}</t></si>", "x".repeat(32_000));
    let blanks = (" ".repeat(1020) + "<a/>").repeat(70 << 10);
    let one = format!("<si><t>{}</t></si>", "x".repeat(40 << 20));
    // Each with the cap that it runs into.
    let files: [(&str, Vec<u8>, &str, bool); 7] = [
        ("corners.xlsx", corners(), "只读取前256列", true),
        ("strings.xlsx", workbook("", &strings), "共享字符串超过", false),
        ("blanks.xlsx", workbook(&blanks, ""), "展开后超过", false),
        ("one-string.xlsx", workbook("", &one), "超过256KB的一个标记或者一段文字", true),
        ("told-again.xlsx", workbook(&shared, &long), "文字合计超过", false),
        ("commas.csv", ",".repeat(15 << 20).into_bytes(), "超过256列", true),
        ("values.json", format!("[{}0]", "0,".repeat(7 << 20)).into_bytes(), "单元格超过", false),
    ];
    for (name, bytes, cap, is_no_ledger) in files {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let run = |args: &[&str]| {
            Command::new("bash")
                .args(["-c", &format!("ulimit -v {MOST_KB} && exec \"$@\""), "bash", env!("CARGO_BIN_EXE_gongkai")])
                .args(args)
                .current_dir(dir.path())
                .env("GONGKAI_DATABASE_URL", format!("sqlite:{}/g.db", dir.path().display()))
                .output()
                .unwrap()
        };
        let file = path.to_str().unwrap();
        let checked = run(&["report", "check", file]);
        let told = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(checked.status.code(), Some(2), "{name}: {told}");
        assert!(
            told.contains(name)
                && told.contains(cap)
                && told.contains("（file_too_large）")
                && !told.contains("panicked"),
            "{name}: {told}"
        );
        let imported = run(&["ledger", "import", file, "--organ", "z"]);
        let told = String::from_utf8_lossy(&imported.stderr);
        assert_eq!(imported.status.code(), Some(2), "{name}: {told}");
        assert!(!told.contains("panicked") && told.contains("file_too_large") >= is_no_ledger, "{name}: {told}");
    }
}
