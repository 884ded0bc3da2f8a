//! SMTP with lettre: makes a relay from the settings, and maps the server's answers to [`Failure`].
//!
//! The connection is kept here, not in lettre's pool. A delivery that takes too long is aborted in the middle of the
//! conversation. The pool would hand that connection out again, and the late answer to one mail would be read as the
//! answer to the next. Here a connection is kept only after a clean end.

use super::render::{RenderError, Templates};
use crate::config::{Smtp, SmtpTls};
use crate::store::{Db, OrganId, StoreError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::NaiveDate;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A name with its mail address.
pub use lettre::message::Mailbox;

/// Longest idle time of a kept connection: servers close idle connections after a few minutes.
const KEEP: Duration = Duration::from_secs(30);

/// A delivery takes at most this many times `timeout_s`: once to connect, once for the conversation. The limits cover
/// the whole of each, because a server that sends a byte a second would pass a limit on single commands.
const CONVERSATION: u32 = 2;

/// Why no relay can be made from the settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// `smtp.from` is not a valid sender.
    #[error("smtp.from 不是有效的发件人：{0}")]
    From(#[from] lettre::address::AddressError),
    /// `smtp.ca_file` cannot be read.
    #[error("smtp.ca_file 无法读取：{0}")]
    CaFile(#[from] std::io::Error),
    /// TLS cannot be set up.
    #[error("smtp 无法建立 TLS：{0}")]
    Tls(#[from] Error),
    /// A built-in template does not parse (a test covers them).
    #[error(transparent)]
    Template(#[from] RenderError),
}

/// Why a mail was not accepted. Decides what happens to it next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// 4xx: refused for now.
    #[error("{0}")]
    Later(String),
    /// 5xx: refused for good.
    #[error("{0}")]
    Never(String),
    /// The relay cannot be used at all: no connection, no TLS, wrong account. Every other mail would fail the same way.
    #[error("{0}")]
    NoRelay(String),
    /// The conversation broke off: the server may have stored the mail.
    #[error("{0}")]
    Unknown(String),
}

/// The sender of all mails.
///
/// # Errors
/// [`SetupError::From`] if `smtp.from` is not a valid sender.
pub fn sender(settings: &Smtp) -> Result<Mailbox, SetupError> {
    Ok(settings.from.parse()?)
}

/// How the connection is protected.
#[derive(Clone)]
enum Protection {
    Starttls(TlsParameters),
    Implicit(TlsParameters),
    None,
}

/// Pauses and leases of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Pauses between attempts of one mail; the last one repeats.
    pub retries: Vec<Duration>,
    /// Pause while the relay cannot be used.
    pub relay_pause: Duration,
    /// Lease of a claimed mail: longer than the wait for the rate limit plus the longest delivery.
    pub lease: Duration,
}

impl Pace {
    fn new(settings: &Smtp) -> Self {
        let turn = 60_u64.checked_div(u64::from(settings.mails_per_minute)).unwrap_or(0).saturating_add(1);
        let delivery = settings.timeout_s.saturating_mul(u64::from(CONVERSATION));
        Self {
            retries: settings.retry_s.iter().copied().map(Duration::from_secs).collect(),
            relay_pause: Duration::from_secs(settings.relay_pause_s),
            lease: Duration::from_secs(settings.lease_s.saturating_add(turn).saturating_add(delivery)),
        }
    }
}

/// Rate limiter for `per_minute` mails, spread evenly: a burst is at most one second's share.
fn limiter(per_minute: u32) -> Option<DefaultDirectRateLimiter> {
    let burst = NonZeroU32::new(per_minute / 60).unwrap_or(NonZeroU32::MIN);
    NonZeroU32::new(per_minute).map(|limit| RateLimiter::direct(Quota::per_minute(limit).allow_burst(burst)))
}

/// The mail server. Clones share the kept connection and the rate limit.
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
    templates: Arc<Templates>,
    hours: Option<OfficeHours>,
}

/// Computes how long mail about an organ must wait: the given pause, then until the organ's window is open.
pub type Wait = Arc<dyn Fn(&mut Db, Option<OrganId>, Duration) -> Result<Duration, StoreError> + Send + Sync>;

/// The office's date and its hours for mail.
#[derive(Clone)]
pub struct OfficeHours {
    /// Returns today's date at the office.
    pub today: Arc<dyn Fn() -> NaiveDate + Send + Sync>,
    /// Computes the wait until mail may go out.
    pub wait: Wait,
}

struct Inner {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    /// Secrets to remove from the server's answers, which may repeat what was sent.
    hidden: Vec<String>,
    hello: ClientId,
    sender: Mailbox,
    timeout: Duration,
    pace: Pace,
    limiter: Option<DefaultDirectRateLimiter>,
    kept: Mutex<Option<(AsyncSmtpConnection, Instant)>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Relay")
            .field("host", &self.inner.host)
            .field("port", &self.inner.port)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// Makes the relay from the settings. `None` if no host is set: mail then stays queued. Does not connect yet.
    ///
    /// # Errors
    /// [`SetupError::From`] or [`SetupError::CaFile`] if that setting is invalid; [`SetupError::Tls`] if the
    /// certificate or the TLS parameters cannot be used.
    pub fn from_settings(settings: &Smtp) -> Result<Option<Self>, SetupError> {
        if settings.host.is_empty() {
            return Ok(None);
        }
        let protection = match settings.tls {
            SmtpTls::Starttls => Protection::Starttls(tls(settings)?),
            SmtpTls::Implicit => Protection::Implicit(tls(settings)?),
            SmtpTls::None => Protection::None,
        };
        let account = Some(&settings.username).filter(|name| !name.is_empty());
        let hello = Some(&settings.hello_name).filter(|name| !name.is_empty());
        let inner = Inner {
            host: settings.host.clone(),
            port: settings.port,
            protection,
            credentials: account.map(|name| Credentials::new(name.clone(), settings.password.expose().to_owned())),
            hidden: hidden(settings),
            hello: hello.map_or_else(ClientId::default, |name| ClientId::Domain(name.clone())),
            sender: sender(settings)?,
            timeout: Duration::from_secs(settings.timeout_s),
            pace: Pace::new(settings),
            limiter: limiter(settings.mails_per_minute),
            kept: Mutex::new(None),
        };
        let templates = Arc::new(Templates::embedded()?);
        Ok(Some(Self { inner: Arc::new(inner), templates, hours: None }))
    }

    /// Adds the office. Reminders written for an earlier day are then not sent, temporarily refused mail is not retried
    /// out of hours, and warnings about parked mails use the office's templates.
    #[must_use]
    pub fn with_office(self, hours: OfficeHours, templates: Arc<Templates>) -> Self {
        Self { hours: Some(hours), templates, ..self }
    }

    /// The templates for warnings about parked mails.
    #[must_use]
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// How long mail about `organ` waits before a retry that is due after `pause`. Without an office: `pause`.
    pub(super) fn wait(&self, db: &mut Db, organ: Option<OrganId>, pause: Duration) -> Duration {
        let Some(hours) = &self.hours else { return pause };
        (hours.wait)(db, organ, pause).unwrap_or_else(|cause| {
            tracing::error!(%cause, "the window of an organ is unknown: its mail is tried again at any hour");
            pause
        })
    }

    /// Today's date at the office: reminders written for an earlier day are not sent. Without an office: 1970-01-01, so
    /// that every reminder is sent.
    pub(super) fn today(&self) -> NaiveDate {
        self.hours.as_ref().map_or_else(NaiveDate::default, |hours| (hours.today)())
    }

    /// Pauses and leases of its deliveries.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.inner.pace
    }

    /// The sender of all mails.
    #[must_use]
    pub fn sender(&self) -> &Mailbox {
        &self.inner.sender
    }

    /// Waits until the rate limit allows one more mail.
    pub async fn turn(&self) {
        if let Some(limiter) = &self.inner.limiter {
            limiter.until_ready().await;
        }
    }

    /// Sends a message to one address and returns the server's answer, without secrets.
    ///
    /// # Errors
    /// [`Failure::Never`] if the address is invalid or the mail refused for good; [`Failure::Later`] if it is refused
    /// for now; [`Failure::NoRelay`] if the relay cannot be used; [`Failure::Unknown`] if the conversation broke off or
    /// timed out.
    pub async fn send(&self, to: &str, message: &[u8]) -> Result<String, Failure> {
        let address: Address = to.parse().map_err(|cause| Failure::Never(format!("{to}: {cause}")))?;
        let envelope = Envelope::new(Some(self.inner.sender.email.clone()), vec![address]);
        let envelope = envelope.map_err(|cause| Failure::Never(cause.to_string()))?;
        let answer = self.deliver(&envelope, message).await;
        answer.map(|reply| self.inner.without_secrets(reply)).map_err(|failure| match failure {
            Failure::Later(reply) => Failure::Later(self.inner.without_secrets(reply)),
            Failure::Never(reply) => Failure::Never(self.inner.without_secrets(reply)),
            Failure::NoRelay(reply) => Failure::NoRelay(self.inner.without_secrets(reply)),
            Failure::Unknown(reply) => Failure::Unknown(self.inner.without_secrets(reply)),
        })
    }

    async fn deliver(&self, envelope: &Envelope, message: &[u8]) -> Result<String, Failure> {
        let connecting = tokio::time::timeout(self.inner.timeout, self.inner.connection()).await;
        let connection = connecting.map_err(|_| Failure::NoRelay("no answer from the mail server".to_owned()))?;
        let conversation = self.inner.converse(connection?, envelope, message);
        match tokio::time::timeout(self.inner.timeout, conversation).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::Unknown(format!("no end within {} s", self.inner.timeout.as_secs()))),
        }
    }

    /// Connects as for a delivery, with TLS as configured, exchanges EHLO and leaves. Sends neither account nor mail.
    ///
    /// # Errors
    /// [`Failure::NoRelay`] if the server does not answer within `limit` or cannot be used.
    pub async fn greet(&self, limit: Duration) -> Result<(), Failure> {
        match tokio::time::timeout(limit, self.inner.connect()).await {
            Err(_) => Err(Failure::NoRelay("no answer from the mail server".to_owned())),
            Ok(Err(error)) => Err(Failure::NoRelay(error.to_string())),
            Ok(Ok(mut connection)) => {
                let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
                Ok(())
            }
        }
    }

    /// Closes the kept connection.
    pub async fn close(&self) {
        if let Some((mut connection, _)) = self.inner.kept.lock().await.take() {
            // A server that does not answer QUIT must not delay the shutdown.
            let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
        }
    }
}

