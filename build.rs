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
    println!("cargo:rustc-env=IMPORTER_VERSION={version}");
}

/// What a builder without a repository was told; else, of a release, what git says of this very
/// folder: a package that was unpacked inside of another repository is not of its commit. Other
/// builds are not asked about, so that a commit alone builds nothing anew.
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
