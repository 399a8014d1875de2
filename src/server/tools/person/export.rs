//! `homeroom-server person export`: all that is kept about one person, in a folder. It reads beside a running server, and changes
//! nothing.

use super::kept;
use crate::client::transcript::Lines;
use crate::files;
use crate::protocol::{ServerMessage, Username};
use crate::reason;
use crate::server::config::{ServerError, folder};
use crate::server::timeline::Record;
use crate::server::timeline::journal::segment::{self, Line};
use crate::server::tools::reading::{self, Untaken};
use crate::spreadsheet::{harmless, unwrapped};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What an event is where somebody comes or goes.
const COMINGS: [&str; 5] = ["joined", "left", "entered", "exited", CLOSED];
/// The event that ends the stays of all who are in a room.
const CLOSED: &str = "room_closed";
/// The header of `presence.csv`.
const PRESENCE: [&str; 4] = ["time", "what", "room", "reason"];

/// The files that are written event by event.
struct Files {
    events: BufWriter<File>,
    text: BufWriter<File>,
    lines: Lines,
    presence: csv::Writer<BufWriter<File>>,
    /// Where they are by now.
    rooms: BTreeSet<String>,
}

/// Writes all that is kept about a person to a folder that isn't there yet.
///
/// # Errors
/// Nothing is kept, something can't be read or is damaged, or the folder can't be written.
pub(crate) fn run(data_dir: &Path, user: &str, to: Option<&Path>) -> Result<(), ServerError> {
    let name = super::name(user).map_err(ServerError::User)?;
    let to = to.map_or_else(|| PathBuf::from(format!("person-{name}")), Path::to_owned);
    let (account, birth) = kept::account(data_dir, &name).map_err(ServerError::Folder)?;
    let audit = kept::audit(data_dir, &name, birth).map_err(ServerError::Folder)?;
    let since = birth.since;
    let places = segment::list(&data_dir.join(folder::JOURNAL)).map_err(|why| ServerError::Folder(why.to_string()))?;
    let (mut questions, mut events) = (BTreeSet::new(), 0_u64);
    reading::print(
        &places,
        Ok(()),
        |(), line| {
            if line.record.seq > since {
                events += u64::from(is_about(&line.record, &name));
                questions.extend(asked(line, &name));
            }
            Ok(())
        },
        |()| Ok(()),
    )?;
    if account.is_none() && audit.is_empty() && events == 0 {
        return Err(ServerError::User(format!(
            "nothing is kept about {name} in {}: name the server's folder with --data-dir",
            data_dir.display()
        )));
    }
    make(&to).map_err(ServerError::User)?;
    let unwritten =
        |e: io::Error| ServerError::User(format!("can't write to {}: {}", to.display(), reason::of_file(&e)));
    let account = serde_json::to_vec_pretty(&account).unwrap_or_default();
    write(&to, "account.json", &[account, b"\n".to_vec()].concat()).map_err(unwritten)?;
    let audit: Vec<u8> = audit.iter().flat_map(|entry| entry.line()).collect();
    write(&to, "audit.jsonl", &audit).map_err(unwritten)?;
    write(&to, "README.txt", readme(&name).as_bytes()).map_err(unwritten)?;
    let each = |files: &mut Files, line: &Line<'_>| {
        let (record, is_question) = (&line.record, questions.contains(&line.record.seq));
        if record.seq > since && (is_question || is_about(record, &name) || files.ends_a_stay(record)) {
            files.event(line).map_err(Untaken::Unwritable)?;
        }
        Ok(())
    };
    reading::print(&places, Files::begin(&to), each, Files::end)?;
    let told = format!("all that is kept about {name} is in {}: README.txt there says what is what\n", to.display());
    io::stdout().write_all(told.as_bytes()).map_err(|e| crate::server::config::system("print", &e))
}

