//! `importer register`: an API key from an on-prem server. It is told once, so there is a place
//! for it before it is asked for, and nothing drops the one answer that has it. A request that
//! nobody has answered yet is kept for a later command.

mod endings;
mod key_place;
mod next;
mod pending;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::key_place::{KeyPlace, Told};
use self::pending::Pending;
use super::{Ended, Failure, signals, told};
use crate::cli::{Cli, RegisterArgs};
use crate::console::Console;
use crate::deliver::client::{App, Client, Opened, Polled};
use crate::deliver::driver::Signal;
use crate::deliver::{Credentials, TargetSettings};
use crate::import::{ImportError, runtime_here};
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::length_in;
use crate::outcome::{Bilingual, ExitCode, both};
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
    let runtime = runtime_here()
        .map_err(|error| Failure::of_import(&ImportError::Workers(error), console))?;
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
    let came = runtime.block_on(registration.go_through());
    // A name that the system still looks up is not waited for.
    runtime.shutdown_background();
    let (key, scopes) = came?;
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
    let code = place.keep(
        Told {
            key: &key,
            scopes: &scopes,
            app_id: &choice.target.app_id,
        },
        &choice.lines,
        console,
        as_json,
    );
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
        unusable(both!([error = of_io(&error)]
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
        rendered: None,
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
            self.console.warn(&both!([error = of_io(&error)]
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
                        let most = self.ends.saturating_duration_since(Instant::now());
                        let most = Bilingual::of(|language| length_in(most, language));
                        self.say(
                            "page_closed",
                            &both!([most]
                                "The server takes no registration yet, as that page is not open in \
                                 Wawi; it is asked again for {most} at most.",
                                "Der Server nimmt noch keine Registrierung an, denn diese Seite ist in der Wawi nicht offen; er wird noch höchstens {most} lang gefragt."
                            ),
                        );
                    }
                    told = true;
                    let too_late = both!(
                        "the server takes no registration: nobody opened Wawi's page for it in \
                         time (status 403)",
                        "der Server nimmt keine Registrierung an: niemand hat die Seite der Wawi dafür rechtzeitig geöffnet (Status 403)"
                    );
                    self.rest(too_late, endings::help_if_closed()).await?;
                }
                Opened::Taken => return Err(endings::taken()),
                Opened::Refused { status, errors } => {
                    return Err(endings::refused(status, &errors));
                }
                Opened::NoAnswer(kind, sent) => {
                    return Err(endings::unanswered(&url, kind, sent));
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
        let (mut odd, mut silent) = (0, None);
        loop {
            let mut signal = self.signal.clone();
            let polled = tokio::select! {
                polled = self.client.poll_registration(url, id, &self.app) => polled,
                () = dropped(&mut signal) => {
                    return Err(endings::interrupted(Signal::Drop, self.help_if_open()));
                }
            };
            match polled {
                Polled::Accepted { key, scopes } => return Ok((key, scopes)),
                Polled::Rejected => {
                    self.forget();
                    return Err(endings::rejected());
                }
                Polled::Gone => {
                    self.forget();
                    return Err(endings::gone());
                }
                Polled::Pending => (odd, silent) = (0, None),
                // The server may be frozen for minutes; the time limit is patience enough.
                Polled::NoAnswer(kind) => {
                    silent = Some(kind);
                    tracing::info!(?kind, "no answer; asking again");
                }
                Polled::Odd(429 | 500 | 502..=504) => {}
                Polled::Odd(status) => {
                    odd += 1;
                    if odd >= ODD_AT_MOST {
                        if status == 404 {
                            self.forget();
                        }
                        return Err(endings::lost(status, self.help_if_open()));
                    }
                }
            }
            let too_late = match silent {
                None => both!(
                    "nobody accepted the request in time",
                    "niemand hat die Anfrage rechtzeitig angenommen"
                ),
                Some(kind) => endings::no_answer(url, kind),
            };
            let help = self.help_if_open();
            self.rest(too_late, help).await?;
        }
    }

    /// Waits until the next question; `help` says what to do if there is none any more.
    async fn rest(&mut self, too_late: Bilingual, help: Bilingual) -> Result<(), Failure> {
        if Instant::now() + self.every > self.ends {
            return Err(failure(ExitCode::TryLater, too_late, Some(help)));
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
            Ok(wish) => Err(endings::interrupted(wish, help)),
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
