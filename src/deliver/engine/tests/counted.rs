//! What counts: as sent, as created below the limit, as a sign of an outage.

use super::*;

#[test]
fn an_outage_ends_the_run_although_a_late_answer_came_after_it_began() {
    let tasks = (1..=40).map(|record| task(record, Origin::Absent));
    let mut hand = Hand::new(tasks, |settings| {
        settings.delivery.max_outage = Duration::from_secs(600);
    });
    hand.answer(&answered(201, "{\"Id\":1}".to_owned()));
    let mut requests = hand.requests();
    let slow = requests.pop().expect("more than one at once");
    let refused = Attempt::Unanswered {
        kind: Trouble::Connect,
        sent: Sent::Never,
    };
    for _ in 0..50 {
        if hand.engine.breaker.is_open() {
            break;
        }
        requests.extend(hand.requests());
        match requests.pop() {
            Some(request) => hand.give(&request, &refused),
            None => hand.now += Duration::from_secs(1),
        }
    }
    assert!(hand.engine.breaker.is_open());
    for request in std::mem::take(&mut requests) {
        hand.give(&request, &refused);
    }
    hand.give(&slow, &answered(201, "{\"Id\":2}".to_owned()));
    let late = hand.now;
    // From here on the server is dead.
    while let Some(probe) = hand.next() {
        assert_eq!(probe, Action::Probe);
        hand.give(&probe, &refused);
        assert!(hand.now < late + Duration::from_secs(3600), "for ever");
    }
    assert_eq!(hand.engine.ending(), Ending::Outage);
    assert!(hand.now >= late + Duration::from_secs(600));
}

#[test]
fn those_that_a_dead_process_left_are_looked_up_whatever_the_limit_says() {
    for found in [true, false] {
        let mut hand = Hand::new([], |settings| {
            settings.limit = Some(2);
            settings.delivery.concurrency = NonZeroUsize::MIN;
        });
        hand.engine.source_ended = false;
        let origin = Origin::Recovered {
            attempt: 1,
            absent_before: true,
        };
        let mut tasks = (1..=9).map(|record| task(record, origin));
        let mut fresh = (10..=20).map(|record| task(record, Origin::Absent));
        let mut creates = 0;
        for _ in 0..500 {
            while hand.engine.wants() > 0 {
                let task = tasks.next().or_else(|| fresh.next()).expect("one more");
                hand.engine.offer(task);
            }
            if hand.engine.is_done() {
                break;
            }
            let Some(request) = hand.requests().into_iter().next() else {
                let (_, wake) = hand.engine.poll(hand.now);
                hand.now = wake.unwrap_or(hand.now);
                continue;
            };
            match request {
                Action::Look { job, .. } if found => {
                    let number = format!("n{}", job + 1);
                    let page = ok(&format!("{{\"Items\":[{{\"Number\":\"{number}\"}}]}}"));
                    hand.give(&request, &page);
                }
                Action::Look { .. } => hand.give(&request, &nobody()),
                _ => {
                    creates += 1;
                    hand.give(&request, &answered(201, "{\"Id\":1}".to_owned()));
                }
            }
        }
        assert!(hand.engine.is_done(), "{:?}", hand.engine);
        assert_eq!(hand.engine.ending(), Ending::Limited);
        assert!(tasks.next().is_none(), "some were not even taken");
        assert_eq!(creates, if found { 0 } else { 2 });
        assert_eq!(hand.kept.len(), if found { 9 } else { 2 });
    }
}

#[test]
fn only_what_left_is_counted_as_sent() {
    let mut hand = Hand::new([task(1, Origin::AskFirst)], |_| {});
    let refused = Attempt::Unanswered {
        kind: Trouble::Connect,
        sent: Sent::Never,
    };
    hand.answer(&refused);
    hand.answer(&nobody());
    hand.answer(&refused);
    hand.answer(&refused);
    hand.answer(&lost());
    let traffic = hand.engine.traffic();
    let counted = (traffic.requests, traffic.posts, traffic.lookups);
    assert_eq!((counted, traffic.retries), ((2, 1, 1), 0));
}

#[test]
fn posts_that_a_refused_token_kept_back_are_no_sign_of_an_outage() {
    let mut hand = Hand::new((1..=9).map(|record| task(record, Origin::Absent)), |_| {});
    hand.answer(&answered(201, "{\"Id\":1}".to_owned()));
    let waiting = hand.requests();
    assert!(waiting.len() >= 5);
    hand.engine.stop(Ending::Stopped(Stop::Unauthorized));
    for request in waiting {
        let kept_back = Attempt::Unanswered {
            kind: Trouble::Connect,
            sent: Sent::Never,
        };
        hand.give(&request, &kept_back);
    }
    assert!(!hand.engine.breaker.is_open());
    assert_eq!(hand.engine.traffic().posts, 1);
}

#[test]
fn while_all_that_is_left_waits_the_engine_says_for_how_long() {
    let seconds = Duration::from_secs;
    // Settle time and time limit, then a quarter of both before the second look-up.
    let mut hand = Hand::new([recovered(true)], |_| {});
    assert_eq!(hand.engine.waits(hand.now), None);
    hand.answer(&nobody());
    assert_eq!(hand.requests(), []);
    let mut wait = hand.engine.waits(hand.now).expect("a wait");
    assert_eq!(wait.customers, 1);
    assert_eq!(wait.next, seconds(30));
    assert_eq!(wait.all, seconds(30) + Duration::from_millis(7_500));
    hand.now += seconds(12);
    wait = hand.engine.waits(hand.now).expect("a wait");
    assert_eq!(wait.next, seconds(18));
    let look = hand.next().expect("a look-up");
    assert_eq!(hand.engine.waits(hand.now), None, "a request is in flight");
    hand.give(&look, &nobody());
    wait = hand.engine.waits(hand.now).expect("a wait");
    assert_eq!(
        (wait.next, wait.all),
        (wait.all, Duration::from_millis(7_500))
    );
    // A stop waits for nothing, and what can be sent is no wait.
    hand.engine.stop(Ending::Interrupted);
    assert_eq!(hand.engine.waits(hand.now), None);
    let fresh = Hand::new([task(1, Origin::Absent)], |_| {});
    assert_eq!(fresh.engine.waits(fresh.now), None);
}
