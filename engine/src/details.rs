//! What a receipt says beyond its result, if it was asked for: logs, return data, inner instructions, itemised compute
//! units, balances.

use heddle_types::{InnerInstruction, ReceiptDetails, ReturnData};
use heddle_vm::{InvokeContext, TransactionContext, TransactionInstruction};

use crate::{execute::BlockContext, plan::PlannedTransaction};

/// Details of a transaction that is about to be loaded and pays its fee, whatever comes: `payer_lamports` are left then.
pub(crate) fn before(block: &BlockContext<'_>, planned: &PlannedTransaction, payer_lamports: u64) -> ReceiptDetails {
    let keys = block.plan.keys_of(planned).iter();
    let pre_balances: Vec<u64> = keys.map(|&index| block.table.with(index, |account| account.lamports)).collect();
    let mut post_balances = pre_balances.clone();
    post_balances[0] = payer_lamports;
    ReceiptDetails { pre_balances, post_balances, ..ReceiptDetails::default() }
}

/// Adds what the execution left in the machine; its balances count only if it succeeded.
pub(crate) fn add_execution(details: &mut ReceiptDetails, machine: &mut InvokeContext, has_succeeded: bool) {
    details.logs = machine.take_logs().unwrap_or_default();
    let context = &machine.transaction;
    let (program, data) = context.return_data();
    details.return_data = (!data.is_empty()).then(|| ReturnData { program: *program, data: data.to_vec() });
    let (top_level, inner) = context.trace().split_at(context.top_level_count().min(context.trace().len()));
    details.instruction_compute_units = top_level.iter().map(|instruction| instruction.compute_units).collect();
    details.inner_instructions = inner.iter().map(|instruction| inner_instruction(context, instruction)).collect();
    if has_succeeded {
        details.post_balances = (0..context.account_count()).map(|index| context.account_at(index).lamports).collect();
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
