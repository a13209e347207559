//! Hooks: programs and addresses that are told what became of a job. What goes wrong with one is
//! told and counted; it never changes what became of the job.

mod script;
mod web;

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::sync::watch;

use super::jobs::HookPlace;
use crate::deliver::driver::Signal;
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::{exit_status, length_in};
use crate::outcome::{Bilingual, Language, both};
use crate::settings::Environment;

pub(super) use script::unrunnable;
pub(super) use web::{address, check_url};

/// Bytes of a hook's own words that are told when it fails.
const WORDS_AT_MOST: usize = 500;

/// What a hook is told.
pub(super) struct Call<'a> {
    /// The job.
    pub(super) job: &'a str,
    /// The summary as JSON.
    pub(super) summary: &'a [u8],
    /// The file that holds it.
    pub(super) file: &'a Path,
    /// The job's code.
    pub(super) exit_code: u8,
    /// The job's result in a word.
    pub(super) result: &'static str,
    /// How long it may take.
    pub(super) timeout: Duration,
}

/// What went wrong with a hook, and what to do about it.
#[derive(Debug)]
pub(super) struct HookFault {
    /// What went wrong, without the address, which may be a secret.
    pub(super) what: Bilingual,
    /// What to do, if there is anything.
    pub(super) help: Option<Bilingual>,
}

impl HookFault {
    pub(super) fn new(what: Bilingual, help: Bilingual) -> Self {
        let help = Some(help);
        Self { what, help }
    }

    /// The program ended, or was ended, with the schedule.
    pub(super) fn dropped() -> Self {
        Self {
            what: both!("it was ended", "er wurde beendet"),
            help: None,
        }
    }
}

/// Calls one; says what went wrong.
pub(super) async fn call(
    place: &HookPlace,
    call: &Call<'_>,
    environment: &Environment,
    signal: &watch::Receiver<Signal>,
) -> Result<(), HookFault> {
    let called = async {
        match place {
            HookPlace::Command(words) => command(words, call, signal.clone()).await,
            HookPlace::Web { url, allow_http } => {
                let url = address(url, *allow_http, environment)?;
                web::post(&url, call).await
            }
        }
    };
    match tokio::time::timeout(call.timeout, called).await {
        Ok(result) => result,
        Err(_) => {
            let limit = Bilingual {
                english: format!("{:?}", call.timeout),
                german: length_in(call.timeout, Language::German),
            };
            let what = both!([limit]
                "it took longer than {limit} and was ended",
                "er dauerte länger als {limit} und wurde beendet"
            );
            Err(HookFault::new(
                what,
                both!(
                    "`hook_timeout` lets it take longer; what need not be waited for it may do in \
                     the background, with its output elsewhere: `… >/dev/null 2>&1 &`",
                    "mit `hook_timeout` darf er länger dauern; worauf niemand warten muss, kann er \
                     im Hintergrund tun, mit der Ausgabe woandershin: `… >/dev/null 2>&1 &`"
                ),
            ))
        }
    }
}

async fn command(
    words: &[String],
    call: &Call<'_>,
    signal: watch::Receiver<Signal>,
) -> Result<(), HookFault> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(no_program());
    };
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .env("JOB_NAME", call.job)
        .env("JOB_RESULT", call.result)
        .env("JOB_EXIT_CODE", call.exit_code.to_string())
        .env("JOB_SUMMARY", call.file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // One that takes too long goes with this future.
        .kill_on_drop(true);
    // With all that it started: they are a group of their own.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| {
        let path = Path::new(program);
        // A bare name was looked for in PATH.
        let is_here = path.components().count() > 1;
        if let Some(fault) = is_here.then(|| unrunnable(path)).flatten() {
            return fault;
        }
        let what = both!([error = of_io(&error)]
            "`{program}` cannot be started: {error}",
            "`{program}` lässt sich nicht starten: {error}"
        );
        HookFault::new(what, how_it_is_found())
    })?;
    let mut group = Group::of(&child);
    let ended = tokio::select! {
        ended = seen_through(&mut child, call.summary) => ended,
        never = group.interrupt_with(signal) => match never {},
    };
    if ended.is_ok() {
        group.is_over();
    }
    let by_hand = || {
        both!(
            "try it by hand: it gets {file} on its standard input, as the user that the job runs as",
            "ihn von Hand ausprobieren: er bekommt {file} auf der Standardeingabe, als der \
             Benutzer, unter dem der Job läuft",
            file = call.file.display()
        )
    };
    let (status, said) = ended.map_err(|error| {
        let what = both!([error = of_io(&error)]
            "`{program}` was lost: {error}",
            "`{program}` ging verloren: {error}"
        );
        HookFault::new(what, by_hand())
    })?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said);
    let said: String = said.trim().chars().take(WORDS_AT_MOST).collect();
    let colon = if said.is_empty() { "" } else { ": " };
    let status = exit_status(status);
    let what = both!([status]
        "`{program}` ended with {status}{colon}{said}",
        "`{program}` endete mit {status}{colon}{said}"
    );
    Err(HookFault::new(what, by_hand()))
}

