//! What the members on one roll have pressed. Takes a tenth of the room once no ballot is taken any more.

use std::sync::Arc;

use super::{Choice, Stand};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// Lights that are packed one after the other, each as what differs from the one before. The more, the less room they take and the
/// longer it takes to look one up.
const BLOCK: usize = 32;

/// What one member on the roll has pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Light {
    /// Its ballot, while it has one.
    pub stand: Option<Stand>,
    /// The vote's revision when its stand last changed, by a correction too, or was first shown; 0 where it never did.
    pub changed: u64,
}

/// The lights of one roll, in its order.
#[derive(Clone, Debug)]
pub(super) struct Lights(Form);

#[derive(Clone, Debug)]
enum Form {
    Lit(Vec<Light>),
    Packed(Arc<Packed>),
}

#[derive(Debug)]
struct Packed {
    count: usize,
    /// Where each block begins.
    starts: Box<[u32]>,
    bytes: Box<[u8]>,
}

impl Lights {
    /// So many lights, none of them lit.
    pub fn dark(count: usize) -> Self {
        Self(Form::Lit(vec![Light::default(); count]))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Lit(lights) => lights.len(),
            Form::Packed(packed) => packed.count,
        }
    }

    /// The light at a place of the roll, which must be one.
    pub fn get(&self, at: usize) -> Light {
        match &self.0 {
            Form::Lit(lights) => lights[at],
            Form::Packed(packed) => packed.block(at / BLOCK)[at % BLOCK],
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Light> {
        let lit = match &self.0 {
            Form::Lit(lights) => &lights[..],
            Form::Packed(_) => &[],
        };
        let packed = match &self.0 {
            Form::Lit(_) => None,
            Form::Packed(packed) => Some(packed),
        };
        let unpacked =
            packed.into_iter().flat_map(|packed| (0..packed.starts.len()).flat_map(|block| packed.block(block)));
        lit.iter().copied().chain(unpacked.take(self.len()))
    }

    /// Changes the light at a place of the roll.
    pub(super) fn change(&mut self, at: usize, what: impl FnOnce(&mut Light)) {
        match &mut self.0 {
            Form::Lit(lights) => what(&mut lights[at]),
            Form::Packed(_) => {
                let mut lights: Vec<Light> = self.iter().collect();
                what(&mut lights[at]);
                self.0 = Form::Packed(Arc::new(Packed::new(&lights)));
            }
        }
    }

    /// Where each block of the packed form begins, and that form.
    pub(super) fn packed(&self) -> (Vec<u32>, Vec<u8>) {
        match &self.0 {
            Form::Lit(lights) => {
                let packed = Packed::new(lights);
                (packed.starts.into(), packed.bytes.into())
            }
            Form::Packed(packed) => (packed.starts.to_vec(), packed.bytes.to_vec()),
        }
    }

    /// So many lights out of that form; none where they are not in it.
    pub(super) fn restored(count: usize, starts: Vec<u32>, bytes: Vec<u8>) -> Option<Self> {
        let fits = starts.len() == count.div_ceil(BLOCK) && starts.iter().all(|start| *start as usize <= bytes.len());
        fits.then(|| Self(Form::Packed(Arc::new(Packed { count, starts: starts.into(), bytes: bytes.into() }))))
    }

    /// Unpacks them, since they change.
    pub(super) fn unpack(&mut self) {
        self.0 = Form::Lit(self.iter().collect());
    }

    /// Packs them, since few will change from now on.
    pub(super) fn pack(&mut self) {
        if let Form::Lit(lights) = &self.0 {
            self.0 = Form::Packed(Arc::new(Packed::new(lights)));
        }
    }
}

impl Packed {
    fn new(lights: &[Light]) -> Self {
        let (mut starts, mut bytes) = (Vec::new(), Vec::new());
        for block in lights.chunks(BLOCK) {
            // 20,000 lights take at most some 700 KiB.
            starts.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            let mut last = Light::default();
            for light in block {
                put(&mut bytes, light, &last);
                last = light.or(last);
            }
        }
        Self { count: lights.len(), starts: starts.into(), bytes: bytes.into() }
    }

    /// The lights of a block; where the last one is not full, dark ones follow.
    fn block(&self, block: usize) -> [Light; BLOCK] {
        let mut lights = [Light::default(); BLOCK];
        let mut bytes = &self.bytes[self.starts[block] as usize..];
        let mut last = Light::default();
        let count = (self.count - block * BLOCK).min(BLOCK);
        for light in &mut lights[..count] {
            *light = take(&mut bytes, &last);
            last = light.or(last);
        }
        lights
    }
}

impl Light {
    /// What the next light is told from: this one, and where it has no ballot the ballot before.
    fn or(&self, last: Light) -> Light {
        Light { stand: self.stand.or(last.stand), changed: self.changed }
    }

    fn numbers(&self) -> [i64; 4] {
        let (seq, time) = self.stand.map(|stand| (stand.seq, stand.record_time)).unwrap_or_default();
        [self.changed.cast_signed(), seq.get().cast_signed(), time.seconds(), time.nanos().into()]
    }
}

/// The choices that a light can show, by the number that stands for them; 0 is none.
const CHOICES: [Choice; 5] = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Present, Choice::NotVoting];

