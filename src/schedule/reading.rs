//! A jobs file is read: TOML, each mistake with its place, all of them at once.

mod archive;
mod hook;

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use toml::de::{DeTable, DeValue};

use super::jobs::{Alarm, HOOK_TIMEOUT, Hooks, Job, KEYS, MIN_AGE, Missed, NoInput, Places};
use super::times::{Cron, Zone};
use crate::cli::Word;
use crate::cli::words::TimeLimit;
use crate::mapping::MappingError;
use crate::mapping::error::{Mistake, MistakeLine, Place, line_and_column};
use crate::mapping::suggest::{closest, did_you_mean, listed};
use crate::mapping::syntax::{Node, Section, a_table, wrong_type};
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, Language, ValuesShown, borrowed, both};
use crate::settings::JobOptions;
use archive::archive;
use hook::hook;

/// Longest jobs file in bytes: more is another file that was named by mistake.
const LONGEST: u64 = 8 << 20;

/// What to do about a mistake that says no better.
fn fallback() -> Bilingual {
    both!(
        "docs/operations.md tells what each key takes, with an example",
        "docs/operations.md sagt mit einem Beispiel, was jeder Schlüssel nimmt"
    )
}

/// Longest name of a job.
const LONGEST_NAME: usize = 64;

/// The jobs of a file.
#[derive(Clone, Debug)]
pub struct Jobs {
    /// In the file's order; at least one.
    pub jobs: Vec<Job>,
}

/// Why a jobs file cannot be used. It holds every mistake of the file, not only the first.
#[derive(Clone, PartialEq, Eq)]
pub struct JobsError(MappingError);

impl JobsError {
    /// The mistakes with their place, excerpt and help, ready for a terminal.
    #[must_use]
    pub fn render(&self, color: bool, language: Language) -> String {
        // A jobs file is no input.
        self.0.render(color, language, ValuesShown::Full)
    }

    /// The mistakes for programs.
    pub fn mistakes(&self) -> impl Iterator<Item = MistakeLine> {
        self.0.lines()
    }
}

impl fmt::Display for JobsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for JobsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for JobsError {}

impl Jobs {
    /// Reads a file. Relative paths in it are meant from its own folder.
    ///
    /// # Errors
    /// If it cannot be read, or has mistakes.
    pub fn load(path: &Path) -> Result<Self, JobsError> {
        let name = path.display().to_string();
        let text = read(path).map_err(|mistake| {
            JobsError(MappingError::unreadable(&name, mistake.or_help(fallback)))
        })?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&name, &text, &folder)
    }

    /// Reads the text of a jobs file that is called `name` and lies in `folder`.
    ///
    /// # Errors
    /// If it has mistakes.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, JobsError> {
        let mut mistakes = Vec::new();
        let jobs = match DeTable::parse(text) {
            Ok(table) => {
                let file = File {
                    name: name.into(),
                    text,
                    folder,
                };
                read_all(table.get_ref(), &file, &mut mistakes)
            }
            Err(error) => {
                let place = error.span().unwrap_or(0..0);
                let title = both!([why = borrowed::of_toml(error.message())]
                    "this is no TOML: {why}",
                    "das ist kein TOML: {why}"
                );
                mistakes.push(Mistake::at(place, title));
                Vec::new()
            }
        };
        if mistakes.is_empty() {
            return Ok(Self { jobs });
        }
        let mistakes = mistakes.into_iter().map(|it| it.or_help(fallback));
        Err(JobsError(MappingError::new(
            name.into(),
            text.into(),
            mistakes.collect(),
        )))
    }

    /// The job with this name.
    ///
    /// # Errors
    /// What to do, if there is none.
    pub fn find(&self, name: &str) -> Result<&Job, Bilingual> {
        let names = || self.jobs.iter().map(|job| job.name.as_str());
        self.jobs
            .iter()
            .find(|job| job.name == name)
            .ok_or_else(|| {
                did_you_mean(name, names())
                    .unwrap_or_else(|| both!([names = listed(names(), 24)] "the jobs are {names}", "die Jobs sind {names}"))
            })
    }
}

/// UTF-8 or UTF-16, with or without byte-order mark, as shells and editors on Windows write both.
fn read(path: &Path) -> Result<String, Mistake> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let title = both!([error = of_io(&error)]
                "the jobs file cannot be read: {error}",
                "die Jobdatei ist nicht zu lesen: {error}"
            );
            Mistake::of_file(title).help(both!(
                "name a jobs file that the user who runs the jobs may read",
                "eine Jobdatei nennen, die der Benutzer lesen darf, unter dem die Jobs laufen"
            ))
        })?;
    if bytes.len() as u64 > LONGEST {
        let title = both!(
            "the jobs file is longer than {LONGEST} bytes",
            "die Jobdatei ist länger als {LONGEST} Bytes"
        );
        return Err(Mistake::of_file(title).help(both!("name a jobs file", "eine Jobdatei nennen")));
    }
    let (text, _, broken) = encoding_rs::UTF_8.decode(&bytes);
    if broken {
        let title = both!(
            "the jobs file is neither UTF-8 nor UTF-16",
            "die Jobdatei ist weder UTF-8 noch UTF-16"
        );
        return Err(Mistake::of_file(title).help(both!(
            "save it as UTF-8 in the editor",
            "sie im Editor als UTF-8 speichern"
        )));
    }
    Ok(text.into_owned())
}

