//! The client as a person has it: `make pictures` takes pictures of its terminal, `make bench-client` measures how soon
//! it's there, how much memory it holds, and how many lines it shows. Both run the real programs.

#![allow(clippy::unwrap_used, reason = "whatever goes wrong ends the run, and is told")]

#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod pictures;
#[cfg(target_os = "linux")]
mod room;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/harness/screen.rs"]
mod screen;
#[cfg(target_os = "linux")]
mod svg;
#[cfg(target_os = "linux")]
mod talker;

use std::path::PathBuf;

/// Takes pictures of the client's terminal, or measures it.
#[derive(Debug, clap::Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Writes terminal.svg, terminal-light.svg, terminal-narrow.svg and terminal-start.svg; port 7667 must be free
    Pictures {
        /// Where
        folder: PathBuf,
        /// Takes a picture of this client instead, as the file given with --as
        #[arg(long, requires = "name")]
        client: Option<PathBuf>,
        /// The picture's name, without .svg
        #[arg(long = "as")]
        name: Option<String>,
    },
    /// Prints how soon it's there, its memory, and how many lines it shows
    Measure,
}

#[cfg(target_os = "linux")]
fn main() {
    match <Args as clap::Parser>::parse().what {
        What::Pictures { folder, client, name } => pictures::take(&folder, client.as_deref(), name.as_deref()),
        What::Measure => measure::all(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    let args = <Args as clap::Parser>::parse();
    eprintln!("on Linux alone there is: {:?}", args.what);
    std::process::exit(2);
}
