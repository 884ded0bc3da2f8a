//! Gauges of mail, reminders and the self-check, refreshed from the database when `/metrics` is scraped, at most once a
//! second.

use super::flight::{Flight, Seen};
use crate::api::METRICS;
use crate::api::http::problem::Problem;
use crate::api::state::Api;
use crate::office::calendar::self_check::ClockCheck;
use crate::office::evidence::nightly::LastVerification;
use crate::office::mail::{GrownFigures, MailFigures};
use crate::store::PoolState;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use prometheus::core::Collector;
use prometheus::{Gauge, IntGauge, IntGaugeVec, Opts, Registry};
use std::sync::Arc;
use std::time::Duration;

/// `/metrics` is public, so the figures are cached for a second.
const FRESH: Duration = Duration::from_secs(1);
/// How long a scrape waits: a database that hangs must not block monitoring.
const PATIENCE: Duration = Duration::from_secs(2);

type Readings = Result<(MailFigures, GrownFigures, (Option<ClockCheck>, Option<LastVerification>)), Problem>;

/// The gauges. No label names a person or a case.
#[derive(Debug)]
pub(in crate::api) struct Gauges {
    state: IntGaugeVec,
    oldest: Gauge,
    suspect: IntGauge,
    relay_down: IntGauge,
    mail_paused: IntGauge,
    reminder_lag: Gauge,
    clock_differences: IntGauge,
    audit_findings: IntGauge,
    missed: IntGauge,
    personal_data_alarms: IntGauge,
    is_read: IntGauge,
    age: Gauge,
    pool: IntGaugeVec,
    figures: Arc<Flight<Readings>>,
}

impl Gauges {
    /// Creates the gauges and adds them to the registry.
    ///
    /// # Errors
    /// [`prometheus::Error`] if a metric name is invalid or already registered.
    pub(in crate::api) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let opts = |name: &str, help: &str| Opts::new(name, help).namespace("gongkai");
        let gauges = Self {
            state: IntGaugeVec::new(opts("outbox_state", "Mails by state"), &["state"])?,
            oldest: Gauge::with_opts(opts("outbox_oldest_seconds", "Age of the oldest mail that waits to be sent"))?,
            suspect: IntGauge::with_opts(opts("outbox_suspect", "Unsent mails the receiver may already have"))?,
            relay_down: IntGauge::with_opts(opts("mail_relay_down", "1 while the mail server cannot be used"))?,
            mail_paused: IntGauge::with_opts(opts(
                "mail_paused",
                "1 while all mail is paused after a restore or copy",
            ))?,
            reminder_lag: Gauge::with_opts(opts("reminder_lag_seconds", "How late the reminder pass is"))?,
            clock_differences: IntGauge::with_opts(opts(
                "clock_differences",
                "Dates that were not what their log gives at the last self-check; -1 before the first",
            ))?,
            audit_findings: IntGauge::with_opts(opts(
                "audit_findings",
                "Findings of the last nightly check of the whole database; -1 before the first",
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
            age: Gauge::with_opts(opts("figures_age_seconds", "Age of the figures that the database gave last"))?,
            pool: IntGaugeVec::new(
                opts("database_pool", "Connections: open, idle, stuck; and switches so far"),
                &["what"],
            )?,
            figures: Flight::new(FRESH, PATIENCE),
        };
        let all: [Box<dyn Collector>; 13] = [
            Box::new(gauges.state.clone()),
            Box::new(gauges.oldest.clone()),
            Box::new(gauges.suspect.clone()),
            Box::new(gauges.relay_down.clone()),
            Box::new(gauges.mail_paused.clone()),
            Box::new(gauges.reminder_lag.clone()),
            Box::new(gauges.clock_differences.clone()),
            Box::new(gauges.audit_findings.clone()),
            Box::new(gauges.missed.clone()),
            Box::new(gauges.personal_data_alarms.clone()),
            Box::new(gauges.is_read.clone()),
            Box::new(gauges.age.clone()),
            Box::new(gauges.pool.clone()),
        ];
        for one in all {
            registry.register(one)?;
        }
        Ok(gauges)
    }

    fn set(&self, figures: &MailFigures, check: Option<&ClockCheck>, verified: Option<&LastVerification>) {
        let outbox = &figures.outbox;
        self.set_states([("queued", outbox.queued), ("sending", outbox.sending), ("parked", outbox.parked)]);
        self.oldest.set(outbox.oldest.as_secs_f64());
        self.suspect.set(outbox.suspect);
        self.relay_down.set(i64::from(figures.circuit.is_some()));
        self.mail_paused.set(i64::from(figures.paused.is_some()));
        self.reminder_lag.set(figures.reminder_lag.as_secs_f64());
        let count = |found: Option<u64>| found.map_or(-1, |found| i64::try_from(found).unwrap_or(i64::MAX));
        self.clock_differences.set(count(check.map(|check| check.differences)));
        self.audit_findings.set(count(verified.map(|verified| verified.findings)));
    }

    fn set_grown(&self, grown: &GrownFigures) {
        self.set_states([("sent", grown.sent), ("cancelled", grown.cancelled)]);
        self.missed.set(grown.missed);
        self.personal_data_alarms.set(grown.personal_data_alarms);
    }

    fn set_states<const N: usize>(&self, states: [(&str, i64); N]) {
        for (state, count) in states {
            self.state.with_label_values(&[state]).set(count);
        }
    }

    fn set_pool(&self, pool: PoolState) {
        let PoolState { connections, idle, switches, stuck } = pool;
        for (what, count) in [("open", connections), ("idle", idle), ("switches", switches), ("stuck", stuck)] {
            self.pool.with_label_values(&[what]).set(i64::from(count));
        }
    }

    /// Updates the gauges from the database or the cached answers. While the database does not answer, keeps the last
    /// figures.
    async fn refresh(&self, api: &Api) {
        let for_figures = api.clone();
        let figures = self.figures.ask(|| async move {
            let figures = for_figures.run(|office| {
                let checks = (office.calendars().latest_clock_check()?, office.evidence().last_verification()?);
                Ok((office.mail().mail_figures()?, office.mail().grown_figures()?, checks))
            });
            figures.await
        });
        let figures = figures.await;
        if let Some((figures, grown, (clocks, verified))) = found(&figures) {
            self.set(figures, clocks.as_ref(), verified.as_ref());
            self.set_grown(grown);
        }
        self.is_read.set(i64::from(figures.silent.is_none() && found(&figures).is_some()));
        self.age.set(figures.last.as_ref().map_or(0.0, |(_, age)| age.as_secs_f64()));
        self.set_pool(api.office().store().pool_state());
    }
}

fn found<T>(seen: &Seen<Result<T, Problem>>) -> Option<&T> {
    seen.last.as_ref().and_then(|(answer, _)| answer.as_ref().as_ref().ok())
}

/// Middleware that updates the gauges before the metrics are written.
pub(in crate::api) async fn refresh<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path() == METRICS
        && let Some(api) = request.app_data::<web::Data<Api>>().cloned()
        && let Some(gauges) = request.app_data::<web::Data<Gauges>>().cloned()
    {
        gauges.refresh(&api).await;
    }
    next.call(request).await
}
