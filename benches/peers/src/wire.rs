//! Signed legacy transactions with one signer and one instruction, as wire bytes: all that the workloads need.

use ed25519_dalek::{Signer, SigningKey};

/// A 32-byte address, key or hash.
pub type Key = [u8; 32];

/// A transaction's only instruction and the accounts around it.
pub struct Call<'a> {
    /// All keys: the payer first, then the other writable ones, then the readonly ones.
    pub keys: &'a [Key],
    /// How many of `keys`, at the end, are readonly.
    pub readonly_count: u8,
    /// Index of the program in `keys`.
    pub program: u8,
    /// Indices of the instruction's accounts in `keys`.
    pub accounts: &'a [u8],
    /// The instruction's data.
    pub data: &'a [u8],
}

impl Call<'_> {
    /// The wire bytes: signature count, signature, message.
    pub fn sign(&self, payer: &SigningKey, blockhash: &Key) -> Vec<u8> {
        let message = self.message(blockhash);
        let mut wire = vec![1];
        wire.extend_from_slice(&payer.sign(&message).to_bytes());
        wire.extend_from_slice(&message);
        wire
    }

    fn message(&self, blockhash: &Key) -> Vec<u8> {
        let mut message = vec![1, 0, self.readonly_count, length(self.keys.len())];
        message.extend(self.keys.as_flattened());
        message.extend_from_slice(blockhash);
        message.extend_from_slice(&[1, self.program, length(self.accounts.len())]);
        message.extend_from_slice(self.accounts);
        message.push(length(self.data.len()));
        message.extend_from_slice(self.data);
        message
    }
}

/// A length below 128, which the format writes as one byte.
fn length(count: usize) -> u8 {
    assert!(count < 0x80, "longer lengths take more bytes");
    count as u8
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Verifier;

    use super::*;

    #[test]
    fn layout_and_signature() {
        let payer = SigningKey::from_bytes(&[1; 32]);
        let keys = [payer.verifying_key().to_bytes(), [2; 32], [3; 32]];
        let call = Call { keys: &keys, readonly_count: 1, program: 2, accounts: &[0, 1], data: &[9; 12] };
        let wire = call.sign(&payer, &[4; 32]);
        let message = &wire[65..];
        assert_eq!(wire[0], 1);
        assert_eq!(message[..4], [1, 0, 1, 3]);
        assert_eq!(message[4..36], keys[0]);
        assert_eq!(message[100..132], [4; 32]);
        assert_eq!(message[132..138], [1, 2, 2, 0, 1, 12]);
        assert_eq!(message.len(), 138 + 12);
        let signature = wire[1..65].try_into().expect("64 bytes");
        payer.verifying_key().verify(message, &signature).expect("a valid signature");
    }
}
