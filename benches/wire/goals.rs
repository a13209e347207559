//! Everything that has a goal, in one go, and a table of what was met.

use crate::rounds::{self, Found};
use crate::yardsticks::{OHA, PYTHON, QSV, SCRIPT};
use crate::{Asked, Failure, disk, input};

/// Rounds at a latency: milliseconds, connections, and the least share of oha.
const AT_LATENCY: [(u64, u64, f64); 4] = [
    (5, 64, 0.94),
    (20, 8, 0.97),
    (20, 64, 0.97),
    (20, 256, 0.97),
];
/// How long a round at a latency takes at the least, in milliseconds, for 100,000 records at
/// none: long enough that start and end weigh little, short enough that all take ten minutes.
const ROUND_MS: u64 = 7_500;

/// The table.
#[derive(Debug, Default)]
struct Table {
    lines: Vec<[String; 4]>,
}

impl Table {
    /// At least so much.
    fn least(&mut self, what: &str, goal: f64, measured: Option<f64>) {
        let met = measured.map(|measured| measured >= goal);
        self.line(what, format!(">= {goal}"), measured, met);
    }

    /// At most so much.
    fn most(&mut self, what: &str, goal: f64, measured: Option<f64>) {
        let met = measured.map(|measured| measured <= goal);
        self.line(what, format!("<= {goal}"), measured, met);
    }

    fn line(&mut self, what: &str, goal: String, measured: Option<f64>, met: Option<bool>) {
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "not measured",
        };
        let measured = measured.map_or_else(|| "-".to_owned(), |it| format!("{it:.2}"));
        self.lines
            .push([what.to_owned(), goal, measured, verdict.to_owned()]);
    }

    fn print(&self) {
        println!("\n{:<58} {:>9} {:>9}", "goal", "", "measured");
        for [what, goal, measured, verdict] in &self.lines {
            println!("{what:<58} {goal:>9} {measured:>9}  {verdict}");
        }
    }
}

/// Runs all of it. `--records` (100,000) is what is sent; ten times as many are read.
pub(crate) fn all(asked: Asked) -> Result<(), Failure> {
    let mut table = Table::default();
    let found = rounds::run(asked)?;
    at_no_latency(&mut table, asked, &found);
    for (latency_ms, connections, goal) in AT_LATENCY {
        let asked = Asked {
            latency_ms,
            connections,
            records: (connections * ROUND_MS / latency_ms * asked.records / 100_000).max(1),
            ..asked
        };
        let found = rounds::run(asked)?;
        let what = format!("run, {latency_ms} ms, {connections} connections: share of oha");
        table.least(&what, goal, found.against(OHA));
    }
    let many = Asked {
        records: asked.records * 10,
        ..asked
    };
    let found = rounds::dry(many)?;
    dry(&mut table, &found);
    for (times, (dry, run)) in [1, 10].into_iter().zip(rounds::memory(asked)?) {
        let records = asked.records * times;
        table.most(&format!("dry run of {records}: peak MiB"), 32.0, Some(dry));
        table.most(&format!("run of {records}: peak MiB"), 48.0, Some(run));
    }
    let ratio = rounds::resume(many)?;
    table.most(
        "resumed until its first POST: times of xsv count",
        3.0,
        ratio,
    );
    for (latency_ms, rate) in disk::disk(disk::usual())? {
        let what = format!("run, syncs of 10 ms, {latency_ms} ms latency: records/s");
        table.least(&what, 3_000.0, Some(rate));
    }
    let (version, one) = rounds::start(asked)?;
    table.most("--version: ms", 10.0, Some(version));
    table.most(
        "run of one record beyond the server's time: ms",
        50.0,
        Some(one),
    );
    println!(
        "\n{} records, bodies of {} bytes, {} mapped fields, medians of {}",
        asked.records,
        input::body().len(),
        input::MAPPED_FIELDS,
        asked.pairs
    );
    table.print();
    Ok(())
}

fn at_no_latency(table: &mut Table, asked: Asked, found: &Found) {
    let what = format!(
        "run, {} ms, {} connections",
        asked.latency_ms, asked.connections
    );
    table.least(&format!("{what}: share of oha"), 0.60, found.against(OHA));
    table.least(
        &format!("{what}: times of aiohttp"),
        7.0,
        found.against(SCRIPT),
    );
    table.most(
        &format!("{what}: us of CPU a record"),
        24.0,
        Some(found.cpu_us),
    );
    table.most(&format!("{what}: peak MiB"), 48.0, Some(found.peak_mib));
}

fn dry(table: &mut Table, found: &Found) {
    let xsv = found.against(crate::yardsticks::XSV);
    table.most("dry run: times of xsv count", 4.0, xsv.map(f64::recip));
    // Where qsv is not installed, Python stands in for it.
    match found.against(QSV) {
        Some(qsv) => table.least("dry run: times as fast as qsv validate", 3.0, Some(qsv)),
        None => table.least(
            "dry run: times as fast as Python's csv with json.dumps",
            12.0,
            found.against(PYTHON),
        ),
    }
    table.most("dry run: us of CPU a record", 2.5, Some(found.cpu_us));
    table.most("dry run: peak MiB", 32.0, Some(found.peak_mib));
}
