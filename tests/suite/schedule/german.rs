//! What people read of scheduled jobs with `--lang de`; programs read English.

use serde_json::Value;
use wawi_importer::journal::lock;
use wawi_importer::sandbox::SandboxSettings;

use super::{MAPPING, export, names};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run, english_words};

const JOB: &str = "[[job]]\nname = \"shop\"\ncron = \"0 2 * * *\"\ntime_zone = \"Europe/Berlin\"\n\
                   inputs = \"inbox/*.csv\"\nmapping = \"shop.toml\"\nmin_age = \"0s\"\n";

fn importer(jobs: &str) -> Importer {
    let importer = Importer::new();
    importer.file("shop.toml", MAPPING);
    importer.file("jobs.toml", jobs);
    importer
}

/// What `importer schedule jobs.toml` says with these words, in German.
#[track_caller]
fn said(importer: &mut Importer, words: &str, code: i32) -> Run {
    let command = ["schedule", "jobs.toml", "--lang", "de"];
    importer.args(command.into_iter().chain(words.split(' ')));
    let run = importer.run().expect(code);
    for text in [&run.stdout, &run.stderr] {
        let english = english_words(text);
        assert!(english.is_empty(), "{english:?}\n{}", run.said());
    }
    run
}

/// The objects of this type that the program prints for programs, in either language.
fn lines(importer: &mut Importer, words: &[&str], kind: &str) -> [Vec<Value>; 2] {
    ["de", "en"].map(|lang| {
        let command = ["schedule", "jobs.toml", "--json", "--lang", lang];
        importer.args(command.iter().chain(words));
        let run = importer.run();
        let lines = run.stdout.lines();
        let lines = lines.map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line["type"] == kind).collect()
    })
}

#[test]
fn the_list_of_jobs_has_german_headings_and_days() {
    let mut importer = importer(JOB);
    let list = said(&mut importer, "--list", 0).stdout;
    let mut rows = list.lines().map(|line| line.split("  ").map(str::trim));
    let heading: Vec<&str> = rows.next().unwrap().filter(|it| !it.is_empty()).collect();
    assert_eq!(heading, ["Job", "Cron", "Zeitzone", "nächste Zeiten"]);
    let row: Vec<&str> = rows.next().unwrap().filter(|it| !it.is_empty()).collect();
    let times: Vec<&str> = row[3].split(", ").collect();
    assert_eq!(times.len(), 3, "{list}");
    let days = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"];
    let position = |time: &str| {
        let (day, _) = time.split_once(' ').unwrap();
        days.iter().position(|it| *it == day).unwrap()
    };
    assert_eq!((position(times[0]) + 1) % 7, position(times[1]), "{list}");
    let [ours, theirs] = lines(&mut importer, &["--list"], "job");
    assert_eq!((ours.len(), &ours), (1, &theirs));
    assert_eq!(ours[0]["jitter_seconds"], 0.0);
    // How much later it may be.
    importer.file("jobs.toml", JOB.to_owned() + "jitter = \"5m\"\n");
    let list = said(&mut importer, "--list", 0).stdout;
    assert!(list.contains(", bis zu 5 min später"), "{list}");
}

