//! `gongkai user add`: makes a user without a question. `gongkai user unlock`: opens an account that guesses closed.

use super::common::{ConfigArgs, finish};
use super::init::explain;
use crate::case::Role;
use crate::cli::out::{note, say};
use crate::office::people::users::UserDraft;
use crate::office::{Clock, OfficeError, Passwords};
use crate::store::people::users::UserKind;
use crate::store::{
    StoreError,
    people::{departments, organs},
};
use std::io::Read;
use std::net::IpAddr;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// 新增用户；不给口令则生成一个并只显示一次
    Add(Add),
    /// 解除登录失败次数过多造成的限制
    Unlock(Unlock),
}

#[derive(Debug, clap::Args)]
struct Unlock {
    #[command(flatten)]
    config: ConfigArgs,
    /// 用户名
    #[arg(long)]
    username: String,
    /// 把此地址记为该用户的常用地址：他人在别处试口令时，该用户仍可从此地址登录
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    config: ConfigArgs,
    /// 用户名
    #[arg(long)]
    username: String,
    /// 姓名
    #[arg(long)]
    name: String,
    /// 机关代码
    #[arg(long)]
    organ: String,
    /// 角色，可重复：intake clerk handler reviewer office_head leader supervisor auditor admin
    #[arg(long = "role", required = true, value_parser = role)]
    roles: Vec<Role>,
    /// 科室代码
    #[arg(long)]
    department: Option<String>,
    /// 接收提醒的电子邮箱
    #[arg(long)]
    email: Option<String>,
    /// 对接的系统，不是人员
    #[arg(long)]
    machine: bool,
    /// 从标准输入读取口令（一行）
    #[arg(long)]
    password_stdin: bool,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_code(text).ok_or_else(|| {
        let codes: Vec<&str> = Role::ALL.iter().map(|role| role.code()).collect();
        format!("应为以下之一：{}", codes.join(" "))
    })
}

/// Runs the command.
pub(super) fn run(args: Args) -> ExitCode {
    finish(match args.command {
        Command::Add(add) => add_user(&add),
        Command::Unlock(unlock) => unlock_user(&unlock),
    })
}

fn unlock_user(args: &Unlock) -> Result<(), String> {
    let office = args.config.office(Clock::system())?;
    office.people().unlock(&args.username, args.address).map_err(|error| match error {
        OfficeError::NotFound => "没有这个用户 / no such user".to_owned(),
        other => explain(&other),
    })?;
    say!("已解除限制 / unlocked: {}", args.username);
    Ok(())
}

fn add_user(args: &Add) -> Result<(), String> {
    let office = args.config.office(Clock::system())?;
    let chosen = if args.password_stdin { Some(read_password()?) } else { None };
    let password = match &chosen {
        Some(password) => {
            let judged = office.passwords().judge(password, &args.username, "--password-stdin");
            judged.map(|()| password.clone())
        }
        None => Passwords::generate(),
    };
    let password = password.map_err(|error| explain(&error))?;
    let hash = office.passwords().hash(&password).map_err(|error| explain(&error))?;
    let made = office.store().write::<_, OfficeError>(|db| {
        let organ = named(organs::find_by_code(db, &args.organ), "--organ", "没有这个机关")?.id;
        let department_id = match &args.department {
            None => None,
            Some(code) => {
                let found = departments::find_by_code(db, organ, code);
                Some(named(found, "--department", "没有这个科室")?.id)
            }
        };
        let draft = UserDraft {
            username: args.username.clone(),
            display_name: args.name.clone(),
            email: args.email.clone(),
            kind: if args.machine { UserKind::Machine } else { UserKind::Person },
            department_id,
            roles: args.roles.clone(),
        };
        office.people().add_user(db, organ, &draft, &hash)
    });
    let user = made.map_err(|error| explain(&by_option(error)))?.user;
    say!("已新增用户 / user added: {} ({})", user.username, user.id.0);
    if args.roles.contains(&Role::Handler) && args.department.is_none() {
        note!(
            "提示：承办科室（handler）没有所在科室，分办给科室的案件不会提醒此人；请在用户资料中补填，或者新增时用 --department"
        );
    }
    if chosen.is_none() {
        say!("口令（只显示这一次）/ password (shown once): {password}");
    }
    Ok(())
}

/// The members of a user by the options that fill them.
fn by_option(error: OfficeError) -> OfficeError {
    const OPTIONS: [(&str, &str); 5] = [
        ("/username", "--username"),
        ("/display_name", "--name"),
        ("/email", "--email"),
        ("/department_id", "--department"),
        ("/roles", "--role"),
    ];
    let OfficeError::Invalid(mut faults) = error else { return error };
    for fault in &mut faults {
        if let Some((_, option)) = OPTIONS.iter().find(|(member, _)| *member == fault.pointer) {
            fault.pointer = (*option).to_owned();
        }
    }
    OfficeError::Invalid(faults)
}

fn named<T>(found: Result<T, StoreError>, option: &str, missing: &str) -> Result<T, OfficeError> {
    found.map_err(|error| match error {
        StoreError::NotFound => OfficeError::invalid(option, "not_found", missing),
        other => other.into(),
    })
}

fn read_password() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        Err("标准输入没有口令 / no password on stdin".to_owned())
    } else {
        Ok(line.to_owned())
    }
}
