//! Too few file descriptors: every limit ends in a clear error or in success.

use wawi_importer::sandbox::SandboxSettings;

use super::{assert_done, assert_once, assert_orderly, importer};
use crate::customers::Customers;
use crate::stand_in::StandIn;

#[test]
fn every_number_of_descriptors_is_enough_or_named() {
    let customers = Customers::valid(341, 25);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    let mut refused = 0;
    for limit in 8..=64 {
        importer.shell(format!("ulimit -n {limit}; exec \"$@\""));
        let run = importer.run();
        if run.code == 0 {
            assert_done(&customers, &sandbox, &run);
            break;
        }
        assert_orderly(&run);
        assert_eq!(run.code, 1, "{limit}: {}", run.said());
        assert!(run.stderr.contains("ulimit -n"), "{limit}: {}", run.said());
        assert_eq!(sandbox.counters().posts, 0);
        refused += 1;
    }
    assert!(refused > 10, "{refused}");
    assert_once(&customers, sandbox.numbers());
}

#[test]
fn a_sandbox_in_the_same_process_needs_its_ends_too() {
    let customers = Customers::valid(342, 25);
    let mut importer = importer(&customers, "");
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--sandbox"]);
    let mut codes = Vec::new();
    for limit in [8, 16, 24, 32, 40, 44, 48, 52, 56, 64] {
        importer.shell(format!("ulimit -n {limit}; exec \"$@\""));
        let run = importer.run();
        assert_orderly(&run);
        assert!([0, 1].contains(&run.code), "{limit}: {}", run.said());
        assert_eq!(run.code == 1, run.stderr.contains("ulimit -n"));
        codes.push(run.code);
    }
    // Too few are refused, and what is enough stays enough.
    assert_eq!(codes[0], 1);
    assert!(codes.is_sorted_by(|fewer, more| fewer >= more), "{codes:?}");
    importer.run().expect(0);
}

#[test]
fn more_requests_in_flight_need_more() {
    let customers = Customers::valid(343, 2);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    importer.arg("--concurrency").arg("200");
    importer.shell("ulimit -n 128; exec \"$@\"");
    let run = importer.run().expect(1);
    assert!(run.stderr.contains("--concurrency"), "{}", run.said());
    importer.args(super::words(&sandbox.url()));
    importer.run().expect(0);
}
