//! One connection's bytes on their way out: passed on, cut off at a byte, or slowed down.
//!
//! Knows nothing of requests. What is to happen to the answer that is about to be written is
//! told through [`Wire`] by whoever has decided on that answer.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Sleep;

/// What a request may do to the connection that it came on.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Closes it after the answer that is being written, without announcing so.
    pub(super) hang_up: Notify,
    /// Breaks it with a reset instead of an orderly close.
    pub(super) reset: AtomicBool,
    sabotage: Mutex<Option<Sabotage>>,
    is_deaf: AtomicBool,
}

impl Wire {
    /// Spoils the bytes of the answer that is written next.
    pub(super) fn sabotage(&self, sabotage: Sabotage) {
        match sabotage {
            Sabotage::CloseOnNext => self.is_deaf.store(true, Ordering::Relaxed),
            other => {
                let mut slot = self.sabotage.lock().unwrap_or_else(PoisonError::into_inner);
                *slot = Some(other);
            }
        }
    }

    fn take(&self) -> Option<Sabotage> {
        let mut slot = self.sabotage.lock();
        slot.as_mut()
            .map_or_else(|poisoned| poisoned.get_mut().take(), |slot| slot.take())
    }
}

/// What happens to the bytes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    /// They end after any byte but the last; the number decides after which.
    Cut(u64),
    /// Status line and headers take so long to arrive.
    SlowHead(Duration),
    /// They arrive; but the connection closes once the next request does, which is not read.
    CloseOnNext,
}

/// An answer that is held back.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    sabotage: Sabotage,
    sent: usize,
    /// Time between two bytes, and the pause that is running.
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Held {
    fn new(sabotage: Sabotage) -> Self {
        Self {
            bytes: Vec::new(),
            sabotage,
            sent: 0,
            pause: None,
        }
    }

    /// After how many bytes it ends.
    fn end(&self) -> usize {
        match self.sabotage {
            Sabotage::Cut(luck) => {
                let places = u64::try_from(self.bytes.len().saturating_sub(1)).unwrap_or(1);
                usize::try_from(1 + luck % places.max(1)).unwrap_or(usize::MAX)
            }
            _ => self.bytes.len(),
        }
        .min(self.bytes.len())
    }

    /// How many bytes status line and headers have, if they are to be slow.
    fn slow_until(&self) -> usize {
        let Sabotage::SlowHead(_) = self.sabotage else {
            return 0;
        };
        let blank_line = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        blank_line.map_or(self.bytes.len(), |at| at + 4)
    }

    /// Waits until the next byte is due.
    fn poll_due(&mut self, head: usize, context: &mut Context<'_>) -> Poll<()> {
        let Sabotage::SlowHead(time) = self.sabotage else {
            return Poll::Ready(());
        };
        let (pause, sleep) = self.pause.get_or_insert_with(|| {
            let bytes = u32::try_from(head).unwrap_or(u32::MAX).max(1);
            let pause = (time / bytes).max(Duration::from_millis(1));
            (pause, Box::pin(tokio::time::sleep(pause)))
        });
        ready!(sleep.as_mut().poll(context));
        sleep.set(tokio::time::sleep(*pause));
        Poll::Ready(())
    }

    /// Writes what is held; true: the connection is to end then.
    fn poll_send(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        let (end, head) = (self.end(), self.slow_until());
        while self.sent < end {
            let next = if self.sent < head {
                ready!(self.poll_due(head, context));
                self.sent + 1
            } else {
                end
            };
            let part = self.bytes.get(self.sent..next).unwrap_or(&[]);
            let count = ready!(Pin::new(&mut *stream).poll_write(context, part))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += count;
        }
        Poll::Ready(Ok(matches!(self.sabotage, Sabotage::Cut(_))))
    }
}

/// A connection whose answers can be spoiled.
#[derive(Debug)]
pub(super) struct Line {
    stream: TcpStream,
    wire: Arc<Wire>,
    held: Option<Held>,
}

