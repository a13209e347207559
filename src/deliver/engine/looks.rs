//! What a look-up's answer does to its job.

use super::super::answer::{self, Page, Seen};
use super::job::{Job, JobId, Purpose, State};
use super::{Action, Engine, quota_of};
use crate::customer::normalise_key;
use crate::deliver::backoff;
use crate::deliver::pace::Moment;
use crate::outcome::{
    Answer, Attempt, Code, Ending, FieldError, How, Outcome, Stage, Stop, UnknownWhy,
};

/// Pages of one look-up that are read at most.
const PAGES_AT_MOST: u32 = 20;
/// Failed look-ups in a row before the outcome stays unknown for this run.
const FAILURES_AT_MOST: u32 = 5;
/// Look-ups that try to learn the id of a customer that was created.
const LEARN_TRIES: u32 = 2;

/// What a page tells about the key.
enum Found {
    /// The one that fits.
    One(Box<Seen>),
    /// Several fit and cannot be told apart.
    Several,
    /// Nobody.
    Nobody,
    /// The next page may tell.
    NextPage,
    /// Too many pages.
    TooLong,
}

impl Engine {
    /// A page of a job's look-up was answered, or not.
    pub fn looked(&mut self, id: JobId, attempt: &Attempt, now: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.state != State::Looking {
            return;
        }
        self.in_flight -= 1;
        self.traffic.requests += 1;
        self.traffic.lookups += 1;
        if let Some(ticket) = job.ticket.take() {
            let answered = matches!(attempt, Attempt::Answered(_));
            self.get_gate.end(ticket, now, quota_of(attempt), answered);
        }
        let sent_under = job.sent_under;
        self.note_token(sent_under, attempt);
        self.note_health(attempt, now);
        match attempt {
            Attempt::Answered(answer) => self.look_answered(id, answer, now),
            Attempt::Unanswered { .. } => self.look_unanswered(id, now),
        }
    }

    /// Nobody answered: that is the breaker's business, not the record's.
    fn look_unanswered(&mut self, id: JobId, now: Moment) {
        let roll = self.random.f64();
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if matches!(job.purpose, Some(Purpose::Learn)) {
            self.look_failed(id, now);
            return;
        }
        job.page = 1;
        job.idle_tries += 1;
        let wait = backoff::wait(backoff::BASE, job.idle_tries, roll);
        self.wait_until(id, now + wait);
    }

    fn look_answered(&mut self, id: JobId, answer: &Answer, now: Moment) {
        match answer.status {
            200..=299 => {
                let page = answer.body.as_deref().ok().and_then(answer::page);
                match page {
                    Some(page) => self.page_read(id, &page, now),
                    None => self.look_failed(id, now),
                }
            }
            429 => {
                self.throttle(answer.retry_after, false, now);
                self.requeue(id);
            }
            401 => self.unauthorized(id),
            500..=599 | 408 => self.look_failed(id, now),
            status => self.look_impossible(id, status),
        }
    }

