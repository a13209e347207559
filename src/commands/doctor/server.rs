//! The server: its name, its port, TLS, credentials, clock, quota, speed.

use std::time::Duration;

use tokio::time::Instant;

use super::answers::{
    authorisation, clock, ended, latency, lists, milliseconds, quota, unanswered, untrusted,
};
use super::{Doctor, probing, told};
use crate::deliver::client::{Client, Look, Looked, NoLook, Query};
use crate::deliver::pace::UserRate;
use crate::deliver::reach::Reach;
use crate::deliver::{Credentials, DeliverySettings, TargetSettings, naming};
use crate::import::runtime_here;
use crate::names::NameList;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, Ending, ExitCode, Finding, Trouble, both};
use crate::settings::DoctorChoice;

/// Time limit for a name and a connection; requests have it, too.
const CONNECT_AT_MOST: Duration = Duration::from_secs(10);

/// What is looked at there, in this order; the first that fails leaves the rest unchecked.
const CHECKS: [&str; 9] = [
    "dns",
    "tcp",
    "token",
    "tls",
    "authorisation",
    "clock",
    "quota",
    "lists",
    "latency",
];

/// Asks the server, in the user's pace.
pub(super) struct Asker {
    client: Client,
    rate: Option<UserRate>,
    begun: Instant,
    /// The server said that its quota is used up.
    is_used_up: bool,
}

impl Asker {
    /// One question.
    pub(super) async fn look(&mut self, look: &Look) -> Result<Result<Looked, NoLook>, Ending> {
        while let Some(rate) = &self.rate
            && let Err(then) = rate.take(self.begun.elapsed())
        {
            tokio::time::sleep_until(self.begun + then).await;
        }
        let looked = self.client.look(look).await?;
        if let Ok(looked) = &looked {
            let left = looked.answer.quota.and_then(|quota| quota.remaining);
            self.is_used_up |= looked.answer.status == 429 || left == Some(0);
        }
        Ok(looked)
    }

    /// Whether the server takes no more for now.
    pub(super) fn is_used_up(&self) -> bool {
        self.is_used_up
    }
}

pub(super) fn look(choice: DoctorChoice, doctor: &mut Doctor<'_>) {
    let Ok(target) = choice.target else {
        return unchecked(&CHECKS, &unusable(), doctor);
    };
    // Whether the server is there can be seen without them.
    let known = choice.credentials.ok();
    let token_url = choice.token_url;
    let delivery = DeliverySettings {
        // A check has no patience.
        max_outage: Duration::ZERO,
        ..choice.delivery
    };
    let runtime = match runtime_here() {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = both!([error = of_io(&error)]
                "no sockets can be had: {error}",
                "es sind keine Sockets zu haben: {error}"
            );
            return doctor.tell(&Finding::failed("dns", ExitCode::Failure, why, None));
        }
    };
    runtime.block_on(async {
        let asked = async {
            let servers = (&target, token_url.as_deref());
            match known {
                Some(known) => ask(servers, known, &delivery, choice.probe, doctor).await,
                None => ask_as_nobody(servers, &delivery, doctor).await,
            }
        };
        let Some(most) = choice.max_duration else {
            return asked.await;
        };
        if tokio::time::timeout(most, asked).await.is_err() {
            let text = Bilingual::of(|language| Ending::TimeUp.message_in(language));
            let remedy = Some(both!(
                "give it more time with --max-duration",
                "mit --max-duration mehr Zeit geben"
            ));
            doctor.tell(&Finding::failed(
                "latency",
                ExitCode::TryLater,
                text,
                remedy,
            ));
        }
    });
}

