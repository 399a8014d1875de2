//! A window that is dragged to another size while a line is edited and others speak.

use super::screen::{Person, say};
use crate::harness::{Peer, Random, Screen, Server};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// From one size of the window to the next.
const STEP: Duration = Duration::from_millis(20);
/// On a machine that takes longer for one, the window stands still in between, and what is drawn then may become a ghost.
const SLOW_STEP: Duration = Duration::from_millis(100);
/// What is typed: several rows.
const LINE_CHARS: usize = 170;

/// How a terminal takes another size.
type Take = fn(screen: &mut Screen, rows: u16, columns: u16);

const TERMINALS: [Take; 3] = [Screen::resize, Screen::rewrap, Screen::rewrap_in_tmux];

struct Scene {
    _server: Server,
    ada: Person,
    bob: Peer,
    said: usize,
    /// No step of a drag was slow.
    is_quick: bool,
}

impl Scene {
    fn new() -> Self {
        let server = Server::unlimited(&["ada", "bob"]);
        let bob = server.login("bob");
        let mut ada = Person::join(&server, "ada");
        ada.screen.press(&line());
        let mut scene = Self { _server: server, ada, bob, said: 0, is_quick: true };
        (0..6).for_each(|_| scene.say());
        scene.wait_for_last();
        scene
    }

    fn say(&mut self) {
        self.said += 1;
        say(&mut self.bob, &format!("<{}>", self.said));
    }

    /// Waits until all is shown that was said, and the line whole below it.
    #[track_caller]
    fn wait_for_last(&self) {
        let end = format!("bob: <{}>> {}", self.said, line());
        self.ada.screen.wait_for(|rows| rows.concat().ends_with(&end));
    }

    /// Has these sizes one after the other, and at the end the first one, while bob speaks.
    #[track_caller]
    fn drag(&mut self, take: Take, sizes: impl IntoIterator<Item = (u16, u16)>) {
        for (step, (rows, columns)) in sizes.into_iter().enumerate() {
            let start = Instant::now();
            take(&mut self.ada.screen, rows, columns);
            sleep(STEP);
            if step % 3 == 1 {
                self.say();
            }
            self.is_quick &= start.elapsed() < SLOW_STEP;
        }
        take(&mut self.ada.screen, 24, 60);
        self.say();
        self.wait_for_last();
    }

    /// Whether each message is there, once.
    #[track_caller]
    fn assert_whole(&self, ghosts: usize) {
        let all = self.ada.screen.everything();
        for number in 1..=self.said {
            assert_eq!(all.matches(&format!("<{number}>")).count(), 1, "message {number} in {all}");
        }
        let count = all.matches("> abc").count();
        assert!(count <= 1 + ghosts || !self.is_quick, "a ghost of the line in {all}");
    }
}

fn line() -> String {
    ('a'..='z').cycle().take(LINE_CHARS).collect()
}

#[test]
fn a_dragged_window_costs_no_message_and_leaves_no_ghost() {
    for take in TERMINALS {
        let mut scene = Scene::new();
        for _ in 0..2 {
            let there = (20..60).rev().step_by(2).map(|columns| (24, columns));
            scene.drag(take, there.clone().chain(there.rev()));
            scene.assert_whole(0);
        }
    }
}

#[test]
fn random_sizes_cost_no_message() {
    let mut random = Random::new(21);
    for take in TERMINALS {
        let mut scene = Scene::new();
        for _ in 0..2 {
            let sizes: Vec<_> = (0..40).map(|_| (24, 20 + u16::try_from(random.below(80)).unwrap())).collect();
            scene.drag(take, sizes);
            scene.assert_whole(0);
        }
    }
}

#[test]
fn a_line_that_did_not_fit_a_small_window_leaves_nothing_in_a_larger_one() {
    for narrow in [5, 7, 20] {
        let mut scene = Scene::new();
        scene.ada.screen.rewrap(3, narrow);
        // Half of the rows are for what is said.
        scene.ada.screen.wait_for(|rows| rows.len() == 1);
        scene.ada.screen.rewrap(24, 60);
        scene.wait_for_last();
        scene.assert_whole(0);
    }
}

#[test]
fn a_line_at_the_top_of_the_screen_leaves_nothing_above_it() {
    let mut scene = Scene::new();
    scene.ada.screen.press("\x0c");
    scene.ada.screen.wait_for(|rows| rows.concat() == format!("> {}", line()));
    for _ in 0..3 {
        scene.ada.screen.press("\x1b[Dx\x7f");
    }
    scene.say();
    scene.wait_for_last();
    scene.assert_whole(0);
}

#[test]
fn the_terminal_knows_its_size_before_the_kernel_does() {
    let mut scene = Scene::new();
    scene.ada.screen.rewrap(24, 50);
    scene.ada.screen.rewrap_untold(24, 100);
    for _ in 0..2 {
        scene.say();
        scene.wait_for_last();
    }
    scene.assert_whole(0);
}

#[test]
fn a_change_that_is_over_at_once_is_seen_too() {
    let mut scene = Scene::new();
    // The terminal's rows are cut, and its size is as before.
    scene.ada.screen.resize(24, 20);
    scene.ada.screen.resize(24, 60);
    scene.wait_for_last();
    scene.assert_whole(0);
}

/// Whoever drags without a pause sees all the same what is said, and at most a ghost of the line.
#[test]
fn a_drag_that_never_ends_keeps_no_message_back() {
    let mut scene = Scene::new();
    // The line has more rows than it will have.
    scene.ada.screen.rewrap(24, 30);
    scene.say();
    scene.wait_for_last();
    scene.ada.screen.rewrap(24, 80);
    scene.say();
    let wanted = format!("<{}>", scene.said);
    let end = Instant::now() + Duration::from_secs(30);
    let mut widths = (60..90).rev().chain(60..90).cycle();
    while !scene.ada.screen.everything().contains(&wanted) {
        assert!(Instant::now() < end, "{wanted} is kept back");
        scene.ada.screen.rewrap(24, widths.next().unwrap());
        sleep(STEP);
    }
    scene.drag(TERMINALS[1], [(24, 50)]);
    scene.assert_whole(1);
}