fn put(bytes: &mut Vec<u8>, light: &Light, last: &Light) {
    let shown = light.stand.and_then(|stand| CHOICES.iter().position(|choice| *choice == stand.choice));
    let code = shown.map_or(0, |at| at + 1);
    bytes.push(u8::try_from(code).unwrap_or_default());
    let differences = light.numbers().into_iter().zip(last.numbers()).map(|(now, before)| now.wrapping_sub(before));
    for difference in differences.take(if code == 0 { 1 } else { 4 }) {
        // Small differences, whether up or down, take few bytes, seven bits each.
        let mut rest = ((difference << 1) ^ (difference >> 63)).cast_unsigned();
        while rest >= 0x80 {
            bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        bytes.push(rest.to_le_bytes()[0]);
    }
}

fn take(bytes: &mut &[u8], last: &Light) -> Light {
    let mut byte = || {
        let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
        *bytes = rest;
        *first
    };
    let code = usize::from(byte());
    let choice = code.checked_sub(1).and_then(|at| CHOICES.get(at));
    let mut number = |before: i64| {
        let (mut rest, mut shift) = (0_u64, 0_u32);
        loop {
            let next = byte();
            rest |= u64::from(next & 0x7f) << shift;
            shift += 7;
            if next < 0x80 || shift >= 64 {
                break;
            }
        }
        before.wrapping_add((rest >> 1).cast_signed() ^ -(rest & 1).cast_signed())
    };
    let [changed, seq, seconds, nanos] = last.numbers();
    let changed = number(changed).cast_unsigned();
    let stand = choice.map(|choice| {
        let seq = Seq::new(number(seq).cast_unsigned());
        let (seconds, nanos) = (number(seconds), number(nanos));
        let record_time = Timestamp::new(seconds, u32::try_from(nanos).unwrap_or_default()).unwrap_or_default();
        Stand { choice: *choice, seq, record_time }
    });
    Light { stand, changed }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn light() -> impl Strategy<Value = Light> {
        let stand = (0..5_usize, any::<u64>(), Timestamp::FIRST_SECOND..=Timestamp::LAST_SECOND, 0..1_000_000_000_u32);
        let stand = stand.prop_map(|(choice, seq, seconds, nanos)| Stand {
            choice: CHOICES[choice],
            seq: Seq::new(seq),
            record_time: Timestamp::new(seconds, nanos).expect("a time of the wire"),
        });
        (prop::option::of(stand), prop_oneof![0..300_u64, any::<u64>()])
            .prop_map(|(stand, changed)| Light { stand, changed })
    }

    proptest! {
        #[test]
        fn packed_lights_are_the_lights_that_were_packed(
            lights in prop::collection::vec(light(), 0..100),
            changed in light(),
            at in any::<prop::sample::Index>(),
        ) {
            let mut expected = lights.clone();
            let mut packed = Lights(Form::Lit(lights));
            packed.pack();
            prop_assert!(matches!(packed.0, Form::Packed(_)));
            if !expected.is_empty() {
                let at = at.index(expected.len());
                packed.change(at, |light| *light = changed);
                expected[at] = changed;
            }
            prop_assert_eq!(packed.len(), expected.len());
            prop_assert_eq!(&packed.iter().collect::<Vec<_>>(), &expected);
            let each: Vec<_> = (0..expected.len()).map(|at| packed.get(at)).collect();
            prop_assert_eq!(&each, &expected);
            let (starts, bytes) = packed.packed();
            prop_assert!(Lights::restored(expected.len() + BLOCK, starts.clone(), bytes.clone()).is_none());
            let mut restored = Lights::restored(expected.len(), starts, bytes).expect("the parts of lights");
            restored.unpack();
            prop_assert!(matches!(&restored.0, Form::Lit(lights) if *lights == expected));
        }
    }

    /// Ballots as they come in a hall: one after the other, within a minute.
    #[test]
    fn a_packed_light_takes_about_ten_bytes() {
        let ballot = |at: u32| Stand {
            choice: CHOICES[at as usize % 3],
            seq: Seq::new(1_000_000 + u64::from(at * 7 % 193)),
            record_time: Timestamp::new(1_665_000_000 + i64::from(at * 7 % 60), at * 5_000_000).expect("a time"),
        };
        let lights: Vec<_> =
            (0..193).map(|at| Light { stand: Some(ballot(at)), changed: u64::from(at * 7 % 193) }).collect();
        let packed = Packed::new(&lights);
        assert!(packed.bytes.len() + 4 * packed.starts.len() < 193 * 12, "{}", packed.bytes.len());
    }
}
