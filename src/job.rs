//! Work that takes long: in a worker of its own, or in slices on the page where the browser gives none.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::platform::worker::{Word, Worker};
use crate::platform::{clock, panic, scope};
use crate::search::message::{self, Ask, Known, Tell, Told};
use crate::search::slices::Slices;

/// How long a worker may take to listen, in milliseconds: it fetches and compiles the program again.
const START_PATIENCE_MS: i32 = 20_000;
/// How often the worker is looked after, in milliseconds, and after how many looks without a word
/// from it it is given up. Looks are counted, since a machine that slept is not a silent worker.
const LOOK_EVERY_MS: i32 = 1_000;
const LOOKS_MAX: u32 = 30;

/// What becomes of a job.
pub enum News {
    /// It is being worked on; on the page itself, if there is a reason why.
    Began(Option<String>),
    /// What is known.
    Told(Told),
    /// It cannot be done, a line for each reason. Nothing more comes.
    Refused(Vec<String>),
    /// It broke: why, as a sentence without its beginning and end. Nothing more comes.
    Broke(String),
}

/// A job. It ends when this is dropped, and no news of it come any more.
pub struct Job(Rc<Inner>);

struct Inner {
    ask: Ask,
    at: RefCell<At>,
    silent_looks: Cell<u32>,
    is_over: Cell<bool>,
    is_told: Box<dyn Fn(News)>,
}

/// Where a job is.
enum At {
    Nowhere,
    /// In a worker that does not listen yet.
    Waking(Worker),
    Worker(Worker),
    Page(Slices),
}

impl Job {
    /// Begins a job; `is_told` hears what becomes of it, never before this has returned.
    #[must_use]
    pub fn begin(ask: Ask, is_told: impl Fn(News) + 'static) -> Self {
        let inner = Rc::new(Inner {
            ask,
            at: RefCell::new(At::Nowhere),
            silent_looks: Cell::new(0),
            is_over: Cell::new(false),
            is_told: Box::new(is_told),
        });
        let weak = Rc::downgrade(&inner);
        let worker = Worker::start(move |word| {
            if let Some(inner) = alive(&weak) {
                inner.heard(word);
            }
        });
        let weak = Rc::downgrade(&inner);
        match worker {
            Ok(worker) => {
                inner.at.replace(At::Waking(worker));
                look_after(weak.clone());
                clock::after_ms(START_PATIENCE_MS, move || {
                    let Some(inner) = alive(&weak) else { return };
                    if matches!(*inner.at.borrow(), At::Waking(_)) {
                        inner.on_page("the worker did not start in time".into());
                    }
                });
            }
            Err(why) => clock::soon(move || {
                if let Some(inner) = alive(&weak) {
                    inner.on_page(why);
                }
            }),
        }
        Self(inner)
    }

    /// Asks it to stop and say what it knows. Where it works on the page, or has not begun, that is
    /// known at once; a worker answers with its last news.
    #[must_use]
    pub fn stop(&self) -> Stopped {
        match &*self.0.at.borrow() {
            At::Worker(worker) => {
                worker.say(&message::write(&Ask::Stop));
                Stopped::Asked
            }
            At::Page(slices) => Stopped::At(Box::new(here(slices, slices.known(), true))),
            At::Waking(_) | At::Nowhere => Stopped::Before,
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.is_over.set(true);
        // It may be let go of while its own news are heard; the worker ends once that is over.
        let inner = Rc::clone(&self.0);
        clock::soon(move || drop(inner));
    }
}

/// What came of asking a job to stop.
pub enum Stopped {
    /// It will answer.
    Asked,
    /// It has stopped, and knew this.
    At(Box<Told>),
    /// It had not begun.
    Before,
}

/// The job, while somebody wants it and the program is well.
fn alive(weak: &Weak<Inner>) -> Option<Rc<Inner>> {
    weak.upgrade().filter(|inner| !inner.is_over.get() && !panic::is_dead())
}

/// What is known on the page.
fn here(slices: &Slices, known: Known, last: bool) -> Told {
    slices.told(known, last, clock::now_ms(), scope::heap_bytes())
}

/// One slice on the page, then the next one after the browser has served its inputs.
fn slice(weak: Weak<Inner>) {
    let Some(inner) = alive(&weak) else { return };
    let sliced = match &mut *inner.at.borrow_mut() {
        At::Page(slices) => {
            let slice = slices.slice(clock::now_ms);
            let told = slice.known.map(|known| here(slices, known, slice.done));
            (slice.done, told)
        }
        _ => return,
    };
    let (done, told) = sliced;
    if let Some(told) = told {
        inner.tell(News::Told(told));
    }
    if !done {
        clock::soon(move || slice(weak));
    }
}

/// Looks after a worker: one that was ended by the browser says nothing, not even that.
fn look_after(weak: Weak<Inner>) {
    clock::after_ms(LOOK_EVERY_MS, move || {
        let Some(inner) = alive(&weak) else { return };
        inner.silent_looks.set(inner.silent_looks.get() + 1);
        match &*inner.at.borrow() {
            At::Worker(_) => {}
            At::Waking(_) => inner.silent_looks.set(0),
            At::Page(_) | At::Nowhere => return,
        }
        if inner.silent_looks.get() > LOOKS_MAX {
            inner.tell(News::Broke(format!(
                "its worker has said nothing for {LOOKS_MAX} seconds; browsers end workers that need too much memory"
            )));
            return;
        }
        look_after(weak);
    });
}

/// Why a worker that was at work broke. A mistake of the program is told by the program itself, so
/// that a bare trap is what is left: an allocation that the browser did not grant.
fn broke_in_words(why: &str) -> String {
    if ["unreachable", "memory"].iter().any(|sign| why.contains(sign)) {
        "it ran out of memory".to_owned()
    } else {
        format!("its worker broke ({why})")
    }
}

impl Inner {
    /// Tells the news. Who hears them may let go of the job.
    fn tell(&self, news: News) {
        if !self.is_over.get() {
            (self.is_told)(news);
        }
    }

    fn heard(self: &Rc<Self>, word: Word) {
        self.silent_looks.set(0);
        let waking = matches!(*self.at.borrow(), At::Waking(_));
        match word {
            Word::Said(text) => match message::read::<Tell>(&text) {
                Some(Tell::Ready) => {
                    let at = self.at.replace(At::Nowhere);
                    if let At::Waking(worker) = at {
                        worker.say(&message::write(&self.ask));
                        self.at.replace(At::Worker(worker));
                    }
                    self.tell(News::Began(None));
                }
                Some(Tell::Told(told)) => self.tell(News::Told(told)),
                Some(Tell::Refused(lines)) => self.tell(News::Refused(lines)),
                Some(Tell::Failed(why)) => {
                    self.tell(News::Broke(format!("the program made a mistake ({why})")));
                }
                None => self.tell(News::Broke("it said something that cannot be read".into())),
            },
            Word::Broke(why) if waking => self.on_page(why),
            Word::Broke(why) => self.tell(News::Broke(broke_in_words(&why))),
        }
    }

    /// Works in slices on the page itself.
    fn on_page(self: &Rc<Self>, why: String) {
        match Slices::begin(&self.ask, clock::now_ms()) {
            Ok(slices) => {
                let before = self.at.replace(At::Page(slices));
                // It may be the worker whose word is being heard; it is let go of once that is over.
                clock::soon(move || drop(before));
                self.tell(News::Began(Some(why)));
                let weak = Rc::downgrade(self);
                clock::soon(move || slice(weak));
            }
            Err(lines) => self.tell(News::Refused(lines)),
        }
    }
}
