//! The crash loop: round after round, each with an export, a server, faults and deaths that its
//! seed decides. `just crash 1000` plays a thousand rounds; a failed one names its seed.

use std::io::Write as _;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use wawi_importer::sandbox::{Duplicates, Faults, Lookup};

use super::setting;
use super::witness::{Attacked, End, Plan, breathe};
use crate::customers::Customers;

/// Rounds unless `CRASH_ROUNDS` says otherwise: where the program can also be made to die at
/// its fail points, CI plays more of them.
const ROUNDS: u64 = if cfg!(feature = "fail-points") {
    30
} else {
    10
};
/// The first round's seed unless `CRASH_SEED` says otherwise.
const SEED: u64 = 1;
/// Rounds at once, for each processor: they mostly wait.
const AT_ONCE: usize = 4;

/// Each is drawn for every other round, with a rate of up to 5%.
const FAULTS: [&str; 14] = [
    "commit_drop",
    "drop",
    "commit_rst",
    "rst",
    "500_after",
    "500_before",
    "503",
    "429",
    "cut",
    "garbage",
    "endless",
    "close",
    "hang_commit",
    "late_commit",
];

/// How the program dies.
#[derive(Clone, Debug)]
struct Death {
    /// At this fail point (`NAME@N`), if it passes there before it is killed.
    point: Option<String>,
    /// Else it is killed now.
    moment: Moment,
}

/// The moment of a kill.
#[derive(Clone, Debug)]
enum Moment {
    /// So many customers more are in the ledger.
    Created(usize),
    /// So many POSTs more have come to the server.
    Posts(u64),
    /// The journal's files have grown by so many bytes.
    Journal(u64),
    /// So long after the start.
    Time(Duration),
}

impl Death {
    fn draw(random: &mut Rng) -> Self {
        let point = draw_point(random);
        let moment = match random.u8(..4) {
            0 => Moment::Created(random.usize(1..15)),
            1 => Moment::Posts(random.u64(1..15)),
            2 => Moment::Journal(random.u64(1..40) * 4096),
            _ => Moment::Time(Duration::from_millis(random.u64(..600))),
        };
        Self { point, moment }
    }
}

/// A fail point for every other death, where the program has them.
#[cfg(feature = "fail-points")]
fn draw_point(random: &mut Rng) -> Option<String> {
    let points = wawi_importer::fail_point::Point::ALL;
    let name = points[random.usize(..points.len())].name();
    // Half of the instants come once in a run.
    let passage = if random.bool() { 1 } else { random.u64(2..=8) };
    random.bool().then(|| format!("{name}@{passage}"))
}

#[cfg(not(feature = "fail-points"))]
fn draw_point(_: &mut Rng) -> Option<String> {
    None
}

/// What a round is played with.
fn plan(seed: u64, random: &mut Rng) -> Plan {
    let count = random.usize(15..50);
    let customers = if random.u8(..3) == 0 {
        Customers::with_broken(seed, count)
    } else {
        Customers::valid(seed, count)
    };
    let mut plan = Plan::new(customers);
    plan.server.seed = seed;
    plan.server.lookup = [Lookup::Exact, Lookup::Prefix, Lookup::IgnoreCase][random.usize(..3)];
    plan.server.duplicates = [
        Duplicates::Accept,
        Duplicates::Accept,
        Duplicates::Refuse409,
        Duplicates::Refuse400,
    ][random.usize(..4)];
    plan.server.latency = Duration::from_millis(random.u64(..8));
    if random.bool() {
        plan.server.stale = Duration::from_millis(400);
    }
    if random.u8(..4) == 0 {
        // Numbers of which some begin as others do.
        for (at, customer) in (1..).zip(&mut plan.customers.0) {
            if customer.broken.is_none() {
                customer.cells[0] = format!("{at}");
            }
        }
    }
    if random.u8(..4) == 0 {
        let valid = |record: &usize| plan.customers.0[record - 1].broken.is_none();
        plan.existing = [1, 4, 11].into_iter().filter(valid).collect();
    }
    plan.stdin = random.u8(..4) == 0;
    let mut faults = "hang_for=600ms".to_owned();
    for fault in FAULTS.into_iter().chain(["lookups"]) {
        if random.bool() {
            faults.push_str(&format!(",{fault}=0.0{}", random.u8(1..=5)));
        }
    }
    plan.server.faults = Faults::parse(&faults).unwrap();
    let concurrency = random.usize(1..=12).to_string();
    plan.words(&[
        "--timeout",
        "400ms",
        "--settle",
        "1s",
        "--max-attempts",
        "20",
    ])
    .words(&["--concurrency", &concurrency])
}

