//! What pass 1 found out about an input, kept in the journal for whoever goes on with the run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::ImportError;
use super::super::ledger::SettledSet;
use super::super::pipeline::Pipeline;
use super::{Repeat, Repeats, Survey};
use crate::journal::{Journal, Parts};
use crate::outcome::Counts;
use crate::record::Position;
use crate::sorted::Sorter;
use crate::source::{Place, Places};

/// Places, repeats, or numbers of 64 bits in a part.
const IN_PART: usize = 8_192;
/// Bytes of parts that are written at once.
const AT_ONCE: usize = 1 << 20;

/// What stands in the journal, part by part; the facts are the last one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Places(Vec<Place>),
    /// 64 records to a number, from record 0 on.
    Noted(Vec<u64>),
    Repeats(Vec<Again>),
    Facts(Facts),
}

/// A repeat: its kind, record and line, and those of the first one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Again(u8, u64, u64, u64, u64);

/// What is known of the whole input.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    under: Conditions,
    read: u64,
    invalid: u64,
    left_out: u64,
    repairs: BTreeMap<String, u64>,
    /// How many parts stand before this one.
    parts: u64,
}

/// What pass 1 depends on beside the input, the mapping and how the input is read, which make a
/// run what it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Conditions {
    /// Of the program.
    version: String,
    allow_unkeyed: bool,
    /// Hash of what the ERP said about names.
    names: String,
}

impl Conditions {
    fn of(pipeline: &Pipeline) -> Result<Self, ImportError> {
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            allow_unkeyed: pipeline.rules.allow_unkeyed,
            names: blake3::hash(json(&pipeline.told)?.as_bytes()).to_string(),
        })
    }
}

/// What was kept.
pub(in crate::import) struct Kept {
    pub(super) places: Places,
    pub(super) counts: Counts,
    pub(super) repairs: BTreeMap<String, u64>,
    pub(super) noted: SettledSet,
    pub(super) repeats: Repeats,
}

/// Keeps what a survey found out, and how many records there are. Of an input that cannot be
/// read on from the middle only the latter is kept.
pub(in crate::import) fn keep(
    journal: &mut Journal,
    run: &str,
    survey: &mut Survey,
    pipeline: &Pipeline,
    folder: &Path,
) -> Result<(), ImportError> {
    let Some(places) = survey.places.as_ref().filter(|_| survey.read > 0) else {
        journal.set_read(run, survey.read)?;
        return Ok(());
    };
    let mut keeping = Keeping {
        journal,
        run,
        first: 0,
        waiting: Vec::new(),
        bytes: 0,
    };
    for places in places.all().chunks(IN_PART) {
        keeping.add(&Part::Places(places.to_vec()))?;
    }
    for words in survey.noted.words().chunks(IN_PART) {
        keeping.add(&Part::Noted(words.to_vec()))?;
    }
    let spool = |error| ImportError::spool(folder, error);
    let mut part = Vec::new();
    for repeat in survey.repeats.iter().map_err(spool)? {
        part.push(Again::from(&repeat.map_err(spool)?));
        if part.len() == IN_PART {
            keeping.add(&Part::Repeats(std::mem::take(&mut part)))?;
        }
    }
    keeping.add(&Part::Repeats(part))?;
    let facts = Facts {
        under: Conditions::of(pipeline)?,
        read: survey.read,
        invalid: survey.counts.invalid,
        left_out: survey.counts.left_out,
        repairs: survey.tally.repairs.clone(),
        parts: keeping.count(),
    };
    keeping.finish(facts)
}

/// Parts on their way into the journal.
struct Keeping<'a> {
    journal: &'a mut Journal,
    run: &'a str,
    /// Number of the first one that waits.
    first: u64,
    waiting: Vec<String>,
    bytes: usize,
}

impl Keeping<'_> {
    fn count(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    fn add(&mut self, part: &Part) -> Result<(), ImportError> {
        if self.bytes >= AT_ONCE {
            let parts = Parts {
                first: self.first,
                contents: &self.waiting,
            };
            self.journal.keep_reading(self.run, parts)?;
            self.first = self.count();
            self.waiting.clear();
            self.bytes = 0;
        }
        let text = json(part)?;
        self.bytes += text.len();
        self.waiting.push(text);
        Ok(())
    }

    fn finish(mut self, facts: Facts) -> Result<(), ImportError> {
        let read = facts.read;
        self.waiting.push(json(&Part::Facts(facts))?);
        let parts = Parts {
            first: self.first,
            contents: &self.waiting,
        };
        self.journal.end_reading(self.run, read, parts)?;
        Ok(())
    }
}

