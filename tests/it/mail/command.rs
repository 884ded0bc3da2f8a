//! `gongkai remind`, as a script runs it.

use super::*;
use crate::support::{SEALING_KEY, TestDatabase};
use gongkai::store::cases::obligations::OPEN;
use gongkai::store::mail::outbox::MailState;
use std::process::Output;

/// Runs the command beside the mail server on `port`.
async fn gongkai(database: &TestDatabase, port: u16, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command
        .args(arguments)
        .env("GONGKAI_DATABASE_URL", &database.options.url)
        .env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY);
    command.env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes");
    command
        .env("GONGKAI_REMINDERS__DIGEST", "false")
        .env("GONGKAI_SMTP__FROM", "信息公开办公室 <office@gov.example>")
        .env("GONGKAI_SMTP__TLS", "none");
    if port != 0 {
        command.env("GONGKAI_SMTP__HOST", "localhost").env("GONGKAI_SMTP__PORT", port.to_string());
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn one_pass_queues_prints_sends_and_the_next_finds_nothing_new() {
    for database in TestDatabase::both() {
        let store = database.open();
        let house = house(&store);
        stands(&store, house.bureau.organ, house.case, &[reply("2025-09-19", OPEN, Some(house.handler))], "2025-09-19");
        runtime().block_on(async {
            let day = ["remind", "--as-of", "2025-09-22"];
            let seen = lines(&gongkai(&database, 0, &[&day[..], &["--dry-run"]].concat()).await);
            assert_eq!(seen[0], "2025-09-22 提醒预览（未作任何改动）：临近或者已过期限的事项 1 项，将排入 3 项，此前已排入 0 项");
            assert_eq!(seen.len(), 4);
            assert_eq!(mails(&store), []);
            let told = lines(&gongkai(&database, 0, &[&day[..], &["--no-send"]].concat()).await);
            assert_eq!(seen[1..], told[1..4], "what the preview said");
            assert_eq!(
                told,
                [
                    "2025-09-22 提醒：临近或者已过期限的事项 1 项，新排入 3 项，此前已排入 0 项",
                    "  2025-00017  答复申请人  期限2025-09-19  已逾期1个工作日  [逾期第1个工作日，补发1次]  → handler先生 <handler@gov.example>  您是这一事项的承办人员。",
                    "  2025-00017  答复申请人  期限2025-09-19  已逾期1个工作日  [逾期第1个工作日，补发1次]  → head先生 <head@gov.example>  您是本机关公开工作机构负责人；此类事项自期限前3个工作日起，直至办结，同时提醒您。",
                    "  2025-00017  答复申请人  期限2025-09-19  已逾期1个工作日  [逾期第1个工作日]  → watch先生 <watch@gov.example>  您是负责监督该机关政府信息公开工作的人员；此类事项自逾期后第一个工作日起，直至办结，同时提醒您。",
                    "队列：待发 3 封，发送中 0 封，待人工处理 0 封，累计送出 0 封",
                ]
            );
            let told = lines(&gongkai(&database, 0, &day).await);
            assert_eq!(told[1], "未配置邮件服务器（smtp.host）：邮件保留在队列中");
            let sink = Sink::plain().await;
            let told = lines(&gongkai(&database, sink.port, &day).await);
            assert_eq!(
                told,
                [
                    "2025-09-22 提醒：临近或者已过期限的事项 1 项，新排入 0 项，此前已排入 3 项",
                    "发送：送出 3 封，稍后重试 0 封，退信待处理 0 封",
                    "队列：待发 0 封，发送中 0 封，待人工处理 0 封，累计送出 3 封",
                ]
            );
            assert_eq!(sink.mails().len(), 3);
        });
        assert!(mails(&store).iter().all(|row| row.state == MailState::Sent));
    }
}

#[test]
fn what_is_queued_is_sent_on_demand() {
    for database in TestDatabase::both() {
        let store = database.open();
        for name in ["a", "b"] {
            queue(&store, name, &format!("{name}@gov.example"));
        }
        runtime().block_on(async {
            let told = lines(&gongkai(&database, 0, &["mail", "send"]).await);
            assert_eq!(told, ["未配置邮件服务器（smtp.host）：邮件保留在队列中"]);
            let follow = gongkai(&database, 0, &["mail", "send", "--follow"]).await;
            assert_eq!(follow.status.code(), Some(1), "nothing to wait for: {follow:?}");
            let sink = Sink::plain().await;
            sink.refuse("b@gov.example", "550 5.1.1 no such user");
            let told = lines(&gongkai(&database, sink.port, &["mail", "send"]).await);
            assert_eq!(told, ["发送：送出 1 封，稍后重试 0 封，退信待处理 1 封"]);
        });
    }
}

#[test]
fn a_date_that_is_none_is_wrong_usage() {
    let database = TestDatabase::sqlite();
    runtime().block_on(async {
        let output = gongkai(&database, 0, &["remind", "--as-of", "2025-02-30"]).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    });
}
