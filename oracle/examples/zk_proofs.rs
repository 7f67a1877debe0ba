//! Makes the proofs of topic `zk_elgamal_proof`, one `name hex` per line: `cargo run --example zk_proofs > zk_proofs.txt`.
//!
//! Proofs are random by nature and the SDK draws from the system, so they are made once and kept in a file; then every
//! run of the oracle sees the same bytes. Recording the topic again is needed after making new ones.

use bytemuck::{Pod, bytes_of};
use solana_zk_sdk::{
    encryption::{
        elgamal::{ElGamalKeypair, ElGamalPubkey},
        grouped_elgamal::GroupedElGamal,
        pedersen::{Pedersen, PedersenCommitment, PedersenOpening},
    },
    zk_elgamal_proof_program::proof_data::*,
};

/// Percentage of the fee in basis points, and what a whole is.
const RATE: u64 = 400;
const WHOLE: u64 = 10_000;

fn main() {
    ciphertexts();
    percentages();
    ranges();
    groups();
}

fn print<T: Pod>(name: &str, proof: &T) {
    let hex: String = bytes_of(proof).iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{name} {hex}");
}

fn ciphertexts() {
    let (keys, others) = (ElGamalKeypair::new_rand(), ElGamalKeypair::new_rand());
    let zero = keys.pubkey().encrypt(0u64);
    print("zero_ciphertext", &ZeroCiphertextProofData::new(&keys, &zero).expect("a proof"));

    let amount = 55u64;
    let first = keys.pubkey().encrypt(amount);
    let opening = PedersenOpening::new_rand();
    let second = others.pubkey().encrypt_with(amount, &opening);
    let equal = CiphertextCiphertextEqualityProofData::new(&keys, others.pubkey(), &first, &second, &opening, amount);
    print("ciphertext_ciphertext_equality", &equal.expect("a proof"));

    let (commitment, opening) = Pedersen::new(amount);
    let equal = CiphertextCommitmentEqualityProofData::new(&keys, &first, &commitment, &opening, amount);
    print("ciphertext_commitment_equality", &equal.expect("a proof"));

    print("pubkey_validity", &PubkeyValidityProofData::new(&keys).expect("a proof"));
}

/// A fee below the cap, of 4% of 1 rounded up to 1, and one at the cap.
fn percentages() {
    let (base, base_opening) = Pedersen::new(1u64);
    let (fee, fee_opening) = Pedersen::new(1u64);
    let delta = WHOLE - RATE;
    let delta_commitment = times(&fee, WHOLE) - times(&base, RATE);
    let delta_opening = times_opening(&fee_opening, WHOLE) - times_opening(&base_opening, RATE);
    let (claimed, claimed_opening) = Pedersen::new(delta);
    let below = PercentageWithCapProofData::new(
        &fee,
        &fee_opening,
        1,
        &delta_commitment,
        &delta_opening,
        delta,
        &claimed,
        &claimed_opening,
        3,
    );
    print("percentage_with_cap_below", &below.expect("a proof"));

    let (fee, fee_opening) = Pedersen::new(3u64);
    let (delta_commitment, delta_opening) = Pedersen::new(100u64);
    let (claimed, claimed_opening) = Pedersen::new(100u64);
    let at = PercentageWithCapProofData::new(
        &fee,
        &fee_opening,
        3,
        &delta_commitment,
        &delta_opening,
        100,
        &claimed,
        &claimed_opening,
        3,
    );
    print("percentage_with_cap_at", &at.expect("a proof"));
}

fn times(commitment: &PedersenCommitment, count: u64) -> PedersenCommitment {
    (1..count).fold(*commitment, |sum, _| sum + commitment)
}

fn times_opening(opening: &PedersenOpening, count: u64) -> PedersenOpening {
    (1..count).fold(opening.clone(), |sum, _| sum + opening)
}

macro_rules! range {
    ($name:literal, $data:ty, $bits:expr) => {{
        let bits: Vec<usize> = $bits;
        let amounts: Vec<u64> = bits.iter().map(|bits| (1u64 << (bits - 1)) | 1).collect();
        let (commitments, openings): (Vec<_>, Vec<_>) = amounts.iter().map(|amount| Pedersen::new(*amount)).unzip();
        let proof = <$data>::new(commitments.iter().collect(), amounts, bits, openings.iter().collect());
        print($name, &proof.expect("a proof"));
    }};
}

fn ranges() {
    range!("range_u64_one", BatchedRangeProofU64Data, vec![64]);
    range!("range_u64_eight", BatchedRangeProofU64Data, vec![8; 8]);
    range!("range_u64_mixed", BatchedRangeProofU64Data, vec![32, 16, 8, 8]);
    range!("range_u128_two", BatchedRangeProofU128Data, vec![64; 2]);
    range!("range_u128_eight", BatchedRangeProofU128Data, vec![16; 8]);
    range!("range_u256_four", BatchedRangeProofU256Data, vec![64; 4]);
    range!("range_u256_eight", BatchedRangeProofU256Data, vec![32; 8]);
}

fn groups() {
    let keys = [ElGamalKeypair::new_rand(), ElGamalKeypair::new_rand(), ElGamalKeypair::new_rand()];
    let [a, b, c] = keys.each_ref().map(ElGamalKeypair::pubkey);
    let two: [&ElGamalPubkey; 2] = [a, b];
    let three: [&ElGamalPubkey; 3] = [a, b, c];
    let (low, high) = (11u64, 22u64);
    let (opening, opening_high) = (PedersenOpening::new_rand(), PedersenOpening::new_rand());

    let (lo2, hi2) =
        (GroupedElGamal::encrypt_with(two, low, &opening), GroupedElGamal::encrypt_with(two, high, &opening_high));
    let proof = GroupedCiphertext2HandlesValidityProofData::new(a, b, &lo2, low, &opening);
    print("grouped_2", &proof.expect("a proof"));
    let proof =
        BatchedGroupedCiphertext2HandlesValidityProofData::new(a, b, &lo2, &hi2, low, high, &opening, &opening_high);
    print("batched_grouped_2", &proof.expect("a proof"));

    let (lo3, hi3) =
        (GroupedElGamal::encrypt_with(three, low, &opening), GroupedElGamal::encrypt_with(three, high, &opening_high));
    let proof = GroupedCiphertext3HandlesValidityProofData::new(a, b, c, &lo3, low, &opening);
    print("grouped_3", &proof.expect("a proof"));
    let proof =
        BatchedGroupedCiphertext3HandlesValidityProofData::new(a, b, c, &lo3, &hi3, low, high, &opening, &opening_high);
    print("batched_grouped_3", &proof.expect("a proof"));
}
