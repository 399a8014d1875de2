//! The server's command line.

use super::passwords::{ROUNDS_DEFAULT, ROUNDS_MAX, ROUNDS_MIN};
use super::rate::MessageRate;
use super::strangers::{STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A chat server for classrooms and Raspberry Pis.
///
/// Without a command it runs the server. The first start makes a certificate and an account `admin`, and prints
/// the line that everyone types to join.
#[derive(Debug, Parser)]
#[command(name = "homeroom-server", version, max_term_width = 100)]
pub struct Args {
    /// Where to listen, as ADDR:PORT; may be given several times [default: all interfaces, port 7667]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Vec<SocketAddr>,
    /// The folder of identity.p12, users.json and all else
    #[arg(long, value_name = "DIR", default_value = ".", global = true)]
    pub data_dir: PathBuf,
    /// PBKDF2 rounds of new password hashes; fewer than the default only for tests and load runs
    #[arg(long, value_name = "N", default_value_t = ROUNDS_DEFAULT, global = true,
          value_parser = clap::value_parser!(u32).range(i64::from(ROUNDS_MIN)..=i64::from(ROUNDS_MAX)))]
    pub hash_rounds: u32,
    /// Messages a second that one account may send after a burst of 20, or `off`
    #[arg(long, value_name = "N|off", default_value = "5")]
    pub message_rate: MessageRate,
    /// Seconds that a connection has to log in
    #[arg(long, value_name = "SECONDS", default_value_t = super::lobby::LOGIN_GRACE.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub login_grace: u64,
    /// Connections that may be logging in at a time
    #[arg(long, value_name = "N", default_value_t = STRANGERS_MAX, value_parser = at_least_one)]
    pub max_strangers: usize,
    /// And from one address
    #[arg(long, value_name = "N", default_value_t = STRANGERS_PER_ADDRESS_MAX, value_parser = at_least_one)]
    pub max_strangers_per_address: usize,
    /// Seconds without a word after which a client is asked whether it's there
    #[arg(long, value_name = "SECONDS", default_value_t = super::reader::PING_AFTER.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub ping_after: u64,
    /// Seconds that it then has to answer
    #[arg(long, value_name = "SECONDS", default_value_t = super::reader::PONG_WITHIN.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub pong_within: u64,
    /// Seconds that a client may take to read what it was sent, at most 128 KiB, before it's dropped
    #[arg(long, value_name = "SECONDS", default_value_t = super::session::SLOW_DEADLINE.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub slow_deadline: u64,
    /// What to do instead of running the server
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program does beside running the server.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Looks after the accounts of a folder while no server runs on it
    #[command(subcommand)]
    User(UserCommand),
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Makes an account, and prints a one-time password if it's given none
    Add {
        /// The account's name
        name: String,
        /// The account is an administrator's
        #[arg(long)]
        admin: bool,
        /// The password is the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Makes the accounts of a file with lines `NAME,PASSWORD[,ROLE]`; an empty PASSWORD makes a one-time one and
    /// prints it
    Import {
        /// The file
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
    },
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| format!("`{text}` is not a number from 1"))
}
