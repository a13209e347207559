//! A pass over the input on all cores, in the input's order.
//!
//! Reading is sequential, and so is taking in what came out; between them, batches are examined
//! side by side. Whoever is free reads the next batch, unless enough of them lie ready, and then
//! examines the first one that does. So whoever could examine seldom waits for a batch to be read.
//! The thread that called takes the batches in their order, and does what the others do as long
//! as the next one is not there yet: nothing but the caller's own thread runs what may not leave
//! it. Memory is bounded: there are a few batches, used again and again. A caller who is held up
//! (a channel that is full) holds everybody up.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Threads that examine at most: behind them reading is what takes longest.
const THREADS_AT_MOST: usize = 4;
/// Batches for each thread that are read ahead: what several of them lie in is read, and hashed,
/// at once, and nobody is to wait for that.
const AHEAD: usize = 4;
/// Batches beyond those and one for each thread: they lie done while the caller takes another one
/// in.
const SPARE: usize = 2;

/// How many threads a pass uses.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(THREADS_AT_MOST))
}

/// How many batches there are for so many threads.
const fn batches(threads: usize) -> usize {
    threads * (1 + AHEAD) + SPARE
}

/// Goes through batches with so many threads, the caller's included: `read` fills the next one
/// and says whether another may follow it, `examine` works on it, `take` gets them in the order
/// in which they were read, and may end it all.
///
/// An error while reading is `read`'s to put into the batch and `take`'s to return: so all that
/// was read before it is taken before it. With one thread, and as long as a single batch is all
/// there is, no other thread is started.
///
/// # Errors
/// The first one of `take`; nothing is taken behind it.
///
/// # Panics
/// As any of the three does.
pub(super) fn in_order<B, E>(
    threads: usize,
    mut read: impl FnMut(&mut B) -> bool + Send,
    examine: impl Fn(&mut B) + Sync,
    mut take: impl FnMut(&mut B) -> Result<ControlFlow<()>, E>,
) -> Result<(), E>
where
    B: Default + Send,
{
    let mut batch = B::default();
    loop {
        let is_last = !read(&mut batch);
        examine(&mut batch);
        if take(&mut batch)?.is_break() || is_last {
            return Ok(());
        }
        if threads > 1 {
            break;
        }
    }
    let mut free = vec![batch];
    free.resize_with(batches(threads), B::default);
    let shop = Shop {
        ahead: threads * AHEAD,
        supply: Mutex::new(read),
        floor: Mutex::new(Floor::with(free)),
        news: Condvar::new(),
        examine,
    };
    thread::scope(|scope| {
        let closing = Closing(&shop);
        let help = || shop.help();
        // Who is not there does not help, and that is all.
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, help).ok())
            .collect();
        let result = shop.lead(&mut take);
        drop(closing);
        for helper in helpers {
            if let Err(panic) = helper.join() {
                std::panic::resume_unwind(panic);
            }
        }
        result
    })
}

/// Where batches lie while nobody works on them.
struct Floor<B> {
    free: Vec<B>,
    /// Read and not yet examined, with their numbers.
    ready: VecDeque<(u64, B)>,
    /// Examined ones, by their numbers.
    done: BTreeMap<u64, B>,
    /// Batches that were read, or are being read.
    read: u64,
    /// Somebody reads one.
    is_reading: bool,
    /// No batch follows those that were read.
    ended: bool,
    /// Nobody works on any more.
    closed: bool,
    /// How many threads wait for news.
    waiting: usize,
}

/// What there is to be done.
enum Task<B> {
    Read(u64, B),
    Examine(u64, B),
}

impl<B> Floor<B> {
    /// Before anything is read.
    fn with(free: Vec<B>) -> Self {
        Self {
            free,
            ready: VecDeque::new(),
            done: BTreeMap::new(),
            read: 0,
            is_reading: false,
            ended: false,
            closed: false,
            waiting: 0,
        }
    }

