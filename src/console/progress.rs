//! How far a run has come: a bar on a terminal, else a line every ten seconds.

use std::time::{Duration, Instant};

use super::page::{length, thousands_in};
use super::row::Row;
use crate::outcome::telling::tenths;
use crate::outcome::{Bilingual, Counts, Language, Phase, Progress, SettleWait, both};

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Before this much of a phase has passed, its rate says nothing.
const RATE_AFTER: Duration = Duration::from_secs(1);

/// Remembers what a rate and a rhythm need.
#[derive(Debug, Default)]
pub(super) struct Pace {
    phase: Option<(Phase, Instant, u64)>,
    last_line: Option<Instant>,
    row: Row,
}

impl Pace {
    /// Takes a new state of affairs in, and says what there is to say about it.
    pub(super) fn tell(&mut self, progress: &Progress, now: Instant, l: Language) -> Vec<String> {
        let amount = amount(progress);
        let rate = match self.phase {
            Some((phase, since, before)) if phase == progress.phase => {
                per_second(amount.saturating_sub(before), now.duration_since(since))
            }
            _ => {
                self.phase = Some((progress.phase, now, amount));
                None
            }
        };
        parts(progress, rate, l)
    }

    /// The line for a terminal of so many columns: a bar if there is room for one, and as many of
    /// the parts as fit.
    pub(super) fn drawn(&self, progress: &Progress, parts: &[String], columns: u16) -> String {
        self.row
            .made(progress, columns, |room| fitting(parts, room))
    }

    /// Whether it is time for the next line.
    pub(super) fn line_is_due(&mut self, now: Instant) -> bool {
        let last = *self.last_line.get_or_insert(now);
        let due = now.duration_since(last) >= LINE_EVERY;
        if due {
            self.last_line = Some(now);
        }
        due
    }
}

/// What the phase's rate counts.
fn amount(progress: &Progress) -> u64 {
    match progress.phase {
        Phase::Reading => progress.counts.read,
        Phase::Reconciling => progress.traffic.requests,
        Phase::CheckingExisting | Phase::Sending | Phase::Reporting => progress.done,
    }
}

fn per_second(amount: u64, time: Duration) -> Option<f64> {
    (time >= RATE_AFTER).then(|| float(amount) / time.as_secs_f64())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is shown with one decimal"
)]
fn float(amount: u64) -> f64 {
    amount as f64
}

/// The parts of a line about where a run stands. A narrow terminal leaves out the last ones, so
/// that what is waited for stands first, and then what it is waited for.
fn parts(progress: &Progress, rate: Option<f64>, l: Language) -> Vec<String> {
    if let Some(wait) = progress.waits.filter(|_| progress.gives_up.is_none()) {
        return waiting(progress, wait, l);
    }
    let mut parts = vec![position(progress, l)];
    if let Some(time) = progress.gives_up {
        let time = length(rounded(time));
        let told = both!(
            "server does not answer; gives up in {time}",
            "Server antwortet nicht; Abbruch in {time}"
        );
        parts.push(told.told_in(l));
        parts.extend(outcomes(&progress.counts, l));
        // How fast it went, and how long that would take, says nothing now.
        return parts;
    }
    let progress = &Progress {
        left: progress.left.or_else(|| time_by_rate(progress, rate)),
        ..*progress
    };
    parts.extend(time_left(progress, l));
    let sending = progress.phase == Phase::Sending;
    if let Some(quota) = progress.quota.filter(|_| sending) {
        parts.push(format!(
            "{} {} {} {} in {}",
            l.pick("quota", "Kontingent"),
            thousands_in(quota.used, l),
            l.pick("of", "von"),
            thousands_in(quota.limit.into(), l),
            length(quota.interval)
        ));
    }
    // How many the ERP has may not be known yet.
    let counts_nothing = progress.phase == Phase::CheckingExisting && progress.done == 0;
    if let Some(rate) = rate.filter(|_| !counts_nothing) {
        parts.push(match progress.phase {
            Phase::Reconciling => {
                format!("{} {}", tenths(rate, l), l.pick("requests/s", "Anfragen/s"))
            }
            // A listing tells many customers a request, and one by one they are asked slowly.
            Phase::CheckingExisting => {
                let number = match rate {
                    slow if slow < 10.0 => tenths(slow, l),
                    fast => thousands_in(whole(fast), l),
                };
                format!("{number} {}", l.pick("customers/s", "Kunden/s"))
            }
            // So slow a quota that whole records say nothing.
            Phase::Sending if rate < 10.0 => {
                format!(
                    "{} {}",
                    tenths(rate, l),
                    l.pick("records/s", "Datensätze/s")
                )
            }
            _ => format!(
                "{} {}",
                thousands_in(whole(rate), l),
                l.pick("records/s", "Datensätze/s")
            ),
        });
    }
    if sending && progress.quota.is_none() && progress.concurrency > 0 {
        let at_once = l.pick("at once", "zugleich");
        let allowed = thousands_in(progress.concurrency as u64, l);
        parts.push(format!("{allowed} {at_once}"));
    }
    parts.extend(outcomes(&progress.counts, l));
    parts
}

