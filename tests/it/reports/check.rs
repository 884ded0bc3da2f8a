//! `gongkai report check`: what it prints, and its exit codes.

use serde_json::Value;
use std::process::Command;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn check(files: &[&str], more: &[&str]) -> Ran {
    let table = |name: &&str| format!("{}/tests/data/tables/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let done = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(["report", "check"])
        .args(files.iter().map(table))
        .args(more)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

#[test]
fn a_clean_table_is_0_findings_are_1_and_what_cannot_be_read_is_2() {
    assert_eq!(check(&["suqian_city_2023"], &[]).code, 0);
    let noticed = check(&["hongze_district_2024"], &[]);
    assert!(
        noticed.code == 0 && noticed.out.contains("没有差错") && noticed.out.contains("form_rows"),
        "{}",
        noticed.out
    );
    for faulty in ["seed003_zhuoni_nr_2020", "hongze_district_2023", "sh_gov_office_2019", "seed000_cangzhou_land_2017"]
    {
        assert_eq!(check(&[faulty], &[]).code, 1, "{faulty}");
    }
    assert_eq!(check(&["suqian_city_2023", "hongze_district_2023"], &[]).code, 1);
    let missing = check(&["nothing"], &[]);
    assert!(missing.code == 2 && missing.err.contains("不能读取") && missing.out.is_empty(), "{}", missing.err);
    assert_eq!(check(&[], &[]).code, 2, "no file is wrong usage");
}

#[test]
fn an_unreadable_file_is_named_with_the_place_of_the_fault() {
    let dir = tempfile::tempdir().unwrap();
    for (content, words) in
        [(&b"{\"year\": 2024, \"table3\": 5}"[..], "/table3"), (b"{", "malformed_json"), (b"\xd6\xd0", "UTF-8")]
    {
        let path = dir.path().join("report.json");
        std::fs::write(&path, content).unwrap();
        let ran = check(&[], &[path.to_str().unwrap()]);
        assert!(ran.code == 2 && ran.err.contains(words) && ran.err.contains("report.json"), "{}", ran.err);
    }
}

#[test]
fn a_finding_names_rule_place_figures_and_cause_for_people_and_machines() {
    let ran = check(&["hongze_district_2023"], &[]);
    let line = "差错　表四总计等于四种结果之和〔remedy_total〕　表“四”　行政复议　总计　现为0，应为11";
    assert!(ran.out.contains(line), "{}", ran.out);
    assert!(ran.out.contains("原因　总计一格应为11"), "{}", ran.out);

    let ran = check(&["hongze_district_2023", "hongze_district_2024"], &["--json"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    let (first, second) = (&answer[0], &answer[1]);
    assert_eq!((ran.code, answer.as_array().unwrap().len()), (1, 2));
    assert!(first["file"].as_str().unwrap().ends_with("hongze_district_2023.json"));
    assert_eq!((first["year"].as_i64(), first["form"].as_str()), (Some(2023), Some("2021")));
    let finding = &first["findings"][0];
    assert_eq!((finding["rule"].as_str(), finding["row"].as_str()), (Some("remedy_total"), Some("行政复议")));
    assert_eq!((finding["found"].as_u64(), finding["expected"].as_u64()), (Some(0), Some(11)));
    assert_eq!(second["findings"], Value::Array(Vec::new()));
    assert_eq!(second["notices"][0]["rule"], "form_rows");
}
