//! The formats that are read, and their words.

/// The format of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// An Excel book.
    Xlsx,
    /// An OpenDocument spreadsheet.
    Ods,
}

impl Format {
    /// The format's word in mapping files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Ods => "ods",
        }
    }

    /// Whether it is a book with sheets.
    #[must_use]
    pub fn is_book(self) -> bool {
        matches!(self, Self::Xlsx | Self::Ods)
    }

    /// The format that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Csv, Self::Jsonl, Self::Xlsx, Self::Ods]
            .into_iter()
            .find(|format| format.word() == word)
    }
}
