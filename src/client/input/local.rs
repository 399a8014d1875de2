//! The commands that the client carries out by itself.

use super::arguments;
use crate::client::alerts::{Alerts, QUIET_MINUTES_MAX};
use crate::client::settings::{Cue, Settings};
use crate::client::terminal::{answer, known, notice, row, screen};
use crate::durations;
use crate::protocol::{CommandHelp, Role};
use std::sync::Arc;

/// What is to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Local {
    /// Tell about one command.
    Help(String),
    /// Ignore somebody, or list who is.
    Ignore(Option<String>),
    /// Ignore them no more.
    Unignore(String),
    /// Show which of these are heard.
    Sounds(Vec<Cue>),
    /// Hear these, or don't.
    Sound(Vec<Cue>, bool),
    /// Play one.
    TrySound(Cue),
    /// Don't disturb, for so many minutes or without an end.
    Quiet(Option<u32>),
    /// Disturb again.
    Disturb,
    /// Show one setting or all.
    Show(Option<String>),
    /// Change one.
    Set(String, String),
    /// Clear the screen.
    Clear,
}

impl Local {
    /// Reads a command's arguments; None when it isn't one of these.
    pub(super) fn parse(name: &str, arguments: &str) -> Option<Result<Self, String>> {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let folded = arguments.to_ascii_lowercase();
        let usage = || Err(known::usage(&format!("/{name}")));
        Some(match (name, &words[..]) {
            ("help", [command]) => Ok(Self::Help(known::command_name(command.trim_start_matches('/')))),
            ("ignore", []) => Ok(Self::Ignore(None)),
            ("ignore", [user]) => arguments::name(user).map(|user| Self::Ignore(Some(user))),
            ("unignore", [user]) => arguments::name(user).map(Self::Unignore),
            // Phones write a capital.
            ("sound", _) => sound(&folded.split_whitespace().collect::<Vec<_>>()).map_or_else(usage, Ok),
            ("dnd", _) => dnd(folded.trim()),
            ("set", []) => Ok(Self::Show(None)),
            ("set", [name]) => Ok(Self::Show(Some((*name).to_owned()))),
            ("set", [name, ..]) => {
                let value = arguments.trim_start().strip_prefix(name).unwrap_or_default().trim_start_matches(" = ");
                Ok(Self::Set((*name).to_owned(), value.trim().to_owned()))
            }
            ("clear", []) => Ok(Self::Clear),
            ("help" | "ignore" | "unignore" | "clear", _) => usage(),
            _ => return None,
        })
    }
}

/// `/dnd [minutes|off]`.
fn dnd(word: &str) -> Result<Local, String> {
    let usage = || format!("{}, and the minutes are 1 to {QUIET_MINUTES_MAX}", known::usage("/dnd"));
    match word {
        "" => Ok(Local::Quiet(None)),
        "off" => Ok(Local::Disturb),
        minutes => {
            let minutes = minutes.parse().ok().filter(|minutes| (1..=QUIET_MINUTES_MAX).contains(minutes));
            minutes.map(|minutes| Local::Quiet(Some(minutes))).ok_or_else(usage)
        }
    }
}

/// `/sound [event] [on|off|test]`: without an event it's about all.
fn sound(words: &[&str]) -> Option<Local> {
    let event = |name: &str| Cue::ALL.into_iter().find(|cue| cue.name() == name);
    match words {
        [] => Some(Local::Sounds(Cue::ALL.into())),
        ["on"] => Some(Local::Sound(Cue::ALL.into(), true)),
        ["off"] => Some(Local::Sound(Cue::ALL.into(), false)),
        // One of them, to hear whether there is anything to hear.
        ["test"] => Some(Local::TrySound(Cue::Message)),
        [name] => Some(Local::Sounds(vec![event(name)?])),
        [name, "on"] => Some(Local::Sound(vec![event(name)?], true)),
        [name, "off"] => Some(Local::Sound(vec![event(name)?], false)),
        [name, "test"] => Some(Local::TrySound(event(name)?)),
        _ => None,
    }
}

/// Carries them out.
#[derive(Debug)]
pub(crate) struct Locals {
    /// What is set.
    pub(crate) settings: Arc<Settings>,
    /// What calls for attention.
    pub(crate) alerts: Arc<Alerts>,
}

impl Locals {
    /// Carries out one, and says what came of it.
    pub(super) fn carry_out(&self, local: &Local) {
        match local {
            Local::Help(name) => help(name),
            Local::Ignore(None) => self.ignored(),
            Local::Ignore(Some(user)) => self.ignore(user, true),
            Local::Unignore(user) => self.ignore(user, false),
            Local::Sounds(cues) => self.sounds(cues),
            Local::Sound(cues, on) => self.sound(cues, *on),
            Local::TrySound(cue) => self.alerts.try_out(*cue),
            Local::Quiet(minutes) => {
                self.alerts.be_quiet(*minutes);
                match minutes {
                    Some(minutes) => {
                        let time = durations::minutes(*minutes);
                        answer(format_args!("nothing disturbs you for {time}; /dnd off ends it"));
                    }
                    None => answer("nothing disturbs you until /dnd off"),
                }
            }
            Local::Disturb => {
                self.alerts.disturb();
                answer("sounds and notices are as set again");
            }
            Local::Show(name) => match self.settings.show(name.as_deref()) {
                Ok(lines) if name.is_some() => lines.iter().for_each(answer),
                Ok(lines) => lines.iter().for_each(row),
                Err(e) => notice(e),
            },
            Local::Set(name, value) => match self.settings.set(name, value) {
                Ok((line, true)) => answer(line),
                Ok((line, false)) => answer(format_args!("{line}, from the next start")),
                Err(e) => notice(e),
            },
            Local::Clear => clear(),
        }
    }

