//! `importer completions` and `importer man` tell every command and option that there is.

use clap::{Command, CommandFactory};
use wawi_importer::cli::Cli;

use crate::readme::table;
use crate::support::{Importer, repository};

/// The commands below this one, each with the words before it.
fn commands(command: &Command, before: &str, all: &mut Vec<(String, Vec<String>)>) {
    for below in command.get_subcommands() {
        let name = format!("{before}-{}", below.get_name());
        let options = below.get_arguments().filter_map(|option| option.get_long());
        all.push((name.clone(), options.map(str::to_owned).collect()));
        commands(below, &name, all);
    }
}

fn all_commands() -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    commands(&Cli::command(), "importer", &mut all);
    assert!(all.len() > 15);
    all
}

#[test]
fn each_shell_completes_each_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = Importer::new().args(["completions", shell]).run().expect(0);
        for (name, options) in all_commands() {
            let word = name.rsplit_once("importer-").unwrap().1;
            let word = word.strip_prefix("mapping-").unwrap_or(word);
            assert!(run.stdout.contains(word), "{shell}: {name}");
            for option in options {
                assert!(run.stdout.contains(&option), "{shell}: {name} --{option}");
            }
        }
    }
    let run = Importer::new()
        .args(["completions", "tcsh"])
        .run()
        .expect(2);
    assert!(run.stderr.contains("powershell"), "{}", run.said());
}

/// bash itself reads what it is given.
#[cfg(unix)]
#[test]
fn bash_takes_its_script() {
    let mut importer = Importer::new();
    let run = importer.args(["completions", "bash"]).run().expect(0);
    let script = importer.file("importer.bash", run.stdout);
    let Ok(checked) = std::process::Command::new("bash")
        .arg("-n")
        .arg(script)
        .status()
    else {
        // There is no bash on this machine.
        return;
    };
    assert!(checked.success());
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let mut importer = Importer::new();
    let main = importer.args(["man"]).run().expect(0).stdout;
    assert!(
        main.starts_with(".ie") || main.contains(".TH importer 1"),
        "{main}"
    );
    // The folder is made.
    importer.args(["man", "man1"]).run().expect(0);
    for (name, options) in all_commands() {
        let page = importer.folder().join(format!("man1/{name}.1"));
        let page = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{name}: {error}"));
        // roff wants each dash of an option behind a backslash.
        let page = page.replace('\\', "");
        for option in options {
            assert!(page.contains(&format!("--{option}")), "{name} --{option}");
        }
        let first = name.trim_start_matches("importer-");
        let first = first.split('-').next().unwrap();
        assert!(main.contains(first), "{name}");
    }
    // What the definitions do not tell: codes in the words of README.md, files, the way back.
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    for name in ["importer", "importer-run", "importer-schedule"] {
        let page = importer.folder().join(format!("man1/{name}.1"));
        let page = std::fs::read_to_string(page).unwrap().replace('\\', "");
        let (_, codes) = page.split_once(".SH \"EXIT STATUS\"\n").unwrap();
        let codes = codes.split(".SH").next().unwrap();
        let codes: Vec<&str> = codes.split(".TP\n").skip(1).collect();
        let rows = table(&readme, "exit codes");
        assert_eq!(codes.len(), rows.len());
        for (code, row) in codes.iter().zip(rows) {
            let meaning = row[1].replace('`', "");
            assert_eq!(*code, format!("fB{}fR\n{meaning}\n", row[0]));
        }
        assert_eq!(page.contains(".SH \"SEE ALSO\"\n"), name != "importer");
        assert_eq!(page.contains(".SH FILES\n"), name == "importer");
        let version = concat!("\"importer ", env!("CARGO_PKG_VERSION"), "\"");
        assert!(page.contains(version), "{name}");
    }
    importer.file("nowhere", "a file, and no folder");
    let run = importer.args(["man", "nowhere"]).run().expect(1);
    assert!(run.stderr.contains("nowhere"), "{}", run.said());
}
