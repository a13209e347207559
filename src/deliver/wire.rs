//! Requests in flight, on a thread and runtime of their own: what the engine decides and what
//! the network does then go on at the same time, and neither waits for the other's turn.
//!
//! Every request is answered by exactly one reply, whatever becomes of it: whoever
//! drops it, be it a panic or the end of all, answers it thereby.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::client::{Client, PAGE_SIZE, Query};
use super::engine::JobId;
use crate::fail_point::{self, Point};
use crate::outcome::{Attempt, Ending, Sent, Submission, Trouble};

/// Requests that are taken from their queue at once.
const BATCH: usize = 256;

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

/// The thread that sends.
pub struct Wire {
    requests: mpsc::UnboundedSender<Request>,
    replies: mpsc::UnboundedReceiver<Reply>,
    reply_to: mpsc::UnboundedSender<Reply>,
    in_flight: usize,
    /// Dropped to drop everything in flight.
    alive: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    by_number: bool,
}

impl Wire {
    /// Starts the thread; it ends when this is dropped. Customers are looked up `by_number`,
    /// else by key word.
    ///
    /// # Errors
    /// If the system gives no thread or runtime.
    pub fn start(client: Arc<Client>, by_number: bool) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the engine bounds them: each request in flight is asked for once and answered \
                      once, also where it is dropped and nobody could wait for room"
        )]
        let ((requests, inbox), (reply_to, replies)) =
            (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let (alive, dropped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("requests".to_owned())
            .spawn(move || {
                client.forget_connections();
                runtime.block_on(carry(&client, inbox, dropped));
                client.forget_connections();
                // Whatever is in flight is dropped, and so answered; a look-up of a name that
                // the system takes its time for is not waited for.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            requests,
            replies,
            reply_to,
            in_flight: 0,
            alive: Some(alive),
            thread: Some(thread),
            by_number,
        })
    }

    /// Whether every request has had its reply.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight == 0
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
        // Without a thread it comes back, and is answered as it is dropped.
        drop(self.requests.send(request));
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
        self.alive = None;
    }
}

impl Drop for Wire {
    /// Waits for the thread: connections that die with its runtime are used by nobody else.
    fn drop(&mut self) {
        self.drop_all();
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was said already.
            drop(thread.join());
        }
    }
}

/// Starts each request as it comes, until nobody is left who wants any.
async fn carry(
    client: &Arc<Client>,
    mut inbox: mpsc::UnboundedReceiver<Request>,
    mut dropped: oneshot::Receiver<()>,
) {
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut dropped => return,
            count = inbox.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                for request in batch.drain(..) {
                    tokio::spawn(request.carry_out(Arc::clone(client)));
                }
            }
        }
    }
}

impl Request {
    /// What is seldom is boxed here and below, for there is one such future for each POST.
    async fn carry_out(mut self, client: Arc<Client>) {
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
