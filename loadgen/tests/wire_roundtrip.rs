//! Our encoder against the workspace's parser, which share no code.

use heddle_loadgen::{BlockRange, Generator, Workload, WorkloadConfig, token_layout::TOKEN_PROGRAM_ID};
use heddle_types::{
    Hash, TransactionVersion, TransactionView, ids::system_program, limits::TRANSACTION_SIZE_BYTES_MAX,
};

#[test]
fn the_parser_reads_what_the_generator_writes() {
    let config = WorkloadConfig { workload: Workload::Mixed, accounts: 50, block_size: 300, ..Default::default() };
    let generator = Generator::new(config, 1, &|_| {}).unwrap();
    let range = BlockRange::new(&config, 0, 300).unwrap();
    let blockhash = Hash::new_from_array([7; 32]);
    let block = generator.sign_block(&range, 0, blockhash);
    let mut programs = [0, 0];
    for wire in block.transactions() {
        assert!(wire.len() <= TRANSACTION_SIZE_BYTES_MAX);
        let view = TransactionView::parse(wire).unwrap();
        assert_eq!(view.version(), TransactionVersion::Legacy);
        assert_eq!(*view.recent_blockhash(), blockhash);
        assert_eq!(view.signatures().as_flattened(), &wire[1..65]);
        assert_eq!(view.message_bytes(), &wire[65..]);
        let keys = view.static_keys();
        assert!(generator.public_keys().contains(&keys[0]));

        let instructions: Vec<_> = view.instructions().collect();
        let [instruction] = &instructions[..] else { panic!("{} instructions", instructions.len()) };
        let program = usize::from(instruction.program_index);
        let (accounts, data_size_bytes) = match keys[program] {
            system_program::ID => (&[0, 1][..], 12),
            TOKEN_PROGRAM_ID => (&[1, 2, 0][..], 9),
            other => panic!("{other} is no program of ours"),
        };
        programs[accounts.len() - 2] += 1;
        assert_eq!((instruction.account_indices, instruction.data.len()), (accounts, data_size_bytes));
        for index in 0..keys.len() {
            assert_eq!((view.is_signer(index), view.is_writable_declared(index)), (index == 0, index != program));
        }
    }
    assert!(programs.iter().all(|&count| count > 50), "{programs:?}");
}
