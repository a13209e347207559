//! What one seed makes happen: the input, the server's nature, every fault's rate, and what
//! befalls each process. Nothing here acts; the other files carry it out.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use crate::deliver::settings::{DeliverySettings, Rate, Threshold};
use crate::outcome::Submission;
use crate::record::Position;

/// A record of an input, as pass 1 and the server judge it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Its place in the input, from 1.
    pub record: u64,
    /// Whether pass 1 lets it through.
    pub valid: bool,
    /// Its number as it is sent; none for an unkeyed record.
    pub number: Option<String>,
    /// The body that is sent.
    pub body: Arc<[u8]>,
    /// The status that the server always refuses it with.
    pub refused: Option<u16>,
}

impl Record {
    /// What delivery is handed.
    pub(super) fn submission(&self) -> Submission {
        let mut payload = [0; 16];
        let hash = blake3::hash(&self.body);
        payload.copy_from_slice(&hash.as_bytes()[..16]);
        Submission {
            position: Position {
                record: self.record,
                line: self.record + 1,
            },
            key: self.number.as_ref().map(|number| number.to_lowercase()),
            key_hash: None,
            payload,
            body: Arc::clone(&self.body),
        }
    }
}

/// What is done about customers that the ERP has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Skip,
    Fail,
    Send,
}

/// What `number=` means to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matching {
    Exact,
    IgnoringCase,
    Prefix,
    /// The parameter is not known: everybody fits.
    Everybody,
}

/// What the server says in `TotalItems`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Totals {
    True,
    OfThePage,
    MinusOne,
    Missing,
    Huge,
}

/// How the server answers look-ups.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    pub matching: Matching,
    /// Customers on a page, whatever was asked for.
    pub page_size: usize,
    pub totals: Totals,
    /// Beyond the last page: that page again instead of an empty one.
    pub repeats_the_last_page: bool,
    /// Pages shift while customers are created. Only a true total can show that.
    pub newest_first: bool,
    /// Only `Id`, `Number` and the names are shown.
    pub sparse: bool,
}

/// The server's own limit on requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerQuota {
    pub limit: u32,
    pub interval: Duration,
    pub sliding: bool,
    pub retry_after: bool,
}

/// From a request on, the server refuses everybody with this status.
#[derive(Clone, Copy, Debug)]
pub(super) struct StopFrom {
    pub status: u16,
    pub request: u64,
}

/// What befalls a process from outside; the numbers count what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fortune {
    Killed {
        after: u64,
    },
    Interrupted {
        after: u64,
    },
    /// A second signal follows the first one.
    Dropped {
        after: u64,
    },
    DiskFull {
        at_commit: u64,
    },
    TimeUp {
        after: Duration,
    },
}

/// One seed's story.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub seed: u64,
    /// The first export and, in some stories, a later one.
    pub inputs: Vec<Vec<Record>>,
    /// Numbers of customers that the ERP has before.
    pub strangers: Vec<String>,
    pub existing: Existing,
    pub delivery: DeliverySettings,
    pub renewable: bool,
    pub limit: Option<u64>,
    pub faults: Faults,
    pub looks: Looks,
    pub refuses_repeated: bool,
    /// Shortest and longest time on the wire, one way.
    pub wire: (Duration, Duration),
    /// Longest time until a committed customer is shown.
    pub lag: Duration,
    /// Look-ups never show what was created; that breaks the promise.
    pub blind: bool,
    pub quota: Option<ServerQuota>,
    pub stop: Option<StopFrom>,
    /// Requests that a token lives for.
    pub token_life: Option<u64>,
    /// At the n-th request the server freezes for so long.
    pub freezes: Vec<(u64, Duration)>,
    /// After the n-th request nobody can connect for so long.
    pub outages: Vec<(u64, Duration)>,
    /// What befalls the first processes, one after the other.
    pub fortunes: Vec<Fortune>,
    /// Longest time that a commit of the journal takes.
    pub sync: Duration,
}

const fn ms(length: u64) -> Duration {
    Duration::from_millis(length)
}

