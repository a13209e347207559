//! Single decisions, step by step: what the engine does with one answer.

mod counted;

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::model::{answered, task};
use super::*;
use crate::deliver::settings::Rate;
use crate::outcome::{Answer, Sent, Stop, Trouble, UnknownWhy};

/// An engine led by hand: intents are durable at once, everything else is answered by the test.
struct Hand {
    engine: Engine,
    now: Moment,
    /// What was settled or kept, in its order.
    kept: Vec<(&'static str, Outcome)>,
}

impl Hand {
    fn new(
        tasks: impl IntoIterator<Item = Task>,
        change: impl FnOnce(&mut EngineSettings),
    ) -> Self {
        let mut settings = EngineSettings {
            delivery: DeliverySettings {
                timeout: Duration::from_secs(10),
                settle: Duration::from_secs(20),
                ..DeliverySettings::default()
            },
            identity: vec!["Number".to_owned()],
            existing_is_error: false,
            renewable: false,
            created_before: false,
            limit: None,
            look_only: false,
            seed: 1,
        };
        change(&mut settings);
        let mut engine = Engine::new(settings);
        for task in tasks {
            engine.offer(task);
        }
        engine.source_ended();
        Self {
            engine,
            now: Moment::ZERO,
            kept: Vec::new(),
        }
    }

