//! Backups of PostgreSQL databases: archives of `pg_dump --format=custom`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use super::place::{Kind, fingerprint};
use super::tools::{Tool, complaint, connected, run};
use super::{Contents, not_a_backup};
use crate::store::StoreError;

/// Left out in both directions: owners and rights are those of the place where the database is restored.
const PLAIN: [&str; 3] = ["--no-owner", "--no-privileges", "--no-comments"];

/// Writes one consistent state of the database to `file`.
pub(super) fn write_to(tool: &Tool, url: &str, file: &Path) -> Result<(), StoreError> {
    let mut command = connected(tool, url);
    command.arg("--format=custom").args(PLAIN).arg("--file").arg(file);
    run(&mut command)
}

/// Restores the archive into an empty database, in one transaction: whole, or not at all.
pub(super) fn restore_to(tool: &Tool, url: &str, file: &Path) -> Result<(), StoreError> {
    let mut command = connected(tool, url);
    command.args(["--single-transaction", "--exit-on-error"]).args(PLAIN).arg(file);
    run(&mut command)
}

/// Reads an archive whole, with the first of the programs that can, and says what is in it.
///
/// # Errors
/// [`StoreError::Refused`] if it is damaged, incomplete, or of another program.
pub(super) fn contents(tools: &[Tool], file: &Path) -> Result<(Contents, Tool), StoreError> {
    let mut cannot = StoreError::Refused(format!("{}：没有能读它的 pg_restore", file.display()));
    let mut usable = None;
    for tool in tools {
        match run(Command::new(&tool.path).stdin(Stdio::null()).arg("--list").arg(file)) {
            Ok(()) => {
                usable = Some(tool);
                break;
            }
            Err(cause) => cannot = damaged(file, &cause),
        }
    }
    let tool = usable.ok_or(cannot)?;
    let tables = Tables::in_archive(tool, file)?;
    let (cases, events) = match (tables.cases, tables.events) {
        (Some(cases), Some(events)) if !tables.migrations.is_empty() => (cases, events),
        _ => return Err(not_a_backup(file)),
    };
    let (size_bytes, sha256) = fingerprint(file)?;
    let Tables { mut migrations, key_check, .. } = tables;
    migrations.sort();
    let contents = Contents { kind: Kind::Postgres, size_bytes, sha256, migrations, cases, events, key_check };
    Ok((contents, tool.clone()))
}

fn damaged(file: &Path, cause: &StoreError) -> StoreError {
    StoreError::Refused(format!("{} 不完整或者已损坏（damaged_backup）：{cause}", file.display()))
}

/// What the script says that `pg_restore` makes of an archive.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tables {
    cases: Option<u64>,
    events: Option<u64>,
    migrations: Vec<String>,
    key_check: Option<String>,
}

impl Tables {
    fn in_archive(tool: &Tool, file: &Path) -> Result<Self, StoreError> {
        let name = tool.path.display().to_string();
        let cannot = |cause: std::io::Error| StoreError::Refused(format!("{name}：不能运行：{cause}"));
        let mut command = Command::new(&tool.path);
        command.args(PLAIN).arg("--file=-").arg(file);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().map_err(cannot)?;
        let errors = running.stderr.take();
        // Read beside the output: a program that waits for one to be read does not end the other.
        let errors = std::thread::spawn(move || {
            let mut said = Vec::new();
            if let Some(mut errors) = errors {
                let _ = errors.read_to_end(&mut said);
            }
            said
        });
        let read = running.stdout.take().map(|script| Self::in_script(BufReader::new(script)));
        let status = running.wait().map_err(cannot)?;
        let said = errors.join().unwrap_or_default();
        if !status.success() {
            return Err(damaged(file, &complaint(&name, &said)));
        }
        read.unwrap_or_else(|| Ok(Self::default())).map_err(cannot)
    }

    fn in_script(mut script: impl BufRead) -> std::io::Result<Self> {
        let mut tables = Self::default();
        let (mut table, mut line) = (None::<String>, Vec::new());
        loop {
            line.clear();
            if script.read_until(b'\n', &mut line)? == 0 {
                return Ok(tables);
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            table = match table {
                None => copied_table(text).inspect(|name| tables.begin(name)),
                Some(_) if text == b"\\." => None,
                Some(name) => {
                    tables.row(&name, text);
                    Some(name)
                }
            };
        }
    }

    fn begin(&mut self, table: &str) {
        match table {
            "cases" => self.cases = Some(0),
            "case_events" => self.events = Some(0),
            _ => {}
        }
    }

    fn row(&mut self, table: &str, row: &[u8]) {
        let column = |at: usize| row.split(|byte| *byte == b'\t').nth(at).map(String::from_utf8_lossy);
        match table {
            "cases" => self.cases = self.cases.map(|n| n.saturating_add(1)),
            "case_events" => self.events = self.events.map(|n| n.saturating_add(1)),
            "__diesel_schema_migrations" => self.migrations.extend(column(0).map(|text| text.into_owned())),
            "meta" if column(0).as_deref() == Some("sealing_key_check") => {
                self.key_check = column(1).map(|text| text.into_owned());
            }
            _ => {}
        }
    }
}

/// The table of `COPY public.meta (key, value) FROM stdin;`, without its schema.
fn copied_table(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, _) = line.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?.split_once(" (")?;
    let name = name.rsplit('.').next().unwrap_or(name);
    Some(name.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_counted_by_its_copied_rows() {
        let script = "SET x;\nCOPY public.__diesel_schema_migrations (version, run_on) FROM stdin;\n00000000000001\t2026\n\
                      00000000000002\t2026\n\\.\n\nCOPY public.cases (id, title) FROM stdin;\n\\.\n\
                      COPY public.meta (key, value) FROM stdin;\na\tb\nsealing_key_check\tff\n\\.\n\
                      COPY public.case_events (case_id, body) FROM stdin;\n1\tCOPY public.x (a) FROM stdin;\n2\t\\\\.\n\\.\n";
        let read = Tables::in_script(script.as_bytes()).unwrap();
        let migrations = vec!["00000000000001".to_owned(), "00000000000002".to_owned()];
        let expected = Tables { cases: Some(0), events: Some(2), migrations, key_check: Some("ff".to_owned()) };
        assert_eq!(read, expected);
    }
}
