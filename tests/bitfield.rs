//! Bitfields against a plain list of booleans, in memory and on the wire.

use crate::common::random;

use jam::swarm::bitfield::Bitfield;
use random::{Random, for_each_seed};

/// What a bitfield should be.
fn of(bools: &[bool]) -> Bitfield {
    let mut bitfield = Bitfield::new(bools.len() as u32);
    for (index, _) in (0..).zip(bools).filter(|(_, held)| **held) {
        assert!(bitfield.set(index), "newly");
    }
    bitfield
}

fn places(bools: &[bool], held: bool) -> Vec<u32> {
    (0..)
        .zip(bools)
        .filter(|(_, is)| **is == held)
        .map(|(index, _)| index)
        .collect()
}

fn check(bitfield: &Bitfield, bools: &[bool]) {
    let count = bools.len() as u32;
    let (ones, zeros) = (places(bools, true), places(bools, false));
    assert_eq!((bitfield.len(), bitfield.is_empty()), (count, count == 0));
    assert_eq!(bitfield.count_ones() as usize, ones.len());
    assert_eq!(bitfield.is_full(), zeros.is_empty());
    assert_eq!(bitfield.iter_ones().collect::<Vec<_>>(), ones);
    assert_eq!(bitfield.iter_zeros().collect::<Vec<_>>(), zeros);
    for index in 0..count + 130 {
        let held = bools.get(index as usize).copied();
        assert_eq!(bitfield.get(index), held.unwrap_or(false), "{index}");
        let next = zeros.iter().copied().find(|&zero| zero >= index);
        assert_eq!(bitfield.next_zero(index), next, "from {index} of {count}");
    }
    assert!(!bitfield.get(u32::MAX));
    assert_eq!(bitfield.next_zero(u32::MAX), None);
    assert_eq!(bitfield.words().len(), bools.len().div_ceil(64));
    for (place, word) in bitfield.words().iter().enumerate() {
        for bit in 0..64 {
            let held = bools.get(place * 64 + bit).copied().unwrap_or(false);
            assert_eq!(word >> bit & 1 == 1, held, "bit {bit} of word {place}");
        }
    }
}

fn on_the_wire(bools: &[bool]) -> Vec<u8> {
    let mut bytes = vec![0; bools.len().div_ceil(8)];
    for (index, _) in bools.iter().enumerate().filter(|(_, held)| **held) {
        bytes[index / 8] |= 0x80 >> (index % 8);
    }
    bytes
}

fn some_bools(random: &mut Random, count: usize) -> Vec<bool> {
    let zeros_in = 1 + random.below(40);
    let mostly = random.one_in(2);
    (0..count)
        .map(|_| random.one_in(zeros_in) != mostly)
        .collect()
}

#[test]
fn a_bitfield_of_any_length_is_what_a_list_of_booleans_is() {
    for_each_seed(3, |random| {
        for count in 0..=200 {
            check(&Bitfield::new(count as u32), &vec![false; count]);
            check(&Bitfield::full(count as u32), &vec![true; count]);
            let bools = some_bools(random, count);
            check(&of(&bools), &bools);
            assert_eq!(of(&vec![true; count]), Bitfield::full(count as u32));
        }
    });
}

#[test]
fn setting_twice_is_new_once() {
    let mut bitfield = Bitfield::new(100);
    assert!(bitfield.set(99));
    assert!(!bitfield.set(99));
    assert_eq!(bitfield.count_ones(), 1);
}

#[test]
#[should_panic(expected = "bug: no chunk 100 of 100")]
fn setting_a_chunk_that_does_not_exist_is_a_bug() {
    // There would be room for it in the last word.
    Bitfield::new(100).set(100);
}

#[test]
fn on_the_wire_the_highest_bit_of_the_first_byte_is_chunk_0() {
    let mut bitfield = Bitfield::new(20);
    for index in [0, 1, 9, 19] {
        bitfield.set(index);
    }
    assert_eq!(bitfield.to_bytes(), [0b1100_0000, 0b0100_0000, 0b0001_0000]);
}

#[test]
fn bytes_of_the_wire_come_back_as_they_went() {
    for_each_seed(3, |random| {
        for count in 0..=200 {
            let bools = some_bools(random, count);
            let bytes = on_the_wire(&bools);
            assert_eq!(of(&bools).to_bytes(), bytes);
            let back = Bitfield::from_bytes(count as u32, &bytes).expect("a bitfield");
            assert_eq!(back, of(&bools));
            check(&back, &bools);
        }
    });
}

#[test]
fn spare_bits_and_other_lengths_are_refused() {
    for count in 0_u32..=200 {
        let bytes = Bitfield::full(count).to_bytes();
        assert!(Bitfield::from_bytes(count, &bytes).is_some());
        assert_eq!(
            Bitfield::from_bytes(count, &[&bytes[..], &[0]].concat()),
            None
        );
        if let Some((_, shorter)) = bytes.split_last() {
            assert_eq!(Bitfield::from_bytes(count, shorter), None);
        }
        for spare in count..count.next_multiple_of(8) {
            let mut bytes = bytes.clone();
            bytes[spare as usize / 8] |= 0x80 >> (spare % 8);
            assert_eq!(
                Bitfield::from_bytes(count, &bytes),
                None,
                "{spare} of {count}"
            );
        }
    }
}

#[test]
fn any_bytes_are_refused_or_come_back_the_same() {
    for_each_seed(2000, |random| {
        let count = random.below(100) as u32;
        let length = random.below(14);
        let bytes = random.bytes(length);
        if let Some(bitfield) = Bitfield::from_bytes(count, &bytes) {
            assert_eq!(bitfield.to_bytes(), bytes);
            assert_eq!(bitfield.iter_ones().count() as u32, bitfield.count_ones());
        }
    });
}
