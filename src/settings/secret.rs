//! Where a secret comes from, and how it is fetched: a variable, a file, a credential of
//! systemd's, the output of a command.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::SecretString;
use toml::Spanned;
use toml::de::DeValue;

use super::environment::Environment;
use super::error::SettingsError;
use super::file::Page;
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::{exit_status, shell_word};
use crate::outcome::{Bilingual, both};

/// Longest secret: more is a file that was named by mistake.
const LONGEST: u64 = 64 * 1024;

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretSource {
    /// `{ env = "NAME" }`
    Env(String),
    /// `{ file = "PATH" }`, relative to the settings file.
    File(PathBuf),
    /// `{ credential = "NAME" }`: `$CREDENTIALS_DIRECTORY/NAME`, which systemd provides.
    Credential(String),
    /// `{ command = ["pass", "wawi"] }`: what it prints.
    Command(Vec<String>),
}

fn ways() -> Bilingual {
    both!(
        "write {{ env = \"NAME\" }}, {{ file = \"PATH\" }}, {{ credential = \"NAME\" }} or \
         {{ command = [\"pass\", \"NAME\"] }}",
        "{{ env = \"NAME\" }}, {{ file = \"PFAD\" }}, {{ credential = \"NAME\" }} oder \
         {{ command = [\"pass\", \"NAME\"] }} schreiben"
    )
}

impl SecretSource {
    /// Where the secret is, for people, behind a preposition (in German the dative). Of a command
    /// its program alone: the words behind it may be secrets, too.
    pub(super) fn place(&self) -> Bilingual {
        match self {
            Self::Env(name) => both!("the variable {name}", "der Variable {name}"),
            Self::File(path) => of_file(path),
            Self::Credential(name) => both!(
                "systemd's credential {name}",
                "dem Credential {name} von systemd"
            ),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                both!("the command {program}", "dem Befehl {program}")
            }
        }
    }

    /// Whether nothing is there to be read. What a command prints is not asked for.
    pub(super) fn is_missing(&self, environment: &Environment) -> bool {
        match self {
            Self::Env(name) => environment.variable(name).is_none(),
            Self::File(path) => !path.exists(),
            Self::Credential(name) => environment
                .variable("CREDENTIALS_DIRECTORY")
                .is_none_or(|folder| !Path::new(&folder).join(name).exists()),
            Self::Command(_) => false,
        }
    }

    /// Reads the value of `key` in `[auth]`.
    pub(super) fn read(
        page: Page<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Self, SettingsError> {
        let wrong = |what: Bilingual| page.mistake(value.span(), what, Some(ways()));
        let table = match value.get_ref() {
            DeValue::Table(table) => table,
            DeValue::String(_) => {
                return Err(wrong(both!(
                    "`{key}` is written here as plain text; a settings file holds no secrets",
                    "`{key}` steht hier im Klartext; eine Einstellungsdatei enthält keine \
                     Geheimnisse"
                )));
            }
            _ => {
                return Err(wrong(both!(
                    "`{key}` does not say where its secret is",
                    "`{key}` sagt nicht, wo das Geheimnis ist"
                )));
            }
        };
        let mut entries = table.iter();
        let (Some((way, place)), None) = (entries.next(), entries.next()) else {
            return Err(wrong(both!(
                "`{key}` has to name exactly one place",
                "`{key}` muss genau einen Ort nennen"
            )));
        };
        let text = place.get_ref().as_str().filter(|text| !text.is_empty());
        match (way.get_ref().as_ref(), text) {
            ("env", Some(name)) => Ok(Self::Env(name.to_owned())),
            ("file", Some(path)) => Ok(Self::File(page.folder().join(path))),
            ("credential", Some(name))
                if !name.contains(['/', '\\']) && name != ".." && name != "." =>
            {
                Ok(Self::Credential(name.to_owned()))
            }
            ("credential", Some(_)) => Err(wrong(both!(
                "the credential for `{key}` is a name, no path",
                "das Credential für `{key}` ist ein Name, kein Pfad"
            ))),
            ("command", _) => {
                let words = place.get_ref().as_array().and_then(|words| {
                    words
                        .iter()
                        .map(|word| word.get_ref().as_str().map(str::to_owned))
                        .collect::<Option<Vec<_>>>()
                });
                words
                    .filter(|words| words.first().is_some_and(|program| !program.is_empty()))
                    .map(Self::Command)
                    .ok_or_else(|| {
                        wrong(both!(
                            "the command for `{key}` is no list of words",
                            "der Befehl für `{key}` ist keine Liste von Wörtern"
                        ))
                    })
            }
            ("env" | "file", _) => Err(wrong(both!(
                "the place of `{key}` is no text",
                "der Ort von `{key}` ist kein Text"
            ))),
            _ => Err(wrong(both!(
                "`{key}` names no place that secrets come from",
                "`{key}` nennt keinen Ort, von dem Geheimnisse kommen"
            ))),
        }
    }
}

