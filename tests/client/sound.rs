//! What is heard: through ALSA's file plugin into a file, where each sound is known by its spectrum.
//!
//! The plugin keeps no time of its own, so a second in the file is not a second here; what is counted is what was
//! played.

use crate::harness::{DEADLINE, PASSWORD, Peer, Server, Terminal};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How the client plays where everything is allowed: two channels of 32-bit floats.
const RATE_HZ: f64 = 48_000.0;
const CHANNELS: usize = 2;
/// How loud is not silent.
const AUDIBLE: f32 = 0.002;
/// So much silence lies between two sounds, and in none.
const SILENCE_FRAMES: usize = 1_500;
/// The shortest time between the beginnings of two sounds.
const STORM_GAP: Duration = Duration::from_millis(300);

/// The two notes of each sound; sounds/README.md.
const NOTES: [(&str, [f64; 2]); 6] = [
    ("login", [659.26, 987.77]),
    ("logout", [587.33, 392.00]),
    ("private", [1567.98, 2093.00]),
    ("message", [440.00, 440.00]),
    ("mention", [698.46, 880.00]),
    ("error", [277.18, 207.65]),
];

/// A client whose sounds go to a file.
struct Ear {
    client: Terminal,
    file: PathBuf,
    _folder: TempDir,
}

impl Ear {
    fn of(server: &Server, name: &str) -> Self {
        Self::with(server, name, &[])
    }

    fn with(server: &Server, name: &str, args: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("heard.raw");
        let alsa = folder.path().join("asound.conf");
        let out = file.display();
        let text = format!(
            "pcm.null {{ type null }}\n\
             pcm.!default {{ type file slave.pcm \"null\" file \"{out}\" format \"raw\" }}\n"
        );
        std::fs::write(&alsa, text).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_homeroom-client"));
        command.args(["--plain", "--user", name]).args(args).arg(server.join_link()).env("ALSA_CONFIG_PATH", alsa);
        command.env("HOMEROOM_CONFIG_DIR", folder.path()).env("HOMEROOM_PASSWORD", PASSWORD).env_remove("RUST_LOG");
        Self { client: Terminal::of(&mut command), file, _folder: folder }
    }

    /// Waits until so many sounds have been played whole; gives them.
    #[track_caller]
    fn heard(&self, count: usize) -> Vec<Vec<f32>> {
        let end = Instant::now() + DEADLINE;
        loop {
            let sounds = sounds(&self.file);
            if sounds.len() >= count {
                return sounds;
            }
            assert!(Instant::now() < end, "heard {:?} and no more", sounds.iter().map(|s| name(s)).collect::<Vec<_>>());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The sounds in a file, each followed by silence; the first channel alone.
fn sounds(file: &Path) -> Vec<Vec<f32>> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let samples = bytes.chunks_exact(4 * CHANNELS).map(|frame| f32::from_le_bytes(frame[..4].try_into().unwrap()));
    let (mut sounds, mut sound, mut silent) = (Vec::new(), Vec::new(), 0);
    for sample in samples {
        silent = if sample.abs() < AUDIBLE { silent + 1 } else { 0 };
        if silent < SILENCE_FRAMES && (silent == 0 || !sound.is_empty()) {
            sound.push(sample);
        } else if !sound.is_empty() {
            sounds.push(std::mem::take(&mut sound));
        }
    }
    sounds
}

/// How much of a frequency there is (Goertzel).
fn power(sound: &[f32], hz: f64) -> f64 {
    let coefficient = 2.0 * (std::f64::consts::TAU * hz / RATE_HZ).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for &sample in sound {
        (before, last) = (last, f64::from(sample) + coefficient * last - before);
    }
    before * before + last * last - coefficient * before * last
}

/// Which of the sounds it is: the one both of whose notes are strongest in it.
fn name(sound: &[f32]) -> &'static str {
    let both = |notes: &[f64; 2]| power(sound, notes[0]).min(power(sound, notes[1]));
    NOTES.iter().max_by(|a, b| both(&a.1).total_cmp(&both(&b.1))).unwrap().0
}

#[test]
fn each_event_has_its_sound() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ear = Ear::of(&server, "ada");
    ear.client.stdout.wait_for("online");
    let mut bob: Option<Peer> = None;
    let mut expected = Vec::new();
    for event in ["login", "message", "mention", "private", "error", "logout"] {
        match event {
            "login" => bob = Some(server.login("bob")),
            "logout" => bob.take().unwrap().close(),
            "error" => ear.client.type_line("/whois nobody"),
            "message" => drop(bob.as_mut().unwrap().say("hello")),
            "mention" => drop(bob.as_mut().unwrap().say("hello, Ada")),
            _ => drop(bob.as_mut().unwrap().ask(json!({"type": "whisper", "to": "ada", "text": "psst"}))),
        }
        expected.push(event);
        let names: Vec<_> = ear.heard(expected.len()).iter().map(|sound| name(sound)).collect();
        assert_eq!(names, expected);
    }
    for (sound, event) in ear.heard(6).iter().zip(expected) {
        let [first, second] = NOTES.iter().find(|known| known.0 == event).unwrap().1;
        let others = NOTES.iter().filter(|known| known.0 != event).flat_map(|known| known.1);
        let loudest = others.map(|hz| power(sound, hz)).fold(0.0, f64::max);
        assert!(power(sound, first) > loudest && power(sound, second) > loudest, "{event}: another note is louder");
    }
}

