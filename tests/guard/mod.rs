//! Nobody gets in, nobody gets in the way: the promises of SECURITY.md, each held to what it says.
//!
//! What depends on the machine's speed is printed, not asserted. With `HOMEROOM_LONG` set, what is scaled down here
//! runs at full length.

mod admins;
mod audit_flood;
#[cfg(target_os = "linux")]
mod dead_peers;
#[cfg(target_os = "linux")]
mod ends;
#[cfg(feature = "fault-injection")]
mod faults;
#[cfg(target_os = "linux")]
mod full_house;
#[cfg(target_os = "linux")]
mod guessing;
#[cfg(target_os = "linux")]
mod home;
mod limits;
#[cfg(target_os = "linux")]
mod lobby;
mod login_grace;
mod notices;
mod passwords;
mod rotation;
#[cfg(target_os = "linux")]
mod running_out;
#[cfg(target_os = "linux")]
mod slow_readers;
#[cfg(target_os = "linux")]
mod small_machine;
#[cfg(unix)]
mod tls;
#[cfg(target_os = "linux")]
mod unread;
