//! What a sandbox is told to play: a short text, or a file with the same words and more.
//!
//! The text is `commit_drop=0.02,match=prefix`; the file is TOML, a word a line, with scripts
//! of single records in tables of their own. Everything that is wrong is told with its line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::faults::{Fault, Faults, words};
use super::schedule::{RecordScript, Step, duration};
use super::settings::{Duplicates, Lookup, RetryAfter, SandboxSettings};

/// What a sandbox is told to play; what is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    seed: Option<u64>,
    faults: Faults,
    lookup: Option<Lookup>,
    duplicates: Option<Duplicates>,
    stale: Option<Duration>,
    latency: Option<Duration>,
    jitter: Option<Duration>,
    retry_after: Option<RetryAfter>,
    absurd_counts: Option<bool>,
    same_id: Option<bool>,
    odd_answers: Option<bool>,
}

/// A plan that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("the fault file {} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the file is wrong.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
        /// What to do.
        help: String,
    },
    /// The text is wrong, or is neither a text nor a file.
    #[error("{what}")]
    Text {
        /// What is wrong with it.
        what: String,
        /// What to do.
        help: String,
    },
}

impl PlanError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::File { .. } => "name a TOML file that you may read, or write the words \
                                  themselves: commit_drop=0.02,503=0.01"
                .to_owned(),
            Self::Line { help, .. } | Self::Text { help, .. } => help.clone(),
        }
    }

    /// Whether the words on the command line are to blame, and not a file.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Text { .. })
    }
}

/// What is wrong with a word, and what to do.
struct Wrong {
    what: String,
    help: String,
}

impl Wrong {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
        }
    }
}

/// A mistake and the byte of the file where it stands.
type Found = (Wrong, usize);

