//! Progress of long parts, on stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `length` units; hidden unless a person is watching.
pub fn bar(length: u64, message: &str) -> ProgressBar {
    let template = "{msg:>24} [{bar:32}] {human_pos}/{human_len} · {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    let bar = ProgressBar::new(length).with_style(style).with_message(message.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
