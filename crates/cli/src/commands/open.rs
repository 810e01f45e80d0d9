//! `interleave open`: what is in a link.

use interleave_engine::link::Link;
use interleave_engine::scenario::Scenario;
use interleave_engine::session::ENGINE;
use serde::Serialize;

use crate::args::OpenArgs;
use crate::failure::{BadInput, Verdict};
use crate::input::Input;
use crate::output::{Output, note};
use crate::replay;

/// The object that `open --json` prints: what the link says, then what this engine makes of it.
#[derive(Serialize)]
struct Report<'a> {
    scenario: &'a Scenario,
    interventions: &'a [String],
    schedule: Option<&'a [String]>,
    cursor: Option<u32>,
    view: Option<&'a str>,
    selection: Option<&'a str>,
    story: Option<&'a str>,
    compare: Option<&'a str>,
    digest: Option<&'a str>,
    engine: Option<&'a str>,
    engine_here: &'static str,
    digest_here: String,
    ended: &'static str,
    events: usize,
}

/// Prints the scenario of a link and says whether its run is still the same.
///
/// # Errors
/// Everything that is wrong with the link, a schedule that does not apply included.
pub fn open(args: &OpenArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let input = Input::read(&args.link)?;
    let session = replay::play(&input.from, &input.run_input()?)?;
    let digest_here = session.digest();
    replay::digest_note(&input, &digest_here).iter().for_each(note);
    let Link {
        scenario,
        interventions,
        schedule,
        cursor,
        view,
        selection,
        story,
        compare,
        digest,
        engine,
    } = &input.link;
    if args.json {
        out.json(&Report {
            scenario,
            interventions,
            schedule: schedule.as_deref(),
            cursor: *cursor,
            view: view.as_deref(),
            selection: selection.as_deref(),
            story: story.as_deref(),
            compare: compare.as_deref(),
            digest: digest.as_deref(),
            engine: engine.as_deref(),
            engine_here: ENGINE,
            digest_here,
            ended: replay::ended(session.state()),
            events: session.trace().len(),
        });
    } else {
        out.json(scenario);
        if !interventions.is_empty() || schedule.is_some() {
            note("the link has more than its scenario; --json shows all of it");
        }
    }
    Ok(Verdict::Fine)
}
