//! `importer register`: an API key from an on-prem server. It is told once, so there is a place
//! for it before it is asked for, and nothing drops the one answer that has it. A request that
//! nobody has answered yet is kept for a later command.

mod pending;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::pending::Pending;
use super::{Ended, Failure, chain, signals};
use crate::cli::{Cli, RegisterArgs};
use crate::console::Console;
use crate::deliver::client::{App, Client, Opened, Polled};
use crate::deliver::driver::Signal;
use crate::deliver::{Credentials, TargetSettings};
use crate::outcome::{Counts, Ending, ExitCode, Sent, Stop};
use crate::settings::{Environment, RegisterChoice, resolve_register};

/// Answers that make no sense before nobody waits for one that does.
const ODD_AT_MOST: u32 = 5;

/// Where the key goes. The file is there, under another name, before the key is asked for.
enum Place {
    File {
        draft: NamedTempFile,
        path: PathBuf,
        force: bool,
    },
    Stdout,
}

pub(super) fn run(
    cli: &Cli,
    args: &RegisterArgs,
    environment: &Environment,
    console: &Arc<Console>,
    as_json: bool,
) -> Ended {
    let choice = resolve_register(cli, args, environment)?;
    for warning in &choice.warnings {
        console.warn(warning);
    }
    let place = Place::prepare(choice.key_file.as_deref(), choice.force)?;
    let client = Client::new(&choice.target, Credentials::Gateway, &choice.delivery);
    let client = client.map_err(|error| failure(ExitCode::Unusable, &chain(&error), None))?;
    let kept = choice.key_file.as_deref().map(pending::Place::beside);
    let open = match &kept {
        Some(kept) => still_open(kept, &choice.target)?,
        None => None,
    };
    let mut app = app(&choice)?;
    if let Some(open) = &open {
        app.challenge.clone_from(&open.challenge);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            failure(
                ExitCode::Failure,
                &format!("no sockets can be had: {error}"),
                None,
            )
        })?;
    let registration = Registration {
        client,
        app,
        app_id: choice.target.app_id.clone(),
        kept: kept.clone(),
        open,
        ends: Instant::now() + choice.wait,
        every: choice.every,
        signal: signals::listen(),
        console,
        as_json,
    };
    let (key, scopes) = runtime.block_on(registration.go_through())?;
    let missing: Vec<&str> = choice
        .scopes
        .iter()
        .filter(|scope| !scopes.is_empty() && !scopes.contains(scope))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        console.warn(&format!("the key lacks the scope {}", missing.join(", ")));
    }
    let told = match &choice.key_name {
        _ if choice.is_key_named => {
            "importer.toml names it already; `importer doctor` tries it".to_owned()
        }
        name => format!(
            "Name it in importer.toml:\n  [{}]\n  kind = \"api_key\"\n  api_key = {{ file = {} }}",
            choice.auth_table,
            json!(
                name.as_deref()
                    .map(Path::display)
                    .map(|name| name.to_string())
            )
        ),
    };
    let code = place.keep(&key, &scopes, &told, console, as_json);
    if let Some(kept) = &kept {
        kept.clear();
    }
    code
}

/// The request that an earlier command left open there, if it is the one that is meant.
fn still_open(kept: &pending::Place, target: &TargetSettings) -> Result<Option<Pending>, Failure> {
    let path = kept.path().display();
    let unusable = |text: &str| {
        let help =
            format!("reject what is open in Wawi, remove {path}, then give the same command again");
        failure(ExitCode::Unusable, text, Some(&help))
    };
    let open = kept.read().map_err(|error| {
        unusable(&format!(
            "{path} cannot be read as an open request: {error}"
        ))
    })?;
    let Some(open) = open else {
        return Ok(None);
    };
    let there = Url::parse(&target.base_url)
        .ok()
        .zip(Url::parse(&open.url).ok());
    let is_same = there.is_some_and(|(target, open)| target.origin() == open.origin());
    if !is_same || open.app_id != target.app_id {
        return Err(unusable(&format!(
            "{path} is about a request of the app `{}` that was opened at {}",
            open.app_id, open.url
        )));
    }
    Ok(Some(open))
}

