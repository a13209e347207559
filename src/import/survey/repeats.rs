//! What stands twice in the input: found when all of it is sorted.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::super::ImportError;
use super::super::ledger::SettledSet;
use super::super::pipeline::Pipeline;
use super::Findings;
use crate::outcome::{Code, FieldError, Outcome, Severity, Stage};
use crate::record::Position;
use crate::sorted::{Pair, Sorted, Sorter};

/// Finds what stands twice among keys, e-mails and persons, side by side: all that is done then is
/// sorting, and there is nothing else to do. Gives the keys back.
///
/// # Errors
/// When something cannot be written to `folder`, or read there.
pub(super) fn find_repeats(
    keys: Sorter,
    emails: Sorter,
    persons: Sorter,
    folder: &Path,
) -> io::Result<(Sorted, Repeats)> {
    let repeats = Mutex::new(Sorter::new(folder)?);
    let note = |code, sorter: Sorter| -> io::Result<Sorted> {
        let mut sorted = sorter.finish()?;
        note_repeats(&mut sorted, code, &repeats)?;
        Ok(sorted)
    };
    let others = [
        (Code::EmailDuplicate, emails),
        (Code::PersonDuplicate, persons),
    ];
    let count = others.len();
    let others = Mutex::new(others.into_iter());
    let help = || -> io::Result<()> {
        loop {
            let other = locked(&others).next();
            let Some((code, sorter)) = other else {
                return Ok(());
            };
            note(code, sorter)?;
        }
    };
    let keys = thread::scope(|scope| {
        // Who is not there does not help, and that is all.
        let helpers: Vec<_> = (0..count)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, help).ok())
            .collect();
        let keys = note(Code::KeyDuplicate, keys);
        let mut result = help();
        for helper in helpers {
            let theirs = helper
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(theirs);
        }
        result.and(keys)
    })?;
    let repeats = repeats.into_inner();
    let repeats = repeats.unwrap_or_else(PoisonError::into_inner);
    Ok((keys, Repeats(repeats.finish()?)))
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes every pair whose hash came before, with the first of its kind.
fn note_repeats(sorted: &mut Sorted, code: Code, repeats: &Mutex<Sorter>) -> io::Result<()> {
    let mut first: Option<Pair> = None;
    for pair in sorted.iter()? {
        let pair = pair?;
        match &first {
            Some(before) if before.hash == pair.hash => {
                locked(repeats).push(Repeat::new(code, before, &pair).pair())?;
            }
            _ => first = Some(pair),
        }
    }
    Ok(())
}

/// Settles the records whose repeats are errors; says how many.
pub(super) fn settle_repeats(
    repeats: &mut Repeats,
    pipeline: &Pipeline,
    findings: &mut dyn Findings,
    noted: &mut SettledSet,
    spool: impl Fn(io::Error) -> ImportError,
) -> Result<u64, ImportError> {
    let mut settled = 0;
    let mut last: Option<(Position, Vec<FieldError>)> = None;
    let mut settle = |last: Option<(Position, Vec<FieldError>)>| match last {
        Some((position, errors)) => {
            settled += 1;
            noted.insert(position.record);
            let stage = Stage::Validation;
            findings.settle(position, Outcome::Invalid { stage, errors })
        }
        None => Ok(()),
    };
    for repeat in repeats.iter().map_err(&spool)? {
        let repeat = repeat.map_err(&spool)?;
        if pipeline.rules.severity(repeat.code) != Severity::Error {
            continue;
        }
        let error = pipeline.repeat_error(&repeat);
        match &mut last {
            Some((position, errors)) if position.record == repeat.position.record => {
                errors.push(error);
            }
            _ => settle(last.replace((repeat.position, vec![error])))?,
        }
    }
    settle(last)?;
    Ok(settled)
}

/// A record that repeats something of an earlier one.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Repeat {
    pub code: Code,
    pub position: Position,
    pub first: Position,
}

/// Repeats sorted by record. They travel as pairs: the hash holds the record and the kind,
/// the payload the first one's position.
pub(in crate::import) struct Repeats(pub(super) Sorted);

const KINDS: [Code; 3] = [
    Code::KeyDuplicate,
    Code::EmailDuplicate,
    Code::PersonDuplicate,
];

/// Two numbers in the room of a hash, in an order that is theirs.
pub(in crate::import) fn join(high: u64, low: u64) -> [u8; 16] {
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

/// The numbers that were joined.
pub(in crate::import) fn split(joined: [u8; 16]) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = joined;
    (
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u64::from_be_bytes([i, j, k, l, m, n, o, p]),
    )
}

impl Repeat {
    fn new(code: Code, first: &Pair, later: &Pair) -> Self {
        let position = |pair: &Pair| Position {
            record: pair.record,
            line: pair.line,
        };
        Self {
            code,
            position: position(later),
            first: position(first),
        }
    }

