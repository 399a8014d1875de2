//! `homeroom-server`: see [`homeroom::server`].

use clap::Parser;
use homeroom::server::{self, args::Args};
use std::process::ExitCode;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    match server::run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("homeroom-server: {e}");
            ExitCode::FAILURE
        }
    }
}
