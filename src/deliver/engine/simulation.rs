//! The engine in a simulated world: one seed is one whole story.
//!
//! A model server with faults, a model disk that loses whatever was not synced, a clock that
//! jumps from event to event, and processes that are killed at any event and started again
//! with what is durable, until the input is settled. The oracle sees what truly happened and
//! judges by that. Owns the stories and their judgement; knows nothing of HTTP, SQLite, tokio.
//!
//! A story that fails names its seed and is told again alone by
//! `just simulate 1 SEED`.

mod checks;
mod disk;
mod driving;
mod faults;
mod oracle;
mod planted;
mod process;
mod server;
mod serving;
mod story;
mod tests;
mod world;

use std::time::Duration;

use checks::Figures;
use faults::Faults;
use planted::Plant;
use process::{Exit, Process};
use story::{Draw, Story};
use world::World;

use crate::deliver::settings::Threshold;

/// Processes of one input that are started at most before it must be settled.
const PROCESSES_AT_MOST: u32 = 120;

/// Tells the story of a seed; what is wrong, if anything. `aloud` adds what happened.
fn tell(seed: u64, plant: Plant, aloud: bool) -> Result<Figures, String> {
    let mut world = World::new(Story::of(seed));
    if aloud {
        world.log = Some(vec![format!("{:#?}", world.story)]);
    }
    let told = live(&mut world, plant);
    told.map_err(|broken| match world.log {
        Some(log) => format!("{}\n{broken}", log.join("\n")),
        None => broken,
    })
}

fn live(world: &mut World, plant: Plant) -> Result<Figures, String> {
    let inputs = world.story.inputs.len();
    let mut fortunes = world.story.fortunes.clone().into_iter();
    let mut figures = Figures::default();
    for input in 0..inputs {
        // The later export may come before the first one is done with.
        let enough = if input + 1 < inputs && world.random.bool() {
            world.random.u32(1..4)
        } else {
            PROCESSES_AT_MOST
        };
        for process in 0.. {
            if process >= enough {
                if enough == PROCESSES_AT_MOST && !checks::is_forbidden(world, input) {
                    world.oracle.blame("it never comes to an end");
                }
                break;
            }
            let exit = Process::run(world, input, fortunes.next(), plant);
            checks::after_process(world, input, &exit);
            figures.processes += 1;
            figures.kills += u64::from(exit == Exit::Killed);
            world.note(|| format!("exit: {exit:?}"));
            if let Some(broken) = world.oracle.broken.take() {
                return Err(broken);
            }
            // What is unknown for good stays so, however often it is asked.
            let done = matches!(exit, Exit::NothingToDo | Exit::Code(0 | 3));
            if done || (exit == Exit::Code(7) && process > 6) {
                break;
            }
            between(world, process);
        }
    }
    calm(world, inputs, plant);
    figures += checks::at_the_end(world);
    world.oracle.broken.take().map_or(Ok(figures), Err)
}

/// Time goes by until somebody gives the command again; troubles are mended now and then.
fn between(world: &mut World, process: u32) {
    let longest = world.random.one(&[100, 3_000, 600_000]);
    let pause = world
        .random
        .time(Duration::from_millis(1), Duration::from_millis(longest));
    let until = world.now + pause;
    while world.now < until {
        world.step(Some(until));
    }
    world.cured |= process > 0 || world.random.bool();
    if process > 8 {
        world.story.faults = Faults::calm();
    }
}

/// In the end nobody disturbs any more, and everything must come to its end.
fn calm(world: &mut World, inputs: usize, plant: Plant) {
    world.cured = true;
    world.story.faults = Faults::calm();
    world.story.limit = None;
    world.story.blind = false;
    world.story.token_life = None;
    world.story.delivery.max_failures = Threshold::Percent(100.0);
    world.story.freezes.clear();
    world.story.outages.clear();
    while world.next_event().is_some() {
        world.step(None);
    }
    world.now = world.now.max(world.server.away_until);
    for _ in 0..3 {
        for input in 0..inputs {
            let exit = Process::run(world, input, None, plant);
            checks::after_process(world, input, &exit);
        }
    }
    if world.oracle.broken.is_none() {
        checks::after_calm(world);
    }
}
