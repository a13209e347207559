//! From bytes to bodies.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wawi_importer::mapping::Tally;
use wawi_importer::validate::{self, Rules};

use crate::{FAULTY, RECORDS, SAMPLE, Sample};

#[divan::bench]
fn read_csv(bencher: Bencher<'_, '_>) {
    let sample = &*SAMPLE;
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::new(sample.bytes))
        .bench(|| {
            let reader = sample.source.read().expect("the input");
            reader.inspect(|entry| _ = black_box(entry)).count()
        });
}

#[divan::bench]
fn apply_plan(bencher: Bencher<'_, '_>) {
    apply(bencher, &SAMPLE);
}

#[divan::bench]
fn apply_plan_to_faulty(bencher: Bencher<'_, '_>) {
    apply(bencher, &FAULTY);
}

fn apply(bencher: Bencher<'_, '_>, sample: &Sample) {
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let mut tally = Tally::default();
        for record in &sample.records {
            black_box(sample.plan.apply(record, &mut tally));
        }
    });
}

#[divan::bench]
fn check(bencher: Bencher<'_, '_>) {
    let (sample, rules) = (&*SAMPLE, Rules::default());
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| {
            let mut tally = Tally::default();
            let records = sample.records.iter();
            let drafts = records.filter_map(|record| sample.plan.apply(record, &mut tally));
            drafts.collect::<Vec<_>>()
        })
        .bench_values(|drafts| {
            for draft in drafts {
                black_box(validate::check(draft, &rules));
            }
        });
}

#[divan::bench]
fn write_body(bencher: Bencher<'_, '_>) {
    let (sample, rules) = (&*SAMPLE, Rules::default());
    let mut tally = Tally::default();
    let customers: Vec<_> = sample
        .records
        .iter()
        .filter_map(|record| sample.plan.apply(record, &mut tally))
        .filter_map(|draft| validate::check(draft, &rules).result.ok())
        .collect();
    assert_eq!(customers.len(), RECORDS, "the sample is valid");
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let mut buffer = Vec::new();
        for customer in &customers {
            buffer.clear();
            customer.write_body(&mut buffer);
            black_box(&buffer);
        }
    });
}

/// All of it: what a dry run does for a record on one thread.
#[divan::bench]
fn bytes_to_body(bencher: Bencher<'_, '_>) {
    let (sample, rules) = (&*SAMPLE, Rules::default());
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let (mut tally, mut buffer) = (Tally::default(), Vec::new());
        for record in crate::read(&sample.source) {
            let draft = sample.plan.apply(&record, &mut tally);
            let checked = draft.map(|draft| validate::check(draft, &rules));
            if let Some(Ok(customer)) = checked.map(|checked| checked.result) {
                buffer.clear();
                customer.write_body(&mut buffer);
                black_box(&buffer);
            }
        }
    });
}
