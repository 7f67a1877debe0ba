//! What a receipt says beyond its result, if it was asked for: logs, return data, inner instructions, itemised compute
//! units, balances of lamports and tokens.

use heddle_types::{InnerInstruction, Pubkey, ReceiptDetails, ReturnData};
use heddle_vm::{InvokeContext, TransactionContext, TransactionInstruction};

use crate::{account_set::AccountSet, execute::BlockContext, plan::PlannedTransaction, token_balances};

/// Details of a transaction that is about to be loaded and pays its fee, whatever comes: `payer_lamports` are left then.
pub(crate) fn before(
    block: &BlockContext<'_>,
    planned: &PlannedTransaction,
    invoked: AccountSet,
    payer_lamports: u64,
) -> ReceiptDetails {
    let indices = block.plan.keys_of(planned);
    let lamports_at = |&index| block.table.with(index, |account| account.lamports);
    let pre_balances: Vec<u64> = indices.iter().map(lamports_at).collect();
    let mut post_balances = pre_balances.clone();
    post_balances[0] = payer_lamports;
    let keys: Vec<Pubkey> = indices.iter().map(|&index| block.table.slot(index).key()).collect();
    let pre_token_balances = token_balances::of(&keys, invoked, |position| block.table.read(indices[position]));
    // The fee changes none of them: it is taken from an account of the system program.
    let post_token_balances = pre_token_balances.clone();
    ReceiptDetails { pre_balances, post_balances, pre_token_balances, post_token_balances, ..ReceiptDetails::default() }
}

/// Adds what the execution of a transaction that calls the programs in `invoked` left in the machine; its balances count
/// only if it succeeded.
pub(crate) fn add_execution(
    details: &mut ReceiptDetails,
    machine: &mut InvokeContext,
    invoked: AccountSet,
    has_succeeded: bool,
) {
    details.logs = machine.take_logs().unwrap_or_default();
    let context = &machine.transaction;
    let (program, data) = context.return_data();
    details.return_data = (!data.is_empty()).then(|| ReturnData { program: *program, data: data.to_vec() });
    let (top_level, inner) = context.trace().split_at(context.top_level_count().min(context.trace().len()));
    details.instruction_compute_units = top_level.iter().map(|instruction| instruction.compute_units).collect();
    details.inner_instructions = inner.iter().map(|instruction| inner_instruction(context, instruction)).collect();
    if has_succeeded {
        details.post_balances = (0..context.account_count()).map(|index| context.account_at(index).lamports).collect();
        details.post_token_balances =
            token_balances::of(context.keys(), invoked, |position| context.account_at(position));
    }
}

fn inner_instruction(context: &TransactionContext, instruction: &TransactionInstruction) -> InnerInstruction {
    let accounts = context.accounts_of(instruction).iter();
    InnerInstruction {
        top_level_index: instruction.top_level_index as u8,
        stack_height: instruction.stack_height,
        program_index: instruction.program_index as u8,
        account_indices: accounts.map(|account| account.index_in_transaction as u8).collect(),
        data: context.data_of(instruction).to_vec(),
        compute_units: instruction.compute_units,
    }
}
