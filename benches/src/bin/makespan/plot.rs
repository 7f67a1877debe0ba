//! The ratios as an SVG: a panel per workload, workers from left to right, a line per dispatcher.

use crate::report::{Report, Table};
use std::fmt::Write as _;

const PANEL_WIDTH: f64 = 380.0;
const PANEL_HEIGHT: f64 = 250.0;
const COLUMNS: usize = 2;
const MARGIN: f64 = 56.0;
const TITLE_HEIGHT: f64 = 70.0;
/// Ratios above are drawn at the edge.
const RATIO_MAX: f64 = 2.0;
const TARGET: f64 = 1.05;
/// Told apart also by those who see no red or green.
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#e69f00", "#cc79a7", "#999999", "#000000", "#009e73", "#56b4e9"];

/// Every workload with the costs of dispatch.
pub(crate) fn draw(report: &Report) -> String {
    let tables = report.tables.iter().filter(|table| table.has_overheads).collect::<Vec<_>>();
    let panel_rows = tables.len().div_ceil(COLUMNS);
    let width = COLUMNS as f64 * (PANEL_WIDTH + MARGIN) + MARGIN;
    let height = TITLE_HEIGHT + panel_rows as f64 * (PANEL_HEIGHT + MARGIN + 20.0) + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"15\">Makespan ÷ max(critical path, work ÷ workers), costs of \
         dispatch included</text>\n"
    );
    draw_legend(&mut svg, report);
    for (index, table) in tables.into_iter().enumerate() {
        let left = MARGIN + (index % COLUMNS) as f64 * (PANEL_WIDTH + MARGIN);
        let top = TITLE_HEIGHT + 20.0 + (index / COLUMNS) as f64 * (PANEL_HEIGHT + MARGIN + 20.0);
        Panel { table, left, top }.draw(&mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

fn draw_legend(svg: &mut String, report: &Report) {
    for (index, contender) in report.contenders.iter().enumerate() {
        let left = MARGIN + index as f64 * 108.0;
        line(svg, (left, 46.0), (left + 20.0, 46.0), colour(index), "stroke-width=\"2\"");
        text(svg, (left + 25.0, 50.0), "start", contender.name);
    }
}

struct Panel<'a> {
    table: &'a Table,
    left: f64,
    top: f64,
}

impl Panel<'_> {
    fn draw(&self, svg: &mut String) {
        let (right, bottom) = (self.left + PANEL_WIDTH, self.top + PANEL_HEIGHT);
        text(svg, (self.left, self.top - 8.0), "start", &self.table.workload);
        for ratio in [1.0, 1.2, 1.4, 1.6, 1.8, 2.0] {
            let y = self.y(ratio);
            line(svg, (self.left, y), (right, y), "#dddddd", "");
            text(svg, (self.left - 6.0, y + 4.0), "end", &format!("{ratio:.1}"));
        }
        let target = self.y(TARGET);
        line(svg, (self.left, target), (right, target), "#444444", "stroke-dasharray=\"4 3\"");
        text(svg, (right - 2.0, target - 3.0), "end", "1.05");
        for (index, row) in self.table.rows.iter().enumerate() {
            text(svg, (self.x(index), bottom + 15.0), "middle", &row.workers.to_string());
        }
        text(svg, (self.left + PANEL_WIDTH / 2.0, bottom + 30.0), "middle", "workers");
        let contenders = self.table.rows.first().map_or(0, |row| row.makespans_ns.len());
        for contender in 0..contenders {
            let points = self
                .table
                .rows
                .iter()
                .enumerate()
                .map(|(index, row)| format!("{:.1},{:.1}", self.x(index), self.y(row.ratio(contender))));
            let points = points.collect::<Vec<_>>().join(" ");
            let colour = colour(contender);
            let _ = writeln!(
                svg,
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
                 stroke-opacity=\"0.8\"/>"
            );
        }
    }

    fn x(&self, index: usize) -> f64 {
        let steps = self.table.rows.len().saturating_sub(1).max(1);
        self.left + 8.0 + (PANEL_WIDTH - 16.0) * index as f64 / steps as f64
    }

    fn y(&self, ratio: f64) -> f64 {
        let share = (ratio.min(RATIO_MAX) - 1.0) / (RATIO_MAX - 1.0);
        self.top + PANEL_HEIGHT * (1.0 - share)
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, style: &str) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" {style}/>"
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, content: &str) {
    let (x, y) = at;
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}
