//! What calls for attention, and how: a sound, the bell, a word on the desktop. Or nothing, when one is not to be
//! disturbed.

use super::desktop;
use super::mention;
use super::sound::{Call, Sounds};
use crate::client::settings::{Cue, Settings};
use crate::protocol::ServerMessage;
use crate::sync::lock;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The longest time of not being disturbed that has an end: a year.
pub(crate) const QUIET_MINUTES_MAX: u32 = 366 * 24 * 60;

/// Calls for attention.
#[derive(Debug)]
pub(crate) struct Alerts {
    settings: Arc<Settings>,
    sounds: Sounds,
    quiet: Mutex<Quiet>,
}

/// Whether one is not to be disturbed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Quiet {
    No,
    Until(Instant),
    Always,
}

impl Alerts {
    /// As the settings say.
    pub(crate) fn start(settings: Arc<Settings>) -> Self {
        // Sounds that are off now can be turned on later.
        let sounds = Sounds::start(settings.args().sounds);
        Self { settings, sounds, quiet: Mutex::new(Quiet::No) }
    }

    /// Something came. `me` is whose client this is; nobody is called for what they did themselves.
    pub(crate) fn came(&self, message: &ServerMessage<'_>, me: &str) {
        let Some(cue) = cue(message, me) else { return };
        self.call(cue);
        if cue >= Cue::Mention && self.settings.live().notify && !self.is_quiet() {
            desktop::tell(message);
        }
    }

    /// Something was said while the client was gone, and is shown now.
    pub(crate) fn missed(&self) {
        self.call(Cue::Message);
    }

    /// Something that was asked for is refused.
    pub(crate) fn refused(&self) {
        self.call(Cue::Error);
    }

    /// Plays a cue whatever the settings say, to hear what it's like.
    pub(crate) fn try_out(&self, cue: Cue) {
        self.sounds.play(Call { cue, bell: true, asked: true });
    }

    /// Why no sound can be heard, if that was so the last time.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.sounds.trouble()
    }

    /// Whether this account is neither to be shown nor heard.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        self.settings.live().ignored.contains(name)
    }

    /// Whether it isn't to be shown who comes and goes.
    pub(crate) fn hides_presence(&self) -> bool {
        !self.settings.live().presence
    }

    /// From now on nothing calls, for so many minutes or until [`disturb`](Self::disturb).
    pub(crate) fn be_quiet(&self, minutes: Option<u32>) {
        let end = |minutes: u32| Instant::now().checked_add(Duration::from_secs(u64::from(minutes) * 60));
        *lock(&self.quiet) = minutes.and_then(end).map_or(Quiet::Always, Quiet::Until);
    }

    /// Everything calls again.
    pub(crate) fn disturb(&self) {
        *lock(&self.quiet) = Quiet::No;
    }

    fn call(&self, cue: Cue) {
        let live = self.settings.live();
        if live.heard.contains(&cue) && !self.is_quiet() {
            self.sounds.play(Call { cue, bell: live.bell, asked: false });
        }
    }

    fn is_quiet(&self) -> bool {
        match *lock(&self.quiet) {
            Quiet::No => false,
            Quiet::Always => true,
            Quiet::Until(end) => Instant::now() < end,
        }
    }
}

