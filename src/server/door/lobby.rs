//! The lobby: where strangers stay until they have logged in, and the only place they ever see.
//!
//! Each stranger has a lobby thread for the TLS handshake and the login, under one deadline. Who logs in is
//! handed to a fresh session thread with a small stack: a handshake dirties stack that an idle session never
//! needs again.

use super::login::{Applicant, Credentials, authenticate, explain, with_new_token};
use super::register::register;
use crate::duplex::{Duplex, Peer};
use crate::protocol::{self, ErrorCode, LINE_BYTES_MAX, Login, Register, Request, RequestId, ServerMessage, Welcome};
use crate::reason::{self, Reason};
use crate::server::accounts::BallotKey;
use crate::server::chat::{Person, Session, WRITE_WAIT, Withheld};
use crate::server::requests::{
    Refusal, all_called, fit_beside, json_bytes, lesson_came, let_in, listed_bytes, own_rooms, reader, refuse, split,
    waiting_whispers,
};
use crate::server::state::{NoPlace, Place, Server, Stay};
#[cfg(feature = "web")]
use crate::server::web;
use crate::sync::lock;
use std::borrow::Cow;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// The stack of a lobby thread. More than four times [`SESSION_STACK_BYTES`]: glibc gives the stack of a finished
/// thread to a new one unless it's more than four times what the new one asks for, and a lobby's stack is dirty.
const LOBBY_STACK_BYTES: usize = 1024 * 1024;
/// The stack of a session's thread. What it uses of it stays in memory; the rest costs nothing.
const SESSION_STACK_BYTES: usize = 192 * 1024;
/// How long a stranger that was refused has to read why.
const LINGER: Duration = Duration::from_secs(1);
/// How much of a welcome the rooms take at the most: as many as one may be in, each with its floor, and the topic and the poll of
/// the general one. The longest message of the day stands beside it.
const ROOMS_BYTES_MAX: usize = 9 * 1024;
/// What one more of them takes, which somebody may be let into meanwhile.
const ROOM_BYTES: usize = 256;
/// How many pings a connection may send before its login: two a second for as long as it may take by default. Each costs
/// a turn of a thread, and none is needed.
const STRANGER_PINGS_MAX: usize = 40;

/// Gives a new connection a lobby thread of its own. Drops it when everyone in a full lobby waits for us, or there
/// are no threads.
pub(crate) fn receive(server: &Arc<Server>, socket: TcpStream, peer: SocketAddr) {
    let (socket, now) = (Arc::new(socket), Instant::now());
    let room = server.limits.capacity().budget.strangers(server.sessions.count());
    let limits = (room, server.limits.strangers_max(room));
    let stay = match server.strangers.enter(peer.ip().into(), &socket, limits, now) {
        Ok(stay) => stay,
        Err(no_place) => {
            if server.audit.remark(peer.ip(), "turned away, the lobby is full", now) {
                let why = match no_place {
                    NoPlace::Full => "the lobby is full",
                    NoPlace::Leaving => "those who made way in the lobby are not gone yet",
                };
                log::warn!("{peer} is turned away: {why}");
            }
            return;
        }
    };
    let expected = server.chat.delivery().expect();
    let (audit, server) = (&server.audit, Arc::clone(server));
    let thread = thread::Builder::new().name("lobby".into()).stack_size(LOBBY_STACK_BYTES);
    let spawned = thread.spawn(move || {
        let _expected = expected;
        let deadline = now + server.limits.login_grace();
        let meet = || Stranger::meet(&server, socket, peer, &stay, deadline);
        match catch_unwind(AssertUnwindSafe(meet)) {
            Ok(Ok(())) => {}
            Ok(Err(e)) => {
                if server.audit.remark(peer.ip(), "left the lobby", Instant::now()) {
                    log::info!("{peer} left the lobby: {}", Reason(&e));
                    log::debug!("{peer} left the lobby: {e:?}");
                }
            }
            Err(_) => log::error!("the lobby's thread for {peer} panicked; everyone else goes on"),
        }
    });
    if let Some(e) = spawned.err().filter(|_| audit.remark(peer.ip(), "no thread", now)) {
        log::warn!("no thread for {peer}: {}", reason::of_thread(&e));
    }
}