impl Inner {
    /// Returns the kept connection if it still answers, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        let kept = self.kept.lock().await.take();
        if let Some((mut connection, since)) = kept
            && since.elapsed() < KEEP
            && connection.test_connected().await
        {
            return Ok(connection);
        }
        // An error before a mail is begun concerns the relay, and nothing has been delivered.
        let no_relay = |error: Error| Failure::NoRelay(error.to_string());
        let mut connection = self.connect().await.map_err(no_relay)?;
        if let Some(credentials) = &self.credentials {
            // Keep none of the server's own words from this exchange: they may repeat the password.
            let refused = |error: Error| Failure::NoRelay(account_refused(&error));
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(refused)?;
        }
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.host.as_str(), self.port);
        let implicit = match &self.protection {
            Protection::Implicit(parameters) => Some(parameters.clone()),
            Protection::Starttls(_) | Protection::None => None,
        };
        let timeout = Some(self.timeout);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, timeout, &self.hello, implicit, None).await?;
        if let Protection::Starttls(parameters) = &self.protection {
            // Fails if the server does not offer STARTTLS: no mail and no password in the clear.
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        Ok(connection)
    }

    fn without_secrets(&self, reply: String) -> String {
        self.hidden.iter().fold(reply, |reply, secret| reply.replace(secret, "***"))
    }

    async fn converse(
        &self,
        mut connection: AsyncSmtpConnection,
        envelope: &Envelope,
        message: &[u8],
    ) -> Result<String, Failure> {
        // lettre ends the data with its own line break.
        let body = message.strip_suffix(b"\r\n").unwrap_or(message);
        let response = connection.send(envelope, body).await.map_err(|error| classify(&error))?;
        *self.kept.lock().await = Some((connection, Instant::now()));
        let lines: Vec<&str> = response.message().collect();
        Ok(format!("{} {}", response.code(), lines.join(" ")))
    }
}

