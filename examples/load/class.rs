//! How fast a class arrives: all of it at once, with one-time passwords, and with passwords of their own.

use crate::Result;
use crate::client::{Client, Credential};
use crate::crowd::name;
use crate::progress::Progress;
use crate::report::Row;
use crate::server::{OWN_ROUNDS, PASSWORD, Server, Site};
use homeroom::protocol::{Request, Secret};
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// A class, and three of them.
const CLASSES: [usize; 2] = [30, 100];
/// How long all of it may take.
const DEADLINE: Duration = Duration::from_secs(300);

/// What it takes until the last one of a class has been answered.
struct Took {
    wall: Duration,
    cpu: Option<Duration>,
}

/// First logins, the passwords that are then chosen all at once, and logins with those.
pub(crate) fn arrivals(program: &Path, progress: &Progress) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for clients in CLASSES {
        progress.stage(format!("{clients} come for the first time"));
        let site = Site::empty(program)?;
        let passwords = site.one_time(clients)?;
        let server = site.start(OWN_ROUNDS)?;
        let (class, first) = log_in(&server, &passwords)?;
        let chosen = choose(&server, class, &passwords)?;
        progress.stage(format!("{clients} come with passwords of their own"));
        let (_, own) = log_in(&server, &vec![PASSWORD.to_owned(); clients])?;
        let row = |stage, title: &str, took: Took| {
            let row = Row::new(stage, title, clients).with_seconds(
                "wall_seconds",
                "time until the last is answered",
                took.wall,
            );
            row.with_seconds("cpu_seconds", "server CPU", took.cpu)
        };
        rows.push(row("first_logins", "all log in at once with one-time passwords (1,000 rounds)", first));
        rows.push(row("chosen", "then all choose passwords at the same moment (600,000 rounds)", chosen));
        rows.push(row("own_logins", "all log in at once with passwords of their own (600,000 rounds)", own));
    }
    Ok(rows)
}

/// Everyone at once.
fn log_in(server: &Server, passwords: &[String]) -> Result<(Vec<Client>, Took)> {
    let deadline = Instant::now() + DEADLINE;
    let everyone = passwords.iter().enumerate().map(|(i, password)| {
        move || {
            let mut client = Client::connect(server.address, None, deadline)?;
            client.log_in(&name(i), Credential::Password(password), deadline)?;
            Ok(client)
        }
    });
    at_once(server, everyone.collect())
}

/// Everyone's next password, at once.
fn choose(server: &Server, class: Vec<Client>, passwords: &[String]) -> Result<Took> {
    let deadline = Instant::now() + DEADLINE;
    let everyone = class.into_iter().zip(passwords).map(|(mut client, password)| {
        move || {
            let old = Secret::from(password.clone());
            client.ask(&Request::Passwd { old, new: Secret::from(PASSWORD.to_owned()) }.encode(Some("p")), deadline)
        }
    });
    Ok(at_once(server, everyone.collect())?.1)
}

/// Each on a thread of its own, from one moment on.
fn at_once<T: Send, E: FnOnce() -> Result<T> + Send>(server: &Server, everyone: Vec<E>) -> Result<(Vec<T>, Took)> {
    let start = Barrier::new(everyone.len() + 1);
    thread::scope(|scope| {
        let start = &start;
        let wait_and = |each: E| {
            move || {
                start.wait();
                each()
            }
        };
        let threads: Vec<_> = everyone.into_iter().map(|each| scope.spawn(wait_and(each))).collect();
        let cpu = server.cpu();
        start.wait();
        let begun = Instant::now();
        let all = threads.into_iter().map(|thread| thread.join().map_err(|_| "a client panicked")?);
        let all = all.collect::<Result<Vec<T>>>()?;
        let (wall, after) = (begun.elapsed(), server.cpu());
        Ok((all, Took { wall, cpu: after.zip(cpu).map(|(after, before)| after - before) }))
    })
}
