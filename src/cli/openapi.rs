//! `gongkai openapi`: prints the OpenAPI document of the service.

use super::common::finish;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: Args) -> ExitCode {
    finish(crate::api::openapi::document().to_pretty_json().map(|text| println!("{text}")).map_err(|e| e.to_string()))
}
