//! A mail server for the demonstration: accepts every mail and writes it down as a file. Nothing leaves the machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Longest line and longest mail that are read, bytes.
const LINE_BYTES: u64 = 4_096;
const MAIL_BYTES: usize = 1 << 20;

/// A client that says nothing for so long is left.
const PATIENCE: Duration = Duration::from_secs(60);

/// Listens until the process ends.
pub(super) struct Sink {
    /// Where on 127.0.0.1.
    pub(super) port: u16,
    /// Where the mails are, one `.eml` file each.
    pub(super) folder: PathBuf,
}

impl Sink {
    /// Starts to listen on a free port.
    ///
    /// # Errors
    /// When there is no port or the folder cannot be made.
    pub(super) fn start(directory: &Path) -> std::io::Result<Self> {
        let folder = directory.join("mails");
        std::fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (into, count) = (folder.clone(), Arc::new(AtomicU32::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (into, count) = (into.clone(), Arc::clone(&count));
                std::thread::spawn(move || {
                    if let Err(error) = converse(&stream, &into, &count) {
                        tracing::warn!(%error, "demo mail server");
                    }
                });
            }
        });
        Ok(Self { port, folder })
    }
}

fn converse(stream: &TcpStream, folder: &Path, count: &AtomicU32) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut client = BufReader::new(stream);
    let say = |text: &str| {
        let mut out = stream;
        out.write_all(text.as_bytes())
    };
    say("220 localhost demo\r\n")?;
    while let Some(line) = line(&mut client)? {
        let verb = String::from_utf8_lossy(&line).trim().to_ascii_uppercase();
        let verb = verb.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => say("250-localhost\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")?,
            "DATA" => {
                say("354 go on\r\n")?;
                let Some(mail) = mail(&mut client)? else { return Ok(()) };
                let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                std::fs::write(folder.join(format!("{number:04}.eml")), mail)?;
                say(&format!("250 kept as {number:04}\r\n"))?;
            }
            "QUIT" => return say("221 bye\r\n"),
            "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => say("250 ok\r\n")?,
            _ => say("502 not here\r\n")?,
        }
    }
    Ok(())
}

/// The next line with its end, or nothing when the client has gone.
fn line(client: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    client.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)?;
    Ok(Some(line).filter(|line| !line.is_empty()))
}

/// The mail up to the line with a dot alone, leading dots undoubled.
fn mail(client: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut mail = Vec::new();
    while let Some(line) = line(client)? {
        if line == b".\r\n" {
            return Ok(Some(mail));
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        if mail.len() > MAIL_BYTES {
            return Ok(None);
        }
    }
    Ok(None)
}
