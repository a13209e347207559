//! Ctrl-C and SIGTERM become wishes: once, stop in an orderly way; twice, drop everything.

use tokio::sync::watch;

use crate::deliver::driver::Signal;

/// Starts to listen; the receiver tells what is wanted. Where signals cannot be caught, they
/// end the process as usual, and the journal suffices.
pub(super) fn listen() -> watch::Receiver<Signal> {
    let (wish, receiver) = watch::channel(Signal::Go);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    if let Ok(runtime) = runtime {
        std::thread::spawn(move || runtime.block_on(hear(wish)));
    }
    receiver
}

/// Hears every signal, also one that comes at the heels of another.
#[cfg(unix)]
async fn hear(wish: watch::Sender<Signal>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    loop {
        let signal = tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        };
        pass_on(&wish, signal);
    }
}

/// Hears every Ctrl-C.
#[cfg(not(unix))]
async fn hear(wish: watch::Sender<Signal>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        pass_on(&wish, Signal::Interrupt);
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
