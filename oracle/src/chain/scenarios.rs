//! The chains.

use super::{Chain, blockhash};
use crate::{
    case::{Case, Expect, SOL, address, instruction, r, system_account, w, ws},
    environment::Environment,
    topics::{
        loader_v3::fixtures as loader,
        system::{NONCE_SPACE, advance, transfer},
    },
};
use solana_address::Address;
use solana_address_lookup_table_interface::instruction as table;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_nonce::state::DurableNonce;
use solana_sdk_ids::{compute_budget, incinerator, system_program, sysvar};

use Expect::{Anything, Failure, Rejection, Success};

/// All of them.
pub fn chains(environment: &Environment) -> Vec<Chain> {
    vec![
        fees(environment),
        ages(environment),
        order(environment),
        nonces(environment),
        clock(environment),
        programs(environment),
        tables(environment),
    ]
}

fn price(micro_lamports: u64) -> Instruction {
    instruction(compute_budget::ID, vec![], [&[3], micro_lamports.to_le_bytes().as_slice()].concat())
}

fn pay(lamports: u64) -> Instruction {
    transfer("payer", "receiver", lamports)
}

/// Fees of successes and failures go to the collector when the block ends; where they cannot, they are burned.
fn fees(environment: &Environment) -> Chain {
    let genesis = blockhash(environment, 0);
    let send =
        |case: Case, expect, instructions: &[Instruction]| case.legacy_at(expect, genesis, &["payer"], instructions);
    let minimum = environment.exempt(0);
    let foreign = loader::uninitialized(environment, 10);
    Chain::new("fees")
        .lamports("receiver", SOL)
        .lamports("poor collector", 1_000)
        .account(address("foreign collector"), foreign)
        .block(environment, 1, |case| {
            let case = send(case, Success, &[pay(1)]);
            let case = send(case, Success, &[price(1_000_001), pay(2)]);
            let case = send(case, Failure, &[price(7), pay(1_000 * SOL)]);
            // It sees nothing of the fees before it.
            case.legacy_at(Failure, genesis, &["collector"], &[transfer("collector", "receiver", SOL)])
        })
        // A collector that does not exist and gets too little to.
        .block_of(environment, 2, "new collector", |case| send(case, Success, &[pay(3)]))
        .block_of(environment, 3, "new collector", |case| send(case, Success, &[price(minimum * 200), pay(4)]))
        .block_of(environment, 4, "new collector", |case| send(case, Success, &[pay(5)]))
        .block_of(environment, 5, "poor collector", |case| send(case, Success, &[pay(6)]))
        .block_of(environment, 6, "foreign collector", |case| send(case, Success, &[pay(7)]))
        .block_for(environment, 7, sysvar::clock::ID, |case| send(case, Success, &[pay(8)]))
        .block_for(environment, 8, Address::from_str_const("SysvarS1otHistory11111111111111111111111111"), |case| {
            send(case, Success, &[price(minimum * 200), pay(9)])
        })
        .block_for(environment, 9, incinerator::ID, |case| send(case, Success, &[pay(10)]))
        // The payer collects; the collector pays.
        .block_of(environment, 10, "payer", |case| send(case, Success, &[pay(11)]))
        .block(environment, 11, |case| {
            case.legacy_at(Success, genesis, &["collector"], &[transfer("collector", "receiver", 5)])
        })
        // What the incinerator gets is gone at the end of the block, and within it can be seen.
        .block(environment, 12, |case| {
            let burn = |lamports: u64| {
                let data = [&[2, 0, 0, 0], lamports.to_le_bytes().as_slice()].concat();
                instruction(system_program::ID, vec![ws(address("payer")), w(incinerator::ID)], data)
            };
            let case = send(case, Success, &[burn(SOL)]);
            let case = send(case, Success, &[burn(1)]);
            send(case, Failure, &[burn(1_000 * SOL)])
        })
        .empty(environment, [13, 14])
}

