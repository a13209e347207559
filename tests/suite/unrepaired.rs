//! Nothing is repaired that nobody asked for: a value arrives as it stands in the input, without
//! outer blanks; or a step that the mapping names changes it; or it is an error.
//!
//! What is expected is worked out here a second time, by other means than the program's.

/// Generated mappings and records.
mod generated;
/// What a value should be.
mod oracle;
/// The samples with their mappings.
mod samples;

/// The text without outer blanks, those of typographers and those without width included.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}".contains(c)
    })
}
