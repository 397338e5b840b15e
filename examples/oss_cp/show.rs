//! Bars while it runs, a summary at the end.

use std::error::Error;
use std::time::Instant;

use indicatif::{DecimalBytes, MultiProgress, ProgressBar, ProgressStyle};

use super::copy::Outcome;
use super::job::Job;
use super::plan::Plan;

/// One bar for each file under way, and one for all. Nothing is drawn where no terminal is.
pub(crate) struct Display {
    bars: MultiProgress,
    files: ProgressBar,
    began: Instant,
}

impl Display {
    pub(crate) fn new(plan: &Plan) -> Self {
        let bars = MultiProgress::new();
        let files = bars.add(styled(
            ProgressBar::new(plan.jobs.len() as u64),
            "{msg:<40!} [{bar:30}] {pos} of {len} files",
        ));
        files.set_message("all");
        Self {
            bars,
            files,
            began: Instant::now(),
        }
    }

    pub(crate) fn begin(&self, job: &Job) -> ProgressBar {
        let bar = styled(
            ProgressBar::new(job.len.unwrap_or_default()),
            "{msg:<40!} [{bar:30}] {decimal_bytes} of {decimal_total_bytes} {decimal_bytes_per_sec}",
        );
        let bar = self.bars.insert_before(&self.files, bar);
        bar.set_message(job.from.to_string());
        bar
    }

    pub(crate) fn end(&self, job: &Job, bar: &ProgressBar, outcome: &Outcome) {
        bar.finish_and_clear();
        self.files.inc(1);
        if let Outcome::Failed(_, error) = outcome {
            let _ = self
                .bars
                .println(format!("failed to copy {}: {error}", job.from));
        }
    }

    pub(crate) fn finish(&self, plan: &Plan, outcomes: &[Outcome], interrupted: bool) {
        let _ = self.bars.clear();
        let (mut files, mut bytes, mut reused) = (0, 0, 0);
        let (mut skipped, mut failed) = (plan.skipped.len(), plan.problems.len());
        for problem in &plan.problems {
            eprintln!("failed to {problem}");
        }
        for outcome in outcomes {
            match outcome {
                Outcome::Copied { len, resumed } => {
                    files += 1;
                    bytes += len;
                    reused += resumed;
                }
                Outcome::Exists => skipped += 1,
                Outcome::Failed(source, error) => {
                    failed += 1;
                    eprintln!("failed to copy `{source}`: {}", in_words(&**error));
                }
            }
        }
        let say = |text: String| match plan.is_to_standard_output() {
            true => eprintln!("{text}"),
            false => println!("{text}"),
        };
        say(format!(
            "{files} files copied, {} ({reused} bytes of them were there before), {skipped} skipped, {failed} failed, in {:.1} s",
            DecimalBytes(bytes),
            self.began.elapsed().as_secs_f64()
        ));
        if interrupted {
            say("Interrupted. The same command goes on where this one stopped; add -u to skip what is done.".to_owned());
        }
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// The step and its causes, each once.
pub(crate) fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}\n  caused by: {source}");
        cause = source.source();
    }
    text
}
