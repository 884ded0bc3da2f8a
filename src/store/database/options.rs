//! The address of the database and its time-outs.

use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::db::Session;
use crate::store::StoreError;

/// How to reach the database. `Default` is an SQLite file `gongkai.db` in the working directory.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `sqlite:path`, `sqlite://path`, `postgres://…` or `postgresql://…`.
    pub url: String,
    /// Connections in the pool. SQLite's single writer comes on top.
    pub pool_size: u32,
    /// Milliseconds to wait for a connection or for the writer's turn before [`StoreError::Busy`].
    pub pool_timeout_ms: u64,
    /// Milliseconds to wait for a lock that another transaction holds.
    pub lock_timeout_ms: u64,
    /// Milliseconds a statement may run (PostgreSQL only).
    pub statement_timeout_ms: u64,
    /// 64 hexadecimal digits. Optional on SQLite, where a key file is created beside the database.
    pub sealing_key: Option<String>,
    /// Whether to refuse a missing or empty database instead of creating one.
    pub must_exist: bool,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            url: "sqlite:gongkai.db".into(),
            pool_size: 8,
            pool_timeout_ms: 2_000,
            lock_timeout_ms: 3_000,
            statement_timeout_ms: 10_000,
            sealing_key: None,
            must_exist: false,
        }
    }
}

impl std::fmt::Debug for DatabaseOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DatabaseOptions")
            .field("url", &without_password(&self.url))
            .field("pool_size", &self.pool_size)
            .field("pool_timeout_ms", &self.pool_timeout_ms)
            .field("lock_timeout_ms", &self.lock_timeout_ms)
            .field("statement_timeout_ms", &self.statement_timeout_ms)
            .field("sealing_key", &self.sealing_key.as_ref().map(|_| "***"))
            .field("must_exist", &self.must_exist)
            .finish()
    }
}

impl DatabaseOptions {
    pub(in crate::store) fn session(&self) -> Session {
        Session {
            lock_timeout: Duration::from_millis(self.lock_timeout_ms),
            statement_timeout: Duration::from_millis(self.statement_timeout_ms),
        }
    }
}

/// A database address. The scheme alone decides between the two kinds.
#[derive(Clone)]
pub(in crate::store) enum Address {
    Sqlite(PathBuf),
    /// The URL as configured. [`for_libpq`] adds the limits.
    Postgres(String),
}

/// The address for display: the absolute path of a file, without any password.
impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => {
                let whole = std::path::absolute(path);
                write!(out, "sqlite:{}", whole.as_ref().unwrap_or(path).display())
            }
            Self::Postgres(url) => out.write_str(&without_password(url)),
        }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, out)
    }
}

impl Address {
    /// Refuses a missing or empty file: a read-only command must not create a database.
    pub(in crate::store) fn require_file(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(path) if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 => {
                Err(self.holds_nothing())
            }
            Self::Sqlite(_) | Self::Postgres(_) => Ok(()),
        }
    }

    /// The error for an address without a database, or with one that has no tables yet.
    pub(in crate::store) fn holds_nothing(&self) -> StoreError {
        StoreError::Refused(format!(
            "{self} 没有数据库，本命令不新建：请设置 GONGKAI_DATABASE_URL，或者在数据库所在的目录运行；新建用 gongkai init / \
             no database there, and this command makes none: set GONGKAI_DATABASE_URL, run it in the directory of the \
             database, or make one with `gongkai init`"
        ))
    }

    /// Parses an address. Refuses an unknown scheme instead of taking it for a file name.
    pub(in crate::store) fn parse(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            refuse_plain_text_over_a_network(url)?;
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
        match path {
            Some(path) if path.is_empty() || path.starts_with(':') || path.starts_with("file:") => {
                Err(StoreError::Refused("the sqlite address must name a file: sqlite:gongkai.db".into()))
            }
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
            None => Err(StoreError::Refused(format!(
                "unknown database address {:?}: use sqlite:PATH or postgres://USER@HOST/NAME",
                without_password(url)
            ))),
        }
    }
}

