//! What a job tells of inputs that cannot be read as its mapping wants it: nothing that stands in
//! them goes to hooks, and to a terminal or a log only what `values` allows.

use serde_json::Value;
use wawi_importer::sandbox::SandboxSettings;

use super::program::{JOB, once};
use super::{MAPPING, export};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

/// A customer's name that stands nowhere but in inputs.
const MARK: &str = "Zebramann";

/// What of it `masked` shows.
const MASKED: &str = "Ze…n";

/// When people are told the name.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Never,
    /// Where values are shown in full.
    InFull,
    /// It is a field's: a property that the API does not have.
    AsAField,
}

/// A broken input with what belongs to it.
struct Broken {
    /// What is wrong.
    what: &'static str,
    /// The input's name and bytes.
    input: (&'static str, Vec<u8>),
    /// The mapping, and the file beside it or the input.
    mapping: String,
    beside: Option<(&'static str, String)>,
    /// The job's code.
    code: i32,
    named: Named,
}

impl Broken {
    fn new(what: &'static str, name: &'static str, input: impl Into<Vec<u8>>) -> Self {
        Self {
            what,
            input: (name, input.into()),
            mapping: MAPPING.to_owned(),
            beside: None,
            code: 4,
            named: Named::Never,
        }
    }

    fn mapping(self, mapping: impl Into<String>) -> Self {
        let mapping = mapping.into();
        Self { mapping, ..self }
    }

    fn beside(self, name: &'static str, text: impl Into<String>) -> Self {
        let beside = Some((name, text.into()));
        Self { beside, ..self }
    }

    fn code(self, code: i32) -> Self {
        Self { code, ..self }
    }

    fn named(self, named: Named) -> Self {
        Self { named, ..self }
    }

    /// Runs the job over it.
    fn run(&self, erp: &StandIn, more: &[&str]) -> (Importer, Run) {
        let mut importer = Importer::new();
        importer.env("IMPORTER_BASE_URL", erp.url());
        let hook = "on_failure = [\"sh\", \"-c\", \"cat > hooked.json\"]\n";
        let mut jobs = JOB.replace("inbox/*.csv", "inbox/a.*") + hook;
        if self.mapping.is_empty() {
            // JSON lines in the API's own shape need none.
            jobs = jobs.replace("mapping = \"shop.toml\"\n", "");
        }
        importer.file("jobs.toml", jobs);
        importer.file("shop.toml", &self.mapping);
        importer.file(&format!("inbox/{}", self.input.0), &self.input.1);
        if let Some((name, text)) = &self.beside {
            importer.file(name, text);
        }
        for pair in more.chunks(2) {
            if let [name, value] = pair {
                importer.env(name, value);
            }
        }
        importer.env("IMPORTER_VERBOSE", "3");
        let run = once(&mut importer).expect(self.code);
        (importer, run)
    }
}

/// The mapping with these keys in place of the one that finds the group.
fn grouped(by: &str) -> String {
    MAPPING.replace("CustomerGroupId = { value = 1 }", by)
}

fn tables() -> Vec<Broken> {
    let lookup = || grouped("CustomerGroupId = { column = \"Ort\", lookup_file = \"groups.csv\" }");
    let fine = || export([("K1", "Ulm")]);
    let joined = || {
        let join = "[join]\nfile = \"more.csv\"\non = { \"Nr\" = \"Id\" }\n";
        join.to_owned() + &MAPPING.replace("City = \"Ort\"", "City = \"more.Town\"")
    };
    vec![
        Broken::new("a doubled key", "a.csv", fine())
            .mapping(lookup())
            .beside("groups.csv", format!("{MARK};1\n{MARK};2\n"))
            .named(Named::InFull),
        Broken::new("a result that does not fit", "a.csv", fine())
            .mapping(lookup())
            .beside("groups.csv", format!("Ulm;{MARK}\n"))
            .named(Named::InFull),
        Broken::new("a line of a table that is no pair", "a.csv", fine())
            .mapping(lookup())
            .beside("groups.csv", format!("Ulm;1\n{MARK}\n")),
        Broken::new("a second file without a header", "a.csv", fine())
            .mapping(joined())
            .beside("inbox/more.csv", format!("K1;{MARK}\n"))
            .named(Named::InFull),
        Broken::new(
            "an input without a header, beside one that has one",
            "a.csv",
            format!("K1;{MARK};Weg 1;89073;Ulm\n"),
        )
        .mapping(joined())
        .beside("inbox/more.csv", "Id;Town\nK1;Ulm\n".to_owned())
        .named(Named::InFull),
        Broken::new("a row of a second file that is not whole", "a.csv", fine())
            .mapping(joined())
            .beside("inbox/more.csv", format!("Id;Town\nK1;{MARK};x\n")),
    ]
}

fn inputs() -> Vec<Broken> {
    let headless = format!("K1;{MARK};Weg 1;89073;Ulm\nK2;Muster;Weg 2;89073;Ulm\n");
    let lines = |text: &str| format!("{{\"Nr\":\"K1\",\"Name\":\"{MARK}\"{text}\n");
    let mut latin = format!("Nr;{MARK};").into_bytes();
    latin.extend(b"Stra\xdfe;PLZ;Ort\nK1;a;b;c;d\n");
    let unknown = format!("{{\"Number\":\"K1\",\"{MARK}.x\":1}}\n");
    vec![
        Broken::new("no header", "a.csv", headless.clone()).named(Named::InFull),
        Broken::new("no header, and a column to drop", "a.csv", headless.clone())
            .mapping(format!("[source]\ndrop = [\"Zebramanm\"]\n{MAPPING}"))
            .named(Named::InFull),
        Broken::new("a single column", "a.csv", format!("{MARK}\nMuster\n")).named(Named::InFull),
        Broken::new("another delimiter", "a.csv", headless)
            .mapping(format!("[source]\ndelimiter = \",\"\n{MAPPING}"))
            .named(Named::InFull),
        Broken::new("a header in another encoding", "a.csv", latin)
            .mapping(format!("[source]\nencoding = \"utf-8\"\n{MAPPING}")),
        Broken::new(
            "a quote that never closes",
            "a.csv",
            format!("Nr;\"{MARK};\n"),
        ),
        Broken::new("a line of JSON that is none", "a.csv", &lines("}")[1..]).named(Named::InFull),
        Broken::new("a wrong first line of JSON", "a.csv", lines("")).code(3),
        Broken::new("wrong lines of JSON", "a.jsonl", lines("") + &lines(",")).code(3),
        Broken::new(
            "one JSON array",
            "a.json",
            format!("[{}]", lines("}").trim()),
        ),
        Broken::new("a property that is none", "a.jsonl", unknown)
            .mapping("")
            .code(3)
            .named(Named::AsAField),
        Broken::new("another encoding's bytes in a record", "a.csv", {
            let mut text = export([("K1", "Ulm")]).into_bytes();
            text.extend(format!("K2;{MARK}\u{fffd}").as_bytes());
            text.extend(b"\xff;Weg 1;89073;Ulm\n");
            text
        })
        .mapping(format!("[source]\nencoding = \"utf-8\"\n{MAPPING}"))
        .code(3),
        Broken::new("a slipped `_run`", "a.csv", {
            format!(
                "Nr;Name;Straße;PLZ;Ort;_record;_run\nK1;A;B;89073;Ulm;1;{MARK}\nK2;A;B;89073;Ulm;2;x\n"
            )
        }),
    ]
}

/// The summary that the hook was handed.
fn hooked(importer: &Importer) -> String {
    let hooked = std::fs::read_to_string(importer.folder().join("hooked.json")).unwrap();
    let kept = importer.folder().join(".importer/jobs/shop/summary.json");
    assert_eq!(hooked, std::fs::read_to_string(kept).unwrap());
    hooked
}

#[cfg(unix)]
#[test]
fn hooks_are_told_nothing_that_stands_in_an_input_and_people_what_values_allows() {
    let erp = StandIn::start(SandboxSettings::default());
    for broken in inputs().into_iter().chain(tables()) {
        for values in ["masked", "none", "full"] {
            let what = broken.what;
            let (importer, run) = broken.run(&erp, &["IMPORTER_VALUES", values]);
            let told = hooked(&importer);
            assert!(
                !told.contains(MARK) && !told.contains(MASKED),
                "{what}: {told}"
            );
            let told: Value = serde_json::from_str(&told).unwrap();
            let input = &told["inputs"][0];
            let is_whole = input["message"].is_string() && input["help"].is_string();
            assert_eq!(is_whole, broken.code == 4, "{what}: {told}");
            let is_named = match broken.named {
                Named::Never => false,
                Named::InFull => values == "full",
                Named::AsAField => true,
            };
            let said = run.said();
            assert_eq!(said.contains(MARK), is_named, "{what}: {said}");
            if values == "none" {
                assert!(!run.said().contains(MASKED), "{what}: {}", run.said());
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn lines_of_json_and_logs_hold_nothing_of_an_input_either() {
    let erp = StandIn::start(SandboxSettings::default());
    for broken in inputs().into_iter().chain(tables()) {
        let more = ["IMPORTER_JSON", "true", "IMPORTER_LOG_FORMAT", "json"];
        let (_, run) = broken.run(&erp, &more);
        if broken.named == Named::AsAField {
            continue;
        }
        assert!(
            !run.said().contains(MARK),
            "{}: {}",
            broken.what,
            run.said()
        );
    }
}

/// How a wrong header is recognised: its names are shown where one of them is the mapping's.
#[test]
fn names_of_columns_are_told_where_they_are_certain_to_be_names() {
    let erp = StandIn::start(SandboxSettings::default());
    let header = |line: &str| Broken::new("", "a.csv", format!("{line}\nK1;A;B;89073;Ulm\n"));
    let (_, run) = header("Nr;Nme;Straße;Postcode;Ort").run(&erp, &[]);
    for told in [
        "did you mean `Nme`?",
        "its columns are `Nr`, `Nme`, `Straße`,",
    ] {
        assert!(run.stderr.contains(told), "{}", run.said());
    }
    // Of one that is wholly another's nobody knows that.
    let (_, run) = header("Id;Customer;Road;Postcode;Town").run(&erp, &[]);
    let told = run.stderr.replace("\n           ", "");
    assert!(told.contains("in it stand `…`, `C…r`, `R…`"), "{told}");
    assert!(
        told.contains("if the line that names the columns is missing"),
        "{told}"
    );
    let words = ["mapping", "check", "shop.toml", "inbox/a.csv"];
    let (mut importer, _) = header("Id;Customer;Road;Postcode;Town").run(&erp, &[]);
    importer.file("inbox/a.csv", "Id;Customer;Road;Postcode;Town\n1;2;3;4;5\n");
    let run = importer.args(words).run().expect(4);
    assert!(run.stderr.contains("`Id`, `Customer`"), "{}", run.said());
}
