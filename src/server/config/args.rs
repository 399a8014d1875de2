//! The server's command line. What stands here is also what the environment and homeroom.toml may say: see
//! [`config`](crate::server::config).

use super::budget::PLACES_ENDLESS;
use super::defaults::{
    KEEP_DAYS, KEEP_MIB, LOGIN_GRACE, ONE_TIME_DAYS, PING_AFTER, PONG_WITHIN, ROUNDS_DEFAULT, ROUNDS_MAX, ROUNDS_MIN,
    SLOW_DEADLINE, STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX,
};
use super::printing::{AttendanceArgs, ExportArgs};
use super::{listen, motd};
use crate::options::path;
use crate::protocol::Role;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use log::LevelFilter;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

/// A chat server for classrooms and Raspberry Pis.
///
/// Without a command it runs the server. The first start makes a certificate and an account `admin`, and prints
/// the line that everyone types to join.
#[derive(Debug, Parser)]
#[command(name = "homeroom-server", version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(mut_args(crate::server::config::environment::take_from_environment))]
pub struct Args {
    /// Where to listen, as ADDR:PORT; may be given several times. `[::]` takes IPv4 too, unless that is given by itself at
    /// the same port [default: all interfaces, port 7667]
    #[arg(long, value_name = "ADDR:PORT", value_delimiter = ',', value_parser = to_address)]
    pub listen: Vec<SocketAddr>,
    /// The folder of identity.p12, users.json and all else
    #[arg(long, value_name = "DIR", default_value = ".", global = true, value_parser = path())]
    pub data_dir: PathBuf,
    /// PBKDF2 rounds of new password hashes; fewer than the default only for tests and load runs
    #[arg(long, value_name = "N", default_value_t = ROUNDS_DEFAULT, global = true,
          value_parser = |text: &str| within(text, ROUNDS_MIN..=ROUNDS_MAX))]
    pub hash_rounds: u32,
    /// Where Prometheus may fetch metrics, as ADDR:PORT, such as 127.0.0.1:9667; nowhere unless said
    #[arg(long, value_name = "ADDR:PORT", value_parser = to_address)]
    pub metrics: Option<SocketAddr>,
    /// The address of --metrics may be another than this machine's own: whoever reaches it can read them
    #[arg(long)]
    pub metrics_public: bool,
    /// Don't tell the local network that the server is there (mDNS)
    #[arg(long)]
    pub no_announce: bool,
    /// No page for browsers: the port speaks the chat's own protocol alone
    #[arg(long)]
    pub no_web: bool,
    /// No QR code of the page's address at a start; a terminal that is too small shows none anyway
    #[arg(long)]
    pub no_qr: bool,
    /// Keep what is said in memory alone, the newest 32 MiB until the server ends
    #[arg(long)]
    pub no_journal: bool,
    /// When the journal is synced to the disk: `always` before an event is acknowledged, or within a `second`, or
    /// `never` but when the system likes. A crash of the server alone loses nothing with any of them
    #[arg(long, value_name = "WHEN", default_value = "second", hide_possible_values = true)]
    pub sync: Sync,
    /// Days that the journal keeps what was said
    #[arg(long, value_name = "DAYS", default_value_t = KEEP_DAYS, value_parser = |text: &str| within(text, 1..=36_500_u32))]
    pub keep_days: u32,
    /// And at most so many MiB of it
    #[arg(long, value_name = "MIB", default_value_t = KEEP_MIB,
          value_parser = |text: &str| within(text, 32..=1_000_000_u64))]
    pub keep_mb: u64,
    /// A folder on another disk in which everything is kept too, at most a second behind; with `--sync always`, before an
    /// event is acknowledged. Should this disk die, a start with --data-dir DIR goes on from there
    #[arg(long, value_name = "DIR", value_parser = path())]
    pub mirror: Option<PathBuf>,
    /// What a reload takes anew
    #[command(flatten)]
    pub live: LiveArgs,
    /// What to do instead of running the server
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Args {
    /// Whether the options go together.
    ///
    /// # Errors
    /// What doesn't, and what to do about it.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.command {
            Some(Command::Export(wanted)) => wanted.check()?,
            Some(Command::Attendance(wanted)) => wanted.check()?,
            _ => {}
        }
        listen::check(&self.listen, self.metrics)?;
        match self.metrics {
            Some(address) if !address.ip().is_loopback() && !self.metrics_public => Err(format!(
                "metrics on {address} could be read by others: say 127.0.0.1:{} or, if that is meant, --metrics-public",
                address.port()
            )),
            _ => Ok(()),
        }
    }
}

