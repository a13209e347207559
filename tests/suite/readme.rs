//! What README.md says is true: its commands run, its files are read, its tables are the code's.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;

use clap::CommandFactory;
use wawi_importer::cli::Cli;
use wawi_importer::exit;
use wawi_importer::mapping::Mapping;
use wawi_importer::schedule::Jobs;
use wawi_importer::settings::{OPTIONS, Scope};

use crate::other_erp::{Knobs, OtherErp};
use crate::support::{Importer, Run, files_below, repository};

/// The start of a command that the built binary takes the place of.
const STARTS: [&str; 2] = ["cargo run --release -- ", "importer "];

/// Commands that are not about the program's own behaviour.
const NOT_OURS: [&str; 2] = ["cargo test", "cargo install --path ."];

/// A fenced block.
pub(crate) struct Block {
    /// `sh`, `console`, `toml`, ….
    pub(crate) language: String,
    /// `erp`: needs a real ERP; `background`: runs until it is stopped.
    pub(crate) mark: String,
    lines: Vec<String>,
}

impl Block {
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The block's commands, each with the output that is shown for it.
    pub(crate) fn commands(&self) -> Vec<(String, Vec<String>)> {
        let mut commands: Vec<(String, Vec<String>)> = Vec::new();
        for line in &self.lines {
            match (self.language.as_str(), line.strip_prefix("$ ")) {
                ("console", Some(command)) => commands.push((command.to_owned(), Vec::new())),
                ("console", None) => commands.last_mut().unwrap().1.push(line.clone()),
                ("sh", _) => commands.push((line.clone(), Vec::new())),
                _ => {}
            }
        }
        commands
    }
}

fn readme() -> String {
    std::fs::read_to_string(repository("README.md")).unwrap()
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(head) => {
                let (language, mark) = head.split_once(' ').unwrap_or((head, ""));
                blocks.push(Block {
                    language: language.to_owned(),
                    mark: mark.to_owned(),
                    lines: Vec::new(),
                });
                open = true;
            }
            None if open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    assert!(!open, "a block is not closed");
    blocks
}

/// The table between two comments, without its head: each row's cells.
#[track_caller]
pub(crate) fn table(text: &str, name: &str) -> Vec<Vec<String>> {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let inside = text.split_once(&begin).expect("the beginning").1;
    let inside = inside.split_once(&end).expect("the end").0;
    let rows: Vec<Vec<String>> = inside
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "{name}");
    rows
}

pub(crate) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Copies a folder of the repository to where the commands run.
pub(crate) fn copy(importer: &Importer, folder: &str) {
    for path in files_below(&repository(folder)) {
        let name = path.strip_prefix(repository("")).unwrap().to_owned();
        importer.file(name.to_str().unwrap(), std::fs::read(&path).unwrap());
    }
}

