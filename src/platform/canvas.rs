//! A canvas to draw on where there is too much for elements.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

/// The pen of a canvas. Its functions are looked up once.
#[derive(Clone)]
pub struct Pen {
    canvas: web_sys::HtmlCanvasElement,
    context: JsValue,
    functions: Vec<Function>,
}

/// The functions of a canvas's context that are used here, in the order in which they are kept.
const FUNCTIONS: [&str; 10] = [
    "setTransform",
    "clearRect",
    "beginPath",
    "moveTo",
    "lineTo",
    "roundRect",
    "fill",
    "stroke",
    "fillText",
    "setLineDash",
];

impl Pen {
    /// The pen of a canvas; `None` where the browser gives none.
    #[must_use]
    pub fn of(canvas: &web_sys::HtmlCanvasElement) -> Option<Self> {
        let get = Reflect::get(canvas, &"getContext".into()).ok()?.dyn_into::<Function>().ok()?;
        let context = get.call1(canvas, &"2d".into()).ok().filter(JsValue::is_object)?;
        let look_up = |name: &&str| {
            Reflect::get(&context, &JsValue::from_str(name)).ok()?.dyn_into::<Function>().ok()
        };
        let functions: Option<Vec<Function>> = FUNCTIONS.iter().map(look_up).collect();
        Some(Self { canvas: canvas.clone(), functions: functions?, context })
    }

    fn function(&self, name: &str) -> Option<&Function> {
        FUNCTIONS.iter().position(|other| *other == name).map(|at| &self.functions[at])
    }

    /// Calls a function with numbers; a context's own functions do not throw on finite ones.
    fn call(&self, name: &str, numbers: &[f64]) {
        let Some(function) = self.function(name) else { return };
        let at = |place: usize| JsValue::from_f64(numbers[place]);
        let context = &self.context;
        let _ = match numbers.len() {
            0 => function.call0(context),
            2 => function.call2(context, &at(0), &at(1)),
            4 => function.call4(context, &at(0), &at(1), &at(2), &at(3)),
            5 => function.call5(context, &at(0), &at(1), &at(2), &at(3), &at(4)),
            _ => {
                let list: js_sys::Array = numbers.iter().copied().map(JsValue::from_f64).collect();
                Reflect::apply(function, context, &list)
            }
        };
    }

    fn set(&self, name: &str, value: &str) {
        let _ = Reflect::set(&self.context, &name.into(), &value.into());
    }

    /// Makes the canvas so large, in pixels of the page, and wipes it.
    pub fn clear(&self, width: f64, height: f64) {
        let fine = super::window().device_pixel_ratio().max(1.0);
        let (wide, tall) = ((width * fine) as u32, (height * fine) as u32);
        if self.canvas.width() != wide || self.canvas.height() != tall {
            self.canvas.set_width(wide);
            self.canvas.set_height(tall);
        }
        self.call("setTransform", &[fine, 0.0, 0.0, fine, 0.0, 0.0]);
        self.call("clearRect", &[0.0, 0.0, width, height]);
    }

    /// Everything after this is drawn so much larger, and shifted.
    pub fn transform(&self, scale: f64, x: f64, y: f64) {
        let fine = super::window().device_pixel_ratio().max(1.0);
        self.call("setTransform", &[fine * scale, 0.0, 0.0, fine * scale, fine * x, fine * y]);
    }

    /// Begins a path.
    pub fn begin(&self) {
        self.call("beginPath", &[]);
    }

    /// Adds a rectangle with round corners to the path.
    pub fn rect(&self, x: f64, y: f64, width: f64, height: f64, round: f64) {
        self.call("roundRect", &[x, y, width, height, round]);
    }

    /// Adds a line through these points to the path.
    pub fn line(&self, points: &[(f64, f64)]) {
        for (at, (x, y)) in points.iter().enumerate() {
            self.call(if at == 0 { "moveTo" } else { "lineTo" }, &[*x, *y]);
        }
    }

    /// Fills the path.
    pub fn fill(&self, colour: &str) {
        self.set("fillStyle", colour);
        self.call("fill", &[]);
    }

    /// Draws the path as a line.
    pub fn stroke(&self, colour: &str, width: f64) {
        self.set("strokeStyle", colour);
        let _ = Reflect::set(&self.context, &"lineWidth".into(), &width.into());
        self.call("stroke", &[]);
    }

    /// The letters and the colour of the texts that follow.
    pub fn font(&self, font: &str, colour: &str) {
        self.set("font", font);
        self.set("fillStyle", colour);
    }

    /// A text that begins here.
    pub fn text(&self, text: &str, x: f64, y: f64) {
        if let Some(function) = self.function("fillText") {
            let _ = function.call3(&self.context, &text.into(), &x.into(), &y.into());
        }
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
