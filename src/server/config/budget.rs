//! The budget: for how many clients the machine has what they cost, known before it is spent.
//!
//! It is counted in *places*. A session takes one. Whoever is in the lobby takes two, since its thread is still there when the
//! session that it becomes has one already. So strangers may be as many as the free places allow, and there is a reserve that
//! sessions leave to them; sessions leave one to administrators too.

use super::machine::{Allowance, Bound, Machine};

/// More places than any machine has: where nothing limits, and the most that `--max-sessions` may ask for.
pub(crate) const PLACES_ENDLESS: usize = 1_000_000;
/// Fewer places make no server. Where a machine has fewer, the system refuses threads and descriptors one by one.
const PLACES_MIN: usize = 24;
/// The mappings of a thread: its stack and that of its signals, each with a guard (std and glibc map all four).
const MAPPINGS_PER_THREAD: u64 = 4;
/// Those of a courier beside: a batch, its ciphertext, and what is unsent, each too large for the heap (128 KiB).
const MAPPINGS_PER_COURIER: u64 = MAPPINGS_PER_THREAD + 3;
/// Those of the server itself beyond what it has at the start: 128 chunks of the timeline, 32 pieces of the journal and as many
/// that are read, heaps of 64 MiB (two each), and as much again.
const MAPPINGS_OWN: u64 = 768;
/// And of each core: glibc has eight heaps for each, of two mappings, and keeps one more now and then.
const MAPPINGS_PER_CORE: u64 = 32;
/// glibc keeps the stacks of threads that have ended: 40 MiB of them, of 192 KiB and a guard, two mappings each.
const MAPPINGS_OF_ENDED_THREADS: u64 = 2 * 40 * 1024 / 196;
/// The server's own threads (ARCHITECTURE.md lists them): those that are always there, a few listening sockets, two for a reload,
/// and 17 for metrics.
const THREADS_OWN: u64 = 40;
/// Threads that have given their place back, and are on their last steps.
const THREADS_LEAVING: u64 = 32;
/// The server's own files: sockets that listen and that tell the network, the journal's, a few that are read or replaced at
/// the moment, and 17 for metrics.
const FILES_OWN: u64 = 64;
/// How many bytes the system keeps of what a client hasn't read, before a courier waits for it: enough for 600 KB/s over a
/// network that takes 100 ms. Left alone Linux lets it grow to 4 MiB.
pub(crate) const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// What a client may cost who asks and doesn't read: 26 KiB of the process (docs/performance.md), a batch (128 KiB) and answers
/// (64 KiB and the one that is too much) that wait for a courier, and of the kernel, which a cgroup pays for too, a send buffer
/// (Linux takes twice [`SEND_BUFFER_BYTES`]), its thread's stack and description, its socket and its page tables.
const MEMORY_PER_PLACE: u64 = 384 * 1024;
/// A batch, its ciphertext and answers that wait.
const MEMORY_PER_COURIER: u64 = 512 * 1024;
/// The program, 32 MiB of timeline, for which twice that was seen, 8 MiB each of pieces of the journal and of what isn't synced,
/// accounts.
const MEMORY_OWN: u64 = 112 << 20;
/// Half of a lobby thread's stack (1 MiB); a session's has 192 KiB.
const ADDRESSES_PER_PLACE: u64 = 512 * 1024;
/// A courier's stack, and what it has in memory.
const ADDRESSES_PER_COURIER: u64 = 1 << 20;
/// What is mapped of files, stacks that are kept, the large one of a reload, and a heap that is being made.
const ADDRESSES_OWN: u64 = 256 << 20;
/// Each core has eight heaps, for each of which glibc takes 64 MiB of addresses, and one with 32 bits.
const ADDRESSES_PER_CORE: u64 = if usize::BITS == 32 { 8 << 20 } else { 512 << 20 };
/// Of so many places one is a courier's, but no fewer and no more than this: a class on a bad network, and what a crowd needs
/// when all are behind for a moment. Whoever is behind while all couriers are out waits for the next.
const PLACES_PER_COURIER: usize = 16;
const COURIERS_MIN: usize = 4;
const COURIERS_MAX: usize = 256;
/// Of so many places one is left to strangers when the house is full: administrators and whoever comes back must get to the
/// login. As many as one address may have by default are enough on the largest machine.
const PLACES_PER_STRANGER: usize = 32;
const STRANGERS_MIN: usize = 6;
const STRANGERS_RESERVED_MAX: usize = 128;
/// Of so many places one is for somebody who comes back to a full house, whose session that broke off is still ending.
const PLACES_PER_RETURN: usize = 256;
const RETURNS_MIN: usize = 2;
const RETURNS_MAX: usize = 32;
/// The share of the sessions that is kept for staff, and no fewer and no more: three administrators with five sessions each.
const SESSIONS_PER_STAFF: usize = 8;
const STAFF_MIN: usize = 2;
const STAFF_MAX: usize = 16;

