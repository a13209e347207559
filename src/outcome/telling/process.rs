//! How other programs ended.

use std::process::ExitStatus;

use crate::outcome::Bilingual;

/// How a program ended, behind "it ended with" (in German behind "endete mit").
#[must_use]
pub fn exit_status(status: ExitStatus) -> Bilingual {
    let german = match (status.code(), signal(status)) {
        (Some(code), _) => format!("Code {code}"),
        (None, Some(signal)) => format!("Signal {signal}"),
        (None, None) => status.to_string(),
    };
    Bilingual {
        english: status.to_string(),
        german,
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_code_and_a_signal_are_told_in_german() {
        for (raw, english, german) in [
            (0x0300, "exit status: 3", "Code 3"),
            (9, "signal: 9 (SIGKILL)", "Signal 9"),
        ] {
            let told = exit_status(ExitStatus::from_raw(raw));
            assert_eq!(
                (told.english.as_str(), told.german.as_str()),
                (english, german)
            );
        }
    }
}
