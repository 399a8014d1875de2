//! When this program was built, which is always past.

use jiff::Timestamp;

/// When this program was built: a clock that says earlier was never set, as that of a Raspberry Pi that has just started.
pub(crate) fn built() -> Timestamp {
    let seconds = env!("HOMEROOM_BUILD_SECONDS").parse().unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or_default()
}
