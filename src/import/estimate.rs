//! How long sending will still take: by the pace of the last minutes, and never less than the
//! server's quota and the user's rate allow. The pace alone would promise too much where the
//! first window of a quota is used up in a moment.

#![expect(
    clippy::cast_precision_loss,
    reason = "an estimate needs no exact counts"
)]

use std::collections::VecDeque;
use std::time::Duration;

use crate::deliver::settings::Rate;
use crate::outcome::{Counts, QuotaUse, Traffic};

/// The pace is that of so much time.
const LOOKS_BACK: Duration = Duration::from_secs(120);
/// ... or of so many intervals of a quota, for within one it says nothing.
const INTERVALS: u32 = 3;
/// At most so many moments are remembered.
const MARKS: u32 = 60;
/// Before so much time has passed, the pace says nothing.
const NOT_BEFORE: Duration = Duration::from_secs(1);

/// Of fewer records than these, what is short cannot be told: what one more takes is chance.
const FEW: u64 = 20;
/// ... and short is less than this.
const SHORT: Duration = Duration::from_secs(10);

/// Where sending stood at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Since sending began.
    pub(super) at: Duration,
    /// Records by outcome.
    pub(super) counts: Counts,
    /// Requests.
    pub(super) traffic: Traffic,
    /// Requests that are under way.
    pub(super) in_flight: u64,
}

/// What the pace is known from.
#[derive(Debug)]
pub(super) struct Estimate {
    first: Mark,
    marks: VecDeque<Mark>,
    /// When the last records were settled that were.
    last_settled: (Duration, u64),
    /// The most requests that were under way at once.
    at_once: u64,
    rate: Option<Rate>,
}

impl Estimate {
    /// Begins with what was settled before, at a rate of the user's.
    pub(super) fn new(counts: Counts, rate: Option<Rate>) -> Self {
        let first = Mark {
            at: Duration::ZERO,
            counts,
            traffic: Traffic::default(),
            in_flight: 0,
        };
        Self {
            first,
            last_settled: (Duration::ZERO, counts.settled()),
            at_once: 0,
            marks: VecDeque::from([first]),
            rate,
        }
    }

    /// The time left; nothing before it can be told, and while nothing gets on.
    pub(super) fn left(&mut self, now: Mark, quota: Option<QuotaUse>) -> Option<Duration> {
        self.remember(now, quota);
        let all = now
            .counts
            .settled()
            .checked_sub(self.first.counts.settled())?;
        let since = self.marks.front()?;
        let time = now.at.saturating_sub(since.at);
        let (last, done) = self.last_settled;
        let settled = done.saturating_sub(since.counts.settled());
        // The first of those that began together say how fast one is, and not how fast all are.
        if time < NOT_BEFORE || settled == 0 || all < self.at_once {
            return None;
        }
        // Answers of a slow server come in waves: what follows the last one has not failed to
        // bring anything before as much time has passed as it took.
        let idle = now.at.saturating_sub(last);
        let time = last.saturating_sub(since.at).max(idle);
        let open = now.counts.open;
        let by_pace = time.mul_f64(share(open, settled));
        // How many requests those that are open will need, as those before them did.
        let need = |requests: u64| requests.max(all) as f64 / all as f64 * open as f64;
        let by_quota = quota.map(|quota| {
            let free = u64::from(quota.limit).saturating_sub(quota.used);
            let beyond = (need(now.traffic.posts) - free as f64).max(0.0);
            quota
                .interval
                .mul_f64(capped(beyond / f64::from(quota.limit)))
        });
        let by_rate = self.rate.map(|rate| {
            let intervals = need(now.traffic.requests) / f64::from(rate.requests.get());
            rate.per.mul_f64(capped(intervals))
        });
        let left = [Some(by_pace), by_quota, by_rate]
            .into_iter()
            .flatten()
            .max()?;
        let is_known = open > 0 && (all + open >= FEW || left >= SHORT);
        is_known.then_some(left)
    }

