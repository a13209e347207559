//! Why a registration came to no key, and what to do about it, in words.

use reqwest::Url;

use super::super::Failure;
use super::failure;
use crate::deliver::driver::Signal;
use crate::outcome::{
    Bilingual, Counts, Ending, ExitCode, Sent, ServerError, Stop, Trouble, both, telling,
};

/// What was asked in vain, and why, in a clause: by scheme, host and port of its address, as
/// people know a server.
pub(super) fn no_answer(url: &Url, kind: Trouble) -> Bilingual {
    let server = Bilingual::same(url.origin().ascii_serialization());
    telling::unanswered(&server, kind)
}

/// The request itself got no answer.
pub(super) fn unanswered(url: &Url, kind: Trouble, sent: Sent) -> Failure {
    let text = no_answer(url, kind);
    // What no patience cures is told as it is in a run.
    if kind == Trouble::Tls {
        let code = Ending::Stopped(Stop::Tls).exit_code(&Counts::default());
        return failure(code, text, Some(Stop::Tls.todo()));
    }
    let help = match (sent, kind) {
        (Sent::Maybe, _) => both!(
            "the request may be open in Wawi: reject it there, then give the same command again",
            "die Anfrage ist in der Wawi vielleicht offen: dort ablehnen, dann denselben Befehl noch einmal geben"
        ),
        (Sent::Never, Trouble::Dns) => both!(
            "check the host in --base-url, and this machine's name server",
            "den Host in --base-url prüfen, und den Nameserver dieses Rechners"
        ),
        (Sent::Never, _) => both!(
            "check host and port in --base-url, that Wawi's API server runs there, and firewalls \
             between",
            "Host und Port in --base-url prüfen, ob der API-Server der Wawi dort läuft, und Firewalls dazwischen"
        ),
    };
    failure(ExitCode::TryLater, text, Some(help))
}

/// The server said no to the request itself.
pub(super) fn refused(status: u16, errors: &[ServerError]) -> Failure {
    let words: Vec<String> = errors
        .iter()
        .map(|error| format!("{} {}", error.field, error.text).trim().to_owned())
        .collect();
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(": {}", words.join("; "))
    };
    let text = both!(
        "the server did not take the registration (status {status}){said}",
        "der Server nahm die Registrierung nicht an (Status {status}){said}"
    );
    let (code, help) = match status {
        429 | 500 | 502..=504 => (
            ExitCode::TryLater,
            both!(
                "give the same command again later; if the request is open in Wawi by then, \
                 reject it there first",
                "denselben Befehl später noch einmal geben; ist die Anfrage in der Wawi bis dahin offen, sie vorher dort ablehnen"
            ),
        ),
        200..=299 => (ExitCode::Stopped, Stop::CannotRead { status }.todo()),
        300..=399 => (ExitCode::Stopped, Stop::Redirect { status }.todo()),
        402 => (ExitCode::Stopped, Stop::Licence.todo()),
        401 => (
            ExitCode::Stopped,
            both!(
                "only an on-prem server registers apps, and without credentials: check --base-url \
                 (http://HOST:5883/api/DATABASE); for the cloud, take the id and secret of a client",
                "nur ein eigener Server registriert Apps, und das ohne Zugangsdaten: --base-url prüfen (http://HOST:5883/api/DATENBANK); für die Cloud Id und Secret eines Clients nehmen"
            ),
        ),
        400 | 409 | 422 => (
            ExitCode::Stopped,
            both!(
                "check --app-id, --app-version, --name and --scope",
                "--app-id, --app-version, --name und --scope prüfen"
            ),
        ),
        // 501: whatever answers there takes no POST.
        404 | 405 | 501 => (
            ExitCode::Stopped,
            both!(
                "check --base-url: only an on-prem server registers apps, \
                 at http://HOST:5883/api/DATABASE",
                "--base-url prüfen: nur ein eigener Server registriert Apps, unter http://HOST:5883/api/DATENBANK"
            ),
        ),
        status => (ExitCode::Stopped, Stop::Address { status }.todo()),
    };
    failure(code, text, Some(help))
}

/// The server says nothing that makes sense of a request that it took.
pub(super) fn lost(status: u16, help_if_open: Bilingual) -> Failure {
    if status == 404 {
        return failure(
            ExitCode::Stopped,
            both!(
                "the server does not know the request any more (status 404)",
                "der Server kennt die Anfrage nicht mehr (Status 404)"
            ),
            Some(both!(
                "give the same command again: it makes a new one",
                "denselben Befehl noch einmal geben: er stellt eine neue"
            )),
        );
    }
    failure(
        ExitCode::Stopped,
        both!(
            "the server does not say what became of the request (status {status})",
            "der Server sagt nicht, was aus der Anfrage wurde (Status {status})"
        ),
        Some(help_if_open),
    )
}

/// An app of this id has its key already.
pub(super) fn taken() -> Failure {
    failure(
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
    )
}

/// Somebody said no.
pub(super) fn rejected() -> Failure {
    failure(
        ExitCode::Stopped,
        both!(
            "the request was rejected in Wawi",
            "die Anfrage wurde in der Wawi abgelehnt"
        ),
        Some(both!(
            "give the same command again, and accept it",
            "denselben Befehl noch einmal geben, und die neue Anfrage annehmen"
        )),
    )
}

/// The key was told before.
pub(super) fn gone() -> Failure {
    failure(
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
    )
}

/// What to do where no request could be made, as nobody had opened Wawi's page for it.
pub(super) fn help_if_closed() -> Bilingual {
    both!(
        "the server takes registrations only while that page is open: open Admin > App \
         registration > Add in Wawi (new interface), leave it open, and give the same command \
         again; --wait gives more time",
        "der Server nimmt Registrierungen nur an, solange diese Seite offen ist: in der Wawi (neue Oberfläche) Admin > App-Registrierung > Hinzufügen öffnen, offen lassen und denselben Befehl noch einmal geben; --wait gibt mehr Zeit"
    )
}

/// Somebody wants it to end.
pub(super) fn interrupted(wish: Signal, help: Bilingual) -> Failure {
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
