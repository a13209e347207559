//! The mapping file and what it compiles to.
