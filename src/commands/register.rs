//! `importer register`: an API key from an on-prem server. It is told once, so there is a place
//! for it before it is asked for, and nothing drops the one answer that has it. A request that
//! nobody has answered yet is kept for a later command.

mod key_place;
mod pending;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::key_place::KeyPlace;
use self::pending::Pending;
use super::{Ended, Failure, signals, told};
use crate::cli::{Cli, RegisterArgs};
use crate::console::Console;
use crate::deliver::client::{App, Client, Opened, Polled};
use crate::deliver::driver::Signal;
use crate::deliver::{Credentials, TargetSettings};
use crate::outcome::{Bilingual, Counts, Ending, ExitCode, Sent, Stop, both};
use crate::settings::{Environment, RegisterChoice, resolve_register};

/// Answers that make no sense before nobody waits for one that does.
const ODD_AT_MOST: u32 = 5;

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
    let place = KeyPlace::prepare(choice.key_file.as_deref(), choice.force)?;
    let client = Client::new(&choice.target, Credentials::Gateway, &choice.delivery);
    let client = client.map_err(|error| failure(ExitCode::Unusable, told(&error, None), None))?;
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
                both!(
                    "no sockets can be had: {error}",
                    "es sind keine Sockets zu haben: {error}"
                ),
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
        console.warn(&both!(
            "the key lacks the scope {scopes}",
            "dem Schlüssel fehlt der Scope {scopes}",
            scopes = missing.join(", ")
        ));
    }
    let next = match &choice.key_name {
        _ if choice.is_key_named => {
            both!(
                "importer.toml names it already; `importer doctor` tries it",
                "importer.toml nennt ihn schon; `importer doctor` probiert ihn"
            )
        }
        name => both!(
            "Name it in importer.toml:\n  [{table}]\n  kind = \"api_key\"\n  api_key = {{ file = {file} }}",
            "In importer.toml nennen:\n  [{table}]\n  kind = \"api_key\"\n  api_key = {{ file = {file} }}",
            table = &choice.auth_table,
            file = json!(
                name.as_deref()
                    .map(Path::display)
                    .map(|name| name.to_string())
            )
        ),
    };
    let code = place.keep(&key, &scopes, &next, console, as_json);
    if let Some(kept) = &kept {
        kept.clear();
    }
    code
}

