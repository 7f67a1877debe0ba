//! Each address and length that a syscall takes, replaced by hostile ones.

use super::calls::{self, Call, OUT, case};
use crate::{
    case::{Case, Expect},
    environment::Environment,
    machine::{HEAP, INPUT, Layout, STACK, TEXT},
};

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let catalogue = calls::catalogue();
    catalogue.iter().filter(|call| !repeats_another(call)).flat_map(|call| hostile(environment, call)).collect()
}

/// The second byte order of a curve goes through the same checks as the first.
fn repeats_another(call: &Call) -> bool {
    call.name.ends_with("_le") || call.name.contains("_le_") || call.name.starts_with("ristretto")
}

fn hostile(environment: &Environment, call: &Call) -> Vec<Case> {
    let mut cases = Vec::new();
    let input_end = Layout::of(&[]).instruction_data() + call.script().len() as u64 + 32;
    for argument in call.pointers {
        let mut case = case(environment, format!("{}_pointer_{argument}", call.name));
        for address in addresses(input_end) {
            case = with(case, &call.but("", *argument, address));
        }
        cases.push(case);
    }
    for argument in call.lengths {
        let mut case = case(environment, format!("{}_length_{argument}", call.name));
        for length in [0, 1, 3, 0x8000, 1 << 31, 1 << 32, i64::MAX as u64, u64::MAX - 7, u64::MAX] {
            case = with(case, &call.but("", *argument, length));
        }
        cases.push(case);
    }
    cases
}

fn with(case: Case, call: &Call) -> Case {
    calls::play(case, Expect::Anything, calls::run(call.script()))
}

fn addresses(input_end: u64) -> [u64; 15] {
    [
        0,
        TEXT,
        STACK + 1,
        STACK + 0xff8,
        STACK + 0x1000,
        STACK + 0x8_0000,
        OUT + 4,
        OUT + 1,
        HEAP + 0x7ff8,
        HEAP + 0x8000,
        INPUT,
        input_end - 8,
        input_end,
        0x5_0000_0000,
        u64::MAX - 7,
    ]
}
