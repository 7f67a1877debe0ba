//! What criterion left behind: one directory per bench with `benchmark.json` (what) and `estimates.json` (how long).

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One bench.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurement {
    /// Its group: a table.
    pub(crate) group: String,
    /// A row.
    pub(crate) function: String,
    /// A column.
    pub(crate) value: String,
    /// Median nanoseconds per element (transaction, account, …).
    pub(crate) median_ns: f64,
    /// Median absolute deviation of the samples in the same unit, scaled to a standard deviation.
    pub(crate) deviation_ns: f64,
    /// Elements of one iteration.
    pub(crate) elements: u64,
    /// When, in seconds since the Unix epoch.
    pub(crate) measured_at: u64,
    #[serde(skip)]
    order: SystemTime,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: Option<u64>,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
    median_abs_dev: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Every bench under `directory`, in the order in which they ran.
pub(crate) fn read(directory: &Path) -> Result<Vec<Measurement>, Box<dyn Error>> {
    let mut found = Vec::new();
    visit(directory, &mut found).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut measurements = found.iter().map(|path| measurement(path)).collect::<Result<Vec<_>, _>>()?;
    measurements.sort_by_key(|one| one.order);
    Ok(measurements)
}

/// Directories named `new` hold the newest run.
fn visit(directory: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.ends_with("new") && path.join("benchmark.json").exists() {
            found.push(path);
        } else {
            visit(&path, found)?;
        }
    }
    Ok(())
}

fn measurement(directory: &Path) -> Result<Measurement, Box<dyn Error>> {
    let benchmark: Benchmark = read_json(&directory.join("benchmark.json"))?;
    let path = directory.join("estimates.json");
    let estimates: Estimates = read_json(&path)?;
    let order = fs::metadata(&path)?.modified()?;
    let elements = benchmark.throughput.and_then(|throughput| throughput.elements).unwrap_or(1);
    Ok(Measurement {
        group: benchmark.group_id,
        function: benchmark.function_id.unwrap_or_default(),
        value: benchmark.value_str.unwrap_or_default(),
        median_ns: estimates.median.point_estimate / elements as f64,
        deviation_ns: estimates.median_abs_dev.point_estimate / elements as f64,
        elements,
        measured_at: order.duration_since(UNIX_EPOCH)?.as_secs(),
        order,
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let named = |error: &dyn Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| named(&error))?;
    serde_json::from_str(&text).map_err(|error| named(&error))
}

#[cfg(test)]
pub(crate) fn measured(group: &str, function: &str, value: &str, median_ns: f64) -> Measurement {
    Measurement {
        group: group.to_owned(),
        function: function.to_owned(),
        value: value.to_owned(),
        median_ns,
        deviation_ns: median_ns / 100.0,
        elements: 1,
        measured_at: 0,
        order: UNIX_EPOCH,
    }
}
