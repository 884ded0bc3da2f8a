//! `gongkai openapi`: prints the OpenAPI document of the service.

use super::common::finish;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: Args) -> ExitCode {
    finish(crate::api::openapi::document().to_pretty_json().map_err(|error| error.to_string()).map(|text| {
        // A reader that has seen enough (`| head`) closes the pipe: no reason to complain.
        let _ = writeln!(std::io::stdout(), "{text}");
    }))
}
