//! `gongkai fee`: the information-processing fee with its tiers.

use super::common::finish;
use crate::law::fee::{BY_ITEM_ARTICLE, BY_PAGE_ARTICLE, Fee, by_item, by_page};
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 按件计收：同一申请人一个自然月内累计件数
    #[arg(long, value_name = "N", required_unless_present = "by_page", conflicts_with = "by_page")]
    by_item: Option<u16>,
    /// 按量计收：一件申请提供的页数
    #[arg(long, value_name = "N")]
    by_page: Option<u32>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    let (fee, unit, article) = match (args.by_item, args.by_page) {
        (Some(pieces), _) => (by_item(pieces), "件", BY_ITEM_ARTICLE),
        (None, Some(pages)) => (by_page(pages), "页", BY_PAGE_ARTICLE),
        (None, None) => return super::lines::refuse("须有 --by-item 或 --by-page"),
    };
    let text = match args.json {
        true => serde_json::to_string(&fee).map_err(|error| error.to_string()),
        false => Ok(table(&fee, unit, article)),
    };
    finish(text.and_then(|text| super::out::bytes(format!("{}\n", text.trim_end()).as_bytes())))
}

fn table(fee: &Fee, unit: &str, article: &str) -> String {
    let mut text = format!("{} 元（{article}）\n", fee.amount_yuan);
    for tier in &fee.tiers {
        let rate = match tier.yuan_each {
            0 => "不收费".to_owned(),
            yuan => format!("{yuan} 元/{unit}"),
        };
        let _ = writeln!(text, "  第{}—{}{unit}：{rate}，{} 元", tier.from, tier.through, tier.amount);
    }
    text
}
