//! The program as a person starts it: nothing configured, nothing asked.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn gongkai(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(arguments).current_dir(directory).env_clear().env("GONGKAI_BIND", "127.0.0.1:0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    gongkai(directory, arguments).spawn().unwrap().wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

/// A started service: what it printed up to its address, and the address.
struct Running {
    child: Child,
    lines: Vec<String>,
    url: String,
}

impl Running {
    fn start(directory: &Path) -> Self {
        let mut child = gongkai(directory, &["serve"]).spawn().unwrap();
        let mut lines = Vec::new();
        let mut url = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let address = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
            lines.push(line);
            if let Some(address) = address {
                url = address;
                break;
            }
        }
        Self { child, lines, url }
    }

    fn password(&self) -> Option<&str> {
        self.lines.iter().find_map(|line| line.split_once("password: ").map(|(_, password)| password))
    }

    fn sign_in(&self, username: &str, password: &str) -> u16 {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let body = serde_json::json!({ "username": username, "password": password });
        agent.post(format!("{}/api/v1/auth/token", self.url)).send_json(body).unwrap().status().as_u16()
    }

    /// Asks it to end as an operator would.
    fn ask_to_end(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// The same, and says whether it went well.
    fn stop(mut self) -> bool {
        self.ask_to_end();
        self.child.wait().unwrap().success()
    }
}

#[test]
fn serve_without_any_configuration_makes_database_key_and_administrator_once() {
    let directory = tempfile::tempdir().unwrap();
    let first = Running::start(directory.path());
    let password = first.password().unwrap().to_owned();
    assert_eq!(first.sign_in("admin", &password), 200);
    assert_eq!(first.sign_in("admin", "admin"), 401, "no password that everybody knows");
    for file in ["gongkai.db", "gongkai.db.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(directory.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(first.stop(), "SIGTERM ends it well");
    let second = Running::start(directory.path());
    assert_eq!(second.password(), None, "printed once");
    assert_eq!(second.sign_in("admin", &password), 200, "and still the same");
    assert!(second.stop());
}

#[test]
fn the_log_line_of_a_sign_in_says_who_and_whence_and_other_lines_say_no_address() {
    use std::io::Read;
    let directory = tempfile::tempdir().unwrap();
    let mut running = Running::start(directory.path());
    let password = running.password().unwrap().to_owned();
    let statuses = [("admin", password.as_str()), ("admin", "wrong"), ("nobody", "x")];
    assert_eq!(statuses.map(|(name, password)| running.sign_in(name, password)), [200, 401, 401]);
    ureq::get(format!("{}/health/live", running.url)).call().unwrap();
    running.ask_to_end();
    let mut log = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    running.child.wait().unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let requests: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
    let at = |route: &str| requests.iter().filter(|line| line["route"] == route).collect::<Vec<_>>();
    let (tokens, others) = (at("/api/v1/auth/token"), at("/health/live"));
    assert!(tokens.len() == 3 && tokens.iter().all(|line| line["address"] == "127.0.0.1"), "{log}");
    assert!(tokens[0]["user_id"].is_string() && tokens[0]["user_id"] == tokens[1]["user_id"], "{log}");
    assert!(tokens[2].get("user_id").is_none(), "{log}");
    assert!(others.len() == 1 && others[0].get("address").is_none(), "{log}");
}

#[test]
fn an_operator_opens_an_account_at_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run(directory.path(), &["init", "--organ", "a", "--name", "局"]).status.success());
    let running = Running::start(directory.path());
    let password = running.password().unwrap().to_owned();
    let guesses: Vec<u16> = (0..6).map(|_| running.sign_in("admin", "wrong")).collect();
    assert_eq!(guesses, [401, 401, 401, 401, 401, 429]);
    assert_eq!(running.sign_in("admin", &password), 429);
    let unlock = |more: &[&str]| run(directory.path(), &[&["user", "unlock", "--username"], more].concat());
    let opened = unlock(&["admin", "--address", "127.0.0.1"]);
    assert!(opened.status.success() && text(&opened).contains("已解除限制"), "{}", text(&opened));
    assert_eq!(running.sign_in("admin", &password), 200);
    let unknown = unlock(&["nobody"]);
    assert!(unknown.status.code() == Some(2) && text(&unknown).contains("没有这个用户"), "{}", text(&unknown));
    assert!(running.stop());
}

#[test]
fn nonsense_in_the_place_of_a_request_is_answered_and_no_error_of_the_service() {
    use std::io::Read;
    use std::net::TcpStream;
    use std::time::Duration;
    let directory = tempfile::tempdir().unwrap();
    let mut service = Running::start(directory.path());
    let host = service.url.strip_prefix("http://").unwrap().to_owned();
    assert_eq!(service.sign_in("nobody", "x"), 401, "it serves");
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(200_000));
    for nonsense in
        ["GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", &long]
    {
        let mut open = TcpStream::connect(&host).unwrap();
        open.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may close before it has read everything.
        let _ = open.write_all(nonsense.as_bytes());
        let mut answer = Vec::new();
        let _ = open.read_to_end(&mut answer);
        let shown = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || shown.starts_with("HTTP/1.1 4"), "{shown}");
    }
    service.ask_to_end();
    let mut log = String::new();
    service.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(service.child.wait().unwrap().success());
    assert!(log.contains("request"), "there is a log: {log}");
    assert!(!log.contains("ERROR") && !log.contains("stream error"), "{log}");
}

