//! The server, held to its protocol.

mod accounts;
#[cfg(unix)]
mod anew;
mod attendance;
mod bad_input;
mod check;
#[cfg(target_os = "linux")]
mod clock;
mod code;
mod config;
mod crowd;
#[cfg(all(target_os = "linux", feature = "discovery"))]
mod discovery;
mod doctor;
mod door;
mod duplex;
mod export;
mod first_login;
mod flapping;
mod flood;
mod floor;
#[cfg(unix)]
mod folder;
mod hands;
mod identity;
mod idle;
mod journal;
#[cfg(unix)]
mod links;
mod listen;
mod lists;
mod login;
mod logout_user;
mod looking_back;
mod message;
mod metrics;
mod motd;
mod names;
mod network;
mod offline_accounts;
mod password_forms;
mod people;
mod person;
mod polls;
mod power_cut;
mod reasons;
mod reload;
#[cfg(target_os = "linux")]
mod renewal;
mod requests;
mod resume;
mod roles;
mod rooms;
#[cfg(unix)]
mod rooms_left;
mod rooms_spoilt;
mod rosters;
mod secrets;
#[cfg(target_os = "linux")]
mod service;
mod sessions;
mod shutdown;
mod smoke;
mod split;
mod start;
mod storage;
mod strangers;
mod taken_back;
mod tokens;
mod whisper;
