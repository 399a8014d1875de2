//! The snapshot in Prometheus' text format, version 0.0.4.

use super::Snapshot;
use crate::server::chat::LATENCY_BUCKETS_US;
use std::fmt::{Display, Write};

/// The whole page.
pub(crate) fn page(snapshot: &Snapshot) -> String {
    let Snapshot { status, counted, failures, ends, couriers_at_work, open_files, certificate_ends } = snapshot;
    let mut page = Page::default();
    page.text.push_str("# HELP homeroom_info The server's version.\n# TYPE homeroom_info gauge\n");
    let _ = writeln!(page.text, "homeroom_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    page.gauge("uptime_seconds", "Since the start.", Some(status.uptime_seconds));
    page.gauge("sessions", "Clients that are logged in.", Some(status.sessions));
    page.gauge("sessions_max", "How many there may be, staff aside.", status.sessions_max);
    page.gauge("accounts_online", "Accounts with a session.", Some(status.accounts_online));
    page.gauge("strangers", "Connections that are logging in.", Some(status.strangers));
    page.counter("logins_total", "Logins that succeeded.", status.logins);
    page.by_reason("login_failures_total", "Logins that failed.", failures);
    page.by_reason("session_ends_total", "Sessions that ended; too_slow and timeout were dropped.", ends);
    page.counter("events_total", "Events in the timeline since the start.", status.events);
    page.counter("deliveries_total", "Events times the sessions that postmen brought them to.", status.deliveries);
    page.latency(counted);
    page.counter("slow_total", "Times that a session was behind and needed a courier.", status.slow);
    page.gauge("slow_sessions", "Sessions that are behind now.", Some(couriers_at_work));
    page.gauge("timeline_bytes", "Lines kept in memory.", Some(status.timeline_bytes));
    page.gauge("journal_bytes", "Lines kept on disk.", Some(status.journal_bytes));
    let behind = "For how long the mirror lacks something; less than 3 while all is well.";
    page.gauge("mirror_behind_seconds", behind, status.mirror_behind_seconds);
    page.gauge("memory_bytes", "Resident memory.", status.memory_bytes);
    page.gauge("threads", "Threads.", status.threads);
    page.gauge("open_files", "Open descriptors.", *open_files);
    page.gauge("clock_in_doubt", "1 while the system's clock isn't believed.", Some(u8::from(status.clock.is_some())));
    page.gauge("certificate_end_seconds", "When the certificate ends, in seconds since 1970.", *certificate_ends);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.text, "# HELP homeroom_{name} {help}\n# TYPE homeroom_{name} {kind}");
    }

    /// Nothing where the value isn't known.
    fn gauge(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        let Some(value) = value else { return };
        self.head(name, help, "gauge");
        let _ = writeln!(self.text, "homeroom_{name} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        let _ = writeln!(self.text, "homeroom_{name} {value}");
    }

    fn by_reason(&mut self, name: &str, help: &str, values: &[(&str, u64)]) {
        self.head(name, help, "counter");
        for (reason, value) in values {
            let _ = writeln!(self.text, "homeroom_{name}{{reason=\"{}\"}} {value}", reason.replace(' ', "_"));
        }
    }

    fn latency(&mut self, counted: &super::Counted) {
        let name = "delivery_latency_seconds";
        self.head(name, "Postmen's rounds, by the age of the oldest thing said when everyone had it.", "histogram");
        let mut sum = 0;
        for (index, count) in counted.latency.iter().enumerate() {
            sum += count;
            let end = LATENCY_BUCKETS_US.get(index).map_or("+Inf".into(), |us| (*us as f64 / 1e6).to_string());
            let _ = writeln!(self.text, "homeroom_{name}_bucket{{le=\"{end}\"}} {sum}");
        }
        let _ = writeln!(self.text, "homeroom_{name}_sum {}", counted.latency_sum.as_secs_f64());
        let _ = writeln!(self.text, "homeroom_{name}_count {sum}");
    }
}
