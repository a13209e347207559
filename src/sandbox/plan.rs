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
use super::told::{Told, both};

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
    #[error("{}:{line}: {}", path.display(), wrong.what)]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        wrong: Box<Wrong>,
    },
    /// The text is wrong, or is neither a text nor a file.
    #[error("{}", .0.what)]
    Text(Box<Wrong>),
}

impl PlanError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Told {
        match self {
            Self::File { .. } => both(
                "name a TOML file that you may read, or write the words themselves: \
                 commit_drop=0.02,503=0.01",
                "eine lesbare TOML-Datei nennen, oder die Wörter selbst schreiben: \
                 commit_drop=0.02,503=0.01",
            ),
            Self::Line { wrong, .. } | Self::Text(wrong) => wrong.help.clone(),
        }
    }

    /// What is wrong, in German; `of_toml` has the German of what the parser of TOML says.
    #[must_use]
    pub fn in_german(&self, of_toml: impl Fn(&str) -> String) -> String {
        match self {
            Self::File { path, source } => {
                format!(
                    "die Fehlerdatei {} ist nicht zu lesen: {source}",
                    path.display()
                )
            }
            Self::Line { path, line, wrong } => {
                let what = match wrong.is_of_parser {
                    true => of_toml(&wrong.what.english),
                    false => wrong.what.german.clone(),
                };
                format!("{}:{line}: {what}", path.display())
            }
            Self::Text(wrong) => wrong.what.german.clone(),
        }
    }

    /// Whether the words on the command line are to blame, and not a file.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

/// What is wrong with a word, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    what: Told,
    help: Told,
    /// The words are those of the parser of TOML, which speaks English.
    is_of_parser: bool,
}

impl Wrong {
    fn new(what: Told, help: Told) -> Self {
        Self {
            what,
            help,
            is_of_parser: false,
        }
    }

    fn of_parser(said: &str) -> Self {
        let help = both(
            "a fault file is TOML: a word and its value on each line, texts in quotes",
            "eine Fehlerdatei ist TOML: je Zeile ein Wort und sein Wert, Texte in \
             Anführungszeichen",
        );
        Self {
            is_of_parser: true,
            ..Self::new(both(said, said), help)
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
            let what = both(
                format!("there is no file `{words}`, and it is no list of faults"),
                format!(
                    "die Datei `{words}` gibt es nicht, und eine Liste von Fehlern ist das auch nicht"
                ),
            );
            let help = both(
                "name a fault file, or write for example commit_drop=0.02,status=403@101",
                "eine Fehlerdatei nennen, oder etwa commit_drop=0.02,status=403@101 schreiben",
            );
            return Err(PlanError::Text(Box::new(Wrong::new(what, help))));
        }
        Self::inline(words)
    }