/// Says of all these checks that something before them stood in their way.
fn unchecked(checks: &[&'static str], why: &Bilingual, doctor: &mut Doctor<'_>) {
    for check in checks {
        doctor.tell(&Finding::not_checked(check, why.clone()));
    }
}

fn unusable() -> Bilingual {
    both!(
        "the settings cannot be used",
        "die Einstellungen sind nicht zu gebrauchen"
    )
}

fn unreachable() -> Bilingual {
    both!(
        "the server cannot be reached",
        "der Server ist nicht zu erreichen"
    )
}

fn no_token() -> Bilingual {
    both!("there is no token", "es gibt kein Token")
}

fn no_answer() -> Bilingual {
    both!("there was no answer", "es kam keine Antwort")
}

/// Names and ports of the ERP and of who gives tokens; whether the ERP can be reached.
async fn reach_both(
    (target, token_url): (&TargetSettings, Option<&str>),
    delivery: &DeliverySettings,
    doctor: &mut Doctor<'_>,
) -> bool {
    let at_most = CONNECT_AT_MOST.min(delivery.timeout);
    let is_there = reach("base_url", &target.base_url, at_most, doctor).await;
    if let Some(url) = token_url {
        reach("token_url", url, at_most, doctor).await;
    }
    is_there
}

/// The one who asks, unless the settings are no good for that.
fn asker(
    target: &TargetSettings,
    credentials: Credentials,
    delivery: &DeliverySettings,
    doctor: &mut Doctor<'_>,
) -> Option<Asker> {
    match Client::new(target, credentials, delivery) {
        Ok(client) => Some(Asker {
            client,
            rate: delivery.rate.and_then(UserRate::new),
            begun: Instant::now(),
            is_used_up: false,
        }),
        Err(error) => {
            let text = told(&error, None);
            let remedy = both!(
                "check the settings of the target and its credentials",
                "die Einstellungen des Ziels und seine Zugangsdaten prüfen"
            );
            let code = ExitCode::Unusable;
            doctor.tell(&Finding::failed("settings", code, text, Some(remedy)));
            let [_, _, _, beyond_token @ ..] = &CHECKS;
            unchecked(beyond_token, &unusable(), doctor);
            None
        }
    }
}

/// What can be seen of the server without credentials: one question that it need not let in.
async fn ask_as_nobody(
    servers: (&TargetSettings, Option<&str>),
    delivery: &DeliverySettings,
    doctor: &mut Doctor<'_>,
) {
    let why = both!(
        "the credentials cannot be used",
        "die Zugangsdaten sind nicht zu gebrauchen"
    );
    let [_, _, token, beyond_token @ ..] = &CHECKS;
    let [.., quota, lists, latency] = &CHECKS;
    let is_there = reach_both(servers, delivery, doctor).await;
    unchecked(&[token], &why, doctor);
    if !is_there {
        return unchecked(beyond_token, &unreachable(), doctor);
    }
    let target = servers.0;
    let Some(mut asker) = asker(target, Credentials::Gateway, delivery, doctor) else {
        return;
    };
    let is_plain = target.base_url.starts_with("http:");
    let Some(looked) = first_answer(&mut asker, is_plain, doctor).await else {
        return;
    };
    unchecked(&["authorisation"], &why, doctor);
    doctor.tell(&clock(&looked));
    unchecked(&[quota, lists, latency], &why, doctor);
}

async fn ask(
    servers: (&TargetSettings, Option<&str>),
    credentials: Credentials,
    delivery: &DeliverySettings,
    probe: bool,
    doctor: &mut Doctor<'_>,
) {
    let [_, _, _, beyond_token @ ..] = &CHECKS;
    let target = servers.0;
    let is_there = reach_both(servers, delivery, doctor).await;
    let needs_token = matches!(credentials, Credentials::OAuth2 { .. });
    let Some(mut asker) = asker(target, credentials, delivery, doctor) else {
        return;
    };
    if needs_token {
        match asker.client.ready().await {
            Ok(()) => {
                let text = both!(
                    "the token server gives a token",
                    "der Token-Server gibt ein Token"
                );
                doctor.tell(&Finding::ok("token", text));
            }
            Err(ending) => {
                doctor.tell(&ended("token", &ending));
                return unchecked(beyond_token, &no_token(), doctor);
            }
        }
    } else {
        let why = both!(
            "the credentials need none",
            "die Zugangsdaten brauchen keines"
        );
        doctor.tell(&Finding::not_checked("token", why));
    }
    if !is_there {
        return unchecked(beyond_token, &unreachable(), doctor);
    }
    let is_plain = target.base_url.starts_with("http:");
    let Some(looked) = first_answer(&mut asker, is_plain, doctor).await else {
        return;
    };
    let finding = authorisation(&looked);
    let is_in = finding.exit_code == ExitCode::Fine;
    doctor.tell(&finding);
    doctor.tell(&clock(&looked));
    doctor.tell(&quota(&looked));
    if !is_in {
        let [.., lists, latency] = &CHECKS;
        let why = both!(
            "the server lets nobody in",
            "der Server lässt niemanden ein"
        );
        return unchecked(&[lists, latency], &why, doctor);
    }
    doctor.tell(&Finding::not_checked(
        "create",
        both!(
            "whether the credentials may create customers is known only when one is sent; the \
             scope is `customer.createcustomer`",
            "ob die Zugangsdaten Kunden anlegen dürfen, zeigt sich erst, wenn einer gesendet wird; \
             der Scope ist `customer.createcustomer`"
        ),
    ));
    samples(&mut asker, delivery, doctor).await;
    if probe {
        probing::look(&mut asker, doctor).await;
    }
}

/// The answer to the first question, if there is one, and whether it came by a secure connection.
async fn first_answer(
    asker: &mut Asker,
    is_plain: bool,
    doctor: &mut Doctor<'_>,
) -> Option<Looked> {
    let [_, _, _, _, beyond_tls @ ..] = &CHECKS;
    let [_, beyond_authorisation @ ..] = beyond_tls;
    let first = asker.look(&Look::Customers(Query::All, 1, 1)).await;
    let tls = match &first {
        _ if is_plain => Finding::not_checked(
            "tls",
            both!(
                "base_url is plain http",
                "base_url ist unverschlüsseltes http"
            ),
        ),
        Ok(Ok(_)) => Finding::ok(
            "tls",
            both!(
                "this machine trusts the server's certificate",
                "dieser Rechner vertraut dem Zertifikat des Servers"
            ),
        ),
        Ok(Err(trouble)) if trouble.kind == Trouble::Tls => untrusted(trouble),
        _ => Finding::not_checked("tls", no_answer()),
    };
    let is_safe = tls.exit_code == ExitCode::Fine;
    doctor.tell(&tls);
    match first {
        Ok(Ok(looked)) => return Some(looked),
        Ok(Err(_)) if !is_safe => {
            let why = both!(
                "there is no secure connection",
                "es gibt keine sichere Verbindung"
            );
            unchecked(beyond_tls, &why, doctor);
        }
        Ok(Err(trouble)) => {
            doctor.tell(&unanswered(&trouble));
            unchecked(beyond_authorisation, &no_answer(), doctor);
        }
        Err(ending) => {
            doctor.tell(&ended("authorisation", &ending));
            unchecked(beyond_authorisation, &no_token(), doctor);
        }
    }
    None
}

/// Who is looked for, and what in a setting leads there.
fn way(reach: &Reach) -> (Bilingual, Bilingual) {
    match &reach.proxy {
        Some(proxy) => (
            both!(
                "the proxy {proxy}, which the system wants for {address}",
                "der Proxy {proxy}, den das System für {address} vorsieht,",
                address = &reach.address
            ),
            both!(
                "the proxy's settings (HTTPS_PROXY, NO_PROXY)",
                "die Einstellungen des Proxys (HTTPS_PROXY, NO_PROXY)"
            ),
        ),
        None => (
            Bilingual::same(reach.address.as_str()),
            both!("host and port", "Host und Port"),
        ),
    }
}

/// Name and port of the URL of a setting.
async fn reach(setting: &str, url: &str, at_most: Duration, doctor: &mut Doctor<'_>) -> bool {
    let Some(reach) = Reach::of(url, at_most).await else {
        doctor.tell(&Finding::not_checked(
            "dns",
            both!("{setting} names no host", "{setting} nennt keinen Host"),
        ));
        return false;
    };
    let (who, through) = way(&reach);
    match &reach.addresses {
        Ok(addresses) => {
            let mut shown: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
            shown.dedup();
            let shown = shown.join(", ");
            doctor.tell(&Finding::ok(
                "dns",
                both!([who] "{who} is {shown}", "{who} ist {shown}"),
            ));
        }
        Err(error) => {
            doctor.tell(&Finding::failed(
                "dns",
                ExitCode::TryLater,
                both!([who, error = of_io(error)]
                    "the name of {who} cannot be looked up: {error}",
                    "{who} lässt sich unter seinem Namen nicht finden: {error}"
                ),
                Some(both!([through]
                    "check {through} in {setting}, and this machine's name server",
                    "{through} in {setting} prüfen, und den Nameserver dieses Rechners"
                )),
            ));
        }
    }
    match &reach.connected {
        Some(Ok(time)) => {
            let (milliseconds, taken) = milliseconds(*time);
            let text = both!([who, taken]
                "{who} takes connections, after {taken} ms",
                "{who} nimmt Verbindungen an, nach {taken} ms"
            );
            doctor.tell(&Finding::ok("tcp", text).with(milliseconds));
            true
        }
        Some(Err(error)) => {
            doctor.tell(&Finding::failed(
                "tcp",
                ExitCode::TryLater,
                both!([who, error = of_io(error)]
                    "{who} takes no connection: {error}",
                    "{who} nimmt keine Verbindung an: {error}"
                ),
                Some(both!([through]
                    "check {through} in {setting}, that the server runs, and firewalls between",
                    "{through} in {setting} prüfen, ob der Server läuft, und Firewalls dazwischen"
                )),
            ));
            false
        }
        None => {
            let why = both!("the name leads nowhere", "der Name führt nirgendwohin");
            doctor.tell(&Finding::not_checked("tcp", why));
            false
        }
    }
}

/// Lists that mappings may name, and how long answers take.
async fn samples(asker: &mut Asker, delivery: &DeliverySettings, doctor: &mut Doctor<'_>) {
    let mut times = Vec::new();
    let (mut told, mut untold) = (Vec::new(), Vec::new());
    for list in NameList::ALL {
        if asker.is_used_up() {
            break;
        }
        let name = Bilingual::of(|language| list.plural_in(language).to_owned());
        match asker.look(&Look::Names(list)).await {
            Ok(Ok(looked)) => {
                times.push(looked.took);
                let body = looked.answer.body.as_deref().ok();
                match looked.answer.status {
                    200..=299 if body.and_then(naming::page).is_some() => told.push(name),
                    status => untold.push(both!([name]
                        "{name} (status {status})",
                        "{name} (Status {status})"
                    )),
                }
            }
            _ => untold.push(both!([name] "{name} (no answer)", "{name} (keine Antwort)")),
        }
    }
    doctor.tell(&lists(&told, &untold));
    // As many again of what a run asks most.
    for _ in 0..3 {
        if asker.is_used_up() {
            break;
        }
        if let Ok(Ok(looked)) = asker.look(&Look::Customers(Query::All, 1, 1)).await {
            times.push(looked.took);
        }
    }
    doctor.tell(&latency(times, delivery));
}
