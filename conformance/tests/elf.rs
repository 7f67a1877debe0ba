//! ELFs through the command: those that are shipped agree with themselves; what is none is refused.

mod common;

use common::{Folder, conformance, counts, run};
use heddle_programs::shipped_programs;

#[test]
fn shipped_programs_agree() {
    let shipped = shipped_programs();
    let folder = shipped.iter().fold(Folder::new().with("elf.ld", "no ELF"), |folder, program| {
        folder.with(&format!("{}.so", program.name), &program.elf)
    });
    let (code, report) = run("elf", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [shipped.len() as u64, shipped.len() as u64, 0, 0]), "{report}");
}

#[test]
fn bytes_that_are_no_program_are_refused() {
    let shipped = shipped_programs();
    let elf = &shipped.iter().find(|program| program.name == "memo-3").expect("it is shipped").elf;
    let mut folder = Folder::new().with("empty.so", "").with("cut.so", &elf[..elf.len() / 2]);
    // Damage in the headers, which every load reads.
    for index in 0..64 {
        let mut damaged = elf.to_vec();
        damaged[index] ^= 0xff;
        folder = folder.with(&format!("{index}.so"), damaged);
    }
    let (code, report) = run("elf", &folder, &[]);
    let [total, _, failed, skipped] = counts(&report);
    assert_eq!((code, total, failed), (0, 66, 0), "{report}");
    assert!(skipped > 20, "most damage is seen: {report}");
    let output = conformance(&["elf", folder.path().to_str().expect("a name"), "--skipped", "--filter", "empty"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("skipped empty.so: refused: "));
}
