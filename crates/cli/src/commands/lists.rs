//! `interleave schema`, `patterns` and `scenarios`: what there is.

use interleave_engine::scenario;
use interleave_engine::session;
use serde::Serialize;

use crate::failure::{BadInput, Verdict};
use crate::output::Output;

#[derive(Serialize)]
struct Patterns {
    patterns: Vec<Pattern>,
    families: Families,
}

#[derive(Serialize)]
struct Pattern {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    write: &'static str,
    read: &'static str,
    store: &'static str,
}

#[derive(Serialize)]
struct Families {
    write: Vec<Member>,
    read: Vec<Member>,
    store: Vec<Member>,
}

#[derive(Serialize)]
struct Member {
    name: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct Scenarios {
    scenarios: Vec<Shipped>,
}

#[derive(Serialize)]
struct Shipped {
    name: &'static str,
    title: String,
    about: String,
    pattern: String,
    services: Vec<String>,
    transactions: Vec<String>,
}

/// Prints the JSON Schema of scenarios.
///
/// # Errors
/// None.
pub fn schema(out: &mut Output) -> Result<Verdict, BadInput> {
    out.json(&scenario::schema());
    Ok(Verdict::Fine)
}

/// Lists the named patterns and the members of the families.
///
/// # Errors
/// None.
pub fn patterns(json: bool, out: &mut Output) -> Result<Verdict, BadInput> {
    let patterns: Vec<Pattern> =
        session::patterns()
            .into_iter()
            .map(|session::PatternInfo { name, title, about, parts: [write, read, store] }| {
                Pattern { name, title, about, write, read, store }
            })
            .collect();
    let [write, read, store] = session::families().map(|members| {
        members.into_iter().map(|(name, about)| Member { name, about }).collect::<Vec<_>>()
    });
    let families = Families { write, read, store };
    if json {
        out.json(&Patterns { patterns, families });
        return Ok(Verdict::Fine);
    }
    for Pattern { name, title, about, write, read, store } in patterns {
        out.line(format!("{name}: {title}"));
        out.line(format!("    {about}"));
        out.line(format!("    write={write},read={read},store={store}"));
    }
    out.line("");
    out.line("The parts, as --pattern write=…,read=…,store=… takes them:");
    let Families { write, read, store } = families;
    for (family, members) in [("write", write), ("read", read), ("store", store)] {
        for Member { name, about } in members {
            out.line(format!("    {family}={name}: {about}"));
        }
    }
    Ok(Verdict::Fine)
}

/// Lists the shipped scenarios.
///
/// # Errors
/// Where the coupling of one is not known, which no shipped one is.
pub fn scenarios(json: bool, out: &mut Output) -> Result<Verdict, BadInput> {
    let mut shipped = Vec::new();
    for known in scenario::shipped() {
        let scenario = known.scenario();
        let cast =
            session::cast_of(&scenario).map_err(|problems| BadInput::of(known.name, problems))?;
        shipped.push(Shipped {
            name: known.name,
            pattern: cast.coupling.clone(),
            services: scenario.services.into_iter().map(|service| service.name).collect(),
            transactions: scenario.transactions.into_iter().map(|flow| flow.name).collect(),
            title: scenario.title,
            about: scenario.about,
        });
    }
    if json {
        out.json(&Scenarios { scenarios: shipped });
        return Ok(Verdict::Fine);
    }
    for Shipped { name, title, about, pattern, services, transactions } in shipped {
        out.line(format!("{name}: {title}"));
        out.line(format!("    {about}"));
        out.line(format!(
            "    {} over {}, coupled by {pattern}",
            transactions.join(", "),
            services.join(", ")
        ));
    }
    Ok(Verdict::Fine)
}
