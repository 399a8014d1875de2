//! The server: `homeroom-server`.
//!
//! ARCHITECTURE.md tells the threads, the locks and their order.

mod accounts;
mod chat;
mod clock;
pub mod config;
mod door;
#[doc(hidden)]
pub mod fuzzing;
mod metrics;
mod mirror;
mod requests;
mod running;
mod state;
mod timeline;
mod tools;
#[cfg(feature = "web")]
mod web;

use crate::identity::CertificateInfo;
use crate::output;
use crate::protocol::{Profile, Role, Secret, Username};
use crate::reason::{self, Reason};
use crate::sync::{Gate, lock};
use accounts::{Accounts, Author, Client, Hasher, NewAccount, Tokens};
use chat::Chat;
use clock::Clock;
use config::{
    Args, Command, Config, ConfigCommand, Folder, Limits, Notices, PersonCommand, ROUNDS_DEFAULT, arrival, folder,
    hollow, lost, machine, motd, no_thread, notices, system,
};
use door::accept;
use jiff::tz::TimeZone;
use mirror::Mirror;
use requests::{erasure, rooms};
use running::{Banner, caretaker, notifier, signals, supervisor, timers};
use state::{
    Audit, Counts, Erasure, FullHouse, InUse, LINGER, Lesson, Moment, PastPolls, Rooms, SHUTDOWN_DEADLINE, Server,
    Shutdown, Strangers, Throttle, Topic, announce, systemd,
};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use timeline::{Journal, Members, Past, Sequence, Timeline, journal};
use tools::{attendance, backup, check, doctor, export, identities, person, restore, users, users::Ground};

pub use config::ServerError;

/// Does what the command line says: runs the server until it's told to end, or looks after what a server needs.
///
/// # Errors
/// [`ServerError`].
pub fn run(config: Config) -> Result<(), ServerError> {
    let args = &config.args;
    if args.command.as_ref().is_some_and(Command::takes_it_for_whole) {
        arrival::told(&args.data_dir).map_or(Ok(()), |why| Err(ServerError::Folder(why)))?;
    }
    if !matches!(args.command, Some(Command::Check | Command::Doctor)) {
        config.told_unusable().iter().for_each(|told| log::warn!("{told}"));
    }
    if let Some(Command::Identity(command)) = &args.command {
        return identities::run(&args.data_dir, &args.listen, command).map_err(ServerError::Identity);
    }
    if let Some(Command::Doctor) = args.command {
        return judge(doctor::run(&config));
    }
    if let Some(Command::Check) = args.command {
        return judge(check::run(&config));
    }
    if let Some(Command::Export(wanted)) = &args.command {
        return export::run(&args.data_dir, wanted);
    }
    if let Some(Command::Backup { file }) = &args.command {
        return backup::run(&args.data_dir, file);
    }
    if let Some(Command::Restore { file }) = &args.command {
        return restore::run(&args.data_dir, file);
    }
    if let Some(Command::Attendance(wanted)) = &args.command {
        return attendance::run(&args.data_dir, wanted);
    }
    if let Some(Command::Person(PersonCommand::Export { user, to })) = &args.command {
        return person::export(&args.data_dir, user, to.as_deref());
    }
    if let Some(Command::Config(command)) = args.command {
        return match command {
            ConfigCommand::Check => config::check(&config),
            ConfigCommand::Show => config::show(&config).map_err(|e| system("print", &e)),
        };
    }
    if args.hash_rounds < ROUNDS_DEFAULT {
        log::warn!("{} hash rounds are for tests: passwords need {ROUNDS_DEFAULT}", args.hash_rounds);
    }
    let folder = Folder::open(&args.data_dir).map_err(ServerError::Folder)?;
    arrival::finish(&args.data_dir).map_err(ServerError::Folder)?;
    let mut put_aside = hollow::put_aside(&args.data_dir).map_err(ServerError::Folder)?;
    put_aside.extend(mirror::promote(&args.data_dir).map_err(ServerError::Folder)?);
    let hasher = Hasher::new(args.hash_rounds);
    let clock = open_clock(&folder).map_err(ServerError::Folder)?;
    let accounts = Accounts::open(&folder.users(), hasher, Arc::clone(&clock)).map_err(ServerError::Folder)?;
    match &args.command {
        Some(Command::User(command)) => {
            put_aside.iter().chain(&folder::exposure(&args.data_dir)).for_each(|told| log::warn!("{told}"));
            let since = Sequence::peek(&folder.sequence()).map_err(ServerError::Folder)?;
            let ground = Ground { accounts: &accounts, since, folder: &folder, clock: &clock, args };
            users::run(&ground, command).map_err(ServerError::User)
        }
        Some(Command::Person(PersonCommand::Erase { user })) => {
            erase_person(args, (&folder, &clock, &accounts), user).map_err(ServerError::User)
        }
        Some(_) | None => serve(config, folder, clock, accounts, put_aside),
    }
}

