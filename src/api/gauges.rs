//! Figures of mail, reminders and the self-check at `/metrics`, read from the database when somebody looks.

use super::METRICS;
use super::state::Api;
use crate::office::clock_check::ClockCheck;
use crate::office::mails::MailFigures;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use prometheus::core::Collector;
use prometheus::{Gauge, IntGauge, IntGaugeVec, Opts, Registry};
use std::time::Duration;

/// `/metrics` is public: whoever asks often gets the figures of the second before.
const FRESH: Duration = Duration::from_secs(1);
/// A database that hangs must not hold up who watches it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The gauges; none names a person or a case.
#[derive(Debug)]
pub(super) struct Gauges {
    state: IntGaugeVec,
    oldest: Gauge,
    suspect: IntGauge,
    relay_down: IntGauge,
    reminder_lag: Gauge,
    clock_differences: IntGauge,
    missed: IntGauge,
    personal_data_alarms: IntGauge,
    is_read: IntGauge,
    read_at: tokio::sync::Mutex<Option<tokio::time::Instant>>,
}

impl Gauges {
    /// The gauges, in the registry.
    ///
    /// # Errors
    /// When a name is taken or none.
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let opts = |name: &str, help: &str| Opts::new(name, help).namespace("gongkai");
        let gauges = Self {
            state: IntGaugeVec::new(opts("outbox_state", "Mails by state"), &["state"])?,
            oldest: Gauge::with_opts(opts("outbox_oldest_seconds", "Age of the oldest mail that waits to be sent"))?,
            suspect: IntGauge::with_opts(opts("outbox_suspect", "Unsent mails the receiver may already have"))?,
            relay_down: IntGauge::with_opts(opts("mail_relay_down", "1 while the mail server cannot be used"))?,
            reminder_lag: Gauge::with_opts(opts("reminder_lag_seconds", "How late the reminder pass is"))?,
            clock_differences: IntGauge::with_opts(opts(
                "clock_differences",
                "Dates that were not what their log gives at the last self-check; -1 before the first",
            ))?,
            missed: IntGauge::with_opts(opts(
                "reminders_missed_total",
                "Reminder days that went by without a mail and were made good by a later one",
            ))?,
            personal_data_alarms: IntGauge::with_opts(opts(
                "personal_data_alarms_total",
                "Times that a person reached half of a limit on personal data, or the limit",
            ))?,
            is_read: IntGauge::with_opts(opts("figures_fresh", "0 when the database could not be asked"))?,
            read_at: tokio::sync::Mutex::new(None),
        };
        let all: [Box<dyn Collector>; 9] = [
            Box::new(gauges.state.clone()),
            Box::new(gauges.oldest.clone()),
            Box::new(gauges.suspect.clone()),
            Box::new(gauges.relay_down.clone()),
            Box::new(gauges.reminder_lag.clone()),
            Box::new(gauges.clock_differences.clone()),
            Box::new(gauges.missed.clone()),
            Box::new(gauges.personal_data_alarms.clone()),
            Box::new(gauges.is_read.clone()),
        ];
        for one in all {
            registry.register(one)?;
        }
        Ok(gauges)
    }

    fn set(&self, figures: &MailFigures, check: Option<&ClockCheck>) {
        let counts = &figures.outbox.counts;
        let states = [
            ("queued", counts.queued),
            ("sending", counts.sending),
            ("sent", counts.sent),
            ("parked", counts.parked),
            ("cancelled", counts.cancelled),
        ];
        for (state, count) in states {
            self.state.with_label_values(&[state]).set(count);
        }
        self.oldest.set(figures.outbox.oldest.as_secs_f64());
        self.suspect.set(figures.outbox.suspect);
        self.relay_down.set(i64::from(figures.circuit.is_some()));
        self.reminder_lag.set(figures.reminder_lag.as_secs_f64());
        self.clock_differences.set(check.map_or(-1, |check| i64::try_from(check.differences).unwrap_or(i64::MAX)));
        self.missed.set(figures.missed);
        self.personal_data_alarms.set(figures.personal_data_alarms);
    }
}

/// Asks the database before the metrics are written out.
pub(super) async fn refresh<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path() == METRICS
        && let Some(api) = request.app_data::<web::Data<Api>>().cloned()
        && let Some(gauges) = request.app_data::<web::Data<Gauges>>().cloned()
    {
        let mut read_at = gauges.read_at.lock().await;
        if read_at.is_none_or(|at| at.elapsed() >= FRESH) {
            let figures = api.run(|office| {
                let check = office.store().read(|db| office.last_clock_check(db))?;
                Ok((office.mail_figures()?, check))
            });
            let read = tokio::time::timeout(PATIENCE, figures).await;
            if let Ok(Ok((figures, check))) = &read {
                gauges.set(figures, check.as_ref());
            }
            gauges.is_read.set(i64::from(matches!(read, Ok(Ok(_)))));
            *read_at = Some(tokio::time::Instant::now());
        }
    }
    next.call(request).await
}
