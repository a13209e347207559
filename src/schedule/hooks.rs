//! Hooks: programs and addresses that are told what became of a job. What goes wrong with one is
//! told and counted; it never changes what became of the job.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::jobs::{HookPlace, HookUrl};
use crate::settings::Environment;

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

/// Calls one; says what went wrong, without the address, which may be a secret.
pub(super) async fn call(
    place: &HookPlace,
    call: &Call<'_>,
    environment: &Environment,
) -> Result<(), String> {
    let called = async {
        match place {
            HookPlace::Command(words) => command(words, call).await,
            HookPlace::Web { url, allow_http } => {
                let url = address(url, environment)?;
                check_url(&url, *allow_http)?;
                post(&url, call).await
            }
        }
    };
    match tokio::time::timeout(call.timeout, called).await {
        Ok(result) => result,
        Err(_) => Err(format!(
            "it took longer than {:?} and was ended",
            call.timeout
        )),
    }
}

async fn command(words: &[String], call: &Call<'_>) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("it names no program".to_owned());
    };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env("JOB_NAME", call.job)
        .env("JOB_RESULT", call.result)
        .env("JOB_EXIT_CODE", call.exit_code.to_string())
        .env("JOB_SUMMARY", call.file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // One that takes too long goes with this future.
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let stdin = child.stdin.take();
    let hand_over = async {
        if let Some(mut stdin) = stdin {
            // Whoever does not read it does not want it.
            let _ = stdin.write_all(call.summary).await;
        }
    };
    let (ended, ()) = tokio::join!(child.wait_with_output(), hand_over);
    let output = ended.map_err(|error| format!("`{program}` was lost: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(WORDS_AT_MOST).collect();
    let colon = if said.is_empty() { "" } else { ": " };
    Err(format!(
        "`{program}` ended with {}{colon}{said}",
        output.status
    ))
}

fn address(url: &HookUrl, environment: &Environment) -> Result<String, String> {
    match url {
        HookUrl::Plain(url) => Ok(url.clone()),
        HookUrl::Env(name) => environment
            .variable(name)
            .ok_or_else(|| format!("the environment variable {name} is not set")),
        HookUrl::File(path) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(|error| format!("the file {} cannot be read: {error}", path.display())),
    }
}

/// Whether an address can be a webhook's.
pub(super) fn check_url(text: &str, allow_http: bool) -> Result<(), String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("this is no address: {error}"))?;
    let is_near = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_near || allow_http => Ok(()),
        "http" => Err(
            "this is plain http to another machine; use https, or accept it with allow_http = true"
                .to_owned(),
        ),
        other => Err(format!("`{other}` is no way to post; use https")),
    }
}

async fn post(url: &str, call: &Call<'_>) -> Result<(), String> {
    let without_url = |error: reqwest::Error| {
        let error = error.without_url();
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        match cause {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }
    };
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("importer/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(without_url)?;
    let answer = client
        .post(url)
        .header("content-type", "application/json")
        .body(call.summary.to_vec())
        .send()
        .await
        .map_err(without_url)?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(format!("the address answered {}", answer.status()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    async fn shell(script: &str, timeout: Duration) -> Result<(), String> {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        let place = HookPlace::Command(words);
        let file = Path::new("/state/shop/summary.json");
        call(&place, &told(file, timeout), &Environment::default()).await
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
        assert!(error.ends_with("exit status: 4: no mail today"), "{error}");
        let error = shell("sleep 600", Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(error.contains("took longer"), "{error}");
        let nothing = HookPlace::Command(vec!["/no/such/program".to_owned()]);
        let error = call(
            &nothing,
            &told(Path::new("x"), long),
            &Environment::default(),
        )
        .await;
        assert!(error.unwrap_err().contains("cannot be started"));
    }

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
        let environment = Environment::from_pairs([("HOOK", "https://e.example/s3cret")]);
        let env = HookUrl::Env("HOOK".to_owned());
        assert_eq!(
            address(&env, &environment).unwrap(),
            "https://e.example/s3cret"
        );
        let none = HookUrl::Env("OTHER".to_owned());
        assert!(address(&none, &environment).unwrap_err().contains("OTHER"));
        let plain = HookUrl::Plain("https://e.example/s3cret".to_owned());
        assert!(!format!("{plain:?}").contains("s3cret"));
    }
}
