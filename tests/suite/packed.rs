//! What is handed out is whole: to whatever a page links is packed beside it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::readme::pages;
use crate::support::repository;

fn manifest() -> toml::Table {
    let text = std::fs::read_to_string(repository("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// The files and folders of the repository that the pages link to.
fn linked() -> BTreeSet<String> {
    let mut linked = BTreeSet::new();
    for page in pages() {
        let text = std::fs::read_to_string(repository(&page)).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            if link.is_empty() || link.starts_with("https://") {
                continue;
            }
            let mut path = PathBuf::new();
            for part in Path::new(&page).parent().unwrap().join(link).components() {
                match part {
                    Component::ParentDir => assert!(path.pop(), "{page}: {link}"),
                    part => path.push(part),
                }
            }
            linked.insert(path.to_str().unwrap().to_owned());
        }
    }
    assert!(linked.len() > 20, "{linked:?}");
    linked
}

/// Those of them that no pattern takes along: a folder, or a file with at most one star.
fn missing(patterns: &[String]) -> Vec<String> {
    let covers = |pattern: &String, path: &String| match pattern.split_once('*') {
        Some((before, after)) => {
            let whole = path
                .strip_prefix(before)
                .and_then(|it| it.strip_suffix(after));
            // A folder is there with the files in it.
            whole.is_some() || (after.is_empty() && *before == format!("{path}/"))
        }
        None => Path::new(path).starts_with(pattern),
    };
    let linked = linked().into_iter();
    linked
        .filter(|path| !patterns.iter().any(|pattern| covers(pattern, path)))
        .collect()
}

#[test]
fn the_crate_has_what_its_pages_link_to() {
    let manifest = manifest();
    let include = manifest["package"]["include"].as_array().unwrap();
    let patterns: Vec<String> = include
        .iter()
        .filter_map(|it| it.as_str().unwrap().strip_prefix('/'))
        .map(str::to_owned)
        .collect();
    assert_eq!(missing(&patterns), [] as [String; 0]);
    // The check can fail.
    assert_ne!(missing(&patterns[1..2]), [] as [String; 0]);
}

#[test]
fn the_debian_package_has_what_its_pages_link_to_where_they_look_for_it() {
    let manifest = manifest();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array();
    let mut patterns = Vec::new();
    for asset in assets.unwrap() {
        let words: Vec<&str> = asset
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| it.as_str())
            .collect();
        let Some(folder) = words[1].strip_prefix("usr/share/doc/wawi-importer/") else {
            continue;
        };
        let before = words[0].rfind('/').map_or("", |end| &words[0][..=end]);
        assert_eq!(folder, before, "{words:?}");
        patterns.push(words[0].to_owned());
        // Nothing is left of a pattern that nothing fits.
        let fits = glob::glob(repository(words[0]).to_str().unwrap()).unwrap();
        assert!(fits.count() > 0, "{words:?}");
    }
    assert_eq!(missing(&patterns), [] as [String; 0]);
}

/// What Debian's own checker minds, as far as it can be seen from here.
#[test]
fn the_debian_package_is_described_as_debian_wants_it() {
    let manifest = manifest();
    let package = &manifest["package"];
    let deb = &package["metadata"]["deb"];
    let synopsis = package["description"].as_str().unwrap();
    assert!(
        synopsis.len() < 80 && !synopsis.ends_with('.'),
        "{synopsis}"
    );
    // A field without a word is minded, and without authorities no server is trusted.
    assert_eq!(deb["depends"].as_str(), Some("ca-certificates"));
    let text = deb["extended-description"].as_str().unwrap();
    assert!(text.lines().count() > 3 && !text.contains("\n\n\n"));
    for line in text.lines() {
        assert!(line.len() < 80 && line == line.trim(), "{line}");
    }
    // Taken as it is, as it begins with its format; both licences are in it.
    let [file, skipped] = deb["license-file"].as_array().unwrap().as_slice() else {
        panic!("{deb}");
    };
    assert_eq!(
        (file.as_str(), skipped.as_str()),
        (Some("debian/copyright"), Some("0"))
    );
    let copyright = std::fs::read_to_string(repository("debian/copyright")).unwrap();
    assert!(copyright.starts_with("Format: https://www.debian.org/doc/packaging-manuals/"));
    let holder = deb["copyright"].as_str().unwrap();
    assert!(copyright.contains(&format!("\nCopyright: {holder}\n")));
    let mit = std::fs::read_to_string(repository("LICENSE-MIT")).unwrap();
    assert!(mit.contains(&format!("Copyright (c) {holder}\n")));
    let (_, rest) = copyright.split_once("\nLicense: MIT\n").unwrap();
    let (told, apache) = rest.split_once("\n\nLicense: Apache-2.0\n").unwrap();
    let told: Vec<&str> = told
        .lines()
        .map(|line| line[1..].trim_start_matches('.'))
        .collect();
    assert!(
        mit.ends_with(&format!("\n{}\n", told.join("\n"))),
        "{told:?}"
    );
    assert!(apache.contains("/usr/share/common-licenses/Apache-2.0"));
}

#[test]
fn the_archive_of_a_release_has_what_its_pages_link_to() {
    let workflow = std::fs::read_to_string(repository(".github/workflows/release.yml")).unwrap();
    let mut patterns = Vec::new();
    for line in workflow.lines().map(str::trim) {
        let copied = line
            .strip_prefix("cp ")
            .and_then(|it| it.strip_suffix(" \"$name\""));
        for word in copied.unwrap_or_default().split(' ') {
            if !word.is_empty() && !word.starts_with(['-', '"']) {
                assert!(repository(word).exists(), "{word}");
                patterns.push(word.to_owned());
            }
        }
    }
    assert_eq!(missing(&patterns), [] as [String; 0]);
}