/// The path of the key file beside a database.
pub(in crate::store) fn key_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// The path of the key that takes the place of the one in the key file, while the key is changed.
pub(in crate::store) fn next_key_file(database: &Path) -> PathBuf {
    let mut name = key_file(database).into_os_string();
    name.push(".next");
    PathBuf::from(name)
}

/// Creates an empty database file readable by its owner only. SQLite gives the same mode to the files beside it.
/// Refuses if there is a key file but no database: the database was moved, and an empty one must not take its place.
pub(in crate::store) fn create_private(path: &Path) -> Result<(), StoreError> {
    let key = key_file(path);
    // Checks in this order because another instance creates the database before the key.
    if key.exists() && !path.exists() {
        let (path, key) = (path.display(), key.display());
        return Err(StoreError::Refused(format!(
            "数据库文件 {path} 不存在，而密钥文件 {key} 还在：请把数据库放回原处；确实要另建新库的，先把密钥文件移走 / \
             the database {path} is missing although its key file {key} is there: put the database back, or move the \
             key file away if you want a new, empty one"
        )));
    }
    let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map(drop).map_err(|cause| StoreError::Unavailable(format!("cannot open {}: {cause}", path.display())))
}

/// libpq without TLS silently uses plain text. Identity numbers must not travel unencrypted unless the address asks for
/// it explicitly.
fn refuse_plain_text_over_a_network(url: &str) -> Result<(), StoreError> {
    let far = hosts(url).into_iter().find(|host| !is_local(host));
    match far {
        Some(host) if parameter(url, "sslmode").as_deref() != Some("disable") && !super::db::libpq_has_tls() => {
            Err(StoreError::Refused(format!(
                "this build has no TLS for PostgreSQL and {host} is another machine: build with \
                 --no-default-features --features libsqlite3-sys/bundled and the system's libpq, or add ?sslmode=disable \
                 to accept plain text"
            )))
        }
        Some(_) | None => Ok(()),
    }
}

/// Parameters added to every PostgreSQL connection, each with the environment variable libpq reads for it.
///
/// Without them, a server whose machine is gone would be waited for until TCP gives up, a quarter of an hour later. And
/// of several hosts libpq would take the first that answers, even a standby.
const DEFAULTS: [(&str, &str, Option<&str>); 7] = [
    ("connect_timeout", "2", Some("PGCONNECT_TIMEOUT")),
    ("tcp_user_timeout", "3000", None),
    ("keepalives", "1", None),
    ("keepalives_idle", "2", None),
    ("keepalives_interval", "1", None),
    ("keepalives_count", "2", None),
    ("target_session_attrs", "read-write", Some("PGTARGETSESSIONATTRS")),
];

/// The address for libpq, with [`DEFAULTS`] for everything that neither the address nor the environment sets.
pub(in crate::store) fn for_libpq(url: &str) -> String {
    with_defaults(url, |name| std::env::var_os(name).is_some())
}

/// The address once for each host it lists, in order, for a caller that tries them one after the other. The whole
/// address if it lists one host, or if its query names the hosts.
pub(in crate::store) fn for_each_host(url: &str) -> Vec<String> {
    let place = parts(url).0;
    let listed = place.split('/').next().unwrap_or_default();
    let start = place.as_ptr().addr().saturating_sub(url.as_ptr().addr());
    let is_in_query = parameter(url, "host").is_some() || parameter(url, "hostaddr").is_some();
    let (Some(before), Some(after)) = (url.get(..start), url.get(start.saturating_add(listed.len())..)) else {
        return vec![url.to_owned()];
    };
    if is_in_query {
        return vec![url.to_owned()];
    }
    listed.split(',').map(|host| format!("{before}{host}{after}")).collect()
}

/// The address for PostgreSQL's own programs, with the same limits, and the password, which must not be in their
/// arguments. The password of a client key (`sslpassword`) cannot be handed over in any other way and is left out.
pub(in crate::store) fn for_tools(url: &str) -> (String, Option<String>) {
    let (bare, password) = split_password(url);
    (for_libpq(&bare), password)
}

