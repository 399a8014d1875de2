//! Sounds, from a thread of their own: a slow or missing audio device delays nobody.
//!
//! One cue at the most waits, the most urgent one, and no two begin within [`STORM_GAP`]: however much happens,
//! nobody hears a drumroll, or what happened long ago.

use crate::client::settings::Cue;
use crate::client::terminal::notice;
use crate::sync::lock;
use device::{Device, Library};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The shortest time between the beginnings of two sounds.
const STORM_GAP: Duration = Duration::from_millis(300);
/// How long the audio device is kept after the last cue: an open one costs processor time in silence too.
const DEVICE_IDLE: Duration = Duration::from_secs(5);

/// Plays cues.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    /// None where no thread could be had.
    waiting: Option<Arc<Waiting>>,
}

/// The cue that waits for its turn.
#[derive(Debug, Default)]
struct Waiting {
    cue: Mutex<Option<(Cue, Bell)>>,
    came: Condvar,
}

/// Whether the terminal's bell may stand in for a sound.
pub(super) type Bell = bool;

impl Sounds {
    /// Starts the thread that plays; `folder` replaces the built-in sounds.
    pub(super) fn start(folder: Option<PathBuf>) -> Self {
        let waiting = Arc::new(Waiting::default());
        let theirs = Arc::clone(&waiting);
        let started = thread::Builder::new().name("sound".into()).spawn(move || run(&theirs, folder));
        match started {
            Ok(_) => Self { waiting: Some(waiting) },
            Err(e) => {
                notice(format_args!("no sounds: {e}"));
                Self::default()
            }
        }
    }

    /// Plays a cue soon, unless a more urgent one waits.
    pub(super) fn play(&self, cue: Cue, bell: Bell) {
        let Some(waiting) = &self.waiting else { return };
        let mut other = lock(&waiting.cue);
        if other.is_none_or(|other| other.0 <= cue) {
            *other = Some((cue, bell));
            waiting.came.notify_one();
        }
    }
}

impl Waiting {
    /// The next cue; None when none comes within `wait`.
    fn next(&self, wait: Option<Duration>) -> Option<(Cue, Bell)> {
        let nothing = |cue: &mut Option<_>| cue.is_none();
        let cue = lock(&self.cue);
        let mut cue = match wait {
            None => self.came.wait_while(cue, nothing).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => self.came.wait_timeout_while(cue, wait, nothing).unwrap_or_else(PoisonError::into_inner).0,
        };
        cue.take()
    }
}

/// Plays for as long as the process lives. The device is opened and the sounds are read for the first cue: who hears
/// none needs none. A folder of one's own is read at once, so that what is wrong with it is told at once.
fn run(waiting: &Waiting, folder: Option<PathBuf>) {
    let mut library = folder.as_deref().map(|folder| Library::load(Some(folder)));
    let (mut device, mut broken) = (None, false);
    loop {
        let Some((cue, bell)) = waiting.next(device.as_ref().map(|_| DEVICE_IDLE)) else {
            device = None;
            continue;
        };
        if device.is_none() && !broken {
            device = Device::open();
        }
        let play = |device: &Device| device.play(library.get_or_insert_with(|| Library::load(None)), cue);
        let played = device.as_ref().map(play);
        if let Some(Err(e)) = &played {
            notice(format_args!("no sounds: {e}"));
            device = None;
        }
        broken = !matches!(played, Some(Ok(())));
        if broken && bell && cue >= Cue::Mention {
            ring();
        }
        // Whatever comes meanwhile waits, the most urgent of it.
        thread::sleep(STORM_GAP);
    }
}

/// Rings the terminal's bell. It moves no cursor and shows nothing.
fn ring() {
    if io::stderr().is_terminal() {
        // Without a terminal there is nobody to hear it.
        let _ = io::stderr().write_all(b"\x07");
    }
}

#[cfg(feature = "sound")]
mod device {
    use super::Cue;
    use crate::client::terminal::notice;
    use playback_rs::{Hint, Player, Song};
    use std::io::Cursor;
    use std::path::Path;

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

    /// The sounds.
    pub(super) struct Library(Vec<(Cue, Song)>);