impl Plan {
    /// The words that say how the server behaves, beside those of [`Faults::parse`].
    pub const SERVER_WORDS: &'static [&'static str] = &[
        "seed",
        "match",
        "repeated",
        "stale",
        "counts",
        "same_id",
        "odd_answers",
        "latency",
        "jitter",
        "retry_after_as",
    ];

    /// What `--faults` says: the file of that name, if there is one, else the text itself.
    ///
    /// # Errors
    /// The file cannot be read, or something in file or text is wrong.
    pub fn of(words: &str) -> Result<Self, PlanError> {
        let path = Path::new(words);
        if path.exists() {
            return Self::load(path);
        }
        if !words.is_empty() && !words.contains('=') {
            return Err(PlanError::Text {
                what: format!("there is no file `{words}`, and it is no list of faults"),
                help: "name a fault file, or write for example commit_drop=0.02,status=403@101"
                    .to_owned(),
            });
        }
        Self::inline(words)
    }

    /// Reads a text like `commit_drop=0.02,match=prefix,freeze=10s@101`.
    ///
    /// # Errors
    /// A part of the text is wrong.
    pub fn inline(text: &str) -> Result<Self, PlanError> {
        let told = |wrong: Wrong| PlanError::Text {
            what: wrong.what,
            help: wrong.help,
        };
        let example = "write for example commit_drop=0.02,503=0.01,status=403@101";
        let mut plan = Self::default();
        for (key, value) in words(text).map_err(|what| told(Wrong::new(what, example)))? {
            plan.set(key, value).map_err(told)?;
        }
        plan.check().map_err(told)?;
        Ok(plan)
    }

    /// Reads a fault file.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is wrong.
    pub fn load(path: &Path) -> Result<Self, PlanError> {
        let text = fs::read_to_string(path).map_err(|source| PlanError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|(wrong, at)| PlanError::Line {
            path: path.to_owned(),
            line: 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count(),
            what: wrong.what,
            help: wrong.help,
        })
    }

    fn parse(text: &str) -> Result<Self, Found> {
        let table = DeTable::parse(text).map_err(|error| {
            let what = error.message().to_owned();
            let help = "a fault file is TOML: a word and its value on each line, texts in quotes";
            (
                Wrong::new(what, help),
                error.span().map_or(0, |span| span.start),
            )
        })?;
        let mut plan = Self::default();
        for (key, node) in table.get_ref() {
            if key.get_ref() == "record" {
                plan.take_records(node)?;
                continue;
            }
            let at = |wrong| (wrong, key.span().start);
            let read = values(node);
            let read = read.map_err(|found| found.unwrap_or_else(|| at(no_value(key.get_ref()))));
            for value in read? {
                plan.set(key.get_ref(), &value).map_err(at)?;
            }
        }
        // The sum belongs to no line; it is told at the first one.
        plan.check().map_err(|wrong| (wrong, 0))?;
        Ok(plan)
    }

    /// Lays the plan over the settings.
    pub fn apply(self, settings: &mut SandboxSettings) {
        fn lay<T>(below: &mut T, above: Option<T>) {
            if let Some(above) = above {
                *below = above;
            }
        }
        settings.faults = self.faults;
        lay(&mut settings.seed, self.seed);
        lay(&mut settings.lookup, self.lookup);
        lay(&mut settings.duplicates, self.duplicates);
        lay(&mut settings.stale, self.stale);
        lay(&mut settings.latency, self.latency);
        lay(&mut settings.jitter, self.jitter);
        lay(&mut settings.retry_after, self.retry_after);
        lay(&mut settings.absurd_counts, self.absurd_counts);
        lay(&mut settings.same_id, self.same_id);
        lay(&mut settings.odd_answers, self.odd_answers);
    }

    fn check(&self) -> Result<(), Wrong> {
        let help = "lower the rates: a request meets one fault at most";
        self.faults.check().map_err(|what| Wrong::new(what, help))
    }

    /// Takes a word and its value.
    fn set(&mut self, key: &str, value: &str) -> Result<(), Wrong> {
        let span = |key: &str| {
            let help = "write a number and its unit, like 200ms, 3s or 2m";
            duration(key, value)
                .map(Some)
                .map_err(|what| Wrong::new(what, help))
        };
        match key {
            "seed" => {
                let seed = value.parse().map_err(|_| {
                    let what = format!("`seed={value}`: a seed is a whole number");
                    Wrong::new(what, "write for example seed=7")
                })?;
                self.seed = Some(seed);
            }
            "match" => {
                self.lookup = one_of(
                    (key, value),
                    &[
                        ("exact", Lookup::Exact),
                        ("prefix", Lookup::Prefix),
                        ("ignore-case", Lookup::IgnoreCase),
                    ],
                )?;
            }
            "repeated" => {
                self.duplicates = one_of(
                    (key, value),
                    &[
                        ("accept", Duplicates::Accept),
                        ("refuse", Duplicates::Refuse409),
                        ("refuse_400", Duplicates::Refuse400),
                    ],
                )?;
            }
            "retry_after_as" => {
                self.retry_after = one_of(
                    (key, value),
                    &[
                        ("none", RetryAfter::No),
                        ("seconds", RetryAfter::Seconds),
                        ("date", RetryAfter::Date),
                    ],
                )?;
            }
            "counts" => {
                let counts = [("right", false), ("absurd", true)];
                self.absurd_counts = one_of((key, value), &counts)?;
            }
            "same_id" => self.same_id = one_of((key, value), &SWITCH)?,
            "odd_answers" => self.odd_answers = one_of((key, value), &SWITCH)?,
            "stale" => self.stale = span(key)?,
            "latency" => self.latency = span(key)?,
            "jitter" => self.jitter = span(key)?,
            _ => {
                if !known().any(|word| word == key) {
                    if key.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Err(unknown_status(key));
                    }
                    return Err(unknown("word", key, known()));
                }
                let help = "docs/rehearsal.md shows how each word is written";
                self.faults
                    .set(key, value)
                    .map_err(|what| Wrong::new(what, help))?;
            }
        }
        Ok(())
    }

    fn take_records(&mut self, node: &Spanned<DeValue<'_>>) -> Result<(), Found> {
        let tables = || {
            let help = "write [[record]], then number = \"C0042\" and posts = [\"commit_drop\"]";
            Wrong::new("`record` is a table for each record", help)
        };
        let list = node
            .get_ref()
            .as_array()
            .ok_or_else(|| (tables(), node.span().start))?;
        for node in list.iter() {
            let at = node.span().start;
            let table = node.get_ref().as_table().ok_or_else(|| (tables(), at))?;
            let (mut number, mut script) = (None, RecordScript::default());
            for (key, node) in table {
                match key.get_ref().as_ref() {
                    "number" => number = node.get_ref().as_str().map(str::to_owned),
                    "posts" => script.posts = Some(steps(node)?),
                    "lookups" => script.lookups = Some(steps(node)?),
                    other => {
                        let keys = ["number", "posts", "lookups"].into_iter();
                        let mut wrong = unknown("key of a record", other, keys);
                        if known().any(|word| word == other) {
                            wrong.help = "write it above the first [[record]]".to_owned();
                        }
                        return Err((wrong, key.span().start));
                    }
                }
            }
            let Some(number) = number else {
                let what = "a record needs its number, in quotes";
                return Err((Wrong::new(what, "write for example number = \"C0042\""), at));
            };
            if self.faults.records.contains_key(&number) {
                let what = format!("the record `{number}` has a script already");
                let help = "write all its steps into one [[record]]";
                return Err((Wrong::new(what, help), at));
            }
            self.faults.records.insert(number, script);
        }
        Ok(())
    }
}

