//! What is wrong with a mapping, shown as a compiler would: file, line, excerpt, suggestion.
//!
//! Owns the wording of diagnostics. It knows nothing of what keys a mapping has.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::outcome::{Bilingual, Language, Repeating, ValuesShown, both};

/// Mistakes that are shown with their excerpt; of a file with more, the others are only counted.
const SHOWN: usize = 50;

/// What to do about a mistake that says no better.
fn fallback() -> Bilingual {
    both!(
        "docs/mapping.md tells what each key takes, with examples",
        "docs/mapping.md sagt mit Beispielen, was jeder Schlüssel nimmt"
    )
}

/// Where in the mapping's text something stands, in bytes.
pub(crate) type Place = Range<usize>;

/// One thing that is wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    place: Option<Place>,
    title: Repeating,
    /// Boxed, so that a mistake stays small.
    label: Option<Box<Bilingual>>,
    /// Boxed, so that a mistake stays small.
    help: Option<Box<Repeating>>,
    /// Whether it is the input that is wrong, and not the mapping.
    is_of_input: bool,
}

impl Mistake {
    /// A mistake at `place`.
    pub(crate) fn at(place: Place, title: impl Into<Repeating>) -> Self {
        Self {
            place: Some(place),
            title: title.into().map(harmless),
            label: None,
            help: None,
            is_of_input: false,
        }
    }

    /// A mistake of the mapping as a whole.
    pub(crate) fn of_file(title: impl Into<Repeating>) -> Self {
        Self {
            place: None,
            title: title.into().map(harmless),
            label: None,
            help: None,
            is_of_input: false,
        }
    }

    /// Says that it is the input that is wrong, if `is_of_input`.
    pub(crate) fn of_input(mut self, is_of_input: bool) -> Self {
        self.is_of_input = is_of_input;
        self
    }

    /// Adds the words beneath the underlined place.
    pub(crate) fn label(mut self, label: impl Into<Bilingual>) -> Self {
        self.label = Some(Box::new(label.into().map(harmless)));
        self
    }

    /// The mistake in a line, without its place and what stands in an input, for programs.
    pub(crate) fn in_a_line(&self) -> String {
        match &self.label {
            Some(label) => format!("{} ({})", self.title.bare().english, label.english),
            None => self.title.bare().english.clone(),
        }
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<Repeating>) -> Self {
        self.help = Some(Box::new(help.into().map(harmless)));
        self
    }

    /// Adds what to do, unless the mistake says so itself.
    pub(crate) fn or_help(mut self, help: impl FnOnce() -> Bilingual) -> Self {
        self.help.get_or_insert_with(|| Box::new(help().into()));
        self
    }

    /// Adds what to do, if there is anything to say.
    pub(crate) fn help_if(mut self, help: Option<Bilingual>) -> Self {
        let help = help.map(|help| Box::new(Repeating::from(help).map(harmless)));
        self.help = help.or(self.help);
        self
    }
}

/// The text without what could steer a terminal: messages name what stands in the file.
fn harmless(text: String) -> String {
    let steers = |c: char| c.is_control() && c != '\n';
    if text.contains(steers) {
        text.replace(steers, "\u{fffd}")
    } else {
        text
    }
}

/// The mapping's text as its excerpts are taken from. The renderer replaces the old control
/// characters, but not those from U+0080 on, some of which terminals obey as well. What stands
/// for them is as long as they are, so that places stay.
fn excerptible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && !c.is_ascii();
    if text.contains(steers) {
        text.replace(steers, "\u{b7}").into()
    } else {
        text.into()
    }
}

/// One mistake of a file for programs, in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MistakeLine {
    /// Its line, counted from 1; none, if it is about the file as a whole.
    pub line: Option<usize>,
    /// Its column there, in characters.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Why a mapping cannot be used. It holds every mistake of the file, not only the first.
#[derive(Clone, PartialEq, Eq)]
pub struct MappingError {
    name: Arc<str>,
    text: Arc<str>,
    mistakes: Vec<Mistake>,
}

