//! Typed words become resolved settings.
