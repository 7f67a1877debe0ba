//! The report as a picture: fees and makespan per those of the serial greedy choice, as SVG.

use crate::measure::{Outcome, WORKERS};
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 400.0;
const PANEL_WIDTH: f64 = 400.0;
const PANEL_HEIGHT: f64 = 230.0;
const PANEL_TOP: f64 = 70.0;
const BAR_WIDTH: f64 = 24.0;
const COLOURS: [&str; 3] = ["#4269d0", "#efb118", "#3ca951"];
/// Top of the scale; bars beyond are cut.
const RATIO_MAX: f64 = 1.2;

/// Draws both panels.
pub(crate) fn draw(outcomes: &[Outcome]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let last = WORKERS.len() - 1;
    let makespan_title = format!("makespan (lower bound, {} workers) ÷ greedy's", WORKERS[last]);
    panel(&mut svg, 60.0, "fees taken ÷ serial greedy, same pool", outcomes, Outcome::fee_ratio);
    panel(&mut svg, 530.0, &makespan_title, outcomes, |outcome| outcome.makespan_ratio(last));
    legend(&mut svg, &names(outcomes, |outcome| outcome.policy));
    svg.push_str("</svg>\n");
    svg
}

/// The different names, in the order of their first use.
fn names(outcomes: &[Outcome], name: impl Fn(&Outcome) -> &'static str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for outcome in outcomes {
        if !names.contains(&name(outcome)) {
            names.push(name(outcome));
        }
    }
    names
}

fn panel(svg: &mut String, left: f64, title: &str, outcomes: &[Outcome], value: impl Fn(&Outcome) -> f64) {
    let bottom = PANEL_TOP + PANEL_HEIGHT;
    let height = |ratio: f64| ratio.min(RATIO_MAX) / RATIO_MAX * PANEL_HEIGHT;
    text(svg, left, PANEL_TOP - 22.0, "start", &format!("<tspan font-weight=\"bold\">{title}</tspan>"));
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = bottom - height(tick);
        let right = left + PANEL_WIDTH;
        let stroke = if tick == 1.0 { "#888" } else { "#ddd" };
        push(svg, &format!("<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"{stroke}\"/>"));
        text(svg, left - 6.0, y + 4.0, "end", &format!("{tick:.2}"));
    }
    let (workloads, policies) =
        (names(outcomes, |outcome| outcome.workload), names(outcomes, |outcome| outcome.policy));
    let group_width = PANEL_WIDTH / workloads.len().max(1) as f64;
    for outcome in outcomes {
        let group = workloads.iter().position(|name| *name == outcome.workload).unwrap_or_default() as f64;
        let policy = policies.iter().position(|name| *name == outcome.policy).unwrap_or_default();
        let bars_width = (BAR_WIDTH + 4.0) * policies.len() as f64;
        let x = left + group * group_width + (group_width - bars_width) / 2.0 + policy as f64 * (BAR_WIDTH + 4.0);
        let (ratio, colour) = (value(outcome), COLOURS[policy % COLOURS.len()]);
        let (y, bar) = (bottom - height(ratio), height(ratio));
        push(
            svg,
            &format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BAR_WIDTH}\" height=\"{bar:.1}\" fill=\"{colour}\"/>"),
        );
        let label = format!("<tspan font-size=\"9\">{ratio:.3}</tspan>");
        text(svg, x + BAR_WIDTH / 2.0, y - 4.0, "middle", &label);
    }
    for (group, name) in workloads.iter().enumerate() {
        text(svg, left + (group as f64 + 0.5) * group_width, bottom + 18.0, "middle", name);
    }
}

fn legend(svg: &mut String, policies: &[&str]) {
    let y = PANEL_TOP + PANEL_HEIGHT + 50.0;
    for (position, name) in policies.iter().enumerate() {
        let (x, colour) = (60.0 + 260.0 * position as f64, COLOURS[position % COLOURS.len()]);
        push(svg, &format!("<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>"));
        text(svg, x + 18.0, y + 10.0, "start", name);
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    push(svg, &format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>"));
}

fn push(svg: &mut String, element: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "{element}");
}
