//! Customers from sheets and compressed files: the same as from CSV.

use crate::support::Importer;

