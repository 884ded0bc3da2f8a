//! SMTP through lettre: from the settings to a relay, from the server's answer to what it means for the mail.

use crate::config::{Smtp, SmtpTls};
use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::time::Duration;

/// Connections kept open to the relay.
const CONNECTIONS: u32 = 2;

/// A whole delivery may take so many times the time-out of one command: a server that answers a byte a second is slow
/// on every command.
const CONVERSATION: u32 = 2;

/// Answers to AUTH that concern the account, not the mail.
const ACCOUNT_REFUSED: [u16; 4] = [530, 534, 535, 538];

/// Why the settings give no relay.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// `smtp.from` is no mailbox.
    #[error("smtp.from 不是有效的发件人：{0}")]
    From(#[from] lettre::address::AddressError),
    /// `smtp.ca_file` cannot be read.
    #[error("smtp.ca_file 无法读取：{0}")]
    CaFile(#[from] std::io::Error),
    /// TLS cannot be set up.
    #[error("smtp 无法建立 TLS：{0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Why a mail was not accepted, and so what happens to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// 4xx: refused for now.
    #[error("{0}")]
    Later(String),
    /// 5xx: refused for good.
    #[error("{0}")]
    Never(String),
    /// The relay cannot be used at all: no connection, no TLS, wrong account. Every other mail would fare the same.
    #[error("{0}")]
    NoRelay(String),
    /// The conversation broke off: the server may have stored the mail.
    #[error("{0}")]
    Unknown(String),
}

/// The mailbox mails come from.
///
/// # Errors
/// [`SetupError::From`].
pub fn sender(settings: &Smtp) -> Result<Mailbox, SetupError> {
    Ok(settings.from.parse()?)
}

/// The mail server.
#[derive(Debug, Clone)]
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    patience: Duration,
}

impl Relay {
    /// The relay of the settings; `None` when no host is set: mail then stays queued. Must be called within a tokio
    /// runtime (the connection pool starts a task of its own).
    ///
    /// # Errors
    /// [`SetupError`] names the setting.
    pub fn from_settings(settings: &Smtp) -> Result<Option<Self>, SetupError> {
        if settings.host.is_empty() {
            return Ok(None);
        }
        let timeout = Duration::from_secs(settings.timeout_s);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls(settings)?)
            .timeout(Some(timeout))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if !settings.hello_name.is_empty() {
            builder = builder.hello_name(ClientId::Domain(settings.hello_name.clone()));
        }
        if !settings.username.is_empty() {
            let password = settings.password.expose().to_owned();
            builder = builder.credentials(Credentials::new(settings.username.clone(), password));
        }
        let from = sender(settings)?.email;
        Ok(Some(Self { transport: builder.build(), from, patience: timeout.saturating_mul(CONVERSATION) }))
    }

    /// The longest a delivery may take; a lease has to be longer.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Sends the bytes of a mail to one address and returns the server's answer.
    ///
    /// # Errors
    /// [`Failure`] says what to do with the mail.
    pub async fn send(&self, to: &str, message: &[u8]) -> Result<String, Failure> {
        let address: Address = to.parse().map_err(|cause| Failure::Never(format!("{to}: {cause}")))?;
        let envelope = Envelope::new(Some(self.from.clone()), vec![address]);
        let envelope = envelope.map_err(|cause| Failure::Never(cause.to_string()))?;
        // lettre ends the data with a line break of its own.
        let body = message.strip_suffix(b"\r\n").unwrap_or(message);
        let conversation = self.transport.send_raw(&envelope, body);
        match tokio::time::timeout(self.patience, conversation).await {
            Ok(Ok(response)) => {
                let lines: Vec<&str> = response.message().collect();
                Ok(format!("{} {}", response.code(), lines.join(" ")))
            }
            Ok(Err(error)) => Err(classify(&error, to)),
            Err(_) => Err(Failure::Unknown(format!("no end within {} s", self.patience.as_secs()))),
        }
    }

    /// Ends the connections.
    pub async fn close(&self) {
        self.transport.shutdown().await;
    }
}

fn tls(settings: &Smtp) -> Result<Tls, SetupError> {
    let parameters = || -> Result<TlsParameters, SetupError> {
        let mut builder = TlsParameters::builder(settings.host.clone());
        if !settings.ca_file.as_os_str().is_empty() {
            builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(&settings.ca_file)?)?);
        }
        Ok(builder.build()?)
    };
    Ok(match settings.tls {
        SmtpTls::Starttls => Tls::Required(parameters()?),
        SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        SmtpTls::None => Tls::None,
    })
}

/// What an error of lettre means. It tells only some kinds apart; of the rest, what went wrong before the connection
/// stood ("Connection error", TLS among it) is certain not to have delivered anything.
fn classify(error: &lettre::transport::smtp::Error, to: &str) -> Failure {
    let text = error.to_string();
    let code = error.status().map(u16::from);
    match code {
        Some(code) if ACCOUNT_REFUSED.contains(&code) || code == 421 => Failure::NoRelay(text),
        Some(_) if error.is_permanent() => Failure::Never(text),
        Some(_) => Failure::Later(text),
        // A server without SMTPUTF8 cannot take this address, ever.
        None if error.is_client() && !to.is_ascii() => Failure::Never(text),
        None if error.is_client() || error.is_tls() || text.starts_with("Connection error") => Failure::NoRelay(text),
        None => Failure::Unknown(text),
    }
}
