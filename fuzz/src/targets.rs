//! What the fuzzers run, one file each: bytes in, a panic if a promise is broken.
//!
//! Only the library's public items are used. The fuzzers (`fuzz_targets/`) and the replay of the
//! kept seeds (`tests/suite/fuzzed.rs`) both take the targets from here.

pub(crate) mod answers;
pub(crate) mod csv;
mod delivery;
mod draw;
pub(crate) mod jsonl;
pub(crate) mod mapping;
pub(crate) mod pace;
mod reading;
mod returned;
pub(crate) mod sheet;
pub(crate) mod words;