#[test]
fn a_request_that_is_under_way_when_the_service_is_asked_to_end_is_answered() {
    use std::io::Read;
    use std::net::TcpStream;
    use std::time::Duration;
    let directory = tempfile::tempdir().unwrap();
    let mut service = Running::start(directory.path());
    let password = service.password().unwrap().to_owned();
    let body = serde_json::json!({ "username": "admin", "password": password }).to_string();
    let host = service.url.strip_prefix("http://").unwrap().to_owned();
    assert_eq!(service.sign_in("nobody", "x"), 401, "it serves");
    let mut open = TcpStream::connect(&host).unwrap();
    open.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (first, rest) = body.split_at(10);
    let length = body.len();
    write!(
        open,
        "POST /api/v1/auth/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{first}"
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    service.ask_to_end();
    // Longer than a service that does not wait needs to notice.
    std::thread::sleep(Duration::from_millis(2500));
    assert!(TcpStream::connect(&host).is_err(), "nobody new is let in");
    assert_eq!(service.child.try_wait().unwrap(), None, "it waits for what is under way");
    open.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("access_token"), "{answer}");
    assert!(service.child.wait().unwrap().success(), "and then it ends well");
}

#[test]
fn init_adds_an_organ_once_and_its_administrator_rules_it() {
    let directory = tempfile::tempdir().unwrap();
    let init = |arguments: &[&str]| run(directory.path(), &[&["init"], arguments].concat());
    let first = init(&["--organ", "320700", "--name", "市局"]);
    assert!(first.status.success() && text(&first).contains("已新增行政机关"), "{}", text(&first));
    let again = init(&["--organ", "320700", "--name", "市局"]);
    assert!(again.status.success() && text(&again).contains("行政机关已存在"), "{}", text(&again));
    let below = init(&["--organ", "320701", "--name", "分局", "--parent", "320700"]);
    assert!(below.status.success(), "{}", text(&below));
    let orphan = init(&["--organ", "1", "--name", "x", "--parent", "nowhere"]);
    assert_eq!(orphan.status.code(), Some(2));
    assert!(text(&orphan).contains("没有代码为 nowhere 的机关"), "{}", text(&orphan));
    let current = run(directory.path(), &["migrate"]);
    assert!(text(&current).contains("数据库已是最新"), "{}", text(&current));

    let running = Running::start(directory.path());
    let agent: ureq::Agent = ureq::Agent::new_with_defaults();
    let body = serde_json::json!({ "username": "admin", "password": running.password().unwrap() });
    let login: serde_json::Value = agent
        .post(format!("{}/api/v1/auth/token", running.url))
        .send_json(body)
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    let bearer = format!("Bearer {}", login["access_token"].as_str().unwrap());
    let organs: serde_json::Value = agent
        .get(format!("{}/api/v1/organs", running.url))
        .header("authorization", bearer)
        .call()
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    let codes: Vec<&str> =
        organs["items"].as_array().unwrap().iter().map(|organ| organ["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["320700", "320701"], "no organ is invented where one is");
    assert!(running.stop());
}

#[test]
fn a_user_is_added_with_a_generated_or_a_given_password() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run(directory.path(), &["init", "--organ", "a", "--name", "局"]).status.success());
    let add = ["user", "add", "--name", "张某", "--organ", "a", "--role", "clerk", "--role", "intake", "--username"];
    let made = run(directory.path(), &[&add[..], &["zhang"]].concat());
    assert!(made.status.success(), "{}", text(&made));
    let shown = text(&made);
    let password = shown.lines().find_map(|line| line.split_once("once): ")).unwrap().1.to_owned();

    let given = |username: &str, password: &str| {
        let mut child =
            gongkai(directory.path(), &[&add[..], &[username, "--password-stdin"]].concat()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let good = given("li", "Lake-Mountain-2026\n");
    assert!(good.status.success() && !text(&good).contains("Lake-Mountain"), "{}", text(&good));
    let weak = given("wang", "wang\n");
    assert_eq!(weak.status.code(), Some(2));
    assert!(text(&weak).contains("口令至少10位"), "{}", text(&weak));
    let twice = run(directory.path(), &[&add[..], &["ZHANG"]].concat());
    assert!(!twice.status.success() && text(&twice).contains("用户名已被使用"), "{}", text(&twice));

    let handler = ["user", "add", "--name", "张某", "--organ", "a", "--role", "handler", "--username", "cheng"];
    let homeless = run(directory.path(), &handler);
    assert!(homeless.status.success());
    assert!(text(&homeless).contains("没有所在科室，分办给科室的案件不会提醒此人"), "{}", text(&homeless));

    let running = Running::start(directory.path());
    assert_eq!(running.password(), None, "there are users already");
    assert_eq!((running.sign_in("zhang", &password), running.sign_in("li", "Lake-Mountain-2026")), (200, 200));
    assert!(running.stop());
}

#[test]
fn postgres_without_secrets_is_refused_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = gongkai(directory.path(), &["serve"]);
    let output = command.env("GONGKAI_DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output);
    assert!(shown.contains("security.token_secret") && shown.contains("必须设置"), "{shown}");
    assert!(!shown.contains("hidden"), "{shown}");
}

#[test]
fn the_document_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &["openapi"]);
    assert!(output.status.success());
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["openapi"], "3.1.0");
}
