//! The server at work: what it does with the requests that reach it, in the world's time. The
//! request's fate was drawn when it was sent.

use std::time::Duration;

use super::faults::{Fate, LookFate};
use super::server::Reply;
use super::story::Draw;
use super::world::{Ask, Event, Request, World};
use crate::deliver::pace::Moment;

impl World {
    /// A request reaches the server.
    pub(super) fn arrive(&mut self, id: u64) {
        self.server.arrived += 1;
        let arrived = self.server.arrived;
        let hit = |all: &[(u64, Duration)]| {
            all.iter()
                .find(|(request, _)| *request == arrived)
                .map(|(_, length)| *length)
        };
        if let Some(length) = hit(&self.story.outages) {
            self.note(|| format!("away for {length:?}"));
            self.server.away_until = self.now + length;
        }
        if self
            .story
            .token_life
            .is_some_and(|life| arrived.is_multiple_of(life))
        {
            self.server.valid_token += 1;
        }
        if let Some(length) = hit(&self.story.freezes) {
            self.note(|| format!("frozen for {length:?}"));
            self.server.frozen_until = self.now + length;
            self.at(self.now + length, Event::Arrives(id));
            return;
        }
        let Some(request) = self.requests.get(&id).cloned() else {
            return;
        };
        let status = |status, own| Reply::Status {
            status,
            retry_after: None,
            own,
        };
        let stop = self.story.stop.filter(|_| !self.cured);
        let reply = if let Some(stop) = stop.filter(|stop| arrived >= stop.request) {
            self.refuse_everybody(&request, stop.status);
            Some(status(stop.status, true))
        } else if self.story.renewable && request.token < self.server.valid_token {
            Some(status(401, true))
        } else if self.server.is_throttled(&self.story, self.now) {
            let wish = self.story.quota.filter(|quota| quota.retry_after);
            Some(Reply::Status {
                status: 429,
                retry_after: wish.map(|quota| quota.interval),
                own: true,
            })
        } else {
            None
        };
        match (&request.ask, reply) {
            (_, Some(reply)) => self.at(self.now, Event::Replies(id, reply)),
            (Ask::Post { .. }, None) => self.work(id, &request),
            (Ask::Look { .. } | Ask::Probe, None) => self.at(self.now, Event::Serves(id)),
        }
    }

    /// After the first 401 or 402 few more requests may come.
    fn refuse_everybody(&mut self, request: &Request, status: u16) {
        // Whoever cannot hear it cannot obey.
        let silent = matches!(request.fate, Fate::Unheard { .. });
        let hears = !silent && request.look_fate == LookFate::Normal;
        if request.process != self.process || !hears {
            return;
        }
        self.refused += 1;
        let final_status = status == 402 || (status == 401 && !self.story.renewable);
        let most = self.story.delivery.concurrency.get() as u64 * 2;
        if final_status && self.refused > 1 + most {
            let refused = self.refused;
            self.oracle
                .blame(format!("{refused} requests were answered {status}"));
        }
    }

    /// The server works on a POST, unless somebody in front of it or it itself objects.
    fn work(&mut self, id: u64, request: &Request) {
        let Ask::Post {
            run, submission, ..
        } = &request.ask
        else {
            return;
        };
        let input = self.disk.run(run).input;
        let record = self.story.record(input, submission.position.record);
        let objection = self
            .server
            .objection(record.number.as_deref(), record.refused);
        let takes = self.story.wire(&mut self.random);
        let soon = self.now + takes;
        let reply = match (request.fate, objection) {
            // Whoever stands in front answers before the server may object.
            (Fate::Gateway { status, committed }, objection) => {
                if committed && objection.is_none() {
                    let deadline = soon + self.story.delivery.settle;
                    let at = self.lateness(soon, deadline);
                    self.commits(id, at, deadline);
                }
                Reply::Status {
                    status,
                    retry_after: None,
                    own: false,
                }
            }
            (Fate::Throttled { retry_after }, _) => Reply::Status {
                status: 429,
                retry_after,
                own: true,
            },
            (_, Some(objection)) => objection,
            (_, None) => {
                self.create(id, request, soon);
                return;
            }
        };
        self.at(soon, Event::Replies(id, reply));
    }

    /// The server has nothing against a POST: what becomes of it, and of its answer.
    fn create(&mut self, id: u64, request: &Request, soon: Moment) {
        let settle = self.story.delivery.settle;
        let timeout = self.story.delivery.timeout;
        match request.fate {
            Fate::Unheard { .. } => {
                let deadline = self.give_up(id, request) + settle;
                let at = self.lateness(soon, deadline);
                self.commits(id, at, deadline);
            }
            Fate::Slow => {
                let at = soon + self.random.time(Duration::ZERO, timeout * 2);
                let given_up = request.sent + timeout;
                let heard = at + self.story.wire.1 < given_up;
                let deadline = if heard { at } else { given_up } + settle;
                self.commits(id, at, deadline);
                self.at(at, Event::Replies(id, Reply::Created));
            }
            Fate::Own {
                status,
                committed,
                retry_after,
            } => {
                if committed {
                    let own = Duration::from_secs(2).min(settle);
                    self.commits(id, soon, soon + own);
                }
                let reply = Reply::Status {
                    status,
                    retry_after,
                    own: true,
                };
                self.at(soon, Event::Replies(id, reply));
            }
            Fate::Unread(how) => {
                self.commits(id, soon, soon + settle);
                self.at(soon, Event::Replies(id, Reply::Unread(how)));
            }
            _ => {
                self.commits(id, soon, soon + settle);
                self.at(soon, Event::Replies(id, Reply::Created));
            }
        }
    }

