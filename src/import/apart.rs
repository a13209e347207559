//! Hashes that tell texts apart within one process only, and fast.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use siphasher::sip128::SipHasher13;

use super::survey::Hashing;
use crate::outcome::{KeyHash, PayloadHash};

/// Makes such hashes, with a secret of its own. Cheap to copy, so that every thread can have its
/// own.
///
/// SipHash-1-3 with 128 bits is no cryptographic hash, but a keyed one: whoever does not know
/// the secret, which never leaves the process, cannot craft a file whose texts collide, and by
/// chance two of a billion texts do so once in 10^20 files. The hashes lie in temporary files
/// for a while and tell nothing there without the secret.
#[derive(Clone, Copy)]
pub(super) struct Apart(SipHasher13);

impl fmt::Debug for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Apart(…)")
    }
}

impl Apart {
    /// With a new secret.
    pub(super) fn new() -> Self {
        // The standard library's keys come from the system's randomness.
        let random = RandomState::new();
        Self(SipHasher13::new_with_keys(
            random.hash_one("first"),
            random.hash_one("second"),
        ))
    }

    /// The same for the same text, and another one for every other text.
    pub(super) fn hash(&self, text: impl AsRef<[u8]>) -> [u8; 16] {
        u128::from(self.0.hash(text.as_ref())).to_be_bytes()
    }
}

impl Hashing for Apart {
    fn key(&self, key: &str) -> KeyHash {
        self.hash(key)
    }

    fn payload(&self, _body: &[u8]) -> PayloadHash {
        // Nothing is compared with earlier payloads where there is no journal.
        [0; 16]
    }

    fn compares_payloads(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_hash_per_secret() {
        let apart = Apart::new();
        let copy = apart;
        assert_eq!(apart.hash("c1"), copy.hash("c1"));
        assert_ne!(apart.hash("c1"), apart.hash("c2"));
        assert_ne!(apart.hash(""), apart.hash("\0"));
        assert_ne!(apart.hash("c1"), Apart::new().hash("c1"));
    }

    #[test]
    fn all_bits_of_a_hash_differ_between_texts() {
        let apart = Apart::new();
        let mut ones = [0_u8; 16];
        let mut zeros = [0_u8; 16];
        for number in 0..200 {
            for ((one, zero), byte) in ones
                .iter_mut()
                .zip(&mut zeros)
                .zip(apart.hash(format!("c{number}")))
            {
                *one |= byte;
                *zero |= !byte;
            }
        }
        assert_eq!((ones, zeros), ([0xff; 16], [0xff; 16]));
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Apart::new()), "Apart(…)");
    }
}
