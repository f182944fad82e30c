//! How payloads lie under the store's keys: packed, or cut into parts. Pure; docs/log-format.md has it in words.

use bytes::Bytes;

/// Beyond this a value holds no more payloads. Measured: 64 under a key scan 15 times faster than one, more gain little.
const MAX_PACKED: usize = 64;

/// The most bytes of a value. A leaf page of sled holds up to 17 values before it is split and is written as one piece; a
/// piece above a quarter of the segment (131,020 bytes of 512 KiB) goes to a file of its own, which sled never syncs. 17
/// values of 6 KiB come to 104,448 bytes, and leave room for keys and for three more values.
const MAX_VALUE: usize = 6 * 1024;

/// The first byte of a value that holds whole payloads: then their count, then two bytes of length each, then their bytes.
const PACKED: u8 = 1;
/// The first byte of a value that holds a part of one payload: then four bytes of the payload's whole length, then bytes.
const PART: u8 = 2;

const PACKED_HEADER: usize = 2;
const LENGTH: usize = 2;
const PART_HEADER: usize = 5;
/// Every part but the last of a payload has exactly this many of its bytes.
const PART_BYTES: usize = MAX_VALUE - PART_HEADER;

const KEY: usize = 12;

/// A key of the store, and the value under it.
pub(super) type Pair = ([u8; KEY], Vec<u8>);

/// The key of a part of the payload at place `seq`: both numbers big-endian, so that keys sort as the log does.
pub(super) fn key(seq: u64, part: u32) -> [u8; KEY] {
    let mut key = [0; KEY];
    key[..8].copy_from_slice(&seq.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

/// The place in a key, none where it is not one of ours.
pub(super) fn place(key: &[u8]) -> Option<u64> {
    let key: &[u8; KEY] = key.try_into().ok()?;
    key.first_chunk().map(|seq| u64::from_be_bytes(*seq))
}

/// The pairs that hold `payloads`, whose first has the place `first`.
pub(super) fn pack(first: u64, payloads: &[Bytes]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut seq, mut rest) = (first, payloads);
    while let Some(payload) = rest.first() {
        let fitting = fitting(rest);
        let (these, those) = rest.split_at(fitting.max(1));
        if fitting == 0 {
            pairs.extend(parts(seq, payload));
        } else {
            pairs.push((key(seq, 0), packed(these)));
        }
        (seq, rest) = (seq + these.len() as u64, those);
    }
    pairs
}

/// How many of the first payloads one value holds.
fn fitting(payloads: &[Bytes]) -> usize {
    let sizes = payloads.iter().take(MAX_PACKED).scan(PACKED_HEADER, |size, payload| {
        *size += LENGTH + payload.len();
        Some(*size)
    });
    sizes.take_while(|size| *size <= MAX_VALUE).count()
}

fn packed(payloads: &[Bytes]) -> Vec<u8> {
    // Neither cast cuts anything off: fitting() lets in at most 64 payloads of at most 6 KiB.
    let mut value = vec![PACKED, payloads.len() as u8];
    for payload in payloads {
        value.extend((payload.len() as u16).to_be_bytes());
    }
    payloads.iter().for_each(|payload| value.extend_from_slice(payload));
    value
}

fn parts(seq: u64, payload: &Bytes) -> impl Iterator<Item = Pair> {
    // An append is bounded far below 4 GiB.
    let whole = (payload.len() as u32).to_be_bytes();
    (0..).zip(payload.chunks(PART_BYTES)).map(move |(part, bytes)| {
        let value = [&[PART], &whole[..], bytes].concat();
        (key(seq, part), value)
    })
}

/// What was found in place of the next payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// A key that does not follow.
    Gap {
        /// The place that should have come.
        expected: u64,
    },
    /// Bytes that no version of this program writes there.
    Undecodable {
        /// The place of the first payload concerned.
        at: u64,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gap { expected } => write!(f, "place {expected} is missing"),
            Self::Undecodable { at } => write!(f, "the bytes at place {at} do not decode"),
        }
    }
}

/// Reads pairs in the order of their keys back as payloads.
pub(super) struct Unpacker {
    next: u64,
    /// The payload being put together: its whole length, its bytes so far, and the part that comes next.
    open: Option<(usize, Vec<u8>, u32)>,
}

impl Unpacker {
    /// Expects the place `next` first.
    pub(super) fn at(next: u64) -> Self {
        Self { next, open: None }
    }

    /// Takes a pair, and gives each payload that it completes, with its place, to `emit`.
    ///
    /// # Errors
    /// [`Damage`] where the pair is not what comes next; whole payloads before it have been given out.
    pub(super) fn take(&mut self, key: &[u8], value: &[u8], emit: &mut impl FnMut(u64, &[u8])) -> Result<(), Damage> {
        let undecodable = Damage::Undecodable { at: self.next };
        let part = self.open.as_ref().map_or(0, |(_, _, part)| *part);
        if key != self::key(self.next, part) {
            return Err(if self.open.is_some() || key.len() != KEY {
                undecodable
            } else {
                Damage::Gap { expected: self.next }
            });
        }
        match value.split_first() {
            Some((&PACKED, rest)) if self.open.is_none() => self.take_packed(rest, emit).ok_or(undecodable),
            Some((&PART, rest)) => self.take_part(rest, emit).ok_or(undecodable),
            _ => Err(undecodable),
        }
    }

