//! A folder of cases: finds its files, runs them on all cores, keeps their order. Knows no format: a [`Format`] does.

use std::{
    fs, io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use crate::report::{CaseReport, Report, Verdict};

/// How deep folders may nest.
const FOLDER_DEPTH_MAX: usize = 64;

/// One kind of file.
pub trait Format: Sync {
    /// Why a file of this name and these bytes is none of the format's, if it plainly is not.
    fn foreign(&self, file: &SuiteFile) -> Option<String>;

    /// Runs what the file holds.
    fn run(&self, file: &SuiteFile) -> Vec<CaseReport>;
}

/// A file of a suite.
#[derive(Clone, Debug)]
pub struct SuiteFile {
    /// Relative to the suite's folder, with `/` between its parts.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl SuiteFile {
    /// One case for the whole file.
    pub fn case(&self, verdict: Verdict) -> CaseReport {
        CaseReport { name: self.name.clone(), verdict }
    }

    /// The file's extension in lowercase; empty if it has none.
    pub fn extension(&self) -> String {
        let extension = self.path.extension().and_then(|extension| extension.to_str());
        extension.unwrap_or_default().to_ascii_lowercase()
    }
}

/// Why a suite could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A folder or a file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to run.
    #[error("{} holds no {}", path.display(), if *.filtered { "case whose name contains the filter" } else { "case" })]
    Empty {
        /// The folder.
        path: PathBuf,
        /// Whether a filter was given.
        filtered: bool,
    },
    /// Folders nest too deeply (links that lead up, perhaps).
    #[error("{} lies more than {FOLDER_DEPTH_MAX} folders deep", path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
    },
}

/// Runs every file below `folder`, sorted by name. `filter` keeps the cases whose name contains it.
///
/// # Errors
/// An unreadable folder or file, or nothing to run.
pub fn run_folder(folder: &Path, filter: Option<&str>, format: &dyn Format) -> Result<Report, SuiteError> {
    run_paths(&[folder.to_path_buf()], filter, format)
}

/// The same with several folders or files, one after the other.
///
/// # Errors
/// An unreadable folder or file, or nothing to run in all of them.
pub fn run_paths(folders: &[PathBuf], filter: Option<&str>, format: &dyn Format) -> Result<Report, SuiteError> {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for folder in folders {
        let mut paths = Vec::new();
        if folder.is_file() {
            paths.push(folder.clone());
        } else {
            collect(folder, 0, &mut paths)?;
        }
        files.extend(paths.into_iter().map(|path| (name_within(folder, &path), path)));
    }
    // A case is named after its file, so a filter that names a whole file need not read the others.
    let bar = progress_bar(files.len() as u64);
    let reports: Result<Vec<Vec<CaseReport>>, SuiteError> = files
        .into_par_iter()
        .map(|(name, path)| {
            let bytes = fs::read(&path).map_err(|source| SuiteError::Unreadable { path: path.clone(), source })?;
            let cases = run_file(&SuiteFile { name, path, bytes }, format);
            bar.inc(1);
            Ok(cases)
        })
        .collect();
    bar.finish_and_clear();
    let cases = reports?.into_iter().flatten();
    let cases: Vec<_> = cases.filter(|case| filter.is_none_or(|filter| case.name.contains(filter))).collect();
    let is_empty = cases.iter().all(|case| matches!(case.verdict, Verdict::Foreign(_)));
    if is_empty {
        let path = folders.first().cloned().unwrap_or_default();
        return Err(SuiteError::Empty { path, filtered: filter.is_some() });
    }
    Ok(Report::new(cases))
}

fn run_file(file: &SuiteFile, format: &dyn Format) -> Vec<CaseReport> {
    if let Some(reason) = foreign_by_name(file).or_else(|| format.foreign(file)) {
        return vec![file.case(Verdict::Foreign(reason))];
    }
    let cases = panic::catch_unwind(AssertUnwindSafe(|| format.run(file)));
    cases.unwrap_or_else(|payload| {
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        vec![file.case(Verdict::failed("panic", "none", message))]
    })
}

/// Texts that folders of fixtures carry beside them.
fn foreign_by_name(file: &SuiteFile) -> Option<String> {
    const NAMES: [&str; 8] =
        ["readme", "license", "licence", "copying", "notice", "changelog", "makefile", "contributing"];
    const EXTENSIONS: [&str; 9] = ["md", "rst", "sh", "py", "yml", "yaml", "toml", "lock", "rs"];
    let name = file.path.file_name()?.to_str()?.to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    if name.starts_with('.') {
        return Some("a hidden file".into());
    }
    if NAMES.iter().any(|known| stem == *known || stem.starts_with(&format!("{known}-"))) {
        return Some(format!("a {stem}"));
    }
    EXTENSIONS.contains(&file.extension().as_str()).then(|| format!("a .{} file", file.extension()))
}

/// Every file below `folder`, by name.
fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), SuiteError> {
    if depth > FOLDER_DEPTH_MAX {
        return Err(SuiteError::TooDeep { path: folder.to_path_buf() });
    }
    let unreadable = |source| SuiteError::Unreadable { path: folder.to_path_buf(), source };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, depth + 1, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn name_within(folder: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let name = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    if name.is_empty() { path.to_string_lossy().into_owned() } else { name }
}

/// On stderr, and only if a person watches.
fn progress_bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:32}] {human_pos}/{human_len} files · {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