/// The address without its passwords, and the password of the user, decoded. As in libpq, a parameter wins over the user
/// part.
fn split_password(url: &str) -> (String, Option<String>) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let user_end = rest.find(['@', '/']).filter(|at| rest.get(*at..).is_some_and(|from| from.starts_with('@')));
    let (user, place) = user_end.and_then(|at| rest.split_at_checked(at)).unwrap_or(("", rest));
    let (name, in_user) = user.split_once(':').map_or((user, None), |(name, word)| (name, Some(decoded(word))));
    let in_query = parameter(url, "password");
    let (hosts, query) = place.split_once('?').map_or((place, None), |(hosts, query)| (hosts, Some(query)));
    let is_secret = |pair: &str| {
        let key = pair.split_once('=').map_or(pair, |(key, _)| key);
        decoded(key).to_ascii_lowercase().contains("password")
    };
    let kept: Option<Vec<&str>> = query.map(|query| query.split('&').filter(|pair| !is_secret(pair)).collect());
    let query = kept.map(|pairs| pairs.join("&")).filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    (format!("{scheme}://{name}{hosts}{query}"), in_query.or(in_user))
}

/// The testable part of [`for_libpq`].
fn with_defaults(url: &str, is_in_environment: impl Fn(&str) -> bool) -> String {
    let query = parts(url).1;
    let is_given = |name: &str| parameters(query).any(|(key, _)| key == name);
    let missing =
        DEFAULTS.iter().filter(|(name, _, variable)| !is_given(name) && !variable.is_some_and(&is_in_environment));
    let added: Vec<String> = missing.map(|(name, value, _)| format!("{name}={value}")).collect();
    let joint = match query {
        _ if added.is_empty() => "",
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{joint}{}", added.join("&"))
}

/// Splits the URL into hosts with database name, and query, as libpq does: a password may contain `?`, so nothing
/// before the first `@` counts.
fn parts(url: &str) -> (&str, Option<&str>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = match rest.find(['@', '/']).and_then(|at| rest.split_at_checked(at)) {
        Some((_, after)) if after.starts_with('@') => after.strip_prefix('@').unwrap_or(after),
        Some(_) | None => rest,
    };
    place.split_once('?').map_or((place, None), |(hosts, query)| (hosts, Some(query)))
}

/// The hosts a connection string names, as libpq reads it. Empty for the local socket.
fn hosts(url: &str) -> Vec<String> {
    let listed = parts(url).0.split('/').next().unwrap_or_default();
    let mut named: Vec<String> = listed.split(',').map(without_port).collect();
    for key in ["host", "hostaddr"] {
        named.extend(parameter(url, key).unwrap_or_default().split(',').map(str::to_owned));
    }
    named.retain(|host| !host.is_empty());
    if named.is_empty() {
        named.extend(std::env::var("PGHOST").ok().filter(|host| !host.is_empty()));
    }
    named
}

fn without_port(host: &str) -> String {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address.to_owned(),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    }
}

fn parameter(url: &str, key: &str) -> Option<String> {
    // libpq takes the last of repeated parameters.
    parameters(parts(url).1).filter(|(name, _)| name == key).last().map(|(_, value)| value)
}

/// The percent-decoded pairs of a query.
fn parameters(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value)))
}

