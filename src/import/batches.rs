//! A pass over the input on all cores, in the input's order.
//!
//! Reading is sequential, and so is taking in what came out; between them, batches are examined
//! side by side. Whoever is free reads the next batch, examines it and lays it down; the thread
//! that called takes the batches in their order, and examines one itself as long as the next one
//! is not there yet. So nobody waits for work that is there, nothing but the caller's own thread
//! runs what may not leave it, and memory is bounded: there are a few batches, used again and
//! again. A caller who is held up (a channel that is full) holds everybody up.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Threads that examine at most: behind them reading is what takes longest.
const THREADS_AT_MOST: usize = 4;
/// Batches beyond one for each thread: they lie ready while the caller takes another one in.
const SPARE: usize = 2;

/// How many threads a pass uses.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(THREADS_AT_MOST))
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
    free.resize_with(threads + SPARE, B::default);
    let shop = Shop {
        supply: Mutex::new(Supply {
            read,
            count: 0,
            ended: false,
        }),
        floor: Mutex::new(Floor {
            free,
            done: BTreeMap::new(),
            count: None,
            closed: false,
        }),
        ready: Condvar::new(),
        room: Condvar::new(),
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

/// What batches are read from.
struct Supply<R> {
    read: R,
    /// Batches that were read.
    count: u64,
    ended: bool,
}

/// Where batches lie while nobody works on them.
struct Floor<B> {
    free: Vec<B>,
    /// Examined ones, by their number.
    done: BTreeMap<u64, B>,
    /// How many batches there are in all, once that is known.
    count: Option<u64>,
    /// Nobody works on any more.
    closed: bool,
}

struct Shop<B, R, X> {
    supply: Mutex<Supply<R>>,
    floor: Mutex<Floor<B>>,
    /// A batch was examined, or everything is over.
    ready: Condvar,
    /// A batch is free, or everything is over.
    room: Condvar,
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
        self.ready.notify_all();
        self.room.notify_all();
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
        while !floor.closed && floor.count != Some(next) {
            if let Some(mut batch) = floor.done.remove(&next) {
                drop(floor);
                next += 1;
                if take(&mut batch)?.is_break() {
                    return Ok(());
                }
                floor = self.floor();
                floor.free.push(batch);
                self.room.notify_one();
            } else if let (None, Some(batch)) = (floor.count, floor.free.pop()) {
                drop(floor);
                self.work(batch);
                floor = self.floor();
            } else {
                let waited = self.ready.wait(floor);
                floor = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
        Ok(())
    }

    /// Reads and examines as long as there is anything.
    fn help(&self) {
        let _alarm = Alarm(self);
        let mut floor = self.floor();
        while !floor.closed && floor.count.is_none() {
            if let Some(batch) = floor.free.pop() {
                drop(floor);
                self.work(batch);
                floor = self.floor();
            } else {
                let waited = self.room.wait(floor);
                floor = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Reads the next batch into `batch`, examines it and lays it down.
    fn work(&self, mut batch: B) {
        let mut supply = self.supply.lock().unwrap_or_else(PoisonError::into_inner);
        if supply.ended {
            return;
        }
        let is_last = !(supply.read)(&mut batch);
        let number = supply.count;
        supply.count += 1;
        supply.ended = is_last;
        drop(supply);
        if is_last {
            self.floor().count = Some(number + 1);
            self.room.notify_all();
        }
        (self.examine)(&mut batch);
        self.floor().done.insert(number, batch);
        self.ready.notify_one();
    }
}

#[cfg(test)]
mod tests;
