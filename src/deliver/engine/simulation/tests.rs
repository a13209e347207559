//! Many seeds, and every planted bug.

use std::io::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use super::checks::Figures;
use super::planted::Plant;
use super::tell;

/// A seed's story; a panic names the seed as well.
fn told(seed: u64, plant: Plant, aloud: bool) -> Result<Figures, String> {
    let told = catch_unwind(AssertUnwindSafe(|| tell(seed, plant, aloud)));
    told.unwrap_or_else(|panic| {
        let why = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!(
            "seed {seed}: panicked: {}",
            why.unwrap_or_default()
        ))
    })
}

/// A number from the environment, for `just simulate`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no settings; this is how `just` tells it how much to do"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The stories of many seeds, on as many threads as there are processors.
fn tell_all(seeds: Range<u64>) -> (Figures, Vec<String>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let aloud = seeds.end - seeds.start == 1;
    let next = AtomicU64::new(seeds.start);
    let told_by_one = || {
        let mut figures = Figures::default();
        let mut failures = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return (figures, failures);
            }
            match told(seed, Plant::Nothing, aloud) {
                Ok(more) => figures += more,
                Err(failure) => failures.push((seed, failure)),
            }
        }
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(told_by_one)).collect();
        let mut figures = Figures::default();
        let mut failures = Vec::new();
        for one in all {
            let (more, failed) = one.join().expect("its panics are caught");
            figures += more;
            failures.extend(failed);
        }
        failures.sort();
        (figures, failures.into_iter().map(|(_, why)| why).collect())
    })
}

#[test]
fn every_story_ends_well() {
    let first = number("SIMULATE_FROM").unwrap_or(0);
    let asked = number("SIMULATE_SEEDS");
    let seeds = asked.unwrap_or(2_000);
    let (figures, mut failures) = tell_all(first..first + seeds);
    let failed = failures.len();
    failures.truncate(10);
    assert!(
        failures.is_empty(),
        "\n{}\n{failed} of {seeds} stories end badly; `just simulate 1 SEED` tells one",
        failures.join("\n")
    );
    // Stories in which nothing happens would prove nothing.
    let lively = figures.kills > seeds / 4
        && figures.customers > seeds
        && figures.excused < seeds / 20
        && figures.unlucky < seeds / 200;
    assert!(seeds < 1_000 || lively, "{figures:?}");
    if asked.is_some() {
        let _ = writeln!(std::io::stderr(), "{seeds} stories: {figures:?}");
    }
}

/// A broken engine may be caught in many ways; by one of the stories it is for what it does.
#[track_caller]
fn assert_found(plant: Plant, seeds: u64, word: &str) {
    let mut said = (0..seeds)
        .filter_map(|seed| told(seed, plant, false).err())
        .peekable();
    assert!(
        said.peek().is_some(),
        "{plant:?} is not found by {seeds} seeds"
    );
    let found = said.any(|said| said.contains(word));
    assert!(found, "{plant:?} is found for other reasons only");
}

#[test]
fn a_resend_without_a_look_up_is_found() {
    assert_found(Plant::ResendsWithoutLookUp, 50, "a second POST of");
}

#[test]
fn a_post_before_its_intent_is_durable_is_found() {
    assert_found(
        Plant::PostsBeforeDurable,
        50,
        "before its intent was durable",
    );
}

#[test]
fn an_outcome_before_the_answer_is_found() {
    assert_found(Plant::SettlesBeforeTheAnswer, 50, "not in the ledger");
}

#[test]
fn a_settle_time_that_runs_from_the_send_is_found() {
    assert_found(Plant::SettlesFromTheSend, 200, "do not settle it");
}

#[test]
fn a_settle_time_that_nobody_waits_for_is_found() {
    assert_found(Plant::IgnoresSettleTime, 100, "do not settle it");
}

#[test]
fn one_look_up_instead_of_two_is_found() {
    assert_found(Plant::LooksOnce, 100, "do not settle it");
}

#[test]
fn a_look_up_that_reads_only_its_first_page_is_found() {
    assert_found(Plant::ReadsFirstPageOnly, 300, "do not settle it");
}

#[test]
fn intents_that_nobody_reads_after_a_crash_are_found() {
    assert_found(Plant::ForgetsIntents, 100, "a second POST of");
}

#[test]
fn unclear_posts_that_a_stop_forgets_are_found() {
    assert_found(Plant::VoidsWhatIsUnclear, 100, "a second POST of");
}

#[test]
fn a_licence_refusal_that_is_ridden_over_is_found() {
    assert_found(Plant::TakesLicenceForARecord, 600, "were answered 402");
}

#[test]
fn an_exit_code_that_hides_how_the_run_ended_is_found() {
    assert_found(Plant::CodeOfCountsAlone, 100, "code ");
}
