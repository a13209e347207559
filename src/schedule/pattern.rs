//! What a pattern of inputs says of where its files lie, whatever is there.
//!
//! Pure but for the current folder, from which a path is meant.

use std::path::{Component, Path, PathBuf};

/// What makes a name a pattern.
const MARKS: [char; 3] = ['*', '?', '['];

/// The folder below which everything lies that the pattern can name: its words up to the first
/// that is a pattern itself, and never the file's own name.
pub(super) fn base(pattern: &str) -> PathBuf {
    let path = Path::new(pattern);
    let folder = path.parent().unwrap_or(path);
    let mut base = PathBuf::new();
    for component in folder.components() {
        match component.as_os_str().to_str().map(plain) {
            // A name in another encoding is no pattern.
            None => base.push(component),
            Some(Some(name)) => base.push(name),
            Some(None) => break,
        }
    }
    match base.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => base,
    }
}

/// The one file that the pattern names, if it names no more.
pub(super) fn file(pattern: &str) -> Option<PathBuf> {
    let name = Path::new(pattern).file_name()?.to_str()?;
    let name = plain(name)?;
    is_one_folder(pattern).then(|| base(pattern).join(name))
}

/// Whether all that the pattern names lies in its base itself.
pub(super) fn is_one_folder(pattern: &str) -> bool {
    let folder = Path::new(pattern).parent();
    let mut words = folder.into_iter().flat_map(Path::components);
    words.all(|it| it.as_os_str().to_str().is_none_or(|it| plain(it).is_some()))
}

/// Whether whatever the pattern can name lies in the folder.
pub(super) fn lies_in(pattern: &str, folder: &Path) -> bool {
    whole(&base(pattern)).starts_with(whole(folder))
}

/// The path from the root on, without `.` and `..`.
fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut whole = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            other => whole.push(other),
        }
    }
    whole
}

/// The name that a word of a pattern stands for, if it is no pattern: `[*]` is a star.
fn plain(word: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(MARKS) {
        let (before, mark) = rest.split_at(at);
        let mut inside = mark.strip_prefix('[')?.chars();
        let one = inside
            .next()
            .filter(|it| MARKS.contains(it) || *it == ']')?;
        name.push_str(before);
        name.push(one);
        rest = inside.as_str().strip_prefix(']')?;
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_of_a_pattern_is_what_is_no_pattern_itself() {
        for (pattern, expected, one) in [
            ("*.csv", ".", true),
            ("in/*.csv", "in", true),
            ("in/a.csv", "in", true),
            ("in/**/a.csv", "in", false),
            ("in/20*/a.csv", "in", false),
            ("a[[]1[]]/*.csv", "a[1]", true),
            ("a[12]/*.csv", ".", false),
        ] {
            assert_eq!(base(pattern), Path::new(expected), "{pattern}");
            assert_eq!(is_one_folder(pattern), one, "{pattern}");
        }
        assert_eq!(file("in/a[[]1[]].csv"), Some("in/a[1].csv".into()));
        assert_eq!(file("a.csv"), Some("./a.csv".into()));
        assert_eq!(file("in/*.csv"), None);
        assert_eq!(file("*/a.csv"), None);
    }

    #[test]
    fn whether_a_folder_holds_all_of_a_pattern_is_known_by_its_words() {
        for (pattern, folder, expected) in [
            ("in/*.csv", "in", true),
            ("in/*.csv", ".", true),
            ("in/*.csv", "x/../in/", true),
            ("in/**/*.csv", "in", true),
            ("in/a.csv", "in", true),
            ("in/*.csv", "in/done", false),
            ("**/*.csv", "done", false),
            ("in/*.csv", "inner", false),
        ] {
            assert_eq!(
                lies_in(pattern, Path::new(folder)),
                expected,
                "{pattern} {folder}"
            );
        }
    }
}