    /// The server refuses look-ups.
    fn look_impossible(&mut self, id: JobId, status: u16) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let attempts = job.attempt;
        match &job.purpose {
            Some(Purpose::Precheck) | None => {
                self.requeue(id);
                self.stop(Ending::Stopped(Stop::CannotRead { status }));
            }
            Some(Purpose::Learn) => self.settle_created_unread(id),
            Some(Purpose::Reconcile(_)) => self.settle_unknown(id, UnknownWhy::LookupImpossible),
            Some(Purpose::WhoHasIt { .. }) if job.may_be_ours() => {
                self.settle_unknown(id, UnknownWhy::LookupImpossible);
            }
            Some(Purpose::WhoHasIt {
                status,
                code,
                errors,
            }) => {
                let outcome = Outcome::Refused {
                    status: *status,
                    code: code.clone(),
                    errors: errors.clone(),
                    attempts,
                };
                self.settle(id, outcome);
            }
        }
    }

    /// A look-up failed in a way that may pass.
    fn look_failed(&mut self, id: JobId, now: Moment) {
        let roll = self.random.f64();
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.look_failures += 1;
        job.page = 1;
        let tries = job.look_failures;
        let patient = matches!(job.purpose, Some(Purpose::Precheck));
        let most = if matches!(job.purpose, Some(Purpose::Learn)) {
            LEARN_TRIES
        } else {
            FAILURES_AT_MOST
        };
        if tries >= most && !patient {
            self.look_impossible(id, 0);
            return;
        }
        if patient && tries >= most * 4 {
            // Answers come, but none that can be read.
            self.look_impossible(id, 0);
            return;
        }
        let wait = backoff::wait(backoff::BASE, tries, roll);
        self.wait_until(id, now + wait);
    }

    fn page_read(&mut self, id: JobId, page: &Page, now: Moment) {
        let identity = std::mem::take(&mut self.settings.identity);
        let found = self
            .jobs
            .get_mut(&id)
            .map(|job| judge_page(job, page, &identity));
        self.settings.identity = identity;
        let Some(found) = found else {
            return;
        };
        if let Some(job) = self.jobs.get_mut(&id) {
            // A look-up whose later page fails has failed, however often its first one comes;
            // and who only wants to learn an id gives up after a few, readable or not.
            let learns = matches!(job.purpose, Some(Purpose::Learn));
            if !learns && !matches!(found, Found::NextPage) {
                job.look_failures = 0;
            }
            job.page = match found {
                Found::NextPage => job.page + 1,
                _ => 1,
            };
        }
        match found {
            Found::NextPage => self.requeue(id),
            Found::One(seen) => self.found(id, &seen),
            Found::Several => self.settle_looked_in_vain(id, UnknownWhy::Ambiguous),
            Found::TooLong => self.settle_looked_in_vain(id, UnknownWhy::LookupTooLong),
            Found::Nobody => self.missed(id, now),
        }
    }

    /// The key is in the ERP.
    fn found(&mut self, id: JobId, seen: &Seen) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let attempts = job.attempt;
        let exists = Outcome::Exists {
            id: seen.id,
            number: seen.number.clone(),
        };
        let created = |how| Outcome::Created {
            id: seen.id,
            number: seen.number.clone().or_else(|| sent_number(job)),
            attempts,
            how,
        };
        let ours = || job.absent_before || answer::agrees(&job.submission.body, &seen.body);
        let outcome = match &job.purpose {
            None | Some(Purpose::Precheck) if self.settings.existing_is_error => Outcome::Invalid {
                stage: Stage::Existing,
                errors: vec![FieldError::new(
                    Code::KeyExists,
                    self.settings.identity.join("."),
                )],
            },
            None | Some(Purpose::Precheck) => exists,
            Some(Purpose::Learn) => created(How::Posted),
            Some(Purpose::Reconcile(_)) if ours() => created(How::Found),
            Some(Purpose::Reconcile(_)) => exists,
            Some(Purpose::WhoHasIt { .. }) if job.may_be_ours() && ours() => created(How::Found),
            Some(Purpose::WhoHasIt { .. }) => exists,
        };
        self.settle(id, outcome);
    }

    /// The key is not in the ERP, as far as this look-up shows.
    fn missed(&mut self, id: JobId, now: Moment) {
        let roll = self.random.f64();
        let look_only = self.settings.look_only;
        let max_attempts = self.settings.delivery.max_attempts.get();
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        match &mut job.purpose {
            None | Some(Purpose::Precheck) => {
                job.absent_before = true;
                job.purpose = None;
                job.state = State::WantsPost;
                self.fresh.push_back(id);
            }
            Some(Purpose::Learn) => {
                job.look_failures += 1;
                if job.look_failures >= LEARN_TRIES {
                    self.settle_created_unread(id);
                } else {
                    self.wait_until(id, now + backoff::wait(backoff::BASE, 1, roll));
                }
            }
            Some(Purpose::WhoHasIt {
                status,
                code,
                errors,
            }) => {
                let outcome = Outcome::Refused {
                    status: *status,
                    code: code.take(),
                    errors: std::mem::take(errors),
                    attempts: job.attempt,
                };
                self.settle(id, outcome);
            }
            Some(Purpose::Reconcile(reconciling)) => {
                let due = *reconciling.anchor.get_or_insert(now) + reconciling.settle;
                if job.look_started < due {
                    self.wait_until(id, due);
                    return;
                }
                reconciling.misses += 1;
                let gap = reconciling.gap();
                if reconciling.misses < 2 {
                    self.wait_until(id, now + gap);
                    return;
                }
                let status = reconciling.status.unwrap_or(0);
                if job.submission.key.is_none() {
                    self.settle_unknown(id, UnknownWhy::Unkeyed);
                } else if look_only {
                    self.give_back(id);
                } else if job.attempt >= max_attempts {
                    let code = Some(Code::AttemptsExhausted.as_str().to_owned());
                    self.refuse(id, status, code, Vec::new());
                } else {
                    job.absent_before = true;
                    job.maybe_sent = false;
                    job.purpose = None;
                    self.requeue(id);
                }
            }
        }
    }

    /// The record is known to be absent and may be sent by the next run.
    fn give_back(&mut self, id: JobId) {
        if let Some(job) = self.jobs.remove(&id) {
            if job.engaged {
                self.engaged -= 1;
            }
            self.actions.push(Action::Void {
                run: job.run,
                submission: job.submission,
            });
        }
    }

    fn settle_unknown(&mut self, id: JobId, why: UnknownWhy) {
        if let Some(job) = self.jobs.get(&id) {
            let attempts = job.attempt;
            self.settle(id, Outcome::Unknown { why, attempts });
        }
    }

    /// The look-up showed too much or too little.
    fn settle_looked_in_vain(&mut self, id: JobId, why: UnknownWhy) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        match job.purpose {
            Some(Purpose::Learn) => self.settle_created_unread(id),
            // Several customers, or too many to read: the key is as good as taken.
            None | Some(Purpose::Precheck) if why == UnknownWhy::Ambiguous => {
                let nobody = Seen {
                    id: None,
                    number: None,
                    body: serde_json::Map::new(),
                };
                self.found(id, &nobody);
            }
            None | Some(Purpose::Precheck) => self.look_impossible(id, 200),
            _ => self.settle_unknown(id, why),
        }
    }

    /// Created, with the number as it was sent and no id.
    pub(super) fn settle_created_unread(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get(&id) {
            let outcome = Outcome::Created {
                id: None,
                number: sent_number(job),
                attempts: job.attempt,
                how: How::Posted,
            };
            self.settle(id, outcome);
        }
    }
}