/// Draws, in the words of the stories.
pub(super) trait Draw {
    /// Whether something happens that happens in so many of a hundred cases.
    fn chance(&mut self, percent: u32) -> bool;
    /// A time between two, both included.
    fn time(&mut self, least: Duration, most: Duration) -> Duration;
    /// One of several.
    fn one<T: Copy>(&mut self, of: &[T]) -> T;
}

impl Draw for fastrand::Rng {
    fn chance(&mut self, percent: u32) -> bool {
        self.u32(0..100) < percent
    }

    fn time(&mut self, least: Duration, most: Duration) -> Duration {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        let least = u64::try_from(least.as_millis()).unwrap_or(u64::MAX);
        ms(self.u64(least..=most.max(least)))
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.usize(0..of.len())]
    }
}

impl Story {
    /// The story of this seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x5EED_0F57_0121_E500);
        let delivery = delivery(&mut random);
        let looks = looks(&mut random);
        let inputs = inputs(&mut random);
        let lag = match random.u32(0..10) {
            0..=4 => Duration::ZERO,
            5..=7 => random.time(ms(1), ms(1_900)),
            _ => random.time(ms(1), delivery.settle),
        };
        let longest = random.one(&[5, 50, 50, 400]);
        Self {
            seed,
            strangers: strangers(&mut random, &inputs),
            existing: random.one(&[
                Existing::Skip,
                Existing::Skip,
                Existing::Send,
                Existing::Fail,
            ]),
            renewable: random.bool(),
            limit: random.chance(10).then(|| random.u64(1..10)),
            faults: Faults::draw(&mut random),
            looks,
            refuses_repeated: random.bool(),
            wire: (ms(1), ms(longest)),
            lag: lag.min(delivery.settle),
            blind: random.chance(2),
            quota: random.chance(30).then(|| ServerQuota {
                limit: random.u32(1..20),
                interval: random.time(ms(200), ms(20_000)),
                sliding: random.bool(),
                retry_after: random.bool(),
            }),
            stop: random.chance(30).then(|| StopFrom {
                status: random.one(&[401, 401, 402, 402, 403, 404, 307]),
                request: random.u64(1..40),
            }),
            token_life: random.chance(20).then(|| random.u64(60..300)),
            freezes: interruptions(&mut random, 45, delivery.timeout * 6),
            outages: interruptions(&mut random, 25, delivery.max_outage * 2),
            fortunes: fortunes(&mut random),
            sync: ms(random.one(&[1, 20, 20, 300])),
            delivery,
            inputs,
        }
        .with_many_at_once(&mut random)
    }

    /// In some stories enough requests are in flight to leave in heaps.
    fn with_many_at_once(mut self, random: &mut fastrand::Rng) -> Self {
        if random.chance(15) {
            self.delivery.concurrency = NonZeroUsize::MIN.saturating_add(random.usize(16..64));
            // Who renews a token for each round never comes to an end.
            self.token_life = self.token_life.map(|requests| requests * 10);
        }
        self
    }

    /// A time on the wire.
    pub(super) fn wire(&self, random: &mut fastrand::Rng) -> Duration {
        random.time(self.wire.0, self.wire.1)
    }

    /// The record of an input.
    pub(super) fn record(&self, input: usize, record: u64) -> &Record {
        let index = usize::try_from(record).unwrap_or(usize::MAX) - 1;
        &self.inputs[input][index]
    }
}

fn delivery(random: &mut fastrand::Rng) -> DeliverySettings {
    let timeout = random.one(&[ms(1_000), ms(2_000), ms(10_000), ms(60_000)]);
    let settle = match random.u32(0..10) {
        0 => random.time(Duration::ZERO, timeout),
        1 => random.time(timeout, timeout * 3),
        _ => timeout * 2,
    };
    let max_failures = match random.u32(0..10) {
        0 => Threshold::Count(random.u64(0..5)),
        _ => Threshold::Percent(100.0),
    };
    DeliverySettings {
        concurrency: NonZeroUsize::MIN.saturating_add(random.usize(0..8)),
        rate: random.chance(20).then(|| Rate {
            requests: NonZeroU32::MIN.saturating_add(random.u32(0..10)),
            per: Duration::from_secs(1),
        }),
        timeout,
        settle,
        max_attempts: NonZeroU32::MIN.saturating_add(random.u32(0..6)),
        max_outage: random.one(&[ms(30_000), ms(900_000), ms(36_000_000)]),
        max_failures,
    }
}

