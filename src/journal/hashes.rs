//! Hashes of keys and bodies, keyed with the journal's secret: whoever reads the journal
//! without knowing a customer's number cannot try all numbers against it elsewhere.

use std::fmt;

use crate::outcome::{KeyHash, PayloadHash};

/// Makes the hashes of one journal. Cheap to copy, so that every thread can have its own.
#[derive(Clone)]
pub struct Hashes {
    secret: [u8; 32],
}

impl fmt::Debug for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashes(…)")
    }
}

impl Hashes {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
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
        self.hash(&[b"payload", body])
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

    #[test]
    fn a_key_has_one_hash_per_target_and_journal() {
        let hashes = Hashes::new([7; 32]);
        assert_eq!(
            hashes.key("shop", "c1"),
            Hashes::new([7; 32]).key("shop", "c1")
        );
        assert_ne!(hashes.key("shop", "c1"), hashes.key("shop", "c2"));
        assert_ne!(hashes.key("shop", "c1"), hashes.key("shopc", "1"));
        assert_ne!(
            hashes.key("shop", "c1"),
            Hashes::new([8; 32]).key("shop", "c1")
        );
    }

    #[test]
    fn a_body_is_hashed_by_its_bytes() {
        let hashes = Hashes::new([7; 32]);
        assert_eq!(hashes.payload(b"{}"), hashes.payload(b"{}"));
        assert_ne!(hashes.payload(b"{}"), hashes.payload(b"{} "));
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Hashes::new([7; 32])), "Hashes(…)");
    }
}
