//! `gongkai ledger`: old cases in from a spreadsheet, cases out as one.

mod imports;

use super::common::{ConfigArgs, finish};
use crate::case::text::line_flaw;
use crate::office::ledger::{AsideRow, ExportQuery, ImportOptions, LedgerImport, Personal, SeriesJump};
use crate::office::{Clock, Office, OfficeError};
use crate::report::ledger::{LedgerFile, LedgerRow, MOST_BYTES, RowFault, Unread, ledger_sheet, template_sheets};
use crate::report::{Cell, LongBook, Sheet, csv, csv_rows, xlsx};
use crate::store::{Db, OrganId, StoreError, people::organs};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code when rows, columns or sheets were not taken.
const REJECTED: u8 = 1;
/// Most rows a workbook has room for below its heading.
const SHEET_ROWS: usize = 1_048_575;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 导入旧台账（CSV 或者 XLSX），默认有一行错误就全部不导入
    Import {
        #[command(flatten)]
        config: ConfigArgs,
        /// 台账文件
        file: PathBuf,
        /// 机关代码
        #[arg(long)]
        organ: String,
        /// 只检查，不写入
        #[arg(long)]
        dry_run: bool,
        /// 导入没有错误的行，列出其余的
        #[arg(long)]
        partial: bool,
        /// 按 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 列出历次导入，最近的在前
    Imports {
        #[command(flatten)]
        config: ConfigArgs,
        /// 机关代码
        #[arg(long)]
        organ: String,
        /// 按 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 撤销一次导入：此后没有办理记录的案件作废，其余的列出
    Undo {
        #[command(flatten)]
        config: ConfigArgs,
        /// 导入的标识，见 gongkai ledger imports
        import: uuid::Uuid,
        /// 机关代码
        #[arg(long)]
        organ: String,
        /// 理由，将被记录
        #[arg(long)]
        reason: String,
        /// 按 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 空白台账，附填写说明
    Template {
        #[command(flatten)]
        output: Output,
    },
    /// 导出本机关的案件；个人信息默认遮盖
    Export {
        #[command(flatten)]
        config: ConfigArgs,
        /// 机关代码
        #[arg(long)]
        organ: String,
        /// 收到日期不早于
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
        /// 收到日期不晚于
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
        /// 连同姓名、证件号码和联系方式，将被记录
        #[arg(long, requires = "reason")]
        personal_data: bool,
        /// 导出个人信息的理由
        #[arg(long, requires = "personal_data")]
        reason: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, clap::Args)]
struct Output {
    /// 写入的文件，默认标准输出
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// 格式，默认按文件的扩展名，没有的为 csv
    #[arg(long, value_enum)]
    format: Option<LedgerFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LedgerFormat {
    Csv,
    Xlsx,
}

impl Output {
    fn format(&self) -> LedgerFormat {
        let is_xlsx = |path: &Path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"));
        let named = self.output.as_deref().filter(|path| is_xlsx(path)).map(|_| LedgerFormat::Xlsx);
        self.format.or(named).unwrap_or(LedgerFormat::Csv)
    }

    fn open(&self) -> Result<Box<dyn Write>, String> {
        let Some(path) = &self.output else { return Ok(Box::new(super::out::stdout())) };
        if path.exists() && !is_table(path) {
            let path = path.display();
            return Err(format!("{path} 已存在，且不是 .csv 或 .xlsx 文件，不覆盖：请换一个文件名"));
        }
        let file = std::fs::File::create(path).map_err(|error| format!("无法写入{}：{error}", path.display()))?;
        Ok(Box::new(std::io::BufWriter::new(file)))
    }

    fn write(&self, sheets: &[Sheet]) -> Result<(), String> {
        let bytes = match (self.format(), sheets) {
            (LedgerFormat::Csv, [first, ..]) => csv(first),
            (LedgerFormat::Csv, []) => Ok(Vec::new()),
            (LedgerFormat::Xlsx, sheets) => {
                if sheets.iter().any(|sheet| sheet.rows.len() > SHEET_ROWS) {
                    return Err(format!("XLSX 至多{SHEET_ROWS}行，请用 --format csv，或者用 --from、--until 分段导出"));
                }
                xlsx(sheets)
            }
        };
        let bytes = bytes.map_err(|error| error.to_string())?;
        let mut out = self.open()?;
        out.write_all(&bytes).and_then(|()| out.flush()).map_err(|error| error.to_string())
    }
}

/// Whether an existing file may be replaced: a database or its key bears another extension.
fn is_table(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extension == "csv" || extension == "xlsx")
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    match args.command {
        Command::Import { config, file, organ, dry_run, partial, json } => {
            let options = ImportOptions { dry_run, partial, ..ImportOptions::default() };
            let done = import(&config, &file, &organ, options).and_then(|report| {
                print(&report, &options, json)?;
                Ok(report.is_incomplete())
            });
            match done {
                Ok(false) => ExitCode::SUCCESS,
                Ok(true) => ExitCode::from(REJECTED),
                Err(reason) => finish(Err(reason)),
            }
        }
        Command::Imports { config, organ, json } => finish(imports::list(&config, &organ, json)),
        Command::Undo { config, import, organ, reason, json } => {
            finish(imports::undo(&config, &organ, crate::store::ImportId(import), &reason, json))
        }
        Command::Template { output } => finish(output.write(&template_sheets())),
        Command::Export { config, organ, from, until, personal_data: _, reason, output } => {
            let query = ExportQuery { from, until };
            finish(export(&config, &organ, query, reason.as_deref(), &output))
        }
    }
}

/// How an import ends without anything written: refused for its rows, or by the office.
enum Undone {
    Refused(Box<LedgerImport>),
    Office(OfficeError),
}

impl<E: Into<OfficeError>> From<E> for Undone {
    fn from(error: E) -> Self {
        Self::Office(error.into())
    }
}

fn import(config: &ConfigArgs, file: &Path, organ: &str, options: ImportOptions) -> Result<LedgerImport, String> {
    let bytes = super::common::file_bytes(file, MOST_BYTES)?;
    let office = match options.dry_run {
        true => config.office_to_read(Clock::system()),
        false => config.office(Clock::system()),
    }?;
    let bar = progress_bar();
    let mut progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let mut work = |db: &mut Db| -> Result<LedgerImport, Undone> {
        let id = organ_of(db, organ)?;
        let report = office.ledger().import_ledger(db, None, id, ledger_file(&bytes, file), options, &mut progress)?;
        if report.is_refused(&options) { Err(Undone::Refused(Box::new(report))) } else { Ok(report) }
    };
    let done = if options.dry_run { office.store().read(&mut work) } else { office.store().write(&mut work) };
    bar.finish_and_clear();
    match done {
        Ok(report) => Ok(report),
        Err(Undone::Refused(report)) => Ok(*report),
        Err(Undone::Office(error)) => Err(explain(error, organ)),
    }
}

/// The bytes of a file with its name. A name that a list could not show in one line is left out.
fn ledger_file<'a>(bytes: &'a [u8], path: &'a Path) -> LedgerFile<'a> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| line_flaw(name).is_none());
    LedgerFile { name, ..LedgerFile::from(bytes) }
}

