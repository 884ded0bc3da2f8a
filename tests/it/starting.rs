//! A start that fails: it names the setting and leaves nothing behind.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// 64 hexadecimal digits as `openssl rand -hex 32` gives them.
const KEY: &str = "c0a1f3927be4d65810392f7dd1a84be6097c5a3e21f8b46d95e07a3cb2d4186f";

fn gongkai(directory: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(arguments).current_dir(directory).env_clear().env("GONGKAI_BIND", "127.0.0.1:0");
    command.envs(settings.iter().copied()).stdin(Stdio::null());
    // A start that should have failed must not serve for ever.
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..400 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let _ = child.kill();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

/// The start fails with exit code 2, says `reason`, and makes neither file nor password.
#[track_caller]
fn refuses(settings: &[(&str, &str)], reason: &str) {
    let directory = tempfile::tempdir().unwrap();
    for command in [&["serve"][..], &["migrate"], &["remind"]] {
        // Only `serve` listens.
        if command != ["serve"] && reason.contains("server.bind") {
            continue;
        }
        let output = gongkai(directory.path(), command, settings);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(2), "{command:?} {settings:?}: {shown}");
        assert!(shown.contains(reason), "{reason} in {shown}");
        assert!(!shown.contains("password: "), "{shown}");
        let left: Vec<_> =
            std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{command:?} {settings:?} leaves {left:?}");
    }
}

#[test]
fn everything_is_checked_before_anything_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    refuses(&[("GONGKAI_BIND", &taken)], "server.bind");
    refuses(&[("GONGKAI_BIND", "127.0.0.1")], "server.bind");
    refuses(&[("GONGKAI_BIND", "127.0.0.1:99999")], "server.bind");
    refuses(&[("GONGKAI_SMTP__FROM", "nobody")], "smtp.from");
    refuses(&[("GONGKAI_SERVER__WORKERS", "100000")], "server.workers");
    refuses(&[("GONGKAI_DATABASE__POOL_SIZE", "0")], "database.pool_size");
    refuses(&[("GONGKAI_SMTP__PORT", "0")], "smtp.port");
    refuses(&[("GONGKAI_REMINDERS__TEMPLATES", "nowhere")], "reminders.templates");
    refuses(&[("GONGKAI_CALENDAR__DIRECTORY", "nowhere")], "calendar");
    let host = ("GONGKAI_SMTP__HOST", "mail.example.cn");
    refuses(&[host, ("GONGKAI_SMTP__CA_FILE", "nowhere.pem")], "smtp.ca_file");
}

#[test]
fn a_password_is_not_sent_in_plain_text_to_another_machine() {
    let plain = ("GONGKAI_SMTP__TLS", "none");
    let account = ("GONGKAI_SMTP__USERNAME", "office");
    for host in ["mail.example.cn", "10.0.0.5", "localhost.example.cn"] {
        refuses(&[("GONGKAI_SMTP__HOST", host), plain, account], "smtp.tls");
    }
    for host in ["localhost", "127.0.0.1", "::1", ""] {
        let directory = tempfile::tempdir().unwrap();
        let output = gongkai(directory.path(), &["migrate"], &[("GONGKAI_SMTP__HOST", host), plain, account]);
        assert!(output.status.success(), "{host}: {}", text(&output));
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let repeated = "0123456789abcdef".repeat(4);
    let weak =
        ["a".repeat(40), "\n".repeat(40), " ".repeat(40), "abc".repeat(20), repeated.clone(), format!("{KEY}\n")];
    for secret in &weak {
        refuses(&[("GONGKAI_SECURITY__TOKEN_SECRET", secret)], "security.token_secret");
    }
    for key in ["00".repeat(32), "0123".repeat(16), repeated] {
        refuses(&[("GONGKAI_SECURITY__SEALING_KEY", &key)], "security.sealing_key");
    }
    // PostgreSQL too, wherever the service can be reached from another machine.
    let secrets = [("GONGKAI_SECURITY__TOKEN_SECRET", weak[0].as_str()), ("GONGKAI_SECURITY__SEALING_KEY", KEY)];
    for reachable in [
        ("postgres://u@127.0.0.1:1/d", "0.0.0.0:0", ""),
        ("postgres://u@127.0.0.1:1,10.0.0.5/d?sslmode=disable", "127.0.0.1:0", ""),
        ("postgres://u@127.0.0.1:1/d", "127.0.0.1:0", "127.0.0.1"),
    ] {
        let (url, bind, proxies) = reachable;
        let mut variables = secrets.to_vec();
        variables.extend([("GONGKAI_DATABASE_URL", url), ("GONGKAI_BIND", bind)]);
        if !proxies.is_empty() {
            variables.push(("GONGKAI_SERVER__TRUSTED_PROXIES", proxies));
        }
        refuses(&variables, "security.token_secret");
    }
    let directory = tempfile::tempdir().unwrap();
    // A trial of PostgreSQL on this machine alone gets as far as the server, which is not there, and is warned.
    let trial = [secrets.as_slice(), &[("GONGKAI_DATABASE_URL", "postgres://u@127.0.0.1:1/d")]].concat();
    let shown = text(&gongkai(directory.path(), &["migrate"], &trial));
    assert!(shown.contains("for a trial on this machine only") && !shown.contains("security.token_secret"), "{shown}");
    let good = [("GONGKAI_SECURITY__TOKEN_SECRET", KEY), ("GONGKAI_SECURITY__SEALING_KEY", KEY)];
    let output = gongkai(directory.path(), &["migrate"], &good);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn a_key_without_its_database_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    assert!(gongkai(directory.path(), &["init", "--organ", "a", "--name", "局"], &[]).status.success());
    let (file, away) = (directory.path().join("gongkai.db"), directory.path().join("old.db"));
    std::fs::rename(&file, &away).unwrap();
    for command in [&["serve"][..], &["migrate"], &["init", "--organ", "b", "--name", "局"]] {
        let output = gongkai(directory.path(), command, &[]);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {shown}");
        assert!(shown.contains("gongkai.db.key") && shown.contains("移走"), "{shown}");
        assert!(!file.exists() && !shown.contains("password: "), "{command:?}: no empty house");
    }
    std::fs::rename(&away, &file).unwrap();
    let back = gongkai(directory.path(), &["migrate"], &[]);
    assert!(back.status.success(), "{}", text(&back));
}
