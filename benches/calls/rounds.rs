//! The service beside others: the same calls in turn, on one machine, in one run.
//!
//! On a machine that others use too, a figure says as much of the machine as of the
//! program. The ratio of two that were taken one after the other says more.

use super::cost::Cost;
use super::process::load_average;

const ROUNDS: usize = 3;

/// Somebody who serves the calls, and what that costs.
pub(crate) struct Serving<'a> {
    pub(crate) name: &'a str,
    pub(crate) measure: &'a dyn Fn() -> anyhow::Result<Cost>,
}

/// The same calls, served by the service and by others.
pub(crate) struct Comparison<'a> {
    pub(crate) calls: &'a str,
    pub(crate) ours: &'a dyn Fn() -> anyhow::Result<Cost>,
    pub(crate) others: &'a [Serving<'a>],
}

/// The service and one other, in each round.
struct Pair<'a> {
    calls: &'a str,
    name: &'a str,
    costs: Vec<(Cost, Cost)>,
}

/// Measures everything in turn, three times, and prints each round and the medians.
pub(crate) fn run(comparisons: &[Comparison<'_>]) -> anyhow::Result<()> {
    let mut pairs = Vec::new();
    for Comparison { calls, others, .. } in comparisons {
        for Serving { name, .. } in *others {
            pairs.push(Pair { calls, name, costs: Vec::new() });
        }
    }
    for round in 1..=ROUNDS {
        println!("\nround {round}, load average {}", load_average()?);
        let mut rest = pairs.iter_mut();
        for comparison in comparisons {
            let ours = counted(comparison.ours)?;
            println!("  {}: POLARIS {ours}", comparison.calls);
            for (other, pair) in comparison.others.iter().zip(rest.by_ref()) {
                let theirs = counted(other.measure)?;
                println!("  {}: {} {theirs}", pair.calls, pair.name);
                println!("      POLARIS takes {:.2} times that", ours.cpu_ms / theirs.cpu_ms);
                pair.costs.push((ours, theirs));
            }
        }
    }
    println!("\nmedians of {ROUNDS} rounds, CPU-ms per call-second and KB a call");
    for pair in &pairs {
        println!("  {}", pair.medians());
    }
    Ok(())
}

/// A busy machine lets calls fail and sound be missing: then it is measured once more.
fn counted(measure: &dyn Fn() -> anyhow::Result<Cost>) -> anyhow::Result<Cost> {
    measure().or_else(|error| {
        println!("  not counted: {error}");
        measure()
    })
}

impl Pair<'_> {
    fn medians(&self) -> String {
        let of = |figure: fn(&(Cost, Cost)) -> f64| median(self.costs.iter().map(figure).collect());
        format!(
            "{}: POLARIS {:.3}, {} {:.3}: {:.2} times; memory {:.1} and {:.1}",
            self.calls,
            of(|(ours, _)| ours.cpu_ms),
            self.name,
            of(|(_, theirs)| theirs.cpu_ms),
            of(|(ours, theirs)| ours.cpu_ms / theirs.cpu_ms),
            of(|(ours, _)| ours.each_kb),
            of(|(_, theirs)| theirs.each_kb)
        )
    }
}

/// The middle one of an odd number of figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
