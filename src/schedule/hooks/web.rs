//! Addresses that are told what became of a job, and where they stand.

use super::{Call, HookFault};
use crate::deliver::client::{NoLook, is_loopback};
use crate::outcome::borrowed::{of_io, of_tls};
use crate::outcome::telling::unanswered;
use crate::outcome::{Bilingual, Trouble, both};
use crate::schedule::jobs::HookUrl;
use crate::settings::{Environment, unparsed};

/// The address, which can be one. It may be a secret, so that what is wrong with it tells where it
/// stands, and not what it is.
pub(in crate::schedule) fn address(
    url: &HookUrl,
    allow_http: bool,
    environment: &Environment,
) -> Result<String, HookFault> {
    let address = read(url, environment)?;
    match check_url(&address, allow_http) {
        Ok(()) => Ok(address),
        Err(what) => Err(HookFault::new(at(what, url), whole_address())),
    }
}

fn read(url: &HookUrl, environment: &Environment) -> Result<String, HookFault> {
    match url {
        HookUrl::Plain(url) => Ok(url.clone()),
        HookUrl::Env(name) => environment.variable(name).ok_or_else(|| {
            let what = both!(
                "the environment variable {name} is not set",
                "die Umgebungsvariable {name} ist nicht gesetzt"
            );
            let help = both!(
                "set it where the schedule is started, or keep the address in a file (`url_file`)",
                "sie dort setzen, wo der Zeitplan gestartet wird, oder die Adresse in einer Datei \
                 aufbewahren (`url_file`)"
            );
            HookFault::new(what, help)
        }),
        HookUrl::File(path) => {
            let shown = path.display();
            let text = std::fs::read_to_string(path).map_err(|error| {
                let what = both!([error = of_io(&error)]
                    "the file {shown} cannot be read: {error}",
                    "die Datei {shown} ist nicht zu lesen: {error}"
                );
                let help = both!(
                    "write the address into it, and let the user read it that the job runs as",
                    "die Adresse hineinschreiben und den Benutzer sie lesen lassen, unter dem der \
                     Job läuft"
                );
                HookFault::new(what, help)
            })?;
            match text.trim() {
                "" => {
                    let what = both!("the file {shown} is empty", "die Datei {shown} ist leer");
                    Err(HookFault::new(what, whole_address()))
                }
                address => Ok(address.to_owned()),
            }
        }
    }
}

/// What is wrong with an address, with where it stands; the jobs file itself is told anyway.
fn at(what: Bilingual, url: &HookUrl) -> Bilingual {
    match url {
        HookUrl::Plain(_) => what,
        HookUrl::Env(name) => both!([what]
            "{what} (in the environment variable {name})",
            "{what} (in der Umgebungsvariablen {name})"
        ),
        HookUrl::File(path) => both!([what]
            "{what} (in the file {path})",
            "{what} (in der Datei {path})",
            path = path.display()
        ),
    }
}

fn whole_address() -> Bilingual {
    both!(
        "it has to be a whole address and nothing else, like https://hooks.example/import",
        "dort muss eine ganze Adresse stehen und sonst nichts, etwa https://hooks.example/import"
    )
}

/// Whether an address can be a webhook's.
pub(in crate::schedule) fn check_url(text: &str, allow_http: bool) -> Result<(), Bilingual> {
    let url = reqwest::Url::parse(text).map_err(|error| {
        both!([why = unparsed(error.to_string())]
            "this is no address: {why}",
            "das ist keine Adresse: {why}"
        )
    })?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) || allow_http => Ok(()),
        "http" => Err(both!(
            "this is plain http to another machine; use https, or accept it with allow_http = true",
            "das ist unverschlüsseltes http zu einem anderen Rechner; https verwenden, oder es mit \
             allow_http = true erlauben"
        )),
        other => Err(both!(
            "`{other}` is no way to post; use https",
            "mit `{other}` lässt sich nichts melden; https verwenden"
        )),
    }
}

