//! Many clients log in at once.

use crate::Result;
use crate::client::{Client, Credential};
use crate::crowd::{Crowd, Seat, Stage, UNKNOWN, name, read_until};
use crate::progress::Progress;
use crate::server::{PASSWORD, Server};
use homeroom::sync::lock;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long all of them may take.
const ARRIVAL_DEADLINE: Duration = Duration::from_secs(180);
/// How long one login may take.
const LOGIN_DEADLINE: Duration = Duration::from_secs(60);
/// The stack of a thread that logs clients in.
const STACK_BYTES: usize = 256 * 1024;

/// A client that was there before.
#[derive(Debug)]
pub(crate) struct Past {
    token: String,
    seen: u64,
}

/// What it took until all had logged in and every client had seen all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) wall: Duration,
    pub(crate) cpu: Option<Duration>,
}

/// What everyone needs to come back.
pub(crate) fn remember(crowd: &Crowd) -> Vec<Past> {
    let past = |client: &Client| Past { token: client.token.clone(), seen: client.seen };
    crowd.seats.iter().filter_map(|seat| lock(seat).as_ref().map(past)).collect()
}

/// Logs in the clients `who`, `at_a_time` of them at a time, with their passwords, or with what is known of their
/// `past`. Ends when everyone in the crowd has seen the last `joined`.
pub(crate) fn arrive(
    crowd: &Crowd,
    server: &Server,
    who: Range<usize>,
    past: Option<&[Past]>,
    at_a_time: usize,
    progress: &Progress,
) -> Result<Arrived> {
    let arrival = Arrival {
        crowd,
        server,
        past,
        end: who.end,
        next: who.start.into(),
        here: 0.into(),
        newest: 0.into(),
        upto: UNKNOWN.into(),
        stage: Stage::default(),
    };
    let (begun, cpu) = (Instant::now(), server.cpu());
    thread::scope(|scope| -> Result<()> {
        let readers: Vec<_> =
            crowd.shares().map(|share| scope.spawn(|| read_until(share, &arrival.stage, &arrival.upto))).collect();
        for _ in 0..at_a_time.min(who.len()) {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, || arrival.run()).inspect_err(|e| arrival.stage.fail(e))?;
        }
        arrival.stage.watch(ARRIVAL_DEADLINE, || {
            let here = arrival.here.load(Ordering::Acquire);
            progress.tick(here as u64, who.len() as u64);
            if here == who.len() {
                arrival.upto.store(arrival.newest.load(Ordering::Acquire), Ordering::Release);
            }
            readers.iter().all(|reader| reader.is_finished())
        });
        Ok(())
    })?;
    let (wall, after) = (begun.elapsed(), server.cpu());
    let behind = arrival.behind();
    arrival.stage.result()?;
    if behind > 0 {
        return Err(format!("{behind} clients were not told who came").into());
    }
    Ok(Arrived { wall, cpu: after.zip(cpu).map(|(after, before)| after - before) })
}

/// What the threads of an arrival share.
struct Arrival<'a> {
    crowd: &'a Crowd,
    server: &'a Server,
    past: Option<&'a [Past]>,
    /// One after the last who is to come.
    end: usize,
    next: AtomicUsize,
    here: AtomicUsize,
    /// The newest event that a welcome has told of: in the end, the last `joined`.
    newest: AtomicU64,
    /// What the readers wait for: `newest`, once everyone is here.
    upto: AtomicU64,
    stage: Stage,
}

impl Arrival<'_> {
    /// How many haven't seen the last `joined`.
    fn behind(&self) -> usize {
        let newest = self.newest.load(Ordering::Acquire);
        let behind = |seat: &&Seat| lock(seat).as_ref().is_some_and(|client| client.seen < newest);
        self.crowd.seats.iter().filter(behind).count()
    }

    fn run(&self) {
        while !self.stage.is_over() {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= self.end {
                return;
            }
            match self.log_in(i) {
                Ok((client, seq)) => {
                    *lock(&self.crowd.seats[i]) = Some(client);
                    self.newest.fetch_max(seq, Ordering::AcqRel);
                    self.here.fetch_add(1, Ordering::AcqRel);
                }
                Err(e) => self.stage.fail(e),
            }
        }
    }

    fn log_in(&self, i: usize) -> Result<(Client, u64)> {
        let deadline = Instant::now() + LOGIN_DEADLINE;
        let mut client = Client::connect(self.server.address, None, deadline)?;
        if self.crowd.is_web(i) {
            client.go_through_page(deadline)?;
        }
        let credential = match self.past {
            Some(past) => Credential::Token(&past[i].token, past[i].seen),
            None => Credential::Password(PASSWORD),
        };
        let seq = client.log_in(&name(i), credential, deadline)?;
        Ok((client, seq))
    }
}
