//! `interleave stories`: what the page's mode Learn tells, stage by stage.

use interleave_engine::ids::EventIx;
use interleave_engine::link::{self, Link};
use interleave_engine::scenario::Scenario;
use interleave_engine::stories::{self, Played, Stage, Story};
use serde::Serialize;

use crate::failure::{BadInput, Verdict};
use crate::output::Output;

#[derive(Serialize)]
struct Stories {
    stories: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    scenario: &'static str,
    compare: &'static [&'static str],
    stages: Vec<ToldStage>,
}

#[derive(Serialize)]
struct ToldStage {
    stage: String,
    says: &'static str,
    watch: &'static str,
    asks: &'static str,
    answers: Vec<ToldAnswer>,
    does: &'static str,
    link: String,
}

#[derive(Serialize)]
struct ToldAnswer {
    text: &'static str,
    why: &'static str,
    right: bool,
}

/// Lists the stories. Each stage is played: which answer is right is what the run shows.
///
/// # Errors
/// Where a stage does not run, which none does.
pub fn stories(json: bool, out: &mut Output) -> Result<Verdict, BadInput> {
    let mut all = Vec::new();
    for story in stories::stories() {
        let stages = story.stages.iter().enumerate();
        let stages: Result<Vec<_>, _> = stages.map(|(at, stage)| told(story, at, stage)).collect();
        all.push(Told {
            name: story.name,
            title: story.title,
            about: story.line,
            scenario: story.scenario,
            compare: story.compare,
            stages: stages?,
        });
    }
    if json {
        out.json(&Stories { stories: all });
        return Ok(Verdict::Fine);
    }
    for story in all {
        out.line(format!("{}: {}", story.name, story.title));
        out.line(format!("    {}", story.about));
        for stage in story.stages {
            out.line(format!("    {}: {}", stage.stage, stage.says));
        }
    }
    Ok(Verdict::Fine)
}

/// A stage, played.
fn told(story: &'static Story, at: usize, stage: &'static Stage) -> Result<ToldStage, BadInput> {
    let bad = |problems| BadInput::of(story.name, problems);
    let input = stories::input(story, stage).ok_or_else(|| bad(Vec::new()))?;
    let run = Played::of(&input).map_err(bad)?;
    let text = stories::text(story, at);
    let link = link_to(&input.scenario, &run, stage, &text);
    let acted = stories::acted(stage, run).map_err(bad)?;
    let shown = stage.shows.find(&acted.seen_at_end()).unwrap_or(EventIx(0));
    let answers = stage.ask.answers.iter().map(|answer| ToldAnswer {
        text: answer.text,
        why: answer.why,
        right: answer.claim.is_true(&acted.seen(shown)),
    });
    Ok(ToldStage {
        stage: text,
        says: stage.say,
        watch: stage.watch,
        asks: stage.ask.text,
        answers: answers.collect(),
        does: stage.act.button,
        link,
    })
}

/// The link to a stage, as the page's address has it.
fn link_to(scenario: &Scenario, run: &Played, stage: &Stage, text: &str) -> String {
    let link = Link {
        cursor: stage.at.find(&run.seen_at_end()).map(|at| at.0),
        selection: (stage.follow > 0).then(|| format!("T{}", stage.follow)),
        story: Some(text.to_owned()),
        ..Link::of(scenario.clone())
    };
    format!("#{}", link::encode(&link))
}
