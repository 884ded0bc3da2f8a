//! PostgreSQL's own programs for backups: found in the usual places, of a version that fits the server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::store::StoreError;
use crate::store::database::options::for_tools;

/// Where distributions install them, beside `PATH`: `<root>/<version>/bin`, or a directory of its own for each version.
const ROOTS: [&str; 3] = ["/usr/lib/postgresql", "/usr/lib64/postgresql", "/opt/postgresql"];
const DIRECTORIES: [&str; 3] = ["/usr", "/usr/local/pgsql", "/opt/pgsql"];

/// The longest part of a program's complaint that is passed on, in characters.
const COMPLAINT_MAX_CHARS: usize = 600;

/// A program with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    pub(super) path: PathBuf,
    pub(super) major: u32,
}

/// The major version of the server, e.g. 15.
pub(super) fn server_major(db: &mut PgConnection) -> Result<u32, StoreError> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Integer)]
        n: i32,
    }
    let version: Version =
        diesel::sql_query("SELECT current_setting('server_version_num')::integer AS n").get_result(db)?;
    Ok(u32::try_from(version.n / 10_000).unwrap_or_default())
}

/// The installed programs of this name that fit the server: its own version first, then the next newer one. A program
/// of another version may write what the server's own programs cannot read.
///
/// # Errors
/// [`StoreError::Refused`] if there is none, with the version needed and how to install it.
pub(super) fn fitting(name: &str, server: u32) -> Result<Vec<Tool>, StoreError> {
    let found = installed(name);
    let fits = sorted_for(server, found.clone());
    if fits.is_empty() { Err(none_fits(name, server, &found)) } else { Ok(fits) }
}

fn sorted_for(server: u32, mut found: Vec<Tool>) -> Vec<Tool> {
    found.retain(|tool| tool.major >= server);
    found.sort_by_key(|tool| tool.major);
    found
}

fn none_fits(name: &str, server: u32, found: &[Tool]) -> StoreError {
    let list: Vec<String> = found.iter().map(|tool| format!("{}（{}）", tool.path.display(), tool.major)).collect();
    let have = if list.is_empty() { "没有找到".to_owned() } else { format!("只找到 {}", list.join("、")) };
    StoreError::Refused(format!(
        "需要 {name} {server} 或者更新的版本（服务器是 PostgreSQL {server}），{have}：请安装 PostgreSQL {server} 的客户端程序\
         （Debian、Ubuntu：postgresql-client-{server}；RHEL、openEuler、麒麟：postgresql{server}），或者把它的 bin 目录加入 PATH"
    ))
}

fn installed(name: &str) -> Vec<Tool> {
    let mut directories: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    directories.extend(ROOTS.iter().flat_map(|root| below(Path::new(root))).map(|version| version.join("bin")));
    let own = DIRECTORIES.iter().flat_map(|directory| below(Path::new(directory)));
    let own = own.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgsql")));
    directories.extend(own.map(|version| version.join("bin")));
    directories.extend(DIRECTORIES.iter().map(|directory| Path::new(directory).join("bin")));
    let mut found: Vec<Tool> = Vec::new();
    for path in directories.into_iter().map(|directory| directory.join(name)).filter(|path| path.is_file()) {
        let Some(major) = version_of(&path) else { continue };
        if !found.iter().any(|tool| tool.path == path) {
            found.push(Tool { path, major });
        }
    }
    found
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn version_of(path: &Path) -> Option<u32> {
    let answer = Command::new(path).arg("--version").stdin(Stdio::null()).output().ok()?;
    major_in(&String::from_utf8_lossy(&answer.stdout))
}

/// The major version in `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_in(line: &str) -> Option<u32> {
    let (_, version) = line.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The program with the address of the database. A password goes by the environment: arguments can be read by everybody
/// on the machine.
pub(super) fn connected(tool: &Tool, url: &str) -> Command {
    let (url, password) = for_tools(url);
    let mut command = Command::new(&tool.path);
    command.stdin(Stdio::null()).arg("--no-password").arg(format!("--dbname={url}"));
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command
}

/// Runs the program to its end.
///
/// # Errors
/// [`StoreError::Refused`] with its complaint if it fails.
pub(super) fn run(command: &mut Command) -> Result<(), StoreError> {
    let name = Path::new(command.get_program()).display().to_string();
    let done = command.output().map_err(|cause| StoreError::Refused(format!("{name}：不能运行：{cause}")))?;
    if done.status.success() { Ok(()) } else { Err(complaint(&name, &done.stderr)) }
}

/// The error of a program that failed.
pub(super) fn complaint(name: &str, said: &[u8]) -> StoreError {
    let said = String::from_utf8_lossy(said);
    let said: String = said.trim().chars().take(COMPLAINT_MAX_CHARS).collect();
    StoreError::Refused(format!("{name} 失败：{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_programs_of_every_distribution() {
        for (line, major) in [
            ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("pg_restore (PostgreSQL) 17beta1", Some(17)),
            ("pg_dump (PostgreSQL) 9.6.24", Some(9)),
            ("gs_dump (openGauss 5.0.0)", None),
            ("", None),
        ] {
            assert_eq!(major_in(line), major, "{line}");
        }
    }

    #[test]
    fn the_servers_own_version_comes_first_and_an_older_program_never() {
        let tool = |major| Tool { path: format!("/{major}/pg_dump").into(), major };
        let majors = |server| -> Vec<u32> {
            let found = [17, 14, 16, 15].map(tool).to_vec();
            sorted_for(server, found).into_iter().map(|tool| tool.major).collect()
        };
        assert_eq!(majors(15), [15, 16, 17]);
        assert_eq!(majors(18), Vec::<u32>::new());
        let said = none_fits("pg_dump", 18, &[tool(15)]).to_string();
        assert!(said.contains("pg_dump 18") && said.contains("/15/pg_dump（15）"), "{said}");
        assert!(said.contains("postgresql-client-18"), "{said}");
    }
}
