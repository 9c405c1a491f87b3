//! What charts are drawn with: texts, lines and marks at places, and scales.

use std::fmt::Write;

use super::escape;

/// The width of every chart in its own units: that of a small phone, so that the texts can be read on
/// one. On wider screens the chart grows.
pub(super) const WIDTH: f64 = 360.0;

/// How many shapes there are, and as many colours. Kinds beyond that have a shape again, hollow and in another
/// colour.
const KINDS: usize = 9;

/// A chart while it is drawn.
pub(super) struct Chart {
    title: String,
    description: String,
    height: f64,
    body: String,
}

/// What a mark stands for, for those who read the page with a program.
pub(super) struct Datum<'a> {
    pub(super) series: &'a str,
    pub(super) name: &'a str,
    pub(super) value: f64,
}

impl Chart {
    pub(super) fn new(title: &str, description: &str, height: f64) -> Self {
        let mut chart = Self {
            title: title.to_owned(),
            description: description.to_owned(),
            height,
            body: String::new(),
        };
        chart.text(0.0, 14.0, "head", title);
        chart
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escape(text);
        self.add(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{text}</text>"
        ));
    }

    pub(super) fn line(&mut self, class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
        self.add(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>"
        ));
    }

    pub(super) fn path(&mut self, class: &str, points: &[[f64; 2]]) {
        let points: Vec<String> = points
            .iter()
            .map(|[x, y]| format!("{x:.1},{y:.1}"))
            .collect();
        self.add(&format!(
            "<polyline points=\"{}\" class=\"{class}\"/>",
            points.join(" ")
        ));
    }

    /// A bar from one x to another.
    pub(super) fn bar(
        &mut self,
        class: &str,
        [left, right]: [f64; 2],
        y: f64,
        height: f64,
        datum: &Datum<'_>,
    ) {
        let (left, right) = (left.min(right), left.max(right));
        let width = (right - left).max(1.0);
        self.add(&format!(
            "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" class=\"{class}\" {}>{}</rect>",
            datum.attributes(),
            datum.title()
        ));
    }

    /// A mark of a kind: colour and shape go together, so that neither is needed alone.
    pub(super) fn mark(&mut self, kind: usize, [x, y]: [f64; 2], datum: Option<&Datum<'_>>) {
        const R: f64 = 4.5;
        let again = kind / KINDS;
        let colour = (kind + 4 * again) % KINDS + 1;
        let path = match kind % KINDS {
            0 => format!("M{x:.1} {:.1}a{R} {R} 0 1 0 .01 0z", y - R),
            1 => format!("M{:.1} {:.1}h{w}v{w}h-{w}z", x - 4.0, y - 4.0, w = 8),
            2 => format!("M{x:.1} {:.1}l5 9h-10z", y - 5.5),
            3 => format!("M{x:.1} {:.1}l5.5 5.5l-5.5 5.5l-5.5 -5.5z", y - 5.5),
            4 => format!("M{:.1} {:.1}l8 8m0 -8l-8 8", x - 4.0, y - 4.0),
            5 => format!("M{:.1} {y:.1}h10m-5 -5v10", x - 5.0),
            6 => format!("M{x:.1} {:.1}l-5 -9h10z", y + 5.5),
            7 => format!("M{x:.1} {:.1}a{R} {R} 0 1 0 .01 0zm-3 1.5l6 6", y - R),
            _ => format!("M{:.1} {:.1}h8v8h-8zm0 4h8", x - 4.0, y - 4.0),
        };
        let is_hollow = again > 0 || kind >= 7;
        let fill = if is_hollow {
            "hollow".to_owned()
        } else {
            format!("f{colour}")
        };
        let (attributes, title) = datum.map_or_else(Default::default, |datum| {
            (datum.attributes(), datum.title())
        });
        self.add(&format!(
            "<path d=\"{path}\" class=\"mark s{colour} {fill}\" {attributes}>{title}</path>"
        ));
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// Returns the chart as a part of a page.
    pub(super) fn inline(&self) -> String {
        self.element("", "")
    }

    /// Returns the chart as a file, with a style of its own and a ground to stand on.
    pub(super) fn file(&self, style: &str) -> String {
        let margin = format!(
            " x=\"-12\" y=\"-12\" width=\"{}\" height=\"{}\"",
            WIDTH + 24.0,
            self.height + 24.0
        );
        let ground =
            format!("<style>\n{style}</style>\n<rect{margin} style=\"fill: var(--paper)\"/>\n");
        self.element(" xmlns=\"http://www.w3.org/2000/svg\"", &ground)
    }

    fn element(&self, attributes: &str, before: &str) -> String {
        let Self {
            title,
            description,
            height,
            body,
        } = self;
        let (title, description) = (escape(title), escape(description));
        let margin = if before.is_empty() { 0.0 } else { 12.0 };
        let view = format!(
            "{} {} {} {}",
            -margin,
            -margin,
            WIDTH + 2.0 * margin,
            height + 2.0 * margin
        );
        format!(
            "<svg{attributes} viewBox=\"{view}\" role=\"img\">\n<title>{title}</title>\n<desc>{description}</desc>\n{before}{body}</svg>\n"
        )
    }
}

