//! Tells the program which commit it was built from, if that can be known.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks with build scripts by the environment"
)]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=WAWI_IMPORTER_COMMIT");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let version = match commit() {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo:rustc-env=WAWI_IMPORTER_VERSION={version}");
}

/// What a builder without a repository was told; else, of a release, what its package notes, or
/// what git says of this very folder: a package that was unpacked inside of another repository is
/// not of its commit. Other builds are not asked about, so that a commit alone builds nothing
/// anew.
fn commit() -> Option<String> {
    if let Ok(told) = std::env::var("WAWI_IMPORTER_COMMIT") {
        return short(&told);
    }
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return None;
    }
    let here = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR")?)
        .canonicalize()
        .ok()?;
    if let Ok(packed) = std::fs::read_to_string(here.join(".cargo_vcs_info.json")) {
        return of_package(&packed);
    }
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != here {
        return None;
    }
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", name]) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    short(&git(&["rev-parse", "HEAD"])?)
}

/// The commit that `cargo package` notes, unless there was more in the folder than that.
fn of_package(noted: &str) -> Option<String> {
    let (_, rest) = noted.split_once("\"sha1\": \"")?;
    let (commit, rest) = rest.split_once('"')?;
    let is_dirty = rest.contains("\"dirty\": true");
    short(commit).filter(|_| !is_dirty)
}

/// The first 12 digits.
fn short(commit: &str) -> Option<String> {
    let commit = commit.trim();
    let is_commit = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit.chars().take(12).collect())
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
