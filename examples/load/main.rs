//! The load generator behind `make bench`: it starts a homeroom-server, loads it as classrooms, and many of them,
//! would, and prints what that cost. docs/performance.md says what each figure means.

mod args;
mod arrivals;
mod bare;
mod class;
mod client;
mod crowd;
mod logins;
mod page;
mod progress;
mod report;
mod room;
mod server;
mod split;
mod stages;
mod web;

use args::{Args, Plan, Stage};
use clap::Parser;
use progress::Progress;
use report::Report;
use stages::Bench;
use std::path::PathBuf;
use std::process::ExitCode;

/// Whatever goes wrong ends the run and is told: there is nothing to handle.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let args = Args::parse();
    let progress = Progress::new();
    let result = run(&args, &progress);
    progress.clear();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("load: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args, progress: &Progress) -> Result<()> {
    let program = match &args.server {
        Some(path) => path.clone(),
        None => beside_us()?,
    };
    client::prepare()?;
    let (plan, note) = Plan::new(args);
    let mut report = Report::default();
    note.into_iter().for_each(|note| report.note(note));
    if args.quick {
        report.note("This was the short form: it shows that everything works, and measures little.");
    }
    let bench = Bench { args, plan: &plan, program: &program, progress };
    // What was measured before something went wrong is worth having.
    let result = measure(&bench, &mut report);
    progress.clear();
    print!("{}", report.text());
    if let Some(path) = &args.json {
        std::fs::write(path, report.json())?;
    }
    result
}

fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let &Bench { args, plan, program, progress } = bench;
    for stage in &args.stages {
        match stage {
            Stage::Rooms => bench.rooms(report)?,
            Stage::Growth => bench.growth(report)?,
            Stage::Guessing if !cfg!(target_os = "linux") => {
                report.note("Failed logins are compared on Linux alone, where all of 127.0.0.0/8 is this machine.");
            }
            Stage::Guessing => report.add(logins::guessing(program, plan.failures, args.hash_rounds, progress)?),
            Stage::Hashing if !cfg!(target_os = "linux") => {}
            Stage::Hashing => bench.hashing(report)?,
            Stage::Class => class::arrivals(program, progress)?.into_iter().for_each(|row| report.add(row)),
            Stage::Web => bench.web(report)?,
            Stage::Split => bench.split(report)?,
        }
    }
    Ok(())
}

/// The server of the same build: this program lies in `examples/`, the server beside that folder.
fn beside_us() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).ok_or("this program lies nowhere")?;
    let server = folder.join(format!("homeroom-server{}", std::env::consts::EXE_SUFFIX));
    if !server.is_file() {
        return Err(
            format!("there is no {}: `make build` makes it, or name one with --server", server.display()).into()
        );
    }
    Ok(server)
}