fn tls(settings: &Smtp) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if !settings.ca_file.as_os_str().is_empty() {
        builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(&settings.ca_file)?)?);
    }
    Ok(builder.build()?)
}

/// The password in plain text and as AUTH PLAIN and AUTH LOGIN encode it.
fn hidden(settings: &Smtp) -> Vec<String> {
    let (name, password) = (&settings.username, settings.password.expose());
    if password.is_empty() {
        return Vec::new();
    }
    let plain = format!("\0{name}\0{password}");
    let mut forms = vec![BASE64.encode(plain), BASE64.encode(password)];
    // A server may repeat the encoded text without its padding.
    forms.extend(forms.clone().iter().map(|form| form.trim_end_matches('=').to_owned()));
    forms.push(password.to_owned());
    forms
}

/// Describes a refused account by the status codes of the answer (RFC 3463), without the server's words.
fn account_refused(error: &Error) -> String {
    let Some(code) = error.status() else {
        return "邮件服务器不接受账号认证 / the mail server cannot authenticate us".to_owned();
    };
    let text = error.to_string();
    let is_code = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.parse::<u16>().is_ok())
    };
    let enhanced = text.split_whitespace().find(is_code).map_or_else(String::new, |word| format!(" {word}"));
    format!("邮件服务器拒绝了账号或者口令 / the mail server refused the account: {code}{enhanced}")
}

/// Maps an error after MAIL was begun to a [`Failure`].
fn classify(error: &Error) -> Failure {
    let text = error.to_string();
    match error.status().map(u16::from) {
        // 421: the service is closing; 530: authentication required. Neither concerns this mail.
        Some(421 | 530) => Failure::NoRelay(text),
        Some(_) if error.is_permanent() => Failure::Never(text),
        Some(_) => Failure::Later(text),
        // The server lacks what this address or message needs (SMTPUTF8, 8BITMIME): the mail was not begun.
        None if error.is_client() => Failure::Never(text),
        None => Failure::Unknown(text),
    }
}
