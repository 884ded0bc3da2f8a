//! `gongkai ledger` as it is typed: exit codes, what it says, what it leaves.

use std::path::Path;
use std::process::{Command, Output};

use super::MIXED;

fn gongkai(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(arguments).current_dir(directory).env_clear();
    command.env("GONGKAI_DATABASE_URL", format!("sqlite:{}", directory.join("a.db").display()));
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn ran(directory: &Path, arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = gongkai(directory, arguments);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?}: no {word} in {text}");
    }
    // What is not part of the answer stands on standard error.
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn importing_says_what_it_did_and_its_exit_code_says_whether_all_is_well() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    let import = |file: &str, more: &[&str], code, words: &[&str]| {
        let arguments: Vec<&str> = ["ledger", "import", file, "--organ", "zrzy"].iter().chain(more).copied().collect();
        ran(at, &arguments, code, words)
    };
    ran(at, &["init", "--organ", "zrzy", "--name", "自然资源局"], 0, &[]);
    std::fs::write(at.join("a.csv"), MIXED.replace("备注\n", "备注,经费\n")).unwrap();
    import("a.csv", &["--dry-run"], 0, &["可新建案件11件", "不认识的列，未读取：经费", "没有写入"]);
    let text = import("a.csv", &[], 0, &["新建案件11件", "新建科室：耕地科、信息科", "逾期答复，", "已导入"]);
    assert!(!text.contains('\u{1b}'), "no moving bar outside a terminal: {text:?}");
    import("a.csv", &[], 0, &["已在库中11件", "本次没有改动"]);
    let id = text.split_once("本次导入的标识：").unwrap().1.trim();
    let line = [id, "运维人员", "a.csv（CSV（UTF-8））", "案件11件，其中没有办理记录的11件\n"];
    let listed = ran(at, &["ledger", "imports", "--organ", "zrzy"], 0, &line);
    assert_eq!(listed.lines().count(), 1, "an import that changed nothing is not listed: {listed}");
    let undo = ["ledger", "undo", id, "--organ", "zrzy", "--reason", "导错机关"];
    ran(at, &undo, 0, &["已撤销：作废11件"]);
    ran(at, &undo, 2, &["这次导入已经撤销"]);
    ran(at, &["ledger", "imports", "--organ", "zrzy"], 0, &["由运维人员撤销：导错机关"]);
    ran(at, &["audit", "verify"], 0, &[]);
    let text = import("a.csv", &[], 0, &["新建案件11件"]);
    let id = text.split_once("本次导入的标识：").unwrap().1.trim();
    let json = ran(at, &["ledger", "imports", "--organ", "zrzy", "--json"], 0, &[]);
    let imports: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&imports[0]["id"], &imports[0]["imported_by"]), (&id.into(), &serde_json::Value::Null));

    std::fs::write(at.join("b.csv"), "收到日期,申请人类型,申请内容\n2024-3-1,外星人,甲\n2024-3-1,自然人,乙\n").unwrap();
    import("b.csv", &[], 1, &["第2行 申请人类型“外星人”", "不能识别的说法", "全部没有导入"]);
    import("b.csv", &["--partial"], 1, &["新建案件1件", "有错误1行", "已导入"]);
    import("b.csv", &["--partial"], 1, &["没有可以导入的新案件"]);
    let json = import("b.csv", &["--json", "--dry-run"], 1, &[]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&report["rejected"], &report["faults"][0]["line"]), (&1.into(), &2.into()));

    let column = "收到日期,申请人类型,申请内容,领导批示\n2024-3-1,自然人,丙,已阅\n";
    std::fs::write(at.join("d.csv"), column).unwrap();
    import("d.csv", &[], 1, &["“领导批示”列（1行有内容）：不认识这一列", "全部没有导入"]);
    import("d.csv", &["--partial"], 1, &["新建案件1件", "已导入"]);

    std::fs::write(at.join("c.csv"), "甲,乙\n1,2\n").unwrap();
    import("c.csv", &[], 2, &["没有找到表头"]);
    import("nothing.csv", &[], 2, &["不能读取"]);
    ran(at, &["ledger", "import", "a.csv", "--organ", "nobody"], 2, &["没有代码为 nobody 的机关"]);
    ran(at, &["audit", "clocks"], 0, &["不一致 0 处"]);
}

#[test]
fn template_and_export_write_the_columns_that_import_takes() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    ran(at, &["init", "--organ", "zrzy", "--name", "自然资源局"], 0, &[]);
    ran(at, &["ledger", "template", "--output", "t.xlsx"], 0, &[]);
    ran(at, &["ledger", "import", "t.xlsx", "--organ", "zrzy"], 0, &["XLSX，0行"]);
    let template = ran(at, &["ledger", "template"], 0, &["受理编号,收到日期,申请方式"]);
    std::fs::write(at.join("a.csv"), MIXED).unwrap();
    ran(at, &["ledger", "import", "a.csv", "--organ", "zrzy"], 0, &[]);
    let masked = ran(at, &["ledger", "export", "--organ", "zrzy"], 0, &["张**", "'=cmd"]);
    assert_eq!(masked.lines().next(), template.lines().next(), "one set of columns");
    assert!(!masked.contains("张三") && !masked.contains("13800138000"));
    ran(at, &["ledger", "export", "--organ", "zrzy", "--personal-data"], 2, &["--reason"]);
    let clear =
        ["ledger", "export", "--organ", "zrzy", "--personal-data", "--reason", "移交档案馆", "--output", "o.xlsx"];
    ran(at, &clear, 0, &[]);
    ran(at, &["ledger", "import", "o.xlsx", "--organ", "zrzy"], 0, &["已在库中11件"]);
    let some =
        ran(at, &["ledger", "export", "--organ", "zrzy", "--from", "2025-01-01", "--until", "2025-12-31"], 0, &[]);
    assert_eq!(some.lines().count(), 4, "the heading and the three of that year");
}
