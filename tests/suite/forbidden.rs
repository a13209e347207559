//! A 403 means that the scope is missing, or that one record's data are not welcome; which of
//! both, the run's own past tells too.

use crate::customers::{Customers, MAPPING};
use crate::other_erp::{Knobs, OtherErp};
use crate::support::{Importer, Run};

/// Imports the customers into the server, at most one new one in each run where `limited`.
fn run(importer: &mut Importer, erp: &OtherErp, limited: bool) -> Run {
    let mut words = vec!["run", "shop.csv", "-m", "shop.toml", "--concurrency", "1"];
    let url = erp.url();
    words.extend(["--base-url", &url]);
    if limited {
        words.extend(["--limit", "1"]);
    }
    importer.args(words);
    importer.run()
}

fn importer_of(customers: &Customers) -> Importer {
    let importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer
}

#[test]
fn a_first_403_is_the_record_s_where_the_run_created_before() {
    let customers = Customers::valid(11, 2);
    let erp = OtherErp::start(Knobs::default().fail_from(2, 403));
    let mut importer = importer_of(&customers);
    let limited = run(&mut importer, &erp, true).expect(0);
    assert_eq!((limited.count("created"), limited.count("open")), (1, 1));
    let resumed = run(&mut importer, &erp, false).expect(3);
    assert_eq!(resumed.count("created"), 1);
    assert_eq!(resumed.count("refused"), 1);
    assert_eq!(erp.posts().len(), 2);
}

#[test]
fn a_first_403_is_the_scope_s_where_nothing_was_created() {
    let customers = Customers::valid(11, 2);
    let erp = OtherErp::start(Knobs::default().fail_from(1, 403));
    let mut importer = importer_of(&customers);
    for _ in 0..2 {
        let stopped = run(&mut importer, &erp, false).expect(5);
        assert_eq!((stopped.count("refused"), stopped.count("open")), (0, 2));
    }
}
