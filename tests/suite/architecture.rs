//! The house of `src/lib.rs` as a test: imports point downwards only.
//!
//! The floors are read from the table in the crate's documentation, so that the picture and
//! the rule cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use wawi_importer::fail_point::Point;

/// Sideways or upward imports that are accepted, as (from, to). There are none.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// The stand-in ERP is an independent witness: it imports nothing of ours, and only what the
/// user calls may start it.
const APART: &str = "sandbox";
const MAY_START_IT: u32 = 4;

/// Floors whose modules may import one another: the vocabulary freely, the upper ones in one
/// direction.
const FREE_FLOORS: &[u32] = &[0];
const ONE_WAY_FLOORS: &[u32] = &[3, 4];

const LONGEST_FILE: usize = 600;
const LONGEST_MAIN: usize = 39;

/// File names that say nothing about what is inside.
const NAMELESS: &[&str] = &[
    "mod.rs",
    "utils.rs",
    "util.rs",
    "helpers.rs",
    "common.rs",
    "errors.rs",
    "misc.rs",
];

/// One import of a top-level module by another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: String,
    to: String,
    place: String,
}

type Floors = BTreeMap<String, u32>;

#[test]
fn imports_point_downwards_only() {
    let floors = floors(&read(&source_folder().join("lib.rs")));
    let imports = all_imports();
    assert!(imports.len() > 20, "the imports are not found any more");
    let broken = violations(&imports, &floors);
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_module_has_its_floor_in_the_documentation() {
    let text = read(&source_folder().join("lib.rs"));
    let floors = floors(&text);
    let declared: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let mut known: BTreeSet<String> = floors.into_keys().collect();
    known.insert(APART.to_owned());
    assert_eq!(declared, known);
}

#[test]
fn files_are_short_and_named_after_what_they_hold() {
    for file in rust_files() {
        let lines = read(&file).lines().count();
        let most = if file.ends_with("src/main.rs") {
            LONGEST_MAIN
        } else {
            LONGEST_FILE
        };
        assert!(
            lines <= most,
            "{}: {lines} lines, at most {most}",
            file.display()
        );
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("name");
        assert!(
            !NAMELESS.contains(&name),
            "{}: a name that says nothing",
            file.display()
        );
    }
}

/// `thread::spawn` panics where the machine has no thread left; `thread::Builder` says so.
#[test]
fn no_thread_is_begun_by_a_call_that_panics() {
    let mut begun = 0;
    for file in rust_files() {
        let name = file.display().to_string();
        let text = read(&file);
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        begun += text.matches("thread::Builder::new()").count();
        if !name.contains("tests") {
            for call in ["thread::spawn(", "scope.spawn("] {
                assert!(!text.contains(call), "{name}: {call}");
            }
        }
    }
    assert!(begun > 3, "the threads are not found any more");
}

#[test]
fn every_fail_point_is_passed_at_exactly_one_place() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in rust_files() {
        let path = file.strip_prefix(source_folder()).expect("in src");
        if path == Path::new("fail_point.rs") {
            continue;
        }
        let tokens = tokens(&read(&file));
        for words in tokens.windows(3) {
            if words[0].1 == "Point" && words[1].1 == "::" {
                let places = places.entry(words[2].1.clone()).or_default();
                places.push(format!("{}:{}", path.display(), words[2].0));
            }
        }
    }
    let known: BTreeSet<String> = Point::ALL
        .iter()
        .map(|point| format!("{point:?}"))
        .collect();
    assert_eq!(places.keys().cloned().collect::<BTreeSet<_>>(), known);
    let several = places.iter().find(|(_, places)| places.len() > 1);
    assert_eq!(several, None);
}