fn looks(random: &mut fastrand::Rng) -> Looks {
    let totals = random.one(&[
        Totals::True,
        Totals::True,
        Totals::OfThePage,
        Totals::MinusOne,
        Totals::Missing,
        Totals::Huge,
    ]);
    Looks {
        matching: random.one(&[
            Matching::Exact,
            Matching::Exact,
            Matching::IgnoringCase,
            Matching::Prefix,
            Matching::Prefix,
            Matching::Everybody,
        ]),
        page_size: random.one(&[2, 3, 5, 100]),
        totals,
        newest_first: totals == Totals::True && random.bool(),
        repeats_the_last_page: random.chance(30),
        sparse: random.chance(20),
    }
}

/// An export and, sometimes, a later one with old, changed and new records.
fn inputs(random: &mut fastrand::Rng) -> Vec<Vec<Record>> {
    let most = random.one(&[6, 12, 30, 80]);
    let length = random.u64(1..=most);
    let keyed_only = random.chance(70);
    let rough = random.chance(50);
    let mut record = |record: u64, version: u64| {
        let keyed = keyed_only || record % 5 != 2;
        let number = keyed.then(|| format!("K{record}"));
        let named = number
            .as_ref()
            .map_or_else(String::new, |number| format!("\"Number\":\"{number}\","));
        let body = format!(
            "{{{named}\"BillingAddress\":{{\"LastName\":\"L{record}\",\"City\":\"C{version}\"}}}}"
        );
        let refused = match random.u32(0..40) {
            0 | 1 if rough => Some(400),
            2 if rough => Some(403),
            3 if rough => Some(422),
            _ => None,
        };
        Record {
            record,
            valid: !(rough && random.chance(6)),
            number,
            body: body.into_bytes().into(),
            refused,
        }
    };
    let first: Vec<Record> = (1..=length).map(|number| record(number, 0)).collect();
    let later = (1..=length + 3)
        .map(|number| record(number, u64::from(number % 5 == 0)))
        .collect();
    if random.chance(25) {
        vec![first, later]
    } else {
        vec![first]
    }
}

/// Customers that are there before anybody imports; some have our numbers, in their spelling.
fn strangers(random: &mut fastrand::Rng, inputs: &[Vec<Record>]) -> Vec<String> {
    if random.chance(40) {
        return Vec::new();
    }
    let mut strangers: Vec<String> = (0..random.u64(0..8))
        .map(|number| format!("K{}", 100 + number))
        .collect();
    let taken = random.one(&[0, 0, 10, 30]);
    for record in &inputs[0] {
        if random.chance(taken) {
            strangers.extend(record.number.clone());
        }
    }
    strangers
}

fn interruptions(
    random: &mut fastrand::Rng,
    percent: u32,
    longest: Duration,
) -> Vec<(u64, Duration)> {
    let mut all = Vec::new();
    while random.chance(percent) && all.len() < 4 {
        let length = random.time(ms(1), longest);
        all.push((random.u64(1..150), length));
    }
    all
}

fn fortunes(random: &mut fastrand::Rng) -> Vec<Fortune> {
    let most = random.one(&[0, 1, 2, 5]);
    let within = random.one(&[20, 100, 400]);
    (0..most)
        .map(|_| {
            let after = random.u64(1..within);
            match random.u32(0..10) {
                0..=5 => Fortune::Killed { after },
                6 => Fortune::Interrupted { after },
                7 => Fortune::Dropped { after },
                8 => Fortune::DiskFull {
                    at_commit: random.u64(1..20),
                },
                _ => Fortune::TimeUp {
                    after: random.time(ms(1), ms(100_000)),
                },
            }
        })
        .collect()
}