/// The hook is an empty list, as no jobs file has it.
pub(super) fn no_program() -> HookFault {
    let what = both!("it names no program", "er nennt kein Programm");
    HookFault::new(what, how_it_is_found())
}

/// How a hook's program is named and found.
pub(super) fn how_it_is_found() -> Bilingual {
    both!(
        "name it with its folder, which counts from the jobs file, or by a name that PATH has; the \
         user that the job runs as must be allowed to run it",
        "es mit seinem Ordner nennen, der von der Jobdatei aus zählt, oder mit einem Namen, den \
         PATH kennt; der Benutzer, unter dem der Job läuft, muss es ausführen dürfen"
    )
}

/// Hands the summary over and waits for the end; returns what was said on stderr. Whoever has
/// not been waited for keeps its number, by which its group is known: that comes last.
async fn seen_through(child: &mut Child, summary: &[u8]) -> io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let hand_over = async {
        if let Some(mut stdin) = stdin {
            // Whoever does not read it does not want it.
            let _ = stdin.write_all(summary).await;
        }
    };
    let pass_over = async {
        match stdout {
            Some(mut stdout) => tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await,
            None => Ok(0),
        }
    };
    let hear = async {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut said).await?;
        }
        io::Result::Ok(said)
    };
    let ((), passed_over, said) = tokio::join!(hand_over, pass_over, hear);
    passed_over?;
    Ok((child.wait().await?, said?))
}

/// The hook's program with all that it started. Unless it is over, it ends with this.
#[cfg(unix)]
struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let number = child.id().and_then(|it| i32::try_from(it).ok());
        Self(number.and_then(rustix::process::Pid::from_raw))
    }

    fn is_over(&mut self) {
        self.0 = None;
    }

    fn send(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.0 {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }

    /// Passes on a Ctrl-C that comes while the hook is at work: the terminal does not tell other
    /// groups than the program's own.
    async fn interrupt_with(&self, mut signal: watch::Receiver<Signal>) -> Infallible {
        let was_asked = *signal.borrow() != Signal::Go;
        let asked = signal.wait_for(|wish| *wish == Signal::Interrupt);
        let is_asked = asked.await.is_ok();
        if is_asked && !was_asked {
            self.send(rustix::process::Signal::INT);
        }
        std::future::pending().await
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.send(rustix::process::Signal::KILL);
    }
}

