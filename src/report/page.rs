//! Printable pages: one template each, everything inside it, no script.

use super::ReportError;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

const OVERVIEW: &str = include_str!("../../config/templates/report/overview.html");

/// The overview as a page with charts; `overview` has the members of its JSON.
///
/// # Errors
/// [`ReportError::Template`] when a member is missing.
pub fn overview_page(overview: &impl Serialize) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("overview.html", OVERVIEW)?;
    Ok(environment.get_template("overview.html")?.render(Serde(overview))?)
}
