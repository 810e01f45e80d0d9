//! Staleness: by how many versions, and for how long, the rows of answers were out of date when they
//! were read.
//!
//! It is a measure, and a property only where the scenario declares by how many versions a row may be
//! behind (`options.staleness_max`): k-staleness after Bailis et al., *Probabilistically Bounded
//! Staleness*, VLDB 2012.

use std::rc::Rc;

use rpds::RedBlackTreeMap;

use super::copies::{Cell, Times, Versions};
use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene};
use crate::event::{Event, EventKind};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{DbIx, Micros, TxnId, txn_name};
use crate::value::Key;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "staleness",
    title: "Staleness",
    meaning: "No answer is further behind its primary than the scenario allows; otherwise a measure.",
    exercised_by: &[Exercise::Query],
    make: |rules| if rules.copied() { Made::plain(Staleness::default()) } else { Vec::new() },
};

/// How stale a row was when it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Age {
    versions: u32,
    time: Micros,
}

#[derive(Clone, Default)]
struct Staleness {
    versions: Versions,
    times: Times,
    /// What was read for queries that are not answered yet.
    reads: RedBlackTreeMap<(TxnId, DbIx, Key), Age>,
    answered: u64,
    stale: u64,
    most: u32,
    longest: Micros,
}

impl Property for Staleness {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        matches!(
            event.kind,
            EventKind::Committed { .. } | EventKind::Read { .. } | EventKind::QueryAnswered { .. }
        )
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        let times = &mut self.times;
        self.versions.see(scene.rules, event, |cell, _| times.committed(cell, event.at));
        let Some(txn) = event.txn else { return };
        match &event.kind {
            EventKind::Read { db, key, .. } => {
                let primary: Cell = (scene.rules.primary_of(*db), *key);
                let held = self.versions.of((*db, *key));
                let versions = self.versions.of(primary).saturating_sub(held);
                let since = self.times.overwritten(primary, held);
                let time = since.map_or(0, |since| event.at.saturating_sub(since));
                self.reads.insert_mut((txn, *db, *key), Age { versions, time });
            }
            EventKind::QueryAnswered { rows, .. } => {
                for (db, key, _) in rows {
                    let Some(age) = self.reads.get(&(txn, *db, *key)).copied() else { continue };
                    self.answered += 1;
                    self.stale += u64::from(age.versions > 0);
                    self.most = self.most.max(age.versions);
                    self.longest = self.longest.max(age.time);
                    let Some(most) = scene.rules.staleness_max() else { continue };
                    if age.versions > most {
                        let (name, row) = (txn_name(txn), scene.rules.key(*key));
                        let (place, behind) = (scene.rules.database(*db), age.versions);
                        let why = format!(
                            "{name} was answered with {row} of {place}, {behind} versions behind; {most} are allowed."
                        );
                        found.push(Some(txn), None, format!("{name} is {behind} behind"), why);
                    }
                }
                let of_query = self.reads.keys().filter(|(of, _, _)| *of == txn);
                let over: Vec<(TxnId, DbIx, Key)> = of_query.copied().collect();
                for at in over {
                    self.reads.remove_mut(&at);
                }
            }
            _ => {}
        }
    }

    fn at_rest(&self, _scene: &Scene<'_>, _found: &mut Found<'_>) {}

    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.reads.size());
        for ((txn, db, key), age) in &self.reads {
            h.write_u32(txn.0);
            h.write_u8(db.0);
            key.canon(h);
            h.write_u32(age.versions);
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(|| match self.stale {
            0 => "no row that was read was out of date".to_owned(),
            stale => format!("{stale} of {} rows read were out of date", self.answered),
        })
    }

    fn measure(&self, _run: &RunView<'_>) -> Option<String> {
        (self.answered > 0).then(|| {
            format!(
                "{} of {} rows read were out of date, by {} versions at most and for {} µs at most",
                self.stale, self.answered, self.most, self.longest
            )
        })
    }
}
