//! Customers created over time, as bars that the page draws, and the limits beside them.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::labels::Labels;
use super::put;
use super::timeline::Timeline;
use crate::outcome::telling::{length_in, tenths, thousands_in};
use crate::outcome::{Conditions, Language, Limit};

/// Width and height of the drawing, in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;
/// The part of its stretch that a bar fills.
const FILLED: f64 = 0.8;
/// A limit so many times above the highest bar is told, but not drawn: the bars would vanish.
const LIMIT_DRAWN_UP_TO: f64 = 4.0;

/// What the page draws.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    bars: Vec<Bar>,
    lines: Vec<Line>,
    /// The highest value of the drawing.
    top: String,
    /// When its first stretch begins, and its last one ends.
    begins: String,
    ends: String,
    stretch: String,
    most: String,
    width: f64,
    height: f64,
}

impl Chart {
    /// The length of a stretch.
    pub(super) fn stretch(&self) -> &str {
        &self.stretch
    }

    /// The most that were created in one stretch.
    pub(super) fn most(&self) -> &str {
        &self.most
    }
}

#[derive(Debug, Serialize)]
struct Bar {
    /// Whether anything of it would be seen.
    is_drawn: bool,
    x: String,
    y: String,
    width: String,
    height: String,
    /// When the stretch begins.
    at: String,
    count: String,
    per_second: String,
}

#[derive(Debug, Serialize)]
struct Line {
    /// `rate` or `quota`.
    what: &'static str,
    /// Where it is drawn, if it is.
    y: Option<String>,
    /// Requests in one stretch.
    requests: String,
    /// The limit itself.
    limit: String,
    /// What is to be known of the line, or why there is none.
    note: Option<String>,
}

/// How a limit can be held against the bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// Each bar keeps it.
    PerBar,
    /// The bars keep it on the average: its interval is longer than one of them, and within it
    /// the server lets it be used up at once.
    OnAverage,
    /// Not at all: its interval is longer than all bars together.
    Never,
}

impl Held {
    /// A rate is kept evenly; a quota may be used up at once within its interval.
    fn of(what: &str, limit: Limit, bar: Duration, bars: u32) -> Self {
        let interval = Duration::from_millis(limit.per_ms);
        match interval {
            _ if what == "rate" || interval <= bar => Self::PerBar,
            _ if interval <= bar.saturating_mul(bars) => Self::OnAverage,
            _ => Self::Never,
        }
    }
}

impl Chart {
    /// The drawing; none if nothing was created.
    pub(super) fn of(timeline: &Timeline, conditions: &Conditions, l: &Labels) -> Option<Self> {
        let language = l.language;
        let thousands = |number| thousands_in(number, language);
        let moment = |at| moment(at, language);
        let stretches = timeline.stretches();
        let most = stretches.iter().map(|(_, count)| *count).max()?;
        let whole = Duration::from_secs(timeline.seconds().unsigned_abs());
        let count = u32::try_from(stretches.len()).unwrap_or(u32::MAX);
        let limits: Vec<_> = [("rate", conditions.rate), ("quota", conditions.quota)]
            .into_iter()
            .filter_map(|(what, limit)| Some((what, limit?)))
            .map(|(what, limit)| Against {
                what,
                limit,
                held: Held::of(what, limit, whole, count),
                requests: in_time(limit, whole),
            })
            .collect();
        let highest = float(most);
        let top = limits
            .iter()
            .filter(|against| against.held != Held::Never)
            .map(|against| against.requests)
            .filter(|requests| *requests <= highest * LIMIT_DRAWN_UP_TO)
            .fold(highest, f64::max);
        let y = |value| height_of(value, top);
        let step = WIDTH / float(stretches.len() as u64);
        let bars = stretches
            .iter()
            .zip(0_u32..)
            .map(|((at, count), index)| {
                let height = number(HEIGHT - y(float(*count)));
                Bar {
                    is_drawn: height != number(0.0),
                    x: number((f64::from(index) + (1.0 - FILLED) / 2.0) * step),
                    y: number(y(float(*count))),
                    width: number(FILLED * step),
                    height,
                    at: moment(*at),
                    count: thousands(*count),
                    per_second: tenths(float(*count) / whole.as_secs_f64(), language),
                }
            })
            .collect();
        let lines = limits
            .iter()
            .map(|against| against.line(top, whole, l))
            .collect();
        let (begins, _) = stretches.first()?;
        let (last, _) = stretches.last()?;
        let ends = last.checked_add(whole).unwrap_or(*last);
        Some(Self {
            bars,
            lines,
            top: thousands(rounded(top)),
            begins: moment(*begins),
            ends: moment(ends),
            stretch: length_in(whole, language),
            most: thousands(most),
            width: WIDTH,
            height: HEIGHT,
        })
    }
}

/// A moment as the page writes it, to the second.
pub(super) fn moment(at: Timestamp, language: Language) -> String {
    let form = language.pick("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S");
    at.strftime(form).to_string()
}

/// A limit beside the bars.
struct Against {
    what: &'static str,
    limit: Limit,
    held: Held,
    /// Requests in the time of one bar.
    requests: f64,
}

