//! The customers of an input in batches, for the passes: all of them, or only those that somebody
//! wants; then what stands between them need not even be read where the input can be read on from
//! a place in it.

use std::ops::ControlFlow;

use super::ImportError;
use super::batches::{in_order, threads};
use super::groups::{Group, Groups};
use super::ledger::SettledSet;
use super::pipeline::Pipeline;
use crate::source::{Fingerprint, Places, Source, SourceError};

/// Bytes of the input after which a batch takes no further customer.
const BYTES: u64 = 256 * 1024;
/// Bytes of a customer whose room is given back instead of being used again: with two threads there
/// is room for 1,500 customers.
const LARGE: u64 = 4 * 1024;

/// Customers that are examined together, and what came out.
pub(super) struct Batch<T, S> {
    groups: Vec<Group>,
    used: usize,
    /// For each customer what was found.
    pub found: Vec<T>,
    /// What was found about all of them.
    pub sum: S,
    /// Bytes of the input that were read when the batch was.
    pub bytes_read: u64,
    error: Option<SourceError>,
}

impl<T, S: Default> Default for Batch<T, S> {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            used: 0,
            found: Vec::new(),
            sum: S::default(),
            bytes_read: 0,
            error: None,
        }
    }
}

impl<T, S> Batch<T, S> {
    /// The customers with what was found of each, which is taken out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (&Group, T)> {
        self.groups.iter().take(self.used).zip(self.found.drain(..))
    }

    /// Reads customers; false if no batch can follow this one.
    fn fill(&mut self, walk: &mut Walk<'_>, most: usize) -> bool {
        for group in self.groups.iter_mut().take(self.used) {
            if group.bytes() > LARGE {
                *group = Group::empty();
            }
        }
        self.used = 0;
        let mut bytes = 0;
        let mut goes_on = true;
        while self.used < most && bytes < BYTES && goes_on {
            if self.used == self.groups.len() {
                self.groups.push(Group::empty());
            }
            let Some(group) = self.groups.get_mut(self.used) else {
                break;
            };
            match walk.next_into(group) {
                Ok(true) => {
                    bytes += group.bytes();
                    self.used += 1;
                }
                Ok(false) => goes_on = false,
                Err(error) => {
                    self.error = Some(error);
                    goes_on = false;
                }
            }
        }
        self.bytes_read = walk.groups.entries().bytes_read();
        goes_on
    }

    fn examine(&mut self, examine: &impl Fn(&Group, &mut S) -> T) {
        self.found.clear();
        for group in self.groups.iter().take(self.used) {
            self.found.push(examine(group, &mut self.sum));
        }
    }
}

/// Whether a customer is wanted.
type Wanted<'a> = Box<dyn Fn(&Group) -> bool + Send + 'a>;

/// The next record, from this one on, that may begin a customer who is wanted.
type Next<'a> = Box<dyn Fn(u64) -> Option<u64> + Send + 'a>;

/// Goes through an input once.
pub(super) struct Walk<'a> {
    pipeline: &'a Pipeline,
    source: &'a Source,
    groups: Groups<'a>,
    /// Who is handed out; all, if nobody says.
    wanted: Option<Wanted<'a>>,
    /// Where to read on; everything is read, if nobody says.
    ahead: Option<Next<'a>>,
    /// Places that are learnt, unless customers have several records: nobody could tell whose
    /// record begins there.
    learnt: Option<Places>,
    /// The bytes that are there, and where they can be read on from.
    known: Option<(&'a Fingerprint, &'a Places)>,
    /// Number of the record that comes next.
    next: u64,
    /// Records that were read.
    read: u64,
}

impl<'a> Walk<'a> {
    /// Reads everything for the first time.
    pub(super) fn first(pipeline: &'a Pipeline, source: &'a Source) -> Result<Self, ImportError> {
        let is_single = pipeline.plan.group_column().is_none();
        Ok(Self {
            pipeline,
            source,
            groups: pipeline.groups(source.read()?, source),
            wanted: None,
            ahead: None,
            learnt: (is_single && source.can_seek()).then(Places::default),
            known: None,
            next: 1,
            read: 0,
        })
    }

