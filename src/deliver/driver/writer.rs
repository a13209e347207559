//! The ledger's thread. What is there for it gathers while it commits, and it takes that itself as
//! soon as it is free: it does not wait until the loop has heard of the last batch, which has
//! answers to read and requests to send meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

use super::{Ledger, LedgerError, Line};
use crate::deliver::engine::JobId;

/// Batches that may be committed before the loop hears of the first of them.
const UNHEARD: usize = 8;

/// Lines to be kept together.
#[derive(Default)]
pub(super) struct Batch {
    pub lines: Vec<Line>,
    /// The jobs whose intents are among them.
    pub intents: Vec<JobId>,
}

/// What became of a batch.
pub(super) struct Committed {
    /// How many lines it had.
    pub lines: usize,
    /// The jobs whose intents are durable now.
    pub intents: Vec<JobId>,
    pub result: Result<(), LedgerError>,
}

/// The loop's end of it. When it is dropped, the thread keeps what it has got, and ends.
pub(super) struct Writer {
    gathering: Gathering,
    call: mpsc::Sender<()>,
}

impl Writer {
    /// Starts the thread: what becomes of its batches, and the ledger at its end.
    pub(super) fn start<L: Ledger>(ledger: L) -> (Self, mpsc::Receiver<Committed>, JoinHandle<L>) {
        let (call, calls) = mpsc::channel(1);
        let (acks, committed) = mpsc::channel(UNHEARD);
        let gathering = Gathering::default();
        let writer = Self {
            gathering: gathering.clone(),
            call,
        };
        let thread =
            tokio::task::spawn_blocking(move || keep_batches(ledger, &gathering, calls, &acks));
        (writer, committed, thread)
    }

    /// Gives the ledger what is in the batch, which is empty then. False if its thread has ended.
    pub(super) fn hand_over(&self, batch: &mut Batch) -> bool {
        {
            let mut gathered = self.gathering.batch();
            if gathered.lines.is_empty() {
                std::mem::swap(&mut *gathered, batch);
            } else {
                gathered.lines.append(&mut batch.lines);
                gathered.intents.append(&mut batch.intents);
            }
        }
        // One call that waits is enough.
        !matches!(self.call.try_send(()), Err(TrySendError::Closed(())))
    }
}

/// What the thread has not taken yet. No more than the engine lets gather: a few lines for each
/// record that is under way.
#[derive(Clone, Default)]
struct Gathering(Arc<Mutex<Batch>>);

impl Gathering {
    /// A batch is whole between any two calls, also behind a panic.
    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Batch {
        std::mem::take(&mut self.batch())
    }
}

/// Keeps batch after batch, up to the first that the ledger cannot keep.
fn keep_batches<L: Ledger>(
    mut ledger: L,
    gathering: &Gathering,
    mut calls: mpsc::Receiver<()>,
    acks: &mpsc::Sender<Committed>,
) -> L {
    while calls.blocking_recv().is_some() {
        let Batch { lines, intents } = gathering.take();
        if lines.is_empty() {
            // The batch before had them: their call came while it was taken.
            continue;
        }
        let result = ledger.commit(&lines);
        let has_failed = result.is_err();
        let committed = Committed {
            lines: lines.len(),
            intents,
            result,
        };
        if acks.blocking_send(committed).is_err() || has_failed {
            break;
        }
    }
    ledger
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use super::*;
    use crate::outcome::{PayloadHash, Submission, both};
    use crate::record::Position;

    /// Says how many lines it is asked to keep, and does so when it is told to.
    struct Slow {
        asked: std_mpsc::SyncSender<usize>,
        told: std_mpsc::Receiver<Told>,
    }

    impl Ledger for Slow {
        fn commit(&mut self, lines: &[Line]) -> Result<(), LedgerError> {
            self.asked.send(lines.len()).unwrap();
            self.told.recv().unwrap()
        }
    }

    type Told = Result<(), LedgerError>;

    /// Such a ledger, what it is asked, and how it is told.
    fn slow() -> (Slow, std_mpsc::Receiver<usize>, std_mpsc::SyncSender<Told>) {
        let (asked, heard) = std_mpsc::sync_channel(8);
        let (tell, told) = std_mpsc::sync_channel(8);
        (Slow { asked, told }, heard, tell)
    }

    fn lines(count: u64) -> Batch {
        let submission = |record| Submission {
            position: Position { record, line: 1 },
            key: None,
            key_hash: None,
            payload: PayloadHash::default(),
            body: Arc::from(&b"{}"[..]),
        };
        let void = |record| Line::Void {
            run: Arc::from("r"),
            submission: Arc::new(submission(record)),
        };
        Batch {
            lines: (0..count).map(void).collect(),
            intents: Vec::new(),
        }
    }

    #[test]
    fn it_takes_what_gathered_without_waiting_to_be_heard() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let _guard = runtime.enter();
        let (slow, heard, tell) = slow();
        let (writer, mut committed, thread) = Writer::start(slow);
        assert!(writer.hand_over(&mut lines(1)));
        assert_eq!(heard.recv().unwrap(), 1);
        for count in [2, 3] {
            let mut batch = lines(count);
            assert!(writer.hand_over(&mut batch));
            assert!(batch.lines.is_empty());
        }
        tell.send(Ok(())).unwrap();
        assert_eq!(heard.recv().unwrap(), 5, "all that gathered, at once");
        tell.send(Ok(())).unwrap();
        // What is there is kept although nobody comes again.
        assert!(writer.hand_over(&mut lines(1)));
        drop(writer);
        assert_eq!(heard.recv().unwrap(), 1);
        tell.send(Ok(())).unwrap();
        let told: Vec<usize> = std::iter::from_fn(|| committed.blocking_recv())
            .map(|batch| batch.lines)
            .collect();
        assert_eq!(told, [1, 5, 1]);
        runtime.block_on(thread).unwrap();
    }

    #[test]
    fn nothing_is_kept_behind_what_could_not_be_kept() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let _guard = runtime.enter();
        let (slow, heard, tell) = slow();
        let (writer, mut committed, thread) = Writer::start(slow);
        assert!(writer.hand_over(&mut lines(1)));
        assert_eq!(heard.recv().unwrap(), 1);
        assert!(writer.hand_over(&mut lines(2)));
        tell.send(Err(LedgerError(both!("full", "voll")))).unwrap();
        let ledger = runtime.block_on(thread).unwrap();
        assert!(committed.blocking_recv().unwrap().result.is_err());
        assert!(committed.blocking_recv().is_none());
        drop(ledger);
        assert_eq!(heard.try_iter().count(), 0, "the second one was not tried");
        assert!(!writer.hand_over(&mut lines(1)));
    }
}
