//! How often each fault strikes, and which one strikes a request.

use std::time::Duration;

use super::story::Draw;

/// Of 300 POSTs, and per cent of the look-ups.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    unreachable: u32,
    lost: u32,
    unheard: u32,
    slow: u32,
    own_trouble: u32,
    busy: u32,
    gateway: u32,
    unread: u32,
    throttled: u32,
    look_trouble: u32,
    /// Whether every look-up fails, and how.
    looks_never: Option<LookFate>,
    /// In so many of a hundred cases a lost POST is committed late, up to the last moment that
    /// the promise allows.
    pub late: u32,
    /// Late commits may come later than the promise allows.
    pub breaks_promise: bool,
}

/// What becomes of one POST that the server has nothing against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Normal,
    /// The connection is refused.
    Unreachable,
    /// It never arrives.
    Lost {
        reset: bool,
    },
    /// It is committed, and the answer never comes.
    Unheard {
        reset: bool,
    },
    /// The server takes its time, perhaps longer than the client.
    Slow,
    /// The server's own 500 or 503.
    Own {
        status: u16,
        committed: bool,
        retry_after: Option<Duration>,
    },
    /// Somebody in front of the server answers for it.
    Gateway {
        status: u16,
        committed: bool,
    },
    /// 2xx that cannot be read.
    Unread(Unread),
    /// 429 without a reason that the quota would know.
    Throttled {
        retry_after: Option<Duration>,
    },
}

/// How a 2xx cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Garbage,
    Cut,
    Empty,
}

/// What becomes of one look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookFate {
    Normal,
    Unreachable,
    Silent,
    Reset,
    Status(u16),
    Garbage,
}

impl Faults {
    /// Each fault is absent from about half of the stories.
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        let heavy = random.one(&[4, 10, 10, 30]);
        let mut rate = || {
            if random.bool() {
                random.u32(0..=heavy)
            } else {
                0
            }
        };
        let faults = Self {
            unreachable: rate(),
            lost: rate(),
            unheard: rate(),
            slow: rate(),
            own_trouble: rate(),
            busy: rate(),
            gateway: rate(),
            unread: rate(),
            throttled: rate(),
            look_trouble: rate(),
            ..Self::default()
        };
        Self {
            looks_never: random.chance(3).then(|| {
                random.one(&[
                    LookFate::Silent,
                    LookFate::Reset,
                    LookFate::Status(403),
                    LookFate::Status(404),
                    LookFate::Status(500),
                    LookFate::Garbage,
                ])
            }),
            late: random.one(&[0, 50, 100]),
            breaks_promise: random.chance(5),
            ..faults
        }
    }

    /// No faults at all any more.
    pub(super) fn calm() -> Self {
        Self::default()
    }

    /// What becomes of a POST.
    pub(super) fn post(&self, random: &mut fastrand::Rng) -> Fate {
        let wish = |random: &mut fastrand::Rng| {
            let seconds = random.one(&[0, 1, 3, 120, 100_000]);
            random.bool().then(|| Duration::from_secs(seconds))
        };
        let roll = random.u32(0..300);
        // The shares lie side by side: the roll falls into one of them, or beyond all.
        let table = [
            self.unreachable,
            self.lost,
            self.unheard,
            self.slow,
            self.own_trouble,
            self.busy,
            self.gateway,
            self.unread,
            self.throttled,
        ];
        let struck = table
            .iter()
            .scan(0, |below, share| {
                *below += share;
                Some(*below)
            })
            .position(|end| roll < end);
        match struck {
            Some(0) => Fate::Unreachable,
            Some(1) => Fate::Lost {
                reset: random.bool(),
            },
            Some(2) => Fate::Unheard {
                reset: random.bool(),
            },
            Some(3) => Fate::Slow,
            Some(4) => Fate::Own {
                status: 500,
                committed: random.bool(),
                retry_after: None,
            },
            Some(5) => Fate::Own {
                status: 503,
                committed: random.bool(),
                retry_after: wish(random),
            },
            Some(6) => Fate::Gateway {
                status: random.one(&[502, 504, 408, 522]),
                committed: random.bool(),
            },
            Some(7) => Fate::Unread(random.one(&[Unread::Garbage, Unread::Cut, Unread::Empty])),
            Some(8) => Fate::Throttled {
                retry_after: wish(random),
            },
            _ => Fate::Normal,
        }
    }

    /// What becomes of a look-up; `probe` asks for nobody in particular.
    pub(super) fn look(&self, random: &mut fastrand::Rng, probe: bool) -> LookFate {
        if let Some(never) = self.looks_never.filter(|_| !probe) {
            return never;
        }
        if !random.chance(self.look_trouble) {
            return LookFate::Normal;
        }
        random.one(&[
            LookFate::Unreachable,
            LookFate::Silent,
            LookFate::Reset,
            LookFate::Status(500),
            LookFate::Status(502),
            LookFate::Garbage,
        ])
    }
}
