//! Which events something is about, as people are told it.

use std::fmt;
use std::ops::Range;

/// So many stretches are named; beyond, that there are more.
const NAMED_MAX: usize = 5;

/// Stretches of seqs, added in their order.
#[derive(Debug, Default)]
pub(super) struct Seqs(Vec<Range<u64>>);

impl Seqs {
    /// Adds what comes after those that are there.
    pub(super) fn add(&mut self, seqs: Range<u64>) {
        match self.0.last_mut() {
            _ if seqs.is_empty() => {}
            Some(last) if last.end == seqs.start => last.end = seqs.end,
            _ => self.0.push(seqs),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|seqs| seqs.end - seqs.start).sum()
    }
}

/// `seq 3 to 9, 12`.
impl fmt::Display for Seqs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Range { start, end }) in self.0.iter().take(NAMED_MAX).enumerate() {
            write!(f, "{}{start}", if index == 0 { "seq " } else { ", " })?;
            if end - start > 1 {
                write!(f, " to {}", end - 1)?;
            }
        }
        if self.0.len() > NAMED_MAX { write!(f, " and others") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_told_as_people_read_them() {
        let shown = |all: &[Range<u64>]| {
            let mut seqs = Seqs::default();
            all.iter().for_each(|range| seqs.add(range.clone()));
            (seqs.count(), seqs.to_string())
        };
        assert_eq!(shown(&[3..10, 10..10, 10..12, 14..15]), (10, "seq 3 to 11, 14".into()));
        let many: Vec<_> = (0..7).map(|i| i * 10..i * 10 + 1).collect();
        assert_eq!(shown(&many), (7, "seq 0, 10, 20, 30, 40 and others".into()));
    }
}
