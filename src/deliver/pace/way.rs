//! How long the quickest requests take.

use std::time::Duration;

/// Answers after which the shortest way is measured anew.
const MEASURED_OVER: u32 = 1_024;

/// The shortest time from start to answer among the last thousand or two.
#[derive(Debug, Default)]
pub(super) struct ShortestWay {
    before: Option<Duration>,
    now: Option<Duration>,
    noted: u32,
}

impl ShortestWay {
    pub(super) fn note(&mut self, way: Duration) {
        if self.noted >= MEASURED_OVER {
            self.before = self.now.take();
            self.noted = 0;
        }
        self.noted += 1;
        self.now = Some(self.now.map_or(way, |shortest| shortest.min(way)));
    }

    /// Nothing, before there was an answer.
    pub(super) fn shortest(&self) -> Duration {
        let shortest = match (self.before, self.now) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        shortest.unwrap_or_default()
    }
}
