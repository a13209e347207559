//! Killed again and again in a long import, while the server does everything that servers do:
//! every customer is there once, and the report names all of them.
//!
//! `just crash-full` plays these in their full size; CI plays them smaller.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::{Duration, Instant};

use fastrand::Rng;
use wawi_importer::sandbox::{Faults, Lookup};

use super::setting;
use super::witness::{Attacked, End, Plan, breathe};
use crate::customers::Customers;

/// What becomes of the POSTs: 2% committed and dropped, 2% dropped, 2% answered with 500 after
/// the commit, 2% before it, 1% with 503, 1% cut, 1% garbage, and 0.4% silent for longer than
/// the time limit (stored at once, stored late, or not at all).
const FAULTS: &str = "commit_drop=0.02,drop=0.02,500_after=0.02,500_before=0.02,503=0.01,\
                      cut=0.01,garbage=0.01,hang_commit=0.001,late_commit=0.001,hang=0.002,\
                      hang_for=700ms";

/// How much of it is played.
struct Size {
    customers: usize,
    kills: usize,
    freeze: Duration,
}

impl Size {
    fn asked_for() -> Self {
        if setting("CRASH_FULL", 0) == 0 {
            Self {
                customers: 240,
                kills: 5,
                freeze: Duration::from_millis(1_500),
            }
        } else {
            Self {
                customers: 1_500,
                kills: 25,
                freeze: Duration::from_secs(10),
            }
        }
    }
}

/// The server freezes once, and commits what had queued up when it thaws.
struct Freeze {
    /// With so many customers in the ledger.
    at: usize,
    /// At least so long, and until a POST has queued up.
    length: Duration,
    began: Option<Instant>,
    is_over: bool,
    /// POSTs that had come before.
    posts: u64,
}

impl Freeze {
    fn new(at: usize, length: Duration) -> Self {
        Self {
            at,
            length,
            began: None,
            is_over: false,
            posts: 0,
        }
    }

    /// Whether a POST has come since it began.
    fn has_queued(&self, attacked: &Attacked) -> bool {
        attacked.server.counters().posts > self.posts
    }

    /// Freezes or thaws, if it is time; how long the server has been frozen by now, if it is.
    fn look(&mut self, attacked: &Attacked) -> Option<Duration> {
        match self.began.map(|began| began.elapsed()) {
            _ if self.is_over => return None,
            None if attacked.server.created() >= self.at => {
                attacked.server.freeze();
                self.posts = attacked.server.counters().posts;
                self.began = Some(Instant::now());
            }
            Some(time) if time >= self.length && self.has_queued(attacked) => {
                attacked.server.thaw();
                self.is_over = true;
                return None;
            }
            _ => {}
        }
        self.began.map(|began| began.elapsed())
    }
}

/// Ledger sizes at which the program is killed, ascending and not the same.
fn kills_at(random: &mut Rng, size: &Size) -> BTreeSet<usize> {
    let mut at = BTreeSet::new();
    while at.len() < size.kills {
        // The last tenth is left for the end, so that there is always somebody to kill.
        at.insert(random.usize(1..size.customers * 9 / 10));
    }
    at
}

/// While the server is frozen and no ledger grows, the program is killed after this time at
/// the earliest.
const PATIENCE_WHEN_FROZEN: Duration = Duration::from_millis(900);

/// Kills the program as often as the size says, then lets it finish.
#[track_caller]
fn besieged(name: &str, plan: impl FnOnce(Plan) -> Plan, freezes: bool) {
    let size = Size::asked_for();
    let seed = setting("CRASH_SEED", 1);
    let mut random = Rng::with_seed(seed);
    let mut set_up = Plan::new(Customers::valid(seed, size.customers));
    set_up.server.seed = seed;
    set_up.server.faults = Faults::parse(FAULTS).unwrap();
    let mut attacked = plan(set_up).build();
    let kills = kills_at(&mut random, &size);
    let mut freeze = freezes.then(|| {
        let middle = kills.iter().nth(kills.len() / 2).copied();
        Freeze::new(middle.unwrap_or_default(), size.freeze)
    });
    let began = Instant::now();
    let mut frozen_kills = 0;
    for target in &kills {
        let mut child = attacked.start(None);
        let started = Instant::now();
        let is_frozen = loop {
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "{name}: it ended before it was killed");
            let running = started.elapsed();
            assert!(running < Duration::from_secs(90), "{name}: it hangs");
            let frozen = freeze.as_mut().and_then(|freeze| freeze.look(&attacked));
            let has_queued = || freeze.as_ref().is_some_and(|it| it.has_queued(&attacked));
            match frozen {
                // Not before a POST has queued up: those in flight may all have got in before.
                Some(frozen) if frozen.min(running) >= PATIENCE_WHEN_FROZEN && has_queued() => {
                    break true;
                }
                None if attacked.server.created() >= *target => break false,
                _ => breathe(),
            }
        };
        child.kill().unwrap();
        frozen_kills += usize::from(is_frozen);
        assert!(matches!(attacked.end(child, true), End::Died), "{name}");
    }
    if let Some(freeze) = &mut freeze {
        while freeze.look(&attacked).is_some() {
            breathe();
        }
        assert!(freeze.is_over && frozen_kills > 0, "{name}: no kill in it");
    }
    let run = attacked.run();
    attacked.assert_whole(run);
    let counters = attacked.server.counters();
    let said = format!(
        "{name}: {} customers, {} kills ({frozen_kills} while frozen), {} POSTs, {} \
         look-ups, faults {:?}, {:.1} s; 0 lost, 0 doubled\n",
        attacked.server.created(),
        kills.len(),
        counters.posts,
        counters.gets,
        counters.faults,
        began.elapsed().as_secs_f64()
    );
    if setting("CRASH_FULL", 0) != 0 {
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
}

/// Times that are short enough for tests, and a settle time that covers what the server needs.
fn short(plan: Plan, settle: &str) -> Plan {
    plan.words(&["--timeout", "500ms", "--settle", settle])
}

#[test]
fn under_siege_every_customer_is_created_once() {
    besieged("siege", |plan| short(plan, "1s"), false);
}

#[test]
fn under_siege_with_look_ups_that_lag_every_customer_is_created_once() {
    let lag = |mut plan: Plan| {
        plan.server.stale = Duration::from_secs(1);
        // The lag, and the time that a late POST may take.
        short(plan, "2s")
    };
    besieged("siege with lagging look-ups", lag, false);
}

#[test]
fn under_siege_with_numbers_matched_by_prefix_every_customer_is_created_once() {
    let prefix = |mut plan: Plan| {
        plan.server.lookup = Lookup::Prefix;
        // 1, 2, …: most of them begin as others do.
        for (at, customer) in (1..).zip(&mut plan.customers.0) {
            customer.cells[0] = format!("{at}");
        }
        short(plan, "1s")
    };
    besieged("siege with numbers matched by prefix", prefix, false);
}

#[test]
fn under_siege_with_a_server_that_freezes_every_customer_is_created_once() {
    besieged("siege with a freeze", |plan| short(plan, "1s"), true);
}