/// The words behind the program's name, or nothing if the command is none of ours.
#[track_caller]
pub(crate) fn words(command: &str) -> Option<Vec<String>> {
    if NOT_OURS.contains(&command) {
        return None;
    }
    let rest = STARTS.iter().find_map(|start| command.strip_prefix(start));
    let rest = rest.unwrap_or_else(|| panic!("an unknown command: {command}"));
    assert!(!rest.contains(['\'', '"', '<', ';']), "{command}");
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// Each shown line stands in the output, with anything where it says `…`.
#[track_caller]
pub(crate) fn compare(shown: &[String], run: &Run) {
    let said = format!("{}\n{}", run.stderr, run.stdout);
    for line in shown.iter().filter(|line| !line.is_empty()) {
        let found = said.lines().any(|said| {
            let mut rest = said;
            line.split('…').all(|piece| match rest.find(piece) {
                Some(at) => {
                    rest = &rest[at + piece.len()..];
                    true
                }
                None => false,
            })
        });
        assert!(found, "README.md shows {line:?}, but it said\n{said}");
    }
}

/// `importer sandbox` in the background, for as long as this lives.
struct Background {
    child: Child,
    url: String,
}

impl Background {
    fn start(importer: &mut Importer, words: &[String]) -> (Self, String) {
        let at = words.iter().position(|word| word == "--port").unwrap() + 1;
        let address = format!("http://127.0.0.1:{}", words[at]);
        let mut words = words.to_vec();
        // A test takes a free port.
        words[at] = "0".to_owned();
        let mut child = importer.args(&words).start();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let url = url.trim().to_owned();
        (Self { child, url }, address)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn its_commands_run() {
    let erp = OtherErp::start(Knobs::default());
    let mut importer = Importer::new();
    copy(&importer, "samples");
    copy(&importer, "mappings");
    let mut background: Option<(Background, String)> = None;
    let mut count = 0;
    for block in blocks(&readme()) {
        let base_url = match block.mark.as_str() {
            "erp" => erp.url(),
            _ => String::new(),
        };
        // An empty variable is none.
        importer.env("IMPORTER_BASE_URL", base_url);
        for (command, shown) in block.commands() {
            let Some(mut words) = words(&command) else {
                continue;
            };
            count += 1;
            if block.mark == "background" {
                background = Some(Background::start(&mut importer, &words));
                continue;
            }
            for word in &mut words {
                if word == "RUN" {
                    *word = newest_run(&mut importer);
                }
                if let Some((server, address)) = &background {
                    *word = word.replace(address.as_str(), &server.url);
                }
            }
            let run = importer.args(&words).run();
            assert_eq!(run.code, 0, "{command}: {}", run.said());
            compare(&shown, &run);
        }
    }
    assert!(count >= 12, "only {count} commands were found");
    // The five steps end with everybody in the ERP, once.
    assert_eq!(erp.ledger().len(), 200);
    assert!(erp.violations().is_empty(), "{:?}", erp.violations());
    its_queries_run(&importer);
}

fn newest_run(importer: &mut Importer) -> String {
    let run = importer.args(["runs", "--json"]).run().expect(0);
    let newest = run.stdout.lines().next().expect("a run");
    let newest: serde_json::Value = serde_json::from_str(newest).unwrap();
    newest["run"].as_str().unwrap().to_owned()
}

/// The journal that the commands left answers the page's queries.
fn its_queries_run(importer: &Importer) {
    let path = importer.folder().join(".importer/journal.db");
    let journal = rusqlite::Connection::open(path).unwrap();
    let blocks = blocks(&readme());
    let sql = blocks.iter().find(|block| block.language == "sql").unwrap();
    for query in &sql.lines {
        let mut statement = journal.prepare(query).unwrap();
        let rows = statement.query([]).unwrap().mapped(|_| Ok(())).count();
        assert_eq!(rows > 0, !query.contains("v_unknown"), "{query}");
    }
}

#[test]
fn its_files_are_read() {
    let mut importer = Importer::new();
    let (mut mappings, mut settings) = (0, 0);
    for block in blocks(&readme()) {
        let text = block.text();
        if block.language != "toml" {
            continue;
        }
        if text.contains("[[job]]") {
            let jobs = Jobs::parse("README.md", &text, Path::new(""));
            assert!(jobs.is_ok(), "{jobs:?}");
        } else if text.contains("[customer") {
            mappings += 1;
            let mapping = Mapping::parse("README.md", &text);
            assert!(mapping.is_ok(), "{mapping:?}");
        } else {
            settings += 1;
            let file = importer.file("importer.toml", &text);
            importer.args(["runs", "--config", file.to_str().unwrap()]);
            importer.run().expect(0);
        }
    }
    assert!(
        mappings > 0 && settings > 1,
        "{mappings} mappings, {settings} settings"
    );
}

#[test]
fn its_table_of_options_is_the_codes() {
    let rows: Vec<Vec<String>> = table(&readme(), "options")
        .into_iter()
        .map(|row| row[..4].to_vec())
        .collect();
    let given = |is_given: bool, name: String| {
        if is_given {
            code(&name)
        } else {
            "–".to_owned()
        }
    };
    let expected: Vec<Vec<String>> = OPTIONS
        .iter()
        .map(|row| {
            let (flag, variable, key) = match row.scope {
                Scope::Everywhere => (true, true, true),
                Scope::NoFlag => (false, true, true),
                Scope::NoKey => (true, true, false),
                Scope::FlagOnly => (true, false, false),
            };
            vec![
                given(flag, format!("--{}", row.flag())),
                given(variable, row.variable()),
                given(key, row.key.to_owned()),
                row.default.to_owned(),
            ]
        })
        .collect();
    assert_eq!(rows, expected);
}

/// Each command, and each of `mapping`, has its row; no row is of another.
#[test]
fn its_commands_are_the_codes() {
    let listed: BTreeSet<String> = table(&readme(), "commands")
        .iter()
        .map(|row| {
            let words = row[0].trim_matches('`').split(' ').skip(1);
            let names = words.take_while(|word| word.starts_with(char::is_lowercase));
            names
                .collect::<Vec<_>>()
                .join(" ")
                .replace("list groups", "list")
        })
        .collect();
    let mut known = BTreeSet::new();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let below: Vec<&str> = command.get_subcommands().map(|it| it.get_name()).collect();
        match below.is_empty() {
            true => _ = known.insert(name.to_owned()),
            false => known.extend(below.iter().map(|below| format!("{name} {below}"))),
        }
    }
    assert_eq!(listed, known);
}

#[test]
fn its_exit_codes_are_the_codes() {
    let listed: BTreeSet<u8> = table(&readme(), "exit codes")
        .iter()
        .map(|row| row[0].parse().unwrap())
        .collect();
    let known: BTreeSet<u8> = (0..=u8::MAX)
        .filter(|number| exit::from_number(*number).number() == *number)
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn its_mappings_are_the_codes() {
    let text = readme();
    let listed = text.matches("| `builtin:").count();
    assert_eq!(listed, Mapping::builtin_names().len());
    for name in Mapping::builtin_names() {
        assert!(text.contains(&code(&format!("builtin:{name}"))), "{name}");
    }
}

#[test]
fn its_links_lead_somewhere() {
    for page in &pages() {
        let text = std::fs::read_to_string(repository(page)).unwrap();
        let headings = anchors(&repository(page));
        for link in text.split("](").skip(1) {
            let link = link.split_once(')').unwrap().0;
            match link.strip_prefix('#') {
                Some(anchor) => assert!(headings.contains(anchor), "{page}: {link}"),
                None if link.starts_with("https://") => {}
                None => {
                    let (file, place) = link.split_once('#').unwrap_or((link, ""));
                    let path = repository(page).parent().unwrap().join(file);
                    assert!(path.exists(), "{page}: {link}");
                    let known = place.is_empty() || anchors(&path).contains(place);
                    assert!(known, "{page}: {link}");
                }
            }
        }
    }
}

/// The pages that people read.
pub(crate) fn pages() -> Vec<String> {
    let mut pages: Vec<String> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .into();
    for path in files_below(&repository("docs")) {
        if path.extension().is_some_and(|it| it == "md") {
            let name = path.file_name().unwrap().to_str().unwrap();
            pages.push(format!("docs/{name}"));
        }
    }
    assert!(pages.len() > 11);
    pages
}

/// What the headings of a page are called in links to them.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let mut is_code = false;
    let headings = text.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    });
    headings.map(anchor).collect()
}

/// What a heading is called in links to it.
pub(crate) fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Files that CONTRIBUTING.md sends people to are there.
#[test]
fn contributors_find_the_files_that_are_named() {
    let text = std::fs::read_to_string(repository("CONTRIBUTING.md")).unwrap();
    let named: Vec<&str> = text
        .split('`')
        .filter(|word| {
            ["src/", "tests/", "samples/", "mappings/", ".ci/"]
                .iter()
                .any(|folder| word.starts_with(folder))
        })
        .filter(|word| !word.contains(['*', ' ']))
        .collect();
    assert!(named.len() > 10);
    for path in named {
        assert!(repository(path).exists(), "{path}");
    }
}
