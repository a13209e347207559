use super::*;
use crate::outcome::english_words;
use crate::schedule::HookPlace;

fn parse(text: &str) -> Result<Jobs, JobsError> {
    Jobs::parse("jobs.toml", text, Path::new("/srv"))
}

fn refusal(text: &str) -> String {
    parse(text)
        .expect_err(text)
        .render(false, Language::English)
}

/// A job with these keys beside the required ones.
fn with(keys: &str) -> String {
    format!("[[job]]\nname = \"shop\"\ncron = \"0 2 * * *\"\ninputs = \"in/*.csv\"\n{keys}\n")
}

#[test]
fn a_job_with_nothing_but_what_it_needs() {
    let jobs = parse(&with("")).unwrap();
    let [job] = &jobs.jobs[..] else { panic!() };
    assert_eq!((job.name.as_str(), job.cron.text()), ("shop", "0 2 * * *"));
    assert_eq!(job.inputs, ["/srv/in/*.csv"]);
    assert_eq!((job.min_age, job.hooks.timeout), (MIN_AGE, HOOK_TIMEOUT));
    assert_eq!(job.options, JobOptions::default());
    assert_eq!((job.fail_on, job.missed), (Alarm::Any, Missed::Skip));
}

#[test]
fn every_key_is_read() {
    let jobs = parse(&with(
        "time_zone = \"Europe/Berlin\"\nmapping = \"shop.toml\"\nprofile = \"live\"\n\
         min_age = \"5m\"\nmax_duration = \"2h\"\nfail_on = \"new\"\nno_input = \"fail\"\n\
         jitter = \"10m\"\nmissed = \"catch_up\"\narchive_done = \"done\"\n\
         archive_failed = \"/var/failed\"\non_success = [\"notify\", \"ok\"]\n\
         on_failure = { url = \"https://e.example/x\" }\non_change = { url_env = \"HOOK\" }\n\
         hook_timeout = \"5s\"\nrun = { rate = \"5/s\", concurrency = 2, dry_run = true }",
    ))
    .unwrap();
    let [job] = &jobs.jobs[..] else { panic!() };
    assert_eq!(job.zone.name(), "Europe/Berlin");
    assert_eq!(job.profile.as_deref(), Some("live"));
    assert_eq!(job.max_duration, Some(Duration::from_secs(7_200)));
    assert_eq!((job.fail_on, job.no_input), (Alarm::New, NoInput::Fail));
    assert_eq!(job.missed, Missed::CatchUp);
    assert_eq!(job.archive_done.as_deref(), Some(Path::new("/srv/done")));
    assert_eq!(
        job.archive_failed.as_deref(),
        Some(Path::new("/var/failed"))
    );
    let words = ["notify", "ok"].map(str::to_owned).to_vec();
    assert_eq!(job.hooks.on_success, Some(HookPlace::Command(words)));
    let mut options = JobOptions::default();
    for (key, text) in [
        ("mapping", "/srv/shop.toml"),
        ("rate", "5/s"),
        ("concurrency", "2"),
        ("dry_run", "true"),
    ] {
        options.set(key, text).unwrap();
    }
    let shown = |options: &JobOptions| format!("{options:?}").replace("/srv/", "");
    assert_eq!(shown(&job.options), shown(&options));
}

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    insta::assert_snapshot!(refusal(
        "[[job]]\nname = \"shop\"\ncron = \"0 25 * * *\"\ntime_zone = \"Europe/Berln\"\n\
         input = \"a.csv\"\nmissed = \"catchup\"\nmin_age = 5\n\n\
         [job.run]\nconcurency = 3\nrate = \"fast\"\nmapping = \"x\"\nexisting = \"send\"\n\n\
         [[job]]\nname = \"Shop\"\ncron = \"0 0 30 2 *\"\ninputs = [\"a\", \"***\"]\n\
         on_failure = \"mail\"\non_change = { url = \"http://hooks.example/x\" }\n"
    ));
}

/// An option that is none for jobs is told as that, and nothing is suggested that only looks
/// like it.
#[test]
fn options_that_are_not_for_jobs_say_where_they_belong() {
    for (key, help) in [
        ("limit", "it is for `importer run` alone"),
        ("retry_failed", "it is for `importer run` alone"),
        ("payloads", "it is for `importer run` alone"),
        ("state_dir", "type it behind `importer schedule`"),
        ("min_age", "it is a key of the job itself"),
        ("max_failed", "did you mean `max_failures`?"),
        ("colour", "the keys are those of importer.toml"),
    ] {
        let told = refusal(&format!(
            "[[job]]\nname = \"shop\"\ncron = \"@daily\"\ninputs = \"a\"\n[job.run]\n{key} = 1\n"
        ));
        assert!(told.contains(help), "{key}: {told}");
        assert_eq!(told.matches("error: ").count(), 1, "{told}");
    }
}

