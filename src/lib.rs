//! Imports a shop's customers into the JTL-Wawi ERP: nothing lost, nothing doubled.
//!
//! The house, from the ground up; a module imports only from the floors below its own:
//!
//! | floor | modules |
//! | --- | --- |
//! | 4 | [`commands`], [`schedule`] (jobs at their times), [`exit`]: what the user asked for |
//! | 3 | [`settings`], [`cli`]: typed words become resolved settings |
//! | 2 | [`import`]: the engine, the only place that knows the order of the stages |
//! | 1 | [`source`], [`mapping`], [`validate`], [`deliver`], [`journal`], [`report`], [`console`], [`sorted`]: the stages; none imports another |
//! | 0 | [`record`], [`customer`], [`country`], [`names`] (what the ERP knows by name), [`outcome`]: the vocabulary; [`fail_point`]: where tests let the program die |
//!
//! [`sandbox`], the stand-in ERP, stands apart and imports nothing of the rest.
//!
//! # As a library
//!
//! The program is the product. For programs of your own, these are what versions keep
//! compatible: [`mapping::Mapping`] with its constructors, [`import::hand_over`] with what it
//! takes and returns ([`import::Destination`], [`import::HandedOver`], [`import::HandOverError`],
//! [`record::Position`]), of [`validate::Customer`] its body, number and key, and of
//! [`outcome::FieldError`] its code, target, columns and message. Everything else is public for
//! the program's own tests and benchmarks, and changes without notice.

pub mod cli;
pub mod commands;
pub mod console;
pub mod country;
pub mod customer;
pub mod deliver;
pub mod exit;
pub mod fail_point;
pub mod import;
pub mod journal;
pub mod mapping;
pub mod names;
pub mod outcome;
pub mod record;
pub mod report;
pub mod sandbox;
pub mod schedule;
pub mod settings;
pub mod sorted;
pub mod source;
pub mod validate;