/// Lets the program die as planned; whether it did.
#[track_caller]
fn dies(attacked: &mut Attacked, death: &Death) -> bool {
    let (created, posts) = (attacked.server.created(), attacked.server.counters().posts);
    let bytes = attacked.journal_bytes();
    let mut child = attacked.start(death.point.as_deref());
    let started = Instant::now();
    let is_time = |attacked: &Attacked| match &death.moment {
        Moment::Created(more) => attacked.server.created() >= created + more,
        Moment::Posts(more) => attacked.server.counters().posts >= posts + more,
        Moment::Journal(more) => attacked.journal_bytes() >= bytes + more,
        Moment::Time(time) => started.elapsed() >= *time,
    };
    let mut killed = false;
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "it hangs");
        if is_time(attacked) {
            // Perhaps it has just ended: then there is nobody to kill.
            killed = child.kill().is_ok();
            break;
        }
        breathe();
    }
    match attacked.end(child, killed) {
        End::Died => true,
        End::Ended(run) => {
            let codes = [attacked.code(), 7, 75];
            assert!(codes.contains(&run.code), "{}", run.said());
            false
        }
    }
}

/// One round; says how often the program died.
fn play(seed: u64) -> u64 {
    let mut random = Rng::with_seed(seed);
    let plan = plan(seed, &mut random);
    // All are drawn before anything happens, so that the seed decides.
    let deaths: Vec<Death> = (0..random.usize(2..=8))
        .map(|_| Death::draw(&mut random))
        .collect();
    let mut attacked = plan.build();
    let mut died = 0;
    for death in &deaths {
        died += u64::from(dies(&mut attacked, death));
    }
    attacked.finish();
    died
}

#[test]
fn rounds_of_deaths_among_faults_lose_and_double_nothing() {
    let rounds = setting("CRASH_ROUNDS", ROUNDS);
    let first = setting("CRASH_SEED", SEED);
    let (next, died) = (AtomicU64::new(0), AtomicU64::new(0));
    let failed = Mutex::new(Vec::new());
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..processors * AT_ONCE {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::Relaxed);
                    if round >= rounds {
                        break;
                    }
                    let seed = first + round;
                    // A thread of its own, whose name a panic tells.
                    let playing = std::thread::Builder::new()
                        .name(format!("CRASH_ROUNDS=1 CRASH_SEED={seed}"))
                        .spawn(move || play(seed))
                        .unwrap();
                    match playing.join() {
                        Ok(count) => died.fetch_add(count, Ordering::Relaxed),
                        Err(_) => {
                            failed.lock().unwrap().push(seed);
                            0
                        }
                    };
                }
            });
        }
    });
    let (failed, died) = (failed.into_inner().unwrap(), died.into_inner());
    assert!(
        failed.is_empty(),
        "of {rounds} rounds these failed, to be replayed with CRASH_ROUNDS=1 and CRASH_SEED: \
         {failed:?}"
    );
    assert!(
        died >= rounds / 2,
        "{died} deaths in {rounds} rounds are few"
    );
    if rounds > ROUNDS {
        let said = format!("{rounds} rounds, {died} deaths, nothing lost, nothing doubled\n");
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
}