/// The options that a reload takes anew; those above hold until the server ends.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = LIVE)]
pub struct LiveArgs {
    /// Messages a second that one account may send after a burst of 20, or `off`, which also lets it log in as often as
    /// it likes
    #[arg(long, value_name = "N|off", default_value = "5")]
    pub message_rate: MessageRate,
    /// Days after which a one-time password that nobody has changed is worthless
    #[arg(long, value_name = "DAYS", default_value_t = ONE_TIME_DAYS,
          value_parser = |text: &str| within(text, 1..=3_650_u64))]
    pub one_time_days: u64,
    /// Seconds that a connection has to log in
    #[arg(long, value_name = "SECONDS", default_value_t = LOGIN_GRACE.as_secs(),
          value_parser = |text: &str| within(text, 1..=600_u64))]
    pub login_grace: u64,
    /// Connections that may be logging in at a time
    #[arg(long, value_name = "N", default_value_t = STRANGERS_MAX,
          value_parser = |text: &str| within(text, 1..=1_000_000_usize))]
    pub max_strangers: usize,
    /// And from one address
    #[arg(long, value_name = "N", default_value_t = STRANGERS_PER_ADDRESS_MAX,
          value_parser = |text: &str| within(text, 1..=1_000_000_usize))]
    pub max_strangers_per_address: usize,
    /// Clients that may be logged in at a time, staff aside [default: as many as the machine has room for]
    #[arg(long, value_name = "N", value_parser = |text: &str| within(text, 1..=PLACES_ENDLESS))]
    pub max_sessions: Option<usize>,
    /// Seconds without a word after which a client is asked whether it's there
    #[arg(long, value_name = "SECONDS", default_value_t = PING_AFTER.as_secs(),
          value_parser = |text: &str| within(text, 1..=86_400_u64))]
    pub ping_after: u64,
    /// Seconds that it then has to answer
    #[arg(long, value_name = "SECONDS", default_value_t = PONG_WITHIN.as_secs(),
          value_parser = |text: &str| within(text, 1..=86_400_u64))]
    pub pong_within: u64,
    /// Seconds that a client may take to read 128 KiB of what it was sent, once the system holds no more for it, before it's dropped
    #[arg(long, value_name = "SECONDS", default_value_t = SLOW_DEADLINE.as_secs(),
          value_parser = |text: &str| within(text, 1..=86_400_u64))]
    pub slow_deadline: u64,
    /// Administrators may log in from the page too: whoever clicks a browser's warning away may be on another's server
    #[arg(long)]
    pub web_admins: bool,
    /// Who may make rooms
    #[arg(long, value_name = "WHO", default_value = "staff")]
    pub rooms_by: RoomsBy,
    /// What everyone is told at login, instead of what stands in motd.txt in the data folder
    #[arg(long, value_name = "TEXT", value_parser = motd::judge)]
    pub motd: Option<String>,
    /// How much is logged [default: what RUST_LOG says, else info]
    #[arg(long, value_name = "LEVEL", value_parser = PossibleValuesParser::new(LEVELS).map(to_level))]
    pub log_level: Option<LevelFilter>,
}

/// Who may make rooms.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RoomsBy {
    /// Teachers and administrators.
    Staff,
    /// Everyone who may speak.
    Everyone,
}

