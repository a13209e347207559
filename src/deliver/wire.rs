//! Requests in flight, carried by tasks of the runtime in which the engine decides. The answers
//! that came meanwhile are heard together then, and the next requests leave together: on a thread
//! of their own each answer woke one thread, and each request the other, which cost more than both
//! do. A task that is done with its request takes the next one: with a task for each, an import at
//! no latency took a twelfth more time.
//!
//! Every request is answered by exactly one reply, whatever becomes of it: whoever
//! drops it, be it a panic or the end of all, answers it thereby.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::client::{Client, PAGE_SIZE, Query};
use super::engine::JobId;
use crate::fail_point::{self, Point};
use crate::outcome::{Attempt, Ending, Sent, Submission, Trouble};

/// What became of a request.
pub(super) enum Reply {
    /// With the time from its start to the whole answer, if it was sent.
    Posted(JobId, Result<Attempt, Ending>, Option<Duration>),
    Looked(JobId, Result<Attempt, Ending>),
    Probed(Result<Attempt, Ending>),
    Renewed(Result<(), Ending>),
}

/// What is asked for.
enum Asked {
    Post(JobId, Arc<[u8]>),
    Look(JobId, Query, u32),
    Probe,
    Renew,
}

/// A request that waits for its reply.
struct Request {
    asked: Asked,
    /// Whether a POST may have left.
    left: bool,
    /// Where its reply goes; none once it has it.
    replies: Option<mpsc::UnboundedSender<Reply>>,
}

/// Requests that nobody carries yet. No more than were asked for at once.
#[derive(Default)]
struct Queue {
    requests: Mutex<VecDeque<Request>>,
    filled: Notify,
}

/// The requests in flight.
pub struct Wire {
    client: Arc<Client>,
    token_gives_up: watch::Receiver<Option<tokio::time::Instant>>,
    by_number: bool,
    queue: Arc<Queue>,
    /// Tasks that carry requests, one after another: as many as there were requests at once.
    carriers: JoinSet<()>,
    /// Requests that have not had their reply.
    in_flight: usize,
    replies: mpsc::UnboundedReceiver<Reply>,
    reply_to: mpsc::UnboundedSender<Reply>,
    /// Whether everything was dropped, and nothing may leave any more.
    dropped: bool,
}

impl Wire {
    /// Sends with `client`, which no other runtime may have used: a connection belongs to the one
    /// in which it was made. Customers are looked up `by_number`, else by key word.
    #[must_use]
    pub fn new(client: Arc<Client>, by_number: bool) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the engine bounds them: each request in flight is asked for once and answered \
                      once, also where it is dropped and nobody could wait for room"
        )]
        let (reply_to, replies) = mpsc::unbounded_channel();
        Self {
            token_gives_up: client.token_gives_up(),
            client,
            by_number,
            queue: Arc::default(),
            carriers: JoinSet::new(),
            in_flight: 0,
            replies,
            reply_to,
            dropped: false,
        }
    }

    /// While the server that gives out tokens is away: the time after which that is an outage.
    pub(super) fn token_gives_up(&self) -> Option<Duration> {
        let at = *self.token_gives_up.borrow();
        at.map(|at| at.saturating_duration_since(tokio::time::Instant::now()))
    }

    /// Whether every request has had its reply.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight == 0
    }

    /// Requests that have had no reply.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Sends what the job submits.
    pub(super) fn post(&mut self, job: JobId, submission: &Submission) {
        self.ask(Asked::Post(job, Arc::clone(&submission.body)));
    }

    /// Asks for one page of customers that may be the job's.
    pub(super) fn look(&mut self, job: JobId, submission: &Submission, page: u32) {
        let query = query_for(submission, self.by_number);
        self.ask(Asked::Look(job, query, page));
    }

    /// Asks whether the server is there.
    pub(super) fn probe(&mut self) {
        self.ask(Asked::Probe);
    }

    /// Asks for a new token.
    pub(super) fn renew(&mut self) {
        self.ask(Asked::Renew);
    }

    fn ask(&mut self, asked: Asked) {
        self.in_flight += 1;
        let request = Request {
            asked,
            left: false,
            replies: Some(self.reply_to.clone()),
        };
        if self.dropped {
            // Dropped as it is, it is answered.
            return;
        }
        self.queue.push(request);
        // One that broke is none any more.
        while self.carriers.try_join_next().is_some() {}
        if self.carriers.len() < self.in_flight {
            let (queue, client) = (Arc::clone(&self.queue), Arc::clone(&self.client));
            self.carriers.spawn(carry(queue, client));
        }
    }

    /// The next reply.
    pub(super) async fn reply(&mut self) -> Option<Reply> {
        let reply = self.replies.recv().await;
        self.in_flight -= usize::from(reply.is_some());
        reply
    }

    /// The next reply, if it is there already.
    pub(super) fn reply_now(&mut self) -> Option<Reply> {
        let reply = self.replies.try_recv().ok();
        self.in_flight -= usize::from(reply.is_some());
        reply
    }

    /// Drops everything in flight; the replies tell what may have left.
    pub(super) fn drop_all(&mut self) {
        self.dropped = true;
        self.carriers.abort_all();
        self.queue.requests().clear();
    }
}