    /// Reads everything again.
    pub(super) fn again(
        pipeline: &'a Pipeline,
        source: &'a Source,
        known: &'a Fingerprint,
    ) -> Result<Self, ImportError> {
        Ok(Self {
            pipeline,
            source,
            groups: pipeline.groups(source.read_again(known)?, source),
            wanted: None,
            ahead: None,
            learnt: None,
            known: None,
            next: 1,
            read: 0,
        })
    }

    /// Hands out only those for which `wanted` is true.
    pub(super) fn only(self, wanted: impl Fn(&Group) -> bool + Send + 'a) -> Self {
        Self {
            wanted: Some(Box::new(wanted)),
            ..self
        }
    }

    /// Hands out only those whose first record is `noted`, and leaves out the reading of what
    /// stands between `places`.
    pub(super) fn noted(
        self,
        noted: &'a SettledSet,
        known: &'a Fingerprint,
        places: Option<&'a Places>,
    ) -> Self {
        Self {
            wanted: Some(Box::new(|group| noted.contains(group.position().record))),
            ahead: Some(Box::new(|record| noted.next_from(record))),
            known: places.map(|places| (known, places)),
            ..self
        }
    }

    /// Leaves out the reading of what stands between `places` where every record of `read` is
    /// `settled`, and of what stands behind the last one that is not. Each customer must be of
    /// one record, as there are places for no others.
    pub(super) fn open(
        self,
        settled: &'a SettledSet,
        read: u64,
        known: &'a Fingerprint,
        places: &'a Places,
    ) -> Self {
        let next = move |record| Some(settled.next_absent_from(record)).filter(|it| *it <= read);
        Self {
            ahead: Some(Box::new(next)),
            known: Some((known, places)),
            ..self
        }
    }

    /// How many records were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// What the input was, once its end was reached, and where it can be read on from.
    pub(super) fn finish(self) -> Result<(Fingerprint, Option<Places>), ImportError> {
        let known = self.groups.entries().fingerprint();
        let known = known
            .ok_or_else(|| ImportError::Internal("the input has no fingerprint".to_owned()))?;
        Ok((known, self.learnt))
    }

    /// Hands batches of at most `most` customers to `examine` on all cores, and in the input's
    /// order to `take` on this thread.
    ///
    /// # Errors
    /// Those of `take`, and of the input, in its order.
    pub(super) fn batches<T: Send, S: Default + Send>(
        &mut self,
        most: usize,
        examine: impl Fn(&Group, &mut S) -> T + Sync,
        mut take: impl FnMut(&mut Batch<T, S>) -> Result<ControlFlow<()>, ImportError>,
    ) -> Result<(), ImportError> {
        in_order(
            threads(),
            |batch: &mut Batch<T, S>| batch.fill(self, most),
            |batch| batch.examine(&examine),
            |batch| {
                let flow = take(batch)?;
                match batch.error.take() {
                    Some(error) if flow.is_continue() => Err(error.into()),
                    _ => Ok(flow),
                }
            },
        )
    }

    /// The next customer that is wanted, into one whose room is used again; false at the end.
    fn next_into(&mut self, group: &mut Group) -> Result<bool, SourceError> {
        loop {
            if let Some(ahead) = &self.ahead {
                let Some(next) = ahead(self.next) else {
                    return Ok(false);
                };
                if next > self.next {
                    self.read_on_before(next)?;
                }
            }
            if !self.groups.next_into(group)? {
                return Ok(false);
            }
            if let Some(learnt) = &mut self.learnt {
                learnt.pass(&group.lead);
            }
            let record = group.position().record;
            self.next = record + group.records();
            self.read += group.records();
            if self.wanted.as_ref().is_none_or(|wanted| wanted(group)) {
                return Ok(true);
            }
        }
    }

    /// Reads on from the last place before `record`, if that lies far enough ahead.
    fn read_on_before(&mut self, record: u64) -> Result<(), SourceError> {
        let Some((known, places)) = self.known else {
            return Ok(());
        };
        // To a place in the block that is at hand, or in the next one, reading gets by itself.
        let at_hand = self.groups.entries().bytes_read();
        let Some(place) = places
            .before(record)
            .filter(|place| place.record >= self.next && place.is_beyond(at_hand))
        else {
            return Ok(());
        };
        let reader = self.source.read_from(known, *place)?;
        self.groups = self.pipeline.groups(reader, self.source);
        Ok(())
    }
}