    fn take_packed(&mut self, value: &[u8], emit: &mut impl FnMut(u64, &[u8])) -> Option<()> {
        let (&count, rest) = value.split_first()?;
        let count = usize::from(count);
        let (lengths, mut bytes) = rest.split_at_checked(count * LENGTH)?;
        let lengths = || lengths.chunks_exact(LENGTH).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])));
        if count == 0 || count > MAX_PACKED || lengths().sum::<usize>() != bytes.len() {
            return None;
        }
        for length in lengths() {
            let (payload, rest) = bytes.split_at_checked(length)?;
            emit(self.next, payload);
            self.next += 1;
            bytes = rest;
        }
        Some(())
    }

    fn take_part(&mut self, value: &[u8], emit: &mut impl FnMut(u64, &[u8])) -> Option<()> {
        let (whole, bytes) = value.split_first_chunk::<4>()?;
        let whole = u32::from_be_bytes(*whole) as usize;
        let (expected, mut payload, part) = self.open.take().unwrap_or((whole, Vec::new(), 0));
        let missing = expected.checked_sub(payload.len())?;
        if whole != expected || bytes.is_empty() || bytes.len() != missing.min(PART_BYTES) {
            return None;
        }
        payload.extend_from_slice(bytes);
        if payload.len() == whole {
            emit(self.next, &payload);
            self.next += 1;
        } else {
            self.open = Some((whole, payload, part.checked_add(1)?));
        }
        Some(())
    }

    /// The place that would come next.
    ///
    /// # Errors
    /// [`Damage`] in the middle of a payload.
    pub(super) fn finish(self) -> Result<u64, Damage> {
        if self.open.is_some() { Err(Damage::Undecodable { at: self.next }) } else { Ok(self.next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(pairs: &[Pair]) -> Result<Vec<Vec<u8>>, Damage> {
        let mut unpacker = Unpacker::at(1);
        let mut payloads = Vec::new();
        for (key, value) in pairs {
            unpacker.take(key, value, &mut |_, payload| payloads.push(payload.to_vec()))?;
        }
        unpacker.finish()?;
        Ok(payloads)
    }

    fn sized(sizes: &[usize]) -> Vec<Bytes> {
        sizes.iter().zip(0_u8..).map(|(size, fill)| Bytes::from(vec![fill; *size])).collect()
    }

    #[test]
    fn what_is_packed_is_unpacked_around_every_bound() {
        let most = MAX_VALUE - PACKED_HEADER - LENGTH;
        let cases = [
            sized(&[]),
            sized(&[0]),
            sized(&[0; 65]),
            sized(&[most]),
            sized(&[most + 1]),
            sized(&[1, most, 1]),
            sized(&[10, PART_BYTES * 2, 10, PART_BYTES * 2 + 1, PART_BYTES * 2 - 1]),
            sized(&[6_000, 100, 42, 100, 1 << 20, 3]),
        ];
        for payloads in cases {
            let pairs = pack(1, &payloads);
            assert!(pairs.iter().all(|(_, value)| value.len() <= MAX_VALUE));
            assert!(pairs.is_sorted());
            assert_eq!(unpack(&pairs), Ok(payloads.iter().map(|payload| payload.to_vec()).collect()));
        }
    }

    #[test]
    fn the_stored_form_is_fixed() {
        let pairs = pack(258, &[Bytes::from_static(b"ab"), Bytes::from_static(b"c")]);
        let key = vec![0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0];
        assert_eq!(pairs.len(), 1);
        assert_eq!((pairs[0].0.to_vec(), pairs[0].1.clone()), (key, b"\x01\x02\x00\x02\x00\x01abc".to_vec()));

        let pairs = pack(1, &[Bytes::from(vec![7; 6_200])]);
        assert_eq!(pairs.iter().map(|(key, value)| (key[11], value.len())).collect::<Vec<_>>(), [(0, 6_144), (1, 66)]);
        assert_eq!(pairs[1].1[..6], [2, 0, 0, 0x18, 0x38, 7]);
    }

    #[test]
    fn a_pair_that_is_lost_or_changed_is_noticed() {
        let payloads = sized(&[100, 20_000, 100, 6_000, 6_000]);
        let pairs = pack(1, &payloads);
        for lost in 0..pairs.len() - 1 {
            let mut fewer = pairs.clone();
            fewer.remove(lost);
            assert!(unpack(&fewer).is_err(), "pair {lost}");
        }
        for cut in 0..pairs.len() {
            let mut shorter = pairs.clone();
            shorter[cut].1.pop();
            assert!(unpack(&shorter).is_err(), "pair {cut}");
            let mut other = pairs.clone();
            other[cut].1[0] = 9;
            assert!(unpack(&other).is_err(), "pair {cut}");
        }
        assert_eq!(unpack(&pairs[1..]), Err(Damage::Gap { expected: 1 }));
        assert_eq!(unpack(&pairs[..3]), Err(Damage::Undecodable { at: 2 }));
    }
}
