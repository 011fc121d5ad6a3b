//! A list of things to do in order: announced, timed, and stopped at the first failure.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step ended, if it did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should.
    Done,
    /// With something left out, for this reason.
    Partial(String),
}

/// One thing to do.
pub(crate) struct Step<'a> {
    /// What it is called in progress lines.
    title: &'static str,
    /// What to do when it fails.
    remedy: &'static str,
    work: Box<dyn FnOnce() -> Result<Outcome> + 'a>,
}

impl<'a> Step<'a> {
    /// A step that does `work`. `remedy` completes the sentence "What to do: …".
    pub(crate) fn new(title: &'static str, remedy: &'static str, work: impl FnOnce() -> Result<Outcome> + 'a) -> Self {
        Self { title, remedy, work: Box::new(work) }
    }
}

/// A step that was started, for the table at the end.
struct Taken {
    title: &'static str,
    duration: Duration,
    note: Option<String>,
}

/// Runs `steps` until one fails. Says at the end how long each took, and how the one that failed can be mended.
pub(crate) fn run(steps: Vec<Step<'_>>) -> Result<()> {
    let total = steps.len();
    let mut taken = Vec::with_capacity(total);
    for (number, step) in (1..).zip(steps) {
        eprintln!("[{number}/{total}] {} …", step.title);
        let start = Instant::now();
        let outcome = (step.work)();
        let (note, failure) = match outcome {
            Ok(Outcome::Done) => (None, None),
            Ok(Outcome::Partial(reason)) => (Some(reason), None),
            Err(error) => (Some("FAILED".to_owned()), Some(error)),
        };
        taken.push(Taken { title: step.title, duration: start.elapsed(), note });
        if let Some(error) = failure {
            eprintln!("\n{}", table(&taken));
            return Err(error
                .context(format!("step {number} of {total}, {}. What to do: {}. The cause", step.title, step.remedy)));
        }
    }
    eprintln!("\n{}", table(&taken));
    eprintln!("all {total} steps passed");
    Ok(())
}

/// The steps with their times, one a line.
fn table(taken: &[Taken]) -> String {
    let sum: Duration = taken.iter().map(|step| step.duration).sum();
    let mut lines: Vec<String> = taken
        .iter()
        .map(|step| {
            let line = format!("{}  {}", clock(step.duration), step.title);
            step.note.as_ref().map_or_else(|| line.clone(), |note| format!("{line} ({note})"))
        })
        .collect();
    lines.push(format!("{}  in all", clock(sum)));
    lines.join("\n")
}

/// Minutes and seconds, seven characters wide.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:>3}m {:02}s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn steps_run_in_order_and_stop_at_a_failure() {
        let log = RefCell::new(Vec::new());
        let note = |entry: &'static str| log.borrow_mut().push(entry);
        let steps = vec![
            Step::new("first", "nothing", || {
                note("first");
                Ok(Outcome::Partial("half".to_owned()))
            }),
            Step::new("second", "mend it", || {
                note("second");
                bail!("it broke")
            }),
            Step::new("third", "nothing", || {
                note("third");
                Ok(Outcome::Done)
            }),
        ];
        let error = run(steps).expect_err("the second step fails");
        assert_eq!(*log.borrow(), ["first", "second"]);
        assert_eq!(format!("{error:#}"), "step 2 of 3, second. What to do: mend it. The cause: it broke");
    }

    #[test]
    fn the_table_names_times_and_reasons() {
        let taken = [
            Taken { title: "lints", duration: Duration::from_secs(65), note: None },
            Taken { title: "tests", duration: Duration::from_secs(1), note: Some("FAILED".to_owned()) },
        ];
        assert_eq!(table(&taken), "  1m 05s  lints\n  0m 01s  tests (FAILED)\n  1m 06s  in all");
    }
}