#[test]
fn a_file_without_jobs_says_how_one_begins() {
    insta::assert_snapshot!(refusal("[shop]\ncron = \"0 2 * * *\"\n"));
    insta::assert_snapshot!(refusal("job = 3\n"));
    insta::assert_snapshot!(refusal("[[job]\n"));
}

#[test]
fn names_are_names_of_files_too() {
    for name in ["", "a/b", "../x", ".x", "x.", "Bücher", &"x".repeat(65)] {
        let text = with("").replace("\"shop\"", &format!("\"{name}\""));
        assert!(refusal(&text).contains("is no name of a job"), "{name}");
    }
    let two = with("") + &with("").replace("\"shop\"", "\"SHOP\"");
    assert!(refusal(&two).contains("there are two jobs"));
}

#[test]
fn a_hook_names_one_place() {
    for hook in [
        "[]",
        "[\"\"]",
        "{}",
        "{ url = \"https://e.example\", url_env = \"X\" }",
        "3",
    ] {
        refusal(&with(&format!("on_failure = {hook}")));
    }
    let error = refusal(&with("on_failure = { link = \"https://e.example/s\" }"));
    assert!(error.contains("unknown key `link` in a webhook"), "{error}");
}

#[test]
fn a_job_is_found_or_meant() {
    let jobs = parse(&with("")).unwrap();
    assert!(jobs.find("shop").is_ok());
    assert_eq!(
        jobs.find("shp").unwrap_err().english,
        "did you mean `shop`?"
    );
    assert_eq!(
        jobs.find("zebra").unwrap_err().english,
        "the jobs are `shop`"
    );
}

#[test]
fn a_folder_with_the_signs_of_a_pattern_is_a_folder() {
    assert_eq!(anchored(Path::new("/a[1]"), "x-*.csv"), "/a[[]1[]]/x-*.csv");
    assert_eq!(anchored(Path::new(""), "x"), "x");
}

#[test]
fn mistakes_are_told_in_german_too() {
    let job = |keys: &str| format!("[[job]]\n{keys}\n");
    let texts = [
        String::new(),
        job(""),
        job("name = \"Bücher\""),
        with("") + &with(""),
        with("").replace("0 2 * * *", "0 25 * * *"),
        with("").replace("0 2 * * *", "0 0 30 2 *"),
        with("").replace("\"in/*.csv\"", "[]"),
        with("").replace("in/*.csv", "-"),
        with("").replace("in/*.csv", "***"),
        with("").replace("in/*.csv", "a**"),
        with("").replace("in/*.csv", "[a"),
        with("time_zone = \"Europe/Berln\""),
        with("time_zone = \"Mond\""),
        with("min_age = \"5\""),
        with("max_duration = \"0s\""),
        with("mapping = \"builtin:\""),
        with("run = { concurency = 3, rate = \"fast\", mapping = \"x\", existing = \"send\" }"),
        with("run = { colour = true }"),
        with("on_failure = []"),
        with("on_failure = {}"),
        with("on_failure = { url = \"http://hooks.example/x\" }"),
        with("on_failure = { url = \"ftp://hooks.example/x\" }"),
        with("on_failure = { url = \"hooks.example\" }"),
        with("on_failure = { url = \"https://\" }"),
    ];
    let told = texts.map(|text| {
        let german = parse(&text).expect_err(&text);
        let german = german.render(false, Language::German);
        // Beside the words stands the file's own text.
        let is_word = |line: &&str| line.starts_with("Fehler: ") || line.contains("= Hilfe: ");
        let words: Vec<&str> = german.lines().filter(is_word).collect();
        for line in &words {
            let english = english_words(line);
            assert!(english.is_empty(), "{english:?}: {line}");
        }
        let english = refusal(&text);
        assert!(
            words.iter().all(|line| !english.contains(line)),
            "{english}"
        );
        words.join("\n")
    });
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_file_that_is_no_jobs_file_is_told_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.toml");
    for (bytes, english, german) in [
        (
            vec![0xff; 30],
            "the jobs file is neither UTF-8 nor UTF-16",
            "die Jobdatei ist weder UTF-8 noch UTF-16",
        ),
        (
            vec![b'#'; (8 << 20) + 1],
            "the jobs file is longer than 8388608 bytes",
            "die Jobdatei ist länger als 8388608 Bytes",
        ),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = Jobs::load(&path).unwrap_err();
        let told = |language| error.render(false, language);
        assert!(told(Language::English).contains(english), "{error:?}");
        assert!(told(Language::German).contains(german), "{error:?}");
    }
    let error = Jobs::load(folder.path()).unwrap_err();
    let german = error.render(false, Language::German);
    assert!(
        german.contains("die Jobdatei ist nicht zu lesen: "),
        "{german}"
    );
}
