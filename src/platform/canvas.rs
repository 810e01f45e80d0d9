//! A canvas to draw on where there is too much for elements.

use wasm_bindgen::JsCast;
use web_sys::CanvasRenderingContext2d;

/// The pen of a canvas.
#[derive(Clone)]
pub struct Pen {
    canvas: web_sys::HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Pen {
    /// The pen of a canvas; `None` where the browser gives none.
    #[must_use]
    pub fn of(canvas: &web_sys::HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { canvas: canvas.clone(), context })
    }

    /// Makes the canvas so large, in pixels of the page, and wipes it.
    pub fn clear(&self, width: f64, height: f64) {
        let fine = super::window().device_pixel_ratio().max(1.0);
        let (wide, tall) = ((width * fine) as u32, (height * fine) as u32);
        if self.canvas.width() != wide || self.canvas.height() != tall {
            self.canvas.set_width(wide);
            self.canvas.set_height(tall);
        }
        self.transform(1.0, 0.0, 0.0);
        self.context.clear_rect(0.0, 0.0, width, height);
    }

    /// Everything after this is drawn so much larger, and shifted.
    pub fn transform(&self, scale: f64, x: f64, y: f64) {
        let fine = super::window().device_pixel_ratio().max(1.0);
        let scale = fine * scale;
        // A context throws on numbers that are not finite alone.
        let _ = self.context.set_transform(scale, 0.0, 0.0, scale, fine * x, fine * y);
    }

    /// Begins a path.
    pub fn begin(&self) {
        self.context.begin_path();
    }

    /// Adds a rectangle with round corners to the path.
    pub fn rect(&self, x: f64, y: f64, width: f64, height: f64, round: f64) {
        let _ = self.context.round_rect_with_f64(x, y, width, height, round);
    }

    /// Adds a line through these points to the path.
    pub fn line(&self, points: &[(f64, f64)]) {
        for (at, (x, y)) in points.iter().enumerate() {
            if at == 0 {
                self.context.move_to(*x, *y);
            } else {
                self.context.line_to(*x, *y);
            }
        }
    }

    /// Fills the path.
    pub fn fill(&self, colour: &str) {
        self.context.set_fill_style_str(colour);
        self.context.fill();
    }

    /// Draws the path as a line.
    pub fn stroke(&self, colour: &str, width: f64) {
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(width);
        self.context.stroke();
    }

    /// The letters and the colour of the texts that follow.
    pub fn font(&self, font: &str, colour: &str) {
        self.context.set_font(font);
        self.context.set_fill_style_str(colour);
    }

    /// A text that begins here.
    pub fn text(&self, text: &str, x: f64, y: f64) {
        let _ = self.context.fill_text(text, x, y);
    }

    /// What a colour of the style sheet is here and now: `var(--txn-0)` as `rgb(…)`.
    #[must_use]
    pub fn colour(&self, name: &str) -> String {
        let style = self.canvas.style();
        // A property that the browser knows takes any text.
        let _ = style.set_property("color", &format!("var({name})"));
        let computed = super::window().get_computed_style(&self.canvas).ok().flatten();
        let colour = computed.and_then(|style| style.get_property_value("color").ok());
        let _ = style.remove_property("color");
        colour.unwrap_or_default()
    }
}

/// The colours of the style sheet under one theme, looked up when they are first needed.
#[derive(Clone, Debug, Default)]
pub struct Colours {
    theme: String,
    known: Vec<(String, String)>,
}

impl Colours {
    /// Forgets the colours of another theme.
    pub fn under(&mut self, theme: &str) {
        let dark = super::media::matches("(prefers-color-scheme: dark)");
        let theme = format!("{theme} {dark}");
        if self.theme != theme {
            *self = Self { theme, known: Vec::new() };
        }
    }

    /// A colour by the name of its variable.
    pub fn of(&mut self, pen: &Pen, name: &str) -> String {
        if let Some((_, colour)) = self.known.iter().find(|(known, _)| known == name) {
            return colour.clone();
        }
        let colour = pen.colour(name);
        self.known.push((name.to_owned(), colour.clone()));
        colour
    }
}