/// Only on a terminal: a log file wants no moving bar.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} 行  已用{elapsed}  约剩{eta}");
    style.map_or_else(|_| ProgressBar::hidden(), |style| ProgressBar::new(0).with_style(style))
}

fn organ_of(db: &mut Db, code: &str) -> Result<OrganId, OfficeError> {
    match organs::find_by_code(db, code) {
        Ok(organ) => Ok(organ.id),
        Err(StoreError::NotFound) => Err(OfficeError::NotFound),
        Err(other) => Err(other.into()),
    }
}

fn explain(error: OfficeError, organ: &str) -> String {
    match error {
        OfficeError::NotFound => format!("没有代码为 {organ} 的机关"),
        OfficeError::Invalid(errors) => errors.into_iter().map(|field| field.detail).collect::<Vec<_>>().join("；"),
        OfficeError::Refused { code, detail, .. } => format!("{detail}（{code}）"),
        OfficeError::Stale => "导入期间另有人写入了相同的编号，没有改动，请重试".to_owned(),
        OfficeError::Busy => "数据库正忙，没有改动，请稍后再试".to_owned(),
        other => other.to_string(),
    }
}

fn export(
    config: &ConfigArgs,
    code: &str,
    query: ExportQuery,
    reason: Option<&str>,
    output: &Output,
) -> Result<(), String> {
    // Personal data in the clear is put on record, which is a change.
    let office: Office = match reason {
        None => config.office_to_read(Clock::system()),
        Some(_) => config.office(Clock::system()),
    }?;
    let told = |error: OfficeError| explain(error, code);
    let organ = office.store().read(|db| organ_of(db, code)).map_err(told)?;
    let personal = match reason {
        None => Personal::Masked,
        Some(reason) => {
            office
                .store()
                .write(|db| office.ledger().record_clear_ledger(db, None, organ, &query, reason))
                .map_err(told)?;
            Personal::Clear
        }
    };
    let sheet = ledger_sheet(&[]);
    let each_page = |each: &mut dyn FnMut(Vec<Vec<Cell>>) -> Result<(), OfficeError>| {
        let cells = |rows: Vec<LedgerRow>| rows.iter().map(LedgerRow::cells).collect();
        let page = |rows| each(cells(rows));
        office.store().read(|db| office.ledger().export_ledger(db, organ, &query, personal, page)).map_err(told)
    };
    // Written as it is read, so that it may be as long as it likes.
    let failed = |error: std::io::Error| error.to_string();
    let mut out = match output.format() {
        LedgerFormat::Xlsx => {
            let mut book = LongBook::begin(&sheet).map_err(|error| error.to_string())?;
            each_page(&mut |rows| Ok(book.append(&rows)?))?;
            let bytes = book.finish().map_err(|error| error.to_string())?;
            let mut out = output.open()?;
            out.write_all(&bytes).map_err(failed)?;
            out
        }
        LedgerFormat::Csv => {
            let mut out = output.open()?;
            let internal = |error: std::io::Error| OfficeError::Internal(error.to_string());
            out.write_all(&csv(&sheet).map_err(|error| error.to_string())?).map_err(failed)?;
            each_page(&mut |rows| out.write_all(&csv_rows(&rows)?).map_err(internal))?;
            out
        }
    };
    out.flush().map_err(failed)
}