/// Blockhashes age by blocks, not slots; nothing is processed twice.
fn ages(environment: &Environment) -> Chain {
    let at = |case: Case, expect, slot, lamports| {
        case.legacy_at(expect, blockhash(environment, slot), &["payer"], &[pay(lamports)])
    };
    let mut chain = Chain::new("ages")
        .lamports("receiver", SOL)
        .block(environment, 3, |case| {
            let case = at(case, Success, 0, 1);
            let case = at(case, Rejection, 0, 1);
            // Its own blockhash is not yet one.
            at(case, Rejection, 3, 2)
        })
        .block(environment, 4, |case| {
            let case = at(case, Rejection, 0, 1);
            let case = at(case, Success, 3, 1);
            // Failed ones are not processed again either.
            let case = case.legacy_at(Failure, blockhash(environment, 3), &["payer"], &[pay(1_000 * SOL)]);
            case.again(Rejection)
        })
        .block(environment, 7, |case| {
            let case = at(case, Rejection, 3, 1);
            case.legacy_at(Rejection, blockhash(environment, 3), &["payer"], &[pay(1_000 * SOL)])
        });
    // Blocks 4 to 150, with gaps.
    chain = chain.empty(environment, (4..=150).map(|height| height * 3));
    chain
        .block(environment, 500, |case| {
            // Genesis's blockhash has age 150.
            let case = at(case, Rejection, 0, 1);
            at(case, Success, 0, 3)
        })
        .block(environment, 501, |case| {
            let case = at(case, Rejection, 0, 1);
            let case = at(case, Rejection, 0, 3);
            let case = at(case, Rejection, 0, 4);
            let case = at(case, Rejection, 3, 1);
            at(case, Success, 3, 5)
        })
        .block(environment, 502, |case| {
            let case = at(case, Rejection, 3, 6);
            at(case, Success, 4, 6)
        })
}

/// Conflicting transactions of a block run in its order.
fn order(environment: &Environment) -> Chain {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let genesis = blockhash(environment, 0);
    let mut chain = Chain::new("order");
    for name in NAMES {
        chain = chain.lamports(name, SOL);
    }
    chain = chain.block(environment, 1, |case| {
        // Each can pay only because of the one before; the last finds its payer empty.
        let move_all = |case: Case, expect, from, to, lamports| {
            case.legacy_at(expect, genesis, &[from], &[transfer(from, to, lamports)])
        };
        let case = move_all(case, Success, "a", "b", SOL - 5_000);
        let case = move_all(case, Success, "b", "c", 2 * SOL - 10_000);
        let case = move_all(case, Success, "c", "a", 3 * SOL - 15_000);
        let case = move_all(case, Rejection, "b", "c", 1);
        move_all(case, Success, "a", "b", SOL)
    });
    // Pseudo-random transfers, some too large: about half fail.
    let mut state = 1u64;
    let mut next = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for slot in 2..6 {
        chain = chain.block(environment, slot, |mut case| {
            for _ in 0..40 {
                let from = next(6) as usize;
                let to = (from + 1 + next(5) as usize) % 6;
                let lamports = next(2 * SOL);
                case = case.legacy_at(Anything, genesis, &[NAMES[from]], &[transfer(NAMES[from], NAMES[to], lamports)]);
            }
            case
        });
    }
    chain
}

