//! The options of `sandbox`. They are typed each time: a stand-in has no environment twin.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::choices::{choice, pick};
use super::words::{Word, read};
use crate::deliver::Rate;
use crate::outcome::Bilingual;

/// How the sandbox's `?number=` looks customers up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookup {
    /// The same text.
    #[default]
    Exact,
    /// Texts that begin with it.
    Prefix,
    /// The same text, capitals or not.
    IgnoreCase,
}

impl Word for Lookup {
    const CHOICES: &'static [&'static str] = &["exact", "prefix", "ignore-case"];

    fn read(text: &str) -> Result<Self, Bilingual> {
        pick(
            text,
            Self::CHOICES,
            &[Self::Exact, Self::Prefix, Self::IgnoreCase],
        )
    }
}

/// What the sandbox does with a number that it has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// A second customer gets the same number, as the database allows.
    #[default]
    Accept,
    /// 409.
    Refuse,
}

impl Word for Duplicates {
    const CHOICES: &'static [&'static str] = &["accept", "refuse"];

    fn read(text: &str) -> Result<Self, Bilingual> {
        pick(text, Self::CHOICES, &[Self::Accept, Self::Refuse])
    }
}

/// What becomes of an app that wants to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is accepted.
    Accept,
    /// It is rejected.
    Reject,
    /// Nobody decides.
    Pending,
    /// Nobody opens the page for registrations.
    Closed,
    /// It is registered already.
    Taken,
}

impl Word for Decision {
    const CHOICES: &'static [&'static str] = &["accept", "reject", "pending", "closed", "taken"];

    fn read(text: &str) -> Result<Self, Bilingual> {
        pick(
            text,
            Self::CHOICES,
            &[
                Self::Accept,
                Self::Reject,
                Self::Pending,
                Self::Closed,
                Self::Taken,
            ],
        )
    }
}

/// `sandbox`.
#[derive(Clone, Debug, Default, Args)]
pub struct SandboxArgs {
    /// Port on 127.0.0.1 [default: a free one]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub port: u16,
    /// Seed of everything random: the same seed, the same faults [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Faults to play: a file that exists, else text like commit_drop=0.02,503=0.01; other flags
    /// win over it [default: none]
    #[arg(long, value_name = "FILE|TEXT")]
    pub faults: Option<String>,
    /// Time that an answer takes [default: 0s]
    #[arg(long, value_name = "TIME", value_parser = read::<Duration>)]
    pub latency: Option<Duration>,
    /// Announce and keep a quota of requests: 10/45s [default: none]
    #[arg(long, value_name = "N/TIME", value_parser = read::<Rate>)]
    pub quota: Option<Rate>,
    /// How look-ups match: exact, prefix, ignore-case [default: exact]
    #[arg(long, value_name = "HOW", value_parser = choice::<Lookup>(), hide_possible_values = true)]
    pub lookup: Option<Lookup>,
    /// What happens to a number that is there already [default: accept]
    #[arg(long, value_name = "accept|refuse", value_parser = choice::<Duplicates>(), hide_possible_values = true)]
    pub duplicates: Option<Duplicates>,
    /// Want a key, which `importer register` gets: accept, reject, pending, closed, taken
    /// [default: no key is wanted]
    #[arg(long, value_name = "HOW", value_parser = choice::<Decision>(), hide_possible_values = true)]
    pub registration: Option<Decision>,
    /// Write each created customer to this file, as JSONL; what is there already stays
    #[arg(long, value_name = "FILE", value_parser = read::<PathBuf>)]
    pub ledger: Option<PathBuf>,
    /// Customers that are there from the beginning
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub existing: u64,
}
