use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

/// One piece of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// A number, and how often its examination lets others go first.
    Number(u32, u8),
    /// Reading fails here.
    Broken,
    /// Whoever takes this one wants no more.
    Enough,
    /// Whoever takes this one fails.
    Refused,
}

/// What came out of one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Number(u64),
    Enough,
    Refused,
}

#[derive(Default)]
struct Batch {
    pieces: Vec<Piece>,
    found: Vec<Found>,
    broken: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    Broken,
    Refused,
}

fn found(piece: Piece) -> Option<Found> {
    match piece {
        Piece::Number(number, delay) => {
            for _ in 0..delay {
                thread::yield_now();
            }
            Some(Found::Number(u64::from(number) * 3))
        }
        Piece::Enough => Some(Found::Enough),
        Piece::Refused => Some(Found::Refused),
        Piece::Broken => None,
    }
}

/// What a plain loop takes, and how it ends.
fn one_by_one(pieces: &[Piece]) -> (Vec<u64>, Result<(), Trouble>) {
    let mut taken = Vec::new();
    for piece in pieces {
        match found(*piece) {
            Some(Found::Number(number)) => taken.push(number),
            Some(Found::Enough) => return (taken, Ok(())),
            Some(Found::Refused) => return (taken, Err(Trouble::Refused)),
            None => return (taken, Err(Trouble::Broken)),
        }
    }
    (taken, Ok(()))
}

fn in_batches(
    threads: usize,
    sizes: &[usize],
    pieces: &[Piece],
) -> (Vec<u64>, Result<(), Trouble>) {
    let mut taken = Vec::new();
    let mut rest = pieces.iter().copied();
    let mut sizes = sizes.iter().cycle();
    let result = in_order(
        threads,
        |batch: &mut Batch| {
            batch.pieces.clear();
            batch.broken = false;
            for _ in 0..*sizes.next().unwrap() {
                match rest.next() {
                    Some(Piece::Broken) => {
                        batch.broken = true;
                        return false;
                    }
                    Some(piece) => batch.pieces.push(piece),
                    None => return false,
                }
            }
            true
        },
        |batch| {
            batch.found.clear();
            batch
                .found
                .extend(batch.pieces.iter().copied().filter_map(found));
        },
        |batch| {
            for found in batch.found.drain(..) {
                match found {
                    Found::Number(number) => taken.push(number),
                    Found::Enough => return Ok(ControlFlow::Break(())),
                    Found::Refused => return Err(Trouble::Refused),
                }
            }
            match batch.broken {
                true => Err(Trouble::Broken),
                false => Ok(ControlFlow::Continue(())),
            }
        },
    );
    (taken, result)
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        200 => (any::<u32>(), prop_oneof![9 => Just(0), 1 => 0_u8..20])
            .prop_map(|(number, delay)| Piece::Number(number, delay)),
        1 => Just(Piece::Broken),
        1 => Just(Piece::Enough),
        1 => Just(Piece::Refused),
    ]
}

proptest! {
    #[test]
    fn batches_give_what_a_plain_loop_gives(
        pieces in proptest::collection::vec(piece(), 0..300),
        sizes in proptest::collection::vec(0_usize..9, 1..5),
        threads in 1_usize..6,
    ) {
        // Empty batches are fine, but something must be read now and then.
        let sizes: Vec<usize> = sizes.into_iter().chain([1]).collect();
        prop_assert_eq!(in_batches(threads, &sizes, &pieces), one_by_one(&pieces));
    }
}

#[test]
fn the_caller_alone_takes_what_others_examined() {
    // Not `Send`: it compiles only because taking stays on this thread.
    let taken = std::rc::Rc::new(std::cell::Cell::new(0));
    let mut left = 100;
    let here = thread::current().id();
    in_order(
        4,
        |number: &mut u64| {
            left -= 1;
            *number = left;
            left > 0
        },
        |number| *number += 1,
        |number| {
            assert_eq!(thread::current().id(), here);
            taken.set(taken.get() + *number);
            Ok::<_, ()>(ControlFlow::Continue(()))
        },
    )
    .unwrap();
    assert_eq!(taken.get(), (1..=100).sum::<u64>());
}

