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

async fn hear(wish: watch::Sender<Signal>) {
    loop {
        let signal = next().await;
        let again = *wish.borrow() != Signal::Go;
        wish.send_replace(if again { Signal::Drop } else { signal });
        if again {
            return;
        }
    }
}

#[cfg(unix)]
async fn next() -> Signal {
    use tokio::signal::unix::{SignalKind, signal};
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        },
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn next() -> Signal {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Signal::Interrupt,
        Err(_) => std::future::pending().await,
    }
}