    fn remember(&mut self, now: Mark, quota: Option<QuotaUse>) {
        self.at_once = self.at_once.max(now.in_flight);
        // Within a wave nothing shows how long it takes: whole ones count.
        let (settled, first) = (now.counts.settled(), self.first.counts.settled());
        let waves = |settled: u64| settled.saturating_sub(first) / self.at_once.max(1);
        if waves(settled) != waves(self.last_settled.1) {
            self.last_settled = (now.at, settled);
        }
        let intervals = quota.map_or(Duration::ZERO, |quota| {
            quota.interval.saturating_mul(INTERVALS)
        });
        let back = intervals.max(LOOKS_BACK);
        let last = self.marks.back().map_or(Duration::ZERO, |mark| mark.at);
        if now.at.saturating_sub(last) >= back / MARKS {
            self.marks.push_back(now);
        }
        // The oldest one that is kept is just old enough.
        while let Some(second) = self.marks.get(1)
            && now.at.saturating_sub(second.at) >= back
        {
            self.marks.pop_front();
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    capped(part as f64 / whole as f64)
}

/// No estimate needs more, and a `Duration` holds no more than its own.
fn capped(factor: f64) -> f64 {
    factor.min(1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: Duration, created: u64, all: u64, posts: u64) -> Mark {
        Mark {
            at,
            counts: Counts {
                read: all,
                created,
                open: all - created,
                ..Counts::default()
            },
            traffic: Traffic {
                requests: posts,
                posts,
                ..Traffic::default()
            },
            in_flight: 0,
        }
    }

    fn nothing(all: u64) -> Counts {
        mark(Duration::ZERO, 0, all, 0).counts
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Whether an estimate is no further from the truth than a tenth of it, and `more`.
    #[track_caller]
    fn close(left: Option<Duration>, truth: f64, more: f64, at: f64) {
        let left = left.unwrap().as_secs_f64();
        let off = (left - truth).abs();
        assert!(
            off <= truth / 10.0 + more,
            "at {at} s: {left} instead of {truth}"
        );
    }

    #[test]
    fn of_a_few_records_no_time_is_told_unless_it_is_long() {
        let left = |all, each: f64, done: u64| {
            let mut estimate = Estimate::new(nothing(all), None);
            (1..=done).fold(None, |_, created| {
                let at = seconds(each * created as f64);
                estimate.left(mark(at, created, all, created), None)
            })
        };
        assert_eq!(left(8, 1.2, 1), None);
        assert_eq!(left(8, 1.2, 7), None);
        assert_eq!(left(8, 1.2, 8), None);
        close(left(8, 60.0, 2), 360.0, 0.0, 120.0);
        close(left(100, 0.1, 50), 5.0, 0.0, 5.0);
        // There is nothing left.
        assert_eq!(left(100, 0.1, 100), None);
    }

    #[test]
    fn a_quota_that_is_used_up_in_a_moment_is_counted_with() {
        // 60 in a minute, each window's used up within a second of its beginning.
        let quota = |used| QuotaUse {
            used,
            limit: 60,
            interval: Duration::from_mins(1),
        };
        let mut estimate = Estimate::new(nothing(1_000), None);
        for tenth in 10..9_600 {
            let at = f64::from(tenth) / 10.0;
            let (window, within) = ((at / 60.0).floor(), at % 60.0);
            let created = (60.0 * window + 60.0 * within.min(1.0)).min(999.0) as u64;
            let used = (60.0 * within.min(1.0)) as u64;
            let now = mark(seconds(at), created, 1_000, created);
            let left = estimate.left(now, Some(quota(used)));
            // The last 40 go at the beginning of the seventeenth window.
            close(left, 960.0 - at, 60.0, at);
        }
    }

    #[test]
    fn the_pace_is_that_of_the_last_minutes() {
        let mut estimate = Estimate::new(nothing(100_000), None);
        // A hundred a second for ten minutes, then ten.
        for second in 1..1_200_u32 {
            let early = second.min(600);
            let created = u64::from(early * 100 + (second - early) * 10);
            let now = mark(seconds(second.into()), created, 100_000, created);
            let left = estimate.left(now, None);
            if second <= 600 {
                close(left, (100_000 - created) as f64 / 100.0, 0.0, second.into());
            } else if second > 730 {
                close(left, (100_000 - created) as f64 / 10.0, 0.0, second.into());
            }
        }
        assert!(estimate.marks.len() <= MARKS as usize + 2);
    }

    #[test]
    fn the_users_rate_is_kept_and_every_request_counts() {
        let rate = Rate {
            requests: 2.try_into().unwrap(),
            per: Duration::from_secs(1),
        };
        let mut estimate = Estimate::new(nothing(1_000), Some(rate));
        // Two requests for each of them.
        let left = estimate.left(mark(seconds(1.5), 10, 1_000, 20), None);
        close(left, 990.0, 0.0, 1.5);
    }

    #[test]
    fn a_slow_servers_first_answers_are_no_rate_and_its_waves_no_hesitation() {
        // Eight at once, eight seconds each, that do not end at the same moment.
        let mut estimate = Estimate::new(nothing(1_500), None);
        for tenth in 1..14_900_u32 {
            let at = f64::from(tenth) / 10.0;
            let (wave, within) = ((at / 8.0).floor(), at % 8.0);
            let created = if wave < 1.0 {
                0.0
            } else {
                (wave - 1.0) * 8.0 + (within * 10.0).floor().min(8.0)
            };
            let mut now = mark(seconds(at), created as u64, 1_500, created as u64);
            now.in_flight = 8;
            let left = estimate.left(now, None);
            if created < 8.0 {
                assert_eq!(left, None, "at {at} s");
            } else {
                close(left, 1_500.0 - at, 16.0, at);
            }
        }
    }

    #[test]
    fn nothing_is_said_too_early_or_while_nothing_gets_on() {
        let mut estimate = Estimate::new(nothing(100), None);
        assert_eq!(estimate.left(mark(seconds(0.9), 50, 100, 50), None), None);
        assert!(
            estimate
                .left(mark(seconds(1.0), 50, 100, 50), None)
                .is_some()
        );
        for second in 2..400_u32 {
            let left = estimate.left(mark(seconds(second.into()), 50, 100, 50), None);
            assert_eq!(left.is_none(), second > 121, "{second}");
        }
    }
}