#[test]
fn there_are_only_so_many_batches_at_once() {
    static BATCHES: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Default for Counted {
        fn default() -> Self {
            BATCHES.fetch_add(1, Ordering::Relaxed);
            Self
        }
    }
    let read = AtomicUsize::new(0);
    let mut taken = 0;
    in_order(
        3,
        |_: &mut Counted| read.fetch_add(1, Ordering::Relaxed) < 1000,
        |_| {},
        |_| {
            taken += 1;
            // A caller that is slow lets the others run ahead, but not far.
            (0..20).for_each(|_| thread::yield_now());
            assert!(read.load(Ordering::Relaxed) <= taken + batches(3));
            Ok::<_, ()>(ControlFlow::Continue(()))
        },
    )
    .unwrap();
    assert_eq!(taken, 1001);
    assert_eq!(BATCHES.load(Ordering::Relaxed), batches(3));
}

/// What somebody does who is free: reads, examines, or waits.
fn next_task(floor: &mut Floor<()>) -> &'static str {
    match floor.task(AHEAD) {
        Some(Task::Read(..)) => "reads",
        Some(Task::Examine(..)) => "examines",
        None => "waits",
    }
}

#[test]
fn whoever_is_free_reads_ahead_and_waits_only_where_nothing_lies_ready() {
    let mut floor = Floor::with(vec![(); AHEAD + 2]);
    for number in 0..AHEAD as u64 {
        assert_eq!(next_task(&mut floor), "reads", "{number} lie ready");
        if number == 0 {
            assert_eq!(
                next_task(&mut floor),
                "waits",
                "the first one is being read"
            );
        } else {
            // While another one is being read, there is enough to do.
            assert_eq!(next_task(&mut floor), "examines");
            floor.ready.push_front((number - 1, ()));
        }
        floor.is_reading = false;
        floor.ready.push_back((number, ()));
    }
    assert_eq!(next_task(&mut floor), "examines", "enough lie ready");
    assert_eq!(next_task(&mut floor), "reads", "one fewer does");
    floor.is_reading = false;
    floor.free.clear();
    assert_eq!(
        next_task(&mut floor),
        "examines",
        "there is no room to read"
    );
    floor.free.push(());
    floor.ended = true;
    while !floor.ready.is_empty() {
        assert_eq!(next_task(&mut floor), "examines");
    }
    assert_eq!(
        next_task(&mut floor),
        "waits",
        "there is nothing more to read"
    );
    assert!(floor.is_through());
}

/// Goes through a thousand batches and panics at `place`: on the caller's thread, or on a helper's.
fn panicking(threads: usize, place: &'static str, by_caller: bool) -> String {
    let caller = thread::current().id();
    let is_over = AtomicBool::new(false);
    let panics = |here, number: u32| {
        if here != place || number > 500 || (thread::current().id() == caller) != by_caller {
            return;
        }
        is_over.store(true, Ordering::SeqCst);
        panic!("{here} panicked");
    };
    let mut left = 1000;
    let panic = catch_unwind(AssertUnwindSafe(|| {
        in_order(
            threads,
            |number: &mut u32| {
                left -= 1;
                *number = left;
                panics("reading", left);
                left > 0
            },
            |number| {
                panics("examining", *number);
                // The other side has its turn, for each batch but the first is examined by
                // whoever is free.
                let is_other = (thread::current().id() == caller) != by_caller;
                while threads > 1 && is_other && *number < 500 && !is_over.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
            },
            |number| {
                panics("taking", *number);
                Ok::<_, ()>(ControlFlow::Continue(()))
            },
        )
    }));
    *panic.unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_panic_is_told_to_the_caller() {
    for place in ["reading", "examining", "taking"] {
        for threads in [1, 2, 4] {
            assert_eq!(panicking(threads, place, true), format!("{place} panicked"));
        }
    }
    for place in ["reading", "examining"] {
        for threads in [2, 4] {
            let told = panicking(threads, place, false);
            assert_eq!(told, format!("{place} panicked"));
        }
    }
}