/// Fetches the secret that is called `name` in messages.
pub(super) fn fetch(
    name: &str,
    source: &SecretSource,
    environment: &Environment,
    warnings: &mut Vec<Bilingual>,
) -> Result<SecretString, SettingsError> {
    match source {
        SecretSource::Env(variable) => match environment.get_raw(variable)? {
            Some(secret) if variable == name => {
                check(name, &both!("the environment", "der Umgebung"), secret)
            }
            Some(secret) => {
                let place = both!("the variable {variable}", "der Variable {variable}");
                check(name, &place, secret)
            }
            None => Err(trouble(
                both!(
                    "{name} comes from the environment variable {variable}, which is not set",
                    "{name} kommt aus der Umgebungsvariable {variable}, die nicht gesetzt ist"
                ),
                both!("set {variable}", "{variable} setzen"),
            )),
        },
        SecretSource::File(path) => {
            let secret = read_file(name, path, warnings)?;
            check(name, &of_file(path), &secret)
        }
        SecretSource::Credential(credential) => {
            let Some(folder) = environment.get("CREDENTIALS_DIRECTORY")? else {
                return Err(trouble(
                    both!(
                        "{name} is the credential `{credential}`, but systemd has given none: \
                         CREDENTIALS_DIRECTORY is not set",
                        "{name} ist das Credential `{credential}`, aber systemd hat keines \
                         gegeben: CREDENTIALS_DIRECTORY ist nicht gesetzt"
                    ),
                    both!(
                        "add LoadCredential={credential}:/path to the service",
                        "dem Dienst LoadCredential={credential}:/pfad hinzufügen"
                    ),
                ));
            };
            let path = Path::new(folder).join(credential);
            let secret = read_file(name, &path, &mut Vec::new())?;
            let place = both!(
                "the credential `{credential}`",
                "dem Credential `{credential}`"
            );
            check(name, &place, &secret)
        }
        SecretSource::Command(words) => run(name, words),
    }
}

fn trouble(what: Bilingual, help: Bilingual) -> SettingsError {
    SettingsError::Credentials { what, help }
}

fn of_file(path: &Path) -> Bilingual {
    both!("the file {path}", "der Datei {path}", path = path.display())
}

