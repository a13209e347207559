//! What the operating system says of files and of the network.

use std::io::{Error, ErrorKind};

use super::in_both;
use crate::outcome::Bilingual;

/// What the system says, without the number that it has for it, and without the temporary name of
/// a file that it was said of: the sentence around it names the one that is meant.
pub(crate) fn of_io(error: &Error) -> Bilingual {
    let sentence = error.to_string();
    let system = sentence.split_once(TEMPORARY).map(|(system, _)| system);
    let words = system.or(Some(&sentence)).and_then(without_number);
    // What somebody else wraps in such an error has a sentence of its own.
    let is_told = error.raw_os_error().is_some() || system.is_some() && words.is_some();
    let is_wrapped = !is_told && error.get_ref().is_some();
    let words = words.filter(|_| is_told).map(str::to_owned);
    let english = match error.kind() {
        _ if is_wrapped => sentence,
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => words.unwrap_or(sentence),
    };
    let german = match is_wrapped {
        true => None,
        false => io_fault(error.kind()).or_else(|| system_fault(&english)),
    };
    in_both(&english, german.map(str::to_owned))
}

/// What stands before the name of a temporary file that could not be made.
const TEMPORARY: &str = " at path \"";

/// The words before the system's number: `Permission denied (os error 13)`.
fn without_number(sentence: &str) -> Option<&str> {
    let (words, number) = sentence.strip_suffix(')')?.rsplit_once(" (os error ")?;
    number.parse::<i32>().ok().map(|_| words)
}

/// A kind of trouble with a file or with the network.
fn io_fault(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "die Datei oder den Ordner gibt es nicht",
        ErrorKind::PermissionDenied => "die Berechtigung dafür fehlt",
        ErrorKind::AlreadyExists => "es gibt schon etwas dieses Namens",
        ErrorKind::NotADirectory => "ein Teil des Pfads ist kein Ordner",
        ErrorKind::IsADirectory => "das ist ein Ordner",
        ErrorKind::StorageFull => "der Datenträger ist voll",
        ErrorKind::QuotaExceeded => "mehr Platz ist diesem Benutzer nicht erlaubt",
        ErrorKind::FileTooLarge => "eine so große Datei ist nicht möglich",
        ErrorKind::ReadOnlyFilesystem => "das Dateisystem ist schreibgeschützt",
        ErrorKind::InvalidFilename => "der Name ist zu lang oder hat unerlaubte Zeichen",
        ErrorKind::ResourceBusy => "das ist gerade in Gebrauch",
        ErrorKind::TimedOut => "es dauerte zu lange",
        ErrorKind::ConnectionRefused => "die Verbindung wurde abgelehnt",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "die Verbindung brach ab",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "dorthin führt kein Weg",
        ErrorKind::NetworkDown => "das Netz ist nicht da",
        ErrorKind::AddrInUse => "die Adresse ist schon in Gebrauch",
        ErrorKind::AddrNotAvailable => "diese Adresse hat der Rechner nicht",
        ErrorKind::BrokenPipe => "auf der anderen Seite liest niemand mehr",
        ErrorKind::UnexpectedEof => "die Datei hört mittendrin auf",
        ErrorKind::Unsupported => "das System kann das hier nicht",
        ErrorKind::OutOfMemory => "der Arbeitsspeicher reicht nicht",
        _ => return None,
    })
}

/// Trouble that has no kind of its own, in the words of Unix.
fn system_fault(sentence: &str) -> Option<&'static str> {
    Some(match sentence {
        "Too many open files" | "Too many open files in system" => "es sind zu viele Dateien offen",
        "Input/output error" => "der Datenträger meldet einen Fehler",
        "Exec format error" => "das ist kein ausführbares Programm",
        "Too many levels of symbolic links" => "die symbolischen Verknüpfungen führen im Kreis",
        "No such device or address" => "das Gerät dahinter gibt es nicht",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_numbers_are_not_told() {
        let of = |error: Error| {
            let told = of_io(&error);
            (told.english, told.german)
        };
        let both = |english: &str, german: &str| (english.to_owned(), german.to_owned());
        assert_eq!(
            of(ErrorKind::NotFound.into()),
            both(
                "there is no such file or folder",
                "die Datei oder den Ordner gibt es nicht"
            )
        );
        #[cfg(target_os = "linux")]
        for (number, english, german) in [
            (
                2,
                "there is no such file or folder",
                "die Datei oder den Ordner gibt es nicht",
            ),
            (13, "Permission denied", "die Berechtigung dafür fehlt"),
            (24, "Too many open files", "es sind zu viele Dateien offen"),
            (28, "No space left on device", "der Datenträger ist voll"),
            (111, "Connection refused", "die Verbindung wurde abgelehnt"),
            // One that nobody has words for stays as the system says it.
            (
                95,
                "Operation not supported",
                "das System kann das hier nicht",
            ),
            (61, "No data available", "No data available"),
        ] {
            let error = Error::from_raw_os_error(number);
            assert_eq!(of(error), both(english, german), "{number}");
        }
        // Nobody chose the name of a temporary file.
        #[cfg(target_os = "linux")]
        {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("file");
            std::fs::write(&file, "").unwrap();
            let made = |place| tempfile::Builder::new().tempfile_in(place).unwrap_err();
            let missing = "there is no such file or folder";
            let missing = both(missing, "die Datei oder den Ordner gibt es nicht");
            assert_eq!(of(made(folder.path().join("none"))), missing);
            let no_folder = both("Not a directory", "ein Teil des Pfads ist kein Ordner");
            assert_eq!(of(made(file)), no_folder);
        }
        // What was wrapped has words of its own.
        let wrapped = Error::new(ErrorKind::NotFound, "nobody is at home");
        assert_eq!(of(wrapped), both("nobody is at home", "nobody is at home"));
    }
}
