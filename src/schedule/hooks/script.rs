//! The first line of a script, by which the system knows what runs it.

use std::path::Path;

use super::HookFault;

/// Why the system cannot run a script that is there and may be run: what its first line names is
/// not. None for any other program.
#[cfg(unix)]
pub(in crate::schedule) fn unrunnable(program: &Path) -> Option<HookFault> {
    use crate::outcome::both;

    let (interpreter, ends_with_cr) = interpreter(program)?;
    let is_env = interpreter.file_name().is_some_and(|name| name == "env");
    // What `env` looks for has it in its name then.
    let is_of_windows =
        ends_with_cr && (is_env || interpreter.as_os_str().as_encoded_bytes().ends_with(b"\r"));
    if !is_of_windows && std::fs::metadata(&interpreter).is_ok() {
        return None;
    }
    let (program, named) = (program.display(), interpreter.display());
    Some(match is_of_windows {
        true => HookFault::new(
            both!(
                "`{program}` has the line ends of Windows, which the system takes for a part of \
                 the program's name in its first line",
                "`{program}` hat die Zeilenenden von Windows; das System hält sie für einen Teil \
                 des Programmnamens in der ersten Zeile"
            ),
            both!(
                "save it with the line ends of Unix (LF)",
                "es mit den Zeilenenden von Unix (LF) speichern"
            ),
        ),
        false => HookFault::new(
            both!(
                "`{program}` is to be run by `{named}`, which is not there",
                "`{program}` soll von `{named}` ausgeführt werden, das es nicht gibt"
            ),
            both!(
                "install it, or name in the first line where it is; `#!/usr/bin/env NAME` looks \
                 for it in PATH",
                "es installieren, oder in der ersten Zeile nennen, wo es ist; \
                 `#!/usr/bin/env NAME` sucht es in PATH"
            ),
        ),
    })
}

#[cfg(not(unix))]
pub(in crate::schedule) fn unrunnable(_: &Path) -> Option<HookFault> {
    None
}

/// What the first line of a script names; as the kernel reads it (`fs/binfmt_script.c` in Linux),
/// from its first 256 bytes. And whether the line ends with a carriage return.
#[cfg(unix)]
fn interpreter(program: &Path) -> Option<(std::path::PathBuf, bool)> {
    use std::ffi::OsStr;
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;

    let mut head = Vec::new();
    // Whoever opens a pipe waits for somebody who writes to it.
    std::fs::metadata(program).ok().filter(|it| it.is_file())?;
    let file = std::fs::File::open(program).ok()?;
    file.take(256).read_to_end(&mut head).ok()?;
    let line = head
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | 0));
    let name = words.find(|word| !word.is_empty())?;
    Some((OsStr::from_bytes(name).into(), line.ends_with(b"\r")))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_script_is_run_by_what_its_first_line_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        let said = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            unrunnable(&path).map(|fault| fault.what.english)
        };
        for fine in [
            &b"#!/bin/sh\n"[..],
            b"#!/bin/sh",
            b"#! \t/bin/sh -e\r\n",
            b"\x7fELF\0",
            b"#!\n",
            b"",
        ] {
            assert_eq!(said(fine), None);
        }
        for windows in [
            &b"#!/bin/sh\r\nexit 0\r\n"[..],
            b"#!/usr/bin/env python3\r\n",
        ] {
            let windows = said(windows).unwrap();
            assert!(windows.contains("the line ends of Windows"), "{windows}");
        }
        let gone = said(b"#! /no/such/program -u\n").unwrap();
        let named = "is to be run by `/no/such/program`, which is not there";
        assert!(gone.ends_with(named), "{gone}");
    }

    #[test]
    fn nobody_waits_for_what_a_pipe_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        assert!(unrunnable(&path).is_none());
    }

    #[tokio::test]
    async fn who_starts_it_hears_that_too() {
        use super::super::{Call, call};
        use crate::deliver::driver::Signal;
        use crate::schedule::jobs::HookPlace;
        use crate::settings::Environment;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        std::fs::write(&path, "#!/bin/sh\r\nexit 0\r\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let told = Call {
            job: "shop",
            summary: b"{}",
            file: Path::new("summary.json"),
            exit_code: 0,
            result: "ok",
            timeout: std::time::Duration::from_secs(60),
        };
        let place = HookPlace::Command(vec![path.display().to_string()]);
        let signal = tokio::sync::watch::channel(Signal::Go).1;
        let ended = call(&place, &told, &Environment::default(), &signal).await;
        let fault = ended.unwrap_err();
        assert!(fault.what.german.contains("Zeilenenden von Windows"));
        assert!(fault.help.unwrap().english.contains("(LF)"));
    }
}
