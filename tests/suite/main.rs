//! Suite.

mod other_erp; // a second stand-in ERP, written from the contract by other hands
