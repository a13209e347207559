//! What kind of file system the state folder lies on.
//!
//! SQLite's write-ahead log needs memory that all processes share: a network file system does
//! not give it, and two computers would overwrite each other's commits. On one, or on what may
//! be one, the journal uses a rollback journal instead. Only looks; knows nothing of SQLite.

use std::path::Path;

/// Types of file systems, as Linux calls them, that a network or a virtual machine's host
/// stands behind; from the list in `man 5 filesystems`, `man 8 mount` and the kernel's
/// `Documentation/filesystems`.
const NETWORK: [&str; 29] = [
    "9p",
    "afs",
    "auristorfs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "drvfs",
    "fakeowner",
    "gfs2",
    "gpfs",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs3",
    "nfs4",
    "ocfs2",
    "orangefs",
    "prl_fs",
    "pvfs2",
    "smb2",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
    "vmhgfs",
    "webdav",
];

/// What programs in user space put over a local disk (`fuse.NAME`).
const LOCAL_FUSE: [&str; 8] = [
    "bindfs",
    "encfs",
    "exfat",
    "fuse-overlayfs",
    "gocryptfs",
    "lxcfs",
    "ntfs-3g",
    "unionfs",
];

/// The name of the network file system under the folder, which must be there; none if it is a
/// local one, or if the system does not tell.
pub(super) fn network(folder: &Path) -> Option<String> {
    #[cfg(test)]
    if pretended::is_on() {
        return Some("nfs4".to_owned());
    }
    let kind = kind_of(folder)?;
    is_network(&kind).then_some(kind)
}

/// Whether a network may stand behind this type. Unknown programs in user space count as one:
/// that costs a little speed, the opposite mistake customers.
fn is_network(kind: &str) -> bool {
    match kind.split_once('.') {
        Some(("fuse", program)) => !LOCAL_FUSE.contains(&program),
        _ => kind == "fuse" || NETWORK.contains(&kind),
    }
}

#[cfg(target_os = "linux")]
fn kind_of(folder: &Path) -> Option<String> {
    let folder = std::fs::canonicalize(folder).ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_in(&mounts, &folder)
}

/// A share is reached by a path of its own: `\\server\share`, which the full path of a folder
/// on a mapped drive begins with too.
#[cfg(windows)]
fn kind_of(folder: &Path) -> Option<String> {
    use std::path::{Component, Prefix};
    let folder = std::fs::canonicalize(folder).ok()?;
    match folder.components().next() {
        Some(Component::Prefix(prefix))
            if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)) =>
        {
            Some("smb3".to_owned())
        }
        _ => None,
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
fn kind_of(_: &Path) -> Option<String> {
    None
}

/// The type of the mount that `folder`, a path without links, lies in, by the text of
/// `/proc/self/mountinfo` (`man 5 proc_pid_mountinfo`): the longest mount point wins, and of
/// several mounts at one place the last.
#[cfg(any(target_os = "linux", test))]
fn kind_in(mounts: &str, folder: &Path) -> Option<String> {
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else {
            continue;
        };
        let Some(point) = before.split(' ').nth(4).map(unescaped) else {
            continue;
        };
        let length = point.len();
        let is_under = folder.starts_with(&point);
        if is_under && found.is_none_or(|(longest, _)| length >= longest) {
            found = after.split(' ').next().map(|kind| (length, kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

/// Blanks and backslashes in mount points are written in octal: `\040`.
#[cfg(any(target_os = "linux", test))]
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..3).filter(|_| *first == b'\\');
        let code = code.and_then(|digits| str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Tests of the journal run once more as if every folder lay on a network.
#[cfg(test)]
pub(super) mod pretended {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<bool> = const { Cell::new(false) };
    }

    pub(in crate::journal) fn is_on() -> bool {
        ON.get()
    }

    /// Does `work` on this thread as if on a network, if `on` says so.
    pub(in crate::journal) fn with<T>(on: bool, work: impl FnOnce() -> T) -> T {
        struct Back(bool);
        impl Drop for Back {
            fn drop(&mut self) {
                ON.set(self.0);
            }
        }
        let _back = Back(ON.replace(on));
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_file_systems_are_told_apart() {
        for kind in [
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "9p",
            "virtiofs",
            "vboxsf",
            "ceph",
            "fuse",
            "fuse.sshfs",
            "fuse.rclone",
            "fuse.glusterfs",
            "fuse.s3fs",
            "fuse.nobody-knows",
        ] {
            assert!(is_network(kind), "{kind}");
        }
        for kind in [
            "ext4",
            "xfs",
            "btrfs",
            "zfs",
            "tmpfs",
            "overlay",
            "vfat",
            "fuseblk",
            "apfs",
            "fuse.gocryptfs",
            "nfsd",
            "fusectl",
            "",
        ] {
            assert!(!is_network(kind), "{kind}");
        }
    }

    #[test]
    fn the_innermost_and_last_mount_counts() {
        let mounts = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw
22 21 0:20 / /proc rw - proc proc rw
40 21 0:44 / /srv/share rw,nosuid shared:9 master:2 - nfs4 files:/srv rw,vers=4.2
41 40 8:2 / /srv/share/fast rw - xfs /dev/vdb rw
42 21 0:50 / /mnt/with\\040blank\\134 rw - cifs //files/x rw
43 21 8:3 / /over rw - ext4 /dev/vdc rw
44 43 0:51 / /over rw - fuse.sshfs me@files: rw
a line of another kind
";
        let table = [
            ("/home/a", "ext4"),
            ("/srv/share", "nfs4"),
            ("/srv/share/a/b", "nfs4"),
            ("/srv/shared", "ext4"),
            ("/srv/share/fast/a", "xfs"),
            ("/mnt/with blank\\/x", "cifs"),
            ("/over/x", "fuse.sshfs"),
        ];
        for (path, kind) in table {
            assert_eq!(
                kind_in(mounts, Path::new(path)).as_deref(),
                Some(kind),
                "{path}"
            );
        }
        assert_eq!(kind_in("", Path::new("/")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_system_tells() {
        let folder = tempfile::tempdir().unwrap();
        assert!(kind_of(folder.path()).is_some());
        assert_eq!(kind_of(Path::new("/proc/self")).as_deref(), Some("proc"));
    }
}