/// What a command that looks at things comes to.
fn judge(well: io::Result<bool>) -> Result<(), ServerError> {
    let well = well.map_err(|e| system("print", &e))?;
    if well { Ok(()) } else { Err(ServerError::Unwell) }
}

fn serve(
    config: Config,
    folder: Folder,
    clock: Arc<Clock>,
    accounts: Accounts,
    put_aside: Vec<String>,
) -> Result<(), ServerError> {
    signals::hold_back_hangups()?;
    if let Some(raised) = machine::raise_open_files() {
        log::info!("the limit of open files is raised {raised}, the most that this user may have");
    }
    // Before there are threads and clients, which the budget reckons with.
    let limits = Limits::new(&config.args.live);
    let listeners = accept::bind(&config.args.listen).map_err(ServerError::Listen)?;
    let local = |listener: &TcpListener| listener.local_addr().map_err(|e| ServerError::Listen(Reason(&e).to_string()));
    let listening = listeners.iter().map(local).collect::<Result<Vec<SocketAddr>, _>>()?;
    // Before anything is made in their place.
    let lost = lost(&config.args.data_dir);
    if let Some(mirror) = &config.args.mirror {
        mirror::refuse_to_begin(&config.args.data_dir, mirror, &lost).map_err(ServerError::Folder)?;
    }
    lost.iter().for_each(|lost| log::error!("{lost}: {}; {}", lost.ends(), lost.remedy()));
    let identity = InUse::open(&folder, &clock).map_err(ServerError::Identity)?;
    let since = Sequence::peek(&folder.sequence()).map_err(ServerError::Folder)?;
    let one_time = if accounts.is_new() { make_admin(&accounts, since)? } else { None };
    if !accounts.has_admin() {
        log::warn!("no account is an administrator's: end this and make one, `homeroom-server user add NAME --admin`");
    }
    let qr = !config.args.no_qr;
    let (metrics, announced) = (config.args.metrics, cfg!(feature = "discovery") && !config.args.no_announce);
    let (notices, posted) = notices::channel();
    accounts.tell(notices.clone());
    put_aside.into_iter().chain(folder::exposure(&config.args.data_dir)).for_each(|told| notices.tell_admins(told));
    let server = build(config, folder, clock, accounts, identity, notices, (listening.clone(), limits))?;
    server.renew_certificate();
    rooms::forget_the_deleted(&server);
    erasure::finish(&server);
    tell_capacity(&server);
    let certificate = lock(&server.identity).certificate.clone();
    notifier::start(&server, posted).map_err(|e| no_thread(&e))?;
    start_mirror(&server).map_err(|e| no_thread(&e))?;
    signals::handle(&server)?;
    if let Some(address) = metrics {
        let failed = |e: io::Error| {
            ServerError::Listen(format!("can't serve metrics on {address}, change --metrics: {}", Reason(&e)))
        };
        metrics::serve(&server, address).map_err(failed)?;
    }
    caretaker::start(&server).map_err(|e| no_thread(&e))?;
    timers::start(&server).map_err(|e| no_thread(&e))?;
    let threads = accept::start(&server, listeners).map_err(|e| no_thread(&e))?;
    let invitation = server.invitation();
    let banner = Banner {
        listening: &listening,
        invitation: &invitation,
        one_time: one_time.as_ref(),
        announced: announced && certificate.pin.code().is_some(),
        lost: &lost,
        qr,
    };
    let printed = banner.print();
    if printed.is_err() && one_time.is_some() {
        // Nobody has its password: the next start makes it anew.
        let _ = server.accounts.unmake();
    }
    printed.map_err(|e| system("print where it listens", &e))?;
    log::info!("listening on {}", listening.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", "));
    announce(&server, &listening, &certificate, announced);
    systemd::ready();
    supervisor::watch(&server, &threads);
    systemd::stopping();
    accept::stop(&listening, threads);
    close(&server);
    Ok(())
}