#[test]
fn the_check_of_a_jobs_file_is_german() {
    let bare = JOB
        .replace("shop", "bare")
        .replace("mapping =", "# mapping =");
    let away = JOB
        .replace("\"shop\"", "\"away\"")
        .replace("shop.toml", "no.toml");
    let wrong = JOB.replace("\"shop\"", "\"wrong\"") + "profile = \"live\"\n";
    let mut importer = importer(&[JOB, &bare, &away, &wrong].concat());
    importer.env("IMPORTER_BASE_URL", "https://erp.example");
    let run = said(&mut importer, "--check", 4);
    let state = importer.folder().join(".importer");
    let inbox =
        "  inputs: den Ordner inbox, in dem inbox/*.csv gesucht wird, gibt es jetzt nicht\n";
    assert_eq!(
        run.stdout,
        format!(
            "Statusordner: {}\nshop: in Ordnung, Zuordnung shop.toml\n{inbox}\
             bare: in Ordnung, ohne Zuordnung\n{inbox}",
            state.display()
        )
    );
    for german in [
        "Job `away` kann nicht laufen:\n",
        "Fehler: die Zuordnung ist nicht zu lesen: die Datei gibt es nicht\n",
        "Job `wrong` kann nicht laufen:\nFehler: das Profil `live` gibt es nicht: ",
    ] {
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
    // What is wrong with the settings.
    importer.file("jobs.toml", JOB);
    importer.env("IMPORTER_BASE_URL", "http://erp.example");
    let run = said(&mut importer, "--check", 4);
    let german = "Fehler: base_url `http://erp.example` ist unverschlüsseltes http: ";
    assert!(run.stderr.contains(german), "{}", run.said());
}

#[test]
fn what_is_wrong_with_a_jobs_file_is_german() {
    let jobs = JOB
        .replace("0 2 * * *", "0 25 * * *")
        .replace("Europe/Berlin", "Europe/Berln")
        .replace("inbox/*.csv", "-")
        .replace("0s", "5")
        + "on_failure = { url = \"http://hooks.example\" }\nrun = { rate = \"fast\" }\n";
    let mut importer = importer(&jobs);
    let run = said(&mut importer, "--list", 4);
    for german in [
        "Fehler: \"0 25 * * *\" ist kein Cron-Ausdruck: eine Zahl liegt außerhalb ihrer Grenzen\n",
        "Fehler: die Zeitzone \"Europe/Berln\" gibt es nicht\n",
        "Hilfe: ist `Europe/Berlin` gemeint?\n",
        "Fehler: ein Job liest Dateien, nicht die Standardeingabe\n",
        "Fehler: `min_age`: `5` hat keine Einheit; eine Zahl mit Einheit schreiben, ",
        "Fehler: `on_failure`: das ist unverschlüsseltes http zu einem anderen Rechner; ",
        "Fehler: `rate`: `fast` ist kein Tempo; ",
    ] {
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
    let run = importer.args(["schedule", "jobs.toml", "--list"]).run();
    assert!(
        run.stderr.contains("is no cron expression"),
        "{}",
        run.said()
    );
}

/// A number of the system says nothing to anybody.
#[test]
fn a_file_that_is_not_there_is_told_in_words() {
    let mut importer = importer(JOB);
    importer.args(["schedule", "nowhere.toml", "--list"]);
    let run = importer.run().expect(4);
    let why = "error: the jobs file cannot be read: there is no such file or folder\n";
    assert!(run.stderr.contains(why), "{}", run.said());
    importer.args(["schedule", "nowhere.toml", "--list", "--lang", "de"]);
    let run = importer.run().expect(4);
    let why = "Fehler: die Jobdatei ist nicht zu lesen: die Datei oder den Ordner gibt es nicht\n";
    assert!(run.stderr.contains(why), "{}", run.said());
}

#[test]
fn what_becomes_of_a_job_is_german_for_people_and_english_for_programs() {
    let erp = StandIn::start(SandboxSettings::default());
    let jobs = JOB.to_owned()
        + "no_input = \"fail\"\non_failure = [\"/no/such/program\"]\non_success = [\"false\"]\n\
           archive_done = \"jobs.toml/done\"\n";
    let mut importer = importer(&jobs);
    importer.env("IMPORTER_BASE_URL", erp.url());
    let run = said(&mut importer, "--once shop", 4);
    for german in [
        "Job `shop` beginnt\n",
        "Warnung: Job `shop`: on_failure scheiterte: `/no/such/program` lässt sich nicht ",
        "Job `shop`: fehlgeschlagen, Code 4; es ist keine Eingabe da: nichts passt zu \
         `inbox/*.csv`\n",
    ] {
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
    let [ours, theirs] = lines(&mut importer, &["--once", "shop"], "job_ended");
    assert_eq!(
        ours[0]["message"],
        "no input is there: nothing matches `inbox/*.csv`"
    );
    assert_eq!(ours[0]["message"], theirs[0]["message"]);
    let [ours, theirs] = lines(&mut importer, &["--once", "shop"], "notice");
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs);

    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let state = importer.folder().join(".importer");
    let held = lock(&state, "job\0shop", "process 42, since noon").unwrap();
    let run = said(&mut importer, "--once shop", 6);
    let german = "Job `shop`: abgewiesen, Code 6; er läuft schon: Prozess 42, seit noon\n";
    assert!(run.stderr.contains(german), "{}", run.said());
    drop(held);

    // The archive is no folder: the file stays, and a person has to know.
    let run = said(&mut importer, "--once shop", 1);
    for german in [
        "jobs.toml/done verschieben: ",
        "Job `shop`: fehlgeschlagen, Code 1, 1 Datei gelesen; inbox/a.csv lässt sich nicht nach \
         jobs.toml/done verschieben: ",
        "  Hilfe: was importiert ist, bleibt es; ",
    ] {
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
    assert_eq!(names(&importer.folder().join("inbox")), ["a.csv"]);

    importer.file("jobs.toml", jobs.replace("archive_done", "# archive_done"));
    importer.file(".importer/jobs/shop/state.json", "{\"missed\": ");
    let run = said(&mut importer, "--once shop", 0);
    for german in [
        "state.json ist beschädigt: Zeile 1 ist kein JSON, wie es hier steht; die Datei wird \
         neu angelegt\n",
        "Job `shop`: erfolgreich, Code 0, 1 Datei schon fertig\n",
    ] {
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
    if cfg!(unix) {
        let german = "Warnung: Job `shop`: on_success scheiterte: `false` endete mit Code 1\n";
        assert!(run.stderr.contains(german), "{}", run.said());
    }
    let run = said(&mut importer, "--once shp", 2);
    let german = "Fehler: in jobs.toml gibt es keinen Job `shp`\n Hilfe: ist `shop` gemeint?\n";
    assert!(run.stderr.contains(german), "{}", run.said());
}

#[test]
fn hooks_are_told_of_a_mapping_s_mistakes_in_english() {
    let mut importer = importer(JOB);
    importer.env("IMPORTER_BASE_URL", "https://erp.example");
    importer.file("shop.toml", "[customer]\nNumer = \"Nr\"\n");
    importer.file("inbox/a.csv", export([("K1", "Ulm")]));
    let [ours, theirs] = lines(&mut importer, &["--once", "shop"], "job_ended");
    let message = |lines: &[Value]| {
        lines[0]["inputs"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(message(&theirs).contains("error: "), "{theirs:?}");
    assert_eq!(message(&ours), message(&theirs));
}

#[cfg(unix)]
#[test]
fn the_daemon_says_in_german_when_a_job_starts() {
    use std::io::{BufRead, BufReader};
    let mut importer = importer(JOB);
    importer.env("LC_ALL", "de_DE.UTF-8");
    importer.args(["schedule", "jobs.toml"]);
    let mut daemon = super::Daemon(importer.start());
    let mut lines = BufReader::new(daemon.0.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("Job `shop`: nächster Start 20"), "{line}");
    let pid = daemon.0.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(daemon.0.wait().unwrap().code(), Some(0));
}