#[test]
fn what_is_off_is_not_heard_and_a_test_is() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ear = Ear::of(&server, "ada");
    ear.client.stdout.wait_for("online");
    ear.client.type_line("/sound off");
    ear.client.stderr.wait_for("error    off");
    ear.client.type_line("/sound private on");
    ear.client.stderr.wait_for("private  on");
    let mut bob = server.login("bob");
    bob.say("hello");
    ear.client.type_line("/sound logout test");
    ear.heard(1);
    ear.client.type_line("/dnd");
    ear.client.stderr.wait_for("nothing disturbs you");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "unheard"}));
    ear.client.stdout.wait_for("unheard");
    ear.client.type_line("/dnd off");
    ear.client.stderr.wait_for("as set again");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "heard"}));
    let names: Vec<_> = ear.heard(2).iter().map(|sound| name(sound)).collect();
    assert_eq!(names, ["logout", "private"]);
}

#[test]
fn sounds_of_ones_own_take_the_place_of_ours() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("private.wav"), include_bytes!("../../sounds/error.wav")).unwrap();
    let mut ear = Ear::with(&server, "ada", &["--sounds", folder.path().to_str().unwrap()]);
    ear.client.stdout.wait_for("online");
    for (count, event, sound) in [(1, "private", "error"), (2, "login", "login")] {
        ear.client.type_line(&format!("/sound {event} test"));
        assert_eq!(name(&ear.heard(count)[count - 1]), sound, "{event}");
    }
}

#[test]
fn a_storm_is_no_drumroll() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ear = Ear::of(&server, "ada");
    ear.client.stdout.wait_for("online");
    let mut bob = server.login("bob");
    ear.heard(1);
    let start = Instant::now();
    while start.elapsed() < 5 * STORM_GAP {
        bob.say("hello");
    }
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "and you"}));
    ear.client.stdout.wait_for("and you");
    ear.heard(3);
    ear.client.type_line("/logout");
    ear.client.wait();
    let played = sounds(&ear.file).len() - 1;
    let most = start.elapsed().as_millis() / STORM_GAP.as_millis() + 1;
    assert!(played as u128 <= most, "{played} sounds in {:?}", start.elapsed());
}

#[test]
fn without_audio_whispers_ring_the_bell() {
    let server = Server::with_users(&["ada", "bob"]);
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("asound.conf"), "").unwrap();
    let line = format!(
        "ALSA_CONFIG_PATH='{}' '{}' --plain '{}' --user ada",
        folder.path().join("asound.conf").display(),
        env!("CARGO_BIN_EXE_homeroom-client"),
        server.join_link()
    );
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("HOMEROOM_CONFIG_DIR", folder.path());
    let mut ada = Terminal::of(script.env("HOMEROOM_PASSWORD", PASSWORD));
    ada.stdout.wait_for("online");
    let mut bob = server.login("bob");
    bob.say("no bell for this");
    ada.stdout.wait_for("no sounds: ");
    assert!(!ada.stdout.wait_for("no bell for this").contains('\x07'));
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "psst"}));
    ada.stdout.wait_for("\x07");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
}