fn nonces(environment: &Environment) -> Chain {
    let hash = |slot| blockhash(environment, slot);
    let nonce = |slot| -> Hash { *DurableNonce::from_blockhash(&blockhash(environment, slot)).as_hash() };
    let exempt = environment.exempt(NONCE_SPACE);
    let create = [
        instruction(
            system_program::ID,
            vec![ws(address("payer")), ws(address("nonce"))],
            [
                &[0; 4],
                exempt.to_le_bytes().as_slice(),
                &(NONCE_SPACE as u64).to_le_bytes(),
                system_program::ID.as_ref(),
            ]
            .concat(),
        ),
        instruction(
            system_program::ID,
            vec![w(address("nonce")), r(sysvar::recent_blockhashes::ID), r(sysvar::rent::ID)],
            [&[6, 0, 0, 0], address("payer").as_ref()].concat(),
        ),
    ];
    let withdraw = instruction(
        system_program::ID,
        vec![
            w(address("nonce")),
            w(address("receiver")),
            r(sysvar::recent_blockhashes::ID),
            r(sysvar::rent::ID),
            solana_instruction::AccountMeta::new_readonly(address("payer"), true),
        ],
        [&[5, 0, 0, 0], exempt.to_le_bytes().as_slice()].concat(),
    );
    let with = |case: Case, expect, slot, lamports| {
        case.legacy_at(expect, nonce(slot), &["payer"], &[advance("nonce", "payer"), pay(lamports)])
    };
    Chain::new("nonces")
        .lamports("receiver", SOL)
        .block(environment, 1, |case| {
            let case = case.legacy_at(Success, hash(0), &["payer", "nonce"], &create);
            // Its nonce is of the newest blockhash: it cannot be advanced in the same block.
            let case = with(case, Rejection, 0, 1);
            case.legacy_at(Failure, hash(0), &["payer"], &[advance("nonce", "payer")])
        })
        .block(environment, 4, |case| {
            let case = with(case, Success, 0, 1);
            let case = with(case, Rejection, 0, 1);
            let case = with(case, Rejection, 0, 2);
            with(case, Rejection, 1, 2)
        })
        .block(environment, 5, |case| {
            let case = with(case, Rejection, 0, 1);
            // It fails, pays and advances.
            let case = with(case, Failure, 1, 1_000 * SOL);
            with(case, Rejection, 1, 2)
        })
        .empty(environment, 6..170)
        .block(environment, 200, |case| {
            // Far older than any blockhash.
            let case = with(case, Success, 4, 3);
            case.legacy_at(Rejection, hash(4), &["payer"], &[pay(9)])
        })
        .block(environment, 201, |case| case.legacy_at(Success, hash(200), &["payer"], &[advance("nonce", "payer")]))
        .block(environment, 202, |case| {
            let case = with(case, Rejection, 169, 4);
            let case = with(case, Success, 200, 4);
            // Closing it in the block in which it was used.
            case.legacy_at(Anything, hash(200), &["payer"], &[withdraw.clone()])
        })
        .block(environment, 203, |case| {
            let case = case.legacy_at(Success, hash(201), &["payer"], &[withdraw.clone()]);
            with(case, Rejection, 201, 5)
        })
}

/// A program that logs the clock, in blocks with gaps between them.
fn clock(environment: &Environment) -> Chain {
    let mut chain = Chain::new("clock").account(address("clock"), loader::logs_clock());
    for slot in [1, 2, 3, 10, 11, 4_000, 4_001, 431_999] {
        chain = chain.block(environment, slot, |case| {
            let newest = case_slot_before(slot);
            case.legacy_at(
                Success,
                blockhash(environment, newest),
                &["payer"],
                &[instruction(address("clock"), vec![], vec![])],
            )
        });
    }
    chain
}

fn case_slot_before(slot: u64) -> u64 {
    [0, 1, 2, 3, 10, 11, 4_000, 4_001].into_iter().rfind(|before| *before < slot).expect("genesis is before")
}

