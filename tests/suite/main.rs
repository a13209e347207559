//! What the program promises, tested from outside: one binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and says where"
)]

/// From one run to the next.
mod across;
/// What the program advises works.
mod advice;
/// Imports point downwards only; files are short.
mod architecture;
/// Bad input, mappings and settings.
mod bad_input;
/// How much may fail, and for how long, before a run ends; and that it then goes on.
mod budgets;
/// Help and errors as people see them.
mod cli;
/// Killed, interrupted, gone on with.
mod crash;
/// Generated customers.
mod customers;
/// Damaged files: each kind named, counted by cause, cured.
mod damage;
/// Against servers with a ledger: once each, and every stop can be gone on from.
mod delivery;
/// Looked at before a run.
mod doctor;
/// The dry run.
mod dry_run;
/// Templates, tables beside a mapping, its tests, and a record explained.
mod explain;
/// What a 403 means for a run that goes on.
mod forbidden;
/// Exports that nobody has seen, mapped by docs/mapping.md alone.
mod foreign;
/// What is forgotten leaves no byte behind.
mod forget;
/// What fuzzers run, on the seeds that are kept.
mod fuzzed;
/// Several records that make one customer.
mod groups;
/// No promise without a test.
mod guarantees;
/// Hostile surroundings: disks, folders, inputs, clocks that stand still, servers that lie.
mod hostile;
/// The main job.
mod import;
/// A second file, looked up by a shared column.
mod joins;
/// The journal damaged, on a network, in use by others; the clock.
mod journal;
/// In which language people and programs are told.
mod language;
/// The crate as a library.
mod library;
/// Completions and manual pages.
mod manual;
/// docs/mapping.md is true: its tables are the code's, its examples run.
mod mapping_docs;
/// Names in the ERP instead of ids; `importer list`; `--probe`.
mod names;
/// What a dry run reads again for its report.
mod noted;
/// A second stand-in ERP, written from the contract by other hands.
mod other_erp;
/// The page for people.
mod packed;
mod page;
/// Proposed mappings.
mod proposal;
/// README.md is true.
mod readme;
/// A key from an on-prem server.
mod register;
/// A run goes on at its first open record.
mod resumed;
/// Every sample against the model of its outcomes.
mod samples;
/// The sandbox as a program: every fault, its ledger, its page.
mod sandbox;
/// Jobs at their times.
mod schedule;
/// No secret and no customer where they do not belong.
mod secrets;
/// Sheets and compressed files.
mod sheets;
/// The sandbox as a partner.
mod stand_in;
/// Running the binary, reading what it left.
mod support;
/// On a terminal: questions, the summary's width, what is left of the progress.
#[cfg(unix)]
mod terminal;
/// The seams between parts: groups, joins, tables, names, books, returned files, all in one.
mod together;
/// docs/troubleshooting.md, docs/security.md and docs/comparison.md are true.
mod troubles;
/// The same input a second time.
mod twice;
/// Unknown records: told, looked up, resolved.
mod unknown;
/// Nothing is repaired that nobody asked for.
mod unrepaired;
/// `--version` and the build script behind it.
mod version;
