//! Lengths of time in words, wherever people read them.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long something took, or has lasted: in the two largest of its units, and nothing smaller.
pub(crate) fn lasted(time: Duration) -> String {
    let seconds = time.as_secs();
    let (large, small) = match seconds {
        ..MINUTE => return format!("{seconds} s"),
        MINUTE..HOUR => return format!("{} min", seconds / MINUTE),
        HOUR..DAY => ((HOUR, "h"), (MINUTE, "min")),
        DAY.. => ((DAY, "d"), (HOUR, "h")),
    };
    let whole = format!("{} {}", seconds / large.0, large.1);
    match seconds % large.0 / small.0 {
        0 => whole,
        rest => format!("{whole} {rest} {}", small.1),
    }
}

/// How long something is still to last: the same, but never too little, since whoever waits so long wants to be done.
pub(crate) fn remaining(time: Duration) -> String {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    let unit = match seconds {
        ..MINUTE => 1,
        MINUTE..DAY => MINUTE,
        DAY.. => HOUR,
    };
    lasted(Duration::from_secs(seconds.max(1).div_ceil(unit).saturating_mul(unit)))
}

/// So many minutes, as somebody typed them.
pub(crate) fn minutes(minutes: u32) -> String {
    remaining(Duration::from_secs(u64::from(minutes) * MINUTE))
}

/// How far apart two times are, where it isn't known to the minute: rounded, in one unit.
pub(crate) fn rounded(time: Duration) -> String {
    match time.as_secs().saturating_add(MINUTE / 2) / MINUTE {
        minutes @ 2_880.. => format!("{} days", (minutes + 720) / 1_440),
        minutes @ 120.. => format!("{} hours", (minutes + 30) / 60),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_largest_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (299, "4 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 d"),
            (400 * 86_400 + 3 * 3_600, "400 d 3 h"),
        ] {
            assert_eq!(lasted(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn never_too_little() {
        for (milliseconds, expected) in [
            (0, "1 s"),
            (100, "1 s"),
            (58_001, "59 s"),
            (299_000, "5 min"),
            (300_000, "5 min"),
            (300_001, "6 min"),
            (3_599_000, "1 h"),
            (86_399_000, "1 d"),
            (86_460_000, "1 d 1 h"),
        ] {
            assert_eq!(remaining(Duration::from_millis(milliseconds)), expected);
        }
        assert_eq!((minutes(5), minutes(90)), ("5 min".into(), "1 h 30 min".into()));
        assert!(remaining(Duration::MAX).contains(" d "), "and no overflow");
    }

    #[test]
    fn rounded_to_one_unit() {
        for (seconds, expected) in [
            (29, "0 minutes"),
            (30, "1 minutes"),
            (119 * 60, "119 minutes"),
            (150 * 60, "3 hours"),
            (47 * 3_600, "47 hours"),
            (59 * 3_600, "2 days"),
            (60 * 3_600, "3 days"),
        ] {
            assert_eq!(rounded(Duration::from_secs(seconds)), expected);
        }
        assert!(rounded(Duration::MAX).ends_with(" days"), "and no overflow");
    }
}
