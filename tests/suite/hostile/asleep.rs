//! The process is stopped for longer than anybody waits: tokens end, connections are closed,
//! windows of quotas pass, answers come. It wakes up as if nothing had been.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::rogue::{Answer, Rogue, as_it_should};
use super::{assert_once, importer};
use crate::customers::Customers;
use crate::other_erp::{CANARY, CLIENT_ID, Door, Knobs, OtherErp, Quota, Window};
use crate::stand_in::wait_for;

/// Sends a signal by its name.
fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(status.success(), "kill {name} {pid}");
}

/// Stops the child for so long.
fn asleep(child: &Child, time: Duration) {
    signal(child, "-STOP");
    let started = Instant::now();
    wait_for(|| started.elapsed() > time);
    signal(child, "-CONT");
}

#[test]
fn tokens_and_quotas_of_before_the_sleep_do_not_count() {
    sleeps_within(Window::Fixed);
}

#[test]
fn a_sliding_quota_is_kept_after_the_sleep() {
    sleeps_within(Window::Sliding);
}

/// Sleeps twice under tokens that live for a second and a quota for each second.
fn sleeps_within(window: Window) {
    {
        let customers = Customers::valid(361, 50);
        let erp = OtherErp::start(
            Knobs::default()
                .door(Door::Tokens(Duration::from_secs(1)))
                .quota_of(Quota {
                    limit: 25,
                    per: Duration::from_secs(1),
                    window,
                }),
        );
        let mut importer = importer(&customers, &erp.url());
        importer.env("IMPORTER_CLIENT_ID", CLIENT_ID);
        importer.env("IMPORTER_CLIENT_SECRET", CANARY);
        importer.env("IMPORTER_TOKEN_URL", erp.token_url());
        let mut child = importer.start();
        for created in [10, 30] {
            wait_for(|| child.try_wait().unwrap().is_some() || erp.ledger().len() >= created);
            asleep(&child, Duration::from_millis(1500));
        }
        let run = importer.read(child.wait_with_output().unwrap()).expect(0);
        let ledger = erp.ledger().into_iter().map(|(number, _)| number);
        assert_once(&customers, ledger.collect());
        assert_eq!(run.count("created"), 50);
        // Nobody asked for more than the quota at once, and nobody was let in without a token
        // more often than the sleep explains.
        let throttled = erp
            .posts()
            .iter()
            .filter(|post| post.status == Some(429))
            .count();
        assert_eq!(throttled, 0);
        assert!(erp.violations().is_empty(), "{:?}", erp.violations());
    }
}

#[test]
fn connections_that_were_closed_meanwhile_send_nobody_twice() {
    let customers = Customers::valid(362, 60);
    let rogue = Rogue::start(|asked, ledger| {
        let reply = as_it_should(asked, ledger);
        let text = String::from_utf8(reply).unwrap();
        Some(Answer::Kept(
            text.replace("Connection: close\r\n", "").into_bytes(),
        ))
    });
    let importer = importer(&customers, &rogue.url());
    let mut child = importer.start();
    for created in [5, 20, 40] {
        wait_for(|| child.try_wait().unwrap().is_some() || rogue.ledger().len() >= created);
        asleep(&child, Duration::from_millis(400));
    }
    let run = importer.read(child.wait_with_output().unwrap()).expect(0);
    assert_once(&customers, rogue.ledger());
    assert_eq!(run.count("created"), 60);
}

#[test]
fn answers_that_came_during_the_sleep_lose_nobody() {
    let customers = Customers::valid(363, 30);
    let (held, asleep_now) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (holds, sleeps) = (Arc::clone(&held), Arc::clone(&asleep_now));
    let rogue = Rogue::start(move |asked, _| {
        // The tenth POST is committed, and answered only once the client sleeps.
        if asked.method == "POST" && asked.before == 9 {
            holds.store(true, Ordering::SeqCst);
            wait_for(|| sleeps.load(Ordering::SeqCst));
        }
        None
    });
    let mut importer = importer(&customers, &rogue.url());
    // Long enough that the hold alone is no time-out.
    importer.arg("--timeout").arg("3s");
    let words: Vec<String> = super::words(&rogue.url());
    let words = words
        .iter()
        .map(|word| if word == "1s" { "3s" } else { word.as_str() });
    importer.args(words);
    let child = importer.start();
    wait_for(|| held.load(Ordering::SeqCst));
    signal(&child, "-STOP");
    asleep_now.store(true, Ordering::SeqCst);
    asleep(&child, Duration::from_millis(3500));
    let run = importer.read(child.wait_with_output().unwrap()).expect(0);
    assert_once(&customers, rogue.ledger());
    assert_eq!(run.count("created"), 30);
    assert_eq!(rogue.most_posts_of_one(), 1);
}
