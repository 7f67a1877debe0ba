//! Children that run under `shim.c`.
//!
//! The library is compiled by the test that wants it: a C compiler is there, RocksDB needs one too.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use super::trace::{self, Operation};

/// Exit status of a child that a fault ended.
pub const ENDED_BY_FAULT: i32 = 77;

/// What fails. Operations are those that change files, counted from 1 after the child said "arm".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails with EIO.
    Error(usize),
    /// It and all later ones do.
    ErrorStays(usize),
    /// The first operation from this one on that needs space fails with ENOSPC.
    NoSpace(usize),
    /// All such operations do.
    NoSpaceStays(usize),
    /// The first write from this operation on writes a half, all that need space later fail with ENOSPC.
    ShortWrite(usize),
    /// The k-th fsync or fdatasync fails with EIO; what it was for may never be written.
    Sync(usize),
    /// The process ends before the operation.
    ExitBefore(usize),
    /// The process ends after it.
    ExitAfter(usize),
    /// The disk takes this many more bytes.
    SpaceBytes(usize),
}

impl fmt::Display for Fault {
    /// As `shim.c` reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mode, number) = match self {
            Self::Error(number) => ("eio", number),
            Self::ErrorStays(number) => ("eio-stays", number),
            Self::NoSpace(number) => ("enospc", number),
            Self::NoSpaceStays(number) => ("enospc-stays", number),
            Self::ShortWrite(number) => ("short", number),
            Self::Sync(number) => ("sync", number),
            Self::ExitBefore(number) => ("exit-before", number),
            Self::ExitAfter(number) => ("exit-after", number),
            Self::SpaceBytes(number) => ("bytes", number),
        };
        write!(f, "{mode}:{number}")
    }
}

/// The compiled library.
pub struct Shim {
    library: PathBuf,
}

impl Shim {
    /// Compiles the library into `directory`.
    pub fn compile(directory: &Path) -> Self {
        let library = directory.join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power/shim.c");
        let output = Command::new("cc")
            // Fortified headers define some of the functions that the library replaces.
            .args(["-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-pthread", "-o"])
            .args([&library, &source])
            .output()
            .unwrap_or_else(|error| panic!("this test needs a C compiler and cannot run cc: {error}"));
        assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
        Self { library }
    }

    /// Runs the ignored test `child` of this test binary under the library. What it does below `place.root()` is
    /// written down, with what it says in its marks.
    pub fn run(&self, child: &str, place: &Place, variables: &[(&str, &str)], fault: Option<Fault>) -> Run {
        let _ = fs::remove_file(place.journal());
        let _ = fs::remove_file(place.marks());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", child, "--nocapture", "--test-threads=1"]);
        command.env("LD_PRELOAD", &self.library);
        command.env("HEDDLE_SHIM_ROOT", place.root());
        command.env("HEDDLE_SHIM_JOURNAL", place.journal());
        command.env("HEDDLE_SHIM_MARKS", place.marks());
        command.env("HEDDLE_TEST_DATABASE", place.database());
        command.envs(variables.iter().copied());
        if let Some(fault) = fault {
            command.env("HEDDLE_SHIM_FAULT", fault.to_string());
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Run::of(child, place)
    }
}

/// What a child did.
pub struct Run {
    pub status: ExitStatus,
    /// stdout and stderr.
    pub output: String,
    pub operations: Vec<Operation>,
    /// What it said, a line each.
    pub marks: Vec<String>,
}

impl Run {
    fn of(child: Child, place: &Place) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let operations = trace::read(&fs::read(place.journal()).expect("the library was preloaded"));
        let marks = trace::marks(&operations).map(str::to_owned).collect();
        Self { status: output.status, output: String::from_utf8_lossy(&text).into_owned(), operations, marks }
    }
}

/// A directory with what a child works on, and what is written down about it beside.
pub struct Place(PathBuf);

impl Place {
    /// `directory` must be there.
    pub fn new(directory: &Path) -> Self {
        let place = Self(fs::canonicalize(directory).unwrap());
        fs::create_dir_all(place.root()).unwrap();
        place
    }

    /// What is watched.
    pub fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    /// The child's database.
    pub fn database(&self) -> PathBuf {
        self.root().join("database")
    }

    /// The file of marks.
    pub fn marks(&self) -> PathBuf {
        self.0.join("marks")
    }

    fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }
}