impl MappingError {
    /// The mistakes of the mapping `name` with the text `text`, in the order of the file.
    pub(crate) fn new(name: Arc<str>, text: Arc<str>, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.place.as_ref().map_or(usize::MAX, |p| p.start));
        Self {
            name,
            text,
            mistakes,
        }
    }

    /// A mapping that could not even be read.
    pub(crate) fn unreadable(name: &str, mistake: Mistake) -> Self {
        Self::new(name.into(), "".into(), vec![mistake])
    }

    /// Whether it is the input that is wrong: it has nothing that the mapping reads.
    #[must_use]
    pub fn is_of_input(&self) -> bool {
        self.mistakes.iter().any(|mistake| mistake.is_of_input)
    }

    /// The same, placed at the input if that is wrong.
    #[must_use]
    pub fn at_input(self, path: &Path) -> Self {
        let name = match self.is_of_input() {
            true => path.display().to_string().into(),
            false => self.name,
        };
        Self { name, ..self }
    }

    /// How many mistakes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.mistakes.len()
    }

    /// The mistakes with their place, excerpt and help, ready for a terminal, with as much of what
    /// stands in the input as `values` says. Of very many only the first are shown.
    #[must_use]
    pub fn render(&self, color: bool, language: Language, values: ValuesShown) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let shown = self.mistakes.iter().take(SHOWN);
        let mut rendered: Vec<String> = shown
            .map(|mistake| self.render_one(&renderer, mistake, (language, values)))
            .collect();
        if let Some(more @ 1..) = self.mistakes.len().checked_sub(SHOWN) {
            let more = both!(
                "… and {more} more; correct these first",
                "… und {more} weitere; zuerst diese berichtigen"
            );
            rendered.push(more.told_in(language));
        }
        rendered.join("\n\n")
    }

    fn render_one(
        &self,
        renderer: &Renderer,
        mistake: &Mistake,
        (language, values): (Language, ValuesShown),
    ) -> String {
        let title = Level::ERROR
            .with_name(language.pick("error", "Fehler"))
            .primary_title(mistake.title.told(values).shown_in(language));
        let mut group = match &mistake.place {
            Some(place) => {
                let annotation = AnnotationKind::Primary.span(self.within(place)).label(
                    mistake
                        .label
                        .as_deref()
                        .map(|label| label.shown_in(language)),
                );
                title.element(
                    Snippet::source(excerptible(&self.text))
                        .path(&*self.name)
                        .annotation(annotation),
                )
            }
            None => title.element(Origin::path(&*self.name)),
        };
        let help = mistake.help.as_deref();
        let help = help.map_or_else(fallback, |help| help.told(values).clone());
        let word = language.pick("help", "Hilfe");
        group = group.element(Level::HELP.with_name(word).message(help.shown_in(language)));
        renderer.render(&[group])
    }

    /// The place, cut to the text, so that a renderer never meets a span beyond it.
    fn within(&self, place: &Place) -> Place {
        let end = place.end.min(self.text.len());
        place.start.min(end)..end
    }

    /// Every mistake for programs, in English, without what stands in an input.
    pub(crate) fn lines(&self) -> impl Iterator<Item = MistakeLine> {
        self.mistakes.iter().map(|mistake| {
            let place = mistake.place.as_ref();
            let place = place.map(|place| line_and_column(&self.text, place));
            MistakeLine {
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                message: mistake.in_a_line(),
                help: mistake
                    .help
                    .as_ref()
                    .map(|help| help.bare().english.clone()),
            }
        })
    }

    /// What to do about the first mistake, without what stands in an input.
    #[must_use]
    pub fn help(&self) -> Option<Bilingual> {
        self.mistakes
            .iter()
            .find_map(|mistake| Some(mistake.help.as_deref()?.bare().clone()))
    }

    /// Every mistake's title and help on a line, for table tests.
    #[cfg(test)]
    pub(crate) fn brief(&self) -> Vec<String> {
        self.must_have_german();
        self.brief_in(Language::English)
    }

    /// As [`brief`](Self::brief), in either language.
    #[cfg(test)]
    pub(crate) fn brief_in(&self, language: Language) -> Vec<String> {
        let line = |mistake: &Mistake| match &mistake.help {
            Some(help) => format!(
                "{} => {}",
                mistake.title.told(ValuesShown::Full).shown_in(language),
                help.told(ValuesShown::Full).shown_in(language)
            ),
            None => mistake.title.told(ValuesShown::Full).told_in(language),
        };
        self.mistakes.iter().map(line).collect()
    }

    /// Panics if a German text of a mistake has English words in it.
    #[cfg(test)]
    pub(crate) fn must_have_german(&self) {
        for mistake in &self.mistakes {
            let shown = [ValuesShown::None, ValuesShown::Masked, ValuesShown::Full];
            let repeating = [Some(&mistake.title), mistake.help.as_deref()];
            let repeating = repeating.into_iter().flatten();
            let texts = repeating.flat_map(|text| shown.map(|values| text.told(values)));
            for text in texts.chain(mistake.label.as_deref()) {
                let word = english_word(&text.german);
                assert_eq!(word, None, "{}", text.german);
            }
        }
    }
}

