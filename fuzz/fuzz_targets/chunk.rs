//! Pairs under the store's keys: any are read without a panic, what is packed is unpacked, and a pair that is lost is
//! noticed.
#![no_main]
#![allow(dead_code, clippy::unwrap_used, reason = "the module has more than is used here; a target fails loudly")]

use bytes::Bytes;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

#[path = "../../src/log/chunk.rs"]
mod chunk;

use chunk::{Damage, Pair, Unpacker};

const MAX_VALUE: usize = 6 * 1024;

fn unpack(first: u64, pairs: &[Pair]) -> std::result::Result<Vec<Vec<u8>>, Damage> {
    let mut unpacker = Unpacker::at(first);
    let mut payloads = Vec::new();
    let mut frames = 0;
    for (key, value) in pairs {
        let before = payloads.len();
        unpacker.take(key, value, &mut |seq, payload| {
            assert_eq!(seq, first + payloads.len() as u64);
            payloads.push(payload.to_vec());
        })?;
        frames += if value[0] == 1 { 2 + 2 * (payloads.len() - before) } else { 5 };
    }
    assert_eq!(unpacker.finish()?, first + payloads.len() as u64);
    let stored: usize = pairs.iter().map(|(_, value)| value.len()).sum();
    assert_eq!(payloads.iter().map(Vec::len).sum::<usize>() + frames, stored, "bytes are left over");
    Ok(payloads)
}

/// Payloads of any sizes, above all around the bounds.
fn payloads(u: &mut Unstructured) -> Result<Vec<Bytes>> {
    let mut made = Vec::new();
    while !u.is_empty() && made.len() < 300 {
        let size = match u.int_in_range(0..=5)? {
            0 => u.int_in_range(6_100..=6_180)?,
            1 => u.int_in_range(12_200..=12_300)?,
            2 => u.int_in_range(0..=30_000)?,
            _ => u.int_in_range(0..=200)?,
        };
        made.push(vec![u.arbitrary()?; size].into());
    }
    Ok(made)
}

/// Pairs as damage may leave them: keys that follow and others, values with the right first byte and others.
fn pairs(u: &mut Unstructured) -> Result<Vec<Pair>> {
    let mut made = Vec::new();
    let (mut seq, mut part) = (1, 0);
    while !u.is_empty() {
        let key = if u.ratio(1, 16)? { u.arbitrary()? } else { chunk::key(seq, part) };
        let mut value: Vec<u8> = match u.int_in_range(0..=7)? {
            0..=3 => {
                let lengths: Vec<u16> =
                    (0..u.int_in_range(0..=4)?).map(|_| u.int_in_range(0..=9)).collect::<Result<_>>()?;
                seq += lengths.len() as u64;
                let bytes = lengths.iter().map(|length| usize::from(*length)).sum();
                let count = u8::try_from(lengths.len()).unwrap();
                let header = [1, count].into_iter().chain(lengths.iter().flat_map(|length| length.to_be_bytes()));
                header.chain(std::iter::repeat_n(7, bytes)).collect()
            }
            4..=6 => {
                let (whole, have): (u32, usize) = (u.int_in_range(0..=13_000)?, u.int_in_range(0..=6_140)?);
                part = if u.arbitrary()? { part + 1 } else { 0 };
                seq += u64::from(part == 0);
                [&[2], &whole.to_be_bytes()[..], &vec![9; have]].concat()
            }
            _ => u.arbitrary()?,
        };
        if u.ratio(1, 16)? && !value.is_empty() {
            let at = u.choose_index(value.len())?;
            value[at] = u.arbitrary()?;
        }
        made.push((key, value));
    }
    Ok(made)
}

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    if u.arbitrary().unwrap_or(true) {
        let Ok(pairs) = pairs(&mut u) else { return };
        if let Ok(found) = unpack(1, &pairs) {
            let found: Vec<_> = found.into_iter().map(Bytes::from).collect();
            assert!(unpack(1, &chunk::pack(1, &found)).unwrap().iter().eq(found.iter()));
        }
        return;
    }
    let first = u.int_in_range(1..=u64::MAX / 2).unwrap_or(1);
    let lost = u.arbitrary::<usize>().unwrap_or(0);
    let Ok(payloads) = payloads(&mut u) else { return };
    let mut pairs = chunk::pack(first, &payloads);
    assert!(pairs.is_sorted_by_key(|(key, _)| *key));
    assert!(pairs.iter().all(|(key, value)| value.len() <= MAX_VALUE && chunk::place(key) >= Some(first)));
    assert!(unpack(first, &pairs).unwrap().iter().eq(payloads.iter()));
    if pairs.len() > 1 {
        pairs.remove(lost % (pairs.len() - 1));
        assert!(unpack(first, &pairs).is_err(), "a pair is missing, and nothing is noticed");
    }
});
