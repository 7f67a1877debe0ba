//! Proof that the owner of a BLS key has its secret: a signature of the key itself, bound to the vote account (SIMD-0387).
//!
//! Keys are points of BLS12-381's first group, signatures of its second, both compressed. Message and domain:
//! crate `solana-vote-program` 4.2.2 (`generate_pop_message`) and `solana-bls-signatures` 3.3.

use blst::{
    BLST_ERROR, Pairing, blst_p1_affine, blst_p2_affine,
    min_pk::{PublicKey, Signature},
};
use heddle_types::Pubkey;

use super::instruction::BlsKey;

/// Keeps proofs apart from signatures of anything else.
const DOMAIN: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/// What the message begins with; the vote account and the key follow.
const LABEL: &[u8] = b"ALPENGLOW";

/// Whether the proof stands for the key, on behalf of the vote account `vote_key`.
pub(super) fn is_proven(key: &BlsKey, vote_key: &Pubkey) -> bool {
    verify(key, vote_key).is_some_and(|is_valid| is_valid)
}

/// `None` if key or proof are no points of their groups.
fn verify(key: &BlsKey, vote_key: &Pubkey) -> Option<bool> {
    let pubkey: blst_p1_affine = PublicKey::uncompress(&key.pubkey).ok()?.into();
    let proof: blst_p2_affine = Signature::uncompress(&key.proof).ok()?.into();
    let message = [LABEL, vote_key.as_ref(), &key.pubkey].concat();
    // The pairing itself, because `Signature::verify` would do the same on a thread of its own.
    let mut pairing = Pairing::new(true, DOMAIN);
    let (is_key_checked, is_proof_checked) = (true, true);
    let status = pairing.aggregate(&pubkey, is_key_checked, &proof, is_proof_checked, &message, &[]);
    pairing.commit();
    Some(status == BLST_ERROR::BLST_SUCCESS && pairing.finalverify(None))
}

#[cfg(test)]
mod tests {
    use blst::min_pk::SecretKey;

    use super::*;

    fn proven_for(vote_key: &Pubkey) -> BlsKey {
        let secret = SecretKey::key_gen(&[7; 32], &[]).expect("enough key material");
        let pubkey = secret.sk_to_pk().compress();
        let message = [LABEL, vote_key.as_ref(), &pubkey].concat();
        BlsKey { pubkey, proof: secret.sign(&message, DOMAIN, &[]).compress() }
    }

    #[test]
    fn a_proof_holds_for_its_key_and_account() {
        let (ours, other) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let key = proven_for(&ours);
        assert!(is_proven(&key, &ours));
        assert!(!is_proven(&key, &other));
        for index in [0, 1, 47] {
            let mut forged = key;
            forged.pubkey[index] ^= 1;
            assert!(!is_proven(&forged, &ours));
        }
        for index in [0, 1, 95] {
            let mut forged = key;
            forged.proof[index] ^= 1;
            assert!(!is_proven(&forged, &ours));
        }
    }

    #[test]
    fn infinity_proves_nothing() {
        let mut key = BlsKey { pubkey: [0; 48], proof: [0; 96] };
        let vote_key = Pubkey::new_from_array([1; 32]);
        assert!(!is_proven(&key, &vote_key));
        key.pubkey[0] = 0xc0;
        key.proof[0] = 0xc0;
        assert!(!is_proven(&key, &vote_key));
        key.pubkey = proven_for(&vote_key).pubkey;
        assert!(!is_proven(&key, &vote_key));
    }
}
