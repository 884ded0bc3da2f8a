//! The commands at the machine: import, and the self-check with its exit codes.

use super::{amended, next_year};
use crate::support::{SEALING_KEY, TestDatabase, on_both_databases};
use serde_json::{Value, json};
use std::process::Command;

/// Exit code, standard output and standard error of a command on a database.
pub(super) fn gongkai(database: &TestDatabase, args: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_gongkai"))
        .args(args)
        .env("GONGKAI_DATABASE_URL", &database.options.url)
        .env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY)
        .env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn an_import_is_a_preview_until_it_is_activated() {
    on_both_databases(|database| {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &Value| {
            let path = directory.path().join(name);
            std::fs::write(&path, content.to_string()).unwrap();
            path.display().to_string()
        };
        let good = file("cn-2027.json", &next_year());
        let import = |args: &[&str]| gongkai(database, &[&["calendar", "import"], args].concat());
        let (code, shown, _) = import(&[&good, "--json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((code, &shown["is_active"], &shown["cases_looked_at"]), (0, &json!(false), &json!(0)));
        let (code, text, _) = import(&[&good]);
        assert_eq!(code, 0);
        assert!(text.contains("2027-02-20 周六  未定 → 上班"), "{text}");
        assert!(text.contains("以上为预览，尚未启用"), "{text}");

        let (code, _, why) = import(&[&good, "--activate", "--confirm", "0000"]);
        assert_eq!(code, 2, "{why}");
        assert!(why.contains("请重新预览"), "{why}");
        let (code, text, why) = import(&[&good, "--activate"]);
        assert_eq!(code, 0, "{why}");
        assert!(text.contains("已启用，案件期限已全部更新"), "{text}");
        let (code, text, _) = import(&[&good, "--json"]);
        let again: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &again["days"], &again["version_in_force"]), (0, &json!([]), &shown["version_after"]));

        let mut typed = amended();
        typed["work"][1] = json!("2026-02-13");
        let (code, _, why) = import(&[&file("slip.json", &typed), "--activate"]);
        assert_eq!(code, 1);
        assert!(why.contains("/work/1：2026-02-13 不是周六或周日，不能作为调休上班日"), "{why}");
        typed["works"] = json!([]);
        assert_eq!(import(&[&file("other.json", &typed)]).0, 2, "a member that is not known");
        assert_eq!(import(&["/nonexistent.json"]).0, 2);
        let (code, text, _) = gongkai(database, &["audit", "clocks"]);
        assert_eq!(code, 0);
        assert!(text.ends_with("自查：案件 0 件，事项 0 项，不一致 0 处\n"), "{text}");
    });
}
