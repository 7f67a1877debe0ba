//! Unsigned transactions on the wire, for what does not look at signatures. Knows the format alone; the bytes are checked
//! by the parser that the benches measure.

use heddle_types::{Hash, Pubkey, ids, limits::TRANSACTION_SIZE_BYTES_MAX};

use crate::random::Random;

/// A legacy message, or a v0 message if it has lookups.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Required signatures, read-only among them, read-only among the others.
    pub header: [u8; 3],
    /// Static keys.
    pub keys: Vec<Pubkey>,
    /// Bounds the transaction's life.
    pub recent_blockhash: Hash,
    /// What is called.
    pub instructions: Vec<Instruction>,
    /// Keys from lookup tables; any makes the message v0.
    pub lookups: Vec<Lookup>,
}

/// One instruction of a [`Message`].
#[derive(Clone, Debug, Default)]
pub struct Instruction {
    /// Index of the program's key.
    pub program: u8,
    /// Indices of the accounts' keys.
    pub accounts: Vec<u8>,
    /// For the program.
    pub data: Vec<u8>,
}

/// Keys from one lookup table.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// The table.
    pub table: Pubkey,
    /// Positions in the table.
    pub writable: Vec<u8>,
    /// Positions in the table.
    pub readonly: Vec<u8>,
}

impl Message {
    /// The transaction with signatures of zeros.
    pub fn to_unsigned_wire(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(TRANSACTION_SIZE_BYTES_MAX);
        let signature_count = usize::from(self.header[0]);
        put_length(signature_count, &mut out);
        out.resize(out.len() + signature_count * 64, 0);
        if !self.lookups.is_empty() {
            out.push(0x80);
        }
        out.extend(self.header);
        put_length(self.keys.len(), &mut out);
        self.keys.iter().for_each(|key| out.extend_from_slice(key.as_ref()));
        out.extend_from_slice(self.recent_blockhash.as_ref());
        put_length(self.instructions.len(), &mut out);
        for instruction in &self.instructions {
            out.push(instruction.program);
            put_bytes(&instruction.accounts, &mut out);
            put_bytes(&instruction.data, &mut out);
        }
        if !self.lookups.is_empty() {
            put_length(self.lookups.len(), &mut out);
        }
        for lookup in &self.lookups {
            out.extend_from_slice(lookup.table.as_ref());
            put_bytes(&lookup.writable, &mut out);
            put_bytes(&lookup.readonly, &mut out);
        }
        out
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A compact-u16: seven bits a byte, the lowest first.
fn put_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// A system transfer.
pub fn transfer(from: Pubkey, to: Pubkey, lamports: u64, recent_blockhash: Hash) -> Vec<u8> {
    let data = [&2u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    Message {
        header: [1, 0, 1],
        keys: vec![from, to, ids::system_program::ID],
        recent_blockhash,
        instructions: vec![Instruction { program: 2, accounts: vec![0, 1], data }],
        lookups: Vec::new(),
    }
    .to_unsigned_wire()
}

/// A transfer through the token program: owner, source, destination.
pub fn token_transfer() -> Vec<u8> {
    let mut random = Random::new(1);
    let data = [&[3][..], &7u64.to_le_bytes()].concat();
    Message {
        header: [1, 0, 1],
        keys: vec![random.pubkey(), random.pubkey(), random.pubkey(), heddle_programs::ids::TOKEN],
        recent_blockhash: Hash::new_from_array([7; 32]),
        instructions: vec![Instruction { program: 3, accounts: vec![1, 2, 0], data }],
        lookups: Vec::new(),
    }
    .to_unsigned_wire()
}

/// A v0 transaction as a swap through two lookup tables has it: 6 static keys, 18 looked up, 4 instructions.
pub fn with_lookups() -> Vec<u8> {
    let mut random = Random::new(2);
    let swap = Instruction { program: 3, accounts: (0..24).collect(), data: vec![9; 40] };
    let token = Instruction { program: 4, accounts: vec![1, 2, 0], data: vec![3; 9] };
    let budget = Instruction { program: 5, accounts: Vec::new(), data: vec![2, 0, 0, 0, 1] };
    Message {
        header: [1, 0, 3],
        keys: (0..6).map(|_| random.pubkey()).collect(),
        recent_blockhash: Hash::new_from_array([7; 32]),
        instructions: vec![budget.clone(), budget, swap, token],
        lookups: (0..2)
            .map(|_| Lookup { table: random.pubkey(), writable: (0..6).collect(), readonly: (10..13).collect() })
            .collect(),
    }
    .to_unsigned_wire()
}

/// The largest legacy transaction, 1232 bytes: 4 signatures, 24 keys, 5 instructions, the rest data.
pub fn largest() -> Vec<u8> {
    let mut random = Random::new(3);
    let call = |data_bytes: usize| Instruction { program: 23, accounts: (0..8).collect(), data: vec![5; data_bytes] };
    let mut message = Message {
        header: [4, 1, 4],
        keys: (0..24).map(|_| random.pubkey()).collect(),
        recent_blockhash: Hash::new_from_array([7; 32]),
        instructions: vec![call(8); 5],
        lookups: Vec::new(),
    };
    let missing = TRANSACTION_SIZE_BYTES_MAX - message.to_unsigned_wire().len();
    message.instructions[0] = call(8 + missing);
    message.to_unsigned_wire()
}

#[cfg(test)]
mod tests {
    use heddle_types::SanitizedTransaction;

    use super::*;

    #[test]
    fn the_parser_takes_every_sample() {
        let mut random = Random::new(4);
        let transfer = transfer(random.pubkey(), random.pubkey(), 1, Hash::default());
        for (bytes, keys, instructions) in
            [(transfer, 3, 1), (token_transfer(), 4, 1), (with_lookups(), 24, 4), (largest(), 24, 5)]
        {
            let parsed = SanitizedTransaction::parse(&bytes).expect("a transaction");
            assert_eq!((parsed.total_key_count(), parsed.instruction_count()), (keys, instructions));
        }
        assert_eq!(largest().len(), TRANSACTION_SIZE_BYTES_MAX);
    }
}
