//! Small inline SVG charts: lines, paired bars, stacked time, and the DAG of expert blocks.

use std::fmt::Write;

use super::Block;
use super::html::escape;

/// A line of a chart.
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Whether it belongs to somebody who cheated (drawn dashed).
    pub dashed: bool,
    /// Points, ascending in x.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 44.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 8.0;
/// Classes `c0` … `c7` of the page's style sheet.
const COLOURS: usize = 8;

/// A line chart with a legend; empty input gives an empty text.
pub fn lines(title: &str, x_label: &str, y_label: &str, lines: &[Line]) -> String {
    let all: Vec<(f64, f64)> = lines.iter().flat_map(|l| l.points.iter().copied()).collect();
    let Some((x0, x1, y0, y1)) = bounds(&all) else { return String::new() };
    let sx = |x: f64| LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
    let sy = |y: f64| TOP + (y1 - y) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);
    let mut svg = open(title, WIDTH, HEIGHT);
    for y in ticks(y0, y1, 5) {
        let at = sy(y);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            short(y)
        );
    }
    for x in ticks(x0, x1, 6) {
        let at = sx(x);
        let _ = write!(
            svg,
            r#"<text class="tick" x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            HEIGHT - BOTTOM + 16.0,
            short(x)
        );
    }
    for (i, line) in lines.iter().enumerate() {
        let path: String = line
            .points
            .iter()
            .enumerate()
            .map(|(n, (x, y))| format!("{}{:.1} {:.1}", if n == 0 { 'M' } else { 'L' }, sx(*x), sy(*y)))
            .collect();
        let dash = if line.dashed { " dashed" } else { "" };
        let _ = write!(
            svg,
            r#"<path class="line c{}{dash}" d="{path}"><title>{}</title></path>"#,
            i % COLOURS,
            escape(&line.name)
        );
    }
    svg.push_str("</svg>");
    let legend: String = lines
        .iter()
        .enumerate()
        .map(|(i, l)| {
            let dash = if l.dashed { " dashed" } else { "" };
            format!(r#"<li><i class="key c{}{dash}"></i>{}</li>"#, i % COLOURS, escape(&l.name))
        })
        .collect();
    format!(
        r#"<figure>{svg}<figcaption><span>{} over {}</span><ul class="legend">{legend}</ul></figcaption></figure>"#,
        escape(y_label),
        escape(x_label)
    )
}

