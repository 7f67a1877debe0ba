//! Log lines of one transaction, truncated as Solana truncates them.

use std::fmt::Arguments;

use heddle_types::limits::LOG_BYTES_MAX;

/// Collects the lines, if anybody asked for them.
#[derive(Clone, Debug, Default)]
pub struct LogCollector {
    lines: Vec<String>,
    bytes: usize,
    truncated: bool,
}

impl LogCollector {
    /// Adds a line, or `Log truncated` once when the limit of [`LOG_BYTES_MAX`] is reached.
    pub fn log(&mut self, line: Arguments<'_>) {
        let line = line.to_string();
        let bytes = self.bytes.saturating_add(line.len());
        if bytes >= LOG_BYTES_MAX {
            if !self.truncated {
                self.truncated = true;
                self.lines.push("Log truncated".into());
            }
            return;
        }
        self.bytes = bytes;
        self.lines.push(line);
    }

    /// The lines so far.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Gives up the lines.
    pub fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

/// Logs a formatted line on an [`crate::InvokeContext`]; formats nothing when nobody listens.
#[macro_export]
macro_rules! log_line {
    ($context:expr, $($argument:tt)+) => {
        if $context.is_logging() {
            $context.log(format_args!($($argument)+));
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncates_once_at_the_limit() {
        let mut logs = LogCollector::default();
        for _ in 0..3 {
            logs.log(format_args!("{}", "x".repeat(4_000)));
        }
        logs.log(format_args!("short line that still fits is kept"));
        let lengths: Vec<_> = logs.lines().iter().map(String::len).collect();
        assert_eq!(lengths, [4_000, 4_000, "Log truncated".len(), 34]);
    }
}
