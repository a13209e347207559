//! What goes wrong on purpose, and when.
//!
//! A fault is drawn from the seed, the record (its number, else its body) and how often that
//! record met a fault before; not from the order of arrival. So a failure replays, however the
//! requests of a concurrent client overtake each other. At most one fault meets a request.

use std::collections::BTreeMap;
use std::time::Duration;

use super::schedule::{Asked, Freeze, RecordScript, Script, When, duration};
use super::told::{Told, both};

/// Writes the table of faults once: the kinds, their rates, and their words in a text.
macro_rules! faults {
    ($($(#[$doc:meta])* $rate:ident $kind:ident $key:literal $commits:literal;)*) => {
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

            /// Whether a valid create that meets it creates a customer.
            #[must_use]
            pub fn commits(self) -> bool {
                match self {
                    $(Self::$kind => $commits,)*
                }
            }
        }

        /// How often each fault happens: rates from 0 to 1 that add up to 1 at most.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Faults {
            $($(#[$doc])* pub $rate: f64,)*
            /// Look-ups and listings that fail: by a 500, 503, 429, a close, a reset, a cut,
            /// garbled, strange, endless or wrongly encoded answer, in equal parts. Word:
            /// `lookups`.
            pub lookups: f64,
            /// Look-ups and listings that meet a silence for the hanging time. Word:
            /// `lookups_hang`.
            pub lookups_hang: f64,
            /// How long [`Fault::Slow`] takes. Default 200 ms.
            pub slow_for: Duration,
            /// How long the silence of the hanging faults takes, and the answer of
            /// [`Fault::Drip`] and [`Fault::SlowHeaders`]. Default 120 s: twice the usual time
            /// limit of a request.
            pub hang_for: Duration,
            /// How long [`Fault::Freeze`] takes. Default 10 s.
            pub freeze_for: Duration,
            /// What the faults with `Retry-After` say, in whole seconds. Default 1 s.
            pub retry_after: Duration,
            /// Requests that are answered with a given status.
            pub scripts: Vec<Script>,
            /// When the whole server freezes for a while.
            pub freezes: Vec<Freeze>,
            /// From here on nothing goes wrong any more; a freeze that runs comes to its end.
            pub lift: Option<When>,
            /// What happens to single records, by number; rates do not meet them then.
            pub records: BTreeMap<String, RecordScript>,
        }

        impl Default for Faults {
            fn default() -> Self {
                Self {
                    $($rate: 0.0,)*
                    lookups: 0.0,
                    lookups_hang: 0.0,
                    slow_for: Duration::from_millis(200),
                    hang_for: Duration::from_secs(120),
                    freeze_for: Duration::from_secs(10),
                    retry_after: Duration::from_secs(1),
                    scripts: Vec::new(),
                    freezes: Vec::new(),
                    lift: None,
                    records: BTreeMap::new(),
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
                    "lookups_hang" => Some(&mut self.lookups_hang),
                    _ => None,
                }
            }
        }
    };
}

faults! {
    /// Created; the connection closes without an answer. Word: `commit_drop`.
    commit_then_drop CommitThenDrop "commit_drop" true;
    /// Not created; the connection closes without an answer. Word: `drop`.
    drop_without_commit DropWithoutCommit "drop" false;
    /// Created; the connection is reset. Word: `commit_rst`.
    commit_then_reset CommitThenReset "commit_rst" true;
    /// Not created; the connection is reset. Word: `rst`.
    reset Reset "rst" false;
    /// Created; answered with 500. Word: `500_after`.
    error500_after_commit Error500AfterCommit "500_after" true;
    /// Not created; answered with 500. Word: `500_before`.
    error500_before_commit Error500BeforeCommit "500_before" false;
    /// Not created; 503. Word: `503`.
    error503 Error503 "503" false;
    /// Not created; 503 with `Retry-After`. Word: `503_wait`.
    error503_wait Error503Wait "503_wait" false;
    /// Not created; 429. Word: `429`.
    error429 Error429 "429" false;
    /// Not created; 429 with `Retry-After`. Word: `429_wait`.
    error429_wait Error429Wait "429_wait" false;
    /// Created; 201, half of the body, then the connection closes. Word: `cut`.
    cut_answer CutAnswer "cut" true;
    /// Created; 201, and the connection closes after any byte of the status line, the headers
    /// or the body, drawn from the seed. Word: `cut_anywhere`.
    cut_anywhere CutAnywhere "cut_anywhere" true;
    /// Created; 201 with a body that is no JSON. Word: `garbage`.
    garbage_answer GarbageAnswer "garbage" true;
    /// Created; 201 with JSON of quite another shape: null, numbers beyond every type, depth.
    /// Word: `odd_json`.
    odd_json OddJson "odd_json" true;
    /// Created; 201 with a body that never ends. Word: `endless`.
    endless_answer EndlessAnswer "endless" true;
    /// Created; 201 with a gzip body of 200 KiB that unpacks to 32 MiB. Word: `gzip_bomb`.
    gzip_bomb GzipBomb "gzip_bomb" true;
    /// Created; 201 whose headers say that its plain body is compressed. Word:
    /// `wrong_encoding`.
    wrong_encoding WrongEncoding "wrong_encoding" true;
    /// Created; 201 whose headers take the hanging time to arrive. Word: `slow_headers`.
    slow_headers SlowHeaders "slow_headers" true;
    /// Created; 201 whose body takes the hanging time to arrive. Word: `drip`.
    drip Drip "drip" true;
    /// Created and answered; the connection then closes unannounced, perhaps just as the
    /// client writes its next request. Word: `close`.
    close_after_answer CloseAfterAnswer "close" true;
    /// Created and answered; the connection then closes when the next request on it arrives,
    /// which is not even read. Word: `close_next`.
    close_on_next CloseOnNext "close_next" true;
    /// Not created; 307 to another path. Word: `redirect`.
    redirect Redirect "redirect" false;
    /// A spike of latency, else as usual. Word: `slow`.
    slow Slow "slow" true;
    /// Not created; silence, then the connection closes. Word: `hang`.
    hang Hang "hang" false;
    /// Created at once; silence, then the connection closes. Word: `hang_commit`.
    commit_then_hang CommitThenHang "hang_commit" true;
    /// Silence, then created, whether the client still waits or not. Word: `late_commit`.
    late_commit LateCommit "late_commit" true;
    /// The whole server freezes for the freezing time; when it thaws, this customer and all
    /// that queued up meanwhile are created, whether their clients still wait or not. Word:
    /// `freeze`.
    freeze Freeze "freeze" true;
}

/// What can go wrong with a look-up.
const LOOKUP_FAULTS: [Fault; 12] = [
    Fault::Error500BeforeCommit,
    Fault::Error503,
    Fault::Error429,
    Fault::DropWithoutCommit,
    Fault::Reset,
    Fault::CutAnswer,
    Fault::GarbageAnswer,
    Fault::CutAnywhere,
    Fault::OddJson,
    Fault::EndlessAnswer,
    Fault::GzipBomb,
    Fault::WrongEncoding,
];

impl Faults {
    /// Also answers creates with `status` from the `n`-th on (counted from 1), until
    /// [`Sandbox::lift`](super::Sandbox::lift).
    #[must_use]
    pub fn from_post(mut self, n: u64, status: u16) -> Self {
        self.scripts.push(Script {
            asked: Asked::Post,
            from: When::Nth(n),
            to: None,
            status,
        });
        self
    }

    /// Reads faults from a text: `commit_drop=0.02,500_after=0.01,hang=0.01,hang_for=3s`.
    ///
    /// Words with a rate from 0 to 1 are named at each [`Fault`], and `lookups` and
    /// `lookups_hang`; `slow_for`, `hang_for`, `freeze_for` and `retry_after` take durations
    /// like `200ms`. `status=403@101` answers creates from the 101st on, `status=403@101-120`
    /// only those, `status=503@30s-45s` those of a time after the start; `get_status` and
    /// `token_status` do so for look-ups and tokens. `freeze=10s@101` freezes the server at
    /// the 101st create, `freeze=10s@30s` after a time, and `lift=500` or `lift=60s` ends all
    /// of it.
    ///
    /// # Errors
    /// A sentence that says which part of the text is wrong.
    pub fn parse(text: &str) -> Result<Self, Told> {
        let mut faults = Self::default();
        for (key, value) in words(text)? {
            faults.set(key, value)?;
        }
        faults.check()?;
        Ok(faults)
    }

    /// Whether the rates make sense together.
    pub(super) fn check(&self) -> Result<(), Told> {
        let sum: f64 = self.rates().map(|(_, rate)| rate).sum();
        for sum in [sum, self.lookups + self.lookups_hang] {
            if sum > 1.0 + 1e-9 {
                return Err(both(
                    format!("the rates add up to {sum}, which is more than 1"),
                    format!("die Raten ergeben zusammen {sum}, und das ist mehr als 1"),
                ));
            }
        }
        Ok(())
    }

    /// Takes a word and its value.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), Told> {
        if key == Fault::Freeze.key() && value.contains('@') {
            self.freezes.push(Freeze::read(value)?);
            return Ok(());
        }
        if let Some(rate) = self.rate_mut(key) {
            *rate = value
                .parse()
                .ok()
                .filter(|rate| (0.0..=1.0).contains(rate))
                .ok_or_else(|| {
                    both(
                        format!("`{key}={value}`: a rate is a number from 0 to 1"),
                        format!("`{key}={value}`: eine Rate ist eine Zahl von 0 bis 1"),
                    )
                })?;
            return Ok(());
        }
        match key {
            "slow_for" => self.slow_for = duration(key, value)?,
            "hang_for" => self.hang_for = duration(key, value)?,
            "freeze_for" => self.freeze_for = duration(key, value)?,
            "retry_after" => self.retry_after = duration(key, value)?,
            "status" => self.scripts.push(Script::read(Asked::Post, value)?),
            "get_status" => self.scripts.push(Script::read(Asked::Get, value)?),
            "token_status" => self.scripts.push(Script::read(Asked::Token, value)?),
            "lift" => {
                let when = When::read(value);
                self.lift = Some(when.ok_or_else(|| {
                    both(
                        format!("`lift={value}`: write 500 (from the 500th create on) or 60s"),
                        format!("`lift={value}`: 500 (ab dem 500. Anlegen) oder 60s schreiben"),
                    )
                })?);
            }
            _ => {
                let known = Fault::ALL.iter().map(|fault| fault.key());
                let known = known.chain(Self::FURTHER_WORDS.iter().copied());
                let known = known.collect::<Vec<_>>().join(", ");
                return Err(both(
                    format!("there is no fault `{key}`; there are {known}"),
                    format!("einen Fehler `{key}` gibt es nicht; es gibt {known}"),
                ));
            }
        }
        Ok(())
    }

    /// The words of [`Faults::parse`] that are no [`Fault`].
    pub const FURTHER_WORDS: &'static [&'static str] = &[
        "lookups",
        "lookups_hang",
        "slow_for",
        "hang_for",
        "freeze_for",
        "retry_after",
        "status",
        "get_status",
        "token_status",
        "lift",
    ];

    /// The status with which a script answers the `n`-th request of its kind, at `now`.
    pub(super) fn scripted(&self, asked: Asked, n: u64, now: Duration) -> Option<u16> {
        self.scripts
            .iter()
            .find(|script| {
                script.asked == asked
                    && script.from.has_come(n, now)
                    && script.to.is_none_or(|to| !to.is_over(n, now))
            })
            .map(|script| script.status)
    }

    /// Whether everything is lifted when `posts` creates have arrived, at `now`.
    pub(super) fn is_lifted(&self, posts: u64, now: Duration) -> bool {
        self.lift.is_some_and(|lift| lift.has_come(posts, now))
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
            return (draw < self.lookups + self.lookups_hang).then_some(Fault::Hang);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a few kinds"
        )]
        let index = (draw / self.lookups * LOOKUP_FAULTS.len() as f64) as usize;
        LOOKUP_FAULTS.get(index).copied()
    }
}