/// Somebody who isn't logged in.
struct Stranger<'a> {
    server: &'a Arc<Server>,
    socket: Arc<TcpStream>,
    peer: SocketAddr,
    stay: &'a Stay,
    deadline: Instant,
    tls: Duplex,
    /// Plaintext that has come and isn't read yet.
    pending: Vec<u8>,
    /// It is a browser.
    through_page: bool,
}

impl<'a> Stranger<'a> {
    fn meet(
        server: &'a Arc<Server>,
        socket: Arc<TcpStream>,
        peer: SocketAddr,
        stay: &'a Stay,
        deadline: Instant,
    ) -> io::Result<()> {
        socket.set_nodelay(true)?;
        #[cfg(feature = "web")]
        if server.web && web::show_to_tls(&socket, deadline)? {
            return part(&socket, deadline);
        }
        let acceptor = lock(&server.identity).acceptor.clone();
        let tls = Duplex::accept(&acceptor, &socket, deadline).map_err(io::Error::other)?;
        let mut stranger =
            Stranger { server, socket, peer, stay, deadline, tls, pending: Vec::new(), through_page: false };
        #[cfg(feature = "web")]
        if server.web && !stranger.come_in()? {
            return part(&stranger.socket, deadline);
        }
        let mut pings = 0;
        while let Some(line) = stranger.next_line()? {
            match Request::parse(&line) {
                Ok((id, Request::Login(login))) => return stranger.log_in(id.as_ref(), login),
                Ok((id, Request::Register(wanted))) => return stranger.register(id.as_ref(), &wanted),
                Ok((id, Request::Ping)) if pings < STRANGER_PINGS_MAX => {
                    pings += 1;
                    let id = id.as_ref().map(|id| id.as_str().into());
                    stranger.tls.send(&stranger.socket, &ServerMessage::Pong { id }.encode())?;
                }
                Ok((id, Request::Ping)) => {
                    let message = format!("more than {STRANGER_PINGS_MAX} pings before `login`: log in first");
                    return stranger.turn_away(id.as_ref(), refuse(ErrorCode::NotLoggedIn, message));
                }
                Ok((id, _)) => {
                    let refusal = refuse(ErrorCode::NotLoggedIn, "the first request must be `login`, or `register`");
                    return stranger.turn_away(id.as_ref(), refusal);
                }
                Err(bad) => return stranger.turn_away(bad.id.as_ref(), refuse(ErrorCode::BadRequest, bad.message)),
            }
        }
        Ok(())
    }

    /// Finds out what the stranger speaks. Whoever speaks HTTP is answered; false when that was all.
    #[cfg(feature = "web")]
    fn come_in(&mut self) -> io::Result<bool> {
        while self.pending.is_empty() {
            if self.tls.receive(&self.socket, self.deadline, &mut self.pending)? == Peer::Closed {
                return Ok(false);
            }
            self.stay.heard(Instant::now());
        }
        if !web::is_http(self.pending[0]) {
            return Ok(true);
        }
        let mut visit = web::Visit {
            tls: &mut self.tls,
            socket: &self.socket,
            pending: &mut self.pending,
            deadline: self.deadline,
            programs: &self.server.folder.programs(),
            line_to_type: &|| self.server.invitation().line_to_type(),
            may_fetch: &|(most, of_an_address)| {
                let budget = self.server.limits.capacity().budget;
                let (room, room_of_an_address) = budget.downloads(self.server.sessions.count());
                self.stay.fetch((most.min(room), of_an_address.min(room_of_an_address)))
            },
        };
        self.through_page = visit.serve(|| self.stay.heard(Instant::now()))? == web::Visitor::Client;
        if !self.through_page {
            self.tls.close();
            self.tls.flush(&self.socket)?;
        }
        Ok(self.through_page)
    }

