//! The folders that inputs are moved to.

use std::path::{Path, PathBuf};

use crate::mapping::error::Mistake;
use crate::mapping::syntax::Section;
use crate::outcome::both;
use crate::schedule::pattern;

/// Reads one. What lies in it is never read, so that nothing would be if the inbox did.
pub(super) fn archive(
    section: &mut Section<'_, '_>,
    key: &str,
    folder: &Path,
    inputs: &[String],
) -> Option<PathBuf> {
    let (text, place) = section.text(key)?;
    let archive = folder.join(text);
    if inputs.iter().any(|input| pattern::lies_in(input, &archive)) {
        let title = both!(
            "the inbox lies in the archive \"{text}\", in which nothing is read",
            "der Eingang liegt im Archiv \"{text}\", in dem nichts gelesen wird"
        );
        return section.complain(Mistake::at(place, title).help(both!(
            "name a folder that is beside the inbox, or below it: {key} = \"done\"",
            "einen Ordner nennen, der neben dem Eingang liegt oder darunter: {key} = \"erledigt\""
        )));
    }
    Some(archive)
}