/// The words of a text with their values.
pub(super) fn words(text: &str) -> Result<Vec<(&str, &str)>, Told> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((key, value)) => Ok((key.trim(), value.trim())),
            None => Err(both(
                format!("`{part}` has no value; write {part}=0.02"),
                format!("`{part}` hat keinen Wert; {part}=0.02 schreiben"),
            )),
        })
        .collect()
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
        }
        let faults = Faults::parse(
            "commit_drop=0.02,drop=0.02,slow_for=5ms,hang_for=3s,retry_after=2s,\
             lookups=0.5,lookups_hang=0.1,freeze_for=4s,status=403@101,status=402@5s-6s,\
             get_status=500@2-4,token_status=503@1-1,freeze=10s@101,freeze=1s@30s,lift=300",
        )
        .unwrap();
        assert_eq!(faults.slow_for, Duration::from_millis(5));
        assert_eq!(faults.hang_for, Duration::from_secs(3));
        assert_eq!(faults.on_create(0.019), Some(Fault::CommitThenDrop));
        assert_eq!(faults.on_create(0.021), Some(Fault::DropWithoutCommit));
        assert_eq!(faults.on_create(0.041), None);
        assert_eq!(faults.scripted(Asked::Post, 100, Duration::ZERO), None);
        assert_eq!(faults.scripted(Asked::Post, 101, Duration::ZERO), Some(403));
        assert_eq!(faults.scripted(Asked::Get, 1, Duration::ZERO), None);
        assert_eq!(faults.scripted(Asked::Get, 4, Duration::ZERO), Some(500));
        assert_eq!(faults.scripted(Asked::Get, 5, Duration::ZERO), None);
        assert_eq!(faults.scripted(Asked::Token, 1, Duration::ZERO), Some(503));
        let at = |seconds| faults.scripted(Asked::Post, 1, Duration::from_secs(seconds));
        assert_eq!(
            [at(4), at(5), at(6), at(7)],
            [None, Some(402), Some(402), None]
        );
        assert_eq!(faults.freeze_for, Duration::from_secs(4));
        assert_eq!(faults.freezes.len(), 2);
        assert_eq!(faults.freezes[0].at, When::Nth(101));
        assert!(!faults.is_lifted(299, Duration::MAX) && faults.is_lifted(300, Duration::ZERO));
        assert_eq!(faults.on_lookup(0.55), Some(Fault::Hang));
        assert_eq!(faults.on_lookup(0.61), None);
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
            ("status=403@9-30s", "403@101"),
            ("freeze=10s@soon", "10s@101"),
            ("freeze=10@101", "10s@101"),
            ("lift=soon", "500th"),
            ("lookups=0.6,lookups_hang=0.6", "more than 1"),
        ] {
            let error = Faults::parse(text).unwrap_err();
            assert!(error.english.contains(said), "{text}: {error}");
            assert_ne!(error.english, error.german, "{text}");
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
        assert_eq!(faults.on_lookup(0.699), Some(Fault::WrongEncoding));
        assert_eq!(faults.on_lookup(0.7), None);
        assert_eq!(Faults::default().on_lookup(0.0), None);
    }
}
