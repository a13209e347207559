//! Customers created over time, as bars that the page draws, and the limits beside them.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

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
    /// Where it is drawn; none if it lies too far above the bars, or says nothing about one.
    y: Option<String>,
    /// Requests in one stretch.
    requests: String,
    /// The limit itself.
    limit: String,
}

impl Chart {
    /// The drawing; none if nothing was created.
    pub(super) fn of(
        timeline: &Timeline,
        conditions: &Conditions,
        language: Language,
    ) -> Option<Self> {
        let thousands = |number| thousands_in(number, language);
        let moment = |at| moment(at, language);
        let stretches = timeline.stretches();
        let most = stretches.iter().map(|(_, count)| *count).max()?;
        let seconds = timeline.seconds();
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let limits = [("rate", conditions.rate), ("quota", conditions.quota)];
        let limits: Vec<_> = limits
            .into_iter()
            .filter_map(|(what, limit)| Some((what, limit?)))
            .map(|(what, limit)| (what, limit, in_time(limit, whole)))
            .collect();
        let highest = float(most);
        let top = limits
            .iter()
            .filter(|(what, limit, _)| is_drawn(what, *limit, whole))
            .map(|(_, _, requests)| *requests)
            .filter(|requests| *requests <= highest * LIMIT_DRAWN_UP_TO)
            .fold(highest, f64::max);
        let y = |value: f64| HEIGHT * (1.0 - value / top);
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
            .into_iter()
            .map(|(what, limit, requests)| Line {
                what,
                y: (is_drawn(what, limit, whole) && requests <= top).then(|| number(y(requests))),
                requests: thousands(rounded(requests)),
                limit: format!(
                    "{} / {}",
                    thousands(limit.requests.into()),
                    length_in(Duration::from_millis(limit.per_ms), language)
                ),
            })
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

/// Whether a limit may be held against a bar. A rate is kept evenly; a quota may be used up at
/// once within its interval.
fn is_drawn(what: &str, limit: Limit, bar: Duration) -> bool {
    what == "rate" || Duration::from_millis(limit.per_ms) <= bar
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
    use super::*;

    #[test]
    fn bars_and_limits_share_a_scale_and_far_limits_are_only_told() {
        let mut timeline = Timeline::default();
        for second in [0, 0, 0, 0, 1, 1] {
            timeline.note(Timestamp::from_second(second).unwrap());
        }
        let conditions = Conditions {
            settings: Vec::new(),
            rate: Some(Limit::new(480, Duration::from_secs(60))),
            quota: Some(Limit::new(6000, Duration::from_secs(60))),
            attempts: 0,
            told: crate::outcome::ToldTexts::default(),
            asked: crate::outcome::Asked::default(),
        };
        let chart = Chart::of(&timeline, &conditions, Language::English).unwrap();
        assert_eq!((&*chart.top, &*chart.most), ("8", "4"));
        let heights: Vec<&str> = chart.bars.iter().map(|bar| &*bar.height).collect();
        assert_eq!(heights, ["60.00", "30.00"]);
        let lines: Vec<_> = chart
            .lines
            .iter()
            .map(|line| (line.what, line.y.as_deref(), &*line.requests))
            .collect();
        assert_eq!(lines, [("rate", Some("0.00"), "8"), ("quota", None, "100")]);
        assert!(Chart::of(&Timeline::default(), &conditions, Language::English).is_none());
    }
}
