//! A proposal for whoever reads German: the same mapping, with German comments.

use super::*;
use crate::mapping::error::english_word;

/// Panics if the German proposal is another mapping than the English one, or has English words.
/// The comments of ready-made mappings are what their files say.
pub(super) fn is_the_same(header: &[String], records: &[Record]) {
    let [english, german] =
        Language::ALL.map(|language| proposed_in(language, header, records, true));
    let parsed = |text: &str| toml::from_str::<toml::Table>(text).unwrap();
    assert_eq!(parsed(&german.text), parsed(&english.text));
    assert_eq!(german.remarks.len(), english.remarks.len());
    assert_eq!(german.to_fill_in.len(), english.to_fill_in.len());
    let is_ready_made = german.text.contains(", angepasst.");
    let comments = german.text.lines().filter_map(|line| line.split_once("# "));
    let comments = comments
        .filter(|_| !is_ready_made)
        .map(|(_, comment)| comment);
    let marks = german.to_fill_in.iter().map(|mark| mark.what.as_str());
    let remarks = german.remarks.iter().map(String::as_str);
    for text in comments.chain(marks).chain(remarks) {
        assert_eq!(english_word(text), None, "{text}");
    }
}

#[test]
fn every_line_says_in_german_how_sure_it_is_and_why() {
    let header = ["Kunde", "Vorname", "Nachname", "Ort", "IBAN", "Extra"].map(str::to_owned);
    let records = rows(&[
        vec!["7", "Eva", "Groß", "Ulm", "DE02120300000000202051", "a"],
        vec!["8", "Max", "Klein", "", "DE02500105170137075030", "b"],
    ]);
    let proposal = proposed_in(Language::German, &header, &records, true);
    insta::assert_snapshot!(proposal.text);
    let marks = proposal.to_fill_in.iter();
    let marks: Vec<String> = marks
        .map(|mark| format!("{}: {}", mark.line, mark.what))
        .collect();
    insta::assert_snapshot!(marks.join("\n"));
}
