//! What is true: it sees what the server did and what the client heard, with their moments,
//! and judges each POST and each line of the journal by that alone. It never asks the engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::disk::Disk;
use super::server::Server;
use crate::deliver::driver::Line;
use crate::deliver::engine::JobId;
use crate::deliver::pace::Moment;
use crate::deliver::settings::DeliverySettings;
use crate::outcome::{Attempt, Outcome, Sent, Submission};

/// Settle time after a 500 or 503 of the server itself, as `delivery.md` promises it.
const SETTLE_ANSWERED: Duration = Duration::from_secs(2);

/// What the client may know about a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    InFlight,
    /// Nothing was created, for certain.
    Clear,
    /// It was created, for certain.
    Created,
    Unclear,
}

/// One POST that left.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub run: Arc<str>,
    pub submission: Submission,
    process: u32,
    knowledge: Knowledge,
    settle: Duration,
    /// From when its settle time runs.
    anchor: Option<Moment>,
    /// When look-ups began to show what it made.
    pub shown_at: Option<Moment>,
}

impl Posted {
    fn due(&self) -> Option<Moment> {
        self.anchor.map(|anchor| anchor + self.settle)
    }

    /// Whether what it made was shown within the settle time, or there was none to wait for.
    pub(super) fn kept_the_promise(&self) -> bool {
        match (self.knowledge, self.shown_at, self.due()) {
            (Knowledge::Unclear, None, _) => false,
            (Knowledge::Unclear, Some(shown), Some(due)) => shown <= due,
            // Nobody was there to look before: it was in time.
            _ => true,
        }
    }
}

/// A whole look-up that did not show the number.
#[derive(Clone, Copy, Debug)]
struct Miss {
    asked: Moment,
    served: Moment,
}

/// A look-up under way.
#[derive(Clone, Copy, Debug)]
struct Looking {
    first: Miss,
    next_page: u32,
    over: bool,
}

/// A page that the client read.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRead<'a> {
    pub process: u32,
    pub job: JobId,
    pub number: Option<&'a str>,
    pub page: u32,
    pub asked: Moment,
    pub served: Moment,
    pub last: bool,
    pub shows_it: bool,
}

/// The judge.
#[derive(Debug)]
pub(super) struct Oracle {
    seed: u64,
    settle: Duration,
    timeout: Duration,
    pub posts: Vec<Posted>,
    by_number: HashMap<String, Vec<usize>>,
    unanchored: Vec<usize>,
    looking: HashMap<(u32, JobId), Looking>,
    misses: HashMap<String, Vec<Miss>>,
    /// What was broken first.
    pub broken: Option<String>,
}

impl Oracle {
    pub(super) fn new(seed: u64, delivery: &DeliverySettings) -> Self {
        Self {
            seed,
            settle: delivery.settle,
            timeout: delivery.timeout,
            posts: Vec::new(),
            by_number: HashMap::new(),
            unanchored: Vec::new(),
            looking: HashMap::new(),
            misses: HashMap::new(),
            broken: None,
        }
    }

    /// Something is not as it was promised.
    pub(super) fn blame(&mut self, what: impl std::fmt::Display) {
        let seed = self.seed;
        self.broken
            .get_or_insert_with(|| format!("seed {seed}: {what}"));
    }

    /// Numbers, and records without one, by which POSTs are compared.
    fn name_of(run: &str, submission: &Submission) -> String {
        match &submission.key {
            Some(key) => key.clone(),
            None => format!("{run}/{}", submission.position.record),
        }
    }

    /// A POST leaves: its intent must be durable, and no earlier one may have made a customer.
    pub(super) fn posting(
        &mut self,
        disk: &Disk,
        process: u32,
        run: &Arc<str>,
        submission: &Submission,
        attempt: u32,
    ) -> u64 {
        let record = submission.position.record;
        let kept = disk.run(run);
        let intent = kept.intents.get(&record);
        if intent.is_none_or(|kept| kept.submission != *submission || kept.attempt != attempt) {
            self.blame(format!(
                "a POST of record {record} (attempt {attempt}) left before its intent was durable"
            ));
        }
        if let Some(outcome) = kept.outcomes.get(&record)
            && !matches!(outcome, Outcome::Unknown { .. })
        {
            self.blame(format!("record {record} was sent although {outcome:?}"));
        }
        let name = Self::name_of(run, submission);
        if let Some(why) = self.forbids_another(&name, submission.key.is_none()) {
            self.blame(format!("a second POST of {name}: {why}"));
        }
        self.posts.push(Posted {
            run: Arc::clone(run),
            submission: submission.clone(),
            process,
            knowledge: Knowledge::InFlight,
            settle: self.settle,
            anchor: None,
            shown_at: None,
        });
        let index = self.posts.len() - 1;
        self.by_number.entry(name).or_default().push(index);
        index as u64
    }

