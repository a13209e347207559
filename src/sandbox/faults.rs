//! What goes wrong on purpose, and when.
//!
//! A fault is drawn from the seed, the record (its number, else its body) and how often that
//! record met a fault before; not from the order of arrival. So a failure replays, however the
//! requests of a concurrent client overtake each other. At most one fault meets a request.

use std::time::Duration;

/// Writes the table of faults once: the kinds, their rates, and their words in a text.
macro_rules! faults {
    ($($(#[$doc:meta])* $rate:ident $kind:ident $key:literal;)*) => {
        /// A way in which a create goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[$doc])* $kind,)*
        }

        impl Fault {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The kind's word in the text of [`Faults::parse`].
            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$kind => $key,)*
                }
            }
        }

        /// How often each fault happens: rates from 0 to 1 that add up to 1 at most.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Faults {
            $($(#[$doc])* pub $rate: f64,)*
            /// Look-ups and listings that fail: by a 500, 503, 429, a close, a reset, a cut or
            /// garbled answer, in equal parts. Word: `lookups`.
            pub lookups: f64,
            /// How long [`Fault::Slow`] takes. Default 200 ms.
            pub slow_for: Duration,
            /// How long the silence of the hanging faults and [`Fault::Drip`] takes. Default
            /// 120 s: twice the usual time limit of a request.
            pub hang_for: Duration,
            /// What the faults with `Retry-After` say, in whole seconds. Default 1 s.
            pub retry_after: Duration,
            /// Requests that are answered with a given status.
            pub scripts: Vec<Script>,
        }

        impl Default for Faults {
            fn default() -> Self {
                Self {
                    $($rate: 0.0,)*
                    lookups: 0.0,
                    slow_for: Duration::from_millis(200),
                    hang_for: Duration::from_secs(120),
                    retry_after: Duration::from_secs(1),
                    scripts: Vec::new(),
                }
            }
        }

        impl Faults {
            fn rates(&self) -> impl Iterator<Item = (Fault, f64)> {
                [$((Fault::$kind, self.$rate),)*].into_iter()
            }

            fn rate_mut(&mut self, key: &str) -> Option<&mut f64> {
                match key {
                    $($key => Some(&mut self.$rate),)*
                    "lookups" => Some(&mut self.lookups),
                    _ => None,
                }
            }
        }
    };
}

faults! {
    /// Created; the connection closes without an answer. Word: `commit_drop`.
    commit_then_drop CommitThenDrop "commit_drop";
    /// Not created; the connection closes without an answer. Word: `drop`.
    drop_without_commit DropWithoutCommit "drop";
    /// Created; the connection is reset. Word: `commit_rst`.
    commit_then_reset CommitThenReset "commit_rst";
    /// Not created; the connection is reset. Word: `rst`.
    reset Reset "rst";
    /// Created; answered with 500. Word: `500_after`.
    error500_after_commit Error500AfterCommit "500_after";
    /// Not created; answered with 500. Word: `500_before`.
    error500_before_commit Error500BeforeCommit "500_before";
    /// Not created; 503. Word: `503`.
    error503 Error503 "503";
    /// Not created; 503 with `Retry-After`. Word: `503_wait`.
    error503_wait Error503Wait "503_wait";
    /// Not created; 429. Word: `429`.
    error429 Error429 "429";
    /// Not created; 429 with `Retry-After`. Word: `429_wait`.
    error429_wait Error429Wait "429_wait";
    /// Created; 201, half of the body, then the connection closes. Word: `cut`.
    cut_answer CutAnswer "cut";
    /// Created; 201 with a body that is no JSON. Word: `garbage`.
    garbage_answer GarbageAnswer "garbage";
    /// Created; 201 with a body that never ends. Word: `endless`.
    endless_answer EndlessAnswer "endless";
    /// Created; 201 whose body takes the hanging time to arrive. Word: `drip`.
    drip Drip "drip";
    /// Created and answered; the connection then closes unannounced, perhaps just as the
    /// client writes its next request. Word: `close`.
    close_after_answer CloseAfterAnswer "close";
    /// A spike of latency, else as usual. Word: `slow`.
    slow Slow "slow";
    /// Not created; silence, then the connection closes. Word: `hang`.
    hang Hang "hang";
    /// Created at once; silence, then the connection closes. Word: `hang_commit`.
    commit_then_hang CommitThenHang "hang_commit";
    /// Silence, then created, whether the client still waits or not. Word: `late_commit`.
    late_commit LateCommit "late_commit";
}

