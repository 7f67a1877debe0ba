//! Progress bars on stderr; silent unless a person is watching.

use std::time::Duration;

use heddle_types::Pubkey;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of `length` units of `unit`, hidden unless `visible` and stderr is a terminal.
pub(crate) fn bar(length: u64, unit: &str, message: &str, visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = format!("{{msg:>10}} [{{bar:32}}] {{human_pos}}/{{human_len}} {unit} · {{per_sec}} · {{eta}} left");
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style).with_message(message.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Shows how far a walk through all accounts has come. Nobody counted them, but they come in order and addresses are
/// spread evenly: how far the first bytes have come tells how many there will be.
pub(crate) fn show_visited(bar: &ProgressBar, key: &Pubkey, visited: u64) {
    let [first, second, ..] = key.to_bytes();
    let passed = u64::from(u16::from_be_bytes([first, second])) + 1;
    bar.set_length((visited << u16::BITS).div_ceil(passed));
    bar.set_position(visited);
}