/// What there is to hear of a message.
fn cue(message: &ServerMessage<'_>, me: &str) -> Option<Cue> {
    match message {
        ServerMessage::Message { from, .. } | ServerMessage::Whisper { from, .. } if from == me => None,
        ServerMessage::Message { text, .. } if mention::find(text, me).next().is_some() => Some(Cue::Mention),
        ServerMessage::Message { .. } => Some(Cue::Message),
        ServerMessage::Whisper { .. } => Some(Cue::Private),
        ServerMessage::Topic { from, .. } => (from != me).then_some(Cue::Message),
        ServerMessage::Joined { username, .. } => (username != me).then_some(Cue::Login),
        ServerMessage::Left { username, .. } => (username != me).then_some(Cue::Logout),
        ServerMessage::Notice { .. } => Some(Cue::Error),
        ServerMessage::Announcement { from, .. } => (from != me).then_some(Cue::Mention),
        // Others say where one may be, or that it's one's turn.
        ServerMessage::Entered { username, by, .. } | ServerMessage::Exited { username, by, .. } => match by {
            Some(by) if username == me && by != me => Some(Cue::Mention),
            _ => None,
        },
        ServerMessage::Called { username: Some(called), .. } => (called == me).then_some(Cue::Mention),
        ServerMessage::Poll { from, .. } => (from != me).then_some(Cue::Message),
        ServerMessage::Question { text, .. } if mention::find(text, me).next().is_some() => Some(Cue::Mention),
        ServerMessage::Question { .. } => Some(Cue::Message),
        // Of a question that isn't shown, since it was asked elsewhere.
        ServerMessage::Asked { from, .. } => (from != me).then_some(Cue::Message),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_of_what() {
        let heard = |json: &str| cue(&serde_json::from_str(json).unwrap(), "ada");
        let message = |from: &str, text: &str| {
            heard(&format!(
                r#"{{"type":"message","seq":1,"time":"t","from":"{from}","room":"general","text":"{text}"}}"#
            ))
        };
        assert_eq!(message("bob", "hi"), Some(Cue::Message));
        assert_eq!(message("bob", "hi, Ada!"), Some(Cue::Mention));
        assert_eq!(message("bob", "in Canada"), Some(Cue::Message));
        assert_eq!(message("ada", "I am ada"), None);
        let whisper = |from, to| {
            heard(&format!(r#"{{"type":"whisper","seq":1,"time":"t","from":"{from}","to":"{to}","text":"psst"}}"#))
        };
        assert_eq!((whisper("bob", "ada"), whisper("ada", "bob")), (Some(Cue::Private), None));
        let joined = |name| heard(&format!(r#"{{"type":"joined","seq":1,"time":"t","username":"{name}"}}"#));
        assert_eq!((joined("bob"), joined("ada")), (Some(Cue::Login), None));
        let announced =
            |from| heard(&format!(r#"{{"type":"announcement","seq":1,"time":"t","from":"{from}","text":"the bell"}}"#));
        assert_eq!((announced("bob"), announced("ada")), (Some(Cue::Mention), None));
        let called = |name| {
            heard(&format!(r#"{{"type":"called","seq":1,"time":"t","room":"r","username":"{name}","from":"bob"}}"#))
        };
        assert_eq!((called("ada"), called("eve")), (Some(Cue::Mention), None));
        let entered = |name, by: &str| {
            heard(&format!(r#"{{"type":"entered","seq":1,"time":"t","room":"r","username":"{name}"{by}}}"#))
        };
        assert_eq!(entered("ada", r#","by":"bob""#), Some(Cue::Mention));
        assert_eq!((entered("ada", ""), entered("eve", r#","by":"bob""#)), (None, None));
        let asked =
            |from| heard(&format!(r#"{{"type":"asked","seq":2,"time":"t","room":"r","question":1,"from":"{from}"}}"#));
        assert_eq!((asked("bob"), asked("ada")), (Some(Cue::Message), None));
        assert_eq!(heard(r#"{"type":"pong"}"#), None);
    }

    #[test]
    fn not_to_be_disturbed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Arc::new(crate::client::settings::for_tests(folder.path(), &[]));
        let alerts = Alerts { settings, sounds: Sounds::default(), quiet: Mutex::new(Quiet::No) };
        assert!(!alerts.is_quiet());
        alerts.be_quiet(None);
        assert!(alerts.is_quiet());
        alerts.be_quiet(Some(QUIET_MINUTES_MAX));
        assert!(alerts.is_quiet());
        alerts.be_quiet(Some(0));
        assert!(!alerts.is_quiet(), "it's over");
        alerts.be_quiet(None);
        alerts.disturb();
        assert!(!alerts.is_quiet());
    }
}