/// What a script counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Creates.
    Post,
    /// Look-ups, listings and lists.
    Get,
    /// Tokens.
    Token,
}

/// Requests answered with a status of their own, from the `from`-th on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Which requests are counted.
    pub asked: Asked,
    /// The first one, counted from 1 since the server's start.
    pub from: u64,
    /// The last one; none: until the faults are lifted.
    pub to: Option<u64>,
    /// The status; a 3xx comes with a `Location`, 503 and 429 come without `Retry-After`.
    pub status: u16,
}

/// What can go wrong with a look-up.
const LOOKUP_FAULTS: [Fault; 7] = [
    Fault::Error500BeforeCommit,
    Fault::Error503,
    Fault::Error429,
    Fault::DropWithoutCommit,
    Fault::Reset,
    Fault::CutAnswer,
    Fault::GarbageAnswer,
];

impl Faults {
    /// Also answers creates with `status` from the `n`-th on (counted from 1), until
    /// [`Sandbox::lift`](super::Sandbox::lift).
    #[must_use]
    pub fn from_post(mut self, n: u64, status: u16) -> Self {
        self.scripts.push(Script {
            asked: Asked::Post,
            from: n,
            to: None,
            status,
        });
        self
    }

    /// Reads faults from a text: `commit_drop=0.02,500_after=0.01,hang=0.01,hang_for=3s`.
    ///
    /// Words with a rate from 0 to 1 are named at each [`Fault`] and `lookups`; `slow_for`,
    /// `hang_for` and `retry_after` take durations like `200ms`; `status=403@101` answers
    /// creates from the 101st on, `status=403@101-120` only those, `get_status` and
    /// `token_status` do so for look-ups and tokens.
    ///
    /// # Errors
    /// A sentence that says which part of the text is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` has no value; write {part}=0.02"))?;
            faults.set(key.trim(), value.trim())?;
        }
        let sum: f64 = faults.rates().map(|(_, rate)| rate).sum();
        if sum > 1.0 + 1e-9 {
            return Err(format!("the rates add up to {sum}, which is more than 1"));
        }
        Ok(faults)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        if let Some(rate) = self.rate_mut(key) {
            *rate = value
                .parse()
                .ok()
                .filter(|rate| (0.0..=1.0).contains(rate))
                .ok_or_else(|| format!("`{key}={value}`: a rate is a number from 0 to 1"))?;
            return Ok(());
        }
        match key {
            "slow_for" => self.slow_for = duration(key, value)?,
            "hang_for" => self.hang_for = duration(key, value)?,
            "retry_after" => self.retry_after = duration(key, value)?,
            "status" => self.scripts.push(script(Asked::Post, value)?),
            "get_status" => self.scripts.push(script(Asked::Get, value)?),
            "token_status" => self.scripts.push(script(Asked::Token, value)?),
            _ => {
                let known: Vec<_> = Fault::ALL.iter().map(|fault| fault.key()).collect();
                return Err(format!(
                    "there is no fault `{key}`; there are {}, lookups, slow_for, hang_for, \
                     retry_after, status, get_status, token_status",
                    known.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// The status with which a script answers the `n`-th request of its kind.
    pub(super) fn scripted(&self, asked: Asked, n: u64) -> Option<u16> {
        self.scripts
            .iter()
            .find(|script| {
                script.asked == asked && n >= script.from && script.to.is_none_or(|to| n <= to)
            })
            .map(|script| script.status)
    }

    /// Whether any create can go wrong.
    pub(super) fn hits_creates(&self) -> bool {
        self.rates().any(|(_, rate)| rate > 0.0)
    }

    /// The fault that a create with this draw (0 to below 1) meets.
    pub(super) fn on_create(&self, draw: f64) -> Option<Fault> {
        let mut end = 0.0;
        self.rates()
            .find(|(_, rate)| {
                end += rate;
                draw < end
            })
            .map(|(fault, _)| fault)
    }

    /// The fault that a look-up with this draw (0 to below 1) meets.
    pub(super) fn on_lookup(&self, draw: f64) -> Option<Fault> {
        if draw >= self.lookups {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of seven kinds"
        )]
        let index = (draw / self.lookups * LOOKUP_FAULTS.len() as f64) as usize;
        LOOKUP_FAULTS.get(index).copied()
    }
}

fn duration(key: &str, value: &str) -> Result<Duration, String> {
    value
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| format!("`{key}={value}`: a duration is written 200ms, 3s or 2m"))
}

fn script(asked: Asked, value: &str) -> Result<Script, String> {
    let read = || {
        let (status, span) = value.split_once('@')?;
        let (from, to) = match span.split_once('-') {
            Some((from, to)) => (from, Some(to.parse::<u64>().ok()?)),
            None => (span, None),
        };
        let script = Script {
            asked,
            from: from.parse().ok()?,
            to,
            status: status.parse().ok()?,
        };
        let fine = (200..=599).contains(&script.status)
            && script.from > 0
            && to.is_none_or(|to| to >= script.from);
        fine.then_some(script)
    };
    read().ok_or_else(|| {
        format!("`{value}`: write 403@101 (from the 101st request on) or 403@101-120")
    })
}

/// Mixes numbers into one whose bits all depend on all of them (the finaliser of SplitMix64).
pub(super) fn mix(seed: u64, key: u64, tries: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(key)
        .wrapping_add(tries.wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number from 0 to below 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
pub(super) fn share(mixed: u64) -> f64 {
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Hash of bytes that stays the same in every build (FNV-1a, 64 bits).
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_every_fault() {
        for fault in Fault::ALL {
            let faults = Faults::parse(&format!(" {} = 1 ", fault.key())).unwrap();
            assert_eq!(faults.on_create(0.999), Some(*fault));
            assert!(faults.hits_creates());
        }
        let faults = Faults::parse(
            "commit_drop=0.02,drop=0.02,slow_for=5ms,hang_for=3s,retry_after=2s,\
             lookups=0.5,status=403@101,get_status=500@2-4,token_status=503@1-1",
        )
        .unwrap();
        assert_eq!(faults.slow_for, Duration::from_millis(5));
        assert_eq!(faults.hang_for, Duration::from_secs(3));
        assert_eq!(faults.on_create(0.019), Some(Fault::CommitThenDrop));
        assert_eq!(faults.on_create(0.021), Some(Fault::DropWithoutCommit));
        assert_eq!(faults.on_create(0.041), None);
        assert_eq!(faults.scripted(Asked::Post, 100), None);
        assert_eq!(faults.scripted(Asked::Post, 101), Some(403));
        assert_eq!(faults.scripted(Asked::Get, 1), None);
        assert_eq!(faults.scripted(Asked::Get, 4), Some(500));
        assert_eq!(faults.scripted(Asked::Get, 5), None);
        assert_eq!(faults.scripted(Asked::Token, 1), Some(503));
        assert_eq!(Faults::parse(""), Ok(Faults::default()));
    }

    #[test]
    fn a_wrong_text_is_named() {
        for (text, said) in [
            ("drop", "no value"),
            ("drip_drop=0.1", "no fault `drip_drop`"),
            ("drop=2", "from 0 to 1"),
            ("drop=NaN", "from 0 to 1"),
            ("drop=0.6,hang=0.6", "more than 1"),
            ("hang_for=soon", "a duration"),
            ("hang_for=-1s", "a duration"),
            ("status=403", "403@101"),
            ("status=403@0", "403@101"),
            ("status=40@1", "403@101"),
            ("status=403@9-3", "403@101"),
        ] {
            let error = Faults::parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn draws_are_even_and_replay() {
        let faults = Faults::parse("drop=0.1,500_after=0.2,lookups=0.7").unwrap();
        let count = |seed: u64| {
            let mut counts = [0_u32; 2];
            for record in 0..20_000_u64 {
                let draw = share(mix(seed, hash(format!("C{record}").as_bytes()), 0));
                match faults.on_create(draw) {
                    Some(Fault::DropWithoutCommit) => counts[0] += 1,
                    Some(Fault::Error500AfterCommit) => counts[1] += 1,
                    other => assert_eq!(other, None),
                }
            }
            counts
        };
        let [drops, errors] = count(7);
        assert!((1_800..2_200).contains(&drops), "{drops}");
        assert!((3_700..4_300).contains(&errors), "{errors}");
        assert_eq!(count(7), [drops, errors]);
        assert_ne!(count(8), [drops, errors]);
        assert_eq!(faults.on_lookup(0.699), Some(Fault::GarbageAnswer));
        assert_eq!(faults.on_lookup(0.7), None);
        assert_eq!(Faults::default().on_lookup(0.0), None);
    }
}
