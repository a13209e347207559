//! Questions that may be asked again and again: is the server there, which customers does it
//! have, which companies. Asked one after the other, with patience, in the same pace as
//! everything else.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::{self, Page, Seen};
use super::backoff;
use super::client::{Client, PAGE_SIZE, Query};
use super::driver::{Observed, Signal, Tick};
use super::listing::{Listed, Listing};
use super::naming;
use super::pace::{Closed, Gate, UserRate};
use super::settings::DeliverySettings;
use crate::customer::normalise_key;
use crate::names::{NameList, Named};
use crate::outcome::{Answer, Attempt, Ending, PauseWhy, Sent, Stop, Traffic, Trouble};

/// Answers to one question that make no sense before the run stops.
const READS_AT_MOST: u32 = 5;

/// Pages of one look-up that are read at most: it may match by prefix.
const FIND_PAGES_AT_MOST: u32 = 20;

/// A question that is still not answered after so long is told of.
const TOLD_AFTER: Duration = Duration::from_secs(1);
/// Time after which it is told again how long a server that does not answer is waited for.
const TICK: Duration = Duration::from_secs(1);

/// How many customers the ERP says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Census {
    /// None at all.
    Empty,
    /// So many, if it can be believed.
    Counted(u64),
    /// It may have some; the count makes no sense.
    Untold,
}

/// What is asked for.
enum Question<'a> {
    Customers(&'a Query, u32),
    Companies,
    Names(NameList, u32),
}

/// Asks the server questions that change nothing.
pub struct Inquiry<'a> {
    client: &'a Client,
    max_outage: Duration,
    deadline: Option<Instant>,
    rate: Option<UserRate>,
    gate: Gate,
    signal: watch::Receiver<Signal>,
    started: Instant,
    traffic: Traffic,
    renewed: bool,
    tell: Option<&'a dyn Fn(&Observed<'_>)>,
}

impl<'a> Inquiry<'a> {
    /// Prepares to ask `client`, until `deadline` at the latest.
    #[must_use]
    pub fn new(
        client: &'a Client,
        settings: &DeliverySettings,
        deadline: Option<Instant>,
        signal: watch::Receiver<Signal>,
    ) -> Self {
        Self {
            client,
            max_outage: settings.max_outage,
            deadline,
            rate: settings.rate.and_then(UserRate::new),
            gate: Gate::default(),
            signal,
            started: Instant::now(),
            traffic: Traffic::default(),
            renewed: false,
            tell: None,
        }
    }