    /// The request's customer will be committed, and shown until `deadline`.
    fn commits(&mut self, request: u64, at: Moment, deadline: Moment) {
        self.at(at, Event::Commits { request, deadline });
    }

    /// When the client gives the request up, as far as is known now.
    fn give_up(&self, id: u64, request: &Request) -> Moment {
        let broken = self.queue.iter().find_map(|((at, _), event)| match event {
            Event::Hears(other, _) if *other == id => Some(*at),
            _ => None,
        });
        broken.unwrap_or(request.sent + self.story.delivery.timeout)
    }

    /// When a POST whose answer nobody hears is committed.
    fn lateness(&mut self, soon: Moment, deadline: Moment) -> Moment {
        if !self.random.chance(self.story.faults.late) {
            return soon;
        }
        let beyond = if self.story.faults.breaks_promise {
            self.story.delivery.settle * 2
        } else {
            Duration::ZERO
        };
        self.random.time(soon, (deadline + beyond).max(soon))
    }

    pub(super) fn commit(&mut self, id: u64, deadline: Moment) {
        let Some(Request {
            ask: Ask::Post {
                submission, post, ..
            },
            ..
        }) = self.requests.get(&id).cloned()
        else {
            return;
        };
        let body = String::from_utf8_lossy(&submission.body).into_owned();
        let number = match body.find("\"Number\":\"") {
            Some(start) => body[start + 10..].split('"').next().unwrap_or_default(),
            None => "",
        };
        let number = if number.is_empty() {
            format!("A{post}")
        } else {
            number.to_owned()
        };
        if let Some(index) = self.server.add(&number, &body, Some(post)) {
            let lag = self.random.time(Duration::ZERO, self.story.lag);
            self.note(|| format!("commits {number} as {}, shown {lag:?} later", index + 1));
            let most = if self.story.faults.breaks_promise {
                lag
            } else {
                deadline.saturating_sub(self.now)
            };
            if self.story.blind {
                return;
            }
            if lag.is_zero() {
                self.server.customers[index].shown = true;
                self.oracle.posts[post as usize].shown_at = Some(self.now);
            } else {
                self.at(self.now + lag.min(most), Event::Shows(index));
            }
        }
    }

    pub(super) fn reply(&mut self, id: u64, reply: &Reply) {
        let Some(request) = self.requests.get(&id) else {
            return;
        };
        let silent = matches!(request.fate, Fate::Unheard { .. });
        let attempt = match &request.ask {
            Ask::Post { post, .. } => self.server.render(&self.story, reply, *post),
            Ask::Look { .. } | Ask::Probe => match reply {
                Reply::Status { status, .. } => self.server.answer(&self.story, *status, ""),
                Reply::Created | Reply::Unread(_) => return,
            },
        };
        let wire = self.story.wire(&mut self.random);
        if !silent {
            self.at(self.now + wire, Event::Hears(id, attempt));
        }
    }

    pub(super) fn serve(&mut self, id: u64) {
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        let (submission, page) = match &request.ask {
            Ask::Look { submission, page } => (Some(submission), *page),
            _ => (None, 1),
        };
        let body = submission.map(|submission| String::from_utf8_lossy(&submission.body));
        let number = submission.and_then(|submission| submission.key.as_deref());
        let number = number.map(str::to_uppercase);
        let served = self
            .server
            .page(number.as_deref(), body.as_deref().unwrap_or_default(), page);
        let shows_it = served.ids.iter().any(|shown| {
            let there = &self.server.customers[*shown as usize - 1];
            let same = |number: &String| there.number.eq_ignore_ascii_case(number);
            there.post.is_some() && number.as_ref().is_some_and(same)
        });
        request.served = Some((self.now, served.last, shows_it));
        let attempt = match request.look_fate {
            LookFate::Status(status) => self.server.answer(&self.story, status, ""),
            LookFate::Garbage => self.server.answer(&self.story, 200, "<html>"),
            LookFate::Silent | LookFate::Reset => return,
            LookFate::Normal | LookFate::Unreachable => {
                self.server.answer(&self.story, 200, &served.body)
            }
        };
        let wire = self.story.wire(&mut self.random);
        self.at(self.now + wire, Event::Hears(id, attempt));
    }
}