    /// Why no further POST of this number may leave now.
    fn forbids_another(&self, name: &str, unkeyed: bool) -> Option<String> {
        let earlier = self.by_number.get(name)?;
        let misses = self.misses.get(name).map_or(&[][..], Vec::as_slice);
        earlier.iter().find_map(|index| {
            let post = &self.posts[*index];
            match post.knowledge {
                Knowledge::Clear => None,
                Knowledge::InFlight => Some("the first one is in flight".to_owned()),
                Knowledge::Created => Some("the first one was answered 2xx".to_owned()),
                Knowledge::Unclear if unkeyed => Some("nobody can look it up".to_owned()),
                Knowledge::Unclear => {
                    let Some(due) = post.due() else {
                        return Some("nobody was heard since".to_owned());
                    };
                    let gap = (post.settle / 4).max(Duration::from_secs(1));
                    let counts: Vec<&Miss> =
                        misses.iter().filter(|miss| miss.served >= due).collect();
                    let first = counts.iter().map(|miss| miss.asked).min();
                    let last = counts.iter().map(|miss| miss.asked).max();
                    let settled = first.zip(last).is_some_and(|(a, b)| b >= a + gap);
                    (!settled)
                        .then(|| format!("the look-ups since {due:?} do not settle it: {counts:?}"))
                }
            }
        })
    }

    /// The client heard what became of a POST, or gave it up.
    pub(super) fn heard(&mut self, post: u64, attempt: &Attempt, now: Moment) {
        let answered_settle = SETTLE_ANSWERED.min(self.settle);
        let index = usize::try_from(post).expect("an index");
        let post = &mut self.posts[index];
        match attempt {
            Attempt::Unanswered {
                sent: Sent::Never, ..
            } => post.knowledge = Knowledge::Clear,
            Attempt::Unanswered { .. } => {
                post.knowledge = Knowledge::Unclear;
                self.unanchored.push(index);
            }
            Attempt::Answered(answer) => match answer.status {
                200..=299 => post.knowledge = Knowledge::Created,
                500 | 503 => {
                    post.knowledge = Knowledge::Unclear;
                    post.anchor = Some(now);
                    post.settle = answered_settle;
                }
                408 | 502 | 504 | 520..=529 => {
                    post.knowledge = Knowledge::Unclear;
                    self.unanchored.push(index);
                }
                _ => post.knowledge = Knowledge::Clear,
            },
        }
    }

    /// The client got an answer of anybody, to anything.
    pub(super) fn answered(&mut self, status: u16, now: Moment) {
        if matches!(status, 408 | 502 | 504 | 520..=529) {
            return;
        }
        for index in std::mem::take(&mut self.unanchored) {
            self.posts[index].anchor.get_or_insert(now);
        }
    }

    /// The process died: it has forgotten what it heard and did not keep. Nobody knows how much
    /// of its time limit a request had left, so that limit belongs to the settle time.
    pub(super) fn died(&mut self, process: u32, disk: &Disk) {
        for (index, post) in self.posts.iter_mut().enumerate() {
            if post.process != process {
                continue;
            }
            let record = post.submission.position.record;
            let kept = disk.run(&post.run).outcomes.get(&record);
            let kept = matches!(kept, Some(Outcome::Created { .. }));
            let forgets = post.knowledge == Knowledge::InFlight
                || (post.knowledge == Knowledge::Created && !kept);
            if forgets {
                post.knowledge = Knowledge::Unclear;
                post.settle = self.settle + self.timeout;
                self.unanchored.push(index);
            }
        }
    }

    /// The client read a page of a look-up.
    pub(super) fn read(&mut self, read: PageRead<'_>) {
        let Some(number) = read.number else {
            return;
        };
        let place = (read.process, read.job);
        if read.page == 1 {
            let first = Miss {
                asked: read.asked,
                served: read.served,
            };
            let looking = Looking {
                first,
                next_page: 1,
                over: false,
            };
            self.looking.insert(place, looking);
        }
        let Some(looking) = self.looking.get_mut(&place) else {
            return;
        };
        if looking.next_page != read.page || looking.over {
            looking.over = true;
            return;
        }
        looking.next_page += 1;
        if read.shows_it {
            looking.over = true;
        } else if read.last {
            looking.over = true;
            let miss = looking.first;
            let name = number.to_lowercase();
            self.misses.entry(name).or_default().push(miss);
        }
    }

    /// Lines became durable: what they say must be true by now.
    pub(super) fn kept(&mut self, lines: &[Line], server: &Server) {
        for line in lines {
            let Line::Settle {
                submission,
                outcome: Outcome::Created { .. },
                ..
            } = line
            else {
                continue;
            };
            let there = server
                .customers
                .iter()
                .any(|there| there.body == *submission.body && there.post.is_some());
            if !there {
                self.blame(format!(
                    "record {} is created in the journal, but not in the ledger",
                    submission.position.record
                ));
            }
        }
    }
}
