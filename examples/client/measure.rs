//! How soon the client is there, how much memory it holds, and how many lines it shows.

use crate::room::{Room, beside_us};
use crate::screen::Screen;
use crate::talker::Talker;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 30;
const LINES_PER_SECOND: usize = 10_000;
const SECONDS: usize = 5;

/// Prints all figures.
pub(crate) fn all() {
    let room = Room::open(&["ada", "bob"]);
    starts(&room);
    memory(&room);
    lines(&room);
}

fn starts(room: &Room) {
    let ours = beside_us("homeroom-client");
    // From then on it knows the server.
    start(&room.client(&ours, "ada"));
    let mut took: Vec<Duration> = (0..STARTS).map(|_| start(&room.known_to(&ours, "ada"))).collect();
    took.sort();
    let ms = |took: Duration| took.as_secs_f64() * 1000.0;
    let (median, worst) = (ms(took[STARTS / 2]), ms(took[STARTS - 1]));
    println!(
        "start to prompt with a known server on loopback, login with a password of 1,000 rounds: median {median:.1} ms, worst of {STARTS} {worst:.1} ms"
    );
}

/// From the start of the program until its prompt is on the screen.
fn start(client: &Command) -> Duration {
    let start = Instant::now();
    let mut screen = Screen::start(client, (24, 80));
    screen.wait_for_end(&[">"]);
    let took = start.elapsed();
    screen.press("\x04");
    screen.finish();
    took
}

fn memory(room: &Room) {
    let ours = beside_us("homeroom-client");
    let screen = Screen::start(&room.client(&ours, "ada"), (24, 80));
    screen.wait_for_end(&[">"]);
    let (resident, own) = held(screen.pid());
    println!("memory of an idle client at a terminal: {resident} KiB resident, {own} KiB of it its own");
    let mut client = room.client(&ours, "ada");
    let mut plain = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(plain.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let (resident, own) = held(plain.id());
    println!("memory of an idle client in a pipe: {resident} KiB resident, {own} KiB of it its own");
    drop(plain.stdin.take());
    plain.wait().unwrap();
}

/// KiB resident, and private.
fn held(pid: u32) -> (u64, u64) {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let sum = |names: &[&str]| {
        let lines = rollup.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
        lines.map(|line| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()).sum()
    };
    (sum(&["Rss:"]), sum(&["Private_Clean:", "Private_Dirty:"]))
}

fn lines(room: &Room) {
    let mut client = room.client(&beside_us("homeroom-client"), "ada");
    let mut plain = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(plain.stdout.take().unwrap()).lines().map_while(Result::ok);
    shown.find(|line| line.contains("online")).unwrap();
    let mut bob = Talker::join(room.address(), "bob");
    let (epoch, before) = (Instant::now(), processor_time(plain.id()));
    let talking = std::thread::spawn(move || bob.talk(epoch, LINES_PER_SECOND, SECONDS));
    let mut lags: Vec<Duration> = Vec::new();
    while lags.len() < LINES_PER_SECOND * SECONDS {
        let line = shown.next().expect("the client ended");
        let Some((_, said)) = line.split_once("bob: ") else { continue };
        let mut words = said.split(' ');
        assert_eq!(words.next(), Some(&*lags.len().to_string()), "a line is missing: {line}");
        let at = Duration::from_micros(words.next().unwrap().parse().unwrap());
        lags.push(epoch.elapsed() - at);
    }
    let (took, spent) = (talking.join().unwrap(), processor_time(plain.id()) - before);
    drop(plain.stdin.take());
    plain.wait().unwrap();
    let last = lags[lags.len() - LINES_PER_SECOND / 10..].iter().max().unwrap().as_secs_f64() * 1000.0;
    lags.sort();
    let at = |percent: usize| lags[(lags.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "{} lines said in {:.2} s, {:.0} a second: shown {:.1} ms (median), {:.1} ms (99 %) after they were said; in the last tenth of a second {last:.1} ms at most",
        lags.len(),
        took.as_secs_f64(),
        lags.len() as f64 / took.as_secs_f64(),
        at(50),
        at(99),
    );
    println!("processor time for a line: {:.1} µs", spent.as_secs_f64() * 1e6 / lags.len() as f64);
}

/// User and system time so far. Linux shows programs 100 ticks a second.
fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