/// A client at a terminal of its own, with this configuration of ALSA.
fn at_a_terminal_with(server: &Server, folder: &Path, alsa: &str) -> Terminal {
    let config = folder.join("asound.conf");
    std::fs::write(&config, alsa).unwrap();
    let line = format!(
        "ALSA_CONFIG_PATH='{}' '{}' --plain '{}' --user ada",
        config.display(),
        Terminal::command(folder).get_program().to_str().unwrap(),
        server.join_link()
    );
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("HOMEROOM_CONFIG_DIR", folder).env_remove("RUST_LOG");
    Terminal::of(script.env("HOMEROOM_PASSWORD", PASSWORD))
}

/// ALSA prints what it thinks of such a configuration, and the crate above it panics.
#[test]
fn nothing_of_a_library_reaches_the_screen_and_the_bell_rings() {
    let server = Server::with_users(&["ada", "bob"]);
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut ada = at_a_terminal_with(&server, folder.path(), "pcm.!default {{{ garbage\n");
    ada.stdout.wait_for("online");
    let mut bob = server.login("bob");
    ada.stdout.wait_for("! no sounds: ");
    for count in 1..=2 {
        bob.ask(json!({"type": "whisper", "to": "ada", "text": "psst"}));
        ada.stdout.wait_for_the(count, "\x07");
    }
    ada.type_line("/sound");
    let shown = ada.stdout.wait_for("; `/sound private test` tries again");
    assert_eq!(shown.matches("! no sounds: ").count(), 2, "told once, and when it is asked for: {shown}");
    ada.type_line("/logout");
    let finished = ada.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for strange in ["ALSA lib", "thread '", "panicked", "backtrace"] {
        assert!(!finished.stdout.contains(strange), "{strange}: {}", finished.stdout);
    }
}

/// Nobody reads from the pipe that stands for the device.
#[test]
fn a_device_that_hangs_keeps_nobody() {
    let server = Server::with_users(&["ada", "bob"]);
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let alsa = format!(
        "pcm.null {{ type null }}\npcm.!default {{ type file slave.pcm \"null\" file \"{}\" format \"raw\" }}\n",
        pipe.display()
    );
    let mut ada = at_a_terminal_with(&server, folder.path(), &alsa);
    ada.stdout.wait_for("online");
    let mut bob = server.login("bob");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "psst"}));
    ada.stdout.wait_for("! no sounds: the sound system doesn't answer");
    ada.stdout.wait_for("\x07");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
}

/// The player is a process of its own: it may crash, and it goes when the client goes.
#[test]
fn a_player_that_crashes_is_told_and_the_next_one_plays() {
    let server = Server::with_users(&["ada"]);
    let mut ear = Ear::of(&server, "ada");
    ear.client.stdout.wait_for("online");
    ear.client.type_line("/sound login test");
    let tasks = format!("/proc/{}/task", ear.client.pid());
    let players = || -> Vec<u32> {
        let children =
            |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let children: String = std::fs::read_dir(&tasks).unwrap().map(|task| children(task.unwrap())).collect();
        children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    };
    crate::harness::wait_until("the player is there", || players().len() == 1);
    let first = players();
    let stop = std::process::Command::new("kill").args(["-ABRT", &first[0].to_string()]).status();
    assert!(stop.unwrap().success());
    // If it had not answered yet, this is the next one already.
    ear.client.type_line("/sound login test");
    ear.client.stderr.wait_for("no sounds: the sound library ended its process (signal: 6");
    ear.client.type_line("/sound private test");
    ear.client.stderr.wait_for("sounds can be played again");
    let second = players();
    assert_eq!(second.len(), 1, "{second:?}");
    ear.client.type_line("/logout");
    assert_eq!(ear.client.wait().code, Some(0));
    crate::harness::wait_until("the player is gone", || !Path::new(&format!("/proc/{}/exe", second[0])).exists());
}
