//! The stages: which loads, in which order, and what is reported of each.

use crate::Result;
use crate::args::{Args, Plan};
use crate::arrivals::{self, Arrived, Past};
use crate::client::{Client, Credential};
use crate::crowd::{Crowd, name};
use crate::logins::{BAD_LOGIN_ROUNDS, Guessers};
use crate::progress::Progress;
use crate::report::{Report, Row};
use crate::room::{self, Measured, Pace, Room};
use crate::server::{ADMIN, HASH_ROUNDS, PASSWORD, Server, Site};
use homeroom::protocol::Request;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long the server is left alone before its memory is read, so that what logins leave behind is gone.
const SETTLE: Duration = Duration::from_secs(2);
/// How long one login may take.
pub(crate) const LOGIN_DEADLINE: Duration = Duration::from_secs(60);
/// How many bad logins come at once (issue 3, row 5).
const GUESSERS: usize = 50;
/// The clients who chat meanwhile.
const CHATTERS_MAX: usize = 100;

/// What all stages need.
pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Args,
    pub(crate) plan: &'a Plan,
    pub(crate) program: &'a Path,
    pub(crate) progress: &'a Progress,
}

impl Bench<'_> {
    /// A folder with so many accounts, kept as the command line says.
    pub(crate) fn site(&self, clients: usize) -> Result<Site> {
        let site = Site::new(self.program, (0..clients).map(name))?;
        site.keeping(self.args.sync.as_deref(), self.args.mirror.as_deref())
    }

    /// Logins at once, idle memory, a quiet and two busy rooms, and clients that come back.
    pub(crate) fn rooms(&self, report: &mut Report) -> Result<()> {
        let n = self.plan.clients;
        self.progress.stage(format!("making {n} accounts"));
        let site = self.site(n)?;
        let server = site.start(HASH_ROUNDS)?;
        let crowd = Crowd::new(n, self.plan.readers, self.args.web);
        let before = server.resident_kib();

        let arrived = self.arrive(&crowd, &server, 0..n, None)?;
        report.add(arrival_row("storm", "all log in at once, everyone sees everyone's `joined`", n, arrived));
        report.add(self.memory(&crowd, &server, before, ("memory", "idle clients"))?);
        let row = self.room(&crowd, &server, self.quiet(), "quiet", "a quiet room")?;
        report.add(row);
        report.add(self.room(&crowd, &server, self.busy(n, self.plan.deliveries), "busy", "a busy room")?);
        report.add(self.room(&crowd, &server, self.busier(n), "busier", "a busier room")?);
        if site.lost_its_mirror() {
            report.note("The mirror was too slow or failed: for a while nobody waited for it, and the figures are partly without it.");
        }

        let past = arrivals::remember(&crowd);
        self.everyone_leaves(&crowd, &server)?;
        let arrived = self.arrive(&crowd, &server, 0..n, Some(&past))?;
        report.add(arrival_row("return", "all come back with tokens and are told what they missed", n, arrived));
        let back = ("return_memory", "idle clients that were told much, went and came back");
        report.add(self.memory(&crowd, &server, before, back)?);
        if self.args.restart {
            report.add(self.restart(&site, server, crowd)?);
        }
        Ok(())
    }

    /// Idle memory on the way up, idle CPU at the top, the busy room on the way down: what a busy room leaves in
    /// the server's memory, above all the messages themselves, must not be taken for the clients'.
    pub(crate) fn growth(&self, report: &mut Report) -> Result<()> {
        let steps = &self.plan.steps;
        let max = steps.last().copied().unwrap_or_default();
        self.progress.stage(format!("making {max} accounts"));
        let site = self.site(max)?;
        let server = site.start(HASH_ROUNDS)?;
        let crowd = Crowd::new(max, self.plan.readers, self.args.web);
        let before = server.resident_kib();
        let mut from = 0;
        for &to in steps {
            self.arrive(&crowd, &server, from..to, None)?;
            report.add(self.memory(&crowd, &server, before, ("memory", "idle clients"))?);
            from = to;
        }
        report.add(self.idle(&crowd, &server)?);

        let mut costs = Vec::new();
        for &n in steps.iter().rev() {
            if crowd.len() > n {
                let mut watcher = self.enter(&server)?;
                crowd.leave(n, &mut watcher)?;
            }
            let row = self.room(&crowd, &server, self.busy(n, self.plan.growth_deliveries), "growth", "a busy room")?;
            costs.extend(row.value("cpu_us_per_delivery"));
            report.add(row);
        }
        let (low, high) = costs.iter().fold((f64::MAX, 0.0_f64), |(low, high), &cost| (low.min(cost), high.max(cost)));
        let title = format!("the busy room with {} to {max} clients", steps[0]);
        let ratio = (high > 0.0 && low > 0.0).then(|| high / low);
        report.add(Row::new("flatness", title, max).with("ratio", "dearest to cheapest delivery", "", ratio));
        Ok(())
    }

    /// What many bad logins at once cost those who chat.
    pub(crate) fn hashing(&self, report: &mut Report) -> Result<()> {
        let n = self.plan.clients.min(CHATTERS_MAX);
        let site = self.site(n)?;
        // The clients' own hashes are cheap to check; what a bad login costs is the server's number of rounds.
        let server = site.start(BAD_LOGIN_ROUNDS)?;
        let crowd = Crowd::new(n, self.plan.readers, self.args.web);
        self.arrive(&crowd, &server, 0..n, None)?;
        let row = self.room(&crowd, &server, self.quiet(), "hashing_idle", "a quiet room, nobody else logs in")?;
        report.add(row);
        let guessers = Guessers::default();
        let (row, failed) = thread::scope(|scope| -> Result<(Row, u64)> {
            let (guessers, server) = (&guessers, &server);
            let threads: Vec<_> = (0..GUESSERS).map(|i| scope.spawn(move || guessers.run(server, i))).collect();
            let title = format!("the same, and {GUESSERS} bad logins at once");
            let row = self.room(&crowd, server, self.quiet(), "hashing", title);
            guessers.stop();
            let mut failed = 0;
            for thread in threads {
                failed += thread.join().map_err(|_| "a guesser panicked")??;
            }
            Ok((row?, failed))
        })?;
        // The CPU of this row is the hashing's.
        let row = row.without("cpu_us_per_delivery");
        report.add(row.with("bad_logins", "bad logins answered", "", failed as f64));
        Ok(())
    }

    pub(crate) fn busy(&self, clients: usize, deliveries: u64) -> Room {
        let messages = (deliveries / clients as u64).max(1);
        Room {
            rooms: 1,
            senders: self.args.senders.clamp(1, clients),
            messages,
            pace: Pace::InFlight(self.args.in_flight),
        }
    }

    fn busier(&self, clients: usize) -> Room {
        let senders = (4 * self.args.senders).clamp(1, clients);
        let messages = (self.plan.busier_deliveries / clients as u64).max(1);
        Room { rooms: 1, senders, messages, pace: Pace::InFlight(8 * self.args.in_flight) }
    }

    pub(crate) fn quiet(&self) -> Room {
        let messages = ((self.args.rate * self.plan.seconds as f64) as u64).max(1);
        Room { rooms: 1, senders: 1, messages, pace: Pace::PerSecond(self.args.rate) }
    }

    pub(crate) fn room(
        &self,
        crowd: &Crowd,
        server: &Server,
        room: Room,
        stage: &'static str,
        title: impl Into<String>,
    ) -> Result<Row> {
        let pace = match room.pace {
            Pace::InFlight(messages) => format!("{} senders, {messages} in flight", room.senders),
            Pace::PerSecond(rate) => format!("{rate} messages/s"),
        };
        let (title, clients) = (format!("{}: {pace}", title.into()), crowd.len());
        self.progress.stage(format!("{title}, {clients} clients"));
        let measured = room::run(room, crowd, server, self.progress)?;
        Ok(room_row(stage, title, clients, measured))
    }

    pub(crate) fn arrive(
        &self,
        crowd: &Crowd,
        server: &Server,
        who: std::ops::Range<usize>,
        past: Option<&[Past]>,
    ) -> Result<Arrived> {
        self.progress.stage(format!("{} clients log in{}", who.len(), past.map_or("", |_| " with tokens")));
        arrivals::arrive(crowd, server, who, past, self.args.at_a_time, self.progress)
    }

    pub(crate) fn memory(
        &self,
        crowd: &Crowd,
        server: &Server,
        before: Option<u64>,
        (stage, title): (&'static str, &str),
    ) -> Result<Row> {
        let clients = crowd.len();
        self.progress.stage(format!("{clients} {title}"));
        crowd.rest(SETTLE, self.progress)?;
        let resident = server.resident_kib();
        let own = resident.zip(before).map(|(resident, before)| resident.saturating_sub(before) as f64);
        Ok(Row::new(stage, title, clients)
            .with(
                "kib_per_client",
                "resident memory a client, the server's own included",
                "KiB",
                per(resident, clients),
            )
            .with("own_kib_per_client", "without what it takes for none", "KiB", own.map(|own| own / clients as f64)))
    }

    fn idle(&self, crowd: &Crowd, server: &Server) -> Result<Row> {
        let (clients, seconds) = (crowd.len(), self.plan.seconds);
        self.progress.stage(format!("{clients} idle clients for {seconds} s"));
        let (begun, before) = (Instant::now(), server.cpu_of_threads());
        crowd.rest(Duration::from_secs(seconds), self.progress)?;
        let used = server.cpu_of_threads().zip(before).map(|(after, before)| after.saturating_sub(before));
        let percent = used.map(|used| 100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64());
        Ok(Row::new("idle", format!("an idle server for {seconds} s"), clients).with(
            "cpu_percent",
            "CPU, in parts of one core",
            "%",
            percent,
        ))
    }

    fn everyone_leaves(&self, crowd: &Crowd, server: &Server) -> Result<()> {
        self.progress.stage("all leave");
        crowd.leave(0, &mut self.enter(server)?)
    }

    /// The server ends and starts again; everyone comes back with the token of before.
    fn restart(&self, site: &Site, server: Server, crowd: Crowd) -> Result<Row> {
        self.progress.stage("the server is restarted");
        let (n, past) = (crowd.len(), arrivals::remember(&crowd));
        self.enter(&server)?.send(&Request::Shutdown.encode(None))?;
        server.wait_for_end()?;
        drop(crowd);
        let (server, crowd) = (site.start(HASH_ROUNDS)?, Crowd::new(n, self.plan.readers, self.args.web));
        let arrived = self.arrive(&crowd, &server, 0..n, Some(&past))?;
        Ok(arrival_row("restart", "all come back with tokens after a restart of the server", n, arrived))
    }

    /// Logs the administrator in.
    pub(crate) fn enter(&self, server: &Server) -> Result<Client> {
        let deadline = Instant::now() + LOGIN_DEADLINE;
        let mut client = Client::connect(server.address, None, deadline)?;
        client.log_in(ADMIN, Credential::Password(PASSWORD), deadline)?;
        Ok(client)
    }
}

fn per(kib: Option<u64>, clients: usize) -> Option<f64> {
    kib.map(|kib| kib as f64 / clients as f64)
}

fn arrival_row(stage: &'static str, title: &str, clients: usize, arrived: Arrived) -> Row {
    Row::new(stage, title, clients).with_seconds("wall_seconds", "time", arrived.wall).with_seconds(
        "cpu_seconds",
        "server CPU",
        arrived.cpu,
    )
}

fn room_row(stage: &'static str, title: String, clients: usize, measured: Measured) -> Row {
    Row::new(stage, title, clients)
        .with("cpu_us_per_delivery", "server CPU a delivery", "µs", measured.cpu_us_per_delivery())
        .with("deliveries_per_second", "deliveries a second", "", measured.deliveries_per_second())
        .with_ms("p50_ms", "latency, p50 over all recipients", measured.p50)
        .with_ms("p99_ms", "latency, p99", measured.p99)
}