/// Two bars a row, before and after, on one scale from zero.
pub fn pairs(unit: &str, rows: &[(String, f64, f64)]) -> String {
    let most = rows.iter().flat_map(|(_, a, b)| [*a, *b]).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let mut out = String::from(r#"<div class="bars">"#);
    for (name, before, after) in rows {
        let change = if *before > 0.0 { (after / before - 1.0) * 100.0 } else { 0.0 };
        let _ = write!(
            out,
            r#"<div class="row"><b>{}</b><div><span class="bar before" style="width:{:.1}%"></span><em>{before:.3}</em></div><div><span class="bar after" style="width:{:.1}%"></span><em>{after:.3} <small>{change:+.1} %</small></em></div></div>"#,
            escape(name),
            before / most * 66.0,
            after / most * 66.0
        );
    }
    let _ = write!(
        out,
        r#"<p class="hint"><i class="key before"></i> base <i class="key after"></i> improved, {}</p></div>"#,
        escape(unit)
    );
    out
}

/// One bar a row, on one scale from zero.
pub fn bars(unit: &str, rows: &[(String, f64)]) -> String {
    let most = rows.iter().map(|r| r.1).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let mut out = String::from(r#"<div class="bars">"#);
    for (name, value) in rows {
        let _ = write!(
            out,
            r#"<div class="row one"><b>{}</b><div><span class="bar after" style="width:{:.1}%"></span><em>{} {}</em></div></div>"#,
            escape(name),
            value / most * 66.0,
            short(*value),
            escape(unit)
        );
    }
    out.push_str("</div>");
    out
}

/// The DAG of expert blocks: a column for each generation, arrows from parent to child.
pub fn dag(blocks: &[Block]) -> String {
    const BOX_W: f64 = 168.0;
    const BOX_H: f64 = 46.0;
    const GAP_X: f64 = 56.0;
    const GAP_Y: f64 = 14.0;
    let depth_of = |block: &Block, placed: &[(u64, usize, usize)]| {
        let parent = |p: &u64| placed.iter().find(|b| b.0 == *p).map(|b| b.1 + 1);
        block.parents.iter().filter_map(parent).max().unwrap_or(usize::from(block.id != 0))
    };
    let mut placed: Vec<(u64, usize, usize)> = vec![];
    for block in blocks {
        let column = depth_of(block, &placed);
        let row = placed.iter().filter(|p| p.1 == column).count();
        placed.push((block.id, column, row));
    }
    let columns = placed.iter().map(|p| p.1 + 1).max().unwrap_or(0) as f64;
    let rows = placed.iter().map(|p| p.2 + 1).max().unwrap_or(0) as f64;
    let (width, height) = (columns * (BOX_W + GAP_X), rows * (BOX_H + GAP_Y) + GAP_Y);
    let at =
        |p: &(u64, usize, usize)| (p.1 as f64 * (BOX_W + GAP_X) + 4.0, p.2 as f64 * (BOX_H + GAP_Y) + GAP_Y);
    let mut svg = open("expert blocks and their parents", width.max(200.0), height.max(60.0));
    for (block, place) in blocks.iter().zip(&placed) {
        let (x, y) = at(place);
        let parents = if block.parents.is_empty() && block.id != 0 { &[0][..] } else { &block.parents };
        for parent in parents.iter().filter_map(|p| placed.iter().find(|b| b.0 == *p)) {
            let (px, py) = at(parent);
            let (x1, y1, y2) = (px + BOX_W, py + BOX_H / 2.0, y + BOX_H / 2.0);
            let mid = (x1 + x) / 2.0;
            let _ = write!(svg, r#"<path class="edge" d="M{x1} {y1}C{mid} {y1} {mid} {y2} {x} {y2}"/>"#);
        }
        let _ = write!(
            svg,
            r#"<g class="block {}"><rect x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}" rx="6"/><text x="{}" y="{}">{} · {}</text><text class="sub" x="{}" y="{}">{} {}</text><title>{}</title></g>"#,
            escape(&block.status),
            x + 10.0,
            y + 19.0,
            escape(&block.target),
            escape(&block.status),
            x + 10.0,
            y + 36.0,
            escape(&block.author),
            escape(block.root.get(..10).unwrap_or(&block.root)),
            escape(&block.root)
        );
    }
    svg.push_str("</svg>");
    format!(r#"<div class="scroll">{svg}</div>"#)
}

fn open(title: &str, width: f64, height: f64) -> String {
    format!(
        r#"<svg viewBox="0 0 {width:.0} {height:.0}" role="img" aria-label="{0}" style="min-width:min(100%,{1:.0}px)">"#,
        escape(title),
        width.min(560.0)
    )
}

fn bounds(points: &[(f64, f64)]) -> Option<(f64, f64, f64, f64)> {
    let mut finite = points.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
    let first = finite.next()?;
    let (mut x0, mut x1, mut y0, mut y1) = (first.0, first.0, first.1, first.1);
    for (x, y) in finite {
        (x0, x1, y0, y1) = (x0.min(*x), x1.max(*x), y0.min(*y), y1.max(*y));
    }
    let pad = ((y1 - y0) * 0.05).max(1e-9);
    Some((x0, if x1 > x0 { x1 } else { x0 + 1.0 }, y0 - pad, y1 + pad))
}

/// Round values between two bounds, about `count` of them.
fn ticks(low: f64, high: f64, count: u32) -> Vec<f64> {
    let raw = (high - low) / f64::from(count);
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    (first..).map(|n| n as f64 * step).take_while(|v| *v <= high).take(20).collect()
}

fn short(value: f64) -> String {
    let text = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        let texts: Vec<String> = ticks(2.31, 2.84, 5).into_iter().map(short).collect();
        assert_eq!(texts, ["2.4", "2.6", "2.8"]);
    }

    #[test]
    fn a_chart_of_nothing_is_nothing_and_one_point_is_drawn() {
        assert_eq!(lines("t", "x", "y", &[]), "");
        let line = Line { name: "<a>".into(), dashed: false, points: vec![(1.0, 2.0)] };
        let svg = lines("t", "x", "y", &[line]);
        assert!(svg.contains("&lt;a&gt;") && !svg.contains("NaN"));
    }
}
