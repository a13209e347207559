//! What the tests of the program share: running the real binary in a folder of its own, and
//! reading what it left there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A private folder, and the program in it. The environment of the tests does not reach it.
pub(crate) struct Importer {
    folder: tempfile::TempDir,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    stdin: Option<Vec<u8>>,
    script: Option<String>,
}

/// What one run of the program came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) folder: PathBuf,
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

impl Importer {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            args: Vec::new(),
            env: BTreeMap::new(),
            stdin: None,
            script: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The words of the command line, in place of earlier ones.
    pub(crate) fn args<S: AsRef<str>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        self.args = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        self
    }

    /// More words.
    pub(crate) fn arg(&mut self, arg: impl AsRef<str>) -> &mut Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn env(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        self.env.insert(name.to_owned(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn stdin(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// Starts the program from a line of shell, in which `"$@"` stands for it and its words:
    /// `ulimit -n 20; exec "$@"`. An empty line starts it as usual again.
    #[cfg(unix)]
    pub(crate) fn shell(&mut self, script: impl AsRef<str>) -> &mut Self {
        self.script = Some(script.as_ref().to_owned()).filter(|script| !script.is_empty());
        self
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_importer");
        let mut command = match &self.script {
            None => Command::new(program),
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", script, "sh", program]);
                shell
            }
        };
        command
            .args(&self.args)
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .envs(&self.env)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(if self.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            });
        command
    }

    /// Starts the program and does not wait for it.
    pub(crate) fn start(&self) -> Child {
        self.command().spawn().unwrap()
    }

    /// Starts the program on a terminal that it reads and writes, as all of its streams.
    #[cfg(unix)]
    pub(crate) fn start_on(&self, terminal: std::os::fd::OwnedFd) -> Child {
        let mut command = self.command();
        let stream = || Stdio::from(terminal.try_clone().unwrap());
        command.stdin(stream()).stdout(stream()).stderr(stream());
        command.spawn().unwrap()
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self) -> Run {
        let mut child = self.start();
        if let Some(bytes) = self.stdin.clone() {
            let mut pipe = child.stdin.take().unwrap();
            std::thread::spawn(move || std::io::Write::write_all(&mut pipe, &bytes));
        }
        self.read(child.wait_with_output().unwrap())
    }

    /// What a started program came to.
    pub(crate) fn read(&self, output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            folder: self.folder().to_owned(),
        }
    }
}

impl Run {
    /// Both streams, for messages of assertions.
    pub(crate) fn said(&self) -> String {
        format!("code {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }

    /// Fails with everything that was said unless the code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.said());
        self
    }

    /// The folders of the reports, oldest first (ids grow with time).
    pub(crate) fn reports(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = std::fs::read_dir(self.folder.join("reports"))
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        folders.sort();
        folders
    }

    /// A file of the newest report.
    #[track_caller]
    pub(crate) fn report_file(&self, name: &str) -> Vec<u8> {
        let folder = self.reports().pop().expect("a report");
        std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Whether the newest report has the file.
    pub(crate) fn has_report_file(&self, name: &str) -> bool {
        self.reports()
            .pop()
            .is_some_and(|folder| folder.join(name).exists())
    }

    /// The rows of a CSV file of the newest report, by column; comma and UTF-8.
    #[track_caller]
    pub(crate) fn rows(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        rows(&self.report_file(name), b',')
    }

    /// The newest report's summary, after a look at its law: every record is counted once.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let summary: Value = serde_json::from_slice(&self.report_file("summary.json")).unwrap();
        let counts = summary["counts"].as_object().unwrap();
        let sum: u64 = counts
            .iter()
            .filter(|(name, _)| *name != "read")
            .map(|(_, count)| count.as_u64().unwrap())
            .sum();
        assert_eq!(Some(sum), counts["read"].as_u64(), "{summary}");
        assert_eq!(summary["exit_code"].as_i64(), Some(i64::from(self.code)));
        summary
    }

    /// One of the newest summary's counts.
    #[track_caller]
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.summary()["counts"][name].as_u64().unwrap_or_default()
    }
}

/// The rows of a CSV file, by column.
#[track_caller]
pub(crate) fn rows(bytes: &[u8], delimiter: u8) -> Vec<BTreeMap<String, String>> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(bytes)
        .deserialize()
        .map(|row| row.unwrap())
        .collect()
}

/// The words of a German text that only English has. What stands between back-ticks is nobody's
/// language, and what the operating system says is its own.
pub(crate) fn english_words(german: &str) -> Vec<String> {
    const ENGLISH: &str = " the is are no not and or of to it its has have with from cannot \
                           than which there this that what be must write use unknown ";
    let ours = german
        .lines()
        .map(|line| match line.split_once("(os error ") {
            Some((before, after)) => {
                let said = before.rfind(": ").unwrap_or(before.len());
                before[..said].to_owned() + after
            }
            None => line.to_owned(),
        });
    let ours = ours.collect::<Vec<_>>().join("\n");
    let outside = ours.split('`').step_by(2);
    let words = outside.flat_map(str::split_whitespace);
    let words = words.map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
    let is_english = |word: &&str| !word.is_empty() && ENGLISH.contains(&format!(" {word} "));
    words.filter(is_english).map(str::to_owned).collect()
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}