impl Kept {
    /// What was kept of the run's input; none if nothing was, or not all, or what pass 1 depends
    /// on has changed since.
    pub(in crate::import) fn load(
        journal: &Journal,
        run: &str,
        pipeline: &Pipeline,
        folder: &Path,
    ) -> Result<Option<Self>, ImportError> {
        let spool = |error| ImportError::spool(folder, error);
        let mut places = Places::default();
        let mut noted = SettledSet::default();
        let mut repeats = Sorter::new(folder).map_err(spool)?;
        for number in 0.. {
            let Some(part) = journal.kept_reading(run, number)? else {
                break;
            };
            // Another version may have kept what this one cannot read.
            match serde_json::from_str(&part) {
                Ok(Part::Places(further)) => places.extend(further),
                Ok(Part::Noted(words)) => noted.extend(&words),
                Ok(Part::Repeats(list)) => {
                    for again in list {
                        let repeat = Repeat::from(again);
                        repeats.push(repeat.pair()).map_err(spool)?;
                    }
                }
                Ok(Part::Facts(facts))
                    if facts.parts == number && facts.under == Conditions::of(pipeline)? =>
                {
                    return Ok(Some(Self {
                        places,
                        counts: Counts {
                            read: facts.read,
                            invalid: facts.invalid,
                            left_out: facts.left_out,
                            ..Counts::default()
                        },
                        repairs: facts.repairs,
                        noted,
                        repeats: Repeats(repeats.finish().map_err(spool)?),
                    }));
                }
                Ok(Part::Facts(_)) | Err(_) => break,
            }
        }
        Ok(None)
    }
}

impl From<&Repeat> for Again {
    fn from(repeat: &Repeat) -> Self {
        let (position, first) = (repeat.position, repeat.first);
        let kind = repeat.kind();
        Self(
            kind,
            position.record,
            position.line,
            first.record,
            first.line,
        )
    }
}