impl Against {
    /// The limit as a line of a drawing that reaches up to `top`, or as words if it would mislead.
    fn line(&self, top: f64, bar: Duration, l: &Labels) -> Line {
        let language = l.language;
        let is_drawn = self.held != Held::Never && self.requests <= top;
        // A number and its unit stay on one line.
        let time = |time| length_in(time, language).replace(' ', "\u{a0}");
        let per = Duration::from_millis(self.limit.per_ms);
        let interval = time(per);
        let note = match self.held {
            Held::Never => Some(put(l.limit_of_longer, &[&interval])),
            _ if !is_drawn => Some(l.limit_above.to_owned()),
            Held::OnAverage => {
                let mean = tenths(self.requests, language);
                let mean = mean
                    .strip_suffix(language.pick(".0", ",0"))
                    .unwrap_or(&mean);
                Some(put(l.limit_on_average, &[mean, &time(bar), &interval]))
            }
            Held::PerBar => None,
        };
        Line {
            what: self.what,
            y: is_drawn.then(|| number(height_of(self.requests, top))),
            requests: thousands_in(rounded(self.requests), language),
            limit: format!(
                "{} / {}",
                thousands_in(self.limit.requests.into(), language),
                length_in(per, language)
            ),
            note,
        }
    }
}

/// Where a value stands in a drawing that reaches up to `top`.
fn height_of(value: f64, top: f64) -> f64 {
    HEIGHT * (1.0 - value / top)
}

/// Requests that a limit allows in this time.
fn in_time(limit: Limit, time: Duration) -> f64 {
    let per = Duration::from_millis(limit.per_ms.max(1));
    f64::from(limit.requests) * time.as_secs_f64() / per.as_secs_f64()
}

/// A coordinate.
fn number(value: f64) -> String {
    format!("{value:.2}")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a drawing needs no exact counts"
)]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and beyond 2^53 nobody counts"
)]
fn rounded(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::super::labels::{ENGLISH, GERMAN};
    use super::*;

    fn timeline(seconds: &[i64]) -> Timeline {
        let mut timeline = Timeline::default();
        for second in seconds {
            timeline.note(Timestamp::from_second(*second).unwrap());
        }
        timeline
    }

    fn limited(rate: Option<Limit>, quota: Option<Limit>) -> Conditions {
        Conditions {
            rate,
            quota,
            ..Conditions::default()
        }
    }

    #[test]
    fn bars_and_limits_share_a_scale_and_far_limits_are_only_told() {
        let timeline = timeline(&[0, 0, 0, 0, 1, 1]);
        let minute = Duration::from_secs(60);
        let rate = Some(Limit::new(480, minute));
        let conditions = limited(rate, Some(Limit::new(100, Duration::from_secs(1))));
        let chart = Chart::of(&timeline, &conditions, &ENGLISH).unwrap();
        assert_eq!((&*chart.top, &*chart.most), ("8", "4"));
        let heights: Vec<&str> = chart.bars.iter().map(|bar| &*bar.height).collect();
        assert_eq!(heights, ["60.00", "30.00"]);
        let lines: Vec<_> = chart
            .lines
            .iter()
            .map(|line| {
                let y = line.y.as_deref();
                (line.what, y, &*line.requests, line.note.as_deref())
            })
            .collect();
        let above = Some(ENGLISH.limit_above);
        assert_eq!(
            lines,
            [
                ("rate", Some("0.00"), "8", None),
                ("quota", None, "100", above)
            ]
        );
        assert!(Chart::of(&Timeline::default(), &conditions, &ENGLISH).is_none());
    }

    #[test]
    fn a_quota_of_a_longer_time_than_a_bar_is_drawn_as_its_mean_and_says_so() {
        // Fourteen seconds: three intervals, each of which is used up at once.
        let seconds: Vec<i64> = [0, 5, 10, 13].iter().flat_map(|at| [*at; 6]).collect();
        let quota = Some(Limit::new(6, Duration::from_secs(5)));
        let of = |l| Chart::of(&timeline(&seconds), &limited(None, quota), l).unwrap();
        let (chart, german) = (of(&ENGLISH), of(&GERMAN));
        assert_eq!(chart.top, "6");
        let line = &chart.lines[0];
        assert_eq!(
            (line.y.as_deref(), &*line.limit),
            (Some("96.00"), "6 / 5 s")
        );
        let told = "drawn as its mean, 1.2 in 1\u{a0}s; within 5\u{a0}s it may be used up sooner";
        assert_eq!(line.note.as_deref(), Some(told));
        let told = german.lines[0].note.as_deref().unwrap();
        assert!(told.contains("1,2 in 1\u{a0}s"), "{told}");
    }

    #[test]
    fn a_whole_mean_has_no_decimal() {
        let quota = Some(Limit::new(20_000, Duration::from_secs(10)));
        let seconds: Vec<i64> = (0..12).flat_map(|at| [at; 900]).collect();
        let chart = Chart::of(&timeline(&seconds), &limited(None, quota), &GERMAN).unwrap();
        let told = chart.lines[0].note.as_deref().unwrap();
        assert!(told.contains("2.000 in 1\u{a0}s"), "{told}");
    }

    #[test]
    fn a_quota_of_a_longer_time_than_all_bars_is_told_in_words_only() {
        // 4 in two seconds, of 60 an hour: a line at 0.02 would say that it was broken.
        let quota = Some(Limit::new(60, Duration::from_secs(3600)));
        let chart = Chart::of(&timeline(&[0, 0, 1, 1]), &limited(None, quota), &ENGLISH).unwrap();
        let line = &chart.lines[0];
        assert_eq!((line.y.as_deref(), &*line.limit), (None, "60 / 1 h"));
        let told = "not drawn: all bars together are shorter than 1\u{a0}h";
        assert_eq!(line.note.as_deref(), Some(told));
    }
}
