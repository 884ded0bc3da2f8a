//! The database itself: whether it can be used, its release, its key.

use super::{Check, Topic, said};
use crate::config::Settings;
use crate::office::service::readiness::advice;
use crate::store::StoreError;
use crate::store::service::inspection::Inspection;

/// A database that could not be opened.
pub(super) fn unreachable(cause: &StoreError) -> Check {
    let todo = match cause {
        StoreError::Storage(fault, _) => advice(*fault),
        StoreError::Refused(_) => {
            "核对 GONGKAI_DATABASE_URL 和运行命令的目录；数据库丢失的，用 gongkai restore 从备份恢复"
        }
        StoreError::Busy | StoreError::OutOfTime => "数据库被其他程序占用：结束占用它的程序后再试",
        StoreError::Unavailable(_) => "启动数据库服务器，核对地址、端口、用户和口令，检查网络和防火墙",
        StoreError::NotFound
        | StoreError::Conflict
        | StoreError::Dangling
        | StoreError::Corrupt(_)
        | StoreError::Database(_) => "核对数据库用户的权限，必要时从备份恢复",
    };
    Check::fault(Topic::Database, format!("不能打开：{}", said(cause)), todo)
}

/// Whether it accepts writes and is whole.
pub(super) fn health(open: &mut Inspection) -> Check {
    let found = open.program().and_then(|program| {
        // First, so that damage is named as such and not as a write that failed.
        if let Some(fault) = open.structural_fault()? {
            return Err(StoreError::Storage(crate::store::StorageFault::Damaged, fault));
        }
        open.write_probe()?;
        Ok(program)
    });
    match found {
        Ok(program) => Check::ok(Topic::Database, format!("{program}，可读可写：{}", open.address())),
        Err(StoreError::Storage(fault, said)) => Check::fault(Topic::Database, said, advice(fault)),
        Err(StoreError::Busy) => Check::notice(
            Topic::Database,
            "正忙：数秒内没有轮到写入",
            "稍后再试；一直如此的，检查长时间运行的导入或者其他程序",
        ),
        Err(cause) => Check::fault(
            Topic::Database,
            format!("不能写入：{}", said(&cause)),
            "核对数据库文件的所有者和权限，或者数据库用户的权限",
        ),
    }
}

/// Whether database and program are of one release, and whether they are.
pub(super) fn migrations(open: &mut Inspection) -> (Check, bool) {
    let topic = Topic::Migrations;
    let gap = match open.migration_gap() {
        Ok(gap) => gap,
        Err(cause) => return (Check::fault(topic, said(&cause), "运行 gongkai migrate，再看提示"), false),
    };
    if !gap.unknown.is_empty() {
        let found = format!("数据库由更新的版本使用过（{}），本程序 {}", gap.unknown.join("、"), version());
        let advice = "改用更新版本的 gongkai；不要用本程序运行服务";
        return (Check::fault(topic, found, advice), false);
    }
    if !gap.pending.is_empty() {
        let found = format!("数据库尚未升级：缺 {} 项迁移（{}）", gap.pending.len(), gap.pending.join("、"));
        return (Check::fault(topic, found, "先备份（gongkai backup），再运行 gongkai migrate"), false);
    }
    (Check::ok(topic, format!("与本程序 {} 相符", version())), true)
}

/// Whether the key opens what is sealed.
pub(super) fn sealing_key(settings: &Settings, open: &mut Inspection) -> (Check, bool) {
    let topic = Topic::SealingKey;
    let configured = Some(settings.security.sealing_key.expose()).filter(|key| !key.is_empty());
    let Err(cause) = open.check_key(configured) else {
        return (Check::ok(topic, "在位，与数据库相符"), true);
    };
    let advice = "取回另行保存的密钥：SQLite 放回数据库旁的 .key 文件（权限 600），否则设置 GONGKAI_SECURITY__SEALING_KEY；\
                  没有密钥，身份证件号码和联系方式打不开";
    (Check::fault(topic, said(&cause), advice), false)
}

const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
