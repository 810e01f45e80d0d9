//! What the isolation laboratory shows, and its address: plain values, tested without a browser.

use std::rc::Rc;

use interleave_engine::isolation_lab::{
    self, Experiment, Mistake, Phenomenon, Played, Results, Setting, Shipped, Verdict,
};
use interleave_engine::link;

/// What an address of the laboratory begins with.
pub const DOOR: &str = "isolation=";
/// What marks a text that was packed into the address.
const PACKED: char = '~';

/// A schedule that is looked at.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// The setting's name.
    pub setting: String,
    /// The phenomenon's short name.
    pub name: String,
    /// Where it shows, when here it does not: a setting's name.
    pub shown_at: Option<String>,
    /// The schedule, run.
    pub played: Played,
    /// The step that is marked, from 0.
    pub step: usize,
}

/// The laboratory.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Isolation {
    /// The experiment's text.
    pub text: String,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
    /// The text that the table is of.
    pub tried: String,
    /// The table, as far as it is known.
    pub table: Option<Results>,
    /// Whether it is being made.
    pub running: bool,
    /// Why it ended early, if it did.
    pub failed: Option<String>,
    /// The schedule that is looked at.
    pub scene: Option<Scene>,
}

/// What an address names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The experiment's text.
    pub text: String,
    /// The setting, the phenomenon, and whose step is next: a schedule that is to be shown.
    pub scene: Option<(Setting, Phenomenon, Vec<u8>)>,
}

/// The experiment with this text, where it comes with the laboratory.
#[must_use]
pub fn shipped_as(text: &str) -> Option<&'static Shipped> {
    isolation_lab::shipped().iter().find(|shipped| shipped.text == text)
}

impl Isolation {
    /// The experiment, where its text can be read.
    #[must_use]
    pub fn experiment(&self) -> Option<Rc<Experiment>> {
        isolation_lab::read(&self.text).ok().map(Rc::new)
    }

    /// Whether the table is of another text than the one on screen.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.table.is_some() && self.tried != self.text
    }

    /// The scene of a cell of the table.
    #[must_use]
    pub fn scene_of(&self, setting: &str, name: &str) -> Option<Scene> {
        let (at, one) = (Setting::named(setting)?, Phenomenon::named(name)?);
        let (schedule, shown_at) = match self.table.as_ref()?.row(setting)?.verdict(one)? {
            Verdict::Possible { schedule, .. } => (schedule, None),
            Verdict::Prevented { schedule, shown_at, .. } => (schedule, Some(shown_at.clone())),
            Verdict::Absent | Verdict::Unknown => return None,
        };
        let experiment = isolation_lab::read(&self.tried).ok().map(Rc::new)?;
        Some(scene(&experiment, at, one, schedule, shown_at))
    }

    /// The fragment of what is shown.
    #[must_use]
    pub fn fragment(&self) -> String {
        let mut fragment = DOOR.to_owned();
        match shipped_as(&self.text) {
            Some(shipped) => fragment.push_str(shipped.name),
            None => {
                fragment.push(PACKED);
                fragment.push_str(&link::pack_text(&self.text));
            }
        }
        if let Some(scene) = &self.scene {
            // Transactions are counted from 1 where people read them.
            let steps: String =
                scene.played.schedule.iter().map(|who| (who + 1).to_string()).collect();
            fragment.push_str(&format!("&at={}&shows={}&steps={steps}", scene.setting, scene.name));
        }
        fragment
    }
}

/// A schedule, run, to be looked at from its first step.
#[must_use]
pub fn scene(
    experiment: &Rc<Experiment>,
    setting: Setting,
    one: Phenomenon,
    schedule: &[u8],
    shown_at: Option<String>,
) -> Scene {
    Scene {
        setting: setting.name().to_owned(),
        name: one.name().to_owned(),
        shown_at,
        played: isolation_lab::play(experiment, setting, schedule),
        step: 0,
    }
}