impl Files {
    fn begin(folder: &Path) -> io::Result<Self> {
        let create = |name: &str| files::create_private(&folder.join(name)).map(BufWriter::new);
        let (events, text) = (create("messages.jsonl")?, create("messages.txt")?);
        let mut presence = csv::WriterBuilder::new().has_headers(false).from_writer(create("presence.csv")?);
        presence.write_record(PRESENCE).map_err(unwrapped)?;
        Ok(Self { events, text, lines: Lines::new("", TimeZone::system()), presence, rooms: BTreeSet::new() })
    }

    /// Whether a room is closed that they are in.
    fn ends_a_stay(&self, record: &Record<'_>) -> bool {
        record.kind == CLOSED && self.rooms.contains(&*record.room)
    }

    fn event(&mut self, line: &Line<'_>) -> io::Result<()> {
        let record = &line.record;
        if COMINGS.contains(&&*record.kind) {
            match &*record.kind {
                "entered" => drop(self.rooms.insert(record.room.to_string())),
                "exited" | CLOSED => drop(self.rooms.remove(&*record.room)),
                _ => {}
            }
            let reason = record.reason.and_then(|reason| serde_json::to_value(reason).ok());
            let reason = reason.as_ref().and_then(|reason| reason.as_str()).unwrap_or_default();
            let row = [&record.time, &record.kind, &record.room, reason].map(harmless);
            return self.presence.write_record(row.iter().map(|cell| cell.as_bytes())).map_err(unwrapped);
        }
        self.events.write_all(line.bytes)?;
        if let Ok(message) = serde_json::from_slice::<ServerMessage<'_>>(line.bytes) {
            self.text.write_all(self.lines.of(&message).as_bytes())?;
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.presence.flush()?;
        self.events.flush()?;
        self.text.flush()
    }
}

/// Whether somebody did it, or it was done to them: what others whispered to others isn't among it.
fn is_about(record: &Record<'_>, name: &Username) -> bool {
    [&record.from, &record.to, &record.username].iter().any(|named| **named == name.as_str())
}

/// The question that they have asked, where an event says that.
fn asked(line: &Line<'_>, name: &Username) -> Option<u64> {
    if line.record.kind != "asked" || line.record.from != name.as_str() {
        return None;
    }
    match serde_json::from_slice(line.bytes) {
        Ok(ServerMessage::Asked { question, .. }) => Some(question),
        _ => None,
    }
}

fn make(folder: &Path) -> Result<(), String> {
    if let Some(why) = files::taken(folder, "nothing was written") {
        return Err(format!("{why} with --to"));
    }
    files::create_folder(folder)
        .map_err(|e| format!("can't make the folder {}: {}", folder.display(), reason::of_file(&e)))
}

fn write(folder: &Path, name: &str, contents: &[u8]) -> io::Result<()> {
    files::create_private(&folder.join(name))?.write_all(contents)
}

fn readme(name: &Username) -> String {
    format!(
        "All that this homeroom server keeps about {name}.\n\
         \n\
         account.json    the account: role, name, group, mutes and bans; the addresses that it logged in from; when it last\n\
         \x20               came back without its password; the rooms it was in, from event to event; of the lesson that goes on,\n\
         \x20               hands that are up, where it was called, in which open polls it has voted, and in which that is\n\
         \x20               waited for: nobody can tell what it voted. The password's hash is left out: nobody can read the\n\
         \x20               password from it, and it's of use to whoever wants to guess it.\n\
         messages.txt    what {name} said, and what was whispered to {name}, to be read\n\
         messages.jsonl  the same, as the server keeps it: one JSON object a line (PROTOCOL.md says what its fields are)\n\
         presence.csv    when {name} came and went, and was in which room, as a table\n\
         audit.jsonl     what was done to the account or by it, and logins that failed\n\
         \n\
         What others said about {name} in the room is not among it: the server doesn't know whom a text is about. An older\n\
         account of this name, before this one was made, was perhaps somebody else's: what it left is left out.\n"
    )
}
