//! `gongkai report`: our own annual report, and published ones checked.

use super::common::{ConfigArgs, finish};
use crate::office::reports::ReportQuery;
use crate::office::{Clock, OfficeError};
use crate::report::ReportError;
use crate::report::annual::{Checked, Finding, Form, Published, Report, check_years, csv, docx, html, read_file, xlsx};
use serde::Serialize;
use std::fmt::Write as _;
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
    /// 编制年度报告（或者半年、季度、月度统计）：由案件计算
    Annual(AnnualArgs),
    /// 核对已公布的年度报告：勾稽关系、合计、表四、文字与表、上下年度（同时给出两年的）
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// 要核对的文件：JSON（org、year、table3 行→栏目→数字、table4、narrative），或者本系统导出的 CSV、XLSX
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct AnnualArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 机关代码
    #[arg(long)]
    organ: String,
    /// 年度
    #[arg(long)]
    year: i32,
    /// 年度或者其中的一段：year、h1、h2、q1至q4、m1至m12
    #[arg(long, default_value = "year")]
    period: String,
    /// 连同下级机关
    #[arg(long)]
    with_subordinates: bool,
    /// 年度也附上一年，以便比较；半年、季度、月度总附上一期
    #[arg(long)]
    with_previous: bool,
    /// 格式的年份，默认为该年度应当使用的：2014、2019、2021
    #[arg(long, value_parser = form)]
    form: Option<Form>,
    /// 输出格式
    #[arg(long, value_enum, default_value = "json")]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    Json,
    Csv,
    Xlsx,
    Docx,
    Html,
}

fn form(text: &str) -> Result<Form, String> {
    Form::from_code(text).ok_or_else(|| "应为以下之一：2014 2019 2021".to_owned())
}

/// There are findings.
const FINDINGS: u8 = 1;

/// The largest file that is read.
const LARGEST_BYTES: usize = 16 << 20;

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match args.command {
        Command::Annual(args) => finish(annual(&args)),
        Command::Check(args) => check(&args),
    }
}

fn annual(args: &AnnualArgs) -> Result<(), String> {
    let office = args.config.office_to_read(Clock::system())?;
    let query = ReportQuery {
        year: args.year,
        part: args.period.clone(),
        form: args.form,
        with_subordinates: args.with_subordinates,
        with_previous: args.with_previous.then_some(true),
    };
    let report = office.store().read(|db| office.reports().report_by_code(db, &args.organ, &query));
    let report = report.map_err(|error| explain(error, &args.organ))?;
    let bytes = written(&report, args.format).map_err(|error| error.to_string())?;
    super::out::bytes(&bytes)
}

fn written(report: &Report, format: ReportFormat) -> Result<Vec<u8>, ReportError> {
    match format {
        ReportFormat::Json => {
            let mut text = serde_json::to_string_pretty(report)?;
            text.push('\n');
            Ok(text.into_bytes())
        }
        ReportFormat::Csv => csv(report),
        ReportFormat::Xlsx => xlsx(report),
        ReportFormat::Docx => docx(report),
        ReportFormat::Html => Ok(html(report)?.into_bytes()),
    }
}

fn explain(error: OfficeError, organ: &str) -> String {
    match error {
        OfficeError::NotFound => format!("没有代码为 {organ} 的机关"),
        OfficeError::Invalid(errors) => {
            let told = errors
                .into_iter()
                .map(|field| format!("--{}：{}", field.pointer.trim_start_matches('?'), field.detail));
            told.collect::<Vec<_>>().join("；")
        }
        other => other.to_string(),
    }
}

fn check(args: &CheckArgs) -> ExitCode {
    match check_files(args) {
        Ok((text, has_findings)) => match super::out::bytes(text.as_bytes()) {
            Ok(()) if has_findings => ExitCode::from(FINDINGS),
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => super::lines::refuse(&reason),
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
    let bytes = super::common::file_bytes(file, LARGEST_BYTES)?;
    read_file(&bytes).map_err(|error| format!("{name}：{error}（{}）", error.code))
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