/// Reads a file that holds nothing but a secret.
fn read_file(
    name: &str,
    path: &Path,
    warnings: &mut Vec<Bilingual>,
) -> Result<String, SettingsError> {
    let failed = |why: Bilingual| {
        let file = path.display();
        trouble(
            both!([why]
                "{name} comes from the file {file}, but {why}",
                "{name} kommt aus der Datei {file}, aber {why}"
            ),
            both!(
                "check the path, its permissions and what is in it",
                "den Pfad, die Rechte und den Inhalt prüfen"
            ),
        )
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => trouble(
            both!(
                "{name} is to come from the file {path}, which is not there",
                "{name} soll aus der Datei {path} kommen, die es nicht gibt",
                path = path.display()
            ),
            if name.contains("api_key") {
                both!(
                    "check the path; `importer register --key-file {word}` gets a key from an \
                     on-prem server and writes it there",
                    "den Pfad prüfen; `importer register --key-file {word}` holt einen Schlüssel \
                     von einem eigenen Server und schreibt ihn dorthin",
                    word = shell_word(&path.to_string_lossy())
                )
            } else {
                both!("check the path", "den Pfad prüfen")
            },
        ),
        _ => failed(of_io(&error)),
    })?;
    if others_may_read(&file) {
        warnings.push(both!(
            "everybody on this machine may read the secret in {path}; chmod 600 keeps it private",
            "jeder auf diesem Rechner darf das Geheimnis in {path} lesen; chmod 600 schützt es",
            path = path.display()
        ));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(Bilingual::same(error.to_string())))?;
    if bytes.len() as u64 > LONGEST {
        return Err(failed(both!(
            "it is too long for a secret",
            "sie ist zu lang für ein Geheimnis"
        )));
    }
    String::from_utf8(bytes).map_err(|_| failed(both!("it is no text", "sie ist kein Text")))
}

#[cfg(unix)]
fn others_may_read(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_: &File) -> bool {
    false
}

/// Runs the command and takes what it prints. Its own messages go to stderr as they come: it
/// may want to say why it has nothing.
fn run(name: &str, words: &[String]) -> Result<SecretString, SettingsError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(trouble(
            both!(
                "the command for {name} is empty",
                "der Befehl für {name} ist leer"
            ),
            both!("name a program", "ein Programm nennen"),
        ));
    };
    let failed = |why: Bilingual| {
        trouble(
            both!([why]
                "{name} comes from the command `{program}`, but {why}",
                "{name} kommt aus dem Befehl `{program}`, aber {why}"
            ),
            both!(
                "run the command by hand to see what is wrong",
                "den Befehl von Hand ausführen, um zu sehen, was falsch ist"
            ),
        )
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            failed(both!([error = of_io(&error)]
                "it cannot be started: {error}",
                "er lässt sich nicht starten: {error}"
            ))
        })?;
    if !output.status.success() {
        let status = exit_status(output.status);
        return Err(failed(
            both!([status] "it ended with {status}", "er endete mit {status}"),
        ));
    }
    if output.stdout.len() as u64 > LONGEST {
        return Err(failed(both!(
            "it printed too much for a secret",
            "er gab zu viel für ein Geheimnis aus"
        )));
    }
    let secret = String::from_utf8(output.stdout)
        .map_err(|_| failed(both!("it printed no text", "er gab keinen Text aus")))?;
    let place = both!("the command `{program}`", "dem Befehl `{program}`");
    check(name, &place, &secret)
}

