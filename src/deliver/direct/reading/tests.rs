use proptest::prelude::*;

use super::*;

/// What is read of an answer when its bytes come in pieces of at most `piece`.
#[derive(Debug, PartialEq)]
struct Read {
    status: Option<u16>,
    body: Vec<u8>,
    keeps: bool,
    /// Bytes behind the answer.
    behind: usize,
    /// Whether it needed the end of the connection, or what is wrong.
    end: Result<bool, Trouble>,
}

fn read(bytes: &[u8], piece: usize) -> Read {
    let mut reading = Reading::default();
    let mut come = Vec::new();
    let mut pieces = bytes.chunks(piece);
    let end = loop {
        let Some(piece) = pieces.next() else {
            break reading.end().map(|()| true);
        };
        come.extend_from_slice(piece);
        match reading.take(&mut come) {
            Ok(true) => break Ok(false),
            Ok(false) => {}
            Err(trouble) => break Err(trouble),
        }
    };
    let behind = come.len() + pieces.map(<[u8]>::len).sum::<usize>();
    let (head, body) = reading.into_parts();
    Read {
        status: head.as_ref().map(|head| head.status),
        keeps: head.is_some_and(|head| head.keeps) && end == Ok(false),
        body,
        behind,
        end,
    }
}

/// The same, however the bytes come.
#[track_caller]
fn read_in_pieces(text: &str) -> Read {
    let whole = read(text.as_bytes(), text.len());
    for piece in 1..text.len().min(40) {
        let mut cut = read(text.as_bytes(), piece);
        if cut.end.is_err() {
            // Behind what is wrong nothing is looked at.
            cut.behind = whole.behind;
        }
        assert_eq!(cut, whole, "in pieces of {piece}: {text}");
    }
    whole
}

#[test]
fn an_answer_ends_where_it_says() {
    let plain = "HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"Id\":1}";
    let chunked = "HTTP/1.1 201 Created\r\ntransfer-encoding: Chunked\r\n\r\n\
                   3;x=\"y\"\r\n{\"I\r\n5\r\nd\":1}\r\n0\r\nX-Sum: 1\r\n\r\n";
    let listed = "HTTP/1.1 201 \r\nContent-Length: 8, 8\r\ncontent-length:8\r\n\r\n{\"Id\":1}";
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n\
                 HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"Id\":1}";
    for text in [plain, chunked, listed, early] {
        let expected = |behind| Read {
            status: Some(201),
            body: b"{\"Id\":1}".to_vec(),
            keeps: true,
            behind,
            end: Ok(false),
        };
        assert_eq!(read_in_pieces(text), expected(0), "{text}");
        let followed = format!("{text}HTTP/1.1 408");
        assert_eq!(read_in_pieces(&followed), expected(12), "{text}");
    }
    let until_end = "HTTP/1.1 200 OK\r\n\r\n{\"Id\":1}";
    let coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n{\"Id\":1}";
    for text in [until_end, coded] {
        let found = read_in_pieces(text);
        assert_eq!(
            (found.body.as_slice(), found.end),
            (&b"{\"Id\":1}"[..], Ok(true))
        );
        assert!(!found.keeps);
    }
    for status in [204, 304] {
        let found = read_in_pieces(&format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\n"));
        assert_eq!((found.keeps, found.end), (true, Ok(false)), "{status}");
    }
}

#[test]
fn a_connection_is_kept_only_without_doubt() {
    for (line, headers, keeps) in [
        ("HTTP/1.1", "", true),
        ("HTTP/1.1", "Connection: Close\r\n", false),
        ("HTTP/1.1", "connection: x,  close\r\n", false),
        ("HTTP/1.1", "connection: closed\r\n", true),
        ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", true),
        ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let text = format!("{line} 201 Created\r\n{headers}Content-Length: 2\r\n\r\n{{}}");
        assert_eq!(read_in_pieces(&text).keeps, keeps, "{text}");
    }
    // Two ways to tell the length: somebody on the way may have believed the other one.
    let both = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
                2\r\n{}\r\n0\r\n\r\n";
    let found = read_in_pieces(both);
    assert_eq!((found.body.as_slice(), found.keeps), (&b"{}"[..], false));
}

#[test]
fn what_is_no_answer_is_none() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
    let long = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(HEAD_AT_MOST));
    for text in [
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{16}\u{3}\u{1}",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2",
        &many,
        &long,
    ] {
        let found = read(text.as_bytes(), 1_000);
        let what: String = text.chars().take(80).collect();
        assert_eq!(
            (found.status, found.end),
            (None, Err(Trouble::Broken)),
            "{what}"
        );
    }
}

#[test]
fn a_body_that_is_cut_or_too_long_is_told_as_that() {
    let head = "HTTP/1.1 201 Created\r\n";
    for rest in [
        "Content-Length: 9\r\n\r\n{\"Id\":1}",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"Id\":1}",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"Id\":1}\r\n",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"Id\":1}\r\n0\r\n",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"Id\":1}0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n8 8\r\n{\"Id\":1}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-8\r\n{\"Id\":1}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{\"Id\":1}",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"Id\":1}\r\n0\r\nno colon\r\n\r\n",
    ] {
        let found = read_in_pieces(&format!("{head}{rest}"));
        assert_eq!(found.status, Some(201), "{rest}");
        assert_eq!(found.end, Err(Trouble::Broken), "{rest}");
    }
    let body = "x".repeat(BODY_AT_MOST);
    let length = body.len();
    for (text, end) in [
        (format!("Content-Length: {length}\r\n\r\n{body}"), Ok(false)),
        (format!("\r\n{body}"), Ok(true)),
        (format!("\r\n{body}x"), Err(Trouble::TooLong)),
        (
            format!("Content-Length: {}\r\n\r\n{body}x", length + 1),
            Err(Trouble::TooLong),
        ),
        (
            format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n1\r\nx"),
            Err(Trouble::TooLong),
        ),
    ] {
        let found = read(format!("{head}{text}").as_bytes(), 10_000);
        assert_eq!(found.end, end);
        assert!(found.body.len() <= BODY_AT_MOST);
    }
    let endless = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n1;{}",
        "x".repeat(HEAD_AT_MOST)
    );
    assert_eq!(read(endless.as_bytes(), 10_000).end, Err(Trouble::Broken));
}

#[test]
fn headers_about_pace_come_through() {
    let text = "HTTP/1.1 429 Too Many Requests\r\ndate: Tue, 24 Nov 2026 10:00:00 GMT\r\n\
                Retry-After: 7\r\nX-RateLimit-Limit: 10\r\ncontent-length: 0\r\n\r\n";
    let mut reading = Reading::default();
    assert_eq!(reading.take(&mut text.as_bytes().to_vec()), Ok(true));
    let (head, _) = reading.into_parts();
    let headers = head.unwrap().headers;
    for name in ["date", "retry-after", "x-ratelimit-limit"] {
        assert!(headers.contains_key(name), "{name}");
    }
}

proptest! {
    #[test]
    fn nothing_breaks_the_reader(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in prop::sample::select(vec![
            "", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        ]),
        piece in 1_usize..50,
    ) {
        let text = [start.as_bytes(), &bytes].concat();
        let found = read(&text, piece);
        let whole = read(&text, text.len().max(1));
        prop_assert_eq!(found.status, whole.status);
        prop_assert_eq!(found.end, whole.end);
        if whole.end.is_ok() {
            prop_assert_eq!(found, whole);
        }
    }
}
