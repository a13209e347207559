use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;

const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 8\r\n\r\n{\"Id\":1}";
const LIMIT: Duration = Duration::from_secs(20);

/// Connections to a server on a port that the system chose.
async fn pair() -> (TcpListener, Direct) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let direct = Direct::new(&Url::parse(&url).unwrap(), true, LIMIT).unwrap();
    (listener, direct)
}

async fn post(direct: &Direct, body: &[u8], limit: Duration) -> Result<Answered, Failed> {
    let token = HeaderValue::from_static("Bearer t");
    let request = Request {
        method: "POST",
        target: "/customers?a=b",
        headers: b"host: h\r\n",
        token: Some(&token),
        body: Some(body),
    };
    direct.send(&request, Instant::now() + limit).await
}

/// Reads a request whose body is `{}`, and gives it back.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"{}") {
        assert_ne!(stream.read_buf(&mut text).await.unwrap(), 0);
    }
    String::from_utf8(text).unwrap()
}

fn is_created(answered: &Result<Answered, Failed>) -> bool {
    matches!(answered, Ok((201, _, Ok(body))) if body == b"{\"Id\":1}")
}

#[tokio::test]
async fn one_connection_carries_one_request_after_the_other() {
    let (listener, direct) = pair().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            assert_eq!(
                read_request(&mut stream).await,
                "POST /customers?a=b HTTP/1.1\r\nhost: h\r\nauthorization: Bearer t\r\n\
                 content-length: 2\r\n\r\n{}"
            );
            stream.write_all(CREATED.as_bytes()).await.unwrap();
        }
    };
    let send = async {
        for _ in 0..3 {
            assert!(is_created(&post(&direct, b"{}", LIMIT).await));
        }
    };
    tokio::join!(serve, send);
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_or_spoken_on_is_not_used_again() {
    for more in ["", "HTTP/1.1 408 Request Timeout\r\n\r\n"] {
        let (listener, direct) = pair().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(CREATED.as_bytes()).await.unwrap();
            stream
        };
        let (mut stream, first) = tokio::join!(serve, post(&direct, b"{}", LIMIT));
        assert!(is_created(&first));
        stream.write_all(more.as_bytes()).await.unwrap();
        drop(stream);
        // What the server did has arrived.
        let kept = direct.idle().pop_back().unwrap();
        kept.stream.readable().await.unwrap();
        direct.idle().push_back(kept);
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(CREATED.as_bytes()).await.unwrap();
        };
        let ((), second) = tokio::join!(serve, post(&direct, b"{}", LIMIT));
        assert!(is_created(&second));
    }
}

#[tokio::test]
async fn an_answer_before_the_whole_request_was_taken_counts() {
    let (listener, direct) = pair().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let refusal = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(refusal.as_bytes()).await.unwrap();
        stream
    };
    // More than a system takes at once from somebody whom nobody reads.
    let body = vec![b' '; 64 << 20];
    let (stream, answered) = tokio::join!(serve, post(&direct, &body, LIMIT));
    assert!(matches!(answered, Ok((413, _, Ok(body))) if body == b"{}"));
    assert!(
        direct.idle().is_empty(),
        "the rest of a request is no request"
    );
    drop(stream);
}

#[tokio::test]
async fn what_is_missing_when_the_time_is_up_is_told() {
    let head = CREATED.get(..50).unwrap();
    for (said, head_came) in [("", false), ("HTTP/1.1 201 Cr", false), (head, true)] {
        let (listener, direct) = pair().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(said.as_bytes()).await.unwrap();
            stream
        };
        let limit = Duration::from_millis(200);
        let (_stream, answered) = tokio::join!(serve, post(&direct, b"{}", limit));
        match answered {
            Ok((201, _, Err(Trouble::Timeout))) => assert!(head_came),
            Err((Trouble::Timeout, Sent::Maybe)) => assert!(!head_came),
            other => panic!("{said}: {other:?}"),
        }
        assert!(direct.idle().is_empty());
    }
}

#[tokio::test]
async fn who_cannot_be_reached_was_sent_nothing() {
    let (listener, direct) = pair().await;
    drop(listener);
    let answered = post(&direct, b"{}", LIMIT).await;
    assert!(matches!(answered, Err((Trouble::Connect, Sent::Never))));
}

#[tokio::test(start_paused = true)]
async fn a_kept_timer_goes_off_for_the_request_at_hand() {
    let second = Duration::from_secs(1);
    let mut timer = Box::pin(sleep_until(Instant::now()));
    // Later, sooner and as late as it was set for the request before, which it outlived.
    for length in [60, 60, 5, 90, 90] {
        let begun = Instant::now();
        let early = timeout(second, wait(timer.as_mut(), begun + second * length)).await;
        assert!(early.is_err(), "{length}");
        assert_eq!(begun.elapsed(), second);
    }
    for length in [3, 30, 1] {
        let begun = Instant::now();
        wait(timer.as_mut(), begun + second * length).await;
        let late = begun.elapsed() - second * length;
        // The timers of this runtime go by the millisecond.
        assert!(late <= Duration::from_millis(1), "{length}: {late:?}");
    }
}
