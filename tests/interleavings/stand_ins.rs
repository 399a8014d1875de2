//! What stands in for the parts of the server that the core is tested without.

/// shuttle's locks and threads, as `homeroom::sync` has the standard library's.
pub mod sync {
    pub use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};
    pub use shuttle::thread;
    pub use std::sync::OnceLock;
    use std::sync::PoisonError;
    use std::time::{Duration, Instant};

    pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As `homeroom::sync::doze`: it may be over at any time. (shuttle's `park_timeout` never is.)
    pub fn doze(_limit: Duration) {
        thread::yield_now();
    }

    /// As `homeroom::sync::Gate`.
    #[derive(Clone, Debug, Default)]
    pub struct Gate(Arc<(Mutex<usize>, Condvar)>);

    impl Gate {
        pub fn enter(&self) -> Pass {
            *lock(&self.0.0) += 1;
            Pass(self.clone())
        }

        pub fn count(&self) -> usize {
            *lock(&self.0.0)
        }

        pub fn wait_until_empty(&self, _deadline: Instant) -> bool {
            let waited = self.0.1.wait_while(lock(&self.0.0), |count| *count > 0);
            *waited.unwrap_or_else(PoisonError::into_inner) == 0
        }
    }

    #[derive(Debug)]
    pub struct Pass(Gate);

    impl Drop for Pass {
        fn drop(&mut self) {
            *lock(&self.0.0.0) -= 1;
            self.0.0.1.notify_all();
        }
    }
}

/// TLS that doesn't encrypt, over a socket in memory that is full now and then.
pub mod duplex {
    use shuttle::rand::Rng;
    use std::io::{self, ErrorKind, Write};
    use std::net::Shutdown;
    use std::sync::Mutex;
    use std::time::Duration;

    /// What a session says when it closes its direction.
    pub const CLOSE: &[u8] = b"close\n";

    #[derive(Debug, Default)]
    pub struct Duplex {
        outgoing: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub enum Peer {
        Open,
        Closed,
    }

    impl Duplex {
        pub fn decrypt(&mut self, _ciphertext: &[u8], _plain: &mut Vec<u8>) -> io::Result<Peer> {
            Ok(Peer::Open)
        }

        pub fn encrypt(&mut self, plain: &[u8]) -> io::Result<()> {
            self.outgoing.extend_from_slice(plain);
            Ok(())
        }

        pub fn close(&mut self) {
            self.outgoing.extend_from_slice(CLOSE);
        }

        pub fn outgoing(&mut self) -> &mut Vec<u8> {
            &mut self.outgoing
        }
    }

    /// Keeps what was written. Only one thread writes at a time, which `writing` checks.
    #[derive(Debug)]
    pub struct Socket {
        /// Of four writes, so many find it full.
        full_of_four: u32,
        written: Mutex<Vec<u8>>,
        writing: Mutex<bool>,
    }

    impl Socket {
        pub fn new(full_of_four: u32) -> Self {
            Self { full_of_four, written: Mutex::default(), writing: Mutex::default() }
        }

        pub fn written(&self) -> Vec<u8> {
            self.written.lock().unwrap().clone()
        }

        pub fn set_write_timeout(&self, _wait: Option<Duration>) -> io::Result<()> {
            Ok(())
        }

        pub fn shutdown(&self, _how: Shutdown) -> io::Result<()> {
            Ok(())
        }
    }

    impl Write for &Socket {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(!std::mem::replace(&mut *self.writing.lock().unwrap(), true), "two threads write at once");
            shuttle::thread::yield_now();
            *self.writing.lock().unwrap() = false;
            let mut random = shuttle::rand::thread_rng();
            let taken = match random.gen_range(0..4) {
                roll if roll >= self.full_of_four => bytes.len(),
                0 => return Err(ErrorKind::WouldBlock.into()),
                _ => bytes.len().div_ceil(2),
            };
            self.written.lock().unwrap().extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

/// Whether the person behind an account is there: nobody asks.
pub mod attention {
    #[derive(Debug, Default)]
    pub struct Attention(());
}

/// How fast an account may do things: as it likes.
pub mod rate {
    #[derive(Debug, Default)]
    pub struct Free;

    pub type Rate = Free;
    pub type LoginRate = Free;
    pub type LookRate = Free;
    pub type LessonRate = Free;

    impl Free {
        pub fn new() -> Self {
            Self
        }

        pub fn of_a_password() -> Self {
            Self
        }

        pub fn charge(&self, _stretches: u32, _now: std::time::Instant) -> std::time::Duration {
            std::time::Duration::ZERO
        }
    }
}

/// Seqs without a disk.
pub mod sequence {
    use std::io;

    #[derive(Debug, Default)]
    pub struct Sequence(u64);

    impl Sequence {
        /// For the unit tests in `timeline.rs`, which are compiled here and not run.
        pub fn open(_path: &std::path::Path, _seen: u64) -> Result<Self, String> {
            Ok(Self::default())
        }

        pub fn last(&self) -> u64 {
            self.0
        }

        pub fn next(&mut self) -> io::Result<u64> {
            self.0 += 1;
            Ok(self.0)
        }

        pub fn rewind(&mut self, last: u64) {
            self.0 = self.0.min(last);
        }

        pub fn look(&self) -> io::Result<bool> {
            Ok(false)
        }

        pub fn close(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

pub mod token_file {
    pub type TokenId = [u8; 32];
}