    /// What comes next, if there is anything. So many batches are to lie ready.
    fn task(&mut self, ahead: usize) -> Option<Task<B>> {
        if !self.is_reading
            && !self.ended
            && self.ready.len() < ahead
            && let Some(batch) = self.free.pop()
        {
            self.is_reading = true;
            self.read += 1;
            return Some(Task::Read(self.read - 1, batch));
        }
        let (number, batch) = self.ready.pop_front()?;
        Some(Task::Examine(number, batch))
    }

    /// Whether so many batches are all there are.
    fn is_all(&self, count: u64) -> bool {
        self.ended && self.read == count
    }

    /// Whether there is nothing to be done any more, and will not be.
    fn is_through(&self) -> bool {
        self.closed || (self.ended && self.ready.is_empty())
    }
}

struct Shop<B, R, X> {
    /// Batches that are to lie ready.
    ahead: usize,
    /// What batches are read from: one thread at a time does.
    supply: Mutex<R>,
    floor: Mutex<Floor<B>>,
    /// There is something to be done or to be taken, or everything is over.
    news: Condvar,
    examine: X,
}

/// Sends everybody home when the caller's part ends, however that is.
struct Closing<'a, B, R, X>(&'a Shop<B, R, X>);

impl<B, R, X> Drop for Closing<'_, B, R, X> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Sends everybody home when a helper panics.
struct Alarm<'a, B, R, X>(&'a Shop<B, R, X>);

impl<B, R, X> Drop for Alarm<'_, B, R, X> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
        }
    }
}

impl<B, R, X> Shop<B, R, X> {
    fn floor(&self) -> MutexGuard<'_, Floor<B>> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.floor().closed = true;
        self.news.notify_all();
    }

    /// Tells whoever waits that there is news. Nearly always nobody does.
    fn tell(&self, floor: &Floor<B>) {
        if floor.waiting > 0 {
            self.news.notify_all();
        }
    }

    fn wait<'a>(&self, mut floor: MutexGuard<'a, Floor<B>>) -> MutexGuard<'a, Floor<B>> {
        floor.waiting += 1;
        let waited = self.news.wait(floor);
        floor = waited.unwrap_or_else(PoisonError::into_inner);
        floor.waiting -= 1;
        floor
    }
}

impl<B, R, X> Shop<B, R, X>
where
    R: FnMut(&mut B) -> bool,
    X: Fn(&mut B),
{
    /// Takes the batches in their order.
    fn lead<E>(
        &self,
        take: &mut impl FnMut(&mut B) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let mut next = 0;
        let mut floor = self.floor();
        // Closed only by a helper that panicked, which is told when it is waited for.
        while !floor.closed && !floor.is_all(next) {
            if let Some(mut batch) = floor.done.remove(&next) {
                drop(floor);
                next += 1;
                if take(&mut batch)?.is_break() {
                    return Ok(());
                }
                floor = self.floor();
                floor.free.push(batch);
                self.tell(&floor);
            } else if let Some(task) = floor.task(self.ahead) {
                drop(floor);
                self.work(task);
                floor = self.floor();
            } else {
                floor = self.wait(floor);
            }
        }
        Ok(())
    }

    /// Reads and examines as long as there is anything.
    fn help(&self) {
        let _alarm = Alarm(self);
        let mut floor = self.floor();
        while !floor.is_through() {
            if let Some(task) = floor.task(self.ahead) {
                drop(floor);
                self.work(task);
                floor = self.floor();
            } else {
                floor = self.wait(floor);
            }
        }
    }

    /// Reads a batch or examines one, and lays it down.
    fn work(&self, task: Task<B>) {
        let floor = match task {
            Task::Read(number, mut batch) => {
                let mut supply = self.supply.lock().unwrap_or_else(PoisonError::into_inner);
                let is_last = !supply(&mut batch);
                drop(supply);
                let mut floor = self.floor();
                floor.is_reading = false;
                floor.ended = is_last;
                floor.ready.push_back((number, batch));
                floor
            }
            Task::Examine(number, mut batch) => {
                (self.examine)(&mut batch);
                let mut floor = self.floor();
                floor.done.insert(number, batch);
                floor
            }
        };
        self.tell(&floor);
    }
}

#[cfg(test)]
mod tests;
