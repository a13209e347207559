//! What a plan of faults may say.

use super::super::schedule::When;
use super::*;

const FILE: &str = r#"
# everything that a file may say
seed = 7
commit_drop = 0.02
503 = 0.5
hang_for = "3s"
freeze = ["10s@101", "1s@30s", 0.01]
status = "403@9-20"
lift = 500
match = "prefix"
repeated = "refuse"
stale = "1s"
counts = "absurd"
same_id = true
odd_answers = true
latency = "5ms"
jitter = "2ms"
retry_after_as = "date"

[[record]]
number = "C0042"
posts = ["commit_drop", "500_after", 422, "ok"]
lookups = ["503"]
"#;

#[test]
fn a_file_says_everything() {
    let plan = Plan::parse(FILE).map_err(|(wrong, _)| wrong.what).unwrap();
    let mut settings = SandboxSettings {
        page_size_max: 3,
        ..SandboxSettings::default()
    };
    plan.apply(&mut settings);
    assert_eq!((settings.seed, settings.page_size_max), (7, 3));
    assert_eq!(settings.lookup, Lookup::Prefix);
    assert_eq!(settings.duplicates, Duplicates::Refuse409);
    assert_eq!(settings.retry_after, RetryAfter::Date);
    assert!(settings.absurd_counts && settings.same_id && settings.odd_answers);
    let times = [settings.stale, settings.latency, settings.jitter];
    assert_eq!(times.map(|time| time.as_millis()), [1_000, 5, 2]);
    let faults = settings.faults;
    assert_eq!((faults.commit_then_drop, faults.error503), (0.02, 0.5));
    assert_eq!((faults.freezes.len(), faults.freeze), (2, 0.01));
    assert_eq!(faults.lift, Some(When::Nth(500)));
    assert_eq!(faults.scripts[0].status, 403);
    let script = &faults.records["C0042"];
    let steps = [
        Step::Fault(Fault::CommitThenDrop),
        Step::Fault(Fault::Error500AfterCommit),
        Step::Status(422),
        Step::Fine,
    ];
    assert_eq!(script.posts.as_deref(), Some(steps.as_slice()));
    let looks = [Step::Fault(Fault::Error503)];
    assert_eq!(script.lookups.as_deref(), Some(looks.as_slice()));
}

#[test]
fn a_text_has_the_same_words() {
    let text = "seed=7,commit_drop=0.02,503=0.5,hang_for=3s,freeze=10s@101,freeze=1s@30s,\
                freeze=0.01,status=403@9-20,lift=500,match=prefix,repeated=refuse,stale=1s,\
                counts=absurd,same_id=true,odd_answers=true,latency=5ms,jitter=2ms,\
                retry_after_as=date";
    let mut file = Plan::parse(FILE).map_err(|(wrong, _)| wrong.what).unwrap();
    file.faults.records.clear();
    assert_eq!(Plan::inline(text).unwrap(), file);
    assert_eq!(Plan::of("").unwrap(), Plan::default());
    for word in known() {
        // Each word is known to the reader, whatever it thinks of the value.
        let said = Plan::inline(&format!("{word}=?")).unwrap_err().to_string();
        assert!(!said.contains("there is no"), "{word}: {said}");
    }
}

#[test]
fn mistakes_are_told_with_their_line_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.toml");
    for (text, line, what, help) in [
        (
            "\n\ncomit_drop = 0.1",
            3,
            "no word `comit_drop`",
            "did you mean `commit_drop`?",
        ),
        (
            "xylophone = 1",
            1,
            "no word `xylophone`",
            "there are commit_drop",
        ),
        ("400 = 0.1", 1, "no fault `400`", "status=400@1 answers"),
        ("400 = 0.1", 1, "no fault `400`", "there are 500_after"),
        ("a = ", 1, "", "TOML"),
        ("seed = 1\ndrop = 2", 2, "from 0 to 1", "rehearsal.md"),
        ("drop = 0.7\nrst = 0.7", 1, "more than 1", "lower the rates"),
        (
            "match = \"fuzzy\"",
            1,
            "`match=fuzzy`",
            "exact, prefix, ignore-case",
        ),
        ("seed = -1", 1, "`seed=-1`", "seed=7"),
        ("stale = \"soon\"", 1, "`stale=soon`", "200ms"),
        ("stale = {}", 1, "no single value", "text in quotes"),
        ("drop = [\n[]]", 2, "no single value", "text in quotes"),
        ("record = 1", 1, "a table for each record", "[[record]]"),
        ("[[record]]\nposts = []", 1, "needs its number", "C0042"),
        (
            "[[record]]\nnumber = \"1\"\nposts = [\"drip_drop\"]",
            3,
            "no fault `drip_drop`",
            "a status like 422",
        ),
        (
            "[[record]]\nnumber = \"1\"\ndrop = 0.1",
            3,
            "no key of a record `drop`",
            "above the first [[record]]",
        ),
        (
            "[[record]]\nnumber = \"1\"\n[[record]]\nnumber = \"1\"",
            3,
            "a script already",
            "one [[record]]",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let error = Plan::of(path.to_str().unwrap()).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(&format!("faults.toml:{line}: ")), "{said}");
        assert!(said.contains(what), "{said}");
        assert!(error.help().english.contains(help), "{said}");
        assert_ne!(error.help().english, error.help().german, "{said}");
        let german = error.in_german(|said| format!("TOML: {said}"));
        assert!(
            german.contains(&format!("faults.toml:{line}: ")),
            "{german}"
        );
        // What the parser of TOML says is its own, and told by who knows it.
        assert_eq!(german.contains("TOML: "), help == "TOML", "{german}");
        assert_ne!(german, said);
        assert!(!german.contains("there is"), "{german}");
        assert!(!error.is_usage());
    }
}

#[test]
fn what_is_neither_a_file_nor_a_text_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Plan::of("faults/gone.toml").unwrap_err();
    assert!(
        gone.to_string()
            .contains("there is no file `faults/gone.toml`")
    );
    assert!(gone.is_usage() && gone.help().english.contains("commit_drop=0.02"));
    let wrong = Plan::of("drop").unwrap_err();
    assert!(wrong.to_string().contains("no file `drop`"), "{wrong}");
    assert_eq!(
        wrong.in_german(str::to_owned),
        "die Datei `drop` gibt es nicht, und eine Liste von Fehlern ist das auch nicht"
    );
    let folder = Plan::load(folder.path()).unwrap_err();
    assert!(folder.to_string().contains("cannot be read"), "{folder}");
}
