//! Suite.

mod other_erp; // a second stand-in ERP, written from the contract by other hands
//! What the program promises, tested from outside: one binary, so that it links once.

/// Imports point downwards only; files are short.
mod architecture;