/// What a start or a reload has reckoned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Budget {
    places: usize,
    /// What the places end at; None where the machine tells of nothing that limits them.
    pub(crate) bound: Option<(Bound, u64)>,
    /// How many couriers there may be at a time.
    pub(crate) couriers: usize,
}

impl Budget {
    /// Of what the machine allows, on so many cores.
    pub(crate) fn of(machine: &Machine, cores: usize) -> Self {
        let room = machine.allowances.iter().map(|allowance| (places(allowance, cores), allowance));
        let Some((places, tightest)) = room.min_by_key(|(places, _)| *places) else { return Self::endless() };
        let limits = places < PLACES_ENDLESS;
        let bound = limits.then_some((tightest.bound, tightest.limit));
        Self { places: places.clamp(PLACES_MIN, PLACES_ENDLESS), bound, couriers: couriers(places) }
    }

    /// Where nothing is told.
    fn endless() -> Self {
        Self { places: PLACES_ENDLESS, bound: None, couriers: COURIERS_MAX }
    }

    /// Of what this machine allows, on as many cores as it has.
    pub(crate) fn here(machine: &Machine) -> Self {
        Self::of(machine, std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Whether the machine has less than a server needs: then the system may refuse threads and files one by one.
    pub(crate) fn is_too_small(self) -> bool {
        self.places == PLACES_MIN && self.bound.is_some()
    }

    /// How many sessions there may be, those of the reserve for staff too.
    fn sessions(self) -> usize {
        self.places - 2 * self.strangers_reserved() - self.returns()
    }

    /// How many of them are for administrators alone, half of these for teachers too.
    pub(crate) fn reserve(self) -> usize {
        (self.sessions() / SESSIONS_PER_STAFF).clamp(STAFF_MIN, STAFF_MAX)
    }

    /// How many there may be of those that are for everyone.
    pub(crate) fn sessions_for_all(self) -> usize {
        self.sessions() - self.reserve()
    }

    /// How many sessions beyond all others there may be for a moment, of people who come back.
    pub(crate) fn returns(self) -> usize {
        (self.places / PLACES_PER_RETURN).clamp(RETURNS_MIN, RETURNS_MAX)
    }

    fn strangers_reserved(self) -> usize {
        (self.places / PLACES_PER_STRANGER).clamp(STRANGERS_MIN, STRANGERS_RESERVED_MAX)
    }

    /// How many of those in the lobby may fetch a program beside so many sessions, in all and from one address: the other places
    /// are for whoever wants to log in.
    #[cfg(feature = "web")]
    pub(crate) fn downloads(self, sessions: usize) -> (usize, usize) {
        let room = self.strangers(sessions);
        (room / 2, (room / 4).max(1))
    }

    /// How many strangers may be in the lobby beside so many sessions.
    pub(crate) fn strangers(self, sessions: usize) -> usize {
        (self.places.saturating_sub(sessions + self.returns()) / 2).max(self.strangers_reserved())
    }
}

/// What something costs a place, a courier, and the server itself.
struct Cost {
    place: u64,
    courier: u64,
    own: u64,
}

fn cost(bound: Bound, cores: u64) -> Cost {
    let threads = THREADS_OWN + THREADS_LEAVING + cores;
    match bound {
        Bound::OpenFiles => Cost { place: 1, courier: 1, own: FILES_OWN },
        Bound::UserThreads | Bound::SystemThreads | Bound::ProcessIds | Bound::GroupThreads => {
            Cost { place: 1, courier: 1, own: threads }
        }
        Bound::Mappings => Cost {
            place: MAPPINGS_PER_THREAD,
            courier: MAPPINGS_PER_COURIER,
            own: MAPPINGS_OWN + MAPPINGS_PER_CORE * cores + MAPPINGS_OF_ENDED_THREADS + MAPPINGS_PER_THREAD * threads,
        },
        Bound::GroupMemory | Bound::Memory => {
            Cost { place: MEMORY_PER_PLACE, courier: MEMORY_PER_COURIER, own: MEMORY_OWN }
        }
        // Of a heap only what is in use counts, of a thread its whole stack.
        Bound::Data => Cost { place: ADDRESSES_PER_PLACE, courier: ADDRESSES_PER_COURIER, own: ADDRESSES_OWN },
        Bound::AddressSpace => Cost {
            place: ADDRESSES_PER_PLACE,
            courier: ADDRESSES_PER_COURIER,
            own: ADDRESSES_OWN + ADDRESSES_PER_CORE * cores,
        },
    }
}

/// How many places there are beside the server itself and the couriers.
fn places(allowance: &Allowance, cores: usize) -> usize {
    let Cost { place, courier, own } = cost(allowance.bound, cores as u64);
    let free = allowance.limit.saturating_sub(allowance.used).saturating_sub(own);
    let of = |bytes: u64| usize::try_from(bytes / place).unwrap_or(PLACES_ENDLESS).min(PLACES_ENDLESS);
    of(free.saturating_sub(courier * couriers(of(free)) as u64))
}

fn couriers(places: usize) -> usize {
    (places / PLACES_PER_COURIER).clamp(COURIERS_MIN, COURIERS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(allowances: &[(Bound, u64, u64)]) -> Budget {
        let allowances =
            allowances.iter().map(|&(bound, limit, used)| Allowance { bound, limit, used }).collect::<Vec<_>>();
        Budget::of(&Machine { allowances }, 2)
    }

    /// What it all comes to when every session, stranger and courier is there, and all strangers become sessions.
    fn spent(budget: Budget, bound: Bound, sessions: usize, strangers: usize) -> u64 {
        let Cost { place, courier, own } = cost(bound, 2);
        own + courier * budget.couriers as u64 + place * (sessions + 2 * strangers + budget.returns()) as u64
    }

    #[test]
    fn linux_by_itself_has_room_for_fifteen_thousand() {
        let budget = budget(&[(Bound::Mappings, 65_530, 150), (Bound::OpenFiles, 524_288, 10)]);
        assert_eq!(budget.bound, Some((Bound::Mappings, 65_530)));
        assert!((15_000..15_700).contains(&budget.sessions_for_all()), "{budget:?}");
        assert!(budget.strangers(0) > 2_000 && budget.strangers(15_000) >= 100, "{budget:?}");
    }

    #[test]
    fn thirty_thousand_need_what_the_documents_say() {
        // docs/administration.md has these.
        let budget = budget(&[
            (Bound::Mappings, 262_144, 150),
            (Bound::OpenFiles, 65_536, 10),
            (Bound::SystemThreads, 65_536, 400),
            (Bound::ProcessIds, 65_536, 400),
            (Bound::GroupThreads, 40_000, 0),
            // The unit's share of 16 GiB.
            (Bound::GroupMemory, (16 << 30) / 4 * 3, 0),
        ]);
        assert!(budget.sessions_for_all() >= 30_000, "{budget:?}");
    }

    #[test]
    fn the_tightest_holds_and_nothing_is_spent_twice() {
        let all = [
            (Bound::OpenFiles, 1_024, 10),
            // With as many couriers as there are ever.
            (Bound::OpenFiles, 20_000, 10),
            (Bound::UserThreads, 700, 30),
            (Bound::SystemThreads, 900, 100),
            (Bound::ProcessIds, 32_768, 32_000),
            (Bound::GroupThreads, 512, 3),
            (Bound::Mappings, 4_096, 200),
            (Bound::GroupMemory, 160 << 20, 0),
            (Bound::Memory, 256 << 20, 0),
            (Bound::GroupMemory, 1 << 30, 0),
            (Bound::Memory, 1 << 30, 0),
            (Bound::AddressSpace, 3 << 30, 1 << 20),
        ];
        for one in all {
            let alone = budget(&[one]);
            assert_eq!(alone.bound, Some((one.0, one.1)));
            assert_eq!(alone.sessions_for_all() + alone.reserve(), alone.sessions());
            let limit = one.1 - one.2;
            for sessions in [0, alone.sessions() / 2, alone.sessions()] {
                let spent = spent(alone, one.0, sessions, alone.strangers(sessions));
                assert!(spent <= limit, "{one:?}: {spent} of {limit}, {alone:?}");
            }
            assert!(budget(&all).places <= alone.places);
        }
    }

    #[test]
    fn what_limits_nothing_is_no_bound() {
        assert_eq!(budget(&[]).bound, None);
        assert_eq!(budget(&[(Bound::OpenFiles, u64::MAX, 0)]).bound, None);
        assert!(budget(&[]).sessions_for_all() > 900_000);
    }

    #[test]
    fn the_smallest_machine_has_room_for_a_few_of_each() {
        let budget = budget(&[(Bound::OpenFiles, 20, 10)]);
        assert_eq!(budget.bound, Some((Bound::OpenFiles, 20)));
        assert!(budget.sessions_for_all() >= 8 && budget.reserve() >= 2 && budget.strangers(100) >= 6, "{budget:?}");
        assert!(budget.is_too_small());
        #[cfg(feature = "web")]
        let (in_all, of_an_address) = budget.downloads(100);
        #[cfg(feature = "web")]
        assert!(
            in_all <= budget.strangers(100) / 2 && (1..in_all).contains(&of_an_address),
            "{in_all} {of_an_address}"
        );
    }
}
