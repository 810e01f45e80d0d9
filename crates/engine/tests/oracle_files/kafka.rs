//! `event_sourcing_kafka.json`: appends under an expected version, hashes and partitions of keys,
//! and who reads which partition.

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::log_lab::assignors::{
    Assignment, Assignor, Partitions, Subscriptions, TopicPartition,
};
use interleave_engine::log_lab::keys::{murmur2, partition_of};
use serde_json::Value;

use super::event_store;
use super::record::{Not, Record, id, judge, rows, same, text};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let each = |pointer: &str, check: &dyn Fn(&Value) -> Result<(), Not>| -> Vec<Record> {
        rows(oracle, pointer).iter().map(|row| judge(&id(row), check(row))).collect()
    };
    let mut records = each("/expected_version/vectors", &event_store::vector);
    records.push(judge("expected_version.constants", event_store::constants(oracle)));
    records.extend(each("/murmur2/vectors", &hash));
    records.extend(each("/murmur2/partitions", &partition));
    let mut before = Known::default();
    for row in rows(oracle, "/assignors/rows") {
        records.push(judge(&id(row), assignor(row, &mut before)));
    }
    let not_modelled = "the broker is one node here; how it copies its log is not modelled";
    records
        .extend(each("/kafka_replication_tla/rows", &|_| Err(Not::Supported(not_modelled.into()))));
    let prose =
        "a sentence, which no machine can run; tests in event_log.rs and event_store.rs name it";
    let named = include_str!("../event_log.rs").to_owned() + include_str!("../event_store.rs");
    records.extend(each("/rules", &|row| {
        let name = text(row, "id")?;
        let is_held = named.contains(&format!("fn {}", name.replace('.', "_")));
        let why = if is_held { prose } else { "a sentence, which no machine can run" };
        Err(Not::Supported(why.to_owned()))
    }));
    records
}

fn number(row: &Value, field: &str) -> Result<i64, Not> {
    row[field].as_i64().ok_or_else(|| Not::Supported(format!("it has no number `{field}`")))
}

fn hash(row: &Value) -> Result<(), Not> {
    same("the hash", &i64::from(murmur2(text(row, "key")?.as_bytes())), &number(row, "hash")?)
}

fn partition(row: &Value) -> Result<(), Not> {
    let partitions = u32::try_from(number(row, "n")?)
        .map_err(|_| Not::Supported("it has no number of partitions".into()))?;
    let found = partition_of(text(row, "key")?.as_bytes(), partitions);
    same("the partition", &i64::from(found), &number(row, "partition")?)
}

/// What the rows before one said, for those that say "same" or "after C1 leaves".
#[derive(Default)]
struct Known {
    wants: Subscriptions<String, String>,
    partitions: Partitions<String>,
    /// What each rule last gave out.
    assigned: Vec<(Assignor, Assignment<String, String>)>,
}

impl Known {
    fn last(&self, assignor: Assignor) -> Assignment<String, String> {
        let found = self.assigned.iter().rev().find(|(of, _)| *of == assignor);
        found.map(|(_, assigned)| assigned.clone()).unwrap_or_default()
    }
}

/// `range`, `roundrobin`, `sticky(fresh)=roundrobin`, `roundrobin after C1 leaves`.
fn assignor(row: &Value, known: &mut Known) -> Result<(), Not> {
    let rule = text(row, "assignor")?;
    let (names, change) = rule.split_once(" after ").unwrap_or((rule, ""));
    let unknown = || Not::Supported(format!("the rule `{rule}` is not known"));
    let rules: Vec<Assignor> = names
        .split('=')
        .map(|name| Assignor::named(name.split('(').next()?.trim()))
        .collect::<Option<_>>()
        .ok_or_else(unknown)?;
    if let Some(topics) = row["topics"].as_object() {
        known.partitions = topics
            .iter()
            .map(|(topic, count)| Some((topic.clone(), u32::try_from(count.as_u64()?).ok()?)))
            .collect::<Option<_>>()
            .ok_or_else(unknown)?;
    }
    if let Some(wants) = consumers(&row["consumers"], &known.partitions)? {
        known.wants = wants;
    }
    let mut wants = known.wants.clone();
    if !change.is_empty() {
        let gone = change.strip_suffix(" leaves").ok_or_else(unknown)?;
        wants.remove(gone.trim());
    }
    let expected = assignment(&row["assignment"])?;
    for rule in rules {
        // Without a change the group is new, and nobody has anything to keep.
        let before = if change.is_empty() { Assignment::new() } else { known.last(rule) };
        let found = rule.assign(&wants, &known.partitions, &before);
        if change.is_empty() {
            known.assigned.push((rule, found.clone()));
        }
        same(&format!("what {rule:?} gives out"), &found, &expected)?;
    }
    Ok(())
}

/// Who wants what: by name, or `C0,C1,C2 all topics`; nothing where it is as before.
fn consumers(
    value: &Value,
    partitions: &Partitions<String>,
) -> Result<Option<Subscriptions<String, String>>, Not> {
    let unread = || Not::Supported(format!("the consumers {value} cannot be read"));
    match value {
        Value::Null => Ok(None),
        Value::String(words) if words == "same" => Ok(None),
        Value::String(words) => {
            let names = words.strip_suffix(" all topics").ok_or_else(unread)?;
            let all: BTreeSet<String> = partitions.keys().cloned().collect();
            Ok(Some(names.split(',').map(|name| (name.trim().to_owned(), all.clone())).collect()))
        }
        Value::Object(members) => members
            .iter()
            .map(|(member, topics)| Some((member.clone(), names(topics)?.into_iter().collect())))
            .collect::<Option<_>>()
            .map(Some)
            .ok_or_else(unread),
        _ => Err(unread()),
    }
}

fn names(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

/// `{"C0": ["t0p0", "t1p1"]}`.
fn assignment(value: &Value) -> Result<Assignment<String, String>, Not> {
    let one = |name: &str| {
        let (topic, partition) = name.rsplit_once('p')?;
        Some(TopicPartition { topic: topic.to_owned(), partition: partition.parse().ok()? })
    };
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(member, has)| {
            Some((member.clone(), names(has)?.iter().map(|n| one(n)).collect::<Option<_>>()?))
        })
        .collect::<Option<BTreeMap<_, _>>>()
        .filter(|assigned| !assigned.is_empty())
        .ok_or_else(|| Not::Supported(format!("the assignment {value} cannot be read")))
}