/// Finds the job's customer on a page, comparing on our side: the server may match by prefix
/// or without case.
fn judge_page(job: &mut Job, page: &Page, identity: &[String]) -> Found {
    let fits: Vec<&Seen> = page
        .items
        .iter()
        .filter(|seen| match &job.submission.key {
            Some(key) => key_of(seen, identity).is_some_and(|other| other == *key),
            None => answer::agrees(&job.submission.body, &seen.body),
        })
        .collect();
    match fits.as_slice() {
        [one] => return Found::One(Box::new((*one).clone())),
        [] => {}
        several => {
            // The number may have been given twice by others: ours is the one with our data.
            let mut agreeing = several
                .iter()
                .filter(|seen| answer::agrees(&job.submission.body, &seen.body));
            return match (agreeing.next(), agreeing.next()) {
                (Some(one), None) => Found::One(Box::new((**one).clone())),
                _ => Found::Several,
            };
        }
    }
    let size = page.items.len();
    let new = page
        .items
        .iter()
        .filter(|seen| job.seen.insert((seen.id, seen.number.clone())))
        .count();
    let ended_by_total = match page.total {
        Some(total) if total >= 1 && size > 0 => {
            let pages = (total.unsigned_abs()).div_ceil(size as u64);
            let seen = u64::from(job.page) * size as u64;
            seen >= total.unsigned_abs() || u64::from(job.page) >= pages + 2
        }
        _ => false,
    };
    if size == 0 || new == 0 || ended_by_total {
        Found::Nobody
    } else if job.page >= PAGES_AT_MOST {
        Found::TooLong
    } else {
        Found::NextPage
    }
}

