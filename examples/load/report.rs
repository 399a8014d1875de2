//! What was measured, as a Markdown table and as JSON.

use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::time::Duration;

/// All that was measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// What one stage has shown.
#[derive(Debug)]
pub(crate) struct Row {
    stage: &'static str,
    title: String,
    clients: usize,
    figures: Vec<Figure>,
}

/// One figure. Without a value where the system doesn't tell it.
#[derive(Debug)]
struct Figure {
    key: &'static str,
    title: &'static str,
    unit: &'static str,
    value: Option<f64>,
}

impl Row {
    /// A row without figures; `stage` is its name for programs.
    pub(crate) fn new(stage: &'static str, title: impl Into<String>, clients: usize) -> Self {
        Self { stage, title: title.into(), clients, figures: Vec::new() }
    }

    /// With a further figure; `key` is its name for programs and ends with its unit.
    pub(crate) fn with(
        mut self,
        key: &'static str,
        title: &'static str,
        unit: &'static str,
        value: impl Into<Option<f64>>,
    ) -> Self {
        self.figures.push(Figure { key, title, unit, value: value.into() });
        self
    }

    pub(crate) fn with_ms(self, key: &'static str, title: &'static str, value: Duration) -> Self {
        self.with(key, title, "ms", value.as_secs_f64() * 1e3)
    }

    pub(crate) fn with_seconds(
        self,
        key: &'static str,
        title: &'static str,
        value: impl Into<Option<Duration>>,
    ) -> Self {
        self.with(key, title, "s", value.into().map(|value| value.as_secs_f64()))
    }

    /// Without the figure `key`.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.figures.retain(|figure| figure.key != key);
        self
    }

    /// A figure by its key.
    pub(crate) fn value(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.key == key)?.value
    }
}

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Something that whoever reads the figures must know.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from("| stage | clients | figure | result |\n|---|---:|---|---:|\n");
        for Row { title, clients, figures, .. } in &self.rows {
            for (i, Figure { title: figure, unit, value, .. }) in figures.iter().enumerate() {
                let title = if i == 0 { title } else { "" };
                let clients = if i == 0 { grouped(&clients.to_string()) } else { String::new() };
                let result = value.map_or("n/a".into(), |value| format!("{} {unit}", shown(value)));
                // Writing to a string can't fail.
                let _ = writeln!(text, "| {title} | {clients} | {figure} | {} |", result.trim_end());
            }
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let row = |Row { stage, clients, figures, .. }: &Row| {
            let mut object = Map::new();
            object.insert("stage".into(), json!(stage));
            object.insert("clients".into(), json!(clients));
            object.extend(figures.iter().map(|figure| (figure.key.into(), json!(figure.value))));
            Value::Object(object)
        };
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let report = json!({
            "homeroom": env!("CARGO_PKG_VERSION"),
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "cores": cores,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "notes": self.notes,
        });
        format!("{report:#}\n")
    }
}

/// The figure in the middle, if each run has it.
pub(crate) fn median(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect::<Option<_>>()?;
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Three digits that matter, or all before the point.
fn shown(value: f64) -> String {
    match value.abs() {
        v if v >= 1000.0 => grouped(&format!("{value:.0}")),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.1 || v == 0.0 => format!("{value:.2}"),
        v if v >= 0.01 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// With a comma before every third digit from the end.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
