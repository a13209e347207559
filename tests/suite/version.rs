//! `--version`, and the build script behind it: the commit where it can be known, and no build that
//! fails where it cannot.

use std::path::Path;
use std::process::Command;

use crate::support::{Importer, repository};

/// A commit as a builder may tell it.
const TOLD: &str = "0123456789abcdef0123456789abcdef01234567";

/// The version that the build script tells in this folder.
fn told(script: &Path, folder: &Path, settings: &[(&str, &str)]) -> String {
    let output = Command::new(script)
        .current_dir(folder)
        .env("CARGO_MANIFEST_DIR", folder)
        .env("CARGO_PKG_VERSION", "1.2.3")
        .env_remove("WAWI_IMPORTER_COMMIT")
        .env("GIT_CEILING_DIRECTORIES", "")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("cargo:rustc-env=WAWI_IMPORTER_VERSION="));
    line.unwrap().to_owned()
}

#[test]
fn the_commit_is_told_where_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    let compiled = Command::new("rustc")
        .args(["--edition", "2024", "-o"])
        .arg(&script)
        .arg(repository("build.rs"))
        .status();
    assert!(compiled.unwrap().success());
    let release = ("PROFILE", "release");
    let alone = folder.path().join("alone");
    std::fs::create_dir_all(&alone).unwrap();
    // No repository, no git, no release: no commit, and no failure.
    assert_eq!(told(&script, &alone, &[release]), "1.2.3");
    assert_eq!(told(&script, &alone, &[release, ("PATH", "")]), "1.2.3");
    let given = told(&script, &alone, &[("WAWI_IMPORTER_COMMIT", TOLD)]);
    assert_eq!(given, "1.2.3 (0123456789ab)");
    let given = told(&script, &alone, &[("WAWI_IMPORTER_COMMIT", "no commit")]);
    assert_eq!(given, "1.2.3");
    // A package notes it.
    for (dirty, version) in [
        ("", "1.2.3 (0123456789ab)"),
        (",\n    \"dirty\": true", "1.2.3"),
    ] {
        std::fs::write(alone.join(".cargo_vcs_info.json"), noted(dirty)).unwrap();
        assert_eq!(told(&script, &alone, &[release]), version);
    }
    std::fs::remove_file(alone.join(".cargo_vcs_info.json")).unwrap();

    let git = |words: &[&str]| {
        let done = Command::new("git")
            .current_dir(&alone)
            .args(["-c", "user.name=a", "-c", "user.email=a@b.example"])
            .args(words)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output();
        done.ok().filter(|done| done.status.success())
    };
    if git(&["init", "-q"]).is_none() {
        // There is no git on this machine; that it may be missing was shown above.
        return;
    }
    std::fs::write(alone.join("file"), "x").unwrap();
    git(&["add", "file"]).unwrap();
    git(&["commit", "-q", "-m", "x"]).unwrap();
    let head = git(&["rev-parse", "HEAD"]).unwrap().stdout;
    let head = String::from_utf8(head).unwrap();
    assert_eq!(
        told(&script, &alone, &[release]),
        format!("1.2.3 ({})", &head[..12])
    );
    assert_eq!(told(&script, &alone, &[("PROFILE", "debug")]), "1.2.3");
    // A package that was unpacked into somebody's repository is not of that commit.
    let inside = alone.join("target/package");
    std::fs::create_dir_all(&inside).unwrap();
    assert_eq!(told(&script, &inside, &[release]), "1.2.3");
}

/// What `cargo package` writes of this repository, or of a folder with more in it.
fn noted(dirty: &str) -> String {
    format!(
        "{{\n  \"git\": {{\n    \"sha1\": \"{TOLD}\"{dirty}\n  }},\n  \"path_in_vcs\": \"\"\n}}"
    )
}

#[test]
fn the_program_tells_its_version() {
    let run = Importer::new().args(["--version"]).run().expect(0);
    let version = concat!("importer ", env!("CARGO_PKG_VERSION"));
    assert!(run.stdout.starts_with(version), "{}", run.said());
}
