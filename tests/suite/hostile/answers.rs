//! Answers that no server should give. Each is judged as it must be, nobody is sent twice who
//! was created, and memory stays what it was.

use std::collections::HashMap;
use std::sync::Mutex;

use super::rogue::{Answer, Asked, Rogue, answer, commit};
use super::{assert_once, assert_orderly, importer};
use crate::customers::Customers;
use crate::support::{Importer, Run};

/// Runs the program; on Linux with so little address space that nothing large fits in.
fn run(importer: &mut Importer) -> Run {
    #[cfg(target_os = "linux")]
    importer.shell("ulimit -v 1500000; exec \"$@\"");
    let run = importer.run();
    assert_orderly(&run);
    run
}

/// JSON that no stack should be used up for.
fn deep() -> String {
    format!("{{\"Id\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000))
}

/// Bodies that cannot be read, or hardly.
fn odd_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies: Vec<(&'static str, Vec<u8>)> = [
        ("nothing", ""),
        (
            "a captive portal",
            "<html><body>Please log in</body></html>",
        ),
        (
            "numbers without end",
            r#"{"Id":1e999,"TotalItems":1e999,"Items":7}"#,
        ),
        (
            "half a surrogate",
            r#"{"Id":1,"Number":"\ud800","Items":"\udfff"}"#,
        ),
        ("a list of lists", "[[[[]]]]"),
        ("a cut object", r#"{"Id":1,"Num"#),
        ("only a string", "\"created\""),
    ]
    .into_iter()
    .map(|(what, text)| (what, text.as_bytes().to_vec()))
    .collect();
    bodies.push(("100,000 levels", deep().into_bytes()));
    bodies.push((
        "invalid UTF-8",
        b"{\"Id\":1,\"Number\":\"\xff\xfe\"}".to_vec(),
    ));
    bodies.push(("binary", (0..=255).collect()));
    bodies
}

fn with_body(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Whole answers that are no HTTP, or hardly. `body` is what a good server would say.
fn odd_answers(body: &str) -> Vec<(&'static str, Answer)> {
    let bytes = |head: String| Answer::Bytes([head.as_bytes(), body.as_bytes()].concat());
    let length = body.len();
    vec![
        (
            "headers without end",
            Answer::Endless(
                b"HTTP/1.1 201 Created\r\n".to_vec(),
                b"X-More: and more\r\n".repeat(64),
            ),
        ),
        (
            "one header without end",
            Answer::Endless(
                b"HTTP/1.1 201 Created\r\nX-Long: ".to_vec(),
                vec![b'x'; 4096],
            ),
        ),
        (
            "10,000 headers",
            bytes(format!(
                "HTTP/1.1 201 Created\r\n{}Content-Length: {length}\r\n\r\n",
                "X-One: of many\r\n".repeat(10_000)
            )),
        ),
        (
            "a gibibyte announced, then silence",
            Answer::Stalling(
                b"HTTP/1.1 201 Created\r\nContent-Length: 1073741824\r\n\r\n{".to_vec(),
            ),
        ),
        (
            "a gibibyte of blanks",
            Answer::Endless(
                b"HTTP/1.1 201 Created\r\nContent-Length: 1073741824\r\n\r\n".to_vec(),
                vec![b' '; 65536],
            ),
        ),
        (
            "chunks without end",
            Answer::Endless(
                b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                b"8\r\n        \r\n".repeat(512),
            ),
        ),
        (
            "a chunk as large as numbers go",
            bytes(
                "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
                    .to_owned(),
            ),
        ),
        (
            "a gzip bomb",
            Answer::Bytes(with_body(
                "201 Created\r\nContent-Type: application/json\r\nContent-Encoding: gzip",
                // The beginning of a gzip stream; nobody may unpack it.
                &[
                    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xec, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe,
                ],
            )),
        ),
    ]
    .into_iter()
    .chain(odd_heads(body))
    .collect()
}

/// Heads that cannot be understood.
fn odd_heads(body: &str) -> Vec<(&'static str, Answer)> {
    let bytes = |head: String| Answer::Bytes([head.as_bytes(), body.as_bytes()].concat());
    let length = body.len();
    vec![
        (
            "a negative length",
            bytes("HTTP/1.1 201 Created\r\nContent-Length: -5\r\n\r\n".to_owned()),
        ),
        (
            "two lengths",
            bytes(format!(
                "HTTP/1.1 201 Created\r\nContent-Length: {length}\r\nContent-Length: 3\r\n\r\n"
            )),
        ),
        (
            "provisional answers without end",
            Answer::Endless(Vec::new(), b"HTTP/1.1 102 Processing\r\n\r\n".repeat(64)),
        ),
        ("HTTP/0.9", bytes(String::new())),
        (
            "an HTTP/2 preface",
            bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ),
        (
            "binary",
            Answer::Bytes((0..=255).cycle().take(70_000).collect()),
        ),
        ("status 99", bytes("HTTP/1.1 099 What\r\n\r\n".to_owned())),
        ("nothing at all", Answer::Bytes(Vec::new())),
    ]
}

#[test]
fn odd_bodies_of_a_created_customer_are_created_all_the_same() {
    let customers = Customers::valid(310, odd_bodies().len());
    let rogue = Rogue::start(|asked, ledger| {
        (asked.method == "POST").then(|| {
            commit(asked, ledger);
            Answer::Bytes(with_body("201 Created", &odd_bodies()[asked.before].1))
        })
    });
    let mut importer = importer(&customers, &rogue.url());
    let run = run(&mut importer).expect(0);
    assert_once(&customers, rogue.ledger());
    assert_eq!(rogue.most_posts_of_one(), 1);
    assert_eq!(run.count("created"), customers.0.len() as u64);
    // The number was learnt by looking, or is the one that was sent.
    for row in run.rows("created.csv") {
        assert_eq!(row["customer_number"], row["key"]);
    }
}

#[test]
fn odd_answers_to_a_post_are_looked_into_and_never_sent_twice() {
    let count = odd_answers("").len();
    let customers = Customers::valid(311, count);
    for committed in [true, false] {
        let rogue = Rogue::start(move |asked, ledger| {
            (asked.method == "POST" && asked.before < count).then(|| {
                let body = if committed {
                    commit(asked, ledger)
                } else {
                    r#"{"ErrorMessage":"no"}"#.to_owned()
                };
                let mut answers = odd_answers(&body);
                let (_, reply) = answers.swap_remove(asked.before);
                match reply {
                    // What was not created does not say so.
                    Answer::Bytes(bytes) if !committed => {
                        Answer::Bytes(replaced(&bytes, b"201 Created", b"500 Mistake"))
                    }
                    Answer::Endless(first, again) if !committed => {
                        Answer::Endless(replaced(&first, b"201 Created", b"500 Mistake"), again)
                    }
                    Answer::Stalling(first) if !committed => {
                        Answer::Stalling(replaced(&first, b"201 Created", b"500 Mistake"))
                    }
                    reply => reply,
                }
            })
        });
        let mut importer = importer(&customers, &rogue.url());
        let mut last = run(&mut importer);
        for _ in 0..5 {
            if last.code == 0 {
                break;
            }
            assert!([7, 75].contains(&last.code), "{}", last.said());
            last = run(&mut importer);
        }
        let last = last.expect(0);
        assert_once(&customers, rogue.ledger());
        assert_eq!(rogue.most_posts_of_one(), if committed { 1 } else { 2 });
        assert_eq!(last.count("created"), customers.0.len() as u64);
    }
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match bytes.windows(from.len()).position(|window| window == from) {
        Some(at) => [&bytes[..at], to, &bytes[at + from.len()..]].concat(),
        None => bytes.to_vec(),
    }
}

#[test]
fn odd_answers_to_look_ups_are_asked_again() {
    let bodies = odd_bodies();
    let customers = Customers::valid(312, 12);
    // Every POST is committed and unanswered; the first three look-ups of each number fail,
    // each in another way.
    let looked: Mutex<HashMap<String, usize>> = Mutex::default();
    let odd = Mutex::new(bodies.into_iter().cycle());
    let rogue = Rogue::start(move |asked, ledger| {
        if asked.method == "POST" {
            commit(asked, ledger);
            return Some(Answer::Bytes(Vec::new()));
        }
        let number = asked.path.split("number=").nth(1)?.to_owned();
        let mut looked = looked.lock().unwrap();
        let times = looked.entry(number).or_default();
        *times += 1;
        let (_, body) = (*times <= 3).then(|| odd.lock().unwrap().next())??;
        Some(Answer::Bytes(with_body("200 OK", &body)))
    });
    let mut importer = importer(&customers, &rogue.url());
    let last = run(&mut importer).expect(0);
    assert_once(&customers, rogue.ledger());
    assert_eq!(rogue.most_posts_of_one(), 1);
    assert_eq!(last.count("created"), 12);
}

#[test]
fn a_first_listing_that_cannot_be_read_stops_before_anybody_is_sent() {
    let customers = Customers::valid(313, 3);
    for (what, body) in odd_bodies() {
        if what == "a list of lists" {
            // That is a list of customers, none of which can be read: an empty one.
            continue;
        }
        let reply = body.clone();
        let rogue = Rogue::start(move |asked, _| {
            let lists = asked.path.contains("/customers") && asked.method == "GET";
            lists.then(|| Answer::Bytes(with_body("200 OK", &reply)))
        });
        let last = run(&mut importer(&customers, &rogue.url()));
        assert_eq!(last.code, 5, "{what}: {}", last.said());
        assert!(rogue.asked("POST").is_empty(), "{what}");
    }
    // The companies are not worth a stop.
    for (what, body) in odd_bodies() {
        let rogue = Rogue::start(move |asked, _| {
            let companies = asked.path.contains("/companies");
            companies.then(|| Answer::Bytes(with_body("200 OK", &body)))
        });
        let last = run(&mut importer(&customers, &rogue.url()));
        assert_eq!(last.code, 0, "{what}: {}", last.said());
        assert_once(&customers, rogue.ledger());
    }
}

#[test]
fn odd_words_about_numbers_and_ids() {
    let customers = Customers::valid(314, 4);
    let rogue = Rogue::start(|asked, ledger| {
        if asked.method != "POST" {
            return None;
        }
        commit(asked, ledger);
        let number = ledger.last()?;
        let body = match asked.before {
            0 => format!(r#"{{"Id":"17","Number":"{number}"}}"#),
            1 => format!(r#"{{"Id":1,"Id":2,"Number":"x","Number":"{number}"}}"#),
            2 => format!(r#"{{"Id":3,"Number":"{}"}}"#, "9".repeat(1_000_000)),
            _ => format!(r#"{{"Id":9223372036854775808,"Number":"{number}"}}"#),
        };
        Some(Answer::Bytes(answer("201 Created", &body)))
    });
    let mut importer = importer(&customers, &rogue.url());
    importer.arg("--concurrency").arg("1");
    let last = run(&mut importer).expect(0);
    assert_once(&customers, rogue.ledger());
    let ids: Vec<String> = last
        .rows("created.csv")
        .into_iter()
        .map(|mut row| row.remove("customer_id").unwrap())
        .collect();
    // An id that no number can hold is none; the look-up at the end tells a better one.
    assert_eq!(ids, ["17", "2", "3", "4"]);
    // A number as long as a book is kept nowhere.
    assert!(last.report_file("created.csv").len() < 10_000);
}

#[test]
fn an_answer_before_the_request_is_complete_is_an_answer() {
    // Refused by the head alone, with the connection closed at once.
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0)
            {
                head.extend_from_slice(&byte);
            }
            let reply = if head.starts_with(b"GET ") {
                answer("200 OK", r#"{"TotalItems":0,"Items":[]}"#)
            } else {
                answer("413 Too Much", r#"{"ErrorMessage":"too long"}"#)
            };
            let _ = stream.write_all(&reply);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
        }
    });
    let customers = Customers::valid(315, 5);
    let mut importer = importer(&customers, &url);
    importer.arg("--max-failures").arg("100%");
    let last = run(&mut importer).expect(3);
    assert_eq!(last.count("refused"), 5);
}

/// The settings of a run with credentials whose tokens come from `url`.
fn with_tokens(importer: &mut Importer, url: &str) {
    importer.env("IMPORTER_CLIENT_ID", "client");
    importer.env("IMPORTER_CLIENT_SECRET", "secret");
    importer.env("IMPORTER_TOKEN_URL", format!("{url}/token"));
}

/// Answers of a token server whose first ones are odd.
fn tokens(reply: Vec<u8>) -> impl Fn(&Asked, &mut Vec<String>) -> Option<Answer> {
    move |asked, _| {
        let is_token = asked.path.starts_with("/token");
        is_token.then(|| Answer::Bytes(reply.clone()))
    }
}

#[test]
fn odd_answers_of_a_token_server_stop_the_run_or_serve() {
    let customers = Customers::valid(316, 3);
    let token = |life: &str| {
        let body = format!(r#"{{"access_token":"abc","expires_in":{life}}}"#);
        answer("200 OK", &body)
    };
    let mut cases: Vec<(String, Vec<u8>, i32)> = odd_bodies()
        .into_iter()
        .map(|(what, body)| (what.to_owned(), with_body("200 OK", &body), 5))
        .collect();
    for life in [
        "1e999",
        "1e19",
        "18446744073709551615",
        "-1",
        "\"inf\"",
        "null",
        "\"3600\"",
        "[]",
    ] {
        cases.push((format!("a life of {life}"), token(life), 0));
    }
    let escape = r#"{"access_token":"a\nb\u001b[2J"}"#;
    cases.push(("a line break".to_owned(), answer("200 OK", escape), 5));
    let long = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(100_000));
    cases.push(("a long token".to_owned(), answer("200 OK", &long), 5));
    for (what, reply, code) in cases {
        let rogue = Rogue::start(tokens(reply));
        let mut importer = importer(&customers, &rogue.url());
        with_tokens(&mut importer, &rogue.url());
        let last = run(&mut importer);
        assert_eq!(last.code, code, "{what}: {}", last.said());
        assert!(!last.stderr.contains('\u{1b}'), "{what}");
        if code == 0 {
            assert_once(&customers, rogue.ledger());
        } else {
            assert!(rogue.ledger().is_empty());
        }
    }
}

#[test]
fn an_absurd_quota_neither_stops_nor_inflates_the_program() {
    let customers = Customers::valid(317, 20);
    for (limit, interval) in [
        ("4294967295", "1"),
        ("1e300", "1e300"),
        ("0", "1"),
        ("5", "1e-9"),
    ] {
        let rogue = Rogue::start(move |asked, ledger| {
            let mut reply = super::rogue::as_it_should(asked, ledger);
            let headers = format!(
                "\r\nX-RateLimit-Limit: {limit}\r\nX-RateLimit-Interval-Length-Seconds: {interval}\
                 \r\nX-RateLimit-Remaining: 0\r\n"
            );
            let end = reply.windows(2).position(|two| two == b"\r\n").unwrap();
            reply.splice(end..end + 2, headers.into_bytes());
            Some(Answer::Bytes(reply))
        });
        let mut importer = importer(&customers, &rogue.url());
        importer.arg("--max-duration").arg("3s");
        let last = run(&mut importer);
        // A quota that is used up for a day is waited for.
        let codes: &[i32] = if limit == "1e300" { &[0, 75] } else { &[0] };
        assert!(
            codes.contains(&last.code),
            "{limit} per {interval}: {}",
            last.said()
        );
        assert!(rogue.most_posts_of_one() <= 1);
    }
}