    /// The next line without its end; None when the peer has closed or sent too long a one.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        // Nothing is looked at again for each byte of a line that drips.
        let mut searched = 0;
        loop {
            let end = self.pending[searched..].iter().position(|&b| b == b'\n').map(|at| searched + at);
            if let Some(end) = end.filter(|&end| end < LINE_BYTES_MAX) {
                let rest = self.pending.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.pending, rest);
                line.pop();
                return Ok(Some(line));
            }
            if self.pending.len() >= LINE_BYTES_MAX {
                self.farewell(&reader::too_long())?;
                return Ok(None);
            }
            searched = self.pending.len();
            if self.tls.receive(&self.socket, self.deadline, &mut self.pending)? == Peer::Closed {
                if self.through_page {
                    // It waits for our side to close.
                    self.tls.close();
                    self.tls.flush(&self.socket)?;
                    part(&self.socket, self.deadline)?;
                }
                return Ok(None);
            }
            self.stay.heard(Instant::now());
        }
    }

    fn log_in(self, id: Option<&RequestId>, login: Login) -> io::Result<()> {
        self.stay.served(true);
        match authenticate(&self.applicant(), &login) {
            Ok(credentials) => self.admit(id, credentials, (login.after, login.keep)),
            Err(refusal) => self.turn_away(id, refusal),
        }
    }

    fn register(self, id: Option<&RequestId>, wanted: &Register) -> io::Result<()> {
        self.stay.served(true);
        match register(self.server, &self.applicant().knock(), wanted) {
            Ok((name, made)) => {
                let_in(self.server, self.peer.ip().into(), &name);
                made.standing.attention.back(Instant::now());
                let credentials = with_new_token(&name, made, self.through_page);
                self.admit(id, credentials, (None, wanted.keep))
            }
            Err(refusal) => self.turn_away(id, refusal),
        }
    }

    fn applicant(&self) -> Applicant<'_> {
        let &Self { server, peer, ref socket, stay, deadline, through_page, .. } = self;
        Applicant { server, peer, socket, stay, deadline, through_page }
    }

    fn turn_away(mut self, id: Option<&RequestId>, refusal: Refusal) -> io::Result<()> {
        // Who has had an answer is the first to make way, however long they take to read it.
        self.stay.served(false);
        let id = id.map(|id| id.as_str().into());
        self.farewell(&ServerMessage::Error { id, code: refusal.code, message: refusal.message })
    }

    /// Says a last line, and parts.
    fn farewell(&mut self, message: &ServerMessage<'_>) -> io::Result<()> {
        self.tls.encrypt(&message.encode())?;
        self.tls.close();
        self.tls.flush(&self.socket)?;
        part(&self.socket, self.deadline)
    }

    /// Makes the stranger a session: registers it, welcomes it, gives it a thread and a postman, in this order.
    fn admit(
        self,
        id: Option<&RequestId>,
        credentials: Credentials,
        (after, keep): (Option<u64>, bool),
    ) -> io::Result<()> {
        let (role, from) = (credentials.mandate.standing().state().role, self.peer.ip());
        let seat = match self.server.take_seat(&credentials.name, role, from) {
            Ok(seat) => seat,
            Err(why) => return self.turn_away(id, refuse(ErrorCode::ServerFull, why)),
        };
        let Self { server, socket, peer, tls, pending, .. } = self;
        let Credentials { name, mandate, token, token_id, continued, new } = credentials;
        continued.fetch_or(after.is_some(), Ordering::Release);
        socket.set_write_timeout(Some(WRITE_WAIT))?;
        let number = server.next_session.fetch_add(1, Ordering::Relaxed);
        let session = Session::new(number, name, mandate, (token_id, continued), (socket, peer), tls);
        session.mark_ballots_with(BallotKey::of(&token));
        session.takes_own_place.store(seat.is_made_free, Ordering::Relaxed);
        let session = Arc::new(session);
        spawn_session(server, &session, seat.place, pending)?;
        let _welcoming = Welcoming(&session);

        let motd = lock(&server.motd).clone();
        let motd_bytes = motd.as_ref().map_or(0, |motd| json_bytes(motd));
        let rooms = own_rooms(server, &session.name, ROOMS_BYTES_MAX);
        let rooms_bytes = serde_json::to_vec(&rooms).map_or(0, |json| json.len()) + ROOM_BYTES;
        let fit_people = |people: &mut dyn Iterator<Item = Person<'_>>| {
            let bytes = |(name, owner): &Person<'_>| listed_bytes(name, owner.called().as_deref());
            let people = fit_beside(motd_bytes + rooms_bytes, people, bytes).into_iter();
            people.map(|(name, owner)| (name.clone(), Arc::clone(owner))).collect()
        };
        let arrived = match server.chat.arrive(&session, after, fit_people) {
            Ok(arrived) => arrived,
            Err(refused) => {
                let Refusal { code, message } = explain(refused);
                let id = id.map(|id| id.as_str().into());
                session.refuse_login(&ServerMessage::Error { id, code, message }.encode());
                return Ok(());
            }
        };
        if let Some(generation) = new {
            server.tokens.keep(&session.name, (token_id, &session.continues), (generation, !keep), &server.clock.now());
        }
        let profile = session.mandate.standing().profile();
        // Those it is in by now: what changes after the welcome's `seq` is told as well.
        let rooms = own_rooms(server, &session.name, rooms_bytes);
        lesson_came(server, &session.name, |room| rooms.iter().any(|own| own.room == room.as_str()));
        let welcome = Welcome {
            protocol: protocol::VERSION,
            server: concat!("homeroom/", env!("CARGO_PKG_VERSION")).into(),
            username: session.name.as_str().into(),
            role: arrived.state.role,
            name: profile.name.as_deref().map(Cow::Borrowed),
            group: profile.group.as_deref().map(Cow::Borrowed),
            token,
            seq: arrived.seq,
            users: arrived.people.iter().map(|(name, _)| name.as_str().into()).collect(),
            names: all_called(&arrived.people),
            more: arrived.more,
            must_change_password: arrived.state.must_change_password,
            topic: server.topic.now(),
            rooms,
            split: split::now(server),
            gap: arrived.first.is_some(),
            first: arrived.first,
            motd: motd.map(Cow::Owned),
            left_at: arrived.left.map(|(seq, _)| seq),
            missed: arrived.left.map_or(0, |(_, missed)| missed),
            id: id.map(|id| id.as_str().into()),
        };
        let mut lines = ServerMessage::Welcome(welcome).encode();
        let waited = arrived.came_online && after.is_none();
        let since = arrived.state.since.max(arrived.left.map_or(0, |(seq, _)| seq));
        let whispers = waited.then_some((since, arrived.seq));
        if arrived.state.must_change_password {
            session.withhold(Withheld { whispers });
        } else {
            lines.extend(waiting_whispers(server, &session.name, whispers));
        }
        // Whoever is answered is counted.
        server.counts.login();
        server.chat.delivery().welcome(&session, lines);
        server.chat.delivery().take(&session);
        if arrived.state.may_administrate() {
            server.notices.admin_came();
        }
        log::info!("{} logged in from {peer}", session.name);
        Ok(())
    }
}

