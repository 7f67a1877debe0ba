//! Cases of single instructions through the command.

mod common;

use common::{Folder, counts, run};

const ADD: &str = "$ op=07 dst=1 r1=5 imm=3 : ok r1=8\n";

#[test]
fn right_and_wrong_cases() {
    let folder = Folder::new()
        .with("v0/add.instr", format!("# add64\n{ADD}$ op=05 off=ffff : err\n$ op=ff : vfy\n"))
        .with("LICENSE", "a licence");
    let (code, report) = run("vm", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [3, 3, 0, 0]), "{report}");
    let folder = Folder::new().with("add.instr", format!("{ADD}$ op=07 dst=1 r1=5 imm=3 : ok r1=9\n$ op=ff : ok\n"));
    let (code, report) = run("vm", &folder, &["--mode", "interpreter"]);
    assert_eq!((code, counts(&report)), (1, [3, 1, 2, 0]), "{report}");
    assert_eq!(
        report["failures"][0],
        serde_json::json!({"name": "add.instr:2", "field": "r1 (interpreted)", "expected": "0x9", "actual": "0x8"})
    );
    assert_eq!(report["failures"][1]["actual"], "Refused");
}

/// `lddw` left the instruction set with v2 and came back with none of the versions between.
#[test]
fn versions_come_from_folders_or_the_option() {
    let load = "$ op=18 dst=1 imm=1122334455667788 : ok r1=1122334455667788\n";
    let refused = "$ op=18 dst=1 imm=1122334455667788 : vfy\n";
    let folder = Folder::new().with("v0/a.instr", load).with("v2/a.instr", refused).with("other/a.instr", refused);
    assert_eq!(counts(&run("vm", &folder, &["--sbpf-version", "2"]).1), [3, 3, 0, 0]);
    assert_eq!(counts(&run("vm", &folder, &[]).1), [3, 2, 1, 0]);
}

#[test]
fn a_text_that_is_no_case_fails() {
    let (code, report) = run("vm", &Folder::new().with("a.instr", "$ op=zz : ok"), &[]);
    assert_eq!((code, report["failures"][0]["field"].as_str()), (1, Some("decode")), "{report}");
}
