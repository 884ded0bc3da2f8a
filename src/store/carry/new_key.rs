//! The key file beside an SQLite database while its key is changed: the new key is on the disk before anything is sealed
//! with it, and takes the place of the old one when the database has changed.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;

use super::place::with_suffix;
use crate::store::database::options::{key_file, next_key_file};
use crate::store::{Sealer, StoreError};

/// The files of the keys.
pub(super) struct KeyFiles {
    present: PathBuf,
    next: PathBuf,
}

impl KeyFiles {
    pub(super) fn beside(database: &Path) -> Self {
        Self { present: key_file(database), next: next_key_file(database) }
    }

    /// The key in the key file.
    pub(super) fn present(&self) -> Result<String, StoreError> {
        read(&self.present)
    }

    /// Writes the new key beside the old one and returns it. Takes the one that a killed run wrote, unless another is
    /// given.
    pub(super) fn prepare(&self, given: Option<&str>, old: &Sealer) -> Result<String, StoreError> {
        if given.is_some_and(|given| Sealer::from_hex(given).is_ok_and(|given| given.check() == old.check())) {
            return Err(StoreError::Refused("新密钥就是现在的密钥".into()));
        }
        let left = self.next.exists().then(|| read(&self.next)).transpose()?;
        // What a killed run wrote in part is not a key, and nothing was sealed with it.
        let left = left.filter(|key| Sealer::from_hex(key).is_ok());
        let key = match (given, left) {
            (Some(given), Some(left)) if given.trim() == left.trim() => return Ok(left),
            (None, Some(left)) => return Ok(left),
            (Some(given), _) => given.trim().to_owned(),
            (None, None) => random_key(old)?,
        };
        self.write(&key).map_err(|cause| failed(&self.next, &cause))?;
        Ok(key)
    }

    /// Puts the new key in place and keeps the old one, which earlier backups need. Returns the paths of both.
    pub(super) fn replace(&self, old_check: &str) -> Result<(String, String), StoreError> {
        let name: String = old_check.chars().take(8).collect();
        let kept = with_suffix(&self.present, &format!(".replaced-{name}"));
        match std::fs::hard_link(&self.present, &kept) {
            Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(&kept, &cause)),
            Ok(()) | Err(_) => {}
        }
        std::fs::rename(&self.next, &self.present).map_err(|cause| failed(&self.present, &cause))?;
        self.sync_directory().map_err(|cause| failed(&self.present, &cause))?;
        Ok((self.present.display().to_string(), kept.display().to_string()))
    }

    fn write(&self, key: &str) -> std::io::Result<()> {
        if self.next.exists() {
            std::fs::remove_file(&self.next)?;
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.next)?;
        writeln!(file, "{key}")?;
        file.sync_all()?;
        self.sync_directory()
    }

    fn sync_directory(&self) -> std::io::Result<()> {
        let directory = self.present.parent().filter(|parent| !parent.as_os_str().is_empty());
        std::fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// A new key that can be told from the old one.
fn random_key(old: &Sealer) -> Result<String, StoreError> {
    loop {
        let mut key = [0_u8; 32];
        rand::fill(&mut key).map_err(|_| StoreError::Database("no randomness".into()))?;
        let key = hex::encode(key);
        if Sealer::from_hex(&key)?.id() != old.id() {
            return Ok(key);
        }
    }
}

fn read(path: &Path) -> Result<String, StoreError> {
    std::fs::read_to_string(path).map_err(|cause| failed(path, &cause))
}

fn failed(path: &Path, cause: &std::io::Error) -> StoreError {
    StoreError::Refused(format!("密钥文件 {} 不能读写：{cause}", path.display()))
}
