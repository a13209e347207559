//! What an answer to a POST means for its record. Pure: facts in, verdict out.
//!
//! The table is the one place that knows which statuses are safe to repeat. It errs towards
//! "maybe": a record that may have been created is looked up before it is sent again.

use std::time::Duration;

use super::answer::{self, Named};
use crate::outcome::{Answer, Attempt, Sent, ServerError, Stop, Trouble};

/// How long a lost POST may still become visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// The server itself answered with an error: two seconds.
    Answered,
    /// Nobody knows how far it got: the configured settle time.
    Silent,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is created.
    Created(Named),
    /// It is created, but the answer could not be read: look up to learn id and number.
    CreatedUnread,
    /// It is refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's error code.
        code: Option<String>,
        /// Its words.
        errors: Vec<ServerError>,
    },
    /// The server says that the key is taken: look up by whom.
    Taken {
        /// HTTP status.
        status: u16,
        /// The server's error code.
        code: Option<String>,
        /// Its words.
        errors: Vec<ServerError>,
    },
    /// It was never sent: again after back-off.
    NeverSent(Trouble),
    /// 429: everybody pauses, then the same attempt again.
    Throttled {
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// It may have been created: look up after the settle time.
    Reconcile {
        /// How long to wait.
        settle: Settle,
        /// The status, if there was an answer.
        status: Option<u16>,
        /// Whether everybody pauses first (503), and the server's wish for how long.
        pause: Option<Option<Duration>>,
    },
    /// 401: renew the token and try again, once.
    Unauthorized,
    /// 403: the data's fault or the scope's; others' answers will tell.
    Forbidden(Box<Verdict>),
    /// The run stops.
    Stop(Stop),
}

/// The verdict on one POST. `sent` is the body that it carried.
#[must_use]
pub fn classify(attempt: &Attempt, sent: &[u8]) -> Verdict {
    match attempt {
        Attempt::Unanswered {
            kind: Trouble::Tls, ..
        } => Verdict::Stop(Stop::Tls),
        Attempt::Unanswered {
            kind,
            sent: Sent::Never,
        } => Verdict::NeverSent(*kind),
        Attempt::Unanswered { .. } => Verdict::Reconcile {
            settle: Settle::Silent,
            status: None,
            pause: None,
        },
        Attempt::Answered(answer) => classify_answer(answer, sent),
    }
}

fn classify_answer(answer: &Answer, sent: &[u8]) -> Verdict {
    let status = answer.status;
    let body = answer.body.as_deref().unwrap_or_default();
    match status {
        200..=299 => match answer::created(body) {
            Some(named) if answer.body.is_ok() => Verdict::Created(named),
            _ => Verdict::CreatedUnread,
        },
        300..=399 => Verdict::Stop(Stop::Redirect { status }),
        401 => Verdict::Unauthorized,
        402 => Verdict::Stop(Stop::Licence),
        403 => Verdict::Forbidden(Box::new(refused(status, body, sent))),
        404 | 405 | 412 | 501 | 505 => Verdict::Stop(Stop::Address { status }),
        408 | 502 | 504 | 520..=529 => Verdict::Reconcile {
            settle: Settle::Silent,
            status: Some(status),
            pause: None,
        },
        409 => match refused(status, body, sent) {
            Verdict::Refused {
                status,
                code,
                errors,
            } => Verdict::Taken {
                status,
                code,
                errors,
            },
            other => other,
        },
        429 => Verdict::Throttled {
            retry_after: answer.retry_after,
        },
        503 => Verdict::Reconcile {
            settle: Settle::Answered,
            status: Some(status),
            pause: Some(answer.retry_after),
        },
        400..=499 => refused(status, body, sent),
        // 500 and whatever else: the server was there, and may have committed before it failed.
        _ => Verdict::Reconcile {
            settle: Settle::Answered,
            status: Some(status),
            pause: None,
        },
    }
}

fn refused(status: u16, body: &[u8], sent: &[u8]) -> Verdict {
    let refusal = answer::refusal(body, sent);
    if refusal.says_exists && matches!(status, 400 | 422) {
        return Verdict::Taken {
            status,
            code: refusal.code,
            errors: refusal.errors,
        };
    }
    Verdict::Refused {
        status,
        code: refusal.code,
        errors: refusal.errors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answered(status: u16, body: &str) -> Attempt {
        Attempt::Answered(Answer {
            status,
            retry_after: None,
            quota: None,
            body: Ok(body.as_bytes().to_vec()),
        })
    }

    #[test]
    fn the_table_of_statuses() {
        let word = |status: u16, body: &str| match classify(&answered(status, body), b"{}") {
            Verdict::Created(_) => "created",
            Verdict::CreatedUnread => "created unread",
            Verdict::Refused { .. } => "refused",
            Verdict::Taken { .. } => "taken",
            Verdict::NeverSent(_) => "never sent",
            Verdict::Throttled { .. } => "throttled",
            Verdict::Reconcile {
                settle: Settle::Silent,
                ..
            } => "reconcile silent",
            Verdict::Reconcile { pause: Some(_), .. } => "pause, reconcile",
            Verdict::Reconcile { .. } => "reconcile",
            Verdict::Unauthorized => "renew",
            Verdict::Forbidden(_) => "held",
            Verdict::Stop(_) => "stop",
        };
        let table = [
            (201, r#"{"Id":1}"#, "created"),
            (200, r#"{"Number":"a"}"#, "created"),
            (201, "garbage", "created unread"),
            (204, "", "created unread"),
            (301, "", "stop"),
            (307, "", "stop"),
            (400, "", "refused"),
            (400, r#"{"ErrorMessage":"Number already exists"}"#, "taken"),
            (401, "", "renew"),
            (402, "", "stop"),
            (403, "", "held"),
            (404, "", "stop"),
            (405, "", "stop"),
            (408, "", "reconcile silent"),
            (409, "", "taken"),
            (412, "", "stop"),
            (413, "", "refused"),
            (422, "<html>", "refused"),
            (429, "", "throttled"),
            (500, "", "reconcile"),
            (501, "", "stop"),
            (502, "", "reconcile silent"),
            (503, "", "pause, reconcile"),
            (504, "", "reconcile silent"),
            (505, "", "stop"),
            (522, "", "reconcile silent"),
        ];
        for (status, body, expected) in table {
            assert_eq!(word(status, body), expected, "status {status}");
        }
    }

    #[test]
    fn a_cut_answer_to_a_created_customer_is_created_all_the_same() {
        let attempt = Attempt::Answered(Answer {
            status: 201,
            retry_after: None,
            quota: None,
            body: Err(Trouble::Broken),
        });
        assert_eq!(classify(&attempt, b"{}"), Verdict::CreatedUnread);
    }

    proptest! {
        #[test]
        fn nothing_that_may_have_been_sent_is_called_never_sent(status in 100u16..600, body in ".*") {
            let verdict = classify(&answered(status, &body), b"{}");
            prop_assert!(!matches!(verdict, Verdict::NeverSent(_)));
        }
    }
}