/// When what was written is synced to the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Sync {
    /// Before it is acknowledged: a power failure loses nothing that was.
    Always,
    /// Within a second: a power failure loses that second, a crash of the server nothing.
    Second,
    /// When the system likes.
    Never,
}

/// Messages a second that one account may send after a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MessageRate {
    /// So many.
    PerSecond(f64),
    /// As many as it likes: for load runs.
    Off,
}

impl FromStr for MessageRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            _ if text == "off" => Ok(Self::Off),
            Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(Self::PerSecond(rate)),
            _ => Err(format!("`{text}` is neither a number of messages a second nor `off`")),
        }
    }
}

/// The heading of what a reload takes anew. An option is one of these by standing under it.
pub(super) const LIVE: &str = "Options that a reload (SIGHUP, /reload) takes anew";

const AFTER_HELP: &str = "\
Each option but --data-dir can also stand in homeroom.toml in the data folder (message-rate = 5), and each in \
the environment (HOMEROOM_MESSAGE_RATE=5). The command line goes before the environment, that before the file.
Exit status: 0 done, 1 a failure while running, 2 bad usage or configuration.";

/// What the program does beside running the server.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Looks after the accounts of a folder while no server runs on it
    #[command(subcommand)]
    User(UserCommand),
    /// Looks at the server's certificate, or replaces it, also while a server runs
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Prints what was said, from the journal, also while a server runs
    ///
    /// Whispers are among it, what was said in other rooms, and who asked which question, since whoever may read the
    /// data folder may read that: --room leaves it out.
    Export(ExportArgs),
    /// Prints who was there, for how long, and who was absent, from the journal, also while a server runs
    Attendance(AttendanceArgs),
    /// Gives out, or erases, all that is kept about one person
    #[command(subcommand)]
    Person(PersonCommand),
    /// Copies all that the server keeps into one file (tar), also while a server runs
    ///
    /// The accounts, the key, the logins that clients remember, and what was said. Whoever has the file can pass for the
    /// server: keep it as you keep a key.
    Backup {
        /// The file, which must not be there yet; `-` is standard output, as for `| ssh HOST 'cat > homeroom.tar'`
        #[arg(value_name = "FILE", value_parser = path())]
        file: PathBuf,
    },
    /// Puts a backup into an empty data folder, after a look at all of it
    Restore {
        /// The file that `backup` made; `-` is standard input
        #[arg(value_name = "FILE", value_parser = path())]
        file: PathBuf,
    },
    /// Checks users.json, the journal and the other files for damage, also while a server runs; changes nothing
    Check,
    /// Checks ports, addresses, certificate, clock, file modes, room and limits; changes nothing
    Doctor,
    /// Shows or checks what the command line, the environment and homeroom.toml say
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// What can be done with `identity.p12`.
#[derive(Debug, Subcommand)]
pub enum IdentityCommand {
    /// Prints what clients are shown: fingerprints, names, and how long it holds
    Show,
    /// Makes a new key and a certificate without an end; what was there is kept as identity.p12.old
    New {
        /// A new certificate for the key that is there: clients that know the key go on without a question
        #[arg(long)]
        keep_key: bool,
    },
    /// Takes a certificate of an authority, as from certbot; what was there is kept as identity.p12.old
    Import {
        /// The certificate and its chain, in PEM: certbot's fullchain.pem
        #[arg(long, value_name = "FILE.pem", value_parser = path())]
        cert: PathBuf,
        /// Its key, in PEM: certbot's privkey.pem
        #[arg(long, value_name = "FILE.pem", value_parser = path())]
        key: PathBuf,
    },
}

/// What can be asked about the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Names each mistake with its file and line, also of motd.txt; the exit status is 2 where there is one
    Check,
    /// Prints every option, what it is, and who says so, in the form of homeroom.toml
    Show,
}