/// The secret without byte-order mark and trailing line break, if an HTTP header can carry it.
fn check(name: &str, place: &Bilingual, secret: &str) -> Result<SecretString, SettingsError> {
    let secret = secret
        .strip_prefix('\u{feff}')
        .unwrap_or(secret)
        .trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        return Err(trouble(
            both!([place] "{name} is empty in {place}", "{name} ist leer in {place}"),
            both!(
                "put the secret there, or remove the setting",
                "das Geheimnis dort hinschreiben, oder die Einstellung entfernen"
            ),
        ));
    }
    if !secret.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(trouble(
            both!([place]
                "{name} in {place} has line breaks, control characters or characters outside of \
                 ASCII, which no HTTP header carries",
                "{name} in {place} hat Zeilenumbrüche, Steuerzeichen oder Zeichen außerhalb von \
                 ASCII, die keine HTTP-Kopfzeile tragen kann"
            ),
            both!(
                "let the secret stand there alone, on one line",
                "das Geheimnis allein in einer Zeile stehen lassen"
            ),
        ));
    }
    Ok(SecretString::from(secret))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn get(source: SecretSource, environment: &Environment) -> Result<String, String> {
        fetch("api_key", &source, environment, &mut Vec::new())
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[cfg(unix)]
    #[test]
    fn the_command_that_gets_a_missing_key_can_be_pasted() {
        let source = SecretSource::File(PathBuf::from("Müller & Söhne/wawi.key"));
        let missing = fetch("api_key", &source, &Environment::default(), &mut Vec::new());
        let help = missing.unwrap_err().help().expect("help");
        for text in [help.english, help.german] {
            assert!(
                text.contains("--key-file 'Müller & Söhne/wawi.key'`"),
                "{text}"
            );
        }
    }

    #[test]
    fn every_place_gives_its_secret() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("wawi");
        std::fs::write(&path, "\u{feff}canary 1\r\n").expect("file");
        let environment = Environment::from_pairs([
            ("WAWI", "canary 2\n"),
            (
                "CREDENTIALS_DIRECTORY",
                folder.path().to_str().expect("unicode"),
            ),
        ]);
        let file = get(SecretSource::File(path), &environment);
        assert_eq!(file.as_deref(), Ok("canary 1"));
        let env = get(SecretSource::Env("WAWI".to_owned()), &environment);
        assert_eq!(env.as_deref(), Ok("canary 2"));
        let credential = get(SecretSource::Credential("wawi".to_owned()), &environment);
        assert_eq!(credential.as_deref(), Ok("canary 1"));
        if cfg!(unix) {
            let words = ["printf", "canary 3\\n"].map(str::to_owned).to_vec();
            let command = get(SecretSource::Command(words), &environment);
            assert_eq!(command.as_deref(), Ok("canary 3"));
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().expect("folder");
        let long = folder.path().join("long");
        std::fs::write(&long, vec![b'x'; 70_000]).expect("file");
        let binary = folder.path().join("binary");
        std::fs::write(&binary, b"canary\xff").expect("file");
        let environment = Environment::from_pairs([
            ("EMPTY", ""),
            ("BLANK", " \n"),
            ("TWO", "canary\ncanary"),
            ("UMLAUT", "canäry"),
        ]);
        let no_such_program = vec!["/no/such/program".to_owned()];
        for source in [
            SecretSource::Env("EMPTY".to_owned()),
            SecretSource::Env("BLANK".to_owned()),
            SecretSource::Env("TWO".to_owned()),
            SecretSource::Env("UMLAUT".to_owned()),
            SecretSource::Env("UNSET".to_owned()),
            SecretSource::File(long),
            SecretSource::File(binary),
            SecretSource::File(folder.path().join("missing")),
            SecretSource::File(folder.path().to_owned()),
            SecretSource::Credential("wawi".to_owned()),
            SecretSource::Command(no_such_program),
        ] {
            let said = get(source.clone(), &environment).expect_err("no secret");
            assert!(!said.contains("canary"), "{source:?}: {said}");
            assert!(!said.contains("canäry"), "{source:?}: {said}");
        }
        if cfg!(unix) {
            let said = get(
                SecretSource::Command(vec!["false".to_owned()]),
                &environment,
            );
            assert!(said.expect_err("fails").contains("it ended with"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_may_read_is_warned_about() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("wawi.key");
        std::fs::write(&path, "canary").expect("file");
        for (mode, warned) in [(0o600, 0), (0o640, 0), (0o644, 1)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("mode");
            let mut warnings = Vec::new();
            let source = SecretSource::File(path.clone());
            fetch("api_key", &source, &Environment::default(), &mut warnings).expect("secret");
            assert_eq!(warnings.len(), warned, "{mode:o}");
            assert!(
                warnings
                    .iter()
                    .all(|warning| !warning.english.contains("canary"))
            );
        }
    }
}
