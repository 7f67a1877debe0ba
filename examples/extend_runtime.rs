//! A runtime with more than mainnet's: a native program, a syscall and a feature gate of our own choice, and a transaction
//! whose result says where its compute units went.

use ed25519_dalek::{Signer, SigningKey};
use heddle_engine::Engine;
use heddle_programs::runtime_builder_with;
use heddle_types::{Account, FeatureSet, Hash, InstructionError, Pubkey, features::gate, ids};
use heddle_vm::{InvokeContext, Syscall, VmError, assemble, log_line};

/// A native program that greets whoever calls it.
fn greet(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(25)?;
    let name = String::from_utf8_lossy(context.instruction_data()).into_owned();
    log_line!(context, "Program log: hello, {name}");
    Ok(())
}

/// A syscall that doubles its argument.
struct Double;

impl Syscall for Double {
    const NAME: &'static str = "example_double";

    fn call(context: &mut InvokeContext, [number, ..]: [u64; 5]) -> Result<u64, VmError> {
        context.consume(10)?;
        Ok(number * 2)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (alice, greeter, doubler) = (SigningKey::from_bytes(&[1; 32]), key(2), key(3));
    let features = FeatureSet::mainnet().activate(gate::raise_cpi_nesting_limit_to_8);
    let runtime = runtime_builder_with(features.gates()?).builtin(greeter, greet).syscall::<Double>().build();

    // An sBPF program that fails with Custom(42), so that what the syscall returned can be seen.
    let elf = assemble("mov64 r1, 21\nsyscall example_double\nexit")?;
    let program = Account { executable: true, ..Account::new(1_000_000_000, &elf, ids::bpf_loader::ID) };
    let engine = Engine::builder()
        .runtime(runtime)
        .fund(address(&alice), 10_000_000_000)
        .account(doubler, program)
        .record_details(true)
        .build()?;

    for program in [greeter, doubler] {
        let receipt = engine.execute(&call(&alice, program, b"Bob", engine.latest_blockhash()))?;
        let details = receipt.details.as_deref().ok_or("details were asked for")?;
        println!("{:?}", receipt.status);
        details.logs.iter().for_each(|line| println!("  {line}"));
        println!("  compute units by instruction: {:?}", details.instruction_compute_units);
        println!("  balances before {:?} and after {:?}", details.pre_balances, details.post_balances);
    }
    Ok(())
}

fn key(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

fn address(key: &SigningKey) -> Pubkey {
    Pubkey::new_from_array(key.verifying_key().to_bytes())
}

/// A signed legacy transaction with one instruction that has data and no accounts.
fn call(payer: &SigningKey, program: Pubkey, data: &[u8], blockhash: Hash) -> Vec<u8> {
    let mut message = vec![1, 0, 1, 2];
    message.extend_from_slice(address(payer).as_ref());
    message.extend_from_slice(program.as_ref());
    message.extend_from_slice(blockhash.as_ref());
    message.extend_from_slice(&[1, 1, 0, data.len() as u8]);
    message.extend_from_slice(data);
    let mut wire_bytes = vec![1];
    wire_bytes.extend_from_slice(&payer.sign(&message).to_bytes());
    wire_bytes.extend_from_slice(&message);
    wire_bytes
}