fn build(
    config: Config,
    folder: Folder,
    clock: Arc<Clock>,
    accounts: Accounts,
    identity: InUse,
    notices: Notices,
    (listening, limits): (Vec<SocketAddr>, Limits),
) -> Result<Arc<Server>, ServerError> {
    let live = &config.args.live;
    let motd = motd::read(live.motd.as_deref(), &folder.motd()).unwrap_or_else(|why| {
        notices.tell_admins(why);
        None
    });
    let (rooms, members) = Rooms::open(&folder.rooms(), !config.args.no_journal).map_err(ServerError::Folder)?;
    let lesson = Lesson::open(&folder.lesson()).map_err(ServerError::Folder)?;
    let timeline =
        open_timeline(&config.args, (&folder, &clock, &accounts), (members, &rooms, &lesson), notices.clone())
            .map_err(ServerError::Folder)?;
    let audit = Audit::open(&folder.audit(), notices.clone(), Instant::now())
        .map_err(|e| ServerError::Folder(format!("can't open audit.jsonl: {}", reason::of_file(&e))))?;
    let tokens = Tokens::open(&folder.tokens(), &clock.now(), notices.clone(), |name| accounts.state(name))
        .map_err(ServerError::Folder)?;
    let throttle = Throttle::with_homes(tokens.homes());
    let topic = Topic::open(&folder.topic()).map_err(ServerError::Folder)?;
    let slow_deadline = Duration::from_secs(live.slow_deadline);
    let chat = Chat::open(timeline, postmen(), slow_deadline).map_err(|e| no_thread(&e))?;
    chat.delivery().set_couriers_max(limits.capacity().budget.couriers);
    let first_seq = chat.head();
    Ok(Arc::new(Server {
        limits,
        listening,
        web: cfg!(feature = "web") && !config.args.no_web,
        config: Mutex::new(config),
        folder,
        clock,
        motd: Mutex::new(motd),
        accounts,
        chat,
        tokens,
        throttle: Mutex::new(throttle),
        audit,
        topic,
        lesson,
        rooms,
        identity: Mutex::new(identity),
        notices,
        lasting: Mutex::default(),
        announcement: OnceLock::new(),
        mirror: OnceLock::new(),
        counts: Counts::default(),
        first_seq,
        strangers: Strangers::default(),
        sessions: Gate::default(),
        staff: state::Kept::default(),
        full_house: FullHouse::default(),
        next_session: 0.into(),
        class_door: state::ClassDoor::default(),
        rollbook: state::Rollbook::new(TimeZone::system()),
        shutdown: Shutdown::default(),
        erasing: Mutex::default(),
    }))
}

/// For how many there is room, among the log's first lines.
fn tell_capacity(server: &Server) {
    let capacity = server.limits.capacity();
    log::info!("{}", capacity.told());
    capacity.too_small().iter().chain(&capacity.too_much_asked()).for_each(|told| log::warn!("{told}"));
}

/// Erases somebody while no server runs: with all that a server would have of them.
fn erase_person(
    args: &Args,
    (folder, clock, accounts): (&Folder, &Arc<Clock>, &Accounts),
    user: &str,
) -> Result<(), String> {
    let (notices, _posted) = notices::channel();
    let (rooms, members) = Rooms::open(&folder.rooms(), true)?;
    let lesson = Lesson::open(&folder.lesson())?;
    let timeline = open_timeline(args, (folder, clock, accounts), (members, &rooms, &lesson), notices.clone())?;
    let audit = Audit::open(&folder.audit(), notices.clone(), Instant::now())
        .map_err(|e| format!("can't open audit.jsonl: {}", reason::of_file(&e)))?;
    let tokens = Tokens::open(&folder.tokens(), &clock.now(), notices, |name| accounts.state(name))?;
    let topic = Topic::open(&folder.topic())?;
    let (timeline, tokens, lesson, rooms, topic, audit) = (&timeline, &tokens, &lesson, &rooms, &topic, &audit);
    person::erase(&Erasure { folder, accounts, timeline, tokens, lesson, rooms, topic, audit }, user)?;
    timeline.close().map_err(|e| format!("can't write {}: {}", folder.sequence().display(), reason::of_file(&e)))
}