fn failure(code: ExitCode, text: &str, help: Option<&str>) -> Failure {
    Failure {
        code,
        text: text.to_owned(),
        help: help.map(str::to_owned),
        rendered: false,
    }
}

/// Who we say we are. The challenge is made up anew each time.
fn app(choice: &RegisterChoice) -> Result<App, Failure> {
    let mut challenge = [0_u8; 15];
    getrandom::fill(&mut challenge).map_err(|error| {
        failure(
            ExitCode::Failure,
            &format!("the system gives no random bytes: {error}"),
            None,
        )
    })?;
    Ok(App {
        name: choice.name.clone(),
        provider: env!("CARGO_PKG_NAME").to_owned(),
        website: concat!("https://crates.io/crates/", env!("CARGO_PKG_NAME")).to_owned(),
        scopes: choice.scopes.clone(),
        challenge: challenge.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// One registration under way.
struct Registration<'a> {
    client: Client,
    app: App,
    app_id: String,
    /// Where a request is kept that is open, unless the key goes to stdout.
    kept: Option<pending::Place>,
    /// The request that an earlier command opened.
    open: Option<Pending>,
    ends: Instant,
    every: Duration,
    signal: watch::Receiver<Signal>,
    console: &'a Console,
    as_json: bool,
}

impl Registration<'_> {
    async fn go_through(mut self) -> Result<(SecretString, Vec<String>), Failure> {
        if let Some(open) = self.open.take()
            && let Ok(url) = Url::parse(&open.url)
        {
            self.say(
                "open",
                "The request of an earlier command is open still: look at it in Wawi (Admin > App \
                 registration), and accept it. The key comes by itself.",
            );
            return self.wait_for_key(&url, &open.id).await;
        }
        self.say(
            "asking",
            "In Wawi (new interface) open Admin > App registration > Add, and leave that page open.",
        );
        let (url, id) = self.open().await?;
        self.keep(&url, &id);
        self.say(
            "open",
            "The request is there: look at it on that page, and accept it. The key comes by itself.",
        );
        self.wait_for_key(&url, &id).await
    }

    fn say(&self, status: &str, text: &str) {
        if self.as_json {
            self.console
                .json(&json!({"type": "registration", "status": status}));
        } else {
            self.console.note(text);
        }
    }

    /// Keeps the open request for a later command.
    fn keep(&self, url: &Url, id: &str) {
        let Some(kept) = &self.kept else {
            return;
        };
        let pending = Pending {
            url: url.to_string(),
            id: id.to_owned(),
            challenge: self.app.challenge.clone(),
            app_id: self.app_id.clone(),
        };
        if let Err(error) = kept.keep(&pending) {
            self.console.warn(&format!(
                "{} cannot be written ({error}): a later command could not go on waiting",
                kept.path().display()
            ));
        }
    }

    /// Nobody needs to ask for the request again.
    fn forget(&self) {
        if let Some(kept) = &self.kept {
            kept.clear();
        }
    }

    /// What is to be done about a request that stays open.
    fn help_if_open(&self) -> String {
        match &self.kept {
            Some(kept) if kept.path().exists() => format!(
                "accept it in Wawi, then give the same command again: it goes on with the request \
                 ({} keeps it) and fetches the key",
                kept.path().display()
            ),
            _ => {
                "reject what is open in Wawi, then give the same command again; with --key-file a \
                  later command could go on with the request, and --wait gives more time"
                    .to_owned()
            }
        }
    }

    /// Opens the request, once somebody has opened the page for it.
    async fn open(&mut self) -> Result<(Url, String), Failure> {
        let mut told = false;
        loop {
            let (url, opened) = self.client.open_registration(&self.app).await;
            match opened {
                Opened::Open(id) => return Ok((url, id)),
                Opened::PageClosed => {
                    if !told {
                        self.say("page_closed", "That page is not open yet; waiting for it.");
                    }
                    told = true;
                    self.rest("nobody opened the page for registrations in time")
                        .await?;
                }
                Opened::Taken => {
                    return Err(failure(
                        ExitCode::Stopped,
                        "an app with this id is registered already (status 409)",
                        Some(
                            "remove it in Wawi under Admin > App registration, or choose another \
                             id with --app-id; a run needs the same --app-id",
                        ),
                    ));
                }
                Opened::Refused { status, errors } => return Err(refused(status, &errors)),
                Opened::NoAnswer(kind, sent) => {
                    let help = match sent {
                        Sent::Never => "check host and port in --base-url, and that the API runs",
                        Sent::Maybe => {
                            "the request may be open in Wawi: reject it there, then give the same \
                             command again"
                        }
                    };
                    let text = format!("the server gave no answer ({kind:?})");
                    return Err(failure(ExitCode::TryLater, &text, Some(help)));
                }
            }
        }
    }

    /// Asks until somebody has decided. A question under way is never dropped for a first Ctrl-C
    /// or because time is up: its answer may have the key.
    async fn wait_for_key(
        &mut self,
        url: &Url,
        id: &str,
    ) -> Result<(SecretString, Vec<String>), Failure> {
        let mut odd = 0;
        loop {
            let mut signal = self.signal.clone();
            let polled = tokio::select! {
                polled = self.client.poll_registration(url, id, &self.app) => polled,
                () = dropped(&mut signal) => {
                    return Err(interrupted(Signal::Drop, &self.help_if_open()));
                }
            };
            match polled {
                Polled::Accepted { key, scopes } => return Ok((key, scopes)),
                Polled::Rejected => {
                    self.forget();
                    return Err(failure(
                        ExitCode::Stopped,
                        "the request was rejected in Wawi",
                        Some("give the same command again, and accept it"),
                    ));
                }
                Polled::Gone => {
                    self.forget();
                    return Err(failure(
                        ExitCode::Stopped,
                        "the request was answered already, and its key is told only once (status 410)",
                        Some(
                            "remove the app in Wawi under Admin > App registration, then give the \
                             same command again",
                        ),
                    ));
                }
                Polled::Pending => odd = 0,
                // The server may be frozen for minutes; the time limit is patience enough.
                Polled::NoAnswer(kind) => tracing::info!(?kind, "no answer; asking again"),
                Polled::Odd(429 | 500 | 502..=504) => {}
                Polled::Odd(status) => {
                    odd += 1;
                    if odd >= ODD_AT_MOST {
                        if status == 404 {
                            self.forget();
                        }
                        return Err(refused(status, &[]));
                    }
                }
            }
            self.rest("nobody accepted the request in time").await?;
        }
    }

    /// Waits until the next question.
    async fn rest(&mut self, too_late: &str) -> Result<(), Failure> {
        if Instant::now() + self.every > self.ends {
            return Err(failure(
                ExitCode::TryLater,
                too_late,
                Some(&self.help_if_open()),
            ));
        }
        let signal = &mut self.signal;
        let stopped = async {
            loop {
                let wish = *signal.borrow_and_update();
                if wish != Signal::Go {
                    return wish;
                }
                if signal.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match timeout(self.every, stopped).await {
            Ok(wish) => Err(interrupted(wish, &self.help_if_open())),
            Err(_) => Ok(()),
        }
    }
}

/// Returns when everything is to be dropped.
async fn dropped(signal: &mut watch::Receiver<Signal>) {
    if signal.wait_for(|wish| *wish == Signal::Drop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn interrupted(wish: Signal, help: &str) -> Failure {
    let code = match wish {
        Signal::Terminate => ExitCode::Terminated,
        _ => ExitCode::Interrupted,
    };
    failure(code, "interrupted before there was a key", Some(help))
}

fn refused(status: u16, errors: &[crate::outcome::ServerError]) -> Failure {
    let stop = match status {
        200..=299 => Stop::CannotRead { status },
        status => crate::deliver::inquiry::stop_for(status),
    };
    let words: Vec<String> = errors
        .iter()
        .map(|error| format!("{} {}", error.field, error.text).trim().to_owned())
        .collect();
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(": {}", words.join("; "))
    };
    let ending = Ending::Stopped(stop.clone());
    failure(
        ending.exit_code(&Counts::default()),
        &format!("the server did not take the registration (status {status}){said}"),
        Some(stop.todo()),
    )
}

impl Place {
    /// Sees to it that the key can be kept. An existing file stays unless it was said otherwise.
    fn prepare(path: Option<&Path>, force: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        let unusable = |text: &str, help| failure(ExitCode::Unusable, text, Some(help));
        if let Ok(found) = std::fs::symlink_metadata(path) {
            if !found.is_file() {
                let text = format!("{} is no file", path.display());
                return Err(unusable(&text, "choose another file with --key-file"));
            }
            if !force {
                let text = format!("{} is there already; it may hold a key", path.display());
                return Err(unusable(
                    &text,
                    "choose another file, or overwrite it with --force",
                ));
            }
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // 0600 from its first moment on.
        let draft = tempfile::Builder::new().prefix(".key-").tempfile_in(folder);
        let draft = draft.and_then(|mut draft| {
            // Room for the key is taken now, while nothing is lost if there is none.
            draft.write_all(&[b'\n'; 4096])?;
            draft.as_file().sync_all()?;
            Ok(draft)
        });
        match draft {
            Ok(draft) => Ok(Self::File {
                draft,
                path: path.to_owned(),
                force,
            }),
            Err(error) => {
                let text = format!("no key can be written into {}: {error}", folder.display());
                Err(unusable(&text, "choose another file with --key-file"))
            }
        }
    }

    /// Keeps the key, or shows it: one of both, and only once. `told` says what to do with it.
    fn keep(
        self,
        key: &SecretString,
        scopes: &[String],
        told: &str,
        console: &Console,
        as_json: bool,
    ) -> Ended {
        let (draft, path, force) = match self {
            Self::Stdout => {
                show(key, scopes, console, as_json);
                return Ok(ExitCode::Fine);
            }
            Self::File { draft, path, force } => (draft, path, force),
        };
        if let Err(error) = write(draft, &path, force, key) {
            console.warn(&format!(
                "{} could not be written ({error}): this is the only time that the key is shown",
                path.display()
            ));
            show(key, scopes, console, as_json);
            return Ok(ExitCode::Failure);
        }
        if as_json {
            console.json(&json!({
                "type": "registered", "key_file": path.display().to_string(), "scopes": scopes,
            }));
        } else {
            console.line(&format!("The key is in {}.", path.display()));
            console.note(told);
        }
        Ok(ExitCode::Fine)
    }
}

fn show(key: &SecretString, scopes: &[String], console: &Console, as_json: bool) {
    if as_json {
        console.json(&json!({
            "type": "registered", "api_key": key.expose_secret(), "scopes": scopes,
        }));
    } else {
        console.note("This is the key. Wawi does not tell it again, and neither do we:");
        console.line(key.expose_secret());
    }
}

/// Writes the key, durably, then gives the file its name.
fn write(
    mut draft: NamedTempFile,
    path: &Path,
    force: bool,
    key: &SecretString,
) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom};
    let text = format!("{}\n", key.expose_secret());
    draft.seek(SeekFrom::Start(0))?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().set_len(text.len() as u64)?;
    draft.as_file().sync_all()?;
    let named = if force {
        draft.persist(path)
    } else {
        draft.persist_noclobber(path)
    };
    named.map_err(|error| error.error)?;
    // The name survives a power cut, too. Windows has no such call and needs none.
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::fs::File::open(folder.unwrap_or(Path::new(".")));
        if let Err(error) = folder.and_then(|folder| folder.sync_all()) {
            tracing::warn!(%error, "the folder of the key file could not be synced");
        }
    }
    Ok(())
}