const SWITCH: [(&str, bool); 2] = [("true", true), ("false", false)];

/// Every word that a text or file may have.
fn known() -> impl Iterator<Item = &'static str> + Clone {
    let faults = Fault::ALL.iter().map(|fault| fault.key());
    faults
        .chain(Faults::FURTHER_WORDS.iter().copied())
        .chain(Plan::SERVER_WORDS.iter().copied())
}

/// A status that is no fault of its own is no misspelling of one that is.
fn unknown_status(status: &str) -> Wrong {
    let statuses = known().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Wrong::new(
        format!("there is no fault `{status}`"),
        format!(
            "of the statuses there are {}; status={status}@1 answers every create with {status}, \
             status={status}@10-20 only those. docs/rehearsal.md has all words",
            statuses.collect::<Vec<_>>().join(", ")
        ),
    )
}

fn unknown<'w>(what: &str, word: &str, known: impl Iterator<Item = &'w str> + Clone) -> Wrong {
    let alike = |known: &&str| strsim::damerau_levenshtein(known, word);
    let nearest = known.clone().min_by_key(alike);
    let help = match nearest.filter(|known| alike(known) <= 2) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    Wrong::new(format!("there is no {what} `{word}`"), help)
}

fn one_of<T: Copy>((key, value): (&str, &str), words: &[(&str, T)]) -> Result<Option<T>, Wrong> {
    let found = words.iter().find(|(word, _)| *word == value);
    found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let help = format!("write one of {}", words.join(", "));
        Wrong::new(format!("`{key}={value}` makes no sense"), help)
    })
}

fn no_value(key: &str) -> Wrong {
    Wrong::new(
        format!("`{key}` is no single value"),
        "a word has a number, a text in quotes, true or false, or a list of them",
    )
}

