//! What people type: rates, times, shares, record numbers, the sandbox's faults.

use std::time::Duration;

use wawi_importer::cli::words::{Delimiter, Encoding, FileMode, Refused, TimeLimit, read};
use wawi_importer::deliver::pace::UserRate;
use wawi_importer::deliver::{Rate, Threshold};
use wawi_importer::import::RecordSet;
use wawi_importer::sandbox::Faults;

/// Reads the text as each of them.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(rate) = good::<Rate>(read(text)) {
        assert!(!rate.per.is_zero());
        limits(rate);
    }
    if let Some(Threshold::Percent(share)) = good(read(text)) {
        assert!((0.0..=100.0).contains(&share));
        assert!(!Threshold::Percent(share).is_exceeded(0, 1));
    }
    if let Some(TimeLimit(limit)) = good(read(text)) {
        assert!(!limit.is_zero());
    }
    if let Some(Delimiter(delimiter)) = good(read(text)) {
        assert!(delimiter.is_ascii());
    }
    if let Some(FileMode(mode)) = good(read(text)) {
        assert_eq!(mode & !0o777, 0);
    }
    let _ = good::<Encoding>(read(text));
    let _ = good::<Duration>(read(text));
    if let Some(records) = good(RecordSet::parse(text).map_err(Refused)) {
        assert!(!records.contains(0));
        let _ = records.contains(u64::MAX);
    }
    let _ = good(Faults::parse(text));
}

/// A refusal is a sentence.
fn good<T>(result: Result<T, impl ToString>) -> Option<T> {
    result
        .inspect_err(|why| assert!(!why.to_string().is_empty()))
        .ok()
}

/// Tokens come one by one, and each at a moment that can be waited for.
fn limits(rate: Rate) {
    let Some(limiter) = UserRate::new(rate) else {
        return;
    };
    let mut now = Duration::ZERO;
    for _ in 0..5 {
        if let Err(at) = limiter.take(now) {
            assert!(at > now);
            now = at;
            assert_eq!(limiter.take(now), Ok(()));
        }
    }
}
