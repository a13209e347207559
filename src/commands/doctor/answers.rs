//! What an answer of the server says, or that there was none.

use std::time::Duration;

use crate::deliver::client::{Looked, NoLook};
use crate::deliver::inquiry::stop_for;
use crate::deliver::{DeliverySettings, answer};
use crate::outcome::telling::{tenths, thousands_in};
use crate::outcome::{Bilingual, Ending, ExitCode, Finding, Language, Stop, Trouble, both};

/// Difference between the two clocks that is nothing to speak of: the header tells whole seconds,
/// and the answer was under way.
const SKEW_AT_MOST: i64 = 30;

/// Why nothing more is asked.
pub(super) fn used_up() -> Bilingual {
    both!(
        "the server's quota is used up",
        "das Kontingent des Servers ist aufgebraucht"
    )
}

/// The time in milliseconds, and as it is shown.
pub(super) fn milliseconds(time: Duration) -> (f64, Bilingual) {
    let milliseconds = time.as_secs_f64() * 1000.0;
    let shown = Bilingual::of(|language| tenths(milliseconds, language));
    (milliseconds, shown)
}

/// How a run would end.
pub(super) fn ended(check: &'static str, ending: &Ending) -> Finding {
    let code = ending.exit_code(&crate::outcome::Counts::default());
    let remedy = match ending {
        Ending::Stopped(stop) => stop.todo(),
        _ => both!(
            "wait, or check the address in the settings",
            "warten, oder die Adresse in den Einstellungen prüfen"
        ),
    };
    let text = Bilingual::of(|language| ending.message_in(language));
    Finding::failed(check, code, text, Some(remedy))
}

/// No secure connection to who answers.
pub(super) fn untrusted(trouble: &NoLook) -> Finding {
    let finding = ended("tls", &Ending::Stopped(Stop::Tls));
    let with_why = |text: String| format!("{} ({})", text.trim_end_matches('.'), trouble.why);
    Finding {
        text: finding.text.map(with_why),
        ..finding
    }
}

/// No answer to the first question.
pub(super) fn unanswered(trouble: &NoLook) -> Finding {
    let remedy = match trouble.kind {
        Trouble::Timeout => both!(
            "is the server frozen or overloaded? --timeout is how long it may take",
            "hängt der Server, oder ist er überlastet? --timeout sagt, wie lange er brauchen darf"
        ),
        _ => both!(
            "check that it is the ERP's API that listens there, and `https` or `http` in base_url",
            "prüfen, ob dort die API der Wawi antwortet, und `https` oder `http` in base_url"
        ),
    };
    Finding::failed(
        "authorisation",
        ExitCode::TryLater,
        both!(
            "the server gave no answer: {why}",
            "der Server gab keine Antwort: {why}",
            why = &trouble.why
        ),
        Some(remedy),
    )
}

/// What the answer to a look-up of customers says about address, credentials, licence and scope.
pub(super) fn authorisation(looked: &Looked) -> Finding {
    const CHECK: &str = "authorisation";
    let status = looked.answer.status;
    let stopped = |stop| ended(CHECK, &Ending::Stopped(stop));
    match status {
        200..=299 => match looked.answer.body.as_deref().ok().and_then(answer::page) {
            Some(page) => {
                let total = page.total.and_then(|total| u64::try_from(total).ok());
                let many = match total {
                    Some(total) => {
                        let total = Bilingual::of(|language| thousands_in(total, language));
                        both!([total] "the server says it has {total}", "er nennt {total}")
                    }
                    None => both!(
                        "the server does not say how many it has",
                        "wie viele er hat, sagt er nicht"
                    ),
                };
                let text = both!([many]
                    "customers can be looked up (status {status}); {many}",
                    "der Server zeigt seine Kunden (Status {status}); {many}"
                );
                Finding::ok(CHECK, text)
            }
            None => stopped(Stop::CannotRead { status }),
        },
        429 => Finding::warning(
            CHECK,
            both!(
                "the server lets us in, but its quota is used up just now (status 429)",
                "der Server lässt uns ein, aber sein Kontingent ist gerade aufgebraucht (Status 429)"
            ),
            both!(
                "ask again in a moment; who else uses this quota?",
                "gleich noch einmal fragen; wer nutzt dieses Kontingent noch?"
            ),
        ),
        408 | 500 | 502..=504 | 520..=599 => Finding::failed(
            CHECK,
            ExitCode::TryLater,
            both!(
                "the server has trouble of its own (status {status})",
                "der Server hat selbst Schwierigkeiten (Status {status})"
            ),
            Some(both!(
                "try again later; a run waits for --max-outage",
                "es später noch einmal versuchen; ein Lauf wartet so lange, wie --max-outage sagt"
            )),
        ),
        status => stopped(stop_for(status)),
    }
    .with(status)
}