/// A program through its life, one change per block, invoked in that block and the next.
fn programs(environment: &Environment) -> Chain {
    let hash = |slot| blockhash(environment, slot);
    let accounts = loader::world(environment);
    let mut chain = Chain::new("programs").lamports("spill", SOL).lamports("recipient", SOL);
    for (address, account) in accounts {
        chain = chain.account(address, account);
    }
    let run = |case: Case, expect, slot, one: Instruction| {
        let signers: &[&str] = if one.accounts.iter().any(|meta| meta.is_signer && meta.pubkey == address("authority"))
        {
            &["payer", "authority"]
        } else {
            &["payer"]
        };
        case.legacy_at(expect, hash(slot), signers, &[one])
    };
    let invoke = |case: Case, expect, slot| {
        let case = run(case, expect, slot, loader::invoke("program"));
        run(case, expect, slot, loader::forwarded(loader::invoke("program")))
    };
    // Another message than the invocation before it in its block.
    let again = instruction(address("program"), vec![], vec![1]);
    chain = chain
        .block(environment, 1, |case| {
            let case = invoke(case, Failure, 0);
            run(case, Success, 0, loader::deploy(2_000))
        })
        .block(environment, 2, |case| invoke(case, Success, 1))
        .block(environment, 3, |case| {
            let case = invoke(case, Success, 2);
            let case = run(case, Success, 2, loader::upgrade_from_second());
            let case = case.legacy_at(Failure, hash(2), &["payer"], &[again.clone()]);
            case.legacy_at(Failure, hash(2), &["payer"], &[loader::forwarded(again.clone())])
        })
        .block(environment, 5, |case| {
            // The new one, which logs.
            let case = invoke(case, Success, 3);
            let case = run(case, Success, 3, loader::extend(10_240));
            case.legacy_at(Failure, hash(3), &["payer"], &[again.clone()])
        })
        .block(environment, 6, |case| {
            let case = invoke(case, Success, 5);
            // Loaded as it fails in a transaction that is undone.
            let undone = [loader::close_program(), transfer("payer", "spill", 1_000 * SOL)];
            let case = case.legacy_at(Failure, hash(5), &["payer", "authority"], &undone);
            case.legacy_at(Success, hash(5), &["payer"], &[again.clone()])
        })
        .block(environment, 7, |case| {
            let case = run(case, Success, 6, loader::close_program());
            invoke(case, Failure, 6)
        })
        .block(environment, 8, |case| {
            let case = invoke(case, Failure, 7);
            run(case, Failure, 7, loader::deploy_from_third(2_000))
        })
        .block(environment, 9, |case| invoke(case, Failure, 8));
    chain
}

/// A lookup table through its life.
fn tables(environment: &Environment) -> Chain {
    let hash = |slot| blockhash(environment, slot);
    let payer = address("payer");
    let (create, key) = table::create_lookup_table(payer, payer, 1);
    let extend = |names: &[&str]| {
        table::extend_lookup_table(key, payer, Some(payer), names.iter().map(|name| address(name)).collect())
    };
    let lookup = |case: Case, expect, slot: u64, names: &[&str], to: &str| {
        let tables = [AddressLookupTableAccount { key, addresses: names.iter().map(|name| address(name)).collect() }];
        let message = v0::Message::try_compile(&payer, &[transfer("payer", to, SOL + slot)], &tables, hash(slot));
        case.message(expect, &["payer"], VersionedMessage::V0(message.expect("a scenario's message compiles")))
    };
    let (one, two) = (["one"], ["one", "two"]);
    let mut chain = Chain::new("tables")
        .account(address("one"), system_account(SOL))
        .account(address("two"), system_account(SOL))
        .empty(environment, [1])
        .block(environment, 2, |case| {
            let case = lookup(case, Rejection, 0, &one, "one");
            let case = case.legacy_at(Success, hash(1), &["payer"], &[create.clone()]);
            let case = lookup(case, Rejection, 1, &one, "one");
            let case = case.legacy_at(Success, hash(1), &["payer"], &[extend(&one)]);
            lookup(case, Rejection, 1, &one, "one").again(Rejection)
        })
        .block(environment, 3, |case| {
            let case = lookup(case, Success, 2, &one, "one");
            let case = case.legacy_at(Success, hash(2), &["payer"], &[extend(&["two"])]);
            let case = lookup(case, Rejection, 2, &two, "two");
            lookup(case, Success, 1, &two, "one")
        })
        .block(environment, 4, |case| {
            let case = lookup(case, Success, 3, &two, "two");
            let case = case.legacy_at(Success, hash(3), &["payer"], &[table::deactivate_lookup_table(key, payer)]);
            let case = lookup(case, Success, 2, &two, "two");
            case.legacy_at(Failure, hash(3), &["payer"], &[table::close_lookup_table(key, payer, payer)])
        })
        .block(environment, 5, |case| lookup(case, Success, 4, &two, "two"))
        .empty(environment, 6..516)
        .block(environment, 516, |case| lookup(case, Success, 515, &two, "two"))
        .block(environment, 517, |case| {
            let case = lookup(case, Rejection, 516, &two, "two");
            case.legacy_at(Success, hash(516), &["payer"], &[table::close_lookup_table(key, payer, payer)])
        });
    chain = chain.block(environment, 518, |case| lookup(case, Rejection, 517, &two, "two"));
    chain
}
