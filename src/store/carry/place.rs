//! Files that appear whole or not at all: written beside their place, made durable, then renamed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::store::StoreError;

/// The kind of database a backup was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An SQLite file.
    Sqlite,
    /// An archive of `pg_dump --format=custom`.
    Postgres,
}

impl Kind {
    /// The name for display.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The kind of a file by its first bytes. `None` for any other file.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the file cannot be read.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, StoreError> {
        let mut begins = Vec::new();
        let file = File::open(path).map_err(|cause| failed(path, "不能读取", &cause))?;
        file.take(16).read_to_end(&mut begins).map_err(|cause| failed(path, "不能读取", &cause))?;
        Ok(match begins.as_slice() {
            b"SQLite format 3\0" => Some(Self::Sqlite),
            [b'P', b'G', b'D', b'M', b'P', ..] => Some(Self::Postgres),
            _ => None,
        })
    }
}

/// The error of a file, with the file's name.
pub(super) fn failed(path: &Path, what: &str, cause: &std::io::Error) -> StoreError {
    StoreError::Refused(format!("{}：{what}：{cause}", path.display()))
}

/// What SQLite keeps beside a database.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The path with something appended to its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A file under construction, `<target>.unfinished`, readable by its owner only. Removed on drop, with what SQLite keeps
/// beside it.
///
/// A lock on the file distinguishes work in progress from what a killed process left, which is overwritten.
pub(super) struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Unfinished {
    /// Creates the file for `target`.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if another process is writing the same target, or the directory cannot be written.
    pub(super) fn beside(target: &Path) -> Result<Self, StoreError> {
        let path = with_suffix(target, ".unfinished");
        let cannot = |cause: std::io::Error| failed(&path, "不能写入", &cause);
        let in_progress = || StoreError::Refused(format!("{} 正由另一个进程写入，请等它结束", path.display()));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_progress()),
            Err(TryLockError::Error(cause)) => return Err(failed(&path, "不能加锁", &cause)),
        }
        // The other process may have finished between the two calls: then the locked file has another name now.
        let (ours, there) = (file.metadata().map_err(cannot)?, std::fs::metadata(&path).map_err(|_| in_progress())?);
        if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
            return Err(in_progress());
        }
        let this = Self { path: path.clone(), file };
        this.file.set_len(0).map_err(cannot)?;
        this.file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(cannot)?;
        this.remove_beside();
        Ok(this)
    }

    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it with a copy of `source`.
    pub(super) fn copy_from(&mut self, source: &Path) -> Result<(), StoreError> {
        let mut from = File::open(source).map_err(|cause| failed(source, "不能读取", &cause))?;
        std::io::copy(&mut from, &mut self.file).map_err(|cause| failed(&self.path, "不能写入", &cause))?;
        self.file.flush().map_err(|cause| failed(&self.path, "不能写入", &cause))
    }

    /// Makes the content durable and gives the file its name. Without `is_replacing`, a file of that name stays.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is a file of that name, or the disk does not take it.
    pub(super) fn put_in_place(self, target: &Path, is_replacing: bool) -> Result<(), StoreError> {
        let cannot = |cause: std::io::Error| failed(target, "不能写入", &cause);
        for suffix in BESIDE {
            let beside = with_suffix(&self.path, suffix);
            if std::fs::metadata(&beside).is_ok_and(|file| file.len() > 0 && suffix != "-shm") {
                return Err(StoreError::Database(format!("{} is not empty", beside.display())));
            }
        }
        self.remove_beside();
        // Opened anew: on some file systems a write error is only reported to who wrote, or to whoever opens later.
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(cannot)?;
        let renamed =
            if is_replacing { std::fs::rename(&self.path, target) } else { rename_to_new(&self.path, target) };
        renamed.map_err(|cause| match cause.kind() {
            ErrorKind::AlreadyExists => StoreError::Refused(format!("{} 已经存在，没有改动", target.display())),
            _ => cannot(cause),
        })?;
        let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(cannot)
    }

    fn remove_beside(&self) {
        for suffix in BESIDE {
            // Mostly there is nothing to remove.
            let _ = std::fs::remove_file(with_suffix(&self.path, suffix));
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.remove_beside();
        // After a rename the name is free, unless the next process took it: its file is not ours.
        let ours = self.file.metadata().map(|file| (file.dev(), file.ino())).ok();
        let there = std::fs::metadata(&self.path).map(|file| (file.dev(), file.ino())).ok();
        if ours == there {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Renames without replacing. Some file systems of removable disks cannot do both in one step.
fn rename_to_new(from: &Path, to: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if to.try_exists()? => {
            Err(std::io::Error::from(ErrorKind::AlreadyExists))
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => std::fs::rename(from, to),
        done => Ok(done?),
    }
}

/// Size in bytes and SHA-256 (hexadecimal) of a file.
pub(super) fn fingerprint(path: &Path) -> Result<(u64, String), StoreError> {
    let cannot = |cause: std::io::Error| failed(path, "不能读取", &cause);
    let mut file = File::open(path).map_err(cannot)?;
    let (mut context, mut buffer, mut size) = (Context::new(&SHA256), vec![0_u8; 1 << 16], 0_u64);
    loop {
        let read = file.read(&mut buffer).map_err(cannot)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        context.update(bytes);
        size = size.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok((size, hex::encode(context.finish().as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_overwritten_and_what_another_writes_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.bak");
        let left = with_suffix(&target, ".unfinished");
        std::fs::write(&left, "half a file").unwrap();
        std::fs::write(with_suffix(&left, "-wal"), "its log").unwrap();
        let ours = Unfinished::beside(&target).unwrap();
        assert_eq!(std::fs::read(&left).unwrap(), b"");
        assert!(!with_suffix(&left, "-wal").exists());
        assert_eq!(std::fs::metadata(&left).unwrap().permissions().mode() & 0o777, 0o600);
        let second = Unfinished::beside(&target).err().unwrap().to_string();
        assert!(second.contains("正由另一个进程写入"), "{second}");
        std::fs::write(ours.path(), "whole").unwrap();
        ours.put_in_place(&target, false).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"whole");
        let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["b.bak"]);
    }

    #[test]
    fn a_file_is_replaced_only_on_request_and_a_refused_one_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.bak");
        std::fs::write(&target, "old").unwrap();
        let refused = Unfinished::beside(&target).unwrap().put_in_place(&target, false);
        assert!(refused.unwrap_err().to_string().contains("已经存在"));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        Unfinished::beside(&target).unwrap().put_in_place(&target, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"");
    }

    #[test]
    fn a_fingerprint_is_size_and_sha256() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        std::fs::write(&path, "abc").unwrap();
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fingerprint(&path).unwrap(), (3, sha256.to_owned()));
    }
}