    fn ignored(&self) {
        let live = self.settings.live();
        match &*live.ignored.iter().map(ToString::to_string).collect::<Vec<_>>() {
            [] => answer("you ignore nobody"),
            names => answer(format_args!("you ignore {}", names.join(", "))),
        }
    }

    fn ignore(&self, user: &str, ignored: bool) {
        match (self.settings.put("ignore", user, ignored), ignored) {
            (Ok(true), true) => {
                answer(format_args!("nothing of {user} is shown any more; /ignore lists whom you ignore"))
            }
            (Ok(true), false) => answer(format_args!("{user} is shown again")),
            (Ok(false), true) => answer(format_args!("you ignore {user} already")),
            (Ok(false), false) => answer(format_args!("you don't ignore {user}")),
            (Err(e), _) => notice(e),
        }
    }

    fn sounds(&self, cues: &[Cue]) {
        let heard = &self.settings.live().heard;
        for cue in cues {
            row(format_args!("{:8} {}", cue.name(), if heard.contains(cue) { "on" } else { "off" }));
        }
        if let Some(why) = self.alerts.trouble() {
            notice(format_args!("no sounds: {why}; `/sound private test` tries again"));
        }
    }

    fn sound(&self, cues: &[Cue], on: bool) {
        let args = self.settings.args();
        let silent = |cue: &Cue| if cues.contains(cue) { !on } else { args.silent.contains(cue) };
        let names: Vec<&str> = Cue::ALL.iter().filter(|cue| silent(cue)).map(|cue| cue.name()).collect();
        let list = if names.is_empty() { "-".to_owned() } else { names.join(",") };
        // With --no-sound everything is off; whoever turns something on wants to hear it.
        let sound = if on && args.no_sound { self.settings.set("no-sound", "off").map(drop) } else { Ok(()) };
        match sound.and_then(|()| self.settings.set("silent", &list)) {
            Ok(_) => self.sounds(&Cue::ALL),
            Err(e) => notice(e),
        }
    }
}

/// Tells about one command.
fn help(name: &str) {
    match known::find(name) {
        Some(CommandHelp { usage, about, role, .. }) => {
            let whom = match role {
                Role::Admin => " (for administrators)",
                Role::Teacher => " (for teachers and administrators)",
                Role::User | Role::Display => "",
            };
            answer(format_args!("{usage}: {about}{whom}"));
        }
        None => notice(known::unknown(name)),
    }
}

/// What is shown stays in the terminal's own memory, if it has one.
fn clear() {
    if !screen::print("\x1b[2J\x1b[H") {
        notice("there is no screen to clear: these are plain lines");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Local, String> {
        let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
        Local::parse(name, arguments).unwrap()
    }

    #[test]
    fn what_is_typed() {
        for (line, local) in [
            ("help msg", Local::Help("msg".into())),
            ("help /Who", Local::Help("who".into())),
            ("ignore", Local::Ignore(None)),
            ("ignore Eve", Local::Ignore(Some("eve".into()))),
            ("unignore eve", Local::Unignore("eve".into())),
            ("sound", Local::Sounds(Cue::ALL.into())),
            ("sound mention", Local::Sounds(vec![Cue::Mention])),
            ("sound Mention Off", Local::Sound(vec![Cue::Mention], false)),
            ("dnd Off", Local::Disturb),
            ("sound off", Local::Sound(Cue::ALL.into(), false)),
            ("sound login on", Local::Sound(vec![Cue::Login], true)),
            ("sound Private test", Local::TrySound(Cue::Private)),
            ("dnd", Local::Quiet(None)),
            ("dnd 30", Local::Quiet(Some(30))),
            ("dnd off", Local::Disturb),
            ("set", Local::Show(None)),
            ("set user", Local::Show(Some("user".into()))),
            ("set log  a b.txt ", Local::Set("log".into(), "a b.txt".into())),
            ("set user = ada", Local::Set("user".into(), "ada".into())),
            ("clear", Local::Clear),
        ] {
            assert_eq!(parsed(line), Ok(local), "{line}");
        }
        for line in ["ignore a b", "unignore", "sound trumpet on", "sound login loud", "dnd 0", "dnd soon", "clear all"]
        {
            assert!(parsed(line).unwrap_err().starts_with("usage: /"), "{line}");
        }
        assert!(Local::parse("frobnicate", "").is_none());
    }
}
