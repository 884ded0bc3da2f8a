//! A mail server in the test process: speaks SMTP on a free port, keeps what it accepts, and misbehaves when told to.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A mail as the server got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub data: Vec<u8>,
    pub tls: bool,
    pub authenticated: bool,
}

/// What goes wrong at the end of a DATA, in the order of the queue.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The server answers this instead of accepting.
    Reply(&'static str),
    /// The connection ends before the mail is stored.
    DropBeforeStoring,
    /// The mail is stored and the connection ends before the answer.
    DropAfterStoring,
    /// The mail is stored and the answer never comes.
    SilenceAfterStoring,
    /// The mail is stored and the answer comes after so many milliseconds.
    LateAnswer(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Plain,
    Starttls,
    Implicit,
}

#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    security: Security,
    acceptor: Option<TlsAcceptor>,
    /// The one answer to AUTH PLAIN that is right.
    credentials: Option<&'static str>,
    mails: Mutex<Vec<Received>>,
    faults: Mutex<VecDeque<Fault>>,
    refused: Mutex<HashMap<String, &'static str>>,
    connections: Mutex<usize>,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A private authority and a server certificate of it for `localhost`; the authority is written to `ca.pem` in `dir`.
pub fn authority(dir: &std::path::Path) -> (TlsAcceptor, PathBuf) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::from_params(&ca, &ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let file = dir.join("ca.pem");
    std::fs::write(&file, ca_certificate.pem()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

impl Sink {
    /// A server without TLS on a free port.
    pub async fn plain() -> Self {
        Self::start(0, Security::Plain, None, None).await
    }

    /// A server on `port` (0: a free one). `credentials` is the base64 of AUTH PLAIN that is asked for.
    pub async fn start(
        port: u16,
        security: Security,
        acceptor: Option<TlsAcceptor>,
        credentials: Option<&'static str>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            security,
            acceptor,
            credentials,
            mails: Mutex::default(),
            faults: Mutex::default(),
            refused: Mutex::default(),
            connections: Mutex::default(),
        });
        let serving = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *lock(&serving.connections) += 1;
                let state = serving.clone();
                tokio::spawn(async move { state.serve(stream).await });
            }
        });
        Self { port, state }
    }

    pub fn mails(&self) -> Vec<Received> {
        lock(&self.state.mails).clone()
    }

    pub fn connections(&self) -> usize {
        *lock(&self.state.connections)
    }

    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.state.faults).extend(faults);
    }

    /// Answers every RCPT of `address` with `reply`.
    pub fn refuse(&self, address: &str, reply: &'static str) {
        lock(&self.state.refused).insert(address.to_owned(), reply);
    }
}

/// How a conversation went on one layer.
enum End {
    Closed,
    Upgrade(Box<dyn Wire>),
}

impl State {
    async fn serve(&self, stream: tokio::net::TcpStream) {
        let mut wire: Box<dyn Wire> = Box::new(stream);
        let mut tls = false;
        if self.security == Security::Implicit {
            let Ok(stream) = self.acceptor.as_ref().unwrap().accept(wire).await else { return };
            wire = Box::new(stream);
            tls = true;
        }
        let mut greet = true;
        while let Ok(End::Upgrade(bare)) = self.talk(wire, tls, greet).await {
            let Ok(stream) = self.acceptor.as_ref().unwrap().accept(bare).await else { return };
            wire = Box::new(stream);
            tls = true;
            greet = false;
        }
    }

    async fn talk(&self, wire: Box<dyn Wire>, tls: bool, greet: bool) -> std::io::Result<End> {
        let mut wire = BufReader::new(wire);
        if greet {
            wire.write_all(b"220 sink\r\n").await?;
        }
        let (mut from, mut to, mut authenticated) = (String::new(), Vec::new(), false);
        loop {
            let mut line = String::new();
            if wire.read_line(&mut line).await? == 0 {
                return Ok(End::Closed);
            }
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            let argument =
                line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner.to_owned());
            let reply: String = match verb.as_str() {
                "EHLO" => self.capabilities(tls),
                "STARTTLS" if self.security == Security::Starttls && !tls => {
                    wire.write_all(b"220 go\r\n").await?;
                    wire.flush().await?;
                    return Ok(End::Upgrade(wire.into_inner()));
                }
                "AUTH" => {
                    authenticated = tls && self.credentials.is_some_and(|right| line == format!("AUTH PLAIN {right}"));
                    // Some servers repeat what they were sent.
                    let refused = || format!("535 5.7.8 wrong account or password: {line}");
                    if authenticated { "235 2.7.0 welcome".to_owned() } else { refused() }
                }
                "MAIL" if self.credentials.is_some() && !authenticated => "530 5.7.0 authenticate first".to_owned(),
                "MAIL" => {
                    from = argument.unwrap_or_default();
                    to.clear();
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    let address = argument.unwrap_or_default();
                    let refused = lock(&self.refused).get(&address).copied();
                    to.push(address);
                    refused.unwrap_or("250 ok").to_owned()
                }
                "DATA" => {
                    wire.write_all(b"354 go\r\n").await?;
                    let Some(data) = data(&mut wire).await? else { return Ok(End::Closed) };
                    let mail = Received { from: from.clone(), to: to.clone(), data, tls, authenticated };
                    match self.end_of_data(mail).await {
                        Some(reply) => reply.to_owned(),
                        None => return Ok(End::Closed),
                    }
                }
                "NOOP" | "RSET" => "250 ok".to_owned(),
                "QUIT" => {
                    wire.write_all(b"221 bye\r\n").await?;
                    return Ok(End::Closed);
                }
                _ => "502 what".to_owned(),
            };
            wire.write_all(reply.as_bytes()).await?;
            wire.write_all(b"\r\n").await?;
            wire.flush().await?;
        }
    }

    fn capabilities(&self, tls: bool) -> String {
        let mut lines = vec!["sink", "8BITMIME"];
        if self.security == Security::Starttls && !tls {
            lines.push("STARTTLS");
        }
        if self.credentials.is_some() && tls {
            lines.push("AUTH PLAIN");
        }
        let last = lines.len() - 1;
        let line = |(i, text): (usize, &&str)| format!("250{}{text}", if i == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    async fn end_of_data(&self, mail: Received) -> Option<&'static str> {
        let fault = lock(&self.faults).pop_front();
        match fault {
            None => {
                lock(&self.mails).push(mail);
                Some("250 2.0.0 queued")
            }
            Some(Fault::Reply(reply)) => Some(reply),
            Some(Fault::DropBeforeStoring) => None,
            Some(Fault::DropAfterStoring) => {
                lock(&self.mails).push(mail);
                None
            }
            Some(Fault::LateAnswer(ms)) => {
                lock(&self.mails).push(mail);
                tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
                Some("250 2.0.0 queued at last")
            }
            Some(Fault::SilenceAfterStoring) => {
                lock(&self.mails).push(mail);
                std::future::pending().await
            }
        }
    }
}

/// The lines up to the single dot, with the doubled dots taken back.
async fn data(wire: &mut BufReader<Box<dyn Wire>>) -> std::io::Result<Option<Vec<u8>>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if wire.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(data));
        }
        data.extend_from_slice(line.strip_prefix(b".").filter(|_| line.starts_with(b"..")).unwrap_or(&line));
    }
}