impl From<Again> for Repeat {
    fn from(Again(kind, record, line, first_record, first_line): Again) -> Self {
        Self {
            code: Repeat::code_of(kind),
            position: Position { record, line },
            first: Position {
                record: first_record,
                line: first_line,
            },
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, ImportError> {
    serde_json::to_string(value).map_err(|error| ImportError::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use jiff::Timestamp;
    use tempfile::TempDir;
    use tokio::sync::watch;

    use super::super::super::apart::Apart;
    use super::super::super::dry::Nowhere;
    use super::super::super::{Listener, bind};
    use super::super::survey;
    use super::*;
    use crate::deliver::driver::Signal;
    use crate::journal::NewRun;
    use crate::mapping::Mapping;
    use crate::names::{NameList, Named, Names};
    use crate::source::{Source, SourceSettings};

    const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = { column = "E-Mail", as = "email" }
"#;

    const RUN: &str = "run-1";

    /// A journal with a run of an input of two blocks, and what reading that found out.
    struct Read {
        folder: TempDir,
        journal: Journal,
        pipeline: Pipeline,
        survey: Survey,
    }

    fn read(repeats: u64) -> Read {
        let folder = tempfile::tempdir().unwrap();
        let mut text = "Nr;Name;Ort;E-Mail\n".to_owned();
        let fill = "x".repeat(40);
        for record in 1..=20_000_u64 {
            let mail = if record <= repeats { 0 } else { record };
            let broken = if record % 5_000 == 7 { "" } else { "Ulm" };
            writeln!(text, "K{record};A{fill};{broken};m{mail}@example.org").unwrap();
        }
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &SourceSettings::default()).unwrap();
        let mapping = Mapping::parse("m.toml", MAPPING).unwrap();
        let pipeline = bind(&mapping, &source, false).unwrap();
        let listener = Listener {
            events: Arc::new(|_| {}),
            signal: watch::channel(Signal::Go).1,
            told: std::cell::Cell::new(None),
        };
        let hashing = Apart::new();
        let found = survey(
            &source,
            &pipeline,
            &hashing,
            &mut Nowhere,
            &listener,
            folder.path(),
        );
        let mut journal = Journal::open(folder.path()).unwrap();
        let new = NewRun {
            id: RUN.to_owned(),
            target: "shop".to_owned(),
            source_hash: [1; 32],
            plan_hash: [2; 32],
            input: "a.csv".to_owned(),
            input_path: None,
            mapping: "m.toml".to_owned(),
            mapping_text: MAPPING.to_owned(),
            source_options: "{}".to_owned(),
            options: "{}".to_owned(),
            version: "0.1.0".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            linked_to: None,
        };
        journal.begin(&new).unwrap();
        Read {
            survey: found.unwrap(),
            folder,
            journal,
            pipeline,
        }
    }

    impl Read {
        fn keep(&mut self) {
            let folder = self.folder.path();
            let survey = &mut self.survey;
            keep(&mut self.journal, RUN, survey, &self.pipeline, folder).unwrap();
        }

        fn load(&self) -> Option<Kept> {
            Kept::load(&self.journal, RUN, &self.pipeline, self.folder.path()).unwrap()
        }

        fn parts(&self) -> Vec<String> {
            let parts = (0..).map(|part| self.journal.kept_reading(RUN, part).unwrap());
            parts.map_while(|part| part).collect()
        }

        /// Puts other parts in the place of all.
        fn replace(&mut self, contents: &[String]) {
            let parts = Parts { first: 0, contents };
            self.journal.end_reading(RUN, 20_000, parts).unwrap();
        }
    }

    fn all(repeats: &mut Repeats) -> Vec<String> {
        let repeats = repeats.iter().unwrap();
        repeats.map(|it| format!("{:?}", it.unwrap())).collect()
    }

    #[test]
    fn what_was_kept_is_what_was_found_out() {
        // The second time so much that it is written in several steps.
        for (repeats, told) in [(3, 2), (20_000, 19_995)] {
            let mut it = read(repeats);
            assert!(it.load().is_none());
            it.keep();
            let row = it.journal.run(RUN).unwrap().unwrap();
            assert_eq!(row.read, Some(20_000));
            let mut kept = it.load().unwrap();
            let places = it.survey.places.as_ref().unwrap();
            assert!(places.all().len() > 1);
            assert_eq!(kept.places.all(), places.all());
            assert_eq!(kept.noted.words(), it.survey.noted.words());
            assert!(kept.noted.count() >= 4);
            assert_eq!(kept.repairs, it.survey.tally.repairs);
            assert_eq!(kept.counts, it.survey.counts);
            assert_eq!(kept.counts.invalid, 4);
            let repeated = all(&mut kept.repeats);
            assert_eq!(repeated, all(&mut it.survey.repeats));
            assert_eq!(repeated.len(), told);
        }
    }

    #[test]
    fn what_is_not_whole_is_not_used() {
        let mut it = read(20_000);
        it.keep();
        let parts = it.parts();
        assert!(parts.len() > 4);
        it.replace(&parts);
        assert!(it.load().is_some());
        // Written up to here, when the process died.
        for end in 0..parts.len() {
            it.replace(&parts[..end]);
            assert!(it.load().is_none(), "{end}");
        }
        // One of them is missing.
        for gone in 0..parts.len() {
            let mut parts = parts.clone();
            parts.remove(gone);
            it.replace(&parts);
            assert!(it.load().is_none(), "{gone}");
        }
        // What a later version may keep.
        let mut parts = parts;
        parts[0] = r#"{"colours":[1]}"#.to_owned();
        it.replace(&parts);
        assert!(it.load().is_none());
    }

    #[test]
    fn what_was_found_out_under_other_conditions_is_not_used() {
        let mut it = read(0);
        it.keep();
        it.pipeline.rules.allow_unkeyed = true;
        assert!(it.load().is_none());
        it.pipeline.rules.allow_unkeyed = false;
        assert!(it.load().is_some());
        let mut names = Names::default();
        names.set(NameList::CustomerGroup, Vec::<Named>::new());
        let told = std::mem::replace(&mut it.pipeline.told, names);
        assert!(it.load().is_none());
        it.pipeline.told = told;
        let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
        let mut parts = it.parts();
        let facts = parts.last_mut().unwrap();
        assert!(facts.contains(&version));
        *facts = facts.replace(&version, "\"version\":\"0.0.9\"");
        it.replace(&parts);
        assert!(it.load().is_none());
    }
}