/// Percent-decodes the text.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after.split_at_checked(2).and_then(|(digits, left)| Some((u8::from_str_radix(digits, 16).ok()?, left))) {
            Some((byte, left)) => {
                bytes.push(byte);
                rest = left;
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether an address leads only to PostgreSQL on this machine: by socket or loopback.
#[must_use]
pub fn is_on_this_machine(url: &str) -> bool {
    hosts(url).iter().all(|host| is_local(host))
}

fn is_local(host: &str) -> bool {
    let socket = ["/", "@", "%2F", "%2f", "%40"].iter().any(|start| host.starts_with(start));
    socket || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The address with every password replaced by `***`.
fn without_password(url: &str) -> String {
    let starred = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, hosts) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:***@{hosts}"))
    });
    let text = starred.unwrap_or_else(|| url.to_owned());
    let Some((before, query)) = parts(&text).1.and_then(|query| Some((text.strip_suffix(query)?, query))) else {
        return text;
    };
    let shown = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if decoded(key).to_ascii_lowercase().contains("password") => format!("{key}=***"),
        Some(_) | None => pair.to_owned(),
    };
    let pairs: Vec<String> = query.split('&').map(shown).collect();
    format!("{before}{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::Connection as _;

    fn is_refused(url: &str) -> bool {
        matches!(Address::parse(url), Err(StoreError::Refused(_)))
    }

    #[test]
    fn an_address_is_told_by_its_scheme_and_a_bad_one_is_refused() {
        for (url, path) in [("sqlite:a.db", "a.db"), ("sqlite://a.db", "a.db"), ("sqlite:///v/a.db", "/v/a.db")] {
            assert!(matches!(Address::parse(url), Ok(Address::Sqlite(p)) if p == Path::new(path)), "{url}");
        }
        assert!(matches!(Address::parse("postgresql://u@localhost/x"), Ok(Address::Postgres(_))));
        for url in ["", "gongkai.db", "mysql://x", "postgres:x", "sqlite:", "sqlite::memory:", "sqlite:file:x?mode=rw"]
        {
            assert!(is_refused(url), "{url}");
        }
    }

    #[test]
    fn plain_text_to_another_machine_is_refused_unless_written_down() {
        if super::super::db::libpq_has_tls() {
            return; // this build encrypts: nothing to refuse
        }
        for url in [
            "postgres://u:p@10.0.0.5/x",
            "postgres://u:p@db.example:5432/x",
            "postgres://u@localhost,db.example/x",
            "postgres:///x?host=db.example",
            "postgres://u@[2001:db8::1]:5432/x",
            "postgres://localhost/x?hostaddr=10.0.0.5",
            "postgres://u:p?sslmode=disable&x@10.0.0.5/x",
            "postgres://localhost/x?host%61ddr=10.0.0.5",
            "postgres://10.0.0.5/x?sslmode=disable&sslmode=prefer",
        ] {
            assert!(is_refused(url), "{url}");
        }
        for url in [
            "postgres://u:p@127.0.0.1:5432/x",
            "postgres://u@[::1]/x",
            "postgres:///x?host=/var/run/postgresql",
            "postgres://u@%2Fvar%2Frun/x",
            "postgres://u:p@10.0.0.5/x?sslmode=disable",
        ] {
            assert!(!is_refused(url), "{url}");
        }
    }

    /// The parameters `with_defaults` adds to a bare address.
    const ALL: &str = "connect_timeout=2&tcp_user_timeout=3000&keepalives=1&keepalives_idle=2&keepalives_interval=1\
                       &keepalives_count=2&target_session_attrs=read-write";

    #[test]
    fn every_postgresql_address_gets_limits_and_a_server_that_writes() {
        for (url, joint) in [
            ("postgres://u@h/x", "?"),
            ("postgres://", "?"),
            ("postgresql://u:p%3F@a:1,b:2/x", "?"),
            ("postgres://u:p?sslmode=x&y=z@h/x", "?"),
            ("postgres://u@[2001:db8::1]:5432,[2001:db8::2]/x", "?"),
            ("postgres://%2Fvar%2Frun/x", "?"),
            ("postgres:///x?host=/var/run", "&"),
            ("postgres://h/x?", ""),
            ("postgres://h/x?sslmode=disable&", ""),
            ("postgres://h?sslmode=disable", "&"),
            ("postgres://h/a@b?sslmode=disable", "&"),
        ] {
            assert_eq!(with_defaults(url, |_| false), format!("{url}{joint}{ALL}"));
        }
    }

    #[test]
    fn what_the_address_or_the_environment_says_of_a_limit_stays() {
        let given = "postgres://h/x?connect%5Ftimeout=9&target_session_attrs=any";
        let merged = with_defaults(given, |_| false);
        assert_eq!(
            merged.strip_prefix(given),
            Some("&tcp_user_timeout=3000&keepalives=1&keepalives_idle=2&keepalives_interval=1&keepalives_count=2")
        );
        let whole = format!("postgres://h/x?{ALL}");
        assert_eq!(with_defaults(&whole, |_| false), whole);
        let merged = with_defaults("postgres://h/x", |name| name == "PGCONNECT_TIMEOUT");
        assert!(!merged.contains("connect_timeout") && merged.contains("target_session_attrs=read-write"), "{merged}");
    }

    #[test]
    fn an_address_of_several_hosts_is_one_address_for_each() {
        for (url, each) in [
            ("postgres://u:p@a:1,b:2/x?y=z", &["postgres://u:p@a:1/x?y=z", "postgres://u:p@b:2/x?y=z"][..]),
            ("postgres://u:p?,q@a,[::1]:2", &["postgres://u:p?,q@a", "postgres://u:p?,q@[::1]:2"]),
            ("postgres://h/x,y", &["postgres://h/x,y"]),
            ("postgres:///x?host=a,b", &["postgres:///x?host=a,b"]),
            ("postgres://", &["postgres://"]),
        ] {
            assert_eq!(for_each_host(url), each, "{url}");
        }
    }

    #[test]
    fn libpq_takes_the_merged_address() {
        // libpq parses the whole address before it looks for the socket, which does not exist.
        for url in [
            "postgres://u:p?q@%2Fnonexistent/x",
            "postgres:///x?host=/nonexistent",
            "postgres:///?host=%2Fnonexistent&",
        ] {
            let cause = diesel::PgConnection::establish(&with_defaults(url, |_| false)).err().unwrap().to_string();
            assert!(cause.contains("/nonexistent/.s.PGSQL.5432"), "{url}: {cause}");
        }
        let cause = diesel::PgConnection::establish("postgres:///x?host=/nonexistent&nonsense=1").err().unwrap();
        assert!(cause.to_string().contains("nonsense"), "an unknown parameter is told: {cause}");
    }

    #[test]
    fn a_password_is_taken_out_of_the_address_for_programs() {
        for (url, bare, password) in [
            ("postgres://u:geheim@h:1/x?sslmode=disable", "postgres://u@h:1/x?sslmode=disable", Some("geheim")),
            ("postgres://u:ge%40h%3Aeim@h/x", "postgres://u@h/x", Some("ge@h:eim")),
            ("postgres://u:p?q@h/x", "postgres://u@h/x", Some("p?q")),
            ("postgres:///x?password=ge%26heim&user=u", "postgres:///x?user=u", Some("ge&heim")),
            ("postgres://u:old@h/x?pass%77ord=new", "postgres://u@h/x", Some("new")),
            ("postgres://h/x?sslpassword=geheim", "postgres://h/x", None),
            ("postgres://u@h,i:2/a@b", "postgres://u@h,i:2/a@b", None),
        ] {
            assert_eq!(split_password(url), (bare.to_owned(), password.map(str::to_owned)), "{url}");
            assert!(!for_tools(url).0.contains("geheim"));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let options = DatabaseOptions {
            url: "postgres://u:geheim@localhost/x".into(),
            sealing_key: Some("abcdef".into()),
            ..DatabaseOptions::default()
        };
        let shown = format!("{options:?}");
        assert!(!shown.contains("geheim") && !shown.contains("abcdef"), "{shown}");
        for (given, shown) in [
            ("postgres:///x?user=u&password=geheim", "postgres:///x?user=u&password=***"),
            ("postgres:///x?password=geheim&sslmode=disable", "postgres:///x?password=***&sslmode=disable"),
            ("postgres:///x?pass%77ord=geheim", "postgres:///x?pass%77ord=***"),
            ("postgres://u:ge?h@eim@h/x?sslpassword=geheim", "postgres://u:***@h/x?sslpassword=***"),
            ("postgres://u:geheim?password=geheim&a@h/x", "postgres://u:***@h/x"),
        ] {
            assert_eq!(without_password(given), shown);
        }
    }

    /// The added limits are not shown: the operator sees the address as configured.
    #[test]
    fn an_address_is_shown_as_it_was_given() {
        for (given, shown) in [
            ("postgres://u:geheim@localhost/x", "postgres://u:***@localhost/x"),
            ("postgres://u@localhost/x?connect_timeout=9", "postgres://u@localhost/x?connect_timeout=9"),
        ] {
            assert_eq!(Address::parse(given).unwrap().to_string(), shown);
            assert!(for_libpq(given).contains("tcp_user_timeout=3000"));
        }
    }
}