/// Posts the summary to the address.
pub(super) async fn post(url: &str, call: &Call<'_>) -> Result<(), HookFault> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("importer/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(not_posted)?;
    let answer = client
        .post(url)
        .header("content-type", "application/json")
        .body(call.summary.to_vec())
        .send()
        .await
        .map_err(not_posted)?;
    if answer.status().is_success() {
        Ok(())
    } else {
        let status = Bilingual {
            english: answer.status().to_string(),
            german: answer.status().as_u16().to_string(),
        };
        let what = both!([status]
            "the address answered {status}",
            "die Adresse antwortete mit Status {status}"
        );
        Err(HookFault::new(
            what,
            both!(
                "it has to take a POST of JSON and to answer with 2xx; redirects are not followed",
                "sie muss ein POST mit JSON annehmen und mit 2xx antworten; Weiterleitungen wird \
                 nicht gefolgt"
            ),
        ))
    }
}

/// Why nothing could be posted, without the address.
fn not_posted(error: reqwest::Error) -> HookFault {
    if error.is_builder() {
        let what = both!(
            "no request can be made of the summary",
            "aus der Zusammenfassung lässt sich keine Anfrage machen"
        );
        return HookFault::new(what, whole_address());
    }
    let host = error
        .url()
        .and_then(|url| url.host_str())
        .map(str::to_owned);
    let NoLook { kind, why } = NoLook::of(error);
    let text = unanswered(&both!("the address", "die Adresse"), kind);
    let why = of_tls(&why);
    // What is not known here may tell whose the certificate is.
    let tells_it = host.is_some_and(|host| why.english.contains(&host));
    let what = match kind == Trouble::Tls && !tells_it {
        true => Bilingual {
            english: format!("{} ({})", text.english, why.english),
            german: format!("{} ({})", text.german, why.german),
        },
        false => text,
    };
    HookFault::new(
        what,
        both!(
            "is the address right, and may this computer reach it? Where a proxy is on the way, \
             `HTTPS_PROXY` names it",
            "stimmt die Adresse, und darf dieser Rechner sie erreichen? Wo ein Proxy dazwischen \
             steht, nennt ihn `HTTPS_PROXY`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_computer() {
        for (url, allow_http, fine) in [
            ("https://hooks.example/x", false, true),
            ("http://127.0.0.1:9/x", false, true),
            ("http://[::1]:9/x", false, true),
            ("http://localhost/x", false, true),
            ("http://hooks.example/x", false, false),
            ("http://hooks.example/x", true, true),
            ("ftp://hooks.example/x", true, false),
            ("hooks.example", false, false),
        ] {
            assert_eq!(check_url(url, allow_http).is_ok(), fine, "{url}");
        }
    }

    #[test]
    fn an_address_may_be_kept_elsewhere() {
        let environment = Environment::from_pairs([
            ("HOOK", "https://e.example/s3cret"),
            ("WRONG", "e.example/s3cret"),
        ]);
        let env = |name: &str| HookUrl::Env(name.to_owned());
        let read = |url: &HookUrl| address(url, false, &environment);
        assert_eq!(read(&env("HOOK")).unwrap(), "https://e.example/s3cret");
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            HookUrl::File(path)
        };
        let kept = file("kept", "\n https://e.example/s3cret\n");
        assert_eq!(read(&kept).unwrap(), "https://e.example/s3cret");
        let shown = |name: &str| folder.path().join(name).display().to_string();
        for (url, english, german) in [
            (
                env("OTHER"),
                "the environment variable OTHER is not set".to_owned(),
                "die Umgebungsvariable OTHER ist nicht gesetzt".to_owned(),
            ),
            (
                env("WRONG"),
                "this is no address: relative URL without a base (in the environment variable \
                 WRONG)"
                    .to_owned(),
                "das ist keine Adresse: der Anfang mit https:// fehlt (in der Umgebungsvariablen \
                 WRONG)"
                    .to_owned(),
            ),
            (
                file("empty", "\n"),
                format!("the file {} is empty", shown("empty")),
                format!("die Datei {} ist leer", shown("empty")),
            ),
            (
                file("ftp", "ftp://e.example/s3cret"),
                format!(
                    "`ftp` is no way to post; use https (in the file {})",
                    shown("ftp")
                ),
                format!(
                    "mit `ftp` lässt sich nichts melden; https verwenden (in der Datei {})",
                    shown("ftp")
                ),
            ),
        ] {
            let fault = read(&url).unwrap_err();
            assert_eq!((fault.what.english, fault.what.german), (english, german));
            let help = fault.help.unwrap();
            assert!(!help.english.is_empty() && help.english != help.german);
        }
        let plain = HookUrl::Plain("https://e.example/s3cret".to_owned());
        assert!(!format!("{plain:?}").contains("s3cret"));
    }
}
