//! `homeroom-client`: see [`homeroom::client`].

use clap::Parser;
use homeroom::client::{self, args::Args};
use std::process::ExitCode;

fn main() -> ExitCode {
    match client::run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("homeroom-client: {e}");
            ExitCode::from(e.exit_status())
        }
    }
}