    /// The requests that leave now.
    fn requests(&mut self) -> Vec<Action> {
        let mut requests = Vec::new();
        loop {
            let (actions, _) = self.engine.poll(self.now);
            if actions.is_empty() {
                return requests;
            }
            for action in actions {
                match action {
                    Action::Intend { job, .. } => self.engine.durable(job),
                    Action::Keep { outcome, .. } => self.kept.push(("kept", outcome)),
                    Action::Settle { outcome, .. } => self.kept.push(("settled", outcome)),
                    Action::Post { .. } | Action::Look { .. } | Action::Probe => {
                        requests.push(action);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Waits until something leaves; nothing, if nothing ever does.
    fn next(&mut self) -> Option<Action> {
        for _ in 0..1_000 {
            let requests = self.requests();
            assert!(requests.len() < 2, "{requests:?}");
            if let Some(request) = requests.into_iter().next() {
                return Some(request);
            }
            let (_, wake) = self.engine.poll(self.now);
            self.now = wake?.max(self.now);
        }
        panic!("it waits forever: {:?}", self.engine);
    }

    /// Answers whatever leaves next.
    fn answer(&mut self, attempt: &Attempt) {
        let request = self.next().expect("a request");
        self.give(&request, attempt);
    }

    fn give(&mut self, request: &Action, attempt: &Attempt) {
        self.now += Duration::from_millis(10);
        match request {
            Action::Post { job } => self.engine.posted(*job, attempt, self.now),
            Action::Look { job, .. } => self.engine.looked(*job, attempt, self.now),
            _ => self.engine.probed(attempt, self.now),
        }
    }

    /// The outcomes, once everything has left custody.
    fn outcomes(&mut self) -> Vec<Outcome> {
        assert_eq!(self.next(), None);
        assert!(self.engine.is_done());
        let settled = self.kept.iter().filter(|(how, _)| *how == "settled");
        settled.map(|(_, outcome)| outcome.clone()).collect()
    }
}

fn ok(body: &str) -> Attempt {
    answered(200, body.to_owned())
}

fn nobody() -> Attempt {
    ok("{\"Items\":[]}")
}

fn lost() -> Attempt {
    Attempt::Unanswered {
        kind: Trouble::Timeout,
        sent: Sent::Maybe,
    }
}

fn recovered(absent_before: bool) -> Task {
    let origin = Origin::Recovered {
        attempt: 1,
        absent_before,
    };
    task(1, origin)
}

/// A record without a key that was sent, nobody knows with what end.
fn unkeyed() -> Task {
    let mut task = recovered(false);
    let body = br#"{"BillingAddress":{"LastName":"Roth","Street":"Am Markt 1","City":"Ulm"}}"#;
    task.submission.body = body.as_slice().into();
    task.submission.key = None;
    task
}

#[test]
fn after_a_death_the_request_s_own_time_limit_is_waited_for_too() {
    let mut hand = Hand::new([recovered(true)], |settings| {
        settings.delivery.timeout = Duration::from_secs(60);
    });
    let mut answered_first = None;
    loop {
        match hand.next() {
            Some(Action::Post { .. }) => break,
            Some(look) => hand.give(&look, &nobody()),
            None => panic!("it is never sent again"),
        }
        answered_first.get_or_insert(hand.now);
    }
    // The settle time and one time limit, from the first answer on; then a second look-up.
    let waited = hand.now - answered_first.unwrap();
    assert!(waited >= Duration::from_secs(80), "{waited:?}");
}

#[test]
fn a_job_that_waits_has_forgotten_whom_its_look_up_saw() {
    let page = r#"{"Items":[{"Id":2,"Number":"n10"},{"Id":3,"Number":"n11"}]}"#;
    for second in [nobody(), answered(500, String::new()), lost()] {
        let mut hand = Hand::new([recovered(true)], |_| {});
        hand.answer(&ok(page));
        let seen = |hand: &Hand| hand.engine.jobs.values().map(|job| job.seen.len()).sum();
        let while_reading: usize = seen(&hand);
        assert_eq!(while_reading, 2);
        hand.answer(&second);
        let while_waiting: usize = seen(&hand);
        assert_eq!(while_waiting, 0, "{second:?}");
    }
}

#[test]
fn a_create_whose_answer_nobody_can_read_is_kept_before_it_is_looked_up() {
    let mut hand = Hand::new([task(1, Origin::Absent)], |_| {});
    hand.answer(&answered(201, "<html>".to_owned()));
    let look = hand.next();
    assert!(matches!(look, Some(Action::Look { .. })), "{look:?}");
    let [
        (
            "kept",
            Outcome::Created {
                id: None, number, ..
            },
        ),
    ] = hand.kept.as_slice()
    else {
        panic!("{:?}", hand.kept);
    };
    assert_eq!(number.as_deref(), Some("n1"));
    hand.give(&look.unwrap(), &ok(r#"{"Items":[{"Id":7,"Number":"N1"}]}"#));
    let outcomes = hand.outcomes();
    assert!(
        matches!(&outcomes[..], [Outcome::Created { id: Some(7), .. }]),
        "{outcomes:?}"
    );
}

#[test]
fn learning_ends_where_look_ups_never_show_the_customer() {
    let mut hand = Hand::new([task(1, Origin::Absent)], |_| {});
    hand.answer(&answered(201, String::new()));
    hand.answer(&nobody());
    hand.answer(&nobody());
    let outcomes = hand.outcomes();
    assert!(
        matches!(&outcomes[..], [Outcome::Created { id: None, .. }]),
        "{outcomes:?}"
    );
}

#[test]
fn a_first_403_does_not_stop_a_run_that_created_before() {
    for created_before in [false, true] {
        let tasks = [task(1, Origin::Absent), task(2, Origin::Absent)];
        let mut hand = Hand::new(tasks, |settings| {
            settings.created_before = created_before;
            settings.delivery.concurrency = NonZeroUsize::MIN;
        });
        hand.answer(&answered(403, String::new()));
        if created_before {
            hand.answer(&answered(201, "{\"Id\":1}".to_owned()));
            let outcomes = hand.outcomes();
            assert!(matches!(outcomes[0], Outcome::Refused { status: 403, .. }));
            assert_eq!(hand.engine.ending(), Ending::Finished);
        } else {
            assert!(hand.outcomes().is_empty());
            assert_eq!(hand.engine.ending(), Ending::Stopped(Stop::Forbidden));
        }
    }
}

#[test]
fn three_403_stop_a_run_that_created_before() {
    let tasks = (1..=9).map(|record| task(record, Origin::Absent));
    let mut hand = Hand::new(tasks, |settings| {
        settings.created_before = true;
        settings.delivery.concurrency = NonZeroUsize::MIN;
    });
    for _ in 0..3 {
        hand.answer(&answered(403, String::new()));
    }
    assert!(hand.outcomes().is_empty());
    assert_eq!(hand.engine.ending(), Ending::Stopped(Stop::Forbidden));
}

#[test]
fn a_customer_whose_post_left_before_says_nothing_of_a_403() {
    for (forbidden, created, is_scope) in [([5, 6, 7], [0, 1], true), ([0, 1, 3], [2, 4], false)] {
        let tasks = (1..=20).map(|record| task(record, Origin::Absent));
        let mut hand = Hand::new(tasks, |settings| {
            settings.created_before = true;
            settings.delivery.concurrency = NonZeroUsize::new(8).unwrap();
        });
        let new = answered(201, "{\"Id\":1}".to_owned());
        hand.answer(&new);
        let posts = hand.requests();
        assert_eq!(posts.len(), 8);
        let [first, second, third] = forbidden;
        let no = answered(403, String::new());
        for (index, attempt) in [
            (first, &no),
            (created[0], &new),
            (second, &no),
            (created[1], &new),
            (third, &no),
        ] {
            hand.give(&posts[index], attempt);
        }
        let _ = hand.requests();
        let refused = |(_, outcome): &&(_, Outcome)| matches!(outcome, Outcome::Refused { .. });
        let refused = hand.kept.iter().filter(refused).count();
        if is_scope {
            assert_eq!(refused, 0);
            assert_eq!(hand.engine.ending(), Ending::Stopped(Stop::Forbidden));
        } else {
            assert_eq!(refused, 2, "the last one is still held");
            assert!(!hand.engine.is_stopping());
        }
    }
}

#[test]
fn a_gateway_s_answer_does_not_open_the_gate() {
    for status in [502, 504, 429, 503] {
        let tasks = (1..=9).map(|record| task(record, Origin::Absent));
        let mut hand = Hand::new(tasks, |_| {});
        hand.answer(&answered(status, String::new()));
        // Look-ups have a gate of their own.
        let posts = |hand: &mut Hand| {
            hand.now += Duration::from_secs(60);
            let mut requests = hand.requests();
            requests.retain(|request| matches!(request, Action::Post { .. }));
            requests
        };
        let alone = posts(&mut hand);
        assert_eq!(alone.len(), 1, "{status}: {alone:?}");
        hand.give(&alone[0], &answered(201, "{\"Id\":1}".to_owned()));
        assert!(posts(&mut hand).len() > 1, "{status}");
    }
}

#[test]
fn probes_take_tokens_like_everything_else() {
    let minute = Duration::from_secs(60);
    let mut hand = Hand::new([task(1, Origin::Absent)], |settings| {
        settings.delivery.rate = Some(Rate {
            requests: NonZeroU32::MIN,
            per: minute,
        });
        settings.delivery.max_outage = 100 * minute;
    });
    let refused = Attempt::Unanswered {
        kind: Trouble::Connect,
        sent: Sent::Never,
    };
    let mut probes = 0;
    for sent in 0..12 {
        let request = hand.next().unwrap();
        probes += u32::from(request == Action::Probe);
        assert!(
            hand.now >= minute * sent,
            "request {sent} at {:?}",
            hand.now
        );
        hand.give(&request, &refused);
    }
    assert!(probes > 3);
}

#[test]
fn an_unkeyed_record_is_found_only_by_what_is_shown_and_the_same() {
    let told = [
        (
            r#"{"Id":1,"BillingAddress":{"LastName":"Roth"}}"#,
            "ambiguous",
        ),
        (r#"{"Id":1,"Number":"K1"}"#, "ambiguous"),
        (
            r#"{"Id":1,"BillingAddress":{"LastName":"Roth","Street":"Am Markt 1","City":"Bonn"}}"#,
            "unkeyed",
        ),
        (
            r#"{"Id":1,"BillingAddress":{"LastName":"roth","Street":"Am Markt 1","City":"Ulm"}}"#,
            "created",
        ),
    ];
    for (shown, expected) in told {
        let mut hand = Hand::new([unkeyed()], |_| {});
        let mut looks = 0;
        while let Some(Action::Look { job, page }) = hand.next() {
            let items = if page == 1 { shown } else { "" };
            let page = ok(&format!("{{\"Items\":[{items}]}}"));
            hand.give(&Action::Look { job, page: 1 }, &page);
            looks += 1;
            assert!(looks < 10);
        }
        let outcomes = hand.outcomes();
        let word = match &outcomes[..] {
            [Outcome::Created { .. }] => "created",
            [
                Outcome::Unknown {
                    why: UnknownWhy::Ambiguous,
                    ..
                },
            ] => "ambiguous",
            [
                Outcome::Unknown {
                    why: UnknownWhy::Unkeyed,
                    ..
                },
            ] => "unkeyed",
            _ => panic!("{outcomes:?}"),
        };
        assert_eq!(word, expected, "{shown}");
    }
}

/// Pages of a look-up that show no customer of ours; says which were asked for before the
/// first look-up was over.
fn pages_read(pages: &[&str]) -> (Vec<u32>, Hand) {
    let mut hand = Hand::new([recovered(true)], |_| {});
    let mut read = Vec::new();
    while let Some(Action::Look { job, page }) = hand.next() {
        if read.last().is_some_and(|before| page <= *before) {
            break;
        }
        read.push(page);
        let items = pages.get(page as usize - 1).copied().unwrap_or_default();
        hand.give(&Action::Look { job, page }, &ok(items));
    }
    (read, hand)
}

#[test]
fn a_total_that_is_too_small_ends_no_look_up() {
    let pages = [
        r#"{"TotalItems":1,"Items":[{"Id":2,"Number":"n10"}]}"#,
        r#"{"TotalItems":1,"Items":[{"Id":3,"Number":"n11"}]}"#,
        r#"{"TotalItems":1,"Items":[{"Id":4,"Number":"n12"}]}"#,
        r#"{"TotalItems":1,"Items":[{"Id":9,"Number":"n1"}]}"#,
    ];
    let (read, mut hand) = pages_read(&pages);
    assert_eq!(read, [1, 2, 3, 4]);
    assert!(matches!(
        hand.outcomes()[..],
        [Outcome::Created { id: Some(9), .. }]
    ));
}

#[test]
fn a_page_without_anybody_new_ends_a_look_up() {
    let page = r#"{"TotalItems":-1,"Items":[{"Id":2,"Number":"n10"}],"HasNextPage":true}"#;
    assert_eq!(pages_read(&[page; 30]).0, [1, 2]);
}

#[test]
fn pages_that_repeat_themselves_prove_no_absence_where_there_are_more() {
    // A server that does not know `pageNumber`: the one that we look for stands behind.
    let page = r#"{"TotalItems":7,"Items":[{"Id":2,"Number":"n10"}]}"#;
    let mut hand = Hand::new([recovered(true)], |_| {});
    let mut asked = 0;
    while let Some(look) = hand.next() {
        asked += 1;
        assert!(asked < 30);
        hand.give(&look, &ok(page));
    }
    let outcomes = hand.outcomes();
    assert!(
        matches!(
            outcomes[..],
            [Outcome::Unknown {
                why: UnknownWhy::LookupImpossible,
                ..
            }]
        ),
        "{outcomes:?}"
    );
}

#[test]
fn a_look_up_reads_twenty_pages_at_most() {
    let pages: Vec<String> = (0..40)
        .map(|id| format!("{{\"Items\":[{{\"Id\":{id},\"Number\":\"n1{id}\"}}]}}"))
        .collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    assert_eq!(pages_read(&pages).0.last(), Some(&20));
}

#[test]
fn look_ups_that_only_others_are_answered_end_as_unknown() {
    let mut hand = Hand::new([recovered(true)], |settings| {
        settings.delivery.max_outage = Duration::from_secs(1_000_000);
    });
    let mut asked = 0;
    while let Some(request) = hand.next() {
        asked += 1;
        assert!(asked < 1_000, "it asks forever");
        let probe = request == Action::Probe;
        hand.give(&request, &if probe { nobody() } else { lost() });
    }
    let outcomes = hand.outcomes();
    assert!(
        matches!(
            outcomes[..],
            [Outcome::Unknown {
                why: UnknownWhy::LookupImpossible,
                ..
            }]
        ),
        "{outcomes:?}"
    );
}

#[test]
fn an_outage_makes_nothing_unknown() {
    let mut hand = Hand::new([recovered(true)], |settings| {
        settings.delivery.max_outage = Duration::from_secs(1_000_000);
    });
    for _ in 0..200 {
        hand.answer(&lost());
    }
    while let Some(request) = hand.next() {
        match request {
            Action::Post { .. } => hand.give(&request, &answered(201, "{\"Id\":3}".to_owned())),
            _ => hand.give(&request, &nobody()),
        }
    }
    assert!(matches!(
        hand.outcomes()[..],
        [Outcome::Created { attempts: 2, .. }]
    ));
}

#[test]
fn somebody_else_s_customer_with_the_number_says_nothing_before_the_settle_time() {
    let theirs = r#"{"Id":5,"Number":"n1","BillingAddress":{"LastName":"Berg","City":"Bonn"}}"#;
    let ours = r#"{"Id":6,"Number":"n1","BillingAddress":{"LastName":"Roth","City":"Ulm"}}"#;
    let body = br#"{"Number":"n1","BillingAddress":{"LastName":"Roth","City":"Ulm"}}"#;
    for comes in [false, true] {
        let mut task = recovered(false);
        task.submission.body = body.as_slice().into();
        let mut hand = Hand::new([task], |_| {});
        // Theirs stands on the first page, and ours, once it can be seen, on the second.
        while let Some(look) = hand.next() {
            let visible = comes && hand.now > Duration::from_secs(15);
            let items = match look {
                Action::Look { page: 1, .. } => theirs,
                Action::Look { page: 2, .. } if visible => ours,
                _ => "",
            };
            hand.give(&look, &ok(&format!("{{\"Items\":[{items}]}}")));
        }
        assert!(hand.now > Duration::from_secs(20));
        match &hand.outcomes()[..] {
            [Outcome::Created { id: Some(6), .. }] if comes => {}
            [Outcome::Exists { id: Some(5), .. }] if !comes => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_look_up_that_is_answered_402_stops_the_run() {
    let mut hand = Hand::new([recovered(true)], |_| {});
    hand.answer(&answered(402, String::new()));
    let outcomes = hand.outcomes();
    assert!(matches!(
        outcomes[..],
        [Outcome::Unknown {
            why: UnknownWhy::Interrupted,
            ..
        }]
    ));
    assert_eq!(hand.engine.ending(), Ending::Stopped(Stop::Licence));
}

#[test]
fn a_token_may_expire_once_more_after_it_worked() {
    let mut hand = Hand::new([task(1, Origin::AskFirst)], |settings| {
        settings.renewable = true;
    });
    let expired = answered(401, String::new());
    hand.answer(&expired);
    assert!(hand.requests().is_empty());
    hand.engine.renewed(Ok(()));
    hand.answer(&nobody());
    hand.answer(&expired);
    assert!(hand.requests().is_empty());
    hand.engine.renewed(Ok(()));
    let post = hand.next();
    assert!(matches!(post, Some(Action::Post { .. })), "{post:?}");
}

#[test]
fn a_reply_keeps_its_quota_whoever_gives_it() {
    let mut hand = Hand::new((1..=9).map(|record| task(record, Origin::Absent)), |_| {});
    let throttled = Attempt::Answered(Answer {
        status: 429,
        retry_after: None,
        quota: Some(Quota {
            limit: 2,
            interval: Duration::from_secs(5),
            remaining: Some(0),
        }),
        body: Ok(Vec::new()),
    });
    hand.answer(&throttled);
    assert!(hand.requests().is_empty());
    hand.now += Duration::from_secs(6);
    assert_eq!(hand.requests().len(), 2);
}
