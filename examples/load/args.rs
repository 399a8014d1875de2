//! The load's command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Measures homeroom-server under load on this machine.
///
/// Starts the server on a free port of 127.0.0.1 with a temporary folder, loads it, and prints a Markdown table.
/// Compare results of one machine only, and only while nothing else runs on it.
#[derive(Debug, Parser)]
#[command(name = "load", max_term_width = 100)]
pub(crate) struct Args {
    /// The server to measure [default: the homeroom-server of the same build]
    #[arg(long, value_name = "PATH")]
    pub(crate) server: Option<PathBuf>,
    /// Only these stages
    #[arg(long, value_name = "STAGE,...", value_delimiter = ',', value_enum,
          default_values_t = [Stage::Rooms, Stage::Growth, Stage::Guessing, Stage::Hashing])]
    pub(crate) stages: Vec<Stage>,
    /// A short form with 100 clients, which shows that everything works and measures little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Clients of the rooms and of the logins at once
    #[arg(long, value_name = "N")]
    pub(crate) clients: Option<usize>,
    /// Clients that the growth ends with
    #[arg(long, value_name = "N")]
    pub(crate) clients_max: Option<usize>,
    /// Senders of the busy room; the busier one has four times as many
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) senders: usize,
    /// How many of a hundred clients come through the page's WebSocket
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) web: u8,
    /// Messages in flight in the busy room; in the busier one eight times as many
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) in_flight: u64,
    /// Messages a second in the quiet room
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) rate: f64,
    /// Deliveries in the busy room; in the busier one 2.5 times as many, in each of the growth's rooms 5 times
    #[arg(long, value_name = "N")]
    pub(crate) deliveries: Option<u64>,
    /// Seconds of the quiet room and of the idle server
    #[arg(long, value_name = "N")]
    pub(crate) seconds: Option<u64>,
    /// Logins under way at a time
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(crate) at_a_time: usize,
    /// Threads that read for the clients [default: half of the cores]
    #[arg(long, value_name = "N")]
    pub(crate) readers: Option<usize>,
    /// Also: the clients come back with their tokens after the server was restarted
    #[arg(long)]
    pub(crate) restart: bool,
    /// When the server's journal is synced: always, second or never [default: the server's own]
    #[arg(long, value_name = "WHEN", value_parser = ["always", "second", "never"])]
    pub(crate) sync: Option<String>,
    /// Everything is kept in a new folder in this one too, which lies on another disk than the temporary folder (TMPDIR)
    #[arg(long, value_name = "DIR")]
    pub(crate) mirror: Option<PathBuf>,
    /// Rounds of the hashes whose checking times are compared
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) hash_rounds: u32,
    /// Failed logins of each kind whose times are compared
    #[arg(long, value_name = "N")]
    pub(crate) failures: Option<usize>,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// What can be measured on its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Stage {
    /// Logins at once, idle memory, a quiet room, busy rooms, clients that come back
    Rooms,
    /// Idle memory and CPU, and the busy room, with 100 to 5,000 clients
    Growth,
    /// How long failed logins take: unknown name, wrong password, hash of the old form
    Guessing,
    /// What 50 bad logins at once cost those who chat
    Hashing,
    /// How fast 30 and 100 arrive at once, with one-time passwords and with their own
    Class,
    /// What a client of the page costs: none, half and all of them come through its WebSocket
    Web,
    /// What a delivery costs in thirty rooms of thirty people, beside one room of all of them
    Split,
}

/// The sizes that follow from the command line.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) clients: usize,
    /// The steps of the growth.
    pub(crate) steps: Vec<usize>,
    pub(crate) deliveries: u64,
    pub(crate) busier_deliveries: u64,
    /// So many that with 5,000 clients too the first rounds, which bring little and find nothing in the caches, are few
    /// among all.
    pub(crate) growth_deliveries: u64,
    pub(crate) seconds: u64,
    pub(crate) failures: usize,
    pub(crate) readers: usize,
}

/// What is open beside the clients: standard streams, the listener, files.
const OTHER_FILES: usize = 50;

impl Plan {
    /// Fits the sizes to how many files a process may have open; says so in a note where that changes them.
    pub(crate) fn new(args: &Args) -> (Self, Option<String>) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (clients, max) = if args.quick { (100, 200) } else { (1000, 5000) };
        let (wanted, max) = (args.clients.unwrap_or(clients), args.clients_max.unwrap_or(max));
        let limit = open_files_max().map_or(usize::MAX, |files| files.saturating_sub(OTHER_FILES));
        let note = (wanted.max(max) > limit)
            .then(|| format!("No more than {limit} clients: see `ulimit -n`, which limits how many files are open."));
        let mut steps: Vec<usize> = [20, 100, 300, 1000, 3000].into_iter().filter(|&n| n < max.min(limit)).collect();
        steps.push(max.min(limit));
        if !args.quick {
            steps.retain(|&n| n >= 100.min(max));
        }
        let deliveries = args.deliveries.unwrap_or(if args.quick { 20_000 } else { 400_000 });
        let plan = Self {
            clients: wanted.clamp(2, limit),
            steps,
            deliveries,
            busier_deliveries: deliveries * 5 / 2,
            growth_deliveries: deliveries * 5,
            seconds: args.seconds.unwrap_or(if args.quick { 2 } else { 10 }),
            failures: args.failures.unwrap_or(if args.quick { 20 } else { 200 }),
            readers: args.readers.unwrap_or(cores / 2).max(1),
        };
        (plan, note)
    }
}

/// The soft limit of open files, where the system tells it without asking it by a system call.
fn open_files_max() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