pub(super) fn clock(looked: &Looked) -> Finding {
    const CHECK: &str = "clock";
    let Some(date) = looked.date else {
        let why = both!(
            "the server does not tell its time",
            "der Server sagt nicht, wie spät es bei ihm ist"
        );
        return Finding::not_checked(CHECK, why);
    };
    let skew = looked.at.as_second() - date.as_second();
    let text = match skew {
        -1..=1 => both!(
            "this machine and the server tell the same time",
            "die Uhren dieses Rechners und des Servers gehen gleich"
        ),
        2.. => both!(
            "this machine's clock is {skew} s ahead of the server's",
            "die Uhr dieses Rechners geht gegenüber der des Servers {skew} s vor"
        ),
        _ => both!(
            "this machine's clock is {late} s behind the server's",
            "die Uhr dieses Rechners geht gegenüber der des Servers {late} s nach",
            late = -skew
        ),
    };
    let finding = if skew.abs() > SKEW_AT_MOST {
        Finding::warning(
            CHECK,
            text,
            both!(
                "set this machine's clock (NTP), or the server's: journal and report tell times by \
                 it, and certificates are checked by it",
                "die Uhr dieses Rechners stellen (NTP), oder die des Servers: nach ihr gehen die \
                 Zeiten in Journal und Bericht, und nach ihr werden Zertifikate geprüft"
            ),
        )
    } else {
        Finding::ok(CHECK, text)
    };
    finding.with(skew)
}

pub(super) fn quota(looked: &Looked) -> Finding {
    const CHECK: &str = "quota";
    match looked.answer.quota {
        Some(quota) => {
            let limit = quota.limit;
            let left = match quota.remaining {
                Some(left) => both!("{left} are left", "{left} sind übrig"),
                None => both!(
                    "how many are left it does not tell",
                    "wie viele übrig sind, sagt der Server nicht"
                ),
            };
            let seconds = quota.interval.as_secs_f64();
            let shown = Bilingual::of(|language| match language {
                Language::English => seconds.to_string(),
                Language::German => seconds.to_string().replace('.', ","),
            });
            let text = both!([shown, left]
                "{limit} requests in {shown} s; {left}",
                "{limit} Anfragen in {shown} s; {left}"
            );
            Finding::ok(CHECK, text).with(serde_json::json!({
                "limit": quota.limit,
                "seconds": seconds,
                "remaining": quota.remaining,
            }))
        }
        None => Finding::warning(
            CHECK,
            both!(
                "the server tells no quota (usual on-prem; the cloud does)",
                "der Server nennt kein Kontingent (bei eigenen Servern üblich; die Cloud nennt eines)"
            ),
            both!(
                "a run then goes as fast as --concurrency and --rate allow; set --rate if others \
                 need the server, too",
                "ein Lauf geht dann so schnell, wie --concurrency und --rate erlauben; --rate \
                 setzen, wenn auch andere den Server brauchen"
            ),
        ),
    }
}

pub(super) fn lists(told: &[Bilingual], untold: &[Bilingual]) -> Finding {
    const CHECK: &str = "lists";
    match (told, untold) {
        ([], []) => Finding::not_checked(CHECK, used_up()),
        (told, []) => Finding::ok(
            CHECK,
            both!([names = joined(told)] "it tells its {names}", "der Server nennt seine {names}"),
        ),
        (_, untold) => Finding::warning(
            CHECK,
            both!([names = joined(untold)]
                "it does not tell its {names}",
                "der Server nennt nicht: {names}"
            ),
            both!(
                "grant the scope `all.read` to the app, or give ids instead of names in the mapping",
                "der App den Scope `all.read` geben, oder in der Zuordnung Ids statt Namen angeben"
            ),
        ),
    }
}

fn joined(names: &[Bilingual]) -> Bilingual {
    Bilingual::of(|language| {
        let names: Vec<&str> = names.iter().map(|name| name.shown_in(language)).collect();
        names.join(", ")
    })
}

pub(super) fn latency(times: Vec<Duration>, delivery: &DeliverySettings) -> Finding {
    const CHECK: &str = "latency";
    let samples = times.len();
    if samples == 0 {
        return Finding::not_checked(CHECK, used_up());
    }
    let median = median(times);
    let (milliseconds, taken) = milliseconds(median);
    let text = both!([taken]
        "an answer takes {taken} ms, the median of {samples}",
        "eine Antwort dauert {taken} ms, der Median von {samples}"
    );
    let finding = if median > delivery.timeout / 4 {
        Finding::warning(
            CHECK,
            text,
            both!(
                "that is near --timeout: raise it, or send less at once (--concurrency)",
                "das ist nahe an --timeout: es erhöhen, oder weniger zugleich senden (--concurrency)"
            ),
        )
    } else {
        Finding::ok(CHECK, text)
    };
    finding.with(milliseconds)
}

/// The one in the middle; zero of none.
pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