/// Windows ends the program alone, and tells it itself of a Ctrl-C.
#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self
    }

    fn is_over(&mut self) {}

    async fn interrupt_with(&self, _: watch::Receiver<Signal>) -> Infallible {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::jobs::HookUrl;

    #[cfg(unix)]
    fn told<'a>(file: &'a Path, timeout: Duration) -> Call<'a> {
        Call {
            job: "shop",
            summary: b"{\"job\":\"shop\"}",
            file,
            exit_code: 3,
            result: "failure",
            timeout,
        }
    }

    #[cfg(unix)]
    async fn shell(script: &str, timeout: Duration) -> Result<(), HookFault> {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        let place = HookPlace::Command(words);
        let file = Path::new("/state/shop/summary.json");
        let (_stop, signal) = watch::channel(Signal::Go);
        let environment = Environment::default();
        call(&place, &told(file, timeout), &environment, &signal).await
    }

    /// What a hook started is gone with it, also a program that it waits for.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn all_that_a_hook_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let script = format!("(echo on; sleep 600) > '{}' & wait", pipe.display());
        let mut end = {
            let hook = shell(&script, Duration::from_secs(600));
            let opened = async {
                let mut end = tokio::net::unix::pipe::OpenOptions::new()
                    .read_write(true)
                    .open_receiver(&pipe)
                    .unwrap();
                let mut said = [0; 3];
                end.read_exact(&mut said).await.unwrap();
                // From now on whoever writes is the hook.
                tokio::net::unix::pipe::OpenOptions::new()
                    .open_receiver(&pipe)
                    .unwrap()
            };
            tokio::select! {
                ended = hook => panic!("{ended:?}"),
                end = opened => end,
            }
        };
        let mut said = Vec::new();
        let told = tokio::time::timeout(Duration::from_secs(60), end.read_to_end(&mut said));
        told.await.expect("it lives on").unwrap();
    }

    /// The terminal tells its Ctrl-C to the program's own group only.
    #[cfg(unix)]
    #[tokio::test]
    async fn ctrl_c_reaches_a_hook() {
        let folder = tempfile::tempdir().unwrap();
        let begun = folder.path().join("begun");
        let script = format!(
            "mkfifo '{0}'; echo on > '{0}'; exec sleep 600",
            begun.display()
        );
        let words = ["sh", "-c", &script].map(str::to_owned).to_vec();
        let (stop, signal) = watch::channel(Signal::Go);
        let environment = Environment::default();
        let (place, file) = (HookPlace::Command(words), Path::new("x"));
        let told = told(file, Duration::from_secs(600));
        let hook = call(&place, &told, &environment, &signal);
        let interrupt = async {
            while !begun.exists() {
                tokio::task::yield_now().await;
            }
            let path = begun.clone();
            let read = tokio::task::spawn_blocking(move || std::fs::read(path));
            assert_eq!(read.await.unwrap().unwrap(), b"on\n");
            stop.send(Signal::Interrupt).unwrap();
        };
        let (ended, ()) = tokio::join!(hook, interrupt);
        let why = ended.unwrap_err().what.english;
        assert!(why.contains("signal: 2"), "{why}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_command_gets_the_summary_and_its_failure_is_told() {
        let long = Duration::from_secs(60);
        let script = "test \"$(cat)\" = '{\"job\":\"shop\"}' && \
                      test $JOB_NAME-$JOB_RESULT-$JOB_EXIT_CODE = shop-failure-3 && \
                      test $JOB_SUMMARY = /state/shop/summary.json";
        shell(script, long).await.unwrap();
        // Nobody has to read it.
        shell("exec 0<&-", long).await.unwrap();
        let error = shell("echo no mail today >&2; exit 4", long)
            .await
            .unwrap_err();
        let help = error.help.unwrap().english;
        assert!(help.contains("/state/shop/summary.json"), "{help}");
        let error = error.what;
        assert_eq!(
            (error.english.as_str(), error.german.as_str()),
            (
                "`sh` ended with exit status: 4: no mail today",
                "`sh` endete mit Code 4: no mail today"
            )
        );
        // What goes on in the background is waited for as long as it might say something.
        shell("sleep 1 >/dev/null 2>&1 &", long).await.unwrap();
        let waited = shell("sleep 600 &", Duration::from_millis(50)).await;
        let help = waited.unwrap_err().help.unwrap().english;
        assert!(help.contains("`… >/dev/null 2>&1 &`"), "{help}");
        let error = shell("sleep 600", Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(error.help.unwrap().english.contains("`hook_timeout`"));
        let error = error.what;
        assert_eq!(
            (error.english.as_str(), error.german.as_str()),
            (
                "it took longer than 50ms and was ended",
                "er dauerte länger als 0,1 s und wurde beendet"
            )
        );
        let nothing = HookPlace::Command(vec!["/no/such/program".to_owned()]);
        let error = call(
            &nothing,
            &told(Path::new("x"), long),
            &Environment::default(),
            &watch::channel(Signal::Go).1,
        )
        .await;
        let error = error.unwrap_err();
        assert!(error.help.unwrap().english.contains("PATH"));
        let error = error.what;
        assert!(error.english.contains("cannot be started"), "{error:?}");
        assert!(
            error.german.contains("lässt sich nicht starten"),
            "{error:?}"
        );
    }

    /// Why nothing can be posted to that address.
    async fn not_told(url: String) -> Bilingual {
        let place = HookPlace::Web {
            url: HookUrl::Plain(url),
            allow_http: false,
        };
        let told = told(Path::new("x"), Duration::from_secs(60));
        let signal = watch::channel(Signal::Go).1;
        let ended = call(&place, &told, &Environment::default(), &signal).await;
        let HookFault { what: why, help } = ended.unwrap_err();
        assert!(help.is_some());
        for text in [&why.english, &why.german] {
            assert!(
                !text.contains("127.0.0.1") && !text.contains("s3cret"),
                "{text}"
            );
        }
        why
    }

    /// Why nothing can be posted to whoever does this with the first connection.
    async fn not_told_to<F: Future<Output = ()>>(
        scheme: &str,
        meet: impl FnOnce(tokio::net::TcpStream) -> F,
    ) -> Bilingual {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}/s3cret", listener.local_addr().unwrap());
        let met = async {
            let (stream, _) = listener.accept().await.unwrap();
            meet(stream).await;
        };
        tokio::join!(not_told(url), met).0
    }

    #[tokio::test]
    async fn why_nobody_was_told_is_said_in_words() {
        // Nobody has this port any more.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/s3cret", listener.local_addr().unwrap());
        drop(listener);
        let why = not_told(url).await;
        assert_eq!(
            (&*why.english, &*why.german),
            (
                "the address cannot be reached: nothing takes connections there",
                "die Adresse ist nicht zu erreichen: dort nimmt nichts Verbindungen an"
            )
        );
        let why = not_told_to("http", |stream| async { drop(stream) }).await;
        assert_eq!(
            why.english,
            "the address broke the connection off before its answer was complete"
        );
        let speaks_plainly = |mut stream: tokio::net::TcpStream| async move {
            let answer = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            answer.await.unwrap();
        };
        let why = not_told_to("https", speaks_plainly).await;
        let secure = "the address cannot be reached: no secure connection can be made (\
                      what answers there does not speak TLS)";
        assert_eq!(why.english, secure);
        let secure = "die Adresse ist nicht zu erreichen: es kommt keine sichere Verbindung \
                      zustande (was dort antwortet, spricht kein TLS)";
        assert_eq!(why.german, secure);
    }
}
