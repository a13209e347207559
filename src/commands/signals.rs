//! Ctrl-C, SIGTERM and SIGHUP become wishes: once, stop in an orderly way; twice, drop everything.
//! SIGXFSZ, which says that a file met `ulimit -f`, becomes an error of the write.

use tokio::sync::{oneshot, watch};

use crate::deliver::driver::Signal;
use crate::import::runtime_here;

/// Starts to listen; the receiver tells what is wanted. Signals are caught from the moment that
/// this returns. Where they cannot be caught, they end the process as usual, and the journal
/// suffices.
pub(super) fn listen() -> watch::Receiver<Signal> {
    let (wish, receiver) = watch::channel(Signal::Go);
    let (opened, is_opened) = std::sync::mpsc::sync_channel(1);
    // The thread comes first: without one no signal must be caught that nobody hears.
    let listening = std::thread::Builder::new().spawn(move || {
        if let Ok(runtime) = runtime_here() {
            let ears = {
                let _inside = runtime.enter();
                Ears::open()
            };
            let _ = opened.send(());
            if let Ok(ears) = ears {
                runtime.block_on(ears.hear(wish));
            }
        }
    });
    if listening.is_ok() {
        let _ = is_opened.recv();
    }
    receiver
}

/// What `work` comes to, or nothing as soon as somebody wants to stop. Nothing ends a read of a
/// terminal or a pipe, so it has a thread of its own, for which nobody waits then.
pub(super) fn unless_stopped<T: Send + 'static>(
    signal: &watch::Receiver<Signal>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let mut wish = signal.clone();
    let waiting = std::thread::Builder::new().spawn(move || {
        let (tell, told) = oneshot::channel();
        let working = std::thread::Builder::new().spawn(move || tell.send(work()));
        match (working, runtime_here()) {
            (Err(_), _) => None,
            (Ok(_), Err(_)) => told.blocking_recv().ok(),
            (Ok(_), Ok(runtime)) => runtime.block_on(async {
                tokio::select! {
                    told = told => told.ok(),
                    Ok(_) = wish.wait_for(|wish| *wish != Signal::Go) => None,
                }
            }),
        }
    });
    waiting.ok()?.join().ok()?
}

/// Makes a write beyond `ulimit -f` fail like one on a full disk. The signal that announces it
/// would end the process without a word; once it is caught, the write itself says `EFBIG`.
/// Where it cannot be caught it ends the process, and the journal suffices.
#[cfg(unix)]
pub(super) fn outlive_file_size_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    /// The number of SIGXFSZ on Linux, macOS and the BSDs alike.
    const SIGXFSZ: i32 = 25;
    if let Ok(runtime) = runtime_here() {
        let _inside = runtime.enter();
        // Whoever listens is not needed: the handler stays for as long as the process lives.
        drop(signal(SignalKind::from_raw(SIGXFSZ)));
    }
}

/// There is no such signal.
#[cfg(not(unix))]
pub(super) fn outlive_file_size_limit() {}

/// Hears every signal, also one that comes at the heels of another.
#[cfg(unix)]
struct Ears {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone, unless whoever started this (`nohup`) does not mind.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Ears {
    fn open() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: match minds_hang_up() {
                true => Some(signal(SignalKind::hangup())?),
                false => None,
            },
        })
    }

    async fn hear(mut self, wish: watch::Sender<Signal>) {
        loop {
            let signal = tokio::select! {
                _ = self.interrupt.recv() => Signal::Interrupt,
                _ = self.terminate.recv() => Signal::Terminate,
                () = hung_up(self.hang_up.as_mut()) => Signal::Terminate,
            };
            pass_on(&wish, signal);
        }
    }
}

#[cfg(unix)]
async fn hung_up(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP is known to end the process. To listen to one that is ignored would be to mind
/// it; where nobody tells whether it is, it is left as it is, and the journal suffices.
#[cfg(unix)]
fn minds_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    // The lowest bit is the signal 1, which is this one.
    ignored.is_some_and(|bits| u64::from_str_radix(bits.trim(), 16).is_ok_and(|it| it & 1 == 0))
}

/// Hears every Ctrl-C.
#[cfg(windows)]
struct Ears(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Ears {
    fn open() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn hear(mut self, wish: watch::Sender<Signal>) {
        while self.0.recv().await.is_some() {
            pass_on(&wish, Signal::Interrupt);
        }
    }
}

fn pass_on(wish: &watch::Sender<Signal>, signal: Signal) {
    wish.send_modify(|wish| {
        *wish = if *wish == Signal::Go {
            signal
        } else {
            Signal::Drop
        };
    });
}
