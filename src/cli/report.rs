//! `gongkai report`: published tables checked.

use crate::report::annual::{Checked, Finding, Published, check_years};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 核对已公布的年度报告：勾稽关系、合计、表四、文字与表、上下年度（同时给出两年的）
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// 要核对的文件（JSON：org、year、table3 行→栏目→数字、table4、narrative）
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

/// There are findings.
const FINDINGS: u8 = 1;

/// The largest file that is read.
const LARGEST_BYTES: u64 = 16 * 1024 * 1024;

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let Command::Check(args) = args.command;
    match check_files(&args) {
        Ok((text, has_findings)) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) if has_findings => ExitCode::from(FINDINGS),
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => super::lines::refuse(&format!("无法输出：{error}")),
        },
        Err(reason) => super::lines::refuse(&reason),
    }
}

#[derive(Serialize)]
struct Judged<'a> {
    file: &'a str,
    #[serde(flatten)]
    checked: &'a Checked,
}

/// What to print, and whether there are findings.
fn check_files(args: &CheckArgs) -> Result<(String, bool), String> {
    let reports = args.files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let checked = check_years(&reports);
    let names: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let has_findings = checked.iter().any(|checked| !checked.findings.is_empty());
    let text = if args.json {
        let judged: Vec<Judged<'_>> =
            names.iter().zip(&checked).map(|(file, checked)| Judged { file, checked }).collect();
        serde_json::to_string_pretty(&judged).map_err(|error| error.to_string())? + "\n"
    } else {
        names.iter().zip(&checked).map(|(file, checked)| text(file, checked)).collect()
    };
    Ok((text, has_findings))
}

fn read(file: &Path) -> Result<Published, String> {
    let name = file.display();
    let size = std::fs::metadata(file).map_err(|error| format!("{name}：不能读取：{error}"))?.len();
    if size > LARGEST_BYTES {
        return Err(format!("{name}：文件有{size}字节，最大{LARGEST_BYTES}字节，请只给出一份年度报告"));
    }
    let bytes = std::fs::read(file).map_err(|error| format!("{name}：不能读取：{error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name}：不是 UTF-8 文本，请另存为 UTF-8"))?;
    Published::from_json(&text).map_err(|error| format!("{name}：{error}（{}）", error.code))
}

/// For a person.
fn text(file: &str, checked: &Checked) -> String {
    let mut out = format!("{file}　{}　{}年（按{}年格式核对）\n", checked.org, checked.year, checked.form.code());
    if checked.findings.is_empty() {
        out += "　没有差错\n";
    }
    for (head, findings) in [("差错", &checked.findings), ("提示", &checked.notices)] {
        for finding in findings {
            out += &line(head, finding);
        }
    }
    out
}

fn line(head: &str, finding: &Finding) -> String {
    let mut out = format!("　{head}　{}〔{}〕　表“{}”", finding.rule_label, finding.rule.code(), finding.table);
    let place = [finding.row.as_deref(), finding.column.as_deref()];
    for part in place.into_iter().flatten() {
        let _ = write!(out, "　{part}");
    }
    let number = |number: Option<u64>| number.map_or("空白".to_owned(), |number| number.to_string());
    if finding.found.is_some() || finding.expected.is_some() {
        let _ = write!(out, "　现为{}，应为{}", number(finding.found), number(finding.expected));
    }
    let _ = writeln!(out, "　{}", finding.detail);
    if let Some(cause) = &finding.cause {
        let _ = writeln!(out, "　　　原因　{cause}");
    }
    out
}
