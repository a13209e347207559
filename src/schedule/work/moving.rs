//! Moves inputs that are over, and lets the journal know where they lie. What a start that died
//! has left of that, the next one puts in order before it looks into the inbox.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Files, Workshop};
use crate::outcome::{Bilingual, both};
use crate::schedule::archive::{self, ArchiveError, Copying};
use crate::schedule::inbox::Look;
use crate::schedule::jobs::Job;
use crate::schedule::runner::{Archived, Order, Ran};
use crate::schedule::untold::Untold;
use crate::schedule::verdict::Fate;

impl Workshop {
    /// Moves an input that was looked at before it was imported. Where it will lie, and what it
    /// came to, is noted first: who dies then leaves no run of which nobody knows where its input
    /// is, and none of which nobody hears.
    pub(super) fn moved(
        &self,
        order: &Order,
        ran: &Ran,
        fate: Fate,
        look: std::io::Result<Look>,
        folder: &Path,
    ) -> Result<PathBuf, ArchiveError> {
        let look = look.map_err(|source| ArchiveError::Io {
            path: order.input.clone(),
            folder: folder.to_owned(),
            source,
        })?;
        let (states, job) = (self.states(), &order.job.name);
        let mut is_corrected = false;
        let mut note = |to: &Path| {
            let archived = ran.archived(order, to);
            let noted = archived.map_or(Ok(()), |archived| self.runner.moving(&archived));
            if let Err(why) = noted {
                // The journal will know in the end.
                tracing::warn!(%why, "where an input will lie is not noted beforehand");
            }
            let mut untold = Untold::of(ran, fate, &order.input, to);
            untold.look = Some(look.clone());
            untold.is_corrected = is_corrected;
            if let Err(error) = states.note_untold(job, &untold) {
                self.warn(&order.job, &error.told());
            }
            is_corrected = true;
        };
        let expected = archive::place_of(&order.input, folder);
        note(&expected);
        let copying = |copying: &Copying| {
            if let Err(why) = states.note_copying(job, copying) {
                // Only who dies meanwhile leaves something.
                tracing::warn!(%why, "what is copied is not noted beforehand");
            }
        };
        let put = archive::put(&order.input, &look, folder, &copying);
        states.forget_copying(job);
        let to = put?;
        if to != expected {
            note(&to);
        }
        Ok(to)
    }

    /// Takes away what an earlier start, which died, left of what it wrote and of a copy that it
    /// made.
    pub(super) async fn clear_left(&self, job: &Job) {
        let (states, name) = (self.states(), job.name.clone());
        states.clear_parts(&name);
        let Some(copying) = self.remembered(job, states.copying(&name)) else {
            return;
        };
        // Files are compared.
        let cleared = tokio::task::spawn_blocking(move || copying.clear());
        match cleared.await {
            Ok(Ok(cleared)) => {
                for path in cleared {
                    let path = path.display();
                    tracing::info!(%path, "what a start left that was killed is removed");
                }
                states.forget_copying(&name);
            }
            Ok(Err(left)) => self.warn(job, &left.told()),
            Err(why) => tracing::warn!(%why, "what a start left that was killed is not removed"),
        }
    }

    /// Lets the journal know what an earlier start, which died, has moved.
    pub(super) async fn note_left(&self, job: &Arc<Job>) {
        let (runner, left) = (Arc::clone(&self.runner), Arc::clone(job));
        let noted = tokio::task::spawn_blocking(move || runner.note_left(&left)).await;
        if let Err(why) = noted.unwrap_or_else(|error| Err(error.to_string())) {
            self.warn(job, &not_noted(&why));
        }
    }

    /// Lets the journal know where the inputs lie by now, all at once, for it is looked over each
    /// time that it is opened; tells their summaries the commands that send them again from there.
    /// That it cannot be noted is no failure of the job.
    pub(super) async fn tell_moved(&self, job: &Job, files: &mut Files) {
        let (places, archived): (Vec<usize>, Vec<Archived>) = files.archived.drain(..).unzip();
        if archived.is_empty() {
            return;
        }
        let runner = Arc::clone(&self.runner);
        let noted = tokio::task::spawn_blocking(move || runner.moved(&archived)).await;
        match noted.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(commands) => {
                for (place, command) in places.into_iter().zip(commands) {
                    if let Some(input) = files.inputs.get_mut(place) {
                        input.again_with = Some(command);
                    }
                }
            }
            Err(why) => {
                self.warn(job, &not_noted(&why));
            }
        }
    }
}

fn not_noted(why: &str) -> Bilingual {
    both!(
        "where its input lies now is not noted: {why}",
        "wo die Eingabe des Laufs jetzt liegt, ist nicht vermerkt: {why}"
    )
}
