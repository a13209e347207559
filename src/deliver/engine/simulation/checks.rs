//! What must be true of the journal, the ledger and the exit codes, after each process and at
//! the end of a story.

use std::collections::BTreeMap;

use super::disk::Run;
use super::process::Exit;
use super::story::Existing;
use super::world::World;
use crate::outcome::{Ending, Outcome, Stop};

/// What a story came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub processes: u64,
    pub kills: u64,
    pub posts: u64,
    pub customers: u64,
    pub unknown: u64,
    /// Doubled, where the server showed a customer later than it promised to.
    pub excused: u64,
    /// Those among them whose story did not mean to break the promise: the server froze once
    /// more, or the process died, while a POST was still being worked on.
    pub unlucky: u64,
    /// Seconds that went by in the story.
    pub seconds: u64,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.processes += other.processes;
        self.kills += other.kills;
        self.posts += other.posts;
        self.customers += other.customers;
        self.unknown += other.unknown;
        self.excused += other.excused;
        self.unlucky += other.unlucky;
        self.seconds += other.seconds;
    }
}

/// After a process: what the journal says adds up and agrees with the exit code.
pub(super) fn after_process(world: &mut World, input: usize, exit: &Exit) {
    let read = world.story.inputs[input].len() as u64;
    let Some(run) = world.disk.runs.iter().rev().find(|run| run.input == input) else {
        return;
    };
    let wrong = counts_are_wrong(run, read).or_else(|| match exit {
        Exit::Code(code) => code_is_wrong(run, read, *code),
        Exit::Killed | Exit::Failed | Exit::NothingToDo => None,
    });
    if let Some(wrong) = wrong {
        world.oracle.blame(wrong);
    }
}

/// Each record has one outcome or is open, and the counts say so.
fn counts_are_wrong(run: &Run, read: u64) -> Option<String> {
    let counts = run.counts_of(read);
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for outcome in run.outcomes.values() {
        *words.entry(outcome.word()).or_default() += 1;
    }
    let counted = |word: &str| words.get(word).copied().unwrap_or_default();
    let kept = [
        (counts.created, "created"),
        (counts.exists, "exists"),
        (counts.invalid, "invalid"),
        (counts.refused, "refused"),
        (counts.unknown, "unknown"),
        (counts.changed, "changed"),
        (counts.skipped, "skipped"),
    ];
    for (count, word) in kept {
        if count != counted(word) {
            return Some(format!("{count} {word} counted, {} kept", counted(word)));
        }
    }
    (counts.settled() + counts.open != read).then(|| format!("{counts:?} do not add up to {read}"))
}

/// What a scheduler reads from the code, against what the journal holds.
fn code_is_wrong(run: &Run, read: u64, code: u8) -> Option<String> {
    let has = |wanted: &[&str]| {
        run.outcomes
            .values()
            .any(|outcome| wanted.contains(&outcome.word()))
    };
    let (unknown, failed) = (has(&["unknown"]), has(&["invalid", "refused"]));
    let open = (1..=read).any(|record| !run.outcomes.contains_key(&record));
    let limited = run.ending == Some(Ending::Limited);
    let agrees = match code {
        0 => !unknown && !failed && (!open || limited) && run.intents.is_empty(),
        3 => !unknown && failed && (!open || limited) && run.intents.is_empty(),
        7 => unknown && (!open || limited),
        5 => matches!(run.ending, Some(Ending::Stopped(_))),
        75 => matches!(run.ending, Some(Ending::Outage | Ending::TimeUp)),
        130 => run.ending == Some(Ending::Interrupted),
        _ => false,
    };
    let what = format!("code {code}, but {:?} and {:?}", run.ending, run.counts);
    (!agrees || run.exit_code != Some(code)).then_some(what)
}

/// At the end: the ledger against the journal.
pub(super) fn at_the_end(world: &mut World) -> Figures {
    let mut figures = Figures {
        posts: world.oracle.posts.len() as u64,
        seconds: world.now.as_secs(),
        ..Figures::default()
    };
    let mut ours: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for customer in &world.server.customers {
        if let Some(post) = customer.post {
            ours.entry(&customer.number).or_default().push(post);
            figures.customers += 1;
        }
    }
    let mut wrong = Vec::new();
    for (number, posts) in &ours {
        let of_number = |index: &u64| &world.oracle.posts[*index as usize];
        let kept = posts.iter().all(|post| of_number(post).kept_the_promise());
        if !kept {
            let doubled = u64::from(posts.len() > 1);
            figures.excused += doubled;
            if !world.breaks_promise {
                figures.unlucky += doubled;
            }
            continue;
        }
        if posts.len() > 1 {
            wrong.push(format!("{} customers with number {number}", posts.len()));
        }
        let post = of_number(&posts[0]);
        let run = world.disk.run(&post.run);
        let record = post.submission.position.record;
        let known = match run.outcomes.get(&record) {
            Some(Outcome::Created { .. } | Outcome::Unknown { .. }) => true,
            Some(_) => false,
            None => run.intents.contains_key(&record),
        };
        if !known {
            wrong.push(format!(
                "{number} is in the ledger by record {record}, but the journal says {:?}",
                run.outcomes.get(&record)
            ));
        }
    }
    for run in &world.disk.runs {
        let unknown = run.outcomes.values();
        figures.unknown += unknown
            .filter(|outcome| matches!(outcome, Outcome::Unknown { .. }))
            .count() as u64;
    }
    for wrong in wrong {
        world.oracle.blame(wrong);
    }
    figures
}

/// In the end nobody disturbs any more: then every record has its final outcome.
pub(super) fn after_calm(world: &mut World) {
    let mut wrong = Vec::new();
    for run in &world.disk.runs {
        for record in &world.story.inputs[run.input] {
            let outcome = run.outcomes.get(&record.record);
            let settled = match outcome {
                // Nobody can be asked about before where look-ups never end: that stops the run.
                None => reads_in_vain(world),
                // Without a number nobody can tell; neither can anybody where several fit.
                Some(Outcome::Unknown { .. }) => {
                    record.number.is_none()
                        || (world.story.looks.sparse && world.story.existing == Existing::Send)
                        || is_ambiguous(world, record.number.as_deref())
                }
                Some(_) => true,
            };
            // A run whose first answers are 403 stops, however often it is started.
            let forbidden = is_forbidden(world, run.input);
            if !settled && !forbidden && is_newest(world, run) {
                wrong.push(format!(
                    "record {} of {} is {outcome:?} at the end of all",
                    record.record, run.id
                ));
            }
        }
    }
    for wrong in wrong {
        world.oracle.blame(wrong);
    }
}

/// Whether the newest run of the input stopped because of 403.
pub(super) fn is_forbidden(world: &World, input: usize) -> bool {
    let newest = world.disk.runs.iter().rev().find(|run| run.input == input);
    newest.is_some_and(|run| run.ending == Some(Ending::Stopped(Stop::Forbidden)))
}

fn is_newest(world: &World, run: &Run) -> bool {
    let newest = world
        .disk
        .runs
        .iter()
        .rev()
        .find(|other| other.input == run.input);
    newest.is_some_and(|newest| newest.id == run.id)
}

fn is_ambiguous(world: &World, number: Option<&str>) -> bool {
    let same = world
        .server
        .customers
        .iter()
        .filter(|there| number.is_some_and(|number| there.number.eq_ignore_ascii_case(number)));
    same.count() > 1 || reads_in_vain(world)
}

/// Whether a look-up may have more pages than anybody reads.
fn reads_in_vain(world: &World) -> bool {
    world.server.customers.len() / world.story.looks.page_size >= 19
}
