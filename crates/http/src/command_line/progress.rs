//! How far a long command is: a bar on a terminal, and lines elsewhere. It goes to stderr.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// The time between two lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of one part of a command.
pub(super) struct Progress {
    what: String,
    /// The number of all things, if it is known.
    total: Option<u64>,
    done: u64,
    begun: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins a part, such as "reading shop.example.com".
    pub(super) fn new(what: String, total: Option<u64>) -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
            bar.set_style(style(total.is_some()));
            bar.set_message(what.clone());
            bar
        });
        Self { what, total, done: 0, begun: now, last_line: now, bar }
    }

    /// Notes that this many things are done.
    pub(super) fn set(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            self.print();
        }
    }

    /// Notes that as many more things are done.
    pub(super) fn add(&mut self, more: u64) {
        self.set(self.done + more);
    }

    /// Ends the part.
    pub(super) fn finish(self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.print(),
        }
    }

    fn print(&self) {
        // If nobody reads it, nothing is lost.
        let _ = writeln!(std::io::stderr(), "{}", self.line());
    }

    fn line(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        let rate = self.done as f64 / seconds;
        let mut line = format!("{}: {}", self.what, HumanCount(self.done));
        if let Some(total) = self.total {
            line += &format!(" of {}", HumanCount(total));
        }
        line += &format!(", {} a second", HumanCount(rate as u64));
        if let Some(left) = self.total.map(|total| total.saturating_sub(self.done)).filter(|left| *left > 0) {
            let left = Duration::try_from_secs_f64(left as f64 / rate.max(0.001)).unwrap_or(Duration::MAX);
            line += &format!(", {} left", HumanDuration(left));
        }
        line
    }
}

fn style(has_total: bool) -> ProgressStyle {
    let template = if has_total {
        "{msg} {wide_bar} {human_pos} of {human_len}, {rate} a second, {eta} left"
    } else {
        "{msg} {spinner} {human_pos}, {rate} a second"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // Only a failing terminal fails here.
        let _ = write!(text, "{}", HumanCount(state.per_sec() as u64));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_long() {
        let begun = Instant::now() - Duration::from_secs(10);
        let progress = |total, done| Progress {
            what: "reading a.example.com".into(),
            total,
            done,
            begun,
            last_line: begun,
            bar: None,
        };
        let line = progress(Some(4_000_000), 1_000_000).line();
        assert!(line.starts_with("reading a.example.com: 1,000,000 of 4,000,000, "), "{line}");
        assert!(line.ends_with(" a second, 30 seconds left"), "{line}");
        assert!(progress(None, 7).line().starts_with("reading a.example.com: 7, "));
        assert!(!progress(Some(7), 7).line().contains("left"));
    }
}