impl Queue {
    fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, request: Request) {
        self.requests().push_back(request);
        self.filled.notify_one();
    }

    async fn next(&self) -> Request {
        loop {
            if let Some(request) = self.take() {
                return request;
            }
            self.filled.notified().await;
        }
    }

    fn take(&self) -> Option<Request> {
        let mut requests = self.requests();
        let request = requests.pop_front();
        if !requests.is_empty() {
            // Calls that nobody waits for are one, as they may be on several threads.
            self.filled.notify_one();
        }
        request
    }
}

/// Carries one request after another.
async fn carry(queue: Arc<Queue>, client: Arc<Client>) {
    loop {
        queue.next().await.carry_out(&client).await;
    }
}

impl Request {
    /// What is seldom is boxed here and below, for there is one such future for each carrier.
    async fn carry_out(mut self, client: &Client) {
        let reply = match &self.asked {
            Asked::Post(job, body) => {
                // Whoever is dropped while a token is fetched was certainly not sent.
                match client.ready().await {
                    Err(ending) => Reply::Posted(*job, Err(ending), None),
                    Ok(()) => {
                        self.left = true;
                        fail_point::pass(Point::PostLeaving);
                        let begun = Instant::now();
                        let answer = client.post(body).await;
                        let time = begun.elapsed();
                        fail_point::pass(Point::PostAnswered);
                        Reply::Posted(*job, answer, Some(time))
                    }
                }
            }
            Asked::Look(job, query, page) => {
                fail_point::pass(Point::LookLeaving);
                let answer = Box::pin(client.list(query, *page, PAGE_SIZE)).await;
                fail_point::pass(Point::LookAnswered);
                Reply::Looked(*job, answer)
            }
            Asked::Probe => Reply::Probed(Box::pin(client.list(&Query::All, 1, 1)).await),
            Asked::Renew => Reply::Renewed(Box::pin(client.renew()).await),
        };
        self.answer(reply);
    }

    fn answer(&mut self, reply: Reply) {
        if let Some(replies) = self.replies.take() {
            // Without a listener nobody minds.
            drop(replies.send(reply));
        }
    }

