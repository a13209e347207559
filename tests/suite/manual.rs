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

/// bash itself completes the names of ready-made mappings, whose colon ends a word for it.
#[cfg(unix)]
#[test]
fn bash_completes_the_names_of_ready_made_mappings() {
    let mut importer = Importer::new();
    let run = importer.args(["completions", "bash"]).run().expect(0);
    let script = importer.file("importer.bash", run.stdout);
    importer.file("builds.toml", "");
    // The words as bash splits them, what stands before the cursor, and what it is offered.
    let call = r#"
        source "$1"; COMP_LINE="$2"; COMP_POINT="${#COMP_LINE}"; COMP_WORDBREAKS="$3"
        shift 3; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p importer | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" importer "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let all = wawi_importer::mapping::Mapping::builtin_names();
    let with = |before: &str, names: &[&str]| -> Vec<String> {
        names.iter().map(|name| format!("{before}{name}")).collect()
    };
    for (words, breaks, offered) in [
        ("importer run x -m builtin : ", ":=", with("", all)),
        (
            "importer run x -m builtin : jt",
            ":=",
            with("", &["jtl-shop5"]),
        ),
        (
            "importer run x -m builtin:jt",
            "=",
            with("builtin:", &["jtl-shop5"]),
        ),
        (
            "importer run x --mapping = builtin : shopi",
            ":=",
            with("", &["shopify"]),
        ),
        (
            "importer mapping check builtin : shopi",
            ":=",
            with("", &["shopify"]),
        ),
        ("importer run x --mapping buil", ":=", with("builtin:", all)),
        ("importer run x -m builds", ":=", with("", &["builds.toml"])),
        ("importer run x -m builtin : nothing", ":=", with("", &[])),
        ("importer mapping fie", ":=", with("", &["fields"])),
    ] {
        let typed = words.replace(" : ", ":").replace(" = ", "=");
        let bash = std::process::Command::new("bash")
            .args(["-c", call, "bash"])
            .arg(&script)
            .args([&typed, breaks])
            .args(words.split(' '))
            .current_dir(importer.folder())
            .output();
        let Ok(bash) = bash else {
            // There is no bash on this machine.
            return;
        };
        let errors = String::from_utf8_lossy(&bash.stderr);
        assert!(errors.is_empty(), "{words}: {errors}");
        let found = String::from_utf8(bash.stdout).unwrap();
        let found: Vec<&str> = found.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(found, offered, "{words}");
    }
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
    // The place was chosen wrongly, as that of a report may be.
    for folder in ["nowhere", "nowhere/below"] {
        let run = importer.args(["man", folder]).run().expect(4);
        assert!(run.stderr.contains("nowhere"), "{}", run.said());
    }
    let run = importer.args(["man", "nowhere"]).run().expect(4);
    let said = "into nowhere: it is there, and is no folder\n help: name a folder";
    assert!(run.stderr.contains(said), "{}", run.said());
    // What is in the way is named.
    importer.file("man3/importer-run.1/mine", "");
    let run = importer.args(["man", "man3"]).run().expect(4);
    let page = std::path::Path::new("man3").join("importer-run.1");
    let said = format!("the page {} cannot be written: ", page.display());
    assert!(run.stderr.contains(&said), "{}", run.said());
    // A full disk is another matter.
    #[cfg(unix)]
    {
        importer.shell("ulimit -f 1; exec \"$@\"");
        let run = importer.args(["man", "man2"]).run().expect(1);
        assert!(run.stderr.contains("man2"), "{}", run.said());
    }
}

/// With `--json` they print data, as every command does.
#[test]
fn pages_and_completions_are_data_too() {
    let mut importer = Importer::new();
    let mut line = |words: &[&str], code| -> serde_json::Value {
        let words = [words, &["--json"]].concat();
        let run = importer.args(words).run().expect(code);
        serde_json::from_str(run.stdout.trim()).unwrap_or_else(|_| panic!("{}", run.said()))
    };
    let page = line(&["man"], 0);
    assert_eq!(
        (&page["type"], &page["page"]),
        (&"page".into(), &"importer".into())
    );
    assert!(
        page["text"].as_str().unwrap().contains(".TH importer 1"),
        "{page}"
    );
    let pages = line(&["man", "man1"], 0);
    assert_eq!(
        (&pages["type"], &pages["folder"]),
        (&"pages".into(), &"man1".into())
    );
    let names = pages["pages"].as_array().unwrap();
    assert_eq!(names.len(), all_commands().len() + 1);
    assert!(names.contains(&"importer-mapping-new.1".into()), "{pages}");
    let error = line(&["man", "man1/importer.1"], 4);
    assert_eq!(error["type"], "error");
    let said = "it is there, and is no folder";
    assert!(error["message"].as_str().unwrap().contains(said), "{error}");
    assert!(error["help"].is_string(), "{error}");
    let script = line(&["completions", "fish"], 0);
    assert_eq!(
        (&script["type"], &script["shell"]),
        (&"completions".into(), &"fish".into())
    );
    assert!(
        script["script"].as_str().unwrap().contains("importer"),
        "{script}"
    );
}
