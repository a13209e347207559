//! How long to wait before trying again: full jitter between nothing and a bound that
//! doubles. Pure but for the random number that it is handed.

use std::time::Duration;

/// First bound after trouble of the network.
pub const BASE: Duration = Duration::from_millis(250);
/// First bound after the server said "too much".
pub const THROTTLED_BASE: Duration = Duration::from_secs(1);
/// Largest bound.
pub const CAP: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is obeyed.
pub const RETRY_AFTER_CAP: Duration = Duration::from_secs(15 * 60);

/// The wait before try number `tries + 1`: `roll` (0 to 1) of `base` times two to the power of
/// `tries - 1`, at most [`CAP`].
#[must_use]
pub fn wait(base: Duration, tries: u32, roll: f64) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let bound = base.saturating_mul(1 << doublings).min(CAP);
    bound.mul_f64(roll.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_stay_within_their_bounds(tries in 0u32..1000, roll in 0.0f64..=1.0) {
            prop_assert!(wait(BASE, tries, roll) <= CAP);
            prop_assert!(wait(BASE, tries, 0.0) == Duration::ZERO);
        }
    }

    #[test]
    fn bounds_double_up_to_the_cap() {
        let bounds: Vec<_> = (1..=9)
            .map(|tries| wait(BASE, tries, 1.0).as_millis())
            .collect();
        assert_eq!(
            bounds,
            [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000]
        );
    }
}
