//! What is noted of a copy while it is made, so that the next start can take away what a dead one
//! left of it. Only what is surely ours goes: the copy under its temporary name, which nobody else
//! can have chosen, and under its own name while the file that it is a copy of is still there.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::import::absolute;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, both};
use crate::schedule::inbox::Look;

/// A file that is being copied to an archive on another file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::schedule) struct Copying {
    /// The file.
    from: PathBuf,
    /// By what it is known.
    look: Look,
    /// The copy, until it has its name.
    part: Option<PathBuf>,
    /// Its name.
    to: Option<PathBuf>,
    /// By what the copy is known, once it is complete.
    copy: Option<Look>,
}

/// What of a copy could not be taken away.
#[derive(Debug)]
pub(in crate::schedule) struct Left {
    path: PathBuf,
    source: io::Error,
}

impl Left {
    /// The same for people.
    pub(in crate::schedule) fn told(&self) -> Bilingual {
        both!([why = of_io(&self.source)]
            "{path} was left by a start that was killed, and cannot be removed: {why}",
            "{path} ist von einem abgebrochenen Start übrig und lässt sich nicht löschen: {why}",
            path = self.path.display()
        )
    }
}

impl Copying {
    /// Nothing is copied yet.
    pub(super) fn of(from: &Path, look: &Look) -> Self {
        Self {
            from: absolute(from),
            look: look.clone(),
            part: None,
            to: None,
            copy: None,
        }
    }

    /// This will be the copy.
    pub(super) fn begin(&mut self, part: &Path) {
        self.part = Some(absolute(part));
    }

    /// The copy is complete.
    pub(super) fn complete(&mut self, copy: Look) {
        self.copy = Some(copy);
    }

    /// This will be its name.
    pub(super) fn name(&mut self, to: &Path) {
        self.to = Some(absolute(to));
    }

    /// Takes away what there is of the copy, as long as the file is still there; returns what.
    pub(in crate::schedule) fn clear(&self) -> Result<Vec<PathBuf>, Left> {
        let part = self.part.iter().filter(|part| {
            // A link is nothing that was made here.
            fs::symlink_metadata(part).is_ok_and(|found| found.is_file())
        });
        let named = self.to.iter().filter(|to| self.is_second(to));
        let mut cleared = Vec::new();
        for path in part.chain(named) {
            fs::remove_file(path).map_err(|source| Left {
                path: path.clone(),
                source,
            })?;
            cleared.push(path.clone());
        }
        Ok(cleared)
    }

    /// Whether our copy is there, and the file has all that is in it.
    fn is_second(&self, to: &Path) -> bool {
        let (Ok(found), Some(copy)) = (fs::symlink_metadata(to), &self.copy) else {
            return false;
        };
        let is_ours = found.is_file() && Look::of(&found).is_of_the_same(copy);
        is_ours
            && Look::at(&self.from).is_ok_and(|look| look.is_of_the_same(&self.look))
            && has_same_bytes(&self.from, to).unwrap_or(false)
    }
}

fn has_same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let mut one = BufReader::new(File::open(one)?);
    let mut other = BufReader::new(File::open(other)?);
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 {
            return Ok(left.is_empty() && right.is_empty());
        }
        if left.iter().zip(right).any(|(left, right)| left != right) {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An input, and its archive with the copy as it is before it has its name.
    struct Scene {
        folder: tempfile::TempDir,
        copying: Copying,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::write(at("k.csv"), "customers").unwrap();
            fs::create_dir(at("done")).unwrap();
            fs::write(at("done/.importer-x.part"), "customers").unwrap();
            let look = Look::at(&at("k.csv")).unwrap();
            let mut copying = Copying::of(&at("k.csv"), &look);
            copying.begin(&at("done/.importer-x.part"));
            copying.complete(Look::at(&at("done/.importer-x.part")).unwrap());
            copying.name(&at("done/k.csv"));
            Self { folder, copying }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn name(&self) {
            fs::rename(self.at("done/.importer-x.part"), self.at("done/k.csv")).unwrap();
        }

        /// What is cleared, by its name in the archive; the file is never touched.
        #[track_caller]
        fn assert_cleared(&self, names: &[&str]) {
            let before = fs::read(self.at("k.csv")).ok();
            let cleared = self.copying.clear().unwrap();
            let expected: Vec<PathBuf> = names.iter().map(|name| self.at(name)).collect();
            assert_eq!(cleared, expected);
            assert!(cleared.iter().all(|path| !path.exists()));
            assert_eq!(fs::read(self.at("k.csv")).ok(), before);
            // Another start finds nothing to do.
            assert_eq!(self.copying.clear().unwrap(), Vec::<PathBuf>::new());
        }
    }

    #[test]
    fn what_a_dead_start_left_of_a_copy_is_cleared() {
        // It died before it wrote anything, amid writing, and when the copy had its name.
        let scene = Scene::new();
        fs::remove_file(scene.at("done/.importer-x.part")).unwrap();
        scene.assert_cleared(&[]);
        let mut scene = Scene::new();
        fs::write(scene.at("done/.importer-x.part"), "cust").unwrap();
        (scene.copying.copy, scene.copying.to) = (None, None);
        scene.assert_cleared(&["done/.importer-x.part"]);
        let scene = Scene::new();
        scene.name();
        scene.assert_cleared(&["done/k.csv"]);
        // Where a name is given by a link, the copy may have two.
        let scene = Scene::new();
        fs::hard_link(scene.at("done/.importer-x.part"), scene.at("done/k.csv")).unwrap();
        scene.assert_cleared(&["done/.importer-x.part", "done/k.csv"]);
    }

    #[test]
    fn what_may_be_somebody_else_s_stays() {
        // The move was made, but for its end.
        let scene = Scene::new();
        scene.name();
        fs::remove_file(scene.at("k.csv")).unwrap();
        scene.assert_cleared(&[]);
        assert!(scene.at("done/k.csv").exists());
        // Another file came into the inbox, or into the archive, whatever is in it.
        let scene = Scene::new();
        scene.name();
        fs::write(scene.at("k.csv"), "others, more of them").unwrap();
        scene.assert_cleared(&[]);
        for text in ["", "customers", "Customers"] {
            let scene = Scene::new();
            fs::write(scene.at("done/k.csv"), text).unwrap();
            scene.assert_cleared(&["done/.importer-x.part"]);
            assert_eq!(fs::read_to_string(scene.at("done/k.csv")).unwrap(), text);
        }
        // Somebody wrote into ours.
        let mut scene = Scene::new();
        scene.name();
        fs::write(scene.at("done/k.csv"), "Customers").unwrap();
        scene.copying.copy = Some(Look::at(&scene.at("done/k.csv")).unwrap());
        scene.assert_cleared(&[]);
        assert!(scene.at("done/k.csv").exists());
    }

    #[test]
    fn bytes_are_compared_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        for (text, is_same) in [("ab", true), ("a", false), ("abc", false), ("aB", false)] {
            fs::write(&one, "ab").unwrap();
            fs::write(&other, text).unwrap();
            assert_eq!(has_same_bytes(&one, &other).unwrap(), is_same, "{text}");
        }
        assert!(has_same_bytes(&one, folder.path()).is_err());
    }
}
