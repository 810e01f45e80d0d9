//! `history_checkers.json`: lists of transactions with their anomalies, the models and what they
//! rule out, and histories of objects.

use std::collections::BTreeSet;

use interleave_engine::history::anomaly::Anomaly;
use interleave_engine::history::models::{Model, Standing};
use interleave_engine::history::{Judgement, lists};
use serde_json::Value;

use super::history_text;
use super::record::{Not, Record, id, judge, rows, same};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records: Vec<Record> = rows(oracle, "/list_append_histories")
        .iter()
        .map(|row| judge(&id(row), lists_row(row)))
        .collect();
    records.extend(named(oracle, "model_prohibits", |model, with| {
        let anomaly = Anomaly::named(with)
            .ok_or_else(|| Not::Supported(format!("no anomaly is called {with}")))?;
        same(&format!("whether it rules out {with}"), &model.prohibits(anomaly), &true)
    }));
    records.extend(named(oracle, "model_implications", |model, with| {
        same(&format!("whether it implies {with}"), &model.implies(model_named(with)?), &true)
    }));
    records.extend(
        rows(oracle, "/linearizability")
            .iter()
            .map(|row| judge(&id(row), super::history_text::object_row(row))),
    );
    records
}

/// One record for each member of an object whose members are lists of names.
fn named(
    oracle: &Value,
    part: &str,
    check: impl Fn(Model, &str) -> Result<(), Not>,
) -> Vec<Record> {
    let members = oracle[part].as_object().into_iter().flatten();
    members
        .map(|(name, with)| {
            let checked = model_named(name)
                .and_then(|model| texts(with)?.iter().try_for_each(|with| check(model, with)));
            judge(&format!("{part}.{name}"), checked)
        })
        .collect()
}

/// `read-committed(PL-2)` has two names, and they are one model's.
fn model_named(name: &str) -> Result<Model, Not> {
    let unknown = |name: &str| Not::Supported(format!("no model is called {name}"));
    let (usual, also) = match name.split_once('(') {
        Some((usual, also)) => (usual.trim(), Some(also.trim_end_matches(')').trim())),
        None => (name.trim(), None),
    };
    let model = Model::named(usual).ok_or_else(|| unknown(usual))?;
    match also {
        Some(also) => {
            same(&format!("who is also called {also}"), &Model::named(also), &Some(model))
        }
        None => Ok(()),
    }?;
    Ok(model)
}

fn texts(value: &Value) -> Result<Vec<&str>, Not> {
    let wrong = || Not::Supported(format!("a list of names is needed, not {value}"));
    value.as_array().ok_or_else(wrong)?.iter().map(|one| one.as_str().ok_or_else(wrong)).collect()
}

fn lists_row(row: &Value) -> Result<(), Not> {
    let history = history_text::transactions(&texts(&row["history"])?)?;
    let judgement = lists::judge(&history);
    let mut listed = BTreeSet::new();
    for name in texts(&row["anomalies"])? {
        listed.insert(
            Anomaly::named(name)
                .ok_or_else(|| Not::Supported(format!("no anomaly is called {name}")))?,
        );
    }
    let violated: BTreeSet<Model> =
        texts(&row["weakest_violated"])?.into_iter().map(model_named).collect::<Result<_, _>>()?;
    same("the weakest models violated", &judgement.weakest_violated(), &violated)?;
    anomalies(&judgement, &listed, &violated)?;
    texts(&row["valid_under"])?.iter().try_for_each(|under| valid_under(&judgement, under))
}

/// What is listed must be found. Elle was asked for some anomalies only, so one more may be there,
/// but then it is a case of a listed one or a listed one is a case of it, or the listed ones alone
/// would not rule out what the record says is ruled out.
fn anomalies(
    judgement: &Judgement,
    listed: &BTreeSet<Anomaly>,
    violated: &BTreeSet<Model>,
) -> Result<(), Not> {
    let found = judgement.anomalies();
    let implied = Anomaly::closure(listed.iter().copied());
    let is_explained = Model::weakest_violated(listed) == *violated;
    let is_case = |one: &Anomaly| listed.iter().any(|other| one.is_case_of(*other));
    let more: Vec<_> = found.iter().filter(|one| !implied.contains(one) && !is_case(one)).collect();
    let missing: Vec<_> = listed.iter().filter(|one| !judgement.shows(**one)).collect();
    if missing.is_empty() && (more.is_empty() || !is_explained) {
        return Ok(());
    }
    let shown: Vec<String> = judgement
        .found
        .iter()
        .map(|one| {
            let by = one.shown.text(|txn| format!("T{}", txn.0 + 1));
            format!("{} ({by})", one.anomaly.name())
        })
        .collect();
    Err(Not::Right(format!("not found {missing:?}, beside them {more:?}; found {shown:?}")))
}

/// `serializable`, `read-committed (G1)`, `G0-only check`, `read-uncommitted (unknown)`.
fn valid_under(judgement: &Judgement, under: &str) -> Result<(), Not> {
    let name = under.split('(').next().unwrap_or_default().trim();
    if name.is_empty() {
        let edges = judgement.graph.edges().count();
        return same("the dependencies of a history that tells nothing", &edges, &0);
    }
    if let Some(anomaly) = name.strip_suffix("-only check").and_then(Anomaly::named) {
        return same(
            &format!("whether it shows {}", anomaly.name()),
            &judgement.shows(anomaly),
            &false,
        );
    }
    same(
        &format!("what it is to {name}"),
        &judgement.standing(model_named(name)?),
        &Standing::Holds,
    )
}