/// What breaks the rules, one sentence each.
fn violations(imports: &BTreeSet<Import>, floors: &Floors) -> Vec<String> {
    let pairs: BTreeSet<(&str, &str)> = imports
        .iter()
        .map(|import| (import.from.as_str(), import.to.as_str()))
        .collect();
    let is_allowed = |from: &str, to: &str| {
        if from == to || EXCEPTIONS.contains(&(from, to)) {
            return Ok(());
        }
        if from == APART {
            return Err("the sandbox imports nothing of ours");
        }
        let above = *floors.get(from).ok_or("it has no floor")?;
        if to == APART {
            return if above >= MAY_START_IT {
                Ok(())
            } else {
                Err("only commands start the sandbox")
            };
        }
        let below = *floors.get(to).ok_or("the other has no floor")?;
        if below < above || (below == above && FREE_FLOORS.contains(&above)) {
            Ok(())
        } else if below > above {
            Err("upwards")
        } else if !ONE_WAY_FLOORS.contains(&above) {
            Err("sideways")
        } else if pairs.contains(&(to, from)) {
            Err("a circle")
        } else {
            Ok(())
        }
    };
    imports
        .iter()
        .filter_map(|import| {
            let why = is_allowed(&import.from, &import.to).err()?;
            Some(format!(
                "{}: {} imports {}: {why}",
                import.place, import.from, import.to
            ))
        })
        .collect()
}

/// The floors from the table in the crate's documentation: `//! | 4 | [`a`], [`b`]: … |`.
fn floors(text: &str) -> Floors {
    let mut floors = Floors::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let mut cells = line.split('|').map(str::trim);
        let (Some(floor), Some(modules)) = (cells.next(), cells.next()) else {
            continue;
        };
        let Ok(floor) = floor.parse() else { continue };
        for module in modules.split("[`").skip(1) {
            let name = module.split('`').next().expect("a name");
            floors.insert(name.to_owned(), floor);
        }
    }
    floors
}

fn all_imports() -> BTreeSet<Import> {
    let folder = source_folder();
    let mut imports = BTreeSet::new();
    for file in rust_files() {
        let path = file.strip_prefix(&folder).expect("in src");
        let mut module: Vec<String> = path
            .with_extension("")
            .iter()
            .map(|part| part.to_str().expect("unicode").to_owned())
            .collect();
        if matches!(module.first().map(String::as_str), Some("lib" | "main")) {
            continue;
        }
        let from = module.first().cloned().expect("a module");
        for (line, to) in imports_of(&read(&file), &mut module) {
            imports.insert(Import {
                from: from.clone(),
                to,
                place: format!("src/{}:{line}", path.display()),
            });
        }
    }
    imports
}

/// The top-level modules that the code of `module` names, with their lines: by `crate::…`,
/// by `crate::{…}`, and by `super::…` where it leaves the top-level module.
fn imports_of(text: &str, module: &mut Vec<String>) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let word = |index: usize| tokens.get(index).map_or("", |(_, word)| word.as_str());
    let own_depth = module.len();
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut found = Vec::new();
    for index in 0..tokens.len() {
        match word(index) {
            "{" => {
                depth += 1;
                if index >= 2 && word(index - 2) == "mod" {
                    inline.push(depth);
                    module.push(word(index - 1).to_owned());
                }
            }
            "}" => {
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
                depth -= 1;
            }
            "crate" if word(index + 1) == "::" => found.extend(first_names(&tokens, index + 2)),
            "super" if index == 0 || word(index - 1) != "::" => {
                let mut end = index;
                let mut left = module.len().saturating_sub(1);
                while word(end + 1) == "::" && word(end + 2) == "super" {
                    end += 2;
                    left = left.saturating_sub(1);
                }
                if left == 0 && word(end + 1) == "::" {
                    found.extend(first_names(&tokens, end + 2));
                }
            }
            _ => {}
        }
    }
    module.truncate(own_depth);
    found
}