fn print(report: &LedgerImport, options: &ImportOptions, json: bool) -> Result<(), String> {
    let text = if json {
        serde_json::to_string_pretty(report).map_err(|error| error.to_string())? + "\n"
    } else {
        told(report, options)
    };
    super::out::bytes(text.as_bytes())
}

fn told(report: &LedgerImport, options: &ImportOptions) -> String {
    let LedgerImport { rows, created, created_open, existing, rejected, .. } = report;
    let will = if report.is_written || *created == 0 { "新建" } else { "可新建" };
    let mut out = format!(
        "{}，{rows}行：{will}案件{created}件（其中在办{created_open}件），已在库中{existing}件，有错误{rejected}行\n",
        report.format
    );
    if !report.unknown_headings.is_empty() {
        out += &format!("不认识的列，未读取：{}\n", report.unknown_headings.join("、"));
    }
    if !report.ignored_headings.is_empty() {
        out += &format!("不导入的列（由本系统计算，或者在案件上登记）：{}\n", report.ignored_headings.join("、"));
    }
    if !report.other_sheets.is_empty() {
        out += &format!("没有表头的工作表，未读取：{}\n", report.other_sheets.join("、"));
    }
    for AsideRow { sheet, line, text } in &report.asides {
        out += &format!("{}第{line}行不是案件，未读取：{text}\n", sheet_named(sheet.as_deref()));
    }
    for unread in &report.unread {
        out += &unread_line(unread);
    }
    for one in &report.unmapped {
        let sheet = sheet_named(one.sheet.as_deref());
        out +=
            &format!("不能识别的说法：{}“{}”，{}处，首见于{sheet}第{}行\n", one.column, one.label, one.count, one.line);
    }
    if !report.departments.is_empty() {
        out += &format!("{will}科室：{}\n", report.departments.join("、"));
    }
    for remark in &report.remarks {
        let sheet = |at: usize| remark.sheets.get(at).map_or_else(String::new, |sheet| format!("“{sheet}”"));
        let lines: Vec<String> =
            remark.lines.iter().enumerate().map(|(at, line)| format!("{}{line}", sheet(at))).collect();
        let more = if u64::try_from(lines.len()).is_ok_and(|shown| shown < remark.count) { "……" } else { "" };
        out += &format!("注意：{}，{}件（第{}{more}行）\n", remark.label, remark.count, lines.join("、"));
    }
    for SeriesJump { label, year, after, number, line, missing, sheet, .. } in &report.jumps {
        let sheet = sheet_named(sheet.as_deref());
        out += &format!(
            "注意：{year}年{label}共跳过{missing}个号码，最多的一处从第{after}号到第{number}号（{sheet}第{line}行），请核对\n"
        );
    }
    for fault in &report.faults {
        out += &fault_line(fault);
    }
    let untold = report.faults_total.saturating_sub(u64::try_from(report.faults.len()).unwrap_or(u64::MAX));
    if untold > 0 {
        out += &format!("另有{untold}处错误未列出\n");
    }
    let written = report.import_id.map(|id| format!("已导入，本次导入的标识：{id}\n"));
    out + match () {
        () if options.dry_run => "以上为检查结果，没有写入\n",
        () if report.is_refused(options) => {
            "有错误或者没有读取的内容，全部没有导入；改正后重新导入，或者加 --partial 先导入其余的\n"
        }
        () if report.is_written => written.as_deref().unwrap_or_default(),
        () if report.rows == 0 => "台账中没有案件，没有改动；请核对是否选对了文件\n",
        () if *rejected == 0 && report.unread.is_empty() => "台账中的案件此前均已导入，本次没有改动\n",
        () => "没有可以导入的新案件，没有改动\n",
    }
}

fn sheet_named(sheet: Option<&str>) -> String {
    sheet.map_or_else(String::new, |sheet| format!("工作表“{sheet}”"))
}

fn unread_line(unread: &Unread) -> String {
    let Unread { sheet, column, detail, cells, .. } = unread;
    let column = column.as_ref().map_or_else(String::new, |column| format!("“{column}”列"));
    let cells = cells.map_or_else(String::new, |cells| format!("（{cells}行有内容）"));
    format!("{}{column}{cells}：{detail}\n", sheet_named(sheet.as_deref()))
}

fn fault_line(fault: &RowFault) -> String {
    let found = fault.found.as_ref().map_or(String::new(), |found| format!("“{found}”"));
    let article = fault.article.as_ref().map_or(String::new(), |article| format!("（{article}）"));
    let RowFault { line, column, detail, .. } = fault;
    let sheet = sheet_named(fault.sheet.as_deref());
    format!("{sheet}第{line}行 {column}{found}：{detail}{article}\n")
}
