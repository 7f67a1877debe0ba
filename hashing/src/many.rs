//! Hashes of many inputs.

use crate::compression::CHUNK_BYTES;
use crate::instructions::Instructions;
use crate::queue::{INPUTS_MAX, Queue};

/// The BLAKE3 hash of each input, in order.
///
/// # Panics
/// If `out` is not as long as `inputs`.
pub fn hash_many(inputs: &[&[u8]], out: &mut [[u8; 32]]) {
    hash_many_prefixed(&[], inputs, out);
}

/// The BLAKE3 hash of `prefix` followed by each input, in order.
///
/// # Panics
/// If `out` is not as long as `inputs`.
pub fn hash_many_prefixed(prefix: &[u8], inputs: &[&[u8]], out: &mut [[u8; 32]]) {
    hash_many_with(Instructions::widest(), prefix, inputs, out);
}

fn hash_many_with(instructions: Instructions, prefix: &[u8], inputs: &[&[u8]], out: &mut [[u8; 32]]) {
    assert_eq!(inputs.len(), out.len(), "as many hashes as inputs");
    let mut queue = Queue::new();
    for (index, input) in inputs.iter().enumerate() {
        if prefix.len() + input.len() > CHUNK_BYTES {
            let mut hasher = blake3::Hasher::new();
            hasher.update(prefix).update(input);
            out[index] = hasher.finalize().into();
            continue;
        }
        if !queue.has_room() {
            flush(instructions, &mut queue, out);
        }
        queue.push(&[prefix, input], index as u32);
    }
    flush(instructions, &mut queue, out);
}

/// Hashes what is queued; the tags are places in `out`.
fn flush(instructions: Instructions, queue: &mut Queue, out: &mut [[u8; 32]]) {
    let mut values = [[0; 8]; INPUTS_MAX];
    instructions.chain(queue, true, &mut values);
    for (input, value) in queue.inputs().iter().zip(&values) {
        for (bytes, word) in out[input.tag as usize].as_chunks_mut().0.iter_mut().zip(value) {
            *bytes = word.to_le_bytes();
        }
    }
    queue.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(prefix: &[u8], inputs: &[&[u8]]) {
        let expected: Vec<[u8; 32]> =
            inputs.iter().map(|input| blake3::hash(&[prefix, input].concat()).into()).collect();
        for instructions in Instructions::available() {
            let mut out = vec![[0; 32]; inputs.len()];
            hash_many_with(instructions, prefix, inputs, &mut out);
            assert_eq!(out, expected, "{instructions:?}, prefix of {} bytes", prefix.len());
        }
    }

    fn bytes(size_bytes: usize, seed: usize) -> Vec<u8> {
        (0..size_bytes).map(|at| (at * 31 + seed * 17 + at / 251) as u8).collect()
    }

    #[test]
    fn every_length_alone_and_together() {
        let inputs: Vec<_> = (0..=1100).map(|size_bytes| bytes(size_bytes, size_bytes)).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        for input in &inputs {
            check(&[], &[input]);
        }
        check(&[], &inputs);
        check(b"a prefix", &inputs);
        check(&[], &[]);
    }

    #[test]
    fn every_batch_size() {
        let inputs: Vec<_> = (0..150).map(|seed| bytes(170, seed)).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        for count in 0..inputs.len() {
            check(&[], &inputs[..count]);
        }
    }

    proptest! {
        #[test]
        fn mixed_lengths(
            prefix in prop::collection::vec(any::<u8>(), 0..100),
            inputs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1300), 0..100),
        ) {
            let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
            check(&prefix, &inputs);
        }
    }
}
