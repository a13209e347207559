//! What a look-up's answer does to its job.

use super::super::answer::{self, Likeness, Page, Seen};
use super::job::{JobId, Purpose, State};
use super::page::{Found, judge_page, likeness_of};
use super::strain::{is_of_the_server, may_have_left};
use super::{Action, Engine, quota_of};
use crate::deliver::backoff;
use crate::deliver::pace::Moment;
use crate::outcome::{
    Answer, Attempt, Code, Ending, FieldError, How, Outcome, Stage, Stop, UnknownWhy,
};

/// Failed look-ups in a row before the outcome stays unknown for this run.
const FAILURES_AT_MOST: u32 = 5;
/// Look-ups that try to learn the id of a customer that was created.
const LEARN_TRIES: u32 = 2;

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
        if may_have_left(attempt) {
            self.traffic.requests += 1;
            self.traffic.lookups += 1;
        }
        if let Some(ticket) = job.ticket.take() {
            let answered = is_of_the_server(attempt);
            self.get_gate.end(ticket, now, quota_of(attempt), answered);
        }
        let refused = matches!(attempt, Attempt::Answered(answer) if answer.status == 401);
        job.unauthorized_before &= refused;
        let sent_under = job.sent_under;
        self.note_token(sent_under, attempt);
        self.note_health(attempt, now);
        match attempt {
            Attempt::Answered(answer) => self.look_answered(id, answer, now),
            Attempt::Unanswered { .. } => self.look_unanswered(id, now),
        }
    }

    /// Nobody answered: that is the breaker's business, and the record's only where others were
    /// answered meanwhile, again and again.
    fn look_unanswered(&mut self, id: JobId, now: Moment) {
        let roll = self.random.f64();
        let answers = self.answers;
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let others_were_answered = answers > job.answers_before;
        job.answers_before = answers;
        if others_were_answered || matches!(job.purpose, Some(Purpose::Learn { .. })) {
            self.look_failed(id, now);
            return;
        }
        job.page = 1;
        job.forget_pages();
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
            402 => {
                self.requeue(id);
                self.stop(Ending::Stopped(Stop::Licence));
            }
            500..=599 | 408 => self.look_failed(id, now),
            status => self.look_impossible(id, status),
        }
    }

    /// The server refuses look-ups.
    fn look_impossible(&mut self, id: JobId, status: u16) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        match &job.purpose {
            Some(Purpose::Precheck) | None => {
                self.requeue(id);
                self.stop(Ending::Stopped(Stop::CannotRead { status }));
            }
            Some(Purpose::Learn { .. }) => self.settle_created_unread(id),
            Some(Purpose::Reconcile(_)) => self.settle_unknown(id, UnknownWhy::LookupImpossible),
            Some(Purpose::WhoHasIt { .. }) if job.may_be_ours() => {
                self.settle_unknown(id, UnknownWhy::LookupImpossible);
            }
            Some(Purpose::WhoHasIt { .. }) => self.refuse_as_told(id),
        }
    }

    /// Nobody was found who has it: the server's refusal holds.
    fn refuse_as_told(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id)
            && let Some(Purpose::WhoHasIt {
                status,
                code,
                errors,
            }) = &mut job.purpose
        {
            let outcome = Outcome::Refused {
                status: *status,
                code: code.take(),
                errors: std::mem::take(errors),
                attempts: job.attempt,
            };
            self.settle(id, outcome);
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
        job.forget_pages();
        let tries = job.look_failures;
        let patient = matches!(job.purpose, Some(Purpose::Precheck));
        let most = if matches!(job.purpose, Some(Purpose::Learn { .. })) {
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
            match found {
                Found::NextPage => job.page += 1,
                Found::Unsteady => {}
                _ => {
                    job.page = 1;
                    job.look_failures = 0;
                    job.forget_pages();
                }
            }
        }
        match found {
            Found::NextPage => self.requeue(id),
            Found::Unsteady => self.look_failed(id, now),
            Found::One(seen) => self.found(id, &seen, now),
            Found::Several => self.settle_looked_in_vain(id, UnknownWhy::Ambiguous, now),
            Found::TooLong => self.settle_looked_in_vain(id, UnknownWhy::LookupTooLong, now),
            Found::Nobody => self.missed(id, now),
        }
    }

    /// The key is in the ERP.
    fn found(&mut self, id: JobId, seen: &Seen, now: Moment) {
        let reconciles = self.reconciles(id);
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let likeness = likeness_of(job, seen);
        match likeness {
            // Somebody else's customer with the key says nothing about ours before the settle
            // time is over: it may still appear beside it.
            Likeness::Other if reconciles && self.waits_to_settle(id, now) => return,
            Likeness::Untold if reconciles => {
                self.settle_looked_in_vain(id, UnknownWhy::Ambiguous, now);
                return;
            }
            _ => {}
        }
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
            number: seen.number.clone().or_else(|| job.sent_number()),
            attempts,
            how,
        };
        let ours = likeness == Likeness::Same;
        let outcome = match &job.purpose {
            None | Some(Purpose::Precheck) if self.settings.existing_is_error => Outcome::Invalid {
                stage: Stage::Existing,
                errors: vec![FieldError::new(
                    Code::KeyExists,
                    self.settings.identity.join("."),
                )],
            },
            None | Some(Purpose::Precheck) => exists,
            Some(Purpose::Learn { .. }) => created(How::Posted),
            Some(Purpose::Reconcile(_)) if ours => created(How::Found),
            Some(Purpose::Reconcile(_)) => exists,
            Some(Purpose::WhoHasIt { .. }) if job.may_be_ours() && ours => created(How::Found),
            Some(Purpose::WhoHasIt { .. }) => exists,
        };
        self.settle(id, outcome);
    }

    /// The key is not in the ERP, as far as this look-up shows.
    fn missed(&mut self, id: JobId, now: Moment) {
        let roll = self.random.f64();
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
            Some(Purpose::Learn { misses }) => {
                *misses += 1;
                if *misses >= LEARN_TRIES {
                    self.settle_created_unread(id);
                } else {
                    self.wait_until(id, now + backoff::wait(backoff::BASE, 1, roll));
                }
            }
            Some(Purpose::WhoHasIt { .. }) => self.refuse_as_told(id),
            Some(Purpose::Reconcile(_)) => self.missed_again(id, now),
        }
    }

    /// A record whose POST was unclear is not there.
    fn missed_again(&mut self, id: JobId, now: Moment) {
        if self.waits_to_settle(id, now) {
            return;
        }
        let look_only = self.settings.look_only;
        let max_attempts = self.settings.delivery.max_attempts.get();
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let status = match &job.purpose {
            Some(Purpose::Reconcile(reconciling)) => reconciling.status.unwrap_or(0),
            _ => 0,
        };
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

    /// Counts a look-up that did not show what an unclear POST may have made. Says whether that
    /// settles nothing yet: it takes two after the settle time, and some time between them.
    fn waits_to_settle(&mut self, id: JobId, now: Moment) -> bool {
        if self.is_too_early(id, now) {
            return true;
        }
        let purpose = self.jobs.get_mut(&id).and_then(|job| job.purpose.as_mut());
        let Some(Purpose::Reconcile(reconciling)) = purpose else {
            return false;
        };
        reconciling.misses += 1;
        let gap = reconciling.gap();
        let again = reconciling.misses < 2;
        if again {
            self.wait_until(id, now + gap);
        }
        again
    }

    /// Whether the job's look-up is about an unclear POST.
    fn reconciles(&self, id: JobId) -> bool {
        let purpose = self.jobs.get(&id).and_then(|job| job.purpose.as_ref());
        matches!(purpose, Some(Purpose::Reconcile(_)))
    }

    /// Waits until the settle time is over, if it is not: what an unclear POST may have made
    /// could still appear.
    fn is_too_early(&mut self, id: JobId, now: Moment) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        let Some(Purpose::Reconcile(reconciling)) = &mut job.purpose else {
            return false;
        };
        let due = *reconciling.anchor.get_or_insert(now) + reconciling.settle;
        let early = job.look_started < due;
        if early {
            self.wait_until(id, due);
        }
        early
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
    fn settle_looked_in_vain(&mut self, id: JobId, why: UnknownWhy, now: Moment) {
        if self.is_too_early(id, now) {
            return;
        }
        let purpose = self.jobs.get(&id).and_then(|job| job.purpose.as_ref());
        match purpose {
            Some(Purpose::Learn { .. }) => self.settle_created_unread(id),
            // Several customers, or too many to read: the key is as good as taken.
            None | Some(Purpose::Precheck) if why == UnknownWhy::Ambiguous => {
                let nobody = Seen {
                    id: None,
                    number: None,
                    body: serde_json::Map::new(),
                };
                self.found(id, &nobody, now);
            }
            None | Some(Purpose::Precheck) => self.look_impossible(id, 200),
            _ => self.settle_unknown(id, why),
        }
    }

    /// Created, but nobody could tell which id and number it has.
    pub(super) fn settle_created_unread(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get(&id) {
            let outcome = job.created_unread();
            self.settle(id, outcome);
        }
    }
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
            created_before: false,
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
