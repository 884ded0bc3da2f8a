//! `gongkai user`.

use std::process::ExitCode;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: Args) -> ExitCode {
    ExitCode::from(super::WRONG_USAGE)
}
