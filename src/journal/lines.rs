//! Files beside the journal that grow by lines of JSON, each of which outlasts a kill and a power
//! cut once it is written.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Adds a line to the file, which is made for its owner alone, and its folder too, if it is not
/// there.
///
/// # Errors
/// If it cannot be written.
pub fn add_line(path: &Path, line: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(folder)?;
    let is_new = !path.exists();
    // What was cut off before it must not spoil this line.
    let mut bytes = vec![b'\n'];
    serde_json::to_writer(&mut bytes, line)?;
    let mut file = options.open(path)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    if cfg!(unix) && is_new {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The lines of the file; none, if it is not there; and whether there is also what nobody can have
/// written there: a kill leaves lines that were cut off, and nothing else.
///
/// # Errors
/// If it cannot be read.
pub fn lines<T: DeserializeOwned>(path: &Path) -> io::Result<(Vec<T>, bool)> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let (mut lines, mut is_damaged) = (Vec::new(), false);
    for line in bytes.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(line) => lines.push(line),
            Err(error) => is_damaged |= !error.is_eof(),
        }
    }
    Ok((lines, is_damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file");
        assert_eq!(lines::<u32>(&path).unwrap().0, [0_u32; 0]);
        add_line(&path, &"one").unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"\n\"tw").unwrap();
        add_line(&path, &"three").unwrap();
        let (found, is_damaged) = lines::<String>(&path).unwrap();
        assert_eq!((found.len(), is_damaged), (2, false));
        assert_eq!(found, ["one", "three"]);
        file.write_all(b"\n\0\0\n\"four\"").unwrap();
        let (found, is_damaged) = lines::<String>(&path).unwrap();
        assert_eq!((found.len(), is_damaged), (3, true));
        assert!(lines::<String>(folder.path()).is_err());
    }
}
