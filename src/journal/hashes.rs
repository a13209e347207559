//! Hashes of keys and bodies, keyed with the journal's secret: whoever reads the journal
//! without knowing a customer's number cannot try all numbers against it elsewhere.

use std::fmt;

use highway::{HighwayHash, HighwayHasher, Key};
use rusqlite::Row;
use rusqlite::types::Type;

use super::entry::misread;
use crate::outcome::{KeyHash, PayloadHash};

/// Makes the hashes of one journal. Cheap to copy, so that every thread can have its own.
#[derive(Clone)]
pub struct Hashes {
    secret: [u8; 32],
    body_hash: BodyHash,
}

/// How a journal hashes bodies. A body's hash is only compared with the one that the same
/// customer's body had before, never looked for among all: what counts is that it is keyed, and
/// that a body of a kilobyte costs next to nothing. With BLAKE3 bodies took 4% of an import's CPU
/// time, with HighwayHash they take half a per cent (`docs/performance.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BodyHash {
    /// The first 16 bytes of keyed BLAKE3.
    Blake3,
    /// HighwayHash of 128 bits.
    #[default]
    Highway,
}

impl BodyHash {
    const ALL: [Self; 2] = [Self::Blake3, Self::Highway];

    /// Its word in the journal.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Blake3 => "blake3",
            Self::Highway => "highway",
        }
    }

    /// What this word in a journal means.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

impl fmt::Debug for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashes(…)")
    }
}

/// Reads secret and kind from the journal's own row.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Hashes> {
    let word = row.get_ref(1)?.as_str()?;
    let body_hash = BodyHash::of_word(word)
        .ok_or_else(|| misread(1, Type::Text, format!("`{word}` is no hash that is known")))?;
    Ok(Hashes::new(row.get(0)?, body_hash))
}

impl Hashes {
    fn new(secret: [u8; 32], body_hash: BodyHash) -> Self {
        Self { secret, body_hash }
    }

    /// The hash of a normalised key in a target: the same in every run into that target.
    #[must_use]
    pub fn key(&self, target: &str, key: &str) -> KeyHash {
        // The length stands in between, so that no two pairs give the same bytes.
        let length = (target.len() as u64).to_le_bytes();
        self.hash(&[b"key", &length, target.as_bytes(), key.as_bytes()])
    }

    /// The hash of a request body.
    #[must_use]
    pub fn payload(&self, body: &[u8]) -> PayloadHash {
        match self.body_hash {
            BodyHash::Blake3 => self.hash(&[b"payload", body]),
            BodyHash::Highway => {
                let (words, _) = self.secret.as_chunks();
                let mut key = [0; 4];
                for (part, word) in key.iter_mut().zip(words) {
                    *part = u64::from_le_bytes(*word);
                }
                let [low, high] = HighwayHasher::new(Key(key)).hash128(body);
                (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
            }
        }
    }

    /// The hash of a part of what is kept of a run's reading.
    pub(super) fn part(&self, run: i64, part: u64, content: &str) -> [u8; 16] {
        let (run, part) = (run.to_le_bytes(), part.to_le_bytes());
        self.hash(&[b"reading", &run, &part, content.as_bytes()])
    }

    fn hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        for part in parts {
            hasher.update(part);
        }
        let mut first = [0; 16];
        hasher.finalize_xof().fill(&mut first);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(secret: u8) -> Hashes {
        Hashes::new([secret; 32], BodyHash::default())
    }

    #[test]
    fn a_key_has_one_hash_per_target_and_journal() {
        let ours = hashes(7);
        assert_eq!(ours.key("shop", "c1"), hashes(7).key("shop", "c1"));
        assert_ne!(ours.key("shop", "c1"), ours.key("shop", "c2"));
        assert_ne!(ours.key("shop", "c1"), ours.key("shopc", "1"));
        assert_ne!(ours.key("shop", "c1"), hashes(8).key("shop", "c1"));
    }

    #[test]
    fn a_body_is_hashed_by_its_bytes_and_with_the_secret() {
        for body_hash in BodyHash::ALL {
            let ours = Hashes::new([7; 32], body_hash);
            assert_eq!(ours.payload(b"{}"), ours.payload(b"{}"));
            assert_ne!(ours.payload(b"{}"), ours.payload(b"{} "));
            let others = Hashes::new([8; 32], body_hash);
            assert_ne!(ours.payload(b"{}"), others.payload(b"{}"));
            assert_eq!(BodyHash::of_word(body_hash.word()), Some(body_hash));
        }
        assert_eq!(BodyHash::of_word("md5"), None);
    }

    /// What stands in journals must stay comparable.
    #[test]
    fn hashes_of_bodies_stay_what_they_are() {
        let mut secret = [0; 32];
        for (byte, value) in secret.iter_mut().zip(0..) {
            *byte = value;
        }
        let body: Vec<u8> = (0..33).collect();
        let of = |body_hash| {
            let hash = Hashes::new(secret, body_hash).payload(&body);
            format!("{:032x}", u128::from_le_bytes(hash))
        };
        assert_eq!(of(BodyHash::Highway), "f958b59de5a2849d111678afe0c6c36c");
        assert_eq!(of(BodyHash::Blake3), "4d41138d4c497a5711d52c353913dd37");
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert_eq!(format!("{:?}", hashes(7)), "Hashes(…)");
    }
}
