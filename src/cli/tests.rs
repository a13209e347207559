use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    // A fixed width, whatever terminal the tests run in.
    let matches = Cli::command()
        .term_width(100)
        .try_get_matches_from(line.split(' '))?;
    Cli::from_arg_matches(&matches)
}

fn refusal(line: &str) -> String {
    let error = parse(line).expect_err(line);
    assert_eq!(error.exit_code(), 2, "{line}");
    error.to_string()
}

#[test]
fn clap_finds_nothing_wrong_with_the_definition() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_contract_is_understood() {
    for line in [
        "importer run a.csv",
        "importer run a.csv b.csv - -m shop.toml --dry-run --payloads -",
        "importer run a.csv --mapping builtin:jtl-shop5 --sandbox --state-dir x",
        "importer run a.csv --base-url https://e.example --path /v1/customers --api-version 1.0 \
         --tenant-id t --app-id a/1 --app-version 1 --run-as 5 --session-id s --workflows run",
        "importer run a.csv --concurrency 8 --rate 10/s --timeout 60s --settle 2m \
         --max-attempts 5 --max-outage 15m --max-duration 2h",
        "importer run a.csv --limit 10 --record 5,17-20 --max-invalid 20% --max-failures 50 \
         --fail-on changed",
        "importer run a.csv --existing fail --retry-failed --target-changed --allow-unkeyed \
         --allow-empty",
        "importer run a.csv --again",
        "importer run a.csv --format csv --encoding latin1 --delimiter tab --skip-lines 1 --sheet Kunden",
        "importer run a.csv --report-dir r --values none --report-mode 0640",
        "importer --json -vv --config c.toml --profile p run a.csv -y",
        "importer run a.csv -q --no-progress --color never --lang de --log-format json --yes",
        "importer mapping check shop.toml",
        "importer mapping check builtin:shopify a.csv",
        "importer mapping fields --json",
        "importer runs",
        "importer show 01 --outcome invalid --customer 5",
        "importer report 01 --input a.csv",
        "importer reconcile",
        "importer reconcile 01 --base-url https://e.example --timeout 5s",
        "importer forget 01",
        "importer forget --older-than 90d --yes",
        "importer forget --customer K-1 -y",
        "importer forget --target shop --force --report-dir r",
        "importer schedule jobs.toml",
        "importer schedule jobs.toml --once shop --metrics-file m.prom --state-dir s",
        "importer schedule jobs.toml --list --json",
        "importer schedule jobs.toml --check",
        "importer schedule jobs.toml --listen 0.0.0.0:9187 --metrics-file m.prom",
        "importer sandbox",
        "importer sandbox --port 8080 --seed 7 --faults x --latency 5ms --quota 10/45s \
         --lookup ignore-case --duplicates refuse --ledger l.jsonl --existing 100",
    ] {
        let words = line.split_whitespace();
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{line}\n{error}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_code_2() {
    for line in [
        "importer run",
        "importer frobnicate",
        "importer run a.csv --again --retry-failed",
        "importer run a.csv --sandbox --base-url https://e.example",
        "importer run a.csv --sandbox --tenant-id t",
        "importer run a.csv -v -q",
        "importer run a.csv --existing maybe",
        "importer run a.csv --limit 0",
        "importer run a.csv --record 0",
        "importer run a.csv --format xls",
        "importer show 01 --outcome open",
        "importer forget",
        "importer forget 01 --older-than 90d",
        "importer forget --customer 1 --target x",
        "importer forget --customer 1 --force",
        "importer forget --older-than 90",
        "importer mapping",
        "importer sandbox --port 70000",
        "importer schedule",
        "importer schedule jobs.toml --once a --list",
        "importer schedule jobs.toml --once a --listen 9187",
        "importer schedule jobs.toml --check --metrics-file m.prom",
        "importer schedule jobs.toml --listen localhost",
        "importer run a.csv --state-dir=",
    ] {
        refusal(line);
    }
}

#[test]
fn refusals_say_what_why_and_what_to_do() {
    insta::assert_snapshot!(refusal("importer run a.csv --rate 0/s"), @r#"
    error: invalid value '0/s' for '--rate <RATE>': `0/s` would never send anything; leave it out for no limit, or write how many in which time, like 10/s, 600/m or 3600/h

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(refusal("importer run a.csv --concurrency 10000"), @r#"
    error: invalid value '10000' for '--concurrency <N>': `10000` is no whole number from 1 to 1024

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(refusal("importer run a.csv --timeout 60"), @r#"
    error: invalid value '60' for '--timeout <TIME>': `60` has no unit; write a number and its unit, like 500ms, 60s, 15m or 2h

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(refusal("importer run a.csv --max-invalid 120%"), @r#"
    error: invalid value '120%' for '--max-invalid <N|N%>': `120%` is no share from 0% to 100%; write a number of records like 50, or a share like 20%

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(refusal("importer run a.csv --existing maybe"), @r#"
    error: invalid value 'maybe' for '--existing <skip|fail|send>'
      [possible values: skip, fail, send]

    For more information, try '--help'.
    "#);
}

#[test]
fn no_flag_takes_a_secret_and_none_is_repeated() {
    for flag in ["--api-key", "--client-secret", "--access-token", "--token"] {
        let said = refusal(&format!("importer run a.csv {flag}=canary"));
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn alone_it_shows_a_newcomer_the_first_steps() {
    let error = parse("importer").expect_err("help");
    assert_eq!(
        error.kind(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    insta::assert_snapshot!(error.to_string(), @r#"
    Imports a shop's customers into the JTL-Wawi ERP: nothing lost, nothing doubled.

    First steps:
      importer mapping new customers.csv -o shop.toml     propose which column is which field
      importer run customers.csv -m shop.toml --dry-run   check everything, send nothing
      importer run customers.csv -m shop.toml --sandbox   import into a stand-in for the ERP
      importer run customers.csv -m shop.toml             import into the ERP of importer.toml

    Usage: importer [OPTIONS] <COMMAND>

    Commands:
      run          Import customers, or check them with --dry-run
      mapping      Propose, check, test and explain mappings, which say which column is which field
      list         List what the ERP knows by name, with ids
      runs         List past runs
      show         Show one run's records
      report       Write a run's report files again
      reconcile    Look up what is unknown; send nothing
      resolve      Say what became of an unknown record, after a look into Wawi
      forget       Erase runs, customers or targets, with their reports
      schedule     Run the jobs of a file at their times, or one of them now
      register     Get an API key from an on-prem server
      doctor       Check settings, credentials, server, journal and disk before a run; change nothing
      sandbox      Start the stand-in for the ERP on a loopback port
      completions  Print what a shell completes words by
      man          Print the manual page, or write all of them

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --config <FILE>              Settings file [default: the nearest importer.toml upwards]
          --profile <NAME>             Profile of the settings file [default: its `profile`]
          --state-dir <DIR>            Folder of the journal [default: .importer beside the nearest
                                       importer.toml, or here]
          --json                       Print data instead of text: one JSON object a line
          --log-format <text|json>     Form of the log lines on stderr [default: text]
      -v, --verbose...                 Say more; twice: even more
      -q, --quiet                      Say only what went wrong
          --no-progress                Show no progress
          --color <auto|always|never>  Colours [default: auto]
          --lang <de|en>               Language of what people read [default: the locale's]
      -y, --yes                        Ask nothing, go on

    Options of `run` have a twin in the environment (IMPORTER_BASE_URL) and a key in importer.toml
    (base_url); only what must not be repeated by a schedule has to be typed each time.
    "#);
}

/// A command's help up to the global options, which the general help shows.
fn own_help(line: &str) -> String {
    let help = parse(line).expect_err("help").to_string();
    let (own, _) = help.split_once("Global options:").expect(line);
    own.trim_end().to_owned()
}

#[test]
fn the_help_of_run_reads_as_one() {
    insta::assert_snapshot!(own_help("importer run --help"), @r#"
    Import customers, or check them with --dry-run

    Usage: importer run [OPTIONS] <INPUT>...

    Arguments:
      <INPUT>...  Input files: path, glob pattern, or - for stdin

    Options:
      -m, --mapping <FILE>      Mapping file, or builtin:NAME [default: input has the API's own shape]
          --dry-run             Check everything, send nothing
          --payloads <FILE>     Write the JSON bodies of a dry run as JSONL; - is stdout
          --probe               Let a dry run ask the ERP what only it knows: ids, names, existing
                                customers
          --sandbox             Import into a stand-in for the ERP that lives as long as this run
          --faults <FILE|TEXT>  Faults of that stand-in: a file that exists, else text like
                                commit_drop=0.02 [default: none]
      -h, --help                Print help

    Target:
          --base-url <URL>         The ERP's address, e.g. https://api.jtl-cloud.com/erp
          --path <PATH>            Path of the customers [default: /v1/customers]
          --api-version <VERSION>  Version of the API [default: 1.0]
          --tenant-id <UUID>       Tenant of the ERP instance (cloud)
          --app-id <ID>            Our application's id [default: this program's name and version]
          --app-version <VERSION>  Our application's version [default: this program's version]
          --run-as <USER>          User on whose behalf calls run
          --session-id <UUID>      Session in which calls run
          --workflows <skip|run>   Wawi's automatic workflows for new customers [default: skip]

    Pace:
          --concurrency <N>      Requests in flight at most [default: 8]
          --rate <RATE>          Requests at most: 10/s, 600/m, 3600/h [default: none]
          --timeout <TIME>       Time limit of a request [default: 60s]
          --settle <TIME>        How long a lost request may still take effect [default: 2 x timeout]
          --max-outage <TIME>    Give up when the ERP is away for longer [default: 15m]
          --max-duration <TIME>  Stop after this time; the same command resumes [default: none]

    Limits:
          --limit <N>                  Create at most so many customers now; the same command goes on
          --record <LIST>              Only these records: 5,17-20
          --max-attempts <N>           Times that one customer is sent at most [default: 5]
          --max-invalid <N|N%>         Send nothing when more are invalid: 50 or 20% [default: 20%, from
                                       20 on]
          --max-failures <N|N%>        Stop when the ERP refuses more: 50 or 10% [default: 10%, from 50
                                       sent on]
          --fail-on <changed|warning>  What else ends with exit code 3 [default: none]

    Again:
          --existing <skip|fail|send>  Customers that the ERP has already: leave alone, count as errors,
                                       send anyway [default: skip]
          --retry-failed               Send what a finished run found invalid or refused
          --again                      Start over, and ask the ERP instead of the journal
          --accept-changes             A corrected file may differ from its input where nothing was
                                       wrong
          --target-changed             The address leads to another ERP now, and that is right
          --allow-unkeyed              Send customers without a number, whose lost requests cannot be
                                       looked up safely
          --allow-empty                An input without records is fine

    Source (typed, it wins over the mapping):
          --format <csv|jsonl|xlsx|ods>  Format of the input [default: detected]
          --encoding <NAME>              Encoding of the input, e.g. windows-1252 [default: detected]
          --delimiter <CHAR>             One character between fields, or tab [default: detected]
          --skip-lines <N>               Lines before the header [default: 0]
          --sheet <NAME>                 Sheet of an XLSX or ODS file [default: the first with cells]

    Report:
          --report-dir <DIR>           Folder of the reports, one folder a run [default: reports]
          --values <masked|full|none>  Customers' values on the terminal [default: masked]
          --report-mode <MODE>         Permissions of the files (Unix) [default: 0600]
    "#);
}

#[test]
fn the_help_of_the_other_commands_is_short() {
    insta::assert_snapshot!(own_help("importer sandbox -h"), @r#"
    Start the stand-in for the ERP on a loopback port

    Usage: importer sandbox [OPTIONS]

    Options:
          --port <PORT>                 Port on 127.0.0.1 [default: a free one]
          --seed <N>                    Seed of everything random: the same seed, the same faults
                                        [default: 1]
          --faults <FILE|TEXT>          Faults to play: a file that exists, else text like
                                        commit_drop=0.02,503=0.01; other flags win over it [default:
                                        none]
          --latency <TIME>              Time that an answer takes [default: 0s]
          --quota <N/TIME>              Announce and keep a quota of requests: 10/45s [default: none]
          --lookup <HOW>                How look-ups match: exact, prefix, ignore-case [default: exact]
          --duplicates <accept|refuse>  What happens to a number that is there already [default: accept]
          --registration <HOW>          Want a key, which `importer register` gets: accept, reject,
                                        pending, closed, taken [default: no key is wanted]
          --ledger <FILE>               Write each created customer to this file, as JSONL; what is
                                        there already stays
          --existing <N>                Customers that are there from the beginning [default: 0]
      -h, --help                        Print help
    "#);
    insta::assert_snapshot!(own_help("importer show -h"), @r#"
    Show one run's records

    Usage: importer show [OPTIONS] <RUN>

    Arguments:
      <RUN>  The run, as `importer runs` lists it

    Options:
          --outcome <OUTCOME>  Only records with this outcome [possible values: created, exists,
                               invalid, refused, unknown, changed, skipped]
          --customer <NUMBER>  Only the customer with this number
      -h, --help               Print help
    "#);
    insta::assert_snapshot!(own_help("importer mapping -h"), @r#"
    Propose, check, test and explain mappings, which say which column is which field

    Usage: importer mapping [OPTIONS] <COMMAND>

    Commands:
      new      Propose a mapping from an input's header and contents
      check    Check a mapping file, and whether it fits an input
      test     Run the tests that a mapping file brings along
      explain  Show what becomes of each field of one record, step by step
      fields   List the fields of a customer with type, limit and meaning

    Options:
      -h, --help  Print help
    "#);
}

#[test]
fn the_language_is_known_though_the_words_are_wrong() {
    use crate::outcome::Language::{English, German};
    for (line, language) in [
        ("importer --lang de rnu a.csv", Some(German)),
        ("importer rnu a.csv --lang=de", Some(German)),
        ("importer --lang de --lang en", Some(English)),
        ("importer --lang fr", None),
        ("importer --lang", None),
        ("importer --language de", None),
        ("importer run -- --lang de", None),
    ] {
        let words: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
        assert_eq!(super::typed_language(&words), language, "{line}");
    }
}

/// A number that is too small is told as that, and not taken for an option.
#[test]
fn a_negative_number_is_no_unknown_option() {
    for option in [
        "limit",
        "record",
        "concurrency",
        "max-attempts",
        "max-invalid -1%",
        "max-failures",
        "skip-lines",
        "rate -5/s",
        "timeout -5s",
        "settle -5s",
        "max-outage -5m",
        "max-duration -2h",
    ] {
        let (option, value) = option.split_once(' ').unwrap_or((option, "-1"));
        let told = refusal(&format!("importer run a.csv --{option} {value}"));
        assert!(told.contains(&format!("for '--{option} <")), "{told}");
        assert!(!told.contains("tip:"), "{told}");
    }
}