    /// Reads a text like `commit_drop=0.02,match=prefix,freeze=10s@101`.
    ///
    /// # Errors
    /// A part of the text is wrong.
    pub fn inline(text: &str) -> Result<Self, PlanError> {
        let told = |wrong: Wrong| PlanError::Text(Box::new(wrong));
        let example = || {
            both(
                "write for example commit_drop=0.02,503=0.01,status=403@101",
                "etwa commit_drop=0.02,503=0.01,status=403@101 schreiben",
            )
        };
        let mut plan = Self::default();
        for (key, value) in words(text).map_err(|what| told(Wrong::new(what, example())))? {
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
            wrong: Box::new(wrong),
        })
    }

    fn parse(text: &str) -> Result<Self, Found> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (Wrong::of_parser(error.message()), at)
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
        let help = || {
            both(
                "lower the rates: a request meets one fault at most",
                "die Raten verringern: eine Anfrage trifft höchstens ein Fehler",
            )
        };
        self.faults.check().map_err(|what| Wrong::new(what, help()))
    }

    /// Takes a word and its value.
    fn set(&mut self, key: &str, value: &str) -> Result<(), Wrong> {
        let span = |key: &str| {
            let help = both(
                "write a number and its unit, like 200ms, 3s or 2m",
                "eine Zahl und ihre Einheit schreiben, etwa 200ms, 3s oder 2m",
            );
            duration(key, value)
                .map(Some)
                .map_err(|what| Wrong::new(what, help))
        };
        match key {
            "seed" => {
                let seed = value.parse().map_err(|_| {
                    let what = both(
                        format!("`seed={value}`: a seed is a whole number"),
                        format!("`seed={value}`: ein Seed ist eine ganze Zahl"),
                    );
                    Wrong::new(
                        what,
                        both("write for example seed=7", "etwa seed=7 schreiben"),
                    )
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
                    return Err(unknown(both("word", "kein Wort"), key, known()));
                }
                let help = both(
                    "docs/rehearsal.md shows how each word is written",
                    "docs/rehearsal.md zeigt, wie man jedes Wort schreibt",
                );
                self.faults
                    .set(key, value)
                    .map_err(|what| Wrong::new(what, help))?;
            }
        }
        Ok(())
    }

    fn take_records(&mut self, node: &Spanned<DeValue<'_>>) -> Result<(), Found> {
        let tables = || {
            let help = both(
                "write [[record]], then number = \"C0042\" and posts = [\"commit_drop\"]",
                "[[record]] schreiben, dann number = \"C0042\" und posts = [\"commit_drop\"]",
            );
            let what = both(
                "`record` is a table for each record",
                "`record` ist eine Tabelle für jeden Datensatz",
            );
            Wrong::new(what, help)
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
                        let mut wrong = unknown(
                            both("key of a record", "keinen Schlüssel eines Datensatzes"),
                            other,
                            keys,
                        );
                        if known().any(|word| word == other) {
                            wrong.help = both(
                                "write it above the first [[record]]",
                                "über dem ersten [[record]] schreiben",
                            );
                        }
                        return Err((wrong, key.span().start));
                    }
                }
            }
            let Some(number) = number else {
                let what = both(
                    "a record needs its number, in quotes",
                    "ein Datensatz braucht seine Nummer, in Anführungszeichen",
                );
                let help = both(
                    "write for example number = \"C0042\"",
                    "etwa number = \"C0042\" schreiben",
                );
                return Err((Wrong::new(what, help), at));
            };
            if self.faults.records.contains_key(&number) {
                let what = both(
                    format!("the record `{number}` has a script already"),
                    format!("für den Datensatz `{number}` steht schon etwas da"),
                );
                let help = both(
                    "write all its steps into one [[record]]",
                    "alle seine Schritte in ein [[record]] schreiben",
                );
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
    let statuses = statuses.collect::<Vec<_>>().join(", ");
    Wrong::new(
        both(
            format!("there is no fault `{status}`"),
            format!("einen Fehler `{status}` gibt es nicht"),
        ),
        both(
            format!(
                "of the statuses there are {statuses}; status={status}@1 answers every create with \
                 {status}, status={status}@10-20 only those. docs/rehearsal.md has all words"
            ),
            format!(
                "an Statusangaben gibt es {statuses}; status={status}@1 beantwortet jedes Anlegen \
                 mit {status}, status={status}@10-20 nur diese. docs/rehearsal.md nennt alle Wörter"
            ),
        ),
    )
}

/// A word that is not there; `what` says what it is no one of, in German behind "es gibt".
fn unknown<'w>(what: Told, word: &str, known: impl Iterator<Item = &'w str> + Clone) -> Wrong {
    let alike = |known: &&str| strsim::damerau_levenshtein(known, word);
    let nearest = known.clone().min_by_key(alike);
    let help = match nearest.filter(|known| alike(known) <= 2) {
        Some(known) => both(
            format!("did you mean `{known}`?"),
            format!("ist `{known}` gemeint?"),
        ),
        None => {
            let known = known.collect::<Vec<_>>().join(", ");
            both(format!("there are {known}"), format!("es gibt {known}"))
        }
    };
    let what = both(
        format!("there is no {} `{word}`", what.english),
        format!("es gibt {} `{word}`", what.german),
    );
    Wrong::new(what, help)
}

fn one_of<T: Copy>((key, value): (&str, &str), words: &[(&str, T)]) -> Result<Option<T>, Wrong> {
    let found = words.iter().find(|(word, _)| *word == value);
    found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let words = words.join(", ");
        let help = both(
            format!("write one of {words}"),
            format!("eines davon schreiben: {words}"),
        );
        let what = both(
            format!("`{key}={value}` makes no sense"),
            format!("`{key}={value}` ergibt keinen Sinn"),
        );
        Wrong::new(what, help)
    })
}

fn no_value(key: &str) -> Wrong {
    Wrong::new(
        both(
            format!("`{key}` is no single value"),
            format!("`{key}` ist kein einzelner Wert"),
        ),
        both(
            "a word has a number, a text in quotes, true or false, or a list of them",
            "ein Wort hat eine Zahl, einen Text in Anführungszeichen, true oder false, oder eine \
             Liste davon",
        ),
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
                let mut wrong = unknown(
                    both("fault", "keinen Fehler"),
                    text,
                    faults.chain([Step::FINE]),
                );
                wrong.help.english.push_str(", or write a status like 422");
                wrong
                    .help
                    .german
                    .push_str("; oder einen Status wie 422 schreiben");
                (wrong, at)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
