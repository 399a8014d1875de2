//! What the player does in its own process: it reads the sounds, and plays them through the system's device.

use super::player::{Answer, CHECK};
use crate::client::settings::Cue;
use crate::reason::Reason;
use playback_rs::{Hint, Player, Song};
use std::io::{self, BufRead, Cursor, Write};
use std::panic;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::mpsc::sync_channel;
use std::thread;

/// The exit status of a program of Rust that panicked.
const PANICKED: i32 = 101;

/// What a person is told in place of what the sound library says, which is meant for who wrote it.
const NO_DEVICE: &str = "no sound device can be opened: is there one, and does it work in other programs?";
const GAVE_UP: &str = "the sound library gave up: does sound work in other programs, and is its configuration right?";

/// What replaces a built-in sound, in the order in which it's looked for.
const EXTENSIONS: [&str; 4] = ["wav", "ogg", "mp3", "flac"];

/// Each cue with its built-in sound.
const BUILT_IN: [(Cue, &[u8]); 6] = [
    (Cue::Login, include_bytes!("../../../sounds/login.wav")),
    (Cue::Logout, include_bytes!("../../../sounds/logout.wav")),
    (Cue::Private, include_bytes!("../../../sounds/private.wav")),
    (Cue::Message, include_bytes!("../../../sounds/message.wav")),
    (Cue::Mention, include_bytes!("../../../sounds/mention.wav")),
    (Cue::Error, include_bytes!("../../../sounds/error.wav")),
];

/// Plays the cues that standard input names until it ends: what a process does that was started with
/// [`PLAY_SOUNDS`](super::PLAY_SOUNDS).
pub fn play_sounds(folder: Option<PathBuf>) {
    panic::set_hook(Box::new(|_| {
        say(&Answer::Failed(GAVE_UP.into()));
        exit(PANICKED);
    }));
    let (sender, questions) = sync_channel(0);
    let listen = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
        // Also when the library hangs.
        exit(0);
    };
    if let Err(e) = thread::Builder::new().name("cues".into()).spawn(listen) {
        return say(&Answer::Failed(Reason(&e).to_string()));
    }
    let (mut library, mut device) = (Library::of(folder), None);
    for question in questions {
        let cue = Cue::ALL.into_iter().find(|cue| cue.name() == question);
        let answer = match cue {
            Some(cue) => play(&mut device, library.song(cue)).map_or_else(Answer::Failed, |()| Answer::Done),
            None if question == CHECK => {
                library.notes().into_iter().for_each(|note| say(&Answer::Note(note)));
                Answer::Done
            }
            None => Answer::Failed(format!("there is no sound `{question}`")),
        };
        say(&answer);
    }
}

/// Whoever asked may be gone: then so is this process, soon.
fn say(answer: &Answer) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{answer}").and_then(|()| stdout.flush());
}

/// Plays at once, in place of what is being played. The device is opened for the first sound.
fn play(device: &mut Option<Player>, song: Option<&Song>) -> Result<(), String> {
    if device.is_none() {
        *device = Some(Player::new(None).map_err(|_| NO_DEVICE)?);
    }
    match (device, song) {
        (Some(device), Some(song)) => device.play_song_now(song, None).map_err(|_| GAVE_UP.into()),
        _ => Ok(()),
    }
}

/// The sounds, each read when it's needed.
struct Library {
    folder: Option<PathBuf>,
    songs: Vec<(Cue, Song)>,
}

impl Library {
    /// Those of the folder, and for what it lacks the built-in ones.
    fn of(folder: Option<PathBuf>) -> Self {
        Self { folder, songs: Vec::new() }
    }

    fn song(&mut self, cue: Cue) -> Option<&Song> {
        if !self.songs.iter().any(|song| song.0 == cue) {
            let own = self.folder.as_deref().and_then(|folder| replacement(folder, cue.name()).ok());
            let song = own.or_else(|| built_in(cue))?;
            self.songs.push((cue, song));
        }
        self.songs.iter().find(|song| song.0 == cue).map(|song| &song.1)
    }

    /// What is wrong with the folder.
    fn notes(&self) -> Vec<String> {
        match &self.folder {
            None => Vec::new(),
            Some(folder) if !folder.is_dir() => {
                vec![format!("the built-in sounds stay: `{}` is no folder", folder.display())]
            }
            Some(folder) => {
                let wrong = |name: &str| replacement(folder, name).err();
                let note = |name: &str| Some(format!("the built-in sound `{name}` stays: {}", wrong(name)?));
                BUILT_IN.iter().filter_map(|sound| note(sound.0.name())).collect()
            }
        }
    }
}

fn built_in(cue: Cue) -> Option<Song> {
    let bytes = BUILT_IN.iter().find(|sound| sound.0 == cue)?.1;
    let mut hint = Hint::new();
    hint.with_extension("wav");
    Song::new(Box::new(Cursor::new(bytes)), &hint, None).ok()
}

fn replacement(folder: &Path, name: &str) -> Result<Song, String> {
    let candidates = EXTENSIONS.iter().map(|extension| folder.join(name).with_extension(extension));
    let path = candidates
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| format!("`{}` has no {name}.wav, .ogg, .mp3 or .flac", folder.display()))?;
    Song::from_file(&path, None)
        .map_err(|_| format!("`{}` can't be played: it is no sound of its kind", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cue_has_a_sound() {
        let mut library = Library::of(None);
        assert!(Cue::ALL.into_iter().all(|cue| library.song(cue).is_some()));
        assert!(library.notes().is_empty());
    }

    #[test]
    fn a_folder_replaces_some_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("login.wav"), BUILT_IN[3].1).unwrap();
        std::fs::write(folder.path().join("message.ogg"), "no sound").unwrap();
        assert!(replacement(folder.path(), "login").is_ok());
        let mut library = Library::of(Some(folder.path().to_owned()));
        assert!(Cue::ALL.into_iter().all(|cue| library.song(cue).is_some()));
        let notes = library.notes();
        assert_eq!(notes.len(), 5, "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("`message` stays") && note.contains("can't be played")));
        assert!(notes.iter().any(|note| note.contains("has no private.wav")));
        let nowhere = Library::of(Some(folder.path().join("none")));
        assert!(nowhere.notes()[0].contains("is no folder"));
    }
}