    /// Tells `observer` when asking pauses because the server does not answer, and when it goes
    /// on.
    #[must_use]
    pub fn telling(mut self, observer: &'a dyn Fn(&Observed<'_>)) -> Self {
        self.tell = Some(observer);
        self
    }

    /// What went over the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// One page of the collection checks address, credentials, scope and quota at once, and
    /// tells how many customers there are.
    ///
    /// # Errors
    /// How the run ends: the server refused, or could not be reached for too long.
    pub async fn census(&mut self) -> Result<(Census, Page), Ending> {
        let page = self.page(&Query::All, 1).await?;
        let total = page.total.filter(|total| *total >= 1);
        let census = match (total, page.items.is_empty()) {
            (None, true) => Census::Empty,
            (Some(total), false) => Census::Counted(total.unsigned_abs()),
            // Customers without a count, or a count without customers.
            (None, false) | (Some(_), true) => Census::Untold,
        };
        Ok((census, page))
    }

    /// Hands every customer of the ERP to `each`, and says what the listing came to; `first` is
    /// the page that the census read. Customers that are shown twice are handed out twice.
    ///
    /// # Errors
    /// How the run ends.
    pub async fn list(
        &mut self,
        first: Page,
        each: &mut dyn FnMut(&Seen),
    ) -> Result<Listed, Ending> {
        let mut listing = Listing::new(&first);
        let mut page = first;
        let mut number = 1;
        loop {
            page.items.iter().for_each(&mut *each);
            if let Some(listed) = listing.take(&page) {
                return Ok(listed);
            }
            number += 1;
            page = self.page(&Query::All, number).await?;
        }
    }

    /// The customer whose number is `wanted` in normal form, by a look-up of `number`; none if it
    /// is not shown, or more than once.
    ///
    /// # Errors
    /// How the run would end: the server refused, or could not be reached for too long.
    pub async fn find(&mut self, number: &str, wanted: &str) -> Result<Option<Seen>, Ending> {
        let query = Query::Number(number.to_owned());
        let mut before = Vec::new();
        for page in 1..=FIND_PAGES_AT_MOST {
            let page = self.page(&query, page).await?;
            // Some servers show the same page always.
            if page.items.is_empty() || page.items == before {
                break;
            }
            before.clone_from(&page.items);
            let is_it = |seen: &Seen| {
                let number = seen.number.as_deref();
                number.is_some_and(|number| normalise_key(number) == wanted)
            };
            let mut found = page.items.into_iter().filter(is_it);
            match (found.next(), found.next()) {
                (None, _) => {}
                (one, None) => return Ok(one),
                _ => break,
            }
        }
        Ok(None)
    }

    /// The ids of the companies.
    ///
    /// # Errors
    /// How the run ends. A server that need not tell ([`Ending::Stopped`]) is the caller's to
    /// judge.
    pub async fn companies(&mut self) -> Result<Vec<i64>, Ending> {
        self.read(&Question::Companies, answer::ids).await
    }

    /// The entries of a list, in the ERP's order.
    ///
    /// # Errors
    /// How the run ends. A server that need not tell ([`Ending::Stopped`]) is the caller's to
    /// judge.
    pub async fn names(&mut self, list: NameList) -> Result<Vec<Named>, Ending> {
        let mut all: Vec<Named> = Vec::new();
        for number in 1.. {
            let page = self
                .read(&Question::Names(list, number), naming::page)
                .await?;
            let before = all.len();
            for entry in page.entries {
                if !all.contains(&entry) {
                    all.push(entry);
                }
            }
            // Some servers show the same page always.
            if !page.may_go_on || all.len() == before {
                break;
            }
            if all.len() > naming::ENTRIES_AT_MOST {
                return Err(Ending::Stopped(Stop::CannotRead { status: 200 }));
            }
        }
        Ok(all)
    }

    /// Whether the ERP has a customer that `query` finds and `is_it` knows.
    ///
    /// # Errors
    /// How the run would end: the server refused, or could not be reached for too long.
    pub async fn has(
        &mut self,
        query: &Query,
        is_it: &dyn Fn(&Seen) -> bool,
    ) -> Result<bool, Ending> {
        let mut before = Vec::new();
        for page in 1..=FIND_PAGES_AT_MOST {
            let page = self.page(query, page).await?;
            if page.items.iter().any(is_it) {
                return Ok(true);
            }
            if page.items.is_empty() || page.items == before {
                break;
            }
            before = page.items;
        }
        Ok(false)
    }

    /// One page.
    async fn page(&mut self, query: &Query, number: u32) -> Result<Page, Ending> {
        self.read(&Question::Customers(query, number), answer::page)
            .await
    }

    /// Asks until `sense` makes something of the answer. One that makes no sense is no answer:
    /// it may have been garbled on its way, so the server is asked again, but not for ever.
    async fn read<T>(
        &mut self,
        question: &Question<'_>,
        sense: fn(&[u8]) -> Option<T>,
    ) -> Result<T, Ending> {
        let mut tries = 0;
        loop {
            let answer = self.ask(question).await?;
            let status = answer.status;
            if let Some(told) = answer.body.ok().as_deref().and_then(sense) {
                return Ok(told);
            }
            tries += 1;
            if tries >= READS_AT_MOST {
                return Err(Ending::Stopped(Stop::CannotRead { status }));
            }
            tracing::info!(
                tries,
                "the answer makes no sense; the server is asked again"
            );
            self.rest(backoff::wait(backoff::BASE, tries, fastrand::f64()))
                .await?;
        }
    }

    /// Asks until there is an answer that means something.
    async fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Ending> {
        let mut told = false;
        let answer = self.ask_on(question, &mut told).await;
        if told && answer.is_ok() {
            self.observe(&Observed::Resumed);
            self.tick(None);
        }
        answer
    }

    /// Waits for a server that does not answer, and tells each second when that will be given up;
    /// `patience` is what is left of it.
    async fn wait(&mut self, wait: Duration, patience: Duration) -> Result<(), Ending> {
        let mut waited = Duration::ZERO;
        while waited < wait {
            self.tick(Some(patience.saturating_sub(waited)));
            let step = (wait - waited).min(TICK);
            self.rest(step).await?;
            waited += step;
        }
        Ok(())
    }

    fn tick(&self, gives_up: Option<Duration>) {
        self.observe(&Observed::Tick(Tick {
            traffic: self.traffic,
            allowed: 1,
            in_flight: 0,
            quota: None,
            gives_up,
            waits: None,
        }));
    }

    fn observe(&self, observed: &Observed<'_>) {
        if let Some(tell) = self.tell {
            tell(observed);
        }
    }

    async fn ask_on(&mut self, question: &Question<'_>, told: &mut bool) -> Result<Answer, Ending> {
        let asked = Instant::now();
        let mut tries = 0;
        loop {
            let attempt = self.ask_once(question, told).await?;
            let mut why = PauseWhy::Odd;
            let wish = match attempt {
                Attempt::Answered(answer) => match answer.status {
                    200..=299 if answer.body.is_ok() => return Ok(answer),
                    401 if self.client.is_renewable() && !self.renewed => {
                        self.renewed = true;
                        let client = self.client;
                        self.waiting(client.renew(), told).await?;
                        continue;
                    }
                    429 => {
                        self.traffic.throttled += 1;
                        why = PauseWhy::TooFast;
                        answer.retry_after.or(self.gate.interval())
                    }
                    200..=299 | 408 | 500 | 502..=504 | 520..=599 => answer.retry_after,
                    status => return Err(Ending::Stopped(stop_for(status))),
                },
                Attempt::Unanswered {
                    kind: Trouble::Tls, ..
                } => return Err(Ending::Stopped(Stop::Tls)),
                Attempt::Unanswered { sent, .. } => {
                    if sent == Sent::Never {
                        why = PauseWhy::Unreachable;
                    }
                    None
                }
            };
            tries += 1;
            if asked.elapsed() >= self.max_outage {
                return Err(Ending::Outage);
            }
            let wait = wish.map_or_else(
                || backoff::wait(backoff::BASE, tries, fastrand::f64()),
                |wish| wish.clamp(backoff::BASE, backoff::RETRY_AFTER_CAP),
            );
            tracing::info!(tries, ?wait, "the server is asked again");
            let patience = self.max_outage.saturating_sub(asked.elapsed());
            let wait = wait.min(patience);
            if !*told && asked.elapsed() + wait >= TOLD_AFTER {
                *told = true;
                self.observe(&Observed::Paused(why, None));
            }
            if *told && why != PauseWhy::TooFast {
                self.wait(wait, patience).await?;
            } else {
                self.rest(wait).await?;
            }
        }
    }

    async fn ask_once(
        &mut self,
        question: &Question<'_>,
        told: &mut bool,
    ) -> Result<Attempt, Ending> {
        loop {
            let now = self.started.elapsed();
            let opens = match self.gate.check(now) {
                Ok(()) => match &self.rate {
                    Some(rate) => rate.take(now).err(),
                    None => None,
                },
                Err(Closed::Until(at)) => Some(at),
                // Questions are asked one by one, so no answer is outstanding.
                Err(Closed::UntilAnswer) => None,
            };
            match opens {
                Some(at) => self.rest(at.saturating_sub(now)).await?,
                None => break,
            }
        }
        let ticket = self.gate.start(self.started.elapsed());
        self.traffic.requests += 1;
        self.traffic.lookups += 1;
        let client = self.client;
        let request = async {
            match question {
                Question::Customers(query, page) => client.list(query, *page, PAGE_SIZE).await,
                Question::Companies => client.companies().await,
                Question::Names(list, page) => client.names(*list, *page).await,
            }
        };
        let attempt = self.waiting(request, told).await?;
        let quota = match &attempt {
            Attempt::Answered(answer) => answer.quota,
            Attempt::Unanswered { .. } => None,
        };
        let answered = !matches!(
            attempt,
            Attempt::Unanswered {
                sent: Sent::Never,
                ..
            }
        );
        self.gate
            .end(ticket, self.started.elapsed(), quota, answered);
        Ok(attempt)
    }

    /// What comes of a request, unless somebody stops it meanwhile or its time is up. While it
    /// waits for a token, that is told.
    async fn waiting<T>(
        &self,
        request: impl Future<Output = Result<T, Ending>>,
        told: &mut bool,
    ) -> Result<T, Ending> {
        let mut signal = self.signal.clone();
        tokio::select! {
            done = request => done,
            ending = interrupted(&mut signal) => Err(ending),
            () = time_up(self.deadline) => Err(Ending::TimeUp),
            () = self.tell_of_tokens(told) => Err(Ending::Outage),
        }
    }

    /// Tells while the token server is away, for as long as this is polled.
    async fn tell_of_tokens(&self, told: &mut bool) {
        let mut gives_up = self.client.token_gives_up();
        loop {
            let at = *gives_up.borrow_and_update();
            let Some(at) = at else {
                if gives_up.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                continue;
            };
            if !std::mem::replace(told, true) {
                self.observe(&Observed::Paused(PauseWhy::NoToken, None));
            }
            self.tick(Some(at.saturating_duration_since(Instant::now())));
            if tokio::time::timeout(TICK, gives_up.changed()).await.is_ok() {
                self.tick(None);
            }
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// How the run ends, if somebody stops it meanwhile or its time is up.
    pub async fn rest(&mut self, length: Duration) -> Result<(), Ending> {
        tokio::select! {
            biased;
            ending = interrupted(&mut self.signal) => Err(ending),
            () = time_up(self.deadline) => Err(Ending::TimeUp),
            () = tokio::time::sleep(length) => Ok(()),
        }
    }
}

/// Returns when the run's time is up.
async fn time_up(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Returns when somebody wants the run to stop.
async fn interrupted(signal: &mut watch::Receiver<Signal>) -> Ending {
    loop {
        match *signal.borrow_and_update() {
            Signal::Go => {}
            Signal::Terminate => return Ending::Terminated,
            Signal::Interrupt | Signal::Drop => return Ending::Interrupted,
        }
        if signal.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What a refusal of a question means for the run.
#[must_use]
pub fn stop_for(status: u16) -> Stop {
    match status {
        300..=399 => Stop::Redirect { status },
        401 => Stop::Unauthorized,
        402 => Stop::Licence,
        403 => Stop::CannotRead { status },
        _ => Stop::Address { status },
    }
}