/// All events there were, as far as they are kept, and where they go on. The rooms and the lesson catch up with them.
fn open_timeline(
    args: &Args,
    (folder, clock, accounts): (&Folder, &Arc<Clock>, &Accounts),
    (members, rooms, lesson): (Members, &Rooms, &Lesson),
    notices: Notices,
) -> Result<Arc<Timeline>, String> {
    let (mut past, mut polls) = (Past::with(members), lesson.now(PastPolls::beside));
    let options =
        journal::Options { sync: args.sync, keep_days: args.keep_days, keep_bytes: args.keep_mb * 1024 * 1024 };
    let journal = if args.no_journal {
        Journal::none()
    } else {
        Journal::open(&folder.journal(), options, notices, clock, |line| {
            polls.add(&line.record.kind, line.bytes);
            past.add(line.bytes, &line.record)
        })?
    };
    let sequence = Sequence::open(&folder.sequence(), past.last())?;
    clock.save().map_err(|e| format!("can't write {}: {}", folder.clock().display(), reason::of_file(&e)))?;
    let timeline = Arc::new(Timeline::new(sequence, journal, past, Arc::clone(clock)));
    rooms.catch_up(&timeline);
    let since = |name: &Username| accounts.state(name).map(|state| state.since);
    lesson.catch_up(&timeline, (polls, Moment::of(clock)), |room| rooms.is_there(room), since);
    Ok(timeline)
}

/// What time it is, as far as can be known from what was said last.
fn open_clock(folder: &Folder) -> Result<Arc<Clock>, String> {
    Clock::open(&folder.clock(), journal::newest(&folder.journal())).map(Arc::new)
}

/// One postman for each two cores: each keeps a core busy in a busy room, and the readers need some too.
fn postmen() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2)
}

/// The one account of a first start, unless its password could be told to nobody: then a later start makes it. Where the accounts
/// were lost it's another one than that of before.
fn make_admin(accounts: &Accounts, since: u64) -> Result<Option<Secret>, ServerError> {
    if let Err(e) = output::reaches_anybody() {
        log::warn!(
            "the account `admin` is not made, since its one-time password couldn't be told to anybody: {}; the next \
             start makes it where standard output is a terminal, a file or a pipe",
            Reason(&e)
        );
        return Ok(None);
    }
    let failed = |why: &dyn fmt::Display| ServerError::Folder(format!("can't make the account `admin`: {why}"));
    let name = Username::parse("admin").ok_or_else(|| failed(&"bad name"))?;
    let new = NewAccount { name: name.clone(), password: None, role: Role::Admin, profile: Profile::default(), since };
    let one_time = accounts.add(Author::Owner, new, &Client::own(&name)).map_err(|e| failed(&e))?;
    one_time.map(Some).ok_or_else(|| failed(&"no password"))
}

/// Keeps everything in another folder too, if that is wanted.
fn start_mirror(server: &Server) -> io::Result<()> {
    let config = lock(&server.config);
    let Some(path) = &config.args.mirror else { return Ok(()) };
    let journal = server.chat.timeline().copying();
    let mirror = Mirror::start(&config.args, path, journal, server.notices.clone())?;
    let _ = server.mirror.set(mirror);
    Ok(())
}

/// Tells the local network, unless nobody wants that.
fn announce(server: &Server, listening: &[SocketAddr], certificate: &CertificateInfo, wanted: bool) {
    if let Some(announcement) = wanted.then(|| announce::start(listening, certificate)).flatten() {
        let _ = server.announcement.set(announcement);
    }
}

/// Says goodbye to everyone, under a deadline.
fn close(server: &Arc<Server>) {
    server.announcement.get().inspect(|announcement| announcement.end());
    let deadline = Instant::now() + SHUTDOWN_DEADLINE;
    if !server.chat.close(deadline) {
        log::warn!("not everything could be delivered within {SHUTDOWN_DEADLINE:?}");
    }
    server.sessions.wait_until_empty(deadline.min(Instant::now() + LINGER));
    if let Err(why) = server.rooms.look(server.chat.timeline()) {
        log::error!("{why}");
    }
    server.audit.end(Instant::now());
    if let Err(e) = server.clock.save() {
        log::error!("clock.json can't be written: {}", reason::of_file(&e));
    }
    server.mirror.get().inspect(|mirror| mirror.end());
    log::info!("ended");
}