/// Reads what follows [`DOOR`].
///
/// # Errors
/// What cannot be read, and what there is instead.
pub fn read_address(address: &str) -> Result<Address, String> {
    let mut parts = address.split('&');
    let first = parts.next().unwrap_or_default();
    let text = match first.strip_prefix(PACKED) {
        Some(packed) => link::unpack_text(packed)
            .map_err(|error| format!("isolation=~…: the experiment cannot be read: {error}"))?,
        None => {
            isolation_lab::named(first).map(|shipped| shipped.text.to_owned()).ok_or_else(|| {
                let names: Vec<&str> = isolation_lab::shipped().iter().map(|it| it.name).collect();
                format!("isolation={first}: no such experiment; there are {}", names.join(", "))
            })?
        }
    };
    if text.len() > isolation_lab::TEXT_MAX {
        return Err("isolation=~…: the experiment is too long".to_owned());
    }
    let (mut setting, mut one, mut steps) = (None, None, Vec::new());
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            "at" => {
                setting = Some(Setting::named(value).ok_or_else(|| {
                    let names: Vec<&str> = Setting::all().map(Setting::name).collect();
                    format!("at={value}: no such level; there are {}", names.join(", "))
                })?);
            }
            "shows" => {
                one = Some(Phenomenon::named(value).ok_or_else(|| {
                    let names: Vec<&str> = Phenomenon::ALL.iter().map(|it| it.name()).collect();
                    format!("shows={value}: no such anomaly; there are {}", names.join(", "))
                })?);
            }
            "steps" => {
                let most = isolation_lab::TRANSACTIONS_MAX as u8;
                let step = |c: u8| c.checked_sub(b'1').filter(|who| *who < most);
                let read: Option<Vec<u8>> = value.bytes().take(64).map(step).collect();
                steps = read.ok_or_else(|| {
                    format!("steps={value}: steps are the numbers of transactions, as in 1212")
                })?;
            }
            _ => return Err(format!("{part}: there are at=…, shows=… and steps=…")),
        }
    }
    let scene = match (setting, one) {
        (Some(setting), Some(one)) => Some((setting, one, steps)),
        _ => None,
    };
    Ok(Address { text, scene })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn opened(name: &str) -> Isolation {
        let text = isolation_lab::named(name).unwrap().text.to_owned();
        let experiment = Rc::new(isolation_lab::read(&text).unwrap());
        let table = isolation_lab::Trial::new(experiment, Setting::all(), None).run();
        Isolation { tried: text.clone(), text, table: Some(table), ..Isolation::default() }
    }

    #[test]
    fn an_address_opens_what_it_was_made_of() {
        let mut isolation = opened("lost-update");
        assert_eq!(isolation.fragment(), "isolation=lost-update");
        isolation.scene = isolation.scene_of("postgres-read-committed", "P4");
        let fragment = isolation.fragment();
        assert!(
            fragment
                .starts_with("isolation=lost-update&at=postgres-read-committed&shows=P4&steps=")
        );
        let address = read_address(fragment.strip_prefix(DOOR).unwrap()).unwrap();
        assert_eq!(address.text, isolation.text);
        let (setting, one, steps) = address.scene.unwrap();
        assert_eq!((setting.name(), one), ("postgres-read-committed", Phenomenon::LostUpdate));
        assert_eq!(steps, isolation.scene.as_ref().unwrap().played.schedule);

        isolation.text.push_str("-- mine");
        let address = read_address(isolation.fragment().strip_prefix(DOOR).unwrap()).unwrap();
        assert_eq!(address.text, isolation.text);
    }

    #[test]
    fn a_prevented_cell_shows_how_it_goes_there() {
        let isolation = opened("lost-update");
        let scene = isolation.scene_of("postgres-serializable", "P4").unwrap();
        assert_eq!(scene.shown_at.as_deref(), Some("postgres-read-committed"));
        assert!(!scene.played.shows(Phenomenon::LostUpdate));
        assert!(isolation.scene_of("postgres-serializable", "G1a").is_none());
    }

    #[test]
    fn addresses_that_lead_nowhere_say_where_there_is_something() {
        for (address, part) in [
            ("nothing", "lost-update"),
            ("~@", "cannot be read"),
            ("lost-update&at=strong", "postgres-serializable"),
            ("lost-update&shows=ghosts", "G-single"),
            ("lost-update&steps=19", "as in 1212"),
            ("lost-update&colour=red", "steps"),
        ] {
            let wrong = read_address(address).unwrap_err();
            assert!(wrong.contains(part), "{address}: {wrong}");
        }
    }
}
