//! Fuzzes `src/sheet.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/targets.rs"]
#[expect(dead_code, reason = "each fuzzer runs one of them")]
mod targets;

fuzz_target!(|bytes: &[u8]| targets::sheet::run(bytes));