/// The file that is read.
struct File<'a> {
    name: Arc<str>,
    text: &'a str,
    folder: &'a Path,
}

impl File<'_> {
    /// Where a job and its keys stand.
    fn places(&self, section: &Section<'_, '_>, job: &Place) -> Places {
        let at = |place: &Place| line_and_column(self.text, place);
        let keys = KEYS.iter().filter_map(|key| {
            let place = section.key_place(key)?;
            Some((*key, at(&place)))
        });
        let run = section.get("run").and_then(|run| run.get_ref().as_table());
        let options = run.into_iter().flatten();
        Places {
            file: Arc::clone(&self.name),
            job: at(job),
            keys: keys.collect(),
            options: options
                .map(|(key, _)| (key.get_ref().to_string(), at(&key.span())))
                .collect(),
        }
    }
}

fn read_all(table: &DeTable<'_>, file: &File<'_>, mistakes: &mut Vec<Mistake>) -> Vec<Job> {
    let mut top = Section::of(table, both!("a jobs file", "eine Jobdatei"), &["job"]);
    let nodes = match top.get("job").map(|node| (node, node.get_ref().as_array())) {
        Some((_, Some(nodes))) => nodes.iter().collect(),
        Some((node, None)) => {
            let wrong = wrong_type(
                node,
                "job",
                both!("a list of tables", "eine Liste von Tabellen"),
            );
            top.mistake(wrong.help(both!(
                "begin each job with [[job]]",
                "jeden Job mit [[job]] beginnen"
            )));
            Vec::new()
        }
        None => {
            top.mistake(
                Mistake::of_file(both!("there is no job", "es gibt keinen Job")).help(both!(
                    "begin one with [[job]]",
                    "einen mit [[job]] beginnen"
                )),
            );
            Vec::new()
        }
    };
    top.close(mistakes);
    let mut jobs: Vec<Job> = Vec::new();
    let mut names: HashMap<String, ()> = HashMap::new();
    for node in nodes {
        match Section::open(node, Bilingual::same("[[job]]"), KEYS) {
            Err(mistake) => mistakes.push(mistake.help(both!(
                "begin each job with [[job]]",
                "jeden Job mit [[job]] beginnen"
            ))),
            Ok(mut section) => {
                let name = name(&mut section, node.span(), &mut names);
                if let Some(job) = job(section, node.span(), name, file, mistakes) {
                    jobs.push(job);
                }
            }
        }
    }
    jobs
}

/// A required key that is not there.
fn missing(section: &mut Section<'_, '_>, place: Place, key: &str, help: Bilingual) {
    if section.get(key).is_none() {
        let title = both!("a job needs `{key}`", "ein Job braucht `{key}`");
        section.mistake(Mistake::at(place, title).help(help));
    }
}

fn name(
    section: &mut Section<'_, '_>,
    place: Place,
    names: &mut HashMap<String, ()>,
) -> Option<String> {
    missing(
        section,
        place,
        "name",
        both!("write name = \"shop\"", "name = \"shop\" schreiben"),
    );
    let (name, place) = section.text("name")?;
    let fits = name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !fits {
        let title = both!(
            "\"{name}\" is no name of a job",
            "\"{name}\" ist kein Name eines Jobs"
        );
        return section.complain(Mistake::at(place, title).help(both!(
            "a name has letters from a to z, digits, `.`, `_` and `-`, and at most 64 of them",
            "ein Name hat Buchstaben von a bis z, Ziffern, `.`, `_` und `-`, und höchstens 64 davon"
        )));
    }
    // Its state is a file, and some systems take capitals for small letters.
    if names.insert(name.to_ascii_lowercase(), ()).is_some() {
        let title = both!(
            "there are two jobs `{name}`",
            "den Job `{name}` gibt es zweimal"
        );
        return section.complain(Mistake::at(place, title).help(both!(
            "give each a name of its own; capitals do not count",
            "jedem einen eigenen Namen geben; Groß- und Kleinschreibung zählt nicht"
        )));
    }
    Some(name.to_owned())
}