/// Closes our direction, and reads on for a moment: a peer that is still sending when the connection closes may never get
/// to read the last word.
fn part(mut socket: &TcpStream, deadline: Instant) -> io::Result<()> {
    if socket.shutdown(Shutdown::Write).is_err() {
        // The peer has parted already.
        return Ok(());
    }
    let deadline = (Instant::now() + LINGER).min(deadline);
    let mut buffer = [0; 4096];
    let mut bytes = 0;
    while bytes < reader::LINGER_BYTES_MAX {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        socket.set_read_timeout(Some(left))?;
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => bytes += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    Ok(())
}

/// The lobby's care of a session whose thread waits for the welcome: should the lobby fail before, it ends.
struct Welcoming<'a>(&'a Session);

impl Drop for Welcoming<'_> {
    fn drop(&mut self) {
        self.0.end_unless_welcomed();
    }
}

/// A fresh thread for a session, which waits until that is welcomed.
fn spawn_session(server: &Arc<Server>, session: &Arc<Session>, place: Place, pending: Vec<u8>) -> io::Result<()> {
    let (server, session) = (Arc::clone(server), Arc::clone(session));
    let thread = thread::Builder::new().name("session".into()).stack_size(SESSION_STACK_BYTES);
    let spawned = thread.spawn(move || {
        let _place = place;
        session.wait_for_welcome();
        reader::run(&server, &session, pending);
    });
    spawned.map(drop).map_err(|e| io::Error::other(reason::of_thread(&e)))
}
