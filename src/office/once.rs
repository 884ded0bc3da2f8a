//! Creating requests that may be retried without creating twice.

/// What a creating request was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// ETag of what was made.
    pub etag: Option<String>,
    /// Its address.
    pub location: Option<String>,
    /// JSON.
    pub body: String,
}