impl Line {
    /// The connection as it is, until the wire says otherwise.
    pub(super) fn new(stream: TcpStream, wire: Arc<Wire>) -> Self {
        Self {
            stream,
            wire,
            held: None,
        }
    }

    /// The connection itself.
    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.wire.is_deaf.load(Ordering::Relaxed) {
            // The next request is there, or the client has left: either way this is the end.
            // What lies unread makes the kernel answer with a reset.
            let mut one = [0; 1];
            ready!(
                self.stream
                    .poll_peek(context, &mut ReadBuf::new(&mut one))?
            );
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.held.is_none() {
            self.held = self.wire.take().map(Held::new);
        }
        match &mut self.held {
            Some(held) => {
                held.bytes.extend_from_slice(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(held) = &mut this.held {
            let is_end = ready!(held.poll_send(&mut this.stream, context))?;
            this.held = None;
            if is_end {
                ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        }
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokio::io::AsyncWriteExt as _;

    use super::super::testing::{connect, exchange, numbers, raw, with_faults};
    use super::super::{Faults, SandboxSettings, testing};

    #[tokio::test]
    async fn an_answer_ends_at_any_byte() {
        let whole = {
            let sandbox = with_faults("close=1").await;
            let mut stream = connect(&sandbox).await;
            exchange(&mut stream, &raw("C100")).await.unwrap()
        };
        let body = whole.find("\r\n\r\n").unwrap() + 4;
        let status_line = whole.find("\r\n").unwrap() + 2;
        let mut lengths = BTreeSet::new();
        let mut replay = Vec::new();
        for seed in [1, 1, 2] {
            let sandbox = testing::sandbox(SandboxSettings {
                seed,
                faults: Faults::parse("cut_anywhere=1").unwrap(),
                ..SandboxSettings::default()
            })
            .await;
            let mut own = Vec::new();
            for n in 0..120 {
                let mut stream = connect(&sandbox).await;
                let bytes = raw(&format!("C{}", 100 + n));
                own.push(exchange(&mut stream, &bytes).await.unwrap().len());
            }
            assert_eq!(sandbox.created(), 120);
            lengths.extend(own.iter().copied());
            replay.push(own);
        }
        assert_eq!(replay[0], replay[1], "the same seed, the same bytes");
        assert_ne!(replay[0], replay[2]);
        let within = |from: usize, to: usize| lengths.range(from..to).count() > 0;
        assert!(within(1, status_line) && within(status_line, body) && within(body, whole.len()));
        assert!(lengths.range(..1).count() == 0 && lengths.range(whole.len()..).count() == 0);
    }

    #[tokio::test]
    async fn headers_arrive_slowly_and_whole() {
        let sandbox = with_faults("slow_headers=1,hang_for=150ms").await;
        let start = std::time::Instant::now();
        let answer = testing::post(&sandbox, "C1").await.unwrap();
        assert!(start.elapsed() >= std::time::Duration::from_millis(100));
        assert_eq!((answer.status, &answer.json()["Id"]), (201, &1001.into()));
    }

    #[tokio::test]
    async fn a_client_gives_up_on_slow_headers() {
        let sandbox = with_faults("slow_headers=1,hang_for=1h").await;
        let limit = std::time::Duration::from_millis(50);
        let request = testing::create(&testing::client(), &sandbox, &testing::body("C1"));
        let error = testing::send(request.timeout(limit)).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(numbers(&sandbox), ["C1"]);
    }

    #[tokio::test]
    async fn a_connection_closes_when_the_next_request_arrives() {
        let sandbox = with_faults("close_next=1").await;
        let mut stream = connect(&sandbox).await;
        stream.write_all(&raw("C1")).await.unwrap();
        let answered = testing::read_answer(&mut stream).await;
        assert!(answered.starts_with("HTTP/1.1 201"), "{answered}");
        assert!(!answered.to_lowercase().contains("connection: close"));
        // It is still open: a request can be written, and meets the close.
        let read = exchange(&mut stream, &raw("C2")).await;
        assert_eq!(read.unwrap_or_default(), "");
        let counters = sandbox.counters();
        assert_eq!((counters.posts, counters.created), (1, 1));
    }
}