impl Datum<'_> {
    fn attributes(&self) -> String {
        let [series, name] = [self.series, self.name].map(escape);
        format!(
            "data-series=\"{series}\" data-name=\"{name}\" data-value=\"{}\"",
            self.value
        )
    }

    fn title(&self) -> String {
        let [series, name] = [self.series, self.name].map(escape);
        let mut title = String::new();
        _ = write!(title, "<title>{series}, {name}: {}</title>", self.value);
        title
    }
}

/// A scale by logarithms between two positive values.
pub(super) struct Logarithmic {
    from: f64,
    to: f64,
    pixels: [f64; 2],
}

impl Logarithmic {
    /// Returns the scale on which all values lie, with its ends at powers of the base; `None` if there is no
    /// value that has a logarithm.
    pub(super) fn over(
        values: impl Iterator<Item = f64>,
        base: f64,
        pixels: [f64; 2],
    ) -> Option<Self> {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let logarithms = values.map(|value| value.ln() / base.ln());
        let (from, to) = logarithms
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), value| {
                (from.min(value), to.max(value))
            });
        // Values that are a power of the base, as far as it can be told, need no more room.
        let (from, to) = ((from + 1e-9).floor(), (to - 1e-9).ceil());
        from.is_finite().then(|| Self {
            from: base.powf(from),
            to: base.powf(to.max(from + 1.0)),
            pixels,
        })
    }

    /// Returns the same with its ends at the next 1, 2 or 5 times a power of ten.
    pub(super) fn over_round(
        values: impl Iterator<Item = f64> + Clone,
        pixels: [f64; 2],
    ) -> Option<Self> {
        let Self { from, to, .. } = Self::over(values.clone(), 10.0, pixels)?;
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let (min, max) = values.fold((to, from), |(min, max), value| {
            (min.min(value), max.max(value))
        });
        let round: Vec<f64> = round(from, to).collect();
        let below = round.iter().rfind(|&&tick| tick <= min * (1.0 + 1e-9));
        let above = round
            .iter()
            .find(|&&tick| tick >= max * (1.0 - 1e-9) && tick > from);
        Some(Self {
            from: below.copied().unwrap_or(from),
            to: above.copied().unwrap_or(to),
            pixels,
        })
    }

    /// Returns 1, 2 and 5 times the powers of ten on the scale; only the powers if it spans more than two.
    pub(super) fn round_ticks(&self) -> impl Iterator<Item = f64> {
        let is_wide = self.to / self.from > 150.0;
        round(self.from, self.to).filter(move |tick| {
            let exponent = tick.log10();
            !is_wide || (exponent - exponent.round()).abs() < 1e-6
        })
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (value / self.from).ln() / (self.to / self.from).ln();
        let [from, to] = self.pixels;
        from + share.clamp(0.0, 1.0) * (to - from)
    }

    /// Returns the powers of the base on the scale.
    pub(super) fn ticks(&self, base: f64) -> impl Iterator<Item = f64> {
        let steps = ((self.to / self.from).ln() / base.ln()).round() as i32;
        let from = self.from;
        (0..=steps).map(move |step| from * base.powi(step))
    }
}

/// Returns 1, 2 and 5 times the powers of ten between two positive values.
fn round(from: f64, to: f64) -> impl Iterator<Item = f64> {
    let (first, last) = (from.log10().floor() as i32, to.log10().ceil() as i32);
    let all = (first..=last)
        .flat_map(|exponent| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(exponent)));
    all.filter(move |tick| (from * (1.0 - 1e-9)..=to * (1.0 + 1e-9)).contains(tick))
}

#[cfg(test)]
mod tests {
    use super::Logarithmic;

    #[test]
    fn ends_and_ticks_are_round() {
        let ticks = |values: &[f64]| {
            let scale = Logarithmic::over_round(values.iter().copied(), [0.0, 1.0]).unwrap();
            let ticks = scale.round_ticks().map(|tick| format!("{tick:.3}"));
            ticks.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ticks(&[0.03, 0.4]), "0.020 0.050 0.100 0.200 0.500");
        assert_eq!(ticks(&[1.0, 10.0]), "1.000 2.000 5.000 10.000");
        assert_eq!(ticks(&[0.01, 300.0]), "0.010 0.100 1.000 10.000 100.000");
        assert_eq!(ticks(&[1.0]), "1.000 2.000");
    }

    #[test]
    fn what_has_no_logarithm_has_no_scale() {
        assert!(Logarithmic::over([0.0, f64::NAN].into_iter(), 2.0, [0.0, 1.0]).is_none());
        assert!(Logarithmic::over_round(std::iter::empty(), [0.0, 1.0]).is_none());
    }
}