/// Reads a job. Nothing if it has mistakes without which there is none.
fn job(
    mut section: Section<'_, '_>,
    place: Place,
    name: Option<String>,
    file: &File<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Job> {
    let folder = file.folder;
    let places = file.places(&section, &place);
    let zone = zone(&mut section);
    let cron = cron(&mut section, place.clone(), zone.as_ref());
    let inputs = inputs(&mut section, place, folder);
    let options = options(&mut section, folder);
    let archive_done = archive(&mut section, "archive_done", folder, &inputs);
    let archive_failed = archive(&mut section, "archive_failed", folder, &inputs);
    let profile = section.text("profile").map(|(name, _)| name.to_owned());
    let min_age = duration(&mut section, "min_age").unwrap_or(MIN_AGE);
    let max_duration = read_word::<TimeLimit>(&mut section, "max_duration").map(|limit| limit.0);
    let alarms = [("any", Alarm::Any), ("new", Alarm::New)];
    let fail_on = section.word("fail_on", &alarms).unwrap_or_default();
    let fates = [("fine", NoInput::Fine), ("fail", NoInput::Fail)];
    let no_input = section.word("no_input", &fates).unwrap_or_default();
    let jitter = duration(&mut section, "jitter").unwrap_or_default();
    let policies = [("skip", Missed::Skip), ("catch_up", Missed::CatchUp)];
    let missed = section.word("missed", &policies).unwrap_or_default();
    let retry_after = read_word::<TimeLimit>(&mut section, "retry_after").map(|limit| limit.0);
    let hooks = Hooks {
        on_success: hook(&mut section, "on_success", folder),
        on_failure: hook(&mut section, "on_failure", folder),
        on_change: hook(&mut section, "on_change", folder),
        timeout: read_word::<TimeLimit>(&mut section, "hook_timeout")
            .map_or(HOOK_TIMEOUT, |limit| limit.0),
    };
    section.close(mistakes);
    Some(Job {
        name: name?,
        cron: cron?,
        zone: zone.unwrap_or_else(Zone::of_the_computer),
        inputs,
        profile,
        options,
        min_age,
        max_duration,
        fail_on,
        no_input,
        jitter,
        missed,
        retry_after,
        archive_done,
        archive_failed,
        hooks,
        places,
    })
}

/// A value in the words of the command line; its own sentence says what is wrong with it.
fn read_word<T: Word>(section: &mut Section<'_, '_>, key: &str) -> Option<T> {
    let (text, place) = section.text(key)?;
    match T::read(text) {
        Ok(value) => Some(value),
        Err(why) => section.complain(Mistake::at(place, why.map(|why| format!("`{key}`: {why}")))),
    }
}

fn duration(section: &mut Section<'_, '_>, key: &str) -> Option<Duration> {
    read_word(section, key)
}

fn zone(section: &mut Section<'_, '_>) -> Option<Zone> {
    let (name, place) = section.text("time_zone")?;
    match Zone::named(name) {
        Ok(zone) => Some(zone),
        Err(title) => {
            let known: Vec<String> = jiff::tz::db()
                .available()
                .map(|it| it.to_string())
                .collect();
            let help = match closest(name, known.iter().map(String::as_str)) {
                Some(meant) => both!("did you mean `{meant}`?", "ist `{meant}` gemeint?"),
                None => both!(
                    "write it like Europe/Berlin, or UTC",
                    "wie Europe/Berlin oder UTC schreiben"
                ),
            };
            section.complain(Mistake::at(place, title).help(help))
        }
    }
}

fn cron(section: &mut Section<'_, '_>, place: Place, zone: Option<&Zone>) -> Option<Cron> {
    let how = || {
        both!(
            "write minute, hour, day of the month, month and day of the week, like \
             \"30 2 * * *\" for half past two each night",
            "Minute, Stunde, Tag des Monats, Monat und Wochentag schreiben, etwa \
             \"30 2 * * *\" für jede Nacht um halb drei"
        )
    };
    missing(section, place, "cron", how());
    let (text, place) = section.text("cron")?;
    let cron = match Cron::parse(text) {
        Ok(cron) => cron,
        Err(why) => {
            let title = both!([why]
                "\"{text}\" is no cron expression: {why}",
                "\"{text}\" ist kein Cron-Ausdruck: {why}"
            );
            return section.complain(Mistake::at(place, title).help(how()));
        }
    };
    let utc = Zone::named("UTC").ok();
    let comes = zone
        .or(utc.as_ref())
        .and_then(|zone| cron.next(zone, Timestamp::UNIX_EPOCH));
    if comes.is_none() {
        let title = both!(
            "the time \"{text}\" never comes",
            "die Zeit \"{text}\" kommt nie"
        );
        return section.complain(Mistake::at(place, title).help(both!(
            "name a day that there is",
            "einen Tag nennen, den es gibt"
        )));
    }
    Some(cron)
}

fn inputs(section: &mut Section<'_, '_>, place: Place, folder: &Path) -> Vec<String> {
    let how = || {
        both!(
            "write inputs = [\"inbox/customers-*.csv\"]",
            "inputs = [\"eingang/kunden-*.csv\"] schreiben"
        )
    };
    missing(section, place, "inputs", how());
    let given = section.one_or_more("inputs");
    let key = section.key_place("inputs");
    if let (Some([]), Some(key)) = (given.as_deref(), key) {
        let title = both!("`inputs` names no file", "`inputs` nennt keine Datei");
        section.mistake(Mistake::at(key, title).help(how()));
    }
    let mut inputs = Vec::new();
    for (pattern, place) in given.into_iter().flatten() {
        if pattern.is_empty() || pattern == "-" {
            let title = both!(
                "a job reads files, not the standard input",
                "ein Job liest Dateien, nicht die Standardeingabe"
            );
            section.mistake(Mistake::at(place, title).help(how()));
            continue;
        }
        if let Err(error) = glob::Pattern::new(pattern) {
            let title = both!([why = no_pattern(error.msg)]
                "\"{pattern}\" is no pattern: {why}",
                "\"{pattern}\" ist kein Muster: {why}"
            );
            section.mistake(Mistake::at(place, title).help(both!(
                "`*`, `?`, `[…]` and `**` are known",
                "bekannt sind `*`, `?`, `[…]` und `**`"
            )));
            continue;
        }
        inputs.push(anchored(folder, pattern));
    }
    inputs
}

/// Why a text is no pattern: `glob`'s own words, and the same in German.
fn no_pattern(english: &str) -> Bilingual {
    let german = match english {
        "wildcards are either regular `*` or recursive `**`" => {
            "Platzhalter sind `*` und, über Ordner hinweg, `**`"
        }
        "recursive wildcards must form a single path component" => {
            "`**` muss für sich zwischen Schrägstrichen stehen"
        }
        "invalid range pattern" => "was zwischen `[` und `]` steht, ist kein Bereich",
        _ => "es ist nicht aufgebaut wie ein Muster",
    };
    Bilingual {
        english: english.to_owned(),
        german: german.to_owned(),
    }
}

/// The pattern from the file's own folder, whose name is no pattern.
fn anchored(folder: &Path, pattern: &str) -> String {
    if Path::new(pattern).is_absolute() || folder.as_os_str().is_empty() {
        return pattern.to_owned();
    }
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    Path::new(&folder)
        .join(pattern)
        .to_string_lossy()
        .into_owned()
}

/// What the job says about its runs: `mapping` and the table `run`.
fn options(section: &mut Section<'_, '_>, folder: &Path) -> JobOptions {
    let mut options = JobOptions::default();
    if let Some((text, place)) = section.text("mapping")
        && let Err(why) = options.set("mapping", text)
    {
        section.mistake(Mistake::at(
            place,
            why.map(|why| format!("`mapping`: {why}")),
        ));
    }
    if let Some(table) = section.get("run") {
        match table.get_ref().as_table() {
            None => section.mistake(
                wrong_type(table, "run", a_table())
                    .help(both!("write [job.run]", "[job.run] schreiben")),
            ),
            Some(table) => {
                for (key, node) in table {
                    if let Err(mistake) = set(&mut options, key.get_ref(), key.span(), node) {
                        section.mistake(mistake);
                    }
                }
            }
        }
    }
    options.anchor(folder);
    options
}

fn set(options: &mut JobOptions, key: &str, place: Place, node: &Node<'_>) -> Result<(), Mistake> {
    if !JobOptions::keys().any(|known| known == key) {
        let mistake = Mistake::at(
            place,
            both!(
                "unknown key `{key}` in [job.run]",
                "unbekannter Schlüssel `{key}` in [job.run]"
            ),
        );
        if KEYS.contains(&key) {
            return Err(mistake.help(both!(
                "it is a key of the job itself: write it above [job.run]",
                "es ist ein Schlüssel des Jobs selbst: über [job.run] schreiben"
            )));
        }
        let near = || did_you_mean(key, JobOptions::keys());
        let help = JobOptions::refusal(key).or_else(near).unwrap_or_else(|| {
            both!("the keys are those of importer.toml that are about a run; README.md lists them", "die Schlüssel sind die von importer.toml, die einen Lauf betreffen; README.md zählt sie auf")
        });
        return Err(mistake.help(help));
    }
    let text = match node.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        _ => {
            return Err(wrong_type(
                node,
                key,
                both!("one plain value", "ein einzelner Wert"),
            ));
        }
    };
    options
        .set(key, &text)
        .map_err(|why| Mistake::at(node.span(), why.map(|why| format!("`{key}`: {why}"))))
}

#[cfg(test)]
mod tests;
