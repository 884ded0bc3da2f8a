//! The command line: one file per command. Exit codes: 0 good, 1 findings or rejected rows, 2 wrong usage.

mod audit;
mod backup;
mod calendar;
mod carried;
mod common;
mod copy;
pub mod deadline;
pub mod demo;
mod doctor;
mod fee;
mod init;
mod ledger;
mod lines;
mod mail;
mod migrate;
mod openapi;
pub(crate) mod out;
mod rekey;
mod remind;
mod report;
mod restore;
mod serve;
mod supervision;
mod user;

use clap::Parser;
use std::process::ExitCode;

/// gongkai 依申请公开办件系统
#[derive(Debug, clap::Parser)]
#[command(version, about = "依申请公开办件系统：每个期限有依据，每件申请有结果")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 启动服务（无需任何配置）
    Serve(serve::Args),
    /// 建库并新增一个行政机关，不提问
    Init(init::Args),
    /// 运行数据库迁移
    Migrate(migrate::Args),
    /// 检查安装：数据库、密钥、时钟、日历、邮件、备份、人员，并说明怎么办
    Doctor(doctor::Args),
    /// 备份使用中的数据库到一个文件
    Backup(backup::Args),
    /// 从备份恢复到空的地方
    Restore(restore::Args),
    /// 在 SQLite 和 PostgreSQL 之间复制整个数据库
    Copy(copy::Args),
    /// 更换加密密钥：身份证件号码和联系方式用新密钥重新加密
    Rekey(rekey::Args),
    /// 用户管理
    User(user::Args),
    /// 逐行计算答复期限（JSON Lines）
    Deadline(deadline::Args),
    /// 工作日历
    Calendar(calendar::Args),
    /// 核对库中的数据
    Audit(audit::Args),
    /// 计算信息处理费
    Fee(fee::Args),
    /// 按某日跑一遍提醒
    Remind(remind::Args),
    /// 年度报告：编制与核对
    Report(report::Args),
    /// 台账：导入旧件，导出案件
    Ledger(ledger::Args),
    /// 监督：打印概览
    Supervision(supervision::Args),
    /// 发送队列中的邮件，查看和解除暂停
    Mail(mail::Args),
    /// 演示：真实案例与一套示范案卷
    Demo(demo::Args),
    /// 打印 OpenAPI 文档
    Openapi(openapi::Args),
}

/// Exit code for wrong usage or unreadable input.
pub(crate) const WRONG_USAGE: u8 = 2;

/// Runs the command the process was started with.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Init(args) => init::run(args),
        Command::Migrate(args) => migrate::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Copy(args) => copy::run(args),
        Command::Rekey(args) => rekey::run(args),
        Command::User(args) => user::run(args),
        Command::Deadline(args) => deadline::run(args),
        Command::Calendar(args) => calendar::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Fee(args) => fee::run(args),
        Command::Remind(args) => remind::run(args),
        Command::Report(args) => report::run(args),
        Command::Ledger(args) => ledger::run(args),
        Command::Supervision(args) => supervision::run(args),
        Command::Mail(args) => mail::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Openapi(args) => openapi::run(args),
    }
}
