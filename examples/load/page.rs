//! What it costs that clients come through the page's WebSocket.

use crate::Result;
use crate::crowd::Crowd;
use crate::report::{Report, Row, median};
use crate::server::HASH_ROUNDS;
use crate::stages::Bench;

/// How many of a hundred come through the page, in turn.
const SHARES: [u8; 3] = [0, 50, 100];
/// How often each is measured: the one in the middle is told.
const TIMES: usize = 3;
/// The clients: ten classes.
const CLIENTS_MAX: usize = 300;

impl Bench<'_> {
    /// Memory of an idle client, and the CPU of a delivery in a quiet and in a busy room, for each share; each on a server of
    /// its own, and the shares in turn, so that whatever else the machine does falls on all alike.
    pub(crate) fn web(&self, report: &mut Report) -> Result<()> {
        let clients = self.plan.clients.min(CLIENTS_MAX);
        let mut measured = SHARES.map(|_| Vec::new());
        for _ in 0..TIMES {
            for (share, measured) in SHARES.into_iter().zip(&mut measured) {
                measured.push(self.share(clients, share)?);
            }
        }
        for (share, measured) in SHARES.into_iter().zip(measured) {
            let middle = |figure: usize| median(measured.iter().map(|figures| figures[figure]));
            let title = format!("{share} % of the clients come through the page, the middle of {TIMES} runs");
            let row = Row::new("web", title, clients).with(
                "own_kib_per_client",
                "memory of an idle client",
                "KiB",
                middle(0),
            );
            let row = row.with("quiet_cpu_us_per_delivery", "a quiet room: server CPU a delivery", "µs", middle(1));
            report.add(row.with("busy_cpu_us_per_delivery", "a busy room: server CPU a delivery", "µs", middle(2)));
        }
        Ok(())
    }

    fn share(&self, clients: usize, percent: u8) -> Result<[Option<f64>; 3]> {
        let site = self.site(clients)?;
        let (server, crowd) = (site.start(HASH_ROUNDS)?, Crowd::new(clients, self.plan.readers, percent));
        let before = server.resident_kib();
        self.arrive(&crowd, &server, 0..clients, None)?;
        let memory = self.memory(&crowd, &server, before, ("memory", "idle clients"))?;
        let quiet = self.room(&crowd, &server, self.quiet(), "quiet", "a quiet room")?;
        let busy = self.room(&crowd, &server, self.busy(clients, self.plan.deliveries), "busy", "a busy room")?;
        let cpu = "cpu_us_per_delivery";
        Ok([memory.value("own_kib_per_client"), quiet.value(cpu), busy.value(cpu)])
    }
}
