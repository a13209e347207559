//! How fast: the server's own quota, and tokens that end during the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{assert_clean, importer, numbers};
use crate::customers::Customers;
use crate::other_erp::{CANARY, CLIENT_ID, Door, Knobs, OtherErp, Seen, Window};

/// How long the run with short-lived tokens takes.
const TOKEN_RUN: Duration = Duration::from_secs(8);
/// How long its tokens live.
const TOKEN_LIFE: Duration = Duration::from_secs(2);
/// The quota that the other ERP announces by default: so many requests …
const QUOTA: usize = 40;
/// … in so much time.
const QUOTA_PER: Duration = Duration::from_secs(2);

/// How often the machine is asked whether it still gets anything done.
const PULSE: Duration = Duration::from_millis(5);
/// A machine that answers later than this is too busy to judge how a quota is used on it.
const BUSY: Duration = Duration::from_millis(40);

/// Notices how long the machine lets somebody wait who wants next to nothing.
struct Pulse {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Pulse {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !ends.load(Ordering::Relaxed) {
                let then = Instant::now();
                #[expect(
                    clippy::disallowed_methods,
                    reason = "how long it really sleeps tells whether the machine stalled"
                )]
                std::thread::sleep(PULSE);
                longest = longest.max(then.elapsed());
            }
            longest
        });
        Self { over, thread }
    }

    /// The longest wait since the start.
    fn stop(self) -> Duration {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Imports through a quota that only headers announce: it is not exceeded, and, unless the
/// machine had too much else to do, used up. `deliver::engine::throughput` judges that without
/// any clock.
#[track_caller]
fn uses_the_quota(window: Window) {
    let windows = 6;
    let customers = Customers::valid(40, QUOTA * windows);
    let erp = OtherErp::start(Knobs::default().quota(window));
    let pulse = Pulse::start();
    importer(&customers, &erp.url()).run().expect(0);
    let longest_wait = pulse.stop();
    assert_eq!(numbers(&erp), customers.numbers());
    let posts = erp.posts();
    let throttled = posts.iter().filter(|post| post.status == Some(429));
    assert!(throttled.count() <= 1);
    let accepted: Vec<Duration> = posts
        .iter()
        .filter(|post| post.status == Some(201))
        .map(|post| post.at)
        .collect();
    // The first burst needs no time; from its start on, time passes at the quota's pace.
    let took = *accepted.last().unwrap() - accepted[0];
    assert!(took > QUOTA_PER * 4, "{took:?} is too short to judge");
    let allowed = took.as_secs_f64() / QUOTA_PER.as_secs_f64() * QUOTA as f64;
    let share = (accepted.len() - QUOTA) as f64 / allowed;
    let judged = longest_wait < BUSY;
    assert!(!judged || share >= 0.95, "{share:.3} of the quota was used");
}

#[test]
fn a_fixed_quota_is_used_up_and_not_exceeded() {
    uses_the_quota(Window::Fixed);
}

#[test]
fn a_sliding_quota_is_used_up_and_not_exceeded() {
    uses_the_quota(Window::Sliding);
}

#[test]
fn tokens_are_renewed_before_they_end_and_never_twice_at_once() {
    let customers = Customers::valid(2, 40 * usize::try_from(TOKEN_RUN.as_secs()).unwrap());
    let erp = OtherErp::start(Knobs::default().door(Door::Tokens(TOKEN_LIFE)));
    let mut importer = importer(&customers, &erp.url());
    importer
        .arg("--rate")
        .arg("40/s")
        .env("IMPORTER_CLIENT_ID", CLIENT_ID)
        .env("IMPORTER_CLIENT_SECRET", CANARY)
        .env("IMPORTER_TOKEN_URL", erp.token_url());
    importer.run().expect(0);
    assert_eq!(numbers(&erp), customers.numbers());
    let requests = erp.requests();
    let took = requests.last().unwrap().at - requests[0].at;
    assert!(took > TOKEN_RUN.mul_f64(0.9), "{took:?} is too short");
    let turned_away: Vec<&Seen> = requests
        .iter()
        .filter(|seen| seen.status == Some(401))
        .collect();
    assert!(turned_away.is_empty(), "{turned_away:?}");
    let tokens = erp.tokens();
    assert!(!tokens.overlapped, "two renewals at once");
    let lives = took.as_secs() / TOKEN_LIFE.as_secs();
    assert!(
        (lives..=2 * lives + 2).contains(&tokens.issued),
        "{} tokens",
        tokens.issued
    );
    assert_clean(&erp);
}
