//! `gongkai openapi`: prints the OpenAPI document of the service.

use super::common::finish;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: Args) -> ExitCode {
    let text = crate::api::openapi::document().to_pretty_json().map_err(|error| error.to_string());
    finish(text.and_then(|text| super::out::bytes(format!("{text}\n").as_bytes())))
}