    /// An audio device that is open.
    pub(super) struct Device(Player);

    impl Device {
        /// Opens the system's; says why if there is none.
        pub(super) fn open() -> Option<Self> {
            Player::new(None).map(Self).map_err(|e| notice(format_args!("no sounds: {e}"))).ok()
        }

        /// Plays at once, in place of what is being played.
        pub(super) fn play(&self, library: &Library, cue: Cue) -> Result<(), String> {
            let Some((_, song)) = library.0.iter().find(|song| song.0 == cue) else { return Ok(()) };
            self.0.play_song_now(song, None).map_err(|e| e.to_string())
        }
    }

    impl Library {
        /// The sounds of the folder, and for what it lacks the built-in ones.
        pub(super) fn load(folder: Option<&Path>) -> Self {
            let missing = folder.filter(|folder| !folder.is_dir());
            if let Some(folder) = missing {
                notice(format_args!("the built-in sounds stay: `{}` is no folder", folder.display()));
            }
            let folder = folder.filter(|_| missing.is_none());
            let song = |sound: &(Cue, &'static [u8])| Some((sound.0, load(folder, sound)?));
            Self(BUILT_IN.iter().filter_map(song).collect())
        }
    }

    /// The sound from the folder, else the built-in one.
    fn load(folder: Option<&Path>, (cue, built_in): &(Cue, &'static [u8])) -> Option<Song> {
        let name = cue.name();
        if let Some(folder) = folder {
            match replacement(folder, name) {
                Ok(song) => return Some(song),
                Err(e) => notice(format_args!("the built-in sound `{name}` stays: {e}")),
            }
        }
        let mut hint = Hint::new();
        hint.with_extension("wav");
        Song::new(Box::new(Cursor::new(*built_in)), &hint, None).ok()
    }

    fn replacement(folder: &Path, name: &str) -> Result<Song, String> {
        let candidates = EXTENSIONS.iter().map(|extension| folder.join(name).with_extension(extension));
        let path = candidates
            .into_iter()
            .find(|path| path.exists())
            .ok_or_else(|| format!("`{}` has no {name}.wav, .ogg, .mp3 or .flac", folder.display()))?;
        Song::from_file(&path, None).map_err(|e| format!("`{}` can't be played: {e}", path.display()))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_cue_has_a_sound() {
            assert_eq!(Library::load(None).0.len(), Cue::ALL.len());
        }

        #[test]
        fn a_folder_replaces_some_and_the_rest_stays() {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("login.wav"), BUILT_IN[3].1).unwrap();
            std::fs::write(folder.path().join("message.ogg"), "no sound").unwrap();
            assert!(replacement(folder.path(), "login").is_ok());
            assert!(replacement(folder.path(), "message").unwrap_err().contains("can't be played"));
            assert!(replacement(folder.path(), "private").unwrap_err().contains("has no private.wav"));
            assert_eq!(Library::load(Some(folder.path())).0.len(), Cue::ALL.len());
        }
    }
}

/// A program that was built without sounds: the bell stands in for all of them.
#[cfg(not(feature = "sound"))]
mod device {
    use super::Cue;
    use crate::client::terminal::notice;
    use std::path::Path;

    pub(super) struct Library;
    pub(super) struct Device;

    impl Device {
        pub(super) fn open() -> Option<Self> {
            None
        }

        pub(super) fn play(&self, _library: &Library, _cue: Cue) -> Result<(), &'static str> {
            Ok(())
        }
    }

    impl Library {
        /// Says that it's no use to who brings some.
        pub(super) fn load(folder: Option<&Path>) -> Self {
            if folder.is_some() {
                notice("no sounds: this program was built without them");
            }
            Self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_of_what_waits_is_heard() {
        let waiting = Arc::new(Waiting::default());
        let sounds = Sounds { waiting: Some(Arc::clone(&waiting)) };
        for cue in [Cue::Message, Cue::Private, Cue::Mention, Cue::Login] {
            sounds.play(cue, false);
        }
        assert_eq!(waiting.next(None), Some((Cue::Private, false)));
        assert_eq!(waiting.next(Some(Duration::ZERO)), None, "the others are not heard late");
    }
}
