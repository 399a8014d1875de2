//! What all threads of a running server share.

use super::announce::Announcement;
use super::audit::Audit;
use super::class_door::ClassDoor;
use super::counts::Counts;
use super::erasure::Erasure;
use super::full_house::FullHouse;
use super::identity::InUse;
use super::kept::Kept;
use super::lesson::Lesson;
use super::rollbook::Rollbook;
use super::rooms::Rooms;
use super::shutdown::Shutdown;
use super::strangers::Strangers;
use super::throttle::Throttle;
use super::topic_file::Topic;
use crate::server::accounts::{Accounts, Standing, Tokens};
use crate::server::chat::Chat;
use crate::server::clock::Clock;
use crate::server::config::{Config, Folder, Lasting, Limits, Notices};
use crate::server::mirror::Mirror;
use crate::sync::Gate;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

/// What all threads share.
pub(crate) struct Server {
    /// What a reload compares with. Held over a reload.
    pub(crate) config: Mutex<Config>,
    pub(crate) folder: Folder,
    pub(crate) clock: Arc<Clock>,
    pub(crate) limits: Limits,
    /// Where it listens.
    pub(crate) listening: Vec<SocketAddr>,
    /// Browsers are served.
    pub(crate) web: bool,
    pub(crate) motd: Mutex<Option<String>>,
    pub(crate) accounts: Accounts,
    pub(crate) chat: Chat,
    pub(crate) tokens: Tokens,
    pub(crate) throttle: Mutex<Throttle>,
    pub(crate) audit: Audit,
    pub(crate) topic: Topic,
    pub(crate) rooms: Rooms,
    pub(crate) lesson: Lesson,
    pub(crate) class_door: ClassDoor,
    /// What was reckoned of who was there.
    pub(crate) rollbook: Rollbook,
    pub(crate) identity: Mutex<InUse>,
    pub(crate) notices: Notices,
    /// What is wrong with files of the data folder. Held over a look at them.
    pub(crate) lasting: Mutex<Lasting>,
    /// Everything a second time, if that is wanted.
    pub(crate) mirror: OnceLock<Mirror>,
    /// What the local network is told, once it is.
    pub(crate) announcement: OnceLock<Announcement>,
    pub(crate) counts: Counts,
    /// What the timeline's head was at the start.
    pub(crate) first_seq: u64,
    pub(crate) strangers: Strangers,
    /// Session threads.
    pub(crate) sessions: Gate,
    /// Those of staff among them who are on places of their own.
    pub(crate) staff: Kept,
    pub(crate) full_house: FullHouse,
    pub(crate) next_session: AtomicU64,
    pub(crate) shutdown: Shutdown,
    /// Held while somebody is erased: one at a time.
    pub(crate) erasing: Mutex<()>,
}

impl Server {
    /// All that one person's data may be in.
    pub(crate) fn erasure(&self) -> Erasure<'_> {
        Erasure {
            folder: &self.folder,
            accounts: &self.accounts,
            timeline: self.chat.timeline(),
            tokens: &self.tokens,
            lesson: &self.lesson,
            rooms: &self.rooms,
            topic: &self.topic,
            audit: &self.audit,
        }
    }

    /// Whether an account has a one-time password that is too old to be of use.
    pub(crate) fn one_time_is_over(&self, standing: &Standing) -> bool {
        standing.state().one_time_is_over(self.limits.one_time_lifetime(), &self.clock.now())
    }
}
