//! The server: its name, its port, TLS, credentials, clock, quota, speed.

use std::time::Duration;

use tokio::time::Instant;

use super::{Doctor, probing};
use crate::deliver::client::{Client, Look, Looked, NoLook, Query};
use crate::deliver::inquiry::stop_for;
use crate::deliver::pace::UserRate;
use crate::deliver::reach::Reach;
use crate::deliver::{Credentials, DeliverySettings, TargetSettings, answer, naming};
use crate::names::NameList;
use crate::outcome::{Ending, ExitCode, Finding, Stop, Trouble};
use crate::settings::DoctorChoice;

/// Time limit for a name and a connection; requests have it, too.
const CONNECT_AT_MOST: Duration = Duration::from_secs(10);
/// Difference between the two clocks that is nothing to speak of: the header tells whole seconds,
/// and the answer was under way.
const SKEW_AT_MOST: i64 = 30;

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
        return unchecked(&CHECKS, "the settings cannot be used", doctor);
    };
    // Whether the server is there can be seen without them.
    let known = choice.credentials.ok();
    let token_url = choice.token_url;
    let delivery = DeliverySettings {
        // A check has no patience.
        max_outage: Duration::ZERO,
        ..choice.delivery
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = format!("no sockets can be had: {error}");
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
            let text = Ending::TimeUp.message();
            let remedy = Some("give it more time with --max-duration".to_owned());
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
fn unchecked(checks: &[&'static str], why: &str, doctor: &mut Doctor<'_>) {
    for check in checks {
        doctor.tell(&Finding::not_checked(check, why));
    }
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
            let text = super::chain(&error);
            let remedy = "check the settings of the target and its credentials".to_owned();
            let code = ExitCode::Unusable;
            doctor.tell(&Finding::failed("settings", code, text, Some(remedy)));
            let [_, _, _, beyond_token @ ..] = &CHECKS;
            unchecked(beyond_token, "the settings cannot be used", doctor);
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
    const WHY: &str = "the credentials cannot be used";
    let [_, _, token, beyond_token @ ..] = &CHECKS;
    let [.., quota, lists, latency] = &CHECKS;
    let is_there = reach_both(servers, delivery, doctor).await;
    unchecked(&[token], WHY, doctor);
    if !is_there {
        return unchecked(beyond_token, "the server cannot be reached", doctor);
    }
    let target = servers.0;
    let Some(mut asker) = asker(target, Credentials::Gateway, delivery, doctor) else {
        return;
    };
    let is_plain = target.base_url.starts_with("http:");
    let Some(looked) = first_answer(&mut asker, is_plain, doctor).await else {
        return;
    };
    unchecked(&["authorisation"], WHY, doctor);
    doctor.tell(&clock(&looked));
    unchecked(&[quota, lists, latency], WHY, doctor);
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
            Ok(()) => doctor.tell(&Finding::ok("token", "the token server gives a token")),
            Err(ending) => {
                doctor.tell(&ended("token", &ending));
                return unchecked(beyond_token, "there is no token", doctor);
            }
        }
    } else {
        let why = "the credentials need none";
        doctor.tell(&Finding::not_checked("token", why));
    }
    if !is_there {
        return unchecked(beyond_token, "the server cannot be reached", doctor);
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
        return unchecked(&[lists, latency], "the server lets nobody in", doctor);
    }
    doctor.tell(&Finding::not_checked(
        "create",
        "whether the credentials may create customers is known only when one is sent; the scope \
         is `customer.createcustomer`",
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
        _ if is_plain => Finding::not_checked("tls", "base_url is plain http"),
        Ok(Ok(_)) => Finding::ok("tls", "this machine trusts the server's certificate"),
        Ok(Err(trouble)) if trouble.kind == Trouble::Tls => untrusted(trouble),
        _ => Finding::not_checked("tls", "there was no answer"),
    };
    let is_safe = tls.exit_code == ExitCode::Fine;
    doctor.tell(&tls);
    match first {
        Ok(Ok(looked)) => return Some(looked),
        Ok(Err(_)) if !is_safe => {
            unchecked(beyond_tls, "there is no secure connection", doctor);
        }
        Ok(Err(trouble)) => {
            doctor.tell(&unanswered(&trouble));
            unchecked(beyond_authorisation, "there was no answer", doctor);
        }
        Err(ending) => {
            doctor.tell(&ended("authorisation", &ending));
            unchecked(beyond_authorisation, "there is no token", doctor);
        }
    }
    None
}

/// Name and port of the URL of a setting.
async fn reach(setting: &str, url: &str, at_most: Duration, doctor: &mut Doctor<'_>) -> bool {
    let Some(reach) = Reach::of(url, at_most).await else {
        doctor.tell(&Finding::not_checked(
            "dns",
            format!("{setting} names no host"),
        ));
        return false;
    };
    let (who, through) = match &reach.proxy {
        Some(proxy) => (
            format!(
                "the proxy {proxy}, which the system wants for {}",
                reach.address
            ),
            "the proxy's settings (HTTPS_PROXY, NO_PROXY)",
        ),
        None => (reach.address.clone(), "host and port"),
    };
    match &reach.addresses {
        Ok(addresses) => {
            let mut shown: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
            shown.dedup();
            doctor.tell(&Finding::ok(
                "dns",
                format!("{who} is {}", shown.join(", ")),
            ));
        }
        Err(error) => {
            doctor.tell(&Finding::failed(
                "dns",
                ExitCode::TryLater,
                format!("the name of {who} cannot be looked up: {error}"),
                Some(format!(
                    "check {through} in {setting}, and this machine's name server"
                )),
            ));
        }
    }
    match &reach.connected {
        Some(Ok(time)) => {
            let milliseconds = time.as_secs_f64() * 1000.0;
            let text = format!("{who} takes connections, after {milliseconds:.1} ms");
            doctor.tell(&Finding::ok("tcp", text).with(milliseconds));
            true
        }
        Some(Err(error)) => {
            doctor.tell(&Finding::failed(
                "tcp",
                ExitCode::TryLater,
                format!("{who} takes no connection: {error}"),
                Some(format!(
                    "check {through} in {setting}, that the server runs, and firewalls between"
                )),
            ));
            false
        }
        None => {
            doctor.tell(&Finding::not_checked("tcp", "the name leads nowhere"));
            false
        }
    }
}

/// How a run would end.
pub(super) fn ended(check: &'static str, ending: &Ending) -> Finding {
    let code = ending.exit_code(&crate::outcome::Counts::default());
    let remedy = match ending {
        Ending::Stopped(stop) => stop.todo().english,
        _ => "wait, or check the address in the settings".to_owned(),
    };
    Finding::failed(check, code, ending.message(), Some(remedy))
}

/// No secure connection to who answers.
fn untrusted(trouble: &NoLook) -> Finding {
    let finding = ended("tls", &Ending::Stopped(Stop::Tls));
    Finding {
        text: format!("{} ({})", finding.text.trim_end_matches('.'), trouble.why),
        ..finding
    }
}

/// No answer to the first question.
fn unanswered(trouble: &NoLook) -> Finding {
    let remedy = match trouble.kind {
        Trouble::Timeout => "is the server frozen or overloaded? --timeout is how long it may take",
        _ => "check that it is the ERP's API that listens there, and `https` or `http` in base_url",
    };
    Finding::failed(
        "authorisation",
        ExitCode::TryLater,
        format!("the server gave no answer: {}", trouble.why),
        Some(remedy.to_owned()),
    )
}

/// What the answer to a look-up of customers says about address, credentials, licence and scope.
fn authorisation(looked: &Looked) -> Finding {
    const CHECK: &str = "authorisation";
    let status = looked.answer.status;
    let stopped = |stop| ended(CHECK, &Ending::Stopped(stop));
    match status {
        200..=299 => match looked.answer.body.as_deref().ok().and_then(answer::page) {
            Some(page) => {
                let many = match page.total.filter(|total| *total >= 0) {
                    Some(total) => format!("it says it has {total}"),
                    None => "it does not say how many it has".to_owned(),
                };
                let text = format!("customers can be looked up (status {status}); {many}");
                Finding::ok(CHECK, text)
            }
            None => stopped(Stop::CannotRead { status }),
        },
        429 => Finding::warning(
            CHECK,
            "the server lets us in, but its quota is used up just now (status 429)",
            "ask again in a moment; who else uses this quota?",
        ),
        408 | 500 | 502..=504 | 520..=599 => Finding::failed(
            CHECK,
            ExitCode::TryLater,
            format!("the server has trouble of its own (status {status})"),
            Some("try again later; a run waits for --max-outage".to_owned()),
        ),
        status => stopped(stop_for(status)),
    }
    .with(status)
}

fn clock(looked: &Looked) -> Finding {
    const CHECK: &str = "clock";
    let Some(date) = looked.date else {
        return Finding::not_checked(CHECK, "the server does not tell its time");
    };
    let skew = looked.at.as_second() - date.as_second();
    let text = match skew {
        -1..=1 => "this machine and the server tell the same time".to_owned(),
        2.. => format!("this machine's clock is {skew} s ahead of the server's"),
        _ => format!("this machine's clock is {} s behind the server's", -skew),
    };
    let finding = if skew.abs() > SKEW_AT_MOST {
        Finding::warning(
            CHECK,
            text,
            "set this machine's clock (NTP), or the server's: journal and report tell times by it, \
             and certificates are checked by it",
        )
    } else {
        Finding::ok(CHECK, text)
    };
    finding.with(skew)
}

fn quota(looked: &Looked) -> Finding {
    const CHECK: &str = "quota";
    match looked.answer.quota {
        Some(quota) => {
            let left = match quota.remaining {
                Some(left) => format!("{left} are left"),
                None => "how many are left it does not tell".to_owned(),
            };
            let seconds = quota.interval.as_secs_f64();
            let text = format!("{} requests in {seconds} s; {left}", quota.limit);
            Finding::ok(CHECK, text).with(serde_json::json!({
                "limit": quota.limit,
                "seconds": seconds,
                "remaining": quota.remaining,
            }))
        }
        None => Finding::warning(
            CHECK,
            "the server tells no quota (usual on-prem; the cloud does)",
            "a run then goes as fast as --concurrency and --rate allow; set --rate if others need \
             the server, too",
        ),
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
        match asker.look(&Look::Names(list)).await {
            Ok(Ok(looked)) => {
                times.push(looked.took);
                let body = looked.answer.body.as_deref().ok();
                match looked.answer.status {
                    200..=299 if body.and_then(naming::page).is_some() => told.push(list.plural()),
                    status => untold.push(format!("{} (status {status})", list.plural())),
                }
            }
            _ => untold.push(format!("{} (no answer)", list.plural())),
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

fn lists(told: &[&str], untold: &[String]) -> Finding {
    const CHECK: &str = "lists";
    match (told, untold) {
        ([], []) => Finding::not_checked(CHECK, "the server's quota is used up"),
        (told, []) => Finding::ok(CHECK, format!("it tells its {}", told.join(", "))),
        (_, untold) => Finding::warning(
            CHECK,
            format!("it does not tell its {}", untold.join(", ")),
            "grant the scope `all.read` to the app, or give ids instead of names in the mapping",
        ),
    }
}

fn latency(times: Vec<Duration>, delivery: &DeliverySettings) -> Finding {
    const CHECK: &str = "latency";
    let samples = times.len();
    if samples == 0 {
        return Finding::not_checked(CHECK, "the server's quota is used up");
    }
    let median = median(times);
    let milliseconds = median.as_secs_f64() * 1000.0;
    let text = format!("an answer takes {milliseconds:.1} ms, the median of {samples}");
    let finding = if median > delivery.timeout / 4 {
        Finding::warning(
            CHECK,
            text,
            "that is near --timeout: raise it, or send less at once (--concurrency)",
        )
    } else {
        Finding::ok(CHECK, text)
    };
    finding.with(milliseconds)
}

/// The one in the middle; zero of none.
pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