/// The value, or each value of a list, as the short text would have it; an error without a
/// place where it is neither.
fn values(node: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Option<Found>> {
    let plain = |value: &DeValue<'_>| {
        Some(match value {
            DeValue::String(text) => text.as_ref().to_owned(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            _ => return None,
        })
    };
    match node.get_ref() {
        DeValue::Array(list) => list
            .iter()
            .map(|node| {
                plain(node.get_ref()).ok_or_else(|| Some((no_value("it"), node.span().start)))
            })
            .collect(),
        value => plain(value).map(|text| vec![text]).ok_or(None),
    }
}

/// The steps of a record.
fn steps(node: &Spanned<DeValue<'_>>) -> Result<Vec<Step>, Found> {
    let at = node.span().start;
    let list = values(node).map_err(|found| found.unwrap_or_else(|| (no_value("it"), at)))?;
    list.iter()
        .map(|text| {
            Step::read(text).ok_or_else(|| {
                let faults = Fault::ALL.iter().map(|fault| fault.key());
                let mut wrong = unknown("fault", text, faults.chain([Step::FINE]));
                wrong.help.push_str(", or write a status like 422");
                (wrong, at)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::schedule::When;
    use super::*;

    const FILE: &str = r#"
# everything that a file may say
seed = 7
commit_drop = 0.02
503 = 0.5
hang_for = "3s"
freeze = ["10s@101", "1s@30s", 0.01]
status = "403@9-20"
lift = 500
match = "prefix"
repeated = "refuse"
stale = "1s"
counts = "absurd"
same_id = true
odd_answers = true
latency = "5ms"
jitter = "2ms"
retry_after_as = "date"

[[record]]
number = "C0042"
posts = ["commit_drop", "500_after", 422, "ok"]
lookups = ["503"]
"#;

    #[test]
    fn a_file_says_everything() {
        let plan = Plan::parse(FILE).map_err(|(wrong, _)| wrong.what).unwrap();
        let mut settings = SandboxSettings {
            page_size_max: 3,
            ..SandboxSettings::default()
        };
        plan.apply(&mut settings);
        assert_eq!((settings.seed, settings.page_size_max), (7, 3));
        assert_eq!(settings.lookup, Lookup::Prefix);
        assert_eq!(settings.duplicates, Duplicates::Refuse409);
        assert_eq!(settings.retry_after, RetryAfter::Date);
        assert!(settings.absurd_counts && settings.same_id && settings.odd_answers);
        let times = [settings.stale, settings.latency, settings.jitter];
        assert_eq!(times.map(|time| time.as_millis()), [1_000, 5, 2]);
        let faults = settings.faults;
        assert_eq!((faults.commit_then_drop, faults.error503), (0.02, 0.5));
        assert_eq!((faults.freezes.len(), faults.freeze), (2, 0.01));
        assert_eq!(faults.lift, Some(When::Nth(500)));
        assert_eq!(faults.scripts[0].status, 403);
        let script = &faults.records["C0042"];
        let steps = [
            Step::Fault(Fault::CommitThenDrop),
            Step::Fault(Fault::Error500AfterCommit),
            Step::Status(422),
            Step::Fine,
        ];
        assert_eq!(script.posts.as_deref(), Some(steps.as_slice()));
        let looks = [Step::Fault(Fault::Error503)];
        assert_eq!(script.lookups.as_deref(), Some(looks.as_slice()));
    }

    #[test]
    fn a_text_has_the_same_words() {
        let text = "seed=7,commit_drop=0.02,503=0.5,hang_for=3s,freeze=10s@101,freeze=1s@30s,\
                    freeze=0.01,status=403@9-20,lift=500,match=prefix,repeated=refuse,stale=1s,\
                    counts=absurd,same_id=true,odd_answers=true,latency=5ms,jitter=2ms,\
                    retry_after_as=date";
        let mut file = Plan::parse(FILE).map_err(|(wrong, _)| wrong.what).unwrap();
        file.faults.records.clear();
        assert_eq!(Plan::inline(text).unwrap(), file);
        assert_eq!(Plan::of("").unwrap(), Plan::default());
        for word in known() {
            // Each word is known to the reader, whatever it thinks of the value.
            let said = Plan::inline(&format!("{word}=?")).unwrap_err().to_string();
            assert!(!said.contains("there is no"), "{word}: {said}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.toml");
        for (text, line, what, help) in [
            (
                "\n\ncomit_drop = 0.1",
                3,
                "no word `comit_drop`",
                "did you mean `commit_drop`?",
            ),
            (
                "xylophone = 1",
                1,
                "no word `xylophone`",
                "there are commit_drop",
            ),
            ("400 = 0.1", 1, "no fault `400`", "status=400@1 answers"),
            ("400 = 0.1", 1, "no fault `400`", "there are 500_after"),
            ("a = ", 1, "", "TOML"),
            ("seed = 1\ndrop = 2", 2, "from 0 to 1", "rehearsal.md"),
            ("drop = 0.7\nrst = 0.7", 1, "more than 1", "lower the rates"),
            (
                "match = \"fuzzy\"",
                1,
                "`match=fuzzy`",
                "exact, prefix, ignore-case",
            ),
            ("seed = -1", 1, "`seed=-1`", "seed=7"),
            ("stale = \"soon\"", 1, "`stale=soon`", "200ms"),
            ("stale = {}", 1, "no single value", "text in quotes"),
            ("drop = [\n[]]", 2, "no single value", "text in quotes"),
            ("record = 1", 1, "a table for each record", "[[record]]"),
            ("[[record]]\nposts = []", 1, "needs its number", "C0042"),
            (
                "[[record]]\nnumber = \"1\"\nposts = [\"drip_drop\"]",
                3,
                "no fault `drip_drop`",
                "a status like 422",
            ),
            (
                "[[record]]\nnumber = \"1\"\ndrop = 0.1",
                3,
                "no key of a record `drop`",
                "above the first [[record]]",
            ),
            (
                "[[record]]\nnumber = \"1\"\n[[record]]\nnumber = \"1\"",
                3,
                "a script already",
                "one [[record]]",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = Plan::of(path.to_str().unwrap()).unwrap_err();
            let said = error.to_string();
            assert!(said.contains(&format!("faults.toml:{line}: ")), "{said}");
            assert!(said.contains(what), "{said}");
            assert!(error.help().contains(help), "{said}: {}", error.help());
            assert!(!error.is_usage());
        }
        let gone = Plan::of("faults/gone.toml").unwrap_err();
        assert!(
            gone.to_string()
                .contains("there is no file `faults/gone.toml`")
        );
        assert!(gone.is_usage() && gone.help().contains("commit_drop=0.02"));
        let wrong = Plan::of("drop").unwrap_err();
        assert!(wrong.to_string().contains("no file `drop`"), "{wrong}");
        let folder = Plan::load(folder.path()).unwrap_err();
        assert!(folder.to_string().contains("cannot be read"), "{folder}");
    }
}
