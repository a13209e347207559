//! Errors become exit codes.