    /// What is known of a request that was dropped.
    fn lost(&self) -> Reply {
        match &self.asked {
            Asked::Post(job, _) if self.left => Reply::Posted(*job, Ok(interrupted()), None),
            Asked::Post(job, _) => Reply::Posted(*job, Ok(never_sent()), None),
            Asked::Look(job, ..) => Reply::Looked(*job, Ok(interrupted())),
            Asked::Probe => Reply::Probed(Ok(interrupted())),
            Asked::Renew => Reply::Renewed(Err(Ending::Outage)),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.replies.is_some() {
            let lost = self.lost();
            self.answer(lost);
        }
    }
}

/// A request that was dropped, or whose task broke: the server may have seen it.
fn interrupted() -> Attempt {
    Attempt::Unanswered {
        kind: Trouble::Interrupted,
        sent: Sent::Maybe,
    }
}

/// No token, so nothing left.
pub(super) fn never_sent() -> Attempt {
    Attempt::Unanswered {
        kind: Trouble::Connect,
        sent: Sent::Never,
    }
}

/// How a submission is looked up.
fn query_for(submission: &Submission, by_number: bool) -> Query {
    let body: Option<serde_json::Value> = serde_json::from_slice(&submission.body).ok();
    let text = |path: &str| {
        let value = body.as_ref()?.pointer(path)?.as_str()?;
        Some(value.to_owned())
    };
    match &submission.key {
        // The number as it is sent, not as it is compared: the server may mind the case.
        Some(key) if by_number => Query::Number(text("/Number").unwrap_or_else(|| key.clone())),
        Some(key) => Query::Keyword(key.clone()),
        None => Query::Keyword(
            text("/BillingAddress/LastName")
                .or_else(|| text("/BillingAddress/Company"))
                .unwrap_or_default(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::deliver::settings::tests::target;
    use crate::deliver::settings::{Credentials, DeliverySettings};
    use crate::outcome::{Answer, PayloadHash};
    use crate::record::Position;

    const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";

    /// A wire to a server on a port that the system chose.
    async fn pair() -> (TcpListener, Wire) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = DeliverySettings::default();
        let client = Client::new(&target(&url), Credentials::Gateway, &settings).unwrap();
        (listener, Wire::new(Arc::new(client), true))
    }

    fn post(wire: &mut Wire, job: JobId) {
        let submission = Submission {
            position: Position { record: 1, line: 1 },
            key: None,
            key_hash: None,
            payload: PayloadHash::default(),
            body: Arc::from(&b"{}"[..]),
        };
        wire.post(job, &submission);
    }

    /// Reads a request whose body is `{}`.
    async fn read_request(stream: &mut TcpStream) {
        let mut text = Vec::new();
        while !text.ends_with(b"{}") {
            assert_ne!(stream.read_buf(&mut text).await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn each_request_has_its_reply_and_no_more_tasks_than_there_were_at_once() {
        let (listener, mut wire) = pair().await;
        let serve = async {
            let mut streams = Vec::new();
            for _ in 0..3 {
                streams.push(listener.accept().await.unwrap().0);
            }
            for _ in 0..4 {
                for stream in &mut streams {
                    read_request(stream).await;
                }
                for stream in &mut streams {
                    stream.write_all(CREATED).await.unwrap();
                }
            }
        };
        let ask = async {
            for round in 0..4 {
                let jobs: Vec<JobId> = (0..3).map(|job| round * 3 + job).collect();
                for job in &jobs {
                    post(&mut wire, *job);
                }
                let mut heard = Vec::new();
                while !wire.is_empty() {
                    match wire.reply().await {
                        Some(Reply::Posted(job, Ok(Attempt::Answered(answer)), Some(_))) => {
                            assert!(matches!(answer, Answer { status: 201, .. }));
                            heard.push(job);
                        }
                        _ => panic!("no answer"),
                    }
                }
                heard.sort_unstable();
                assert_eq!(heard, jobs);
            }
            assert_eq!(wire.carriers.len(), 3);
        };
        tokio::join!(serve, ask);
    }

    #[tokio::test]
    async fn what_is_dropped_says_whether_it_may_have_left() {
        let (listener, mut wire) = pair().await;
        post(&mut wire, 1);
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        // Nobody carries this one yet.
        post(&mut wire, 2);
        wire.drop_all();
        // And nobody ever will carry this one.
        post(&mut wire, 3);
        let mut heard = Vec::new();
        while !wire.is_empty() {
            match wire.reply().await {
                Some(Reply::Posted(job, Ok(attempt), None)) => heard.push((job, attempt)),
                _ => panic!("no reply of one that was dropped"),
            }
        }
        heard.sort_by_key(|(job, _)| *job);
        let expected = [(1, interrupted()), (2, never_sent()), (3, never_sent())];
        assert_eq!(heard, expected);
    }
}