/// The parts of a line while nothing can be done but wait: for what and how long stands first, and
/// how fast it went before says nothing.
fn waiting(progress: &Progress, wait: SettleWait, l: Language) -> Vec<String> {
    let time = length(rounded(wait.next));
    let told = if wait.customers == 1 {
        both!(
            "Waiting {time} before 1 unknown customer is looked up",
            "{time} warten, bevor nach 1 unbekannten Kunden gesehen wird"
        )
    } else {
        let number = Bilingual::of(|l| thousands_in(wait.customers, l));
        both!([number]
            "Waiting {time} before {number} unknown customers are looked up",
            "{time} warten, bevor nach {number} unbekannten Kunden gesehen wird"
        )
    };
    let mut parts = vec![told.told_in(l)];
    parts.extend(time_left(progress, l));
    parts.push(position(progress, l));
    parts.extend(outcomes(&progress.counts, l));
    parts
}

/// How long it takes to ask for the rest of the customers: a listing's pages, or one after the
/// other, take the time that they took so far.
fn time_by_rate(progress: &Progress, rate: Option<f64>) -> Option<Duration> {
    let rate = rate.filter(|rate| *rate > 0.0 && progress.phase == Phase::CheckingExisting)?;
    let rest = progress.total?.checked_sub(progress.done)?;
    Duration::try_from_secs_f64(float(rest) / rate).ok()
}

fn time_left(progress: &Progress, l: Language) -> Option<String> {
    let left = length(rounded(progress.left?));
    Some(both!("about {left} left", "noch etwa {left}").told_in(l))
}

