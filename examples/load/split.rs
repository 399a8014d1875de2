//! What it costs that a school is split into rooms.

use crate::Result;
use crate::bare;
use crate::crowd::Crowd;
use crate::report::{Report, Row, median};
use crate::room::{Pace, Room, room_name, room_of};
use crate::server::{HASH_ROUNDS, Server};
use crate::stages::{Bench, LOGIN_DEADLINE};
use homeroom::protocol::Request;
use homeroom::sync::lock;
use std::time::Instant;

/// People in a room: a class.
const PEOPLE: usize = 30;
/// And so many rooms.
const ROOMS_MAX: usize = 30;
/// How often each is measured: the one in the middle is told.
const TIMES: usize = 3;

impl Bench<'_> {
    /// The CPU of a delivery where all are in one room, and where the same people are in rooms of thirty. There as much is in
    /// flight in each as in the one room, which is as many deliveries. Each on a server of its own, and the two in turn, so
    /// that whatever else the machine does falls on both alike.
    pub(crate) fn split(&self, report: &mut Report) -> Result<()> {
        let rooms = (self.plan.clients / PEOPLE).clamp(1, ROOMS_MAX);
        let kinds = [1, rooms];
        let mut measured = kinds.map(|_| Vec::new());
        for _ in 0..TIMES {
            for (rooms_now, measured) in kinds.into_iter().zip(&mut measured) {
                measured.push(self.rooms_of(rooms * PEOPLE, rooms_now)?);
            }
        }
        let clients = rooms * PEOPLE;
        let costs = measured.map(|measured| median(measured.into_iter()));
        for (rooms, cost) in kinds.into_iter().zip(costs) {
            let (title, in_flight) = (title(rooms, clients), self.args.in_flight);
            let title = format!("{title}, {in_flight} in flight in each, the middle of {TIMES} runs");
            report.add(Row::new("split", title, clients).with(
                "cpu_us_per_delivery",
                "server CPU a delivery",
                "µs",
                cost,
            ));
        }
        let ratio = costs[1].zip(costs[0]).map(|(split, whole)| split / whole);
        let title = format!("a delivery in {rooms} rooms to one in one room");
        report.add(Row::new("split_ratio", title, clients).with("ratio", "ratio", "", ratio));
        // In thirty rooms there are thirty times as many messages for as many deliveries.
        let title = "a thread that receives a message and does nothing else";
        let bare = bare::cpu_us_per_message()?;
        report.add(Row::new("split_bare", title, clients).with("cpu_us_per_message", "CPU a message", "µs", bare));
        Ok(())
    }

    /// What a delivery costs while so many clients are in so many rooms.
    fn rooms_of(&self, clients: usize, rooms: usize) -> Result<Option<f64>> {
        let site = self.site(clients)?;
        let (server, crowd) = (site.start(HASH_ROUNDS)?, Crowd::new(clients, self.plan.readers, self.args.web));
        self.arrive(&crowd, &server, 0..clients, None)?;
        if rooms > 1 {
            self.go_apart(&crowd, &server, rooms)?;
        }
        let room = Room {
            rooms,
            senders: self.args.senders.clamp(1, clients / rooms),
            messages: (self.plan.growth_deliveries / clients as u64).max(1),
            pace: Pace::InFlight(self.args.in_flight),
        };
        Ok(self.room(&crowd, &server, room, "split", title(rooms, clients))?.value("cpu_us_per_delivery"))
    }

    /// An administrator makes the rooms, and leaves; everyone enters theirs.
    fn go_apart(&self, crowd: &Crowd, server: &Server, rooms: usize) -> Result<()> {
        self.progress.stage(format!("{} people enter {rooms} rooms", crowd.len()));
        let deadline = || Instant::now() + LOGIN_DEADLINE;
        let mut boss = self.enter(server)?;
        for room in (0..rooms).map(room_name) {
            boss.bring_about(&Request::MakeRoom { room: room.clone(), open: true, about: None }, deadline())?;
            // Nobody may be in so many.
            boss.bring_about(&Request::Leave { room }, deadline())?;
        }
        drop(boss);
        for (i, seat) in crowd.seats.iter().enumerate() {
            self.progress.tick(i as u64, crowd.seats.len() as u64);
            let room = room_name(room_of(i, rooms));
            let mut seat = lock(seat);
            seat.as_mut().ok_or("a client has left")?.bring_about(&Request::Enter { room }, deadline())?;
        }
        Ok(())
    }
}

fn title(rooms: usize, clients: usize) -> String {
    if rooms == 1 { format!("one room of {clients}") } else { format!("{rooms} rooms of {}", clients / rooms) }
}