/// The names that a path or a group of paths begins with at `index`.
fn first_names(tokens: &[(usize, String)], index: usize) -> Vec<(usize, String)> {
    let Some((line, word)) = tokens.get(index) else {
        return Vec::new();
    };
    if word != "{" {
        return vec![(*line, word.clone())];
    }
    let mut names = Vec::new();
    let mut depth = 0;
    let mut is_first = true;
    for (line, word) in &tokens[index..] {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => is_first = depth == 1,
            _ if depth == 1 && is_first => {
                names.push((*line, word.clone()));
                is_first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The code's words and signs with their lines; comments, texts and characters are left out.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            tokens.push((line, rest[..length].to_owned()));
            length
        } else if rest.starts_with("::") {
            tokens.push((line, "::".to_owned()));
            2
        } else {
            if !first.is_whitespace() {
                tokens.push((line, first.to_string()));
            }
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the text or character literal that `rest` begins with.
fn literal(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut start = 0;
    while matches!(bytes.get(start), Some(b'b' | b'c' | b'r')) {
        start += 1;
    }
    let is_raw = rest[..start].contains('r');
    if is_raw {
        let hashes = bytes[start..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        let open = start + hashes;
        if bytes.get(open) != Some(&b'"') {
            return None;
        }
        let close = format!("\"{}", "#".repeat(hashes));
        let end = rest[open + 1..]
            .find(&close)
            .map(|at| open + 1 + at + close.len());
        return Some(end.unwrap_or(rest.len()));
    }
    let quote = *bytes.get(start)?;
    let is_char = quote == b'\''
        && (bytes.get(start + 1) == Some(&b'\\') || rest[start + 1..].chars().nth(1) == Some('\''));
    if quote != b'"' && !is_char {
        return None;
    }
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            byte if *byte == quote => return Some(at + 1),
            _ => 1,
        };
    }
    Some(rest.len())
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![source_folder()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rule itself can fail: each of these is a way to break it.
mod the_rule {
    use super::*;

    fn names(module: &str, text: &str) -> Vec<String> {
        let mut module = module.split("::").map(str::to_owned).collect();
        imports_of(text, &mut module)
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    }

    fn broken(uses: &[(&str, &str)]) -> Vec<String> {
        let floors = floors(
            "//! | floor | modules |\n//! | 4 | [`commands`], [`exit`] |\n\
             //! | 3 | [`settings`], [`cli`]: words |\n//! | 2 | [`import`]: order |\n\
             //! | 1 | [`source`], [`mapping`]: stages |\n//! | 0 | [`record`], [`outcome`] |",
        );
        assert_eq!(floors.len(), 9);
        let imports = uses
            .iter()
            .map(|(from, to)| Import {
                from: (*from).to_owned(),
                to: (*to).to_owned(),
                place: "here".to_owned(),
            })
            .collect();
        violations(&imports, &floors)
    }

    #[test]
    fn finds_every_spelling_of_an_import() {
        for (module, text, expected) in [
            ("a", "use crate::b::C;", vec!["b"]),
            (
                "a",
                "use crate::{b::{X, y}, c, d as e};",
                vec!["b", "c", "d"],
            ),
            (
                "a",
                "fn f() -> crate::b::C { crate::c::d() }",
                vec!["b", "c"],
            ),
            ("a", "use super::b;", vec!["b"]),
            ("a", "use super::{b, c::D};", vec!["b", "c"]),
            ("a::x", "use super::y;", vec![]),
            ("a::x", "use super::super::b;", vec!["b"]),
            (
                "a",
                "mod t { use super::*; use super::super::b; }\nuse super::c;",
                vec!["b", "c"],
            ),
            ("a", "use self::b; use std::c;", vec![]),
            ("a", "pub(crate) fn f() {} pub(super) fn g() {}", vec![]),
            ("a", "// crate::b\n/* crate::c */ /// crate::d\n", vec![]),
            (
                "a",
                "let x = \"crate::b\"; let y = r#\"crate::c \" \"#; 'x: loop {}",
                vec![],
            ),
            (
                "a",
                "let q = '\"'; use crate::b; let s = \"\\\"\"; use crate::c;",
                vec!["b", "c"],
            ),
            (
                "a",
                "macro_rules! m { () => { $crate::b::c() } }",
                vec!["b"],
            ),
            ("a", "fn f<'a>(x: &'a str) { crate::b(x) }", vec!["b"]),
        ] {
            assert_eq!(names(module, text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_points_upwards_or_sideways() {
        for bad in [
            ("source", "mapping"),
            ("source", "import"),
            ("record", "source"),
            ("import", "settings"),
            ("sandbox", "record"),
            ("settings", "sandbox"),
            ("settings", "commands"),
            ("attic", "record"),
            ("source", "attic"),
        ] {
            assert_eq!(broken(&[bad]).len(), 1, "{bad:?}");
        }
        assert_eq!(broken(&[("cli", "settings"), ("settings", "cli")]).len(), 2);
    }

    #[test]
    fn accepts_what_points_downwards() {
        let good = [
            ("commands", "sandbox"),
            ("commands", "settings"),
            ("commands", "exit"),
            ("settings", "cli"),
            ("settings", "source"),
            ("import", "mapping"),
            ("source", "record"),
            ("source", "source"),
            ("record", "outcome"),
            ("outcome", "record"),
            ("sandbox", "sandbox"),
        ];
        assert_eq!(broken(&good), Vec::<String>::new());
    }
}