    /// Its kind as a number.
    pub(super) fn kind(&self) -> u8 {
        let kinds = (0_u8..).zip(KINDS);
        let mut kinds = kinds.filter(|(_, kind)| *kind == self.code);
        kinds.next().map_or(0, |(number, _)| number)
    }

    /// The kind with this number.
    pub(super) fn code_of(kind: u8) -> Code {
        let kind = KINDS.get(usize::from(kind));
        kind.copied().unwrap_or(Code::KeyDuplicate)
    }

    pub(super) fn pair(self) -> Pair {
        Pair {
            hash: join(self.position.record, self.kind().into()),
            record: self.position.record,
            line: self.position.line,
            payload: join(self.first.record, self.first.line),
        }
    }

    fn from_pair(pair: &Pair) -> Self {
        let (_, kind) = split(pair.hash);
        let (record, line) = split(pair.payload);
        Self {
            code: Self::code_of(u8::try_from(kind).unwrap_or(0)),
            position: Position {
                record: pair.record,
                line: pair.line,
            },
            first: Position { record, line },
        }
    }
}

impl Repeats {
    /// The repeats by record, from the start.
    pub(in crate::import) fn iter(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<Repeat>> + '_> {
        Ok(self
            .0
            .iter()?
            .map(|pair| pair.map(|pair| Repeat::from_pair(&pair))))
    }
}

impl Pipeline {
    /// The error, or warning, about a repeat.
    pub(in crate::import) fn repeat_error(&self, repeat: &Repeat) -> FieldError {
        let target = match repeat.code {
            Code::EmailDuplicate => "BillingAddress.EmailAddress".to_owned(),
            // Several fields make a person: the whole record is meant.
            Code::PersonDuplicate => String::new(),
            _ => self.key().to_string(),
        };
        let mut error = [FieldError::new(repeat.code, target)
            .with("first_record", repeat.first.record)
            .with("first_line", repeat.first.line)];
        self.name_columns(&mut error);
        let [error] = error;
        match self.plan.group_column() {
            Some(column) if repeat.code == Code::KeyDuplicate => error.with("grouped_by", column),
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_twice_is_found_for_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = |hashes: &[u8]| {
            let mut sorter = Sorter::new(folder.path()).unwrap();
            for (record, hash) in (1..).zip(hashes) {
                let pair = Pair {
                    hash: [*hash; 16],
                    record,
                    line: record + 1,
                    payload: [0; 16],
                };
                sorter.push(pair).unwrap();
            }
            sorter
        };
        let (keys, emails, persons) = (&[2, 9, 2, 2], &[5, 5], &[7, 8, 8]);
        let found = find_repeats(sorter(keys), sorter(emails), sorter(persons), folder.path());
        let (mut keys, mut repeats) = found.unwrap();
        let keys = keys.iter().unwrap().map(|pair| pair.unwrap().record);
        assert_eq!(keys.collect::<Vec<_>>(), [1, 3, 4, 2]);
        let found = repeats.iter().unwrap().map(Result::unwrap);
        let found = found.map(|it| (it.code, it.position.record, it.first.record));
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (Code::EmailDuplicate, 2, 1),
                (Code::KeyDuplicate, 3, 1),
                (Code::PersonDuplicate, 3, 2),
                (Code::KeyDuplicate, 4, 1),
            ]
        );
    }

    /// So many pairs that begin alike are dealt out again, into another file of their folder.
    #[cfg(unix)]
    #[test]
    fn what_fails_is_told_of_whichever_kind_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for broken in 0..3 {
            let gone = folder.path().join("gone");
            let sorter = |kind| {
                let folder = if kind == broken {
                    std::fs::create_dir(&gone).unwrap();
                    &gone
                } else {
                    folder.path()
                };
                let mut sorter = Sorter::new(folder).unwrap();
                // Many of all kinds: whoever sorts keys is busy while others sort the rest.
                for record in 0..140_000 {
                    let mut hash = [0; 16];
                    hash[8..].copy_from_slice(&u64::to_be_bytes(record));
                    let (line, payload) = (record, [0; 16]);
                    let pair = Pair {
                        hash,
                        record,
                        line,
                        payload,
                    };
                    sorter.push(pair).unwrap();
                }
                sorter
            };
            let [keys, emails, persons] = [0, 1, 2].map(sorter);
            std::fs::remove_dir(&gone).unwrap();
            let error = find_repeats(keys, emails, persons, folder.path()).err();
            let kind = error.map(|error| error.kind());
            assert_eq!(kind, Some(io::ErrorKind::NotFound), "{broken}");
        }
    }

    #[test]
    fn repeats_survive_the_trip_through_a_pair() {
        let first = Position { record: 7, line: 9 };
        let repeat = Repeat {
            code: Code::PersonDuplicate,
            position: Position {
                record: u64::MAX,
                line: 3,
            },
            first,
        };
        let back = Repeat::from_pair(&repeat.pair());
        assert_eq!(
            (back.code, back.position, back.first),
            (repeat.code, repeat.position, first)
        );
    }
}
