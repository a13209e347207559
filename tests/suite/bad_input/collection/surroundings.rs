//! Folders and files around a run that are not as they should be.

use super::Bad;

/// All of them.
pub(super) fn all() -> Vec<Bad> {
    let mine = || vec![("occupied", b"mine".to_vec())];
    let bad = |what, files, words, [place, wrong, help]: [&'static str; 3]| Bad {
        what,
        files,
        words,
        code: 4,
        place,
        wrong,
        help,
    };
    vec![
        bad(
            "a report folder that is a file",
            mine(),
            "kunden.csv -m map.toml --dry-run --report-dir occupied",
            [
                "occupied",
                "is a file",
                "name another folder with --report-dir",
            ],
        ),
        bad(
            "a report folder in a file",
            mine(),
            "kunden.csv -m map.toml --dry-run --report-dir occupied/reports",
            ["occupied/reports", "report", "--report-dir"],
        ),
        bad(
            "a state folder that is a file",
            mine(),
            "kunden.csv -m map.toml --base-url http://127.0.0.1:9 --state-dir occupied",
            ["occupied", "is a file", "--state-dir"],
        ),
        bad(
            "a state folder in a file",
            mine(),
            "kunden.csv -m map.toml --base-url http://127.0.0.1:9 --state-dir occupied/state",
            ["occupied/state", "state folder", "--state-dir"],
        ),
        bad(
            "bodies that would go into a folder",
            vec![("folder/a", vec![])],
            "kunden.csv -m map.toml --dry-run --payloads folder",
            [
                "`folder`",
                "is a folder, not a file",
                "another file for --payloads",
            ],
        ),
        bad(
            "settings that are not there",
            vec![],
            "kunden.csv -m map.toml --dry-run --config nowhere.toml",
            ["nowhere.toml", "cannot be read", "--config"],
        ),
    ]
}