/// What can be done with one person's data.
#[derive(Clone, Debug, Subcommand)]
pub enum PersonCommand {
    /// Writes all that is kept about a person to a folder, also while a server runs; nothing of what others whispered to others
    Export {
        /// The account's name
        #[arg(value_name = "NAME")]
        user: String,
        /// The folder, which must not be there yet [default: person-NAME]
        #[arg(long, value_name = "FOLDER", value_parser = path())]
        to: Option<PathBuf>,
    },
    /// Deletes an account and all that its owner said, for good, while no server runs, also where it was deleted before; where
    /// they are named they become deleted-N. While it runs, /erase NAME does that
    Erase {
        /// The account's name
        #[arg(value_name = "NAME")]
        user: String,
    },
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Makes an account, and prints a one-time password if it's given none
    Add {
        /// The account's name
        #[arg(value_name = "NAME")]
        user: String,
        /// The account is an administrator's: --role admin
        #[arg(long, conflicts_with = "role")]
        admin: bool,
        /// What the account may do: display, user, teacher or admin
        #[arg(long, value_name = "ROLE", default_value = "user", value_parser = to_role)]
        role: Role,
        /// What people call its owner, such as "Eve Noether"
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Its owner's class or group
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// The password is the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Takes a list of people: makes accounts for who is new, and prints their one-time passwords; changes names and
    /// groups of who is here; deletes nobody. It may be of Apple School Manager, Microsoft School Data Sync, Moodle, Google
    /// Admin, GitHub Classroom or WebUntis, or have lines `NAME,PASSWORD[,ROLE]`; an empty PASSWORD makes a one-time one
    Import(ImportArgs),
}

/// What is to be done with a list.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The list, as a spreadsheet saves it
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Says what would be done, and does nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Writes a page to print and cut, with a slip for each who has no password yet, in place of printing the passwords
    #[arg(long, value_name = "SLIPS.html")]
    pub slips: Option<PathBuf>,
    /// Its first line says what the columns hold, whatever its words are
    #[arg(long, conflicts_with = "no_header")]
    pub header: bool,
    /// Its first line asks for an account as all others do, whatever its words are
    #[arg(long)]
    pub no_header: bool,
}

/// As [`LevelFilter`] reads them.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn to_role(text: &str) -> Result<Role, String> {
    let roles = Role::ALL.map(Role::name).join(", ");
    Role::parse(text).ok_or_else(|| format!("a role is one of {roles}"))
}

fn to_level(text: String) -> LevelFilter {
    text.parse().unwrap_or(LevelFilter::Info)
}

/// An IPv4 address that is written as an IPv6 one becomes what it is.
fn to_address(text: &str) -> Result<SocketAddr, &'static str> {
    let address: SocketAddr = text.parse().map_err(|_| "an address and a port look like 0.0.0.0:7667 or [::]:7667")?;
    let ip = address.ip().to_canonical();
    Ok(if ip.is_ipv4() { SocketAddr::new(ip, address.port()) } else { address })
}

/// A number of this range.
fn within<T: FromStr + PartialOrd + Display>(text: &str, range: RangeInclusive<T>) -> Result<T, String> {
    let wrong = || format!("not a number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_in_the_form_of_ipv6_is_what_it_is() {
        for (text, address) in [
            ("[::ffff:192.0.2.5]:7", "192.0.2.5:7"),
            ("[::1]:7", "[::1]:7"),
            ("[fe80::1%2]:7", "[fe80::1%2]:7"),
            ("0.0.0.0:7", "0.0.0.0:7"),
        ] {
            assert_eq!(to_address(text).map(|address| address.to_string()), Ok(address.into()));
        }
    }

    #[test]
    fn rates_read() {
        assert_eq!("off".parse(), Ok(MessageRate::Off));
        assert_eq!("2.5".parse(), Ok(MessageRate::PerSecond(2.5)));
        for bad in ["", "0", "-1", "NaN", "inf", "fast"] {
            assert!(bad.parse::<MessageRate>().is_err(), "{bad}");
        }
    }
}
