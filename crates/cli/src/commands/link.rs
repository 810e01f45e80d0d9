//! `interleave link`: the link to a run.

use interleave_engine::ids::EventIx;
use interleave_engine::link::LONG;
use interleave_engine::scenario::Problem;
use interleave_engine::views::format;

use crate::args::LinkArgs;
use crate::failure::{BadInput, Verdict};
use crate::input::Input;
use crate::output::{Output, note};
use crate::replay;

/// Prints the link to a run. The run is made, so that the link carries its digest and whoever opens
/// it can tell whether theirs is the same.
///
/// # Errors
/// Everything that is wrong with the scenario or the arguments.
pub fn link(args: &LinkArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let mut input = Input::of_args(&args.scenario)?.with_its_own_coupling()?;
    input.reseed(args.seed);
    let session = replay::play(&input.from, &input.run_input()?)?;
    let events = session.trace().len();
    if let Some(at) = args.at
        && at as usize >= events
    {
        let found = format!("the run has {}", format::counted(events as u64, "event", "events"));
        return Err(Problem::new("--at", found, "give one of its events, counted from 0").into());
    }
    replay::digest_note(&input, &session.digest()).iter().for_each(note);
    let mut link = replay::link_to(session.as_ref(), args.at.map(EventIx));
    // What a link shows stays, where it was given one and nothing else is asked for.
    link.cursor = link.cursor.or(input.link.cursor.filter(|at| (*at as usize) < events));
    link.view = input.link.view;
    link.selection = input.link.selection;
    link.story = input.link.story;
    if link.is_long() {
        note(format!(
            "the link is longer than {} characters, which some programs cut; a file is safer",
            format::count(LONG as u64)
        ));
    }
    out.line(replay::link_text(args.base.as_deref(), &link));
    Ok(Verdict::Fine)
}
