//! When the next request may start: the user's rate (governor), the server's own quota
//! (`gate`), the number in flight (`concurrency`), and no heap of POSTs at once (`spread`). Pure:
//! time comes in as a duration since the engine's start.

mod concurrency;
mod gate;
mod measured;
mod spread;
mod way;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, RateLimiter};

pub use concurrency::Concurrency;
pub use gate::{Closed, Gate, Ticket};
pub use spread::Spread;

use super::settings::Rate;

/// A point in time: the duration since the engine's start, by a monotonic clock.
pub type Moment = Duration;

/// The engine's time as governor sees it, so that one clock drives everything.
#[derive(Clone, Debug, Default)]
struct EngineClock(Arc<AtomicU64>);

impl Clock for EngineClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed).into()
    }
}

/// The user's own rate, with a burst of one.
#[derive(Debug)]
pub struct UserRate {
    clock: EngineClock,
    limiter: RateLimiter<NotKeyed, InMemoryState, EngineClock, NoOpMiddleware<Nanos>>,
}

impl UserRate {
    /// A limiter for `rate`; none if the rate is finer than a nanosecond.
    #[must_use]
    pub fn new(rate: Rate) -> Option<Self> {
        let period = rate.per / rate.requests.get();
        let quota = governor::Quota::with_period(period)?.allow_burst(NonZeroU32::MIN);
        let clock = EngineClock::default();
        Some(Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
        })
    }

    /// Takes a token, or says when there will be one.
    ///
    /// # Errors
    /// The moment of the next token.
    pub fn take(&self, now: Moment) -> Result<(), Moment> {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.clock.0.fetch_max(nanos, Ordering::Relaxed);
        self.limiter.check().map_err(|refusal: NotUntil<Nanos>| {
            now + refusal
                .wait_time_from(self.clock.now())
                .max(Duration::from_micros(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Moment {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_users_rate_is_kept() {
        let rate = Rate {
            requests: NonZeroU32::new(10).unwrap(),
            per: Duration::from_secs(1),
        };
        let limiter = UserRate::new(rate).unwrap();
        let mut now = ms(0);
        let mut taken = Vec::new();
        while taken.len() < 50 {
            match limiter.take(now) {
                Ok(()) => taken.push(now),
                Err(at) => now = at,
            }
        }
        assert!(now >= ms(4900) && now <= ms(4910), "{now:?}");
    }
}
