//! Every stage of every story, played: its moment is there, its sentence is true, its action leads to
//! what it promises and is recognised only then, and exactly one answer of its question holds.

use interleave_engine::compare;
use interleave_engine::stories::{
    self, Claim, Deed, Played, Seen, Stage, Story, acted, input, stories,
};

fn stages() -> impl Iterator<Item = (&'static Story, usize, &'static Stage)> {
    stories().iter().flat_map(|story| {
        story.stages.iter().enumerate().map(move |(at, stage)| (story, at, stage))
    })
}

fn played(story: &Story, stage: &Stage) -> Played {
    let input = input(story, stage).unwrap_or_else(|| panic!("{}: no such scenario", story.name));
    Played::of(&input).unwrap_or_else(|problems| panic!("{}: {problems:?}", story.name))
}

/// The run that the stage's action leads to.
fn after(story: &Story, stage: &Stage) -> Played {
    acted(stage, played(story, stage)).unwrap_or_else(|why| panic!("{}: {why:?}", story.name))
}

#[test]
fn every_sentence_is_true_of_its_moment() {
    let mut wrong = Vec::new();
    for (story, number, stage) in stages() {
        let run = played(story, stage);
        let name = stories::text(story, number);
        let Some(at) = stage.at.find(&run.seen_at_end()) else {
            wrong.push(format!("{name}: {:?} does not happen", stage.at));
            continue;
        };
        for fact in stage.facts {
            if !fact.is_true(&run.seen(at)) {
                wrong.push(format!("{name}: not so: {fact:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn exactly_one_answer_holds_in_the_run_that_the_action_leads_to() {
    let mut wrong = Vec::new();
    for (story, number, stage) in stages() {
        let run = after(story, stage);
        let name = stories::text(story, number);
        let Some(shown) = stage.shows.find(&run.seen_at_end()) else {
            wrong.push(format!("{name}: {:?} does not happen", stage.shows));
            continue;
        };
        let answers = stage.ask.answers;
        let right: Vec<&str> = answers
            .iter()
            .filter(|it| it.claim.is_true(&run.seen(shown)))
            .map(|it| it.text)
            .collect();
        println!("{name}: {right:?}");
        if right.len() != 1 {
            wrong.push(format!("{name}: {right:?} of {}", answers.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_action_is_recognised_when_it_is_done_and_not_before() {
    let mut wrong = Vec::new();
    for (story, number, stage) in stages() {
        let name = stories::text(story, number);
        let before = played(story, stage);
        let Some(at) = stage.at.find(&before.seen_at_end()) else { continue };
        let done = |seen: &Seen<'_>| stage.act.sees.iter().all(|claim: &Claim| claim.is_true(seen));
        let is_last = number + 1 == story.stages.len();
        assert_eq!(stage.act.deed == Deed::Compare, is_last, "{name}: a story ends in Compare");
        if stage.act.deed == Deed::Compare {
            continue;
        }
        if done(&before.seen(at)) {
            wrong.push(format!("{name}: it is done before it begins"));
        }
        let after = after(story, stage);
        let target = match stage.act.deed {
            Deed::Go(moment) => moment.find(&after.seen_at_end()),
            _ => stage.shows.find(&after.seen_at_end()),
        };
        match target {
            None => wrong.push(format!("{name}: what it leads to does not happen")),
            Some(target) if !done(&after.seen(target)) => {
                let missing = stage.act.sees.iter().filter(|it| !it.is_true(&after.seen(target)));
                wrong.push(format!("{name}: not recognised: {:?}", missing.collect::<Vec<_>>()));
            }
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_story_ends_in_couplings_that_run_its_scenario() {
    for story in stories() {
        assert!((2..=4).contains(&story.compare.len()), "{}", story.name);
        for stage in story.stages.iter().filter(|stage| stage.act.deed == Deed::Compare) {
            let scenario = input(story, stage).unwrap().scenario;
            let run = compare::couplings_that_run(&scenario);
            for name in story.compare {
                let coupling = compare::coupling_named(name).unwrap();
                assert!(run.contains(&coupling), "{}: {name} does not run it", story.name);
            }
        }
    }
}

#[test]
fn the_texts_are_whole_sentences_in_plain_words() {
    let mut names = Vec::new();
    for (story, number, stage) in stages() {
        let name = stories::text(story, number);
        assert_eq!(stories::parse(&name).map(|it| (it.0.name, it.1)), Some((story.name, number)));
        names.push(name.clone());
        assert!(stage.say.ends_with('.'), "{name}: {}", stage.say);
        assert!(stage.say.split(' ').count() <= 26, "{name}: too long: {}", stage.say);
        assert!(stage.watch.ends_with('.') && stage.ask.text.ends_with('?'), "{name}");
        assert!((2..=4).contains(&stage.ask.answers.len()), "{name}");
        let texts = [stage.say, stage.watch, stage.ask.text, stage.act.button, stage.act.by_hand];
        for text in
            texts.into_iter().chain(stage.ask.answers.iter().flat_map(|it| [it.text, it.why]))
        {
            assert!(!text.is_empty(), "{name}");
            let is_id = |word: &str| {
                word.strip_prefix('T').is_some_and(|rest| {
                    !rest.is_empty() && rest.bytes().all(|it| it.is_ascii_digit())
                })
            };
            assert!(!text.split(|it: char| !it.is_alphanumeric()).any(is_id), "{name}: {text}");
        }
    }
    names.dedup();
    assert!(stories::parse("lost-event").is_some_and(|it| it.1 == 0));
    for text in ["", "lost-event.0", "lost-event.99", "no-story.1", "lost-event.x"] {
        assert!(stories::parse(text).is_none(), "{text}");
    }
}

/// The page of the documents that lists the stories, as it must be.
fn listed() -> String {
    let mut page = String::from(
        "# The stories\n\n\
         Told in the mode Learn, each over real runs of the engine: a sentence, a question that is answered before the run shows\n\
         it, and something to do that is recognised however it is done. Which answer is right is not written down anywhere: each\n\
         is a claim, and the run decides. `interleave stories --json` plays them all.\n\n\
         This page is written by `INTERLEAVE_UPDATE=1 cargo test -p interleave-engine --test stories`, which also holds it. The\n\
         preview cards in `s/<story>/` of a built page are made from its table.\n\n\
         | name | title | what it is about |\n| --- | --- | --- |\n",
    );
    for story in stories() {
        page.push_str(&format!("| `{}` | {} | {} |\n", story.name, story.title, story.line));
    }
    for story in stories() {
        page.push_str(&format!(
            "\n## {}\n\nOver the scenario `{}`.\n\n",
            story.title, story.scenario
        ));
        for (number, stage) in story.stages.iter().enumerate() {
            page.push_str(&format!("{}. {} *{}*\n", number + 1, stage.say, stage.ask.text));
        }
        page.push_str(&format!("\nIt ends in comparing `{}`.\n", story.compare.join("`, `")));
    }
    page
}

#[test]
fn the_documents_list_the_stories() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/stories.md");
    if std::env::var_os("INTERLEAVE_UPDATE").is_some() {
        std::fs::write(path, listed()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, listed(), "docs/stories.md: write it with INTERLEAVE_UPDATE=1");
}
