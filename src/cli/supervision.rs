//! `gongkai supervision overview`: the overview of an organ and those below it, for the operator at the machine.

use super::common::{ConfigArgs, finish};
use crate::case::{Counting, Figures, Tenths};
use crate::office::cases::exports::overview_sheets;
use crate::office::supervision::overview::{Overview, OverviewQuery};
use crate::office::{Clock, OfficeError};
use crate::report::{csv, overview_page, xlsx};
use chrono::NaiveDate;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 概览：件数、用时、逾期责任，含下级机关
    Overview(OverviewArgs),
}

#[derive(Debug, clap::Args)]
struct OverviewArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 机关代码
    #[arg(long)]
    organ: String,
    /// 截止日（YYYY-MM-DD），默认今天
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// 按哪一日所知（YYYY-MM-DD），默认今天；此日以后登记、更正的内容不计
    #[arg(long, value_name = "DATE")]
    known_on: Option<NaiveDate>,
    /// 期间的首日，默认为末日所在年份的1月1日
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// 期间的末日，默认为截止日
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// 期间按什么计算：closing 期间内办结的加上仍在办的，receipt 期间内收到的
    #[arg(long, default_value = "closing", value_parser = counting)]
    by: Counting,
    /// 输出格式
    #[arg(long, value_enum, default_value = "text")]
    format: OverviewFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OverviewFormat {
    Text,
    Json,
    Csv,
    Xlsx,
    Html,
}

const INCOMPLETE: &str = "未查遍全部：案件过多，请按机关分别查询；或者有案件的记录不能读取，见日志";

fn counting(text: &str) -> Result<Counting, String> {
    Counting::from_code(text).ok_or_else(|| "应为以下之一：closing receipt".to_owned())
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let Command::Overview(args) = args.command;
    finish(overview(&args))
}

fn overview(args: &OverviewArgs) -> Result<(), String> {
    let office = args.config.office_to_read(Clock::system())?;
    let query = OverviewQuery {
        as_of: args.as_of,
        known_on: args.known_on,
        from: args.from,
        until: args.until,
        counting: args.by,
        ..OverviewQuery::default()
    };
    let overview = office
        .store()
        .read(|db| office.supervision().overview_by_code(db, &args.organ, &query))
        .map_err(|error| explain(error, &args.organ))?;
    let bytes = match args.format {
        OverviewFormat::Text => text(&overview).into_bytes(),
        OverviewFormat::Json => serde_json::to_vec(&overview).map_err(|error| error.to_string())?,
        // The other forms say on themselves that something is missing; this one has no place for it.
        OverviewFormat::Csv if !overview.is_complete => return Err(INCOMPLETE.to_owned()),
        OverviewFormat::Csv => {
            let [figures, ..] = overview_sheets(&overview);
            csv(&figures).map_err(|error| error.to_string())?
        }
        OverviewFormat::Xlsx => xlsx(&overview_sheets(&overview)).map_err(|error| error.to_string())?,
        OverviewFormat::Html => overview_page(&overview).map_err(|error| error.to_string())?.into_bytes(),
    };
    super::out::bytes(&bytes)
}

fn explain(error: OfficeError, organ: &str) -> String {
    match error {
        OfficeError::NotFound => format!("没有代码为 {organ} 的机关"),
        OfficeError::Invalid(errors) => errors
            .into_iter()
            .map(|field| format!("{}：{}", field.pointer, field.detail))
            .collect::<Vec<_>>()
            .join("；"),
        other => other.to_string(),
    }
}

fn text(overview: &Overview) -> String {
    let mut out = format!(
        "截至{}　按{}所知　期间{}至{}　{}\n",
        overview.as_of, overview.known_on, overview.from, overview.until, overview.counting.label
    );
    if !overview.is_complete {
        out += &format!("{INCOMPLETE}\n");
    }
    for organ in &overview.organs {
        let indent = "　".repeat(organ.depth);
        out += &format!("{indent}{}（{}）\n", organ.organ_name, organ.organ_code);
        out += &format!("{indent}　本级　　{}\n", line(&organ.own));
        if organ.own != organ.with_subordinates {
            out += &format!("{indent}　含下级　{}\n", line(&organ.with_subordinates));
        }
    }
    if !overview.delays.is_empty() {
        out += "逾期案件的工作日在谁手中\n";
    }
    for share in &overview.delays {
        out += &format!(
            "　{}　{}：{}件，{}个工作日，其中届满之后{}个\n",
            share.organ_name, share.holder.name, share.cases, share.working_days, share.overdue_working_days
        );
    }
    out
}

fn line(figures: &Figures) -> String {
    let number = |value: Option<Tenths>| value.map_or("—".to_owned(), |value| value.value().to_string());
    let percentile = figures.percentile_90_working_days.map_or("—".to_owned(), |days| days.to_string());
    format!(
        "总{}｜在办{}（期限内{}、即将到期{}、今日到期{}、逾期红{}、逾期黑{}、停止计算{}、待申请人{}、重新答复{}、待确认{}）｜\
         办结{}（按期{}、逾期{}、不能判断{}、未经答复{}）｜平均{}个工作日、第90百分位{}｜延期率{}%、补正率{}%",
        figures.total,
        figures.open,
        figures.running,
        figures.due_soon,
        figures.due_today,
        figures.overdue_red,
        figures.overdue_black,
        figures.suspended,
        figures.awaiting_applicant,
        figures.reply_revoked,
        figures.not_started,
        figures.closed,
        figures.replied_on_time,
        figures.replied_late,
        figures.replied_unjudged,
        figures.closed_otherwise,
        number(figures.average_working_days),
        percentile,
        number(figures.extension_percent),
        number(figures.correction_percent),
    )
}
