//! What all threads of a running server share.

use super::accounts::{Accounts, Standing, Tokens};
use super::announce::Announcement;
use super::audit::Audit;
use super::chat::Chat;
use super::config::{Config, Folder, Limits, Notices};
use super::counts::Counts;
use super::identity::InUse;
use super::shutdown::Shutdown;
use super::strangers::Strangers;
use super::throttle::Throttle;
use super::topic_file::Topic;
use crate::sync::Gate;
use jiff::Timestamp;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, OnceLock};

/// What all threads share.
pub(super) struct Server {
    /// What a reload compares with. Held over a reload.
    pub(super) config: Mutex<Config>,
    pub(super) folder: Folder,
    pub(super) limits: Limits,
    pub(super) motd: Mutex<Option<String>>,
    pub(super) accounts: Accounts,
    pub(super) chat: Chat,
    pub(super) tokens: Tokens,
    pub(super) throttle: Mutex<Throttle>,
    pub(super) audit: Audit,
    pub(super) topic: Topic,
    pub(super) identity: Mutex<InUse>,
    pub(super) notices: Notices,
    /// What the local network is told, once it is.
    pub(super) announcement: OnceLock<Announcement>,
    pub(super) counts: Counts,
    /// What the timeline's head was at the start.
    pub(super) first_seq: u64,
    pub(super) strangers: Strangers,
    /// Session threads.
    pub(super) sessions: Gate,
    pub(super) next_session: AtomicU64,
    pub(super) shutdown: Shutdown,
}

impl Server {
    /// Whether an account has a one-time password that is too old to be of use.
    pub(super) fn one_time_is_over(&self, standing: &Standing) -> bool {
        standing.state().one_time_is_over(self.limits.one_time_lifetime(), Timestamp::now())
    }
}