/// Line and column of a place in a text, counted from 1; the column in characters.
pub(crate) fn line_and_column(text: &str, place: &Place) -> (usize, usize) {
    let before = text.get(..place.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    (line, column)
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let Some(first) = self.mistakes.first() else {
            return f.write_str(": the mapping cannot be used");
        };
        if let Some(place) = &first.place {
            let (line, column) = line_and_column(&self.text, place);
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", first.title.bare().english)?;
        match self.mistakes.len() {
            0 | 1 => Ok(()),
            2 => f.write_str(" (and 1 more mistake)"),
            more => write!(f, " (and {} more mistakes)", more - 1),
        }
    }
}

impl fmt::Debug for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, Language::English, ValuesShown::None))
    }
}

impl std::error::Error for MappingError {}

/// A word of the text that only English has; what stands in quotes or back-ticks is no word.
#[cfg(test)]
pub(crate) fn english_word(text: &str) -> Option<&str> {
    const WORDS: &[&str] = &[
        "and", "are", "be", "cannot", "did", "does", "for", "has", "is", "it", "must", "name",
        "no", "not", "of", "or", "take", "the", "this", "to", "unknown", "with", "write",
    ];
    let bare = text.split(['`', '"', '\'']).step_by(2);
    let mut words = bare.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.find(|word| WORDS.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_logs_and_an_excerpt_for_people() {
        let text = "[source]\r\nformat = \"cvs\"\r\n";
        let error = MappingError::new(
            "kunden.toml".into(),
            text.into(),
            vec![
                Mistake::of_file(both!("there is no [customer]", "es gibt kein [customer]"))
                    .help(both!("add it", "ihn anlegen")),
                Mistake::at(
                    19..24,
                    both!("unknown format `cvs`", "das Format `cvs` gibt es nicht"),
                )
                .help(both!("did you mean `csv`?", "ist `csv` gemeint?")),
            ],
        );
        assert_eq!(
            error.to_string(),
            "kunden.toml:2:10: unknown format `cvs` (and 1 more mistake)"
        );
        assert_eq!(error.help().unwrap().english, "did you mean `csv`?");
        insta::assert_snapshot!(error.render(false, Language::English, ValuesShown::Full), @r#"
        error: unknown format `cvs`
         --> kunden.toml:2:10
          |
        2 | format = "cvs"
          |          ^^^^^
          |
          = help: did you mean `csv`?

        error: there is no [customer]
        --> kunden.toml
         = help: add it
        "#);
        insta::assert_snapshot!(error.render(false, Language::German, ValuesShown::Full), @r#"
        Fehler: das Format `cvs` gibt es nicht
         --> kunden.toml:2:10
          |
        2 | format = "cvs"
          |          ^^^^^
          |
          = Hilfe: ist `csv` gemeint?

        Fehler: es gibt kein [customer]
        --> kunden.toml
         = Hilfe: ihn anlegen
        "#);
    }

    #[test]
    fn very_many_mistakes_are_counted_and_each_that_is_shown_has_help() {
        let text: String = (0..100_000).map(|at| format!("x{at} = 1\n")).collect();
        let mistakes = (0..100_000).map(|at| Mistake::at(at..at + 1, both!("odd", "seltsam")));
        let error = MappingError::new("m".into(), text.into(), mistakes.collect());
        let rendered = error.render(false, Language::English, ValuesShown::Full);
        assert_eq!(rendered.matches("error: odd").count(), SHOWN);
        assert_eq!(rendered.matches(&fallback().english).count(), SHOWN);
        assert!(rendered.ends_with("… and 99950 more; correct these first"));
    }

    #[test]
    fn nothing_that_stands_in_the_file_steers_a_terminal() {
        let text = "a = \"\u{9b}2J\u{1b}[2J\" \u{9d}\n";
        let mistake = Mistake::at(4..13, Bilingual::same("odd \u{9b}2J\u{7}"))
            .help(Bilingual::same("not \u{1b}[2J"));
        let error = MappingError::new("m".into(), text.into(), vec![mistake]);
        assert_eq!(error.to_string(), "m:1:5: odd \u{fffd}2J\u{fffd}");
        insta::assert_snapshot!(error.render(false, Language::English, ValuesShown::Full), @r#"
        error: odd �2J�
         --> m:1:5
          |
        1 | a = "·2J␛[2J" ·
          |     ^^^^^^^^
          |
          = help: not �[2J
        "#);
    }

    #[test]
    fn a_place_beyond_the_text_is_cut() {
        let error = MappingError::new(
            "m".into(),
            "ä".into(),
            vec![Mistake::at(7..90, Bilingual::same("odd"))],
        );
        assert!(
            error
                .render(true, Language::German, ValuesShown::Full)
                .contains("odd")
        );
        assert_eq!(error.to_string(), "m:1:2: odd");
    }
}
