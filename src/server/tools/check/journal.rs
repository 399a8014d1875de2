//! The journal: every line of every segment.

use super::count;
use super::files::closed;
use crate::server::config::folder;
use crate::server::timeline::Past;
use crate::server::timeline::journal::segment;
use crate::server::timeline::journal::segment::{DAMAGES_NAMED_MAX, Damage, End, Line, Place, ReadError};
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use jiff::Timestamp;
use std::path::Path;

/// What was seen so far.
#[derive(Debug, Default)]
struct Survey {
    findings: Vec<Finding>,
    /// As a start would know it.
    past: Past,
    segments: usize,
    events: usize,
    /// When the oldest and the newest of them happened.
    times: Option<(Timestamp, Timestamp)>,
    /// The seq after the last segment's last event's.
    next: Option<u64>,
    damaged: bool,
}

/// What there is to say of a data folder's journal, and its newest event's seq.
pub(super) fn findings(data_dir: &Path) -> (Vec<Finding>, Option<u64>) {
    let folder = data_dir.join(folder::JOURNAL);
    let places = match segment::list(&folder) {
        Ok(places) => places,
        Err(why) => return (vec![Bad(why.to_string())], None),
    };
    let mut survey = Survey::default();
    places.iter().for_each(|place| survey.segment(place));
    survey.findings.extend(strangers(&folder));
    let last = survey.next.map(|next| next - 1);
    (survey.finish(), last)
}

impl Survey {
    fn segment(&mut self, place: &Place) {
        if let Some(next) = self.next.filter(|&next| next < place.first) {
            self.findings.push(Note(format!(
                "{} begins with event {}, and the segment before it ends with {}: a start after a crash leaves such a \
                 gap, and so does a segment that was moved away",
                place.path.display(),
                place.first,
                next - 1
            )));
        }
        let mut damages = Vec::new();
        let read = place.read::<ReadError>(|line| {
            let judged = line.and_then(|line| self.event(place, &line));
            damages.extend(judged.err());
            Ok(())
        });
        match read {
            Ok(end) => {
                self.segments += 1;
                self.next = Some(end.next).filter(|_| end.bytes > 0).or(self.next);
                self.damages(place, &damages);
                self.surplus(place, end);
                if place.next.is_none() {
                    self.findings.extend(closed(&place.path));
                }
            }
            Err(e) if e.is_gone() => {}
            Err(why) => self.findings.push(Bad(why.to_string())),
        }
    }

    fn event(&mut self, place: &Place, line: &Line<'_>) -> Result<(), Damage> {
        let damage = |what| place.damage(line.number, what);
        self.events += 1;
        self.past.add(line.bytes, &line.record).map_err(damage)?;
        let time = line.record.moment().map_err(damage)?;
        let (oldest, newest) = self.times.unwrap_or((time, time));
        self.times = Some((oldest.min(time), newest.max(time)));
        Ok(())
    }

    fn damages(&mut self, place: &Place, damages: &[Damage]) {
        self.damaged |= !damages.is_empty();
        self.findings.extend(damages.iter().take(DAMAGES_NAMED_MAX).map(|damage| Bad(damage.to_string())));
        if damages.len() > DAMAGES_NAMED_MAX {
            let more = damages.len() - DAMAGES_NAMED_MAX;
            self.findings.push(Bad(format!("{} is damaged in {more} more places", place.path.display())));
        }
    }

    /// What comes after the events.
    fn surplus(&mut self, place: &Place, end: End) {
        let (shown, bytes) = (place.path.display(), end.surplus);
        if bytes == 0 {
            return;
        }
        self.findings.push(Note(match place.next {
            None => format!(
                "{shown} ends with {bytes} bytes of a line that isn't whole: it is just being written, or a crash left \
                 it, and the next start cuts it"
            ),
            Some(next) => format!(
                "{shown} ends with {bytes} bytes that don't count: a sync of them failed, so the events from {next} on \
                 stand in the next segment, and the next start cuts them here"
            ),
        }));
    }

    fn finish(mut self) -> Vec<Finding> {
        if self.damaged {
            self.findings.push(Note(
                "to lose the damaged lines alone, split the file while the server doesn't run: the lines before the \
                 damage keep its name, those behind it get a file named by the seq of their first, with 20 digits"
                    .into(),
            ));
        }
        let counted = match self.times {
            Some((oldest, newest)) => Good(format!(
                "{} in {}, from {oldest:.0} to {newest:.0}",
                count(self.events, "event"),
                count(self.segments, "segment")
            )),
            None => Note("nothing is in it: nothing was said yet, or the server keeps nothing (no-journal)".into()),
        };
        self.findings.insert(0, counted);
        self.findings
    }
}

/// What nobody reads.
fn strangers(folder: &Path) -> Vec<Finding> {
    segment::strangers(folder)
        .into_iter()
        .map(|path| {
            Note(match segment::is_successor(&path) {
                true => format!(
                    "{} was to take a segment's place: a server is just doing that, or has died, and the next start \
                     removes it",
                    path.display()
                ),
                false => format!("{} is no segment by its name: nothing reads it", path.display()),
            })
        })
        .collect()
}
