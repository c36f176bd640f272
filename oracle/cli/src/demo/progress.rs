//! What the user sees while it runs: phases and bars on a terminal, plain lines elsewhere. All of it goes to stderr.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lyceum_agent::Cancel;

use crate::terminal;

/// The display, and the switch that Ctrl-C sets.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
    terminal: bool,
    stop: Cancel,
    by_user: Arc<AtomicBool>,
    phases: Arc<Mutex<Phases>>,
}

#[derive(Debug, Default)]
struct Phases {
    open: Option<(String, Instant)>,
    closed: Vec<(String, f64)>,
}

/// One bar.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    terminal: bool,
    name: String,
    /// Tenth of the way that was last printed, where there is no terminal.
    printed: Mutex<u64>,
}

impl Progress {
    /// A display that ends when `stop` is set.
    pub fn new(stop: Cancel) -> Self {
        let terminal = terminal::moves_cursor(&std::io::stderr());
        let (by_user, phases) = (Arc::default(), Arc::default());
        Self { bars: MultiProgress::new(), terminal, stop, by_user, phases }
    }

    /// Whether to stop.
    pub fn interrupted(&self) -> bool {
        self.stop.is_set()
    }

    /// Stops everything, because the user said so; tells whether he said so before.
    pub fn interrupt(&self) -> bool {
        self.stop.cancel();
        self.by_user.swap(true, Ordering::Relaxed)
    }

    /// Whether it was the user who stopped, and not a failure.
    pub fn interrupted_by_user(&self) -> bool {
        self.by_user.load(Ordering::Relaxed)
    }

    /// A new phase begins, and the one before it ends.
    pub fn phase(&self, name: &str) {
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases.close();
        phases.open = Some((name.to_owned(), Instant::now()));
        drop(phases);
        self.say(&format!("── {name}"));
    }

    /// Wall-clock seconds by phase.
    pub fn phases(&self) -> Vec<(String, f64)> {
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases.close();
        phases.closed.clone()
    }

    /// A line above the bars.
    pub fn say(&self, line: &str) {
        if self.terminal {
            // A terminal that went away is no reason to stop.
            let _ = self.bars.println(terminal::printable(line));
        } else {
            noteln!("{line}");
        }
    }

    /// A bar of so many steps.
    pub fn bar(&self, name: &str, steps: u64) -> Bar {
        let bar = if self.terminal { self.bars.add(ProgressBar::new(steps)) } else { ProgressBar::hidden() };
        bar.set_length(steps);
        let style = ProgressStyle::with_template("   {prefix:<24} {bar:28} {pos:>4}/{len} {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_prefix(terminal::printable_line(name).into_owned());
        Bar { bar, terminal: self.terminal, name: name.to_owned(), printed: Mutex::new(0) }
    }
}

impl Phases {
    fn close(&mut self) {
        if let Some((name, since)) = self.open.take() {
            self.closed.push((name, since.elapsed().as_secs_f64()));
        }
    }
}

impl Bar {
    /// Moves to a step.
    pub fn at(&self, step: u64, loss: f64, tokens_per_second: f64) {
        let length = self.bar.length().unwrap_or_default().max(1);
        self.bar.set_position(step);
        let eta = if tokens_per_second > 0.0 { self.bar.eta().as_secs() } else { 0 };
        self.bar.set_message(format!("loss {loss:.3}  {tokens_per_second:>6.0} tokens/s  {eta:>3} s left"));
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let tenth = step * 10 / length;
        if !self.terminal && tenth > *printed {
            *printed = tenth;
            let (name, share) = (&self.name, tenth * 10);
            noteln!(
                "   {name}: {share} %, step {step} of {length}, loss {loss:.3}, {tokens_per_second:.0} tokens/s"
            );
        }
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

/// Bars by claim.
#[derive(Debug, Default)]
pub struct Bars(BTreeMap<u64, Bar>);

impl Bars {
    /// Shows how far a claim's run is.
    pub fn at(&mut self, progress: &Progress, claim: u64, name: &str, seen: &lyceum_learn::Progress) {
        let bar = self.0.entry(claim).or_insert_with(|| progress.bar(name, seen.steps));
        bar.at(seen.step, seen.loss, seen.tokens_per_second);
    }

    /// A run ended.
    pub fn done(&mut self, claim: u64) {
        if let Some(bar) = self.0.remove(&claim) {
            bar.done();
        }
    }
}
