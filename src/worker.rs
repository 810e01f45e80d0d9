//! The program in a worker: it does what the page asks and says what it knows, in slices, so that it
//! hears a Stop within one of them.

use std::cell::RefCell;
use std::rc::Rc;

use crate::platform::scope::{self, Bell};
use crate::search::message::{self, Ask, Known, Tell};
use crate::search::slices::Slices;

/// What the worker works on.
#[derive(Default)]
struct Work {
    slices: Option<Slices>,
    bell: Option<Bell>,
}

/// Listens and works for as long as the page lets it.
pub fn run() {
    std::panic::set_hook(Box::new(|info| tell(&Tell::Failed(info.to_string()))));
    let work = Rc::new(RefCell::new(Work::default()));
    let rung = Rc::clone(&work);
    work.borrow_mut().bell = Some(Bell::new(move || slice(&mut rung.borrow_mut())));
    scope::listen(move |text| match message::read(text) {
        Some(ask) => heard(&mut work.borrow_mut(), &ask),
        None => tell(&Tell::Refused(vec!["the worker cannot read what it is asked".into()])),
    });
    tell(&Tell::Ready);
}

fn tell(what: &Tell) {
    scope::say(&message::write(what));
}

fn told(slices: &Slices, known: Known, last: bool) {
    tell(&Tell::Told(slices.told(known, last, scope::now_ms(), scope::heap_bytes())));
}

fn heard(work: &mut Work, ask: &Ask) {
    if matches!(ask, Ask::Stop) {
        if let Some(slices) = work.slices.take() {
            told(&slices, slices.known(), true);
        }
        return;
    }
    match Slices::begin(ask, scope::now_ms()) {
        Ok(slices) => {
            work.slices = Some(slices);
            ring(work);
        }
        Err(lines) => tell(&Tell::Refused(lines)),
    }
}

fn slice(work: &mut Work) {
    let Some(slices) = &mut work.slices else { return };
    let slice = slices.slice(scope::now_ms);
    if let Some(known) = slice.known {
        told(slices, known, slice.done);
    }
    if slice.done {
        work.slices = None;
    } else {
        ring(work);
    }
}

fn ring(work: &Work) {
    if let Some(bell) = &work.bell {
        bell.ring();
    }
}