/// The request that an earlier command left open there, if it is the one that is meant.
fn still_open(kept: &pending::Place, target: &TargetSettings) -> Result<Option<Pending>, Failure> {
    let path = kept.path().display();
    let unusable = |text: Bilingual| {
        let help = both!(
            "reject what is open in Wawi, remove {path}, then give the same command again",
            "in der Wawi ablehnen, was offen ist, {path} löschen, dann denselben Befehl noch einmal geben"
        );
        failure(ExitCode::Unusable, text, Some(help))
    };
    let open = kept.read().map_err(|error| {
        unusable(both!(
            "{path} cannot be read as an open request: {error}",
            "{path} ist nicht als offene Anfrage zu lesen: {error}"
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
        return Err(unusable(both!(
            "{path} is about a request of the app `{app}` that was opened at {url}",
            "in {path} steht eine Anfrage der App `{app}`, die unter {url} gestellt wurde",
            app = open.app_id,
            url = open.url
        )));
    }
    Ok(Some(open))
}

fn failure(code: ExitCode, text: Bilingual, help: Option<Bilingual>) -> Failure {
    Failure {
        code,
        text,
        help,
        rendered: false,
    }
}

/// Who we say we are. The challenge is made up anew each time.
fn app(choice: &RegisterChoice) -> Result<App, Failure> {
    let mut challenge = [0_u8; 15];
    getrandom::fill(&mut challenge).map_err(|error| {
        failure(
            ExitCode::Failure,
            both!(
                "the system gives no random bytes: {error}",
                "das System gibt keine Zufallsbytes: {error}"
            ),
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
                &both!(
                    "The request of an earlier command is open still: look at it in Wawi (Admin > \
                     App registration), and accept it. The key comes by itself.",
                    "Die Anfrage eines früheren Befehls ist noch offen: in der Wawi (Admin > App-Registrierung) ansehen und annehmen. Der Schlüssel kommt von selbst."
                ),
            );
            return self.wait_for_key(&url, &open.id).await;
        }
        self.say(
            "asking",
            &both!("In Wawi (new interface) open Admin > App registration > Add, and leave that page open.", "In der Wawi (neue Oberfläche) Admin > App-Registrierung > Hinzufügen öffnen und diese Seite offen lassen."),
        );
        let (url, id) = self.open().await?;
        self.keep(&url, &id);
        self.say(
            "open",
            &both!("The request is there: look at it on that page, and accept it. The key comes by itself.", "Die Anfrage ist da: auf dieser Seite ansehen und annehmen. Der Schlüssel kommt von selbst."),
        );
        self.wait_for_key(&url, &id).await
    }

    fn say(&self, status: &str, text: &Bilingual) {
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
            self.console.warn(&both!(
                "{path} cannot be written ({error}): a later command could not go on waiting",
                "{path} ist nicht zu schreiben ({error}): ein späterer Befehl könnte nicht weiter warten",
                path = kept.path().display()
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
    fn help_if_open(&self) -> Bilingual {
        match &self.kept {
            Some(kept) if kept.path().exists() => both!(
                "accept it in Wawi, then give the same command again: it goes on with the request \
                 ({path} keeps it) and fetches the key",
                "in der Wawi annehmen, dann denselben Befehl noch einmal geben: er macht mit der Anfrage weiter (sie steht in {path}) und holt den Schlüssel",
                path = kept.path().display()
            ),
            _ => both!(
                "reject what is open in Wawi, then give the same command again; with --key-file a \
                 later command could go on with the request, and --wait gives more time",
                "in der Wawi ablehnen, was offen ist, dann denselben Befehl noch einmal geben; mit --key-file könnte ein späterer Befehl mit der Anfrage weitermachen, und --wait gibt mehr Zeit"
            ),
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
                        self.say(
                            "page_closed",
                            &both!(
                                "That page is not open yet; waiting for it.",
                                "Diese Seite ist noch nicht offen; es wird auf sie gewartet."
                            ),
                        );
                    }
                    told = true;
                    self.rest(both!(
                        "nobody opened the page for registrations in time",
                        "niemand hat die Seite für Registrierungen rechtzeitig geöffnet"
                    ))
                    .await?;
                }
                Opened::Taken => {
                    return Err(failure(
                        ExitCode::Stopped,
                        both!(
                            "an app with this id is registered already (status 409)",
                            "eine App mit dieser Id ist schon registriert (Status 409)"
                        ),
                        Some(both!(
                            "remove it in Wawi under Admin > App registration, or choose another \
                             id with --app-id; a run needs the same --app-id",
                            "sie in der Wawi unter Admin > App-Registrierung entfernen, oder mit --app-id eine andere Id wählen; ein Lauf braucht dieselbe --app-id"
                        )),
                    ));
                }
                Opened::Refused { status, errors } => return Err(refused(status, &errors)),
                Opened::NoAnswer(kind, sent) => {
                    let help = match sent {
                        Sent::Never => both!(
                            "check host and port in --base-url, and that the API runs",
                            "Host und Port in --base-url prüfen, und ob die API läuft"
                        ),
                        Sent::Maybe => {
                            both!(
                                "the request may be open in Wawi: reject it there, then give the same \
                             command again",
                                "die Anfrage ist in der Wawi vielleicht offen: dort ablehnen, dann denselben Befehl noch einmal geben"
                            )
                        }
                    };
                    let text = both!(
                        "the server gave no answer ({kind:?})",
                        "der Server gab keine Antwort ({kind:?})"
                    );
                    return Err(failure(ExitCode::TryLater, text, Some(help)));
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
                    return Err(interrupted(Signal::Drop, self.help_if_open()));
                }
            };
            match polled {
                Polled::Accepted { key, scopes } => return Ok((key, scopes)),
                Polled::Rejected => {
                    self.forget();
                    return Err(failure(
                        ExitCode::Stopped,
                        both!(
                            "the request was rejected in Wawi",
                            "die Anfrage wurde in der Wawi abgelehnt"
                        ),
                        Some(both!(
                            "give the same command again, and accept it",
                            "denselben Befehl noch einmal geben, und sie annehmen"
                        )),
                    ));
                }
                Polled::Gone => {
                    self.forget();
                    return Err(failure(
                        ExitCode::Stopped,
                        both!(
                            "the request was answered already, and its key is told only once (status 410)",
                            "die Anfrage wurde schon beantwortet, und ihr Schlüssel wird nur einmal genannt (Status 410)"
                        ),
                        Some(both!(
                            "remove the app in Wawi under Admin > App registration, then give the \
                             same command again",
                            "die App in der Wawi unter Admin > App-Registrierung entfernen, dann denselben Befehl noch einmal geben"
                        )),
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
            self.rest(both!(
                "nobody accepted the request in time",
                "niemand hat die Anfrage rechtzeitig angenommen"
            ))
            .await?;
        }
    }

    /// Waits until the next question.
    async fn rest(&mut self, too_late: Bilingual) -> Result<(), Failure> {
        if Instant::now() + self.every > self.ends {
            return Err(failure(
                ExitCode::TryLater,
                too_late,
                Some(self.help_if_open()),
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
            Ok(wish) => Err(interrupted(wish, self.help_if_open())),
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

fn interrupted(wish: Signal, help: Bilingual) -> Failure {
    let code = match wish {
        Signal::Terminate => ExitCode::Terminated,
        _ => ExitCode::Interrupted,
    };
    failure(
        code,
        both!(
            "interrupted before there was a key",
            "unterbrochen, bevor es einen Schlüssel gab"
        ),
        Some(help),
    )
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
        both!(
            "the server did not take the registration (status {status}){said}",
            "der Server nahm die Registrierung nicht an (Status {status}){said}"
        ),
        Some(stop.todo()),
    )
}
