//! The comparison as a picture: a panel per comparison, a pair of bars per workload, one linear scale per panel.
//!
//! Colours are chosen to be read on white and on black; what shows the file may say which it prefers.

use std::fmt::Write;

use crate::{
    compare::{OURS, RULES, Ratio},
    report::Report,
};

const WIDTH: f64 = 860.0;
/// Where bars begin.
const LEFT: f64 = 190.0;
/// Where the longest bar ends: behind it there is room for its label.
const RIGHT: f64 = 700.0;
const BAR_HEIGHT: f64 = 18.0;
const GROUP_HEIGHT: f64 = 58.0;
const PANEL_HEAD_HEIGHT: f64 = 88.0;
const FOOT_HEIGHT: f64 = 40.0;

const STYLE: &str = "
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.quiet { fill: #59636e; font-size: 12px }
.ratio { font-weight: 600 }
.back { fill: #ffffff }
.grid { stroke: #d1d9e0 }
.range { stroke: #1f2328; stroke-width: 1.5 }
.ours { fill: #2f81f7 }
.peer { fill: #a8632a }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .quiet { fill: #9198a1 }
  .back { fill: #0d1117 }
  .grid { stroke: #3d444d }
  .range { stroke: #f0f6fc }
  .peer { fill: #d08b4f }
}
";

/// The SVG file's text.
pub fn svg(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_svg(&mut out, report);
    out
}

fn write_svg(out: &mut String, report: &Report) -> std::fmt::Result {
    let panels: Vec<(&str, &str, Vec<&Ratio>)> = RULES
        .iter()
        .map(|rule| {
            let ratios = report.comparisons.iter().filter(|one| one.key.ends_with(rule.suffix)).collect();
            (rule.title, rule.peer, ratios)
        })
        .filter(|(_, _, ratios): &(_, _, Vec<&Ratio>)| !ratios.is_empty())
        .collect();
    let panel_height = |ratios: &[&Ratio]| PANEL_HEAD_HEIGHT + GROUP_HEIGHT * ratios.len() as f64;
    let height = panels.iter().map(|(_, _, ratios)| panel_height(ratios)).sum::<f64>() + FOOT_HEIGHT;
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">"#
    )?;
    writeln!(out, "<title>Microseconds per transaction, Heddle and its peers</title><style>{STYLE}</style>")?;
    writeln!(out, r#"<rect class="back" width="{WIDTH}" height="{height}"/>"#)?;
    let mut top = 0.0;
    for (title, peer, ratios) in &panels {
        write_panel(out, top, title, peer, ratios)?;
        top += panel_height(ratios);
    }
    let hashed = report.comparisons.iter().any(|one| one.our_state_hash_counted);
    let star = if hashed { "* With its state hash counted. " } else { "" };
    let text =
        format!("{star}Lower is better. Bars: medians; lines: range of the rounds; peers at their best setting.");
    writeln!(out, r#"<text class="quiet" x="16" y="{:.1}">{text} {}</text>"#, top + 22.0, escape(&report.machine()))?;
    writeln!(out, "</svg>")
}

fn write_panel(out: &mut String, top: f64, title: &str, peer: &str, ratios: &[&Ratio]) -> std::fmt::Result {
    writeln!(out, r#"<text class="title" x="16" y="{:.1}">µs per transaction: {}</text>"#, top + 28.0, escape(title))?;
    let legend = top + 50.0;
    for (x, class, name) in [(LEFT, "ours", OURS), (LEFT + 100.0, "peer", peer)] {
        writeln!(out, r#"<rect class="{class}" x="{x}" y="{:.1}" width="12" height="12"/>"#, legend - 11.0)?;
        writeln!(out, r#"<text x="{}" y="{legend:.1}">{name}</text>"#, x + 18.0)?;
    }
    let longest = ratios.iter().flat_map(|one| [one.peer_us.max, one.our_us.max]).fold(f64::MIN_POSITIVE, f64::max);
    let x = |us: f64| LEFT + (RIGHT - LEFT) * us / longest;
    let first = top + PANEL_HEAD_HEIGHT - 8.0;
    let bottom = first + GROUP_HEIGHT * ratios.len() as f64 - 12.0;
    let step = grid_step(longest);
    for line in 0..=(longest / step) as u32 {
        let us = f64::from(line) * step;
        writeln!(out, r#"<line class="grid" x1="{0:.1}" x2="{0:.1}" y1="{first:.1}" y2="{bottom:.1}"/>"#, x(us))?;
        writeln!(
            out,
            r#"<text class="quiet" text-anchor="middle" x="{:.1}" y="{:.1}">{us}</text>"#,
            x(us),
            first - 4.0
        )?;
    }
    for (index, one) in ratios.iter().enumerate() {
        let y = first + 6.0 + GROUP_HEIGHT * index as f64;
        writeln!(
            out,
            r#"<text text-anchor="end" x="{:.1}" y="{:.1}">{}</text>"#,
            LEFT - 10.0,
            y + BAR_HEIGHT + 4.0,
            one.workload.title()
        )?;
        let star = if one.our_state_hash_counted { "*" } else { "" };
        let ours = format!("{:.2}{star}", one.our_us.median);
        let theirs = format!(r#"{:.2} <tspan class="ratio" dx="6">{:.1}×</tspan>"#, one.peer_us.median, one.ratio);
        for (y, class, spread, label) in
            [(y, "ours", &one.our_us, ours), (y + BAR_HEIGHT + 2.0, "peer", &one.peer_us, theirs)]
        {
            let (end, middle) = (x(spread.median), y + BAR_HEIGHT / 2.0);
            writeln!(
                out,
                r#"<rect class="{class}" x="{LEFT}" y="{y:.1}" width="{:.1}" height="{BAR_HEIGHT}"/>"#,
                end - LEFT
            )?;
            writeln!(
                out,
                r#"<line class="range" x1="{:.1}" x2="{:.1}" y1="{middle:.1}" y2="{middle:.1}"/>"#,
                x(spread.min),
                x(spread.max)
            )?;
            writeln!(out, r#"<text x="{:.1}" y="{:.1}">{label}</text>"#, x(spread.max) + 8.0, y + 14.0)?;
        }
    }
    Ok(())
}

/// Distance of grid lines: 1, 2 or 5 times a power of ten, so that there are four to ten.
fn grid_step(longest: f64) -> f64 {
    let power = 10f64.powf((longest / 4.0).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|step| step * power).find(|step| longest / step >= 4.0).unwrap_or(power)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid() {
        assert_eq!(grid_step(20.0), 5.0);
        assert_eq!(grid_step(19.0), 2.0);
        assert_eq!(grid_step(4.0), 1.0);
        assert!((grid_step(0.9) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn all_comparisons_are_drawn() {
        let svg = svg(&crate::report::tests::sample());
        assert_eq!(svg.matches(r#"<rect class="ours" "#).count(), 4 + 1, "bars and legend");
        assert_eq!(svg.matches("5.0×").count(), 4);
        assert_eq!(escape("a<b & c"), "a&lt;b &amp; c");
    }
}
