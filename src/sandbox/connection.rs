//! Connections: accepted, served with hyper, and broken when a fault says so.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::erp::Erp;
use super::wire::{Line, Wire};

/// Accepts connections until the server stops, then waits for those that are open.
pub(super) async fn listen(listener: TcpListener, erp: Arc<Erp>) {
    let mut stopped = pin!(erp.stopped());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&erp)));
                }
                // Out of file descriptors, mostly: they come back when connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, erp: Arc<Erp>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let wire = Arc::new(Wire::default());
    let mut stopped = pin!(erp.stopped());
    let service = service_fn(|request| {
        let (erp, wire) = (Arc::clone(&erp), Arc::clone(&wire));
        async move { erp.serve(request, &wire).await }
    });
    let line = TokioIo::new(Line::new(stream, Arc::clone(&wire)));
    let mut connection = http1::Builder::new().serve_connection(line, service);
    let mut leaving = false;
    loop {
        tokio::select! {
            // In this order an answer is written before its connection hangs up, so that its
            // head does not announce the close.
            biased;
            _ = &mut connection => break,
            () = wire.hang_up.notified(), if !leaving => {}
            () = &mut stopped, if !leaving => {}
        }
        leaving = true;
        Pin::new(&mut connection).graceful_shutdown();
    }
    let stream = connection.into_parts().io.into_inner().into_inner();
    if wire.reset.load(Ordering::Relaxed) {
        // Without lingering the kernel answers with a reset when the socket is dropped.
        let _ = stream.set_zero_linger();
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::testing::{connect, exchange, numbers, raw, with_faults};

    #[tokio::test]
    async fn a_drop_is_an_orderly_close_and_a_reset_is_none() {
        for (fault, commits, resets) in [
            ("commit_drop=1", true, false),
            ("drop=1", false, false),
            ("commit_rst=1", true, true),
            ("rst=1", false, true),
        ] {
            let sandbox = with_faults(fault).await;
            let mut stream = connect(&sandbox).await;
            let read = exchange(&mut stream, &raw("C1")).await;
            if resets {
                assert_eq!(
                    read.unwrap_err().kind(),
                    ErrorKind::ConnectionReset,
                    "{fault}"
                );
            } else {
                assert_eq!(read.unwrap(), "", "{fault}");
            }
            assert_eq!(numbers(&sandbox).len(), usize::from(commits), "{fault}");
            let seen = &sandbox.requests()[0];
            assert_eq!((seen.status, seen.path.as_str()), (None, "/customers"));
            assert_eq!(sandbox.counters().unanswered, 1);
        }
    }

    #[tokio::test]
    async fn a_connection_can_close_unannounced_after_an_answer() {
        let sandbox = with_faults("close=1").await;
        let mut stream = connect(&sandbox).await;
        let read = exchange(&mut stream, &raw("C1")).await.unwrap();
        assert!(read.starts_with("HTTP/1.1 201"), "{read}");
        assert!(read.contains("\"Id\":1001"), "{read}");
        assert!(!read.to_lowercase().contains("connection: close"), "{read}");
    }

    #[tokio::test]
    async fn connections_are_kept_and_pipelined_requests_answered() {
        let sandbox = with_faults("").await;
        let mut stream = connect(&sandbox).await;
        for number in ["C1", "C2"] {
            stream.write_all(&raw(number)).await.unwrap();
        }
        let mut read = String::new();
        while read.matches("}}").count() + read.matches("\"InternalCompanyId\":1}").count() < 2 {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap();
            assert_ne!(count, 0, "{read}");
            read.push_str(&String::from_utf8_lossy(&part[..count]));
        }
        assert_eq!(read.matches("HTTP/1.1 201").count(), 2);
        assert_eq!(numbers(&sandbox), ["C1", "C2"]);
    }

    #[tokio::test]
    async fn half_a_request_is_no_create() {
        let sandbox = with_faults("").await;
        let mut stream = connect(&sandbox).await;
        let bytes = raw("C1");
        stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(sandbox.created(), 0);
    }
}
