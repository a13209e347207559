//! Texts that repeat what stands in an input: how much of it depends on who reads them.

use super::Bilingual;

/// How much of customers' values the report and the terminal show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValuesShown {
    /// Masked where people look, in full in the CSV files that are fed back.
    #[default]
    Masked,
    /// In full everywhere.
    Full,
    /// Nowhere but in the input's own columns.
    None,
}

/// A text that may repeat what stands in an input. Whoever makes one says how it reads for each
/// reader, so that nothing of an input comes into a message by another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeating {
    /// Without anything of the input: for programs, for logs, and where no values are shown.
    bare: Bilingual,
    /// Masked and in full, if that is something else.
    shown: Option<Box<[Bilingual; 2]>>,
}

impl Repeating {
    /// The text that `text` makes of what may be shown.
    pub fn new(text: impl Fn(ValuesShown) -> Bilingual) -> Self {
        let bare = text(ValuesShown::None);
        let shown = [text(ValuesShown::Masked), text(ValuesShown::Full)];
        let is_same = shown.iter().all(|shown| *shown == bare);
        Self {
            shown: (!is_same).then(|| Box::new(shown)),
            bare,
        }
    }

    /// The text without anything of the input.
    #[must_use]
    pub fn bare(&self) -> &Bilingual {
        &self.bare
    }

    /// The text for somebody who may see so much.
    #[must_use]
    pub fn told(&self, values: ValuesShown) -> &Bilingual {
        match (values, self.shown.as_deref()) {
            (ValuesShown::Masked, Some([masked, _])) => masked,
            (ValuesShown::Full, Some([_, full])) => full,
            (ValuesShown::None, _) | (_, None) => &self.bare,
        }
    }

    /// The text, changed alike for everybody.
    #[must_use]
    pub fn map(self, change: impl Fn(String) -> String) -> Self {
        Self {
            bare: self.bare.map(&change),
            shown: self
                .shown
                .map(|shown| Box::new(shown.map(|text| text.map(&change)))),
        }
    }
}

impl From<Bilingual> for Repeating {
    /// A text that repeats nothing of an input.
    fn from(bare: Bilingual) -> Self {
        Self { bare, shown: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_sees_what_may_be_shown() {
        let text = Repeating::new(|values| Bilingual::same(format!("{values:?}")));
        let text = text.map(|text| text.to_lowercase());
        for (values, told) in [
            (ValuesShown::None, "none"),
            (ValuesShown::Masked, "masked"),
            (ValuesShown::Full, "full"),
        ] {
            assert_eq!(text.told(values).german, told);
        }
        assert_eq!(text.bare().english, "none");
        let same = Repeating::new(|_| Bilingual::same("it is empty"));
        assert_eq!(same, Repeating::from(Bilingual::same("it is empty")));
    }
}