/// The key of a customer that the server shows, normalised like ours; `identity` is the path
/// of the field that identifies a customer.
#[must_use]
pub fn key_of(seen: &Seen, identity: &[String]) -> Option<String> {
    let mut object = &seen.body;
    let (last, path) = identity.split_last()?;
    for name in path {
        object = answer::member(object, name)?.as_object()?;
    }
    match answer::member(object, last)? {
        serde_json::Value::String(text) => Some(normalise_key(text)),
        serde_json::Value::Number(number) => Some(normalise_key(&number.to_string())),
        _ => None,
    }
}

/// The number as it was sent.
fn sent_number(job: &Job) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&job.submission.body).ok()?;
    Some(body.get("Number")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{EngineSettings, Origin, Task};
    use super::*;
    use crate::deliver::DeliverySettings;
    use crate::outcome::Submission;
    use crate::record::Position;

    fn answered(status: u16, body: &str) -> Attempt {
        Attempt::Answered(Answer {
            status,
            retry_after: None,
            quota: None,
            body: Ok(body.as_bytes().to_vec()),
        })
    }

    /// One record and a server that answers POSTs with `post`, and look-ups by their page.
    fn outcome_of(
        origin: Origin,
        post: &Attempt,
        look: impl Fn(u32) -> Attempt,
    ) -> Option<Outcome> {
        let mut engine = Engine::new(EngineSettings {
            delivery: DeliverySettings::default(),
            identity: vec!["Number".to_owned()],
            existing_is_error: false,
            renewable: false,
            limit: None,
            look_only: false,
            seed: 1,
        });
        engine.offer(Task {
            run: Arc::from("run"),
            submission: Submission {
                position: Position { record: 1, line: 2 },
                key: Some("n1".to_owned()),
                key_hash: None,
                payload: [0; 16],
                body: Arc::from(&br#"{"Number":"n1"}"#[..]),
            },
            origin,
        });
        engine.source_ended();
        let mut now = Moment::ZERO;
        for _ in 0..1000 {
            let (actions, wake) = engine.poll(now);
            for action in actions {
                match action {
                    Action::Intend { job, .. } => engine.durable(job),
                    Action::Post { job } => engine.posted(job, post, now),
                    Action::Look { job, page } => engine.looked(job, &look(page), now),
                    Action::Probe => engine.probed(&answered(200, "{}"), now),
                    Action::Settle { outcome, .. } => return Some(outcome),
                    _ => {}
                }
            }
            now = wake.map_or(now, |at| at.max(now));
        }
        None
    }

    #[test]
    fn an_unreadable_answer_is_looked_for_only_a_few_times() {
        let nobody = |_| answered(200, r#"{"Items":[]}"#);
        let outcome = outcome_of(Origin::Absent, &answered(201, "<html>"), nobody);
        let created = Outcome::Created {
            id: None,
            number: Some("n1".to_owned()),
            attempts: 1,
            how: How::Posted,
        };
        assert_eq!(outcome, Some(created));
    }

    #[test]
    fn a_look_up_whose_second_page_never_comes_ends() {
        let look = |page| match page {
            1 => answered(200, r#"{"Items":[{"Id":1,"Number":"other"}]}"#),
            _ => answered(500, ""),
        };
        let recovered = Origin::Recovered {
            attempt: 1,
            absent_before: true,
        };
        let outcome = outcome_of(recovered, &answered(201, r#"{"Id":1}"#), look);
        let unknown = Outcome::Unknown {
            why: UnknownWhy::LookupImpossible,
            attempts: 1,
        };
        assert_eq!(outcome, Some(unknown));
    }
}