/// How many records ended how, as far as there are any.
fn outcomes(counts: &Counts, l: Language) -> Vec<String> {
    [
        (counts.created, l.pick("created", "angelegt")),
        (
            counts.invalid + counts.refused,
            l.pick("failed", "fehlgeschlagen"),
        ),
        (counts.unknown, l.pick("unknown", "unbekannt")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{} {word}", thousands_in(number, l)))
    .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is rounded here is small and not negative"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// No more precise than an estimate can be: five seconds in the last minutes, then minutes.
fn rounded(left: Duration) -> Duration {
    let seconds = whole(left.as_secs_f64().ceil());
    let step = if seconds <= 180 { 5 } else { 60 };
    Duration::from_secs(seconds.div_ceil(step).max(1) * step)
}

/// The phase and how much of it is done. Reading may count bytes, so it is told in per cent.
fn position(progress: &Progress, l: Language) -> String {
    let (done, total) = (progress.done, progress.total);
    // The share makes room for what is worse.
    let shared = total.filter(|total| *total > 0 && progress.gives_up.is_none());
    let percent = shared.map(|total| {
        let share = u128::from(done.min(total)) * 100 / u128::from(total);
        match l {
            Language::English => format!("{share}%"),
            Language::German => format!("{share}\u{a0}%"),
        }
    });
    let name = match progress.phase {
        Phase::Reading => {
            let records = thousands_in(progress.counts.read, l);
            let told = match percent {
                Some(percent) => both!(
                    "Reading {percent}, {records} records",
                    "Einlesen {percent}, {records} Datensätze"
                ),
                None => both!(
                    "Reading, {records} records",
                    "Einlesen, {records} Datensätze"
                ),
            };
            return told.told_in(l);
        }
        Phase::CheckingExisting => l.pick(
            "Asking which customers exist",
            "Abfragen, welche Kunden es gibt",
        ),
        Phase::Reconciling => l.pick("Looking up what is unknown", "Nachsehen, was unbekannt ist"),
        Phase::Sending => l.pick("Sending", "Senden"),
        Phase::Reporting => l.pick("Writing the report", "Bericht schreiben"),
    };
    match (total, percent) {
        (Some(total), Some(percent)) => format!(
            "{name} {} {} {} ({percent})",
            thousands_in(done, l),
            l.pick("of", "von"),
            thousands_in(total, l)
        ),
        (Some(total), None) if total > 0 => format!(
            "{name} {} {} {}",
            thousands_in(done, l),
            l.pick("of", "von"),
            thousands_in(total, l)
        ),
        _ if done == 0 => name.to_owned(),
        _ => format!("{name} {}", thousands_in(done, l)),
    }
}

/// As many of the parts as a line of so many columns has room for; the first one in any case.
fn fitting(parts: &[String], columns: usize) -> String {
    let mut line = String::new();
    for part in parts {
        let is_first = line.is_empty();
        let length = line.chars().count() + 2 + part.chars().count();
        if !is_first && length > columns {
            break;
        }
        if !is_first {
            line.push_str(", ");
        }
        line.push_str(part);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Language::{English, German};
    use crate::outcome::{QuotaUse, Traffic};

    fn progress(phase: Phase, done: u64, total: Option<u64>) -> Progress {
        Progress {
            phase,
            done,
            total,
            counts: Counts::default(),
            traffic: Traffic::default(),
            concurrency: 8,
            quota: None,
            left: None,
            gives_up: None,
            waits: None,
        }
    }

    fn text(progress: &Progress, rate: Option<f64>, l: Language) -> String {
        parts(progress, rate, l).join(", ")
    }

    #[test]
    fn a_line_tells_what_matters_in_its_phase() {
        let mut sending = progress(Phase::Sending, 12_345, Some(100_000));
        sending.counts.created = 12_300;
        sending.counts.refused = 40;
        sending.counts.invalid = 2;
        sending.left = Some(Duration::from_secs(180));
        assert_eq!(
            text(&sending, Some(9.84), English),
            "Sending 12,345 of 100,000 (12%), about 3 min left, 9.8 records/s, 8 at once, \
             12,300 created, 42 failed"
        );
        assert_eq!(
            text(&sending, Some(9.84), German),
            "Senden 12.345 von 100.000 (12\u{a0}%), noch etwa 3 min, 9,8 Datensätze/s, \
             8 zugleich, 12.300 angelegt, 42 fehlgeschlagen"
        );
        sending.quota = Some(QuotaUse {
            used: 43,
            limit: 60,
            interval: Duration::from_mins(1),
        });
        sending.left = Some(Duration::from_secs(86_390));
        assert_eq!(
            text(&sending, Some(1_234.5), English),
            "Sending 12,345 of 100,000 (12%), about 24 h left, quota 43 of 60 in 1 min, \
             1,235 records/s, 12,300 created, 42 failed"
        );
        // Parts that do not fit are left out as a whole.
        let all = parts(&sending, Some(25.0), English);
        assert_eq!(
            fitting(&all, 80),
            "Sending 12,345 of 100,000 (12%), about 24 h left, quota 43 of 60 in 1 min"
        );
        assert_eq!(fitting(&all, 10), "Sending 12,345 of 100,000 (12%)");
        assert_eq!(fitting(&all, 999), all.join(", "));
        let mut reading = progress(Phase::Reading, 500, Some(1000));
        reading.counts.read = 7;
        assert_eq!(text(&reading, None, English), "Reading 50%, 7 records");
        reading.total = Some(0);
        assert_eq!(
            text(&reading, Some(7.0), English),
            "Reading, 7 records, 7 records/s"
        );
        let asking = progress(Phase::CheckingExisting, 3, None);
        assert_eq!(
            text(&asking, None, English),
            "Asking which customers exist 3"
        );
    }

    #[test]
    fn as_many_parts_are_drawn_as_the_terminal_has_room_for() {
        let pace = Pace::default();
        let sending = progress(Phase::Sending, 45, Some(100));
        let parts = ["Sending 45 of 100 (45%)".to_owned(), "8 at once".to_owned()];
        let wide = "====>      Sending 45 of 100 (45%), 8 at once";
        assert_eq!(pace.drawn(&sending, &parts, 100), wide);
        let narrow = "Sending 45 of 100 (45%), 8 at once";
        assert_eq!(pace.drawn(&sending, &parts, 35), narrow);
        assert_eq!(pace.drawn(&sending, &parts, 34), parts[0]);
    }

    #[test]
    fn an_outage_is_told_with_the_time_after_which_the_run_gives_up() {
        let mut sending = progress(Phase::Sending, 12_345, Some(100_000));
        sending.counts.created = 12_345;
        sending.left = Some(Duration::from_secs(180));
        sending.gives_up = Some(Duration::from_secs(217));
        assert_eq!(
            text(&sending, Some(9.84), English),
            "Sending 12,345 of 100,000, server does not answer; gives up in 4 min, 12,345 created"
        );
        assert_eq!(
            text(&sending, Some(9.84), German),
            "Senden 12.345 von 100.000, Server antwortet nicht; Abbruch in 4 min, 12.345 angelegt"
        );
        // It is told on narrow terminals, too, however much there is to send.
        (sending.done, sending.total) = (1_234_567, Some(2_000_000));
        sending.gives_up = Some(Duration::from_secs(5_400));
        for (language, end) in [
            (English, "gives up in 1 h 30 min"),
            (German, "in 1 h 30 min"),
        ] {
            let told = fitting(&parts(&sending, None, language), 79);
            assert!(told.ends_with(end), "{told}");
        }
    }

    #[test]
    fn a_wait_is_told_with_its_length_and_what_it_is_for() {
        let mut sending = progress(Phase::Sending, 296, Some(300));
        sending.counts.created = 296;
        sending.left = Some(Duration::from_secs(137));
        sending.waits = Some(SettleWait {
            customers: 4,
            next: Duration::from_secs(98),
            all: Duration::from_secs(137),
        });
        assert_eq!(
            text(&sending, Some(0.0), English),
            "Waiting 1 min 40 s before 4 unknown customers are looked up, about 2 min 20 s left, \
             Sending 296 of 300 (98%), 296 created"
        );
        assert_eq!(
            text(&sending, Some(0.0), German),
            "1 min 40 s warten, bevor nach 4 unbekannten Kunden gesehen wird, \
             noch etwa 2 min 20 s, Senden 296 von 300 (98\u{a0}%), 296 angelegt"
        );
        sending.waits = Some(SettleWait {
            customers: 1,
            next: Duration::ZERO,
            all: Duration::ZERO,
        });
        let told = parts(&sending, None, English);
        assert_eq!(
            told[0],
            "Waiting 5 s before 1 unknown customer is looked up"
        );
        // An outage is worse.
        sending.gives_up = Some(Duration::from_secs(60));
        assert!(text(&sending, None, English).contains("gives up in 1 min"));
    }

    #[test]
    fn a_rate_is_that_of_its_phase() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut now = progress(Phase::Sending, 100, None);
        assert!(!pace.tell(&now, start, English).concat().contains("/s"));
        now.done = 130;
        let later = pace
            .tell(&now, start + Duration::from_secs(3), English)
            .concat();
        assert!(later.contains("10 records/s"), "{later}");
        now.phase = Phase::Reconciling;
        let other = pace
            .tell(&now, start + Duration::from_secs(9), English)
            .concat();
        assert!(!other.contains("/s"), "{other}");
    }

    #[test]
    fn asking_which_customers_exist_has_a_rate_and_a_time_left() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut asking = progress(Phase::CheckingExisting, 0, None);
        let mut at = |asking: &Progress, seconds| {
            let now = start + Duration::from_secs(seconds);
            pace.tell(asking, now, English).join(", ")
        };
        assert_eq!(at(&asking, 0), "Asking which customers exist");
        assert_eq!(at(&asking, 2), "Asking which customers exist");
        (asking.done, asking.total) = (15_801, Some(30_000));
        assert_eq!(
            at(&asking, 20),
            "Asking which customers exist 15,801 of 30,000 (52%), about 20 s left, 790 customers/s"
        );
        // There are more than the server said.
        asking.done = 30_001;
        let told = at(&asking, 40);
        assert_eq!(
            told,
            "Asking which customers exist 30,001 of 30,000 (100%), 750 customers/s"
        );
        (asking.done, asking.total) = (90, Some(100));
        assert_eq!(
            text(&asking, Some(2.3), German),
            "Abfragen, welche Kunden es gibt 90 von 100 (90\u{a0}%), noch etwa 5 s, 2,3 Kunden/s"
        );
    }

    #[test]
    fn an_estimate_is_told_no_more_precisely_than_it_is() {
        let told = |seconds| length(rounded(Duration::from_secs_f64(seconds)));
        assert_eq!(told(0.0), "5 s");
        assert_eq!(told(62.1), "1 min 5 s");
        assert_eq!(told(180.0), "3 min");
        assert_eq!(told(181.0), "4 min");
        assert_eq!(told(7_300.0), "2 h 2 min");
    }

    #[test]
    fn lines_come_every_ten_seconds() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let due: Vec<_> = (0..25)
            .filter(|second| pace.line_is_due(start + Duration::from_secs(*second)))
            .collect();
        assert_eq!(due, [10, 20]);
    }
}
