//! The section `server`.

use super::Rule;
use super::list::list;
use serde::Deserialize;
use std::net::IpAddr;

/// Maximum number of worker threads: far more than cores, far fewer than a machine can run.
const MOST_WORKERS: usize = 256;

/// The HTTP service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub bind: String,
    /// Worker threads. 0 for one per core.
    pub workers: usize,
    /// Seconds a shutdown waits for running requests.
    pub shutdown_s: u64,
    /// Milliseconds after which a request is answered with 503.
    pub request_deadline_ms: u64,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// Largest request body of a file upload.
    pub upload_limit_bytes: usize,
    /// Default length of a list page.
    pub page_default: u32,
    /// Longest list page.
    pub page_max: u32,
    /// Proxies whose `X-Forwarded-For` is trusted.
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<IpAddr>,
}

impl Server {
    /// What must hold of the section, with what is said where it does not.
    pub(super) fn rules(&self) -> Vec<Rule> {
        vec![
            (self.workers <= MOST_WORKERS, "server.workers: 0-256"),
            (self.shutdown_s <= 300, "server.shutdown_s: 0-300"),
            ((100..=120_000).contains(&self.request_deadline_ms), "server.request_deadline_ms: 100-120000"),
            ((1024..=16 << 20).contains(&self.body_limit_bytes), "server.body_limit_bytes: 1024-16777216"),
            ((1024..=64 << 20).contains(&self.upload_limit_bytes), "server.upload_limit_bytes: 1024-67108864"),
            ((1..=1000).contains(&self.page_max), "server.page_max: 1-1000"),
            ((1..=self.page_max).contains(&self.page_default), "server.page_default: 1-page_max"),
        ]
    }
}
