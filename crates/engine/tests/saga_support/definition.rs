//! The wording in which the oracle writes a saga down: a few words for each step.

/// Where a step runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// In the service that runs the saga: no command is sent.
    Local,
    /// In this service.
    Service(String),
    /// In a service whose name is not said.
    Elsewhere,
}

/// One step of a saga.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Action {
    /// Its command; `None` where it has only a compensation.
    pub(crate) command: Option<String>,
    /// Its compensation.
    pub(crate) undo: Option<String>,
    /// Where it runs.
    pub(crate) place: Place,
    /// The input that must be true for it to run.
    pub(crate) condition: Option<String>,
    /// What the refusal says; a default where the wording has none.
    pub(crate) refusal: Option<String>,
}

/// How the services of a saga speak with each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// An orchestrator sends commands.
    Orchestration,
    /// They react to each other's events.
    Choreography,
}

/// A saga.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Definition {
    /// How its services speak.
    pub(crate) style: Style,
    /// Its steps in order.
    pub(crate) actions: Vec<Action>,
    /// Whether the step that failed is compensated too.
    pub(crate) failed_too: bool,
    /// Whether compensations run all at once.
    pub(crate) parallel: bool,
}

impl Definition {
    /// Reads a definition. What the vector's source adds to it in words counts too.
    ///
    /// # Errors
    /// What in it is not understood.
    pub(crate) fn parse(text: &str, source: &str) -> Result<Self, String> {
        let parallel = parallel(source).or_else(|| parallel(text)).unwrap_or(false);
        let mut definition =
            Self { style: Style::Orchestration, actions: Vec::new(), failed_too: false, parallel };
        if text.trim() == "choreography" {
            // Customers and orders is the one saga that the oracle has in this style, and its
            // source tells its steps only by their events.
            definition.style = Style::Choreography;
            definition.actions = actions(
                "CreateOrder@orders(comp RejectOrder); ReserveCredit@customers; ApproveOrder@orders",
            )?;
        } else if let Some((_, items)) = text.split_once("register comp THEN call:") {
            definition.failed_too = true;
            let items = items.split(';').next().unwrap_or_default();
            definition.actions = items.split(',').map(|item| booking(item.trim())).collect();
        } else if let Some((steps, back)) = text.split_once("each Catch->own Cancel") {
            definition.failed_too = true;
            definition.actions = steps.split(',').map(|step| caught(step.trim())).collect();
            agrees(&definition.actions, back)?;
        } else {
            definition.actions = actions(text)?;
        }
        Ok(definition)
    }
}

/// What a text says about compensations that run in parallel, if anything.
fn parallel(text: &str) -> Option<bool> {
    let (_, rest) = text.split_once("parallelCompensation")?;
    let rest = rest.trim_start_matches(['=', ' ']).trim_start_matches("default ");
    if rest.starts_with("true") { Some(true) } else { rest.starts_with("false").then_some(false) }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `car`: a step `bookCar` with the compensation `cancelCar`.
fn booking(item: &str) -> Action {
    let item = capital(item);
    Action {
        command: Some(format!("book{item}")),
        undo: Some(format!("cancel{item}")),
        place: Place::Service(item.to_lowercase()),
        condition: None,
        refusal: Some(format!("{item} booking did not work")),
    }
}

/// `BookHotel`, with its own `CancelHotel`.
fn caught(step: &str) -> Action {
    let item = step.strip_prefix("Book").unwrap_or(step);
    Action {
        command: Some(step.to_owned()),
        undo: Some(format!("Cancel{item}")),
        place: Place::Service(item.to_lowercase()),
        condition: None,
        refusal: None,
    }
}

/// The way back that is written out must be the one that the steps imply.
fn agrees(actions: &[Action], back: &str) -> Result<(), String> {
    let undos: Vec<&str> =
        actions.iter().rev().filter_map(|action| action.undo.as_deref()).collect();
    let written: Vec<&str> = back
        .trim_start_matches(';')
        .split("->")
        .map(str::trim)
        .filter(|word| !word.is_empty() && *word != "Fail")
        .collect();
    if written == undos {
        Ok(())
    } else {
        Err(format!("the way back {written:?} is not the steps' own, {undos:?}"))
    }
}

fn actions(text: &str) -> Result<Vec<Action>, String> {
    text.split(';').map(|part| action(part.trim())).collect()
}

/// One step: `cmd Do1@p1 if cond(comp Undo1 if cond)`.
fn action(text: &str) -> Result<Action, String> {
    let unclear = || format!("cannot read the step {text:?}");
    let (head, inner) = match text.split_once('(') {
        None => (text, None),
        Some((head, rest)) => (head, Some(rest.strip_suffix(')').ok_or_else(unclear)?)),
    };
    let (head, condition) = conditional(head);
    let undo = match inner {
        None => None,
        Some(inner) => {
            let (inner, of_undo) = conditional(inner);
            if of_undo.is_some() && of_undo != condition {
                return Err(format!("{text:?} has two conditions"));
            }
            let words: Vec<&str> = inner.split_whitespace().collect();
            match words.as_slice() {
                ["comp" | "undo", name] | [name] => Some((*name).to_owned()),
                _ => return Err(unclear()),
            }
        }
    };
    let words: Vec<&str> = head.split_whitespace().collect();
    let (word, name) = match words.as_slice() {
        [word @ ("local" | "cmd" | "comp"), name] => (*word, *name),
        [name] if numbered_local(name) => ("local", *name),
        [name] => ("cmd", *name),
        _ => return Err(unclear()),
    };
    let (name, service) = match name.split_once('@') {
        Some((name, service)) => (name, Some(service.to_owned())),
        None => (name, None),
    };
    let place = match (word, service) {
        ("local", None) => Place::Local,
        ("local", Some(_)) => return Err(format!("{text:?} is local and names a service")),
        (_, Some(service)) => Place::Service(service),
        (_, None) => Place::Elsewhere,
    };
    let (command, undo) = match (word, undo) {
        ("comp", Some(_)) => return Err(unclear()),
        ("comp", None) => (None, Some(name.to_owned())),
        (_, undo) => (Some(name.to_owned()), undo),
    };
    Ok(Action { command, undo, place, condition, refusal: None })
}

fn conditional(text: &str) -> (&str, Option<String>) {
    match text.split_once(" if ") {
        Some((head, condition)) => (head.trim(), Some(condition.trim().to_owned())),
        None => (text.trim(), None),
    }
}

/// `local1`, as a test of its source calls a local step.
fn numbered_local(name: &str) -> bool {
    name.strip_prefix("local").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}
