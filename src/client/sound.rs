//! Sounds, from a thread of their own: a slow or missing audio device delays nobody.

use std::path::PathBuf;

/// What there is to hear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cue {
    /// Somebody came.
    Login,
    /// Somebody left.
    Logout,
    /// A whisper.
    Private,
    /// A message to the room.
    Message,
}

/// Plays cues, or doesn't.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    #[cfg(feature = "sound")]
    queue: Option<std::sync::mpsc::SyncSender<Cue>>,
}

#[cfg(feature = "sound")]
impl Sounds {
    /// Starts the thread that plays; `folder` replaces the built-in sounds.
    pub(super) fn start(folder: Option<PathBuf>) -> Self {
        Self {
            queue: player::start(folder).inspect_err(|e| super::console::notice(format_args!("no sounds: {e}"))).ok(),
        }
    }

    /// Plays a cue soon. One that comes while others wait is dropped: nobody hears what happened long ago.
    pub(super) fn play(&self, cue: Cue) {
        if let Some(queue) = &self.queue {
            let _ = queue.try_send(cue);
        }
    }
}

#[cfg(not(feature = "sound"))]
impl Sounds {
    /// This program was built without sounds; says so to who brings some.
    pub(super) fn start(folder: Option<PathBuf>) -> Self {
        if folder.is_some() {
            super::console::notice("no sounds: this program was built without them");
        }
        Self::default()
    }

    /// Plays nothing.
    pub(super) fn play(&self, _cue: Cue) {}
}

#[cfg(feature = "sound")]
mod player {
    use super::Cue;
    use crate::client::console::notice;
    use playback_rs::{Hint, Player, Song};
    use std::io::{self, Cursor};
    use std::path::{Path, PathBuf};
    use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
    use std::thread;
    use std::time::Duration;

    /// How many cues wait while one begins.
    const CUES_WAITING_MAX: usize = 2;
    /// How long the audio device is kept after the last cue: an open one costs processor time in silence too.
    const DEVICE_IDLE: Duration = Duration::from_secs(5);

    /// What replaces a built-in sound, in the order in which it's looked for.
    const EXTENSIONS: [&str; 4] = ["wav", "ogg", "mp3", "flac"];

    /// Each cue with the name of its file and the built-in sound.
    const BUILT_IN: [(Cue, &str, &[u8]); 4] = [
        (Cue::Login, "login", include_bytes!("../../sounds/login.wav")),
        (Cue::Logout, "logout", include_bytes!("../../sounds/logout.wav")),
        (Cue::Private, "private", include_bytes!("../../sounds/private.wav")),
        (Cue::Message, "message", include_bytes!("../../sounds/message.wav")),
    ];

    /// Starts the thread. It ends when the sender is dropped.
    pub(super) fn start(folder: Option<PathBuf>) -> io::Result<SyncSender<Cue>> {
        let (queue, cues) = sync_channel(CUES_WAITING_MAX);
        thread::Builder::new().name("sound".into()).spawn(move || run(folder.as_deref(), &cues))?;
        Ok(queue)
    }

    fn run(folder: Option<&Path>, cues: &Receiver<Cue>) {
        let missing = folder.filter(|folder| !folder.is_dir());
        if let Some(folder) = missing {
            notice(format_args!("the built-in sounds stay: `{}` is no folder", folder.display()));
        }
        let folder = folder.filter(|_| missing.is_none());
        let songs: Vec<(Cue, Song)> =
            BUILT_IN.iter().filter_map(|sound| Some((sound.0, load(folder, sound)?))).collect();
        while let Ok(first) = cues.recv() {
            // The device is opened for the first cue: who hears none needs none.
            let played = Player::new(None).map_err(|e| e.to_string()).and_then(|player| {
                let mut next = Ok(first);
                while let Ok(cue) = next {
                    if let Some((_, song)) = songs.iter().find(|song| song.0 == cue) {
                        player.play_song_now(song, None).map_err(|e| e.to_string())?;
                    }
                    next = cues.recv_timeout(DEVICE_IDLE);
                }
                Ok(next != Err(RecvTimeoutError::Disconnected))
            });
            match played {
                Ok(true) => {}
                Ok(false) => return,
                Err(e) => return notice(format_args!("no sounds: {e}")),
            }
        }
    }

    /// The sound from the folder, else the built-in one.
    fn load(folder: Option<&Path>, (_, name, built_in): &(Cue, &str, &'static [u8])) -> Option<Song> {
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
            for sound in &BUILT_IN {
                assert!(load(None, sound).is_some(), "{}", sound.1);
            }
        }

        #[test]
        fn a_folder_replaces_some_and_the_rest_stays() {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("login.wav"), BUILT_IN[3].2).unwrap();
            std::fs::write(folder.path().join("message.ogg"), "no sound").unwrap();
            assert!(replacement(folder.path(), "login").is_ok());
            assert!(replacement(folder.path(), "message").unwrap_err().contains("can't be played"));
            assert!(replacement(folder.path(), "private").unwrap_err().contains("has no private.wav"));
            assert!(BUILT_IN.iter().all(|sound| load(Some(folder.path()), sound).is_some()));
        }
    }
}
