//! What was done to an amendment, or to a case as an amendment left it, is found.

use serde_json::json;

use super::scene::Scene;
use crate::support::TestDatabase;
use crate::support::on_both_databases;

/// A case whose receipt was amended, a void case, and one whose reply was revoked.
fn scene(database: &TestDatabase) -> Scene {
    Scene::open_after(database, |[received, void, revoked]| {
        let (head, leader) = (received.bureau.head.clone(), received.bureau.leader.clone());
        let right = json!({ "submitted_on": "2026-02-27" });
        received.command(
            &head,
            "amendments",
            json!({ "reason": "收到日期录错", "entries": [{ "seq": 1, "change": right }] }),
        );
        void.command(&head, "void", json!({ "reason": "误立案" }));
        revoked
            .clerk("service-proofs", json!({ "on": "2026-03-03", "result": "signed", "signatory": "王小明（本人）" }));
        revoked.command(&head, "reply-revocation", json!({ "on": "2026-03-03", "reason": "适用条款有误" }));
        revoked.command(&leader, "amendments/1/confirmation", json!({}));
    })
}

#[test]
fn an_amendment_that_was_changed_or_removed_is_found() {
    on_both_databases(|database| {
        let mut scene = scene(database);
        let amended = "WHERE case_id = '{a}' AND kind = 'amended'";
        let patch = format!("UPDATE case_events SET body = replace(body, '2026-02-27', '2026-02-26') {amended}");
        scene.finds(
            "patch",
            &patch,
            &[
                "case_changed cases due_on",
                "case_changed cases received_on",
                "case_changed cases start_on",
                "case_changed cases submitted_on",
                "case_changed cases warns_on",
                "duty_changed obligations correction_notice",
                "duty_changed obligations reply",
                "event_changed case_events body #4",
            ],
        );
        let reason = format!("UPDATE case_events SET body = replace(body, '收到日期录错', '申请人要求') {amended}");
        scene.finds("reason", &reason, &["event_changed case_events body #4"]);
        let removed = scene.after(&format!("DELETE FROM case_events {amended}"));
        for finding in ["case_changed cases received_on", "case_changed cases version", "event_missing case_events #4"]
        {
            assert!(removed.contains(&finding.to_owned()), "{finding}: {removed:?}");
        }
    });
}

#[test]
fn a_row_as_it_was_before_the_amendment_the_void_or_the_revocation_is_found() {
    on_both_databases(|database| {
        let mut scene = scene(database);
        let receipt = "UPDATE cases SET received_on = '2026-03-02' WHERE id = '{a}'";
        scene.finds("receipt", receipt, &["case_changed cases received_on"]);
        for (what, case, stage) in [("kept open", "{b}", "in_progress"), ("still replied", "{c}", "served")] {
            let sql = format!("UPDATE cases SET stage = '{stage}' WHERE id = '{case}'");
            scene.finds(what, &sql, &["case_changed cases stage"]);
        }
        let duty = "UPDATE obligations SET status = 'met' WHERE case_id = '{c}' AND key = 'renewed_reply:1'";
        scene.finds("no duty", duty, &["duty_changed obligations renewed_reply:1"]);
    });
}
