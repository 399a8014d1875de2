//! What the delivery counts of itself, for administrators.
//!
//! A delivery pays nothing for it: a postman counts once a round. Counts steer nothing, so these are the standard
//! library's atomics also where the core's interleavings are tried.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The upper ends of the histogram's buckets, in microseconds. What is above the last one is counted in one more.
pub(crate) const LATENCY_BUCKETS_US: [u64; 13] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000];
const BUCKETS: usize = LATENCY_BUCKETS_US.len() + 1;

/// Counts since the server's start.
#[derive(Debug)]
pub(crate) struct Tally {
    started: Instant,
    deliveries: AtomicU64,
    couriers: AtomicU64,
    latency: [AtomicU64; BUCKETS],
    latency_sum_us: AtomicU64,
}

/// When a postman's oldest news came, in microseconds since the tally's start; 0 while there is none.
#[derive(Debug, Default)]
pub(crate) struct News(AtomicU64);

/// The counts at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// Events times the sessions that they were brought to by postmen.
    pub(crate) deliveries: u64,
    /// How often a session was so slow, or so far behind, that it needed a courier.
    pub(crate) couriers: u64,
    /// Rounds of postmen by the age of the oldest thing said in them, when everyone had it: for each bucket.
    pub(crate) latency: [u64; BUCKETS],
    /// All those ages together.
    pub(crate) latency_sum: Duration,
}

impl Tally {
    /// Nothing counted yet.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            deliveries: AtomicU64::default(),
            couriers: AtomicU64::default(),
            latency: Default::default(),
            latency_sum_us: AtomicU64::default(),
        }
    }

    /// Something may have come for a postman. Only the first since it last looked matters.
    pub(crate) fn arrived(&self, news: &News) {
        if news.0.load(Ordering::Relaxed) == 0 {
            news.0.store(self.now_us(), Ordering::Release);
        }
    }

    /// A postman looks for news: since when the oldest has been there. Hand it to [`Self::round`], or forget it where
    /// no round follows: the postman was woken for something else, for comings and goings that wait, or for what its
    /// last round brought already. What it sees before it's told of it has just come: that is since now.
    pub(super) fn since_us(&self, news: &News) -> u64 {
        match news.0.swap(0, Ordering::Acquire) {
            0 => self.now_us(),
            told => told,
        }
    }

    /// A round couldn't bring all it saw: the rest has been there as long.
    pub(super) fn left_over(&self, news: &News, since_us: u64) {
        news.0.store(since_us, Ordering::Relaxed);
    }

    /// A round is over that brought so many events to so many sessions. Its age is counted if something was `said`:
    /// comings and goings wait on purpose.
    pub(crate) fn round(&self, since_us: u64, said: bool, events: u64, sessions: usize) {
        self.deliveries.fetch_add(events * sessions as u64, Ordering::Relaxed);
        if said && sessions > 0 {
            let age = self.now_us().saturating_sub(since_us);
            self.latency[bucket(age)].fetch_add(1, Ordering::Relaxed);
            self.latency_sum_us.fetch_add(age, Ordering::Relaxed);
        }
    }

    /// A session is handed to a courier.
    pub(crate) fn courier(&self) {
        self.couriers.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts now.
    pub(crate) fn read(&self) -> Counted {
        Counted {
            deliveries: self.deliveries.load(Ordering::Relaxed),
            couriers: self.couriers.load(Ordering::Relaxed),
            latency: std::array::from_fn(|i| self.latency[i].load(Ordering::Relaxed)),
            latency_sum: Duration::from_micros(self.latency_sum_us.load(Ordering::Relaxed)),
        }
    }

    /// How long it has counted.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    fn now_us(&self) -> u64 {
        (self.started.elapsed().as_micros() as u64).max(1)
    }
}

impl Counted {
    /// The upper end of the bucket in which that part (of 1) of the rounds has ended, in milliseconds; None while
    /// nothing was counted. What is above all buckets is told as the last one's end.
    pub(crate) fn latency_ms(&self, part: f64) -> Option<f64> {
        let total: u64 = self.latency.iter().sum();
        let wanted = (total as f64 * part).ceil() as u64;
        let mut counted = 0;
        let reached = self.latency.iter().position(|count| {
            counted += count;
            counted >= wanted
        });
        let last = LATENCY_BUCKETS_US.len() - 1;
        reached.filter(|_| total > 0).map(|index| LATENCY_BUCKETS_US[index.min(last)] as f64 / 1000.0)
    }
}

fn bucket(age_us: u64) -> usize {
    LATENCY_BUCKETS_US.partition_point(|&end| end < age_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_their_buckets() {
        assert_eq!([0, 500, 501, 10_000_000, 10_000_001].map(bucket), [0, 0, 1, 12, 13]);
        let mut counted = Counted::default();
        assert_eq!(counted.latency_ms(0.5), None);
        counted.latency[1] = 98;
        counted.latency[4] = 1;
        counted.latency[13] = 1;
        assert_eq!([0.5, 0.98, 0.99, 1.0].map(|part| counted.latency_ms(part).unwrap()), [1.0, 1.0, 10.0, 10_000.0]);
    }

    #[test]
    fn the_oldest_news_of_a_round_counts() {
        let (tally, news) = (Tally::new(), News::default());
        tally.arrived(&news);
        let first = news.0.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2));
        tally.arrived(&news);
        assert_eq!(tally.since_us(&news), first);
        assert!(tally.since_us(&news) >= first + 2000, "nobody has told anything since");
        tally.left_over(&news, first);
        tally.arrived(&news);
        assert_eq!(tally.since_us(&news), first);
        tally.round(first, true, 2, 3);
        tally.round(first, true, 1, 0);
        tally.round(first, false, 2, 1);
        let counted = tally.read();
        assert_eq!((counted.deliveries, counted.latency.iter().sum::<u64>()), (8, 1));
        assert!(counted.latency_sum >= Duration::from_millis(2) && counted.latency[..2].iter().sum::<u64>() == 0);
    }
}
