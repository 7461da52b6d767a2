//! How the cost of a sync grows with its members, as a picture.

use std::{error::Error, path::Path};

use plotters::prelude::*;

/// One line: its name, and a point (members, seconds) for each size.
pub type Line = (String, Vec<(f64, f64)>);

const SIZE: (u32, u32) = (760, 460);
const COLOURS: [RGBColor; 4] =
    [RGBColor(31, 91, 170), RGBColor(200, 80, 30), RGBColor(40, 130, 70), RGBColor(130, 60, 150)];

/// Draws these lines over logarithmic axes, on which twice the members at twice the cost is a straight line.
pub fn draw(file: &Path, title: &str, lines: &[Line]) -> Result<(), Box<dyn Error + Send + Sync>> {
    drawn(file, title, lines).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn drawn(file: &Path, title: &str, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let range = |value: fn(&(f64, f64)) -> f64| {
        let (least, most) =
            points().map(value).fold((f64::MAX, 0.0_f64), |(least, most), one| (least.min(one), most.max(one)));
        (least / 1.5)..(most * 1.5)
    };
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(range(|point| point.0).log_scale(), range(|point| point.1).log_scale())?;
    let mesh = &mut chart.configure_mesh();
    mesh.x_desc("members").y_desc("seconds").x_label_formatter(&|x| format!("{x:.0}")).draw()?;
    for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(4))?
            .label(name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(BLACK.mix(0.3)).draw()?;
    area.present()?;
    Ok(())
}
