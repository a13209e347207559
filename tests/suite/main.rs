//! What the program promises, tested from outside: one binary, so that it links once.

/// Imports point downwards only; files are short.
mod architecture;
/// A second stand-in ERP, written from the contract by other hands.
mod other_erp;
