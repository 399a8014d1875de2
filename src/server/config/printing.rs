//! The commands that print something of the journal: what they are to print, and how.

use crate::moments;
use crate::protocol::Profile;
use clap::ValueEnum;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// What is to be printed of the journal, and how.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ExportArgs {
    /// Only what happened then or later: 2026-11-25, "2026-11-25 14:30" (this machine's time zone), or
    /// 2026-11-25T14:30:00+01:00
    #[arg(long, value_name = "TIME", value_parser = to_moment)]
    pub from: Option<Timestamp>,
    /// Only what happened before; a day itself is left out
    #[arg(long, value_name = "TIME", value_parser = to_moment)]
    pub to: Option<Timestamp>,
    /// Only what everybody was shown: no whispers, nothing of other rooms, nor who asked
    #[arg(long)]
    pub room: bool,
    /// How it is printed
    #[command(flatten)]
    pub form: FormArgs,
}

/// Who is to be listed, and how it is printed.
#[derive(Clone, Debug, clap::Args)]
pub struct AttendanceArgs {
    /// Only accounts of this class or group
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// From then on: 08:00, today, yesterday, 2026-11-28, 2026-11-28T08:00 (this machine's time zone), or
    /// 2026-11-28T08:00:00Z [default: today]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Until then; a day itself is left out [default: the end of the day of --from]
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// How it is printed
    #[command(flatten)]
    pub form: FormArgs,
}

/// How something is printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct FormArgs {
    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ExportFormat,
    /// Begin the table with a byte order mark: without one Excel shows umlauts wrong
    #[arg(long)]
    pub bom: bool,
    /// What stands between the columns of the table: where a spreadsheet's language writes 1,5 it expects `semicolon`
    #[arg(long, value_name = "NAME", default_value = "comma")]
    pub separator: Separator,
}

/// In which format something is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ExportFormat {
    /// For people
    Text,
    /// As it is sent to clients, one JSON object a line
    Json,
    /// A table, with a header
    Csv,
}

/// What stands between two columns of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Separator {
    /// As programs expect it
    Comma,
    /// As spreadsheets expect it where numbers have a decimal comma
    Semicolon,
    /// As everything that pastes tables takes it
    Tab,
}

impl Separator {
    /// As it stands in the table.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

impl ExportArgs {
    pub(super) fn check(&self) -> Result<(), String> {
        self.form.check()?;
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => {
                Err(format!("nothing is from {from} on and before {to}: --to names the moment where it ends"))
            }
            _ => Ok(()),
        }
    }
}

impl AttendanceArgs {
    /// The stretch that is meant.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn stretch(&self, now: Timestamp, zone: &TimeZone) -> Result<(Timestamp, Timestamp), String> {
        moments::stretch(self.from.as_deref(), self.to.as_deref(), (now, zone))
    }

    /// The group that is meant, as accounts have it.
    pub(crate) fn group(&self) -> Result<Option<String>, &'static str> {
        Profile::parse(None, self.group.as_deref()).map(|profile| profile.group)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.form.check()?;
        self.group()?;
        self.stretch(Timestamp::now(), &TimeZone::system()).map(drop)
    }
}

impl FormArgs {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.format != ExportFormat::Csv && (self.bom || self.separator != Separator::Comma) {
            return Err("--bom and --separator are about a table: say --format csv".into());
        }
        Ok(())
    }
}

/// A moment, or a day's beginning or a time here.
fn to_moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let here = text.parse::<DateTime>().and_then(|time| TimeZone::system().to_timestamp(time));
    here.map_err(|_| {
        "a day is 2026-11-25, a time here \"2026-11-25 14:30\", a time anywhere 2026-11-25T14:30:00+01:00 or \
         2026-11-25T13:30:00Z"
            .to_owned()
    })
}
