//! The arguments. What they mean in terms of the engine is decided in `coupling` and `input`, where
//! a mistake gets the same shape as a mistake in a document.

use clap::{Parser, Subcommand};
use interleave_engine::compare::MAX_SEEDS;
use interleave_engine::scenario::bounds;

/// Runs and checks scenarios of coupled microservices and databases.
#[derive(Parser, Debug)]
#[command(name = "interleave", version, arg_required_else_help = true)]
#[command(after_help = "\
SCENARIO is a file, `-` for standard input, a link, or the name of a shipped scenario; where a file \
has the name of a shipped scenario, the file is taken.
Exit codes: 0 fine, 1 a property is violated, 2 bad input.")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Simulate a scenario, or replay the schedule of a link, and report what came of it
    Run(RunArgs),
    /// Search all interleavings within bounds for the shortest that breaks a property
    Check(CheckArgs),
    /// Run a scenario under several couplings over many seeds, and compare what each costs
    Compare(CompareArgs),
    /// Run short transactions in every order at every isolation level, and tell what goes wrong
    Isolation(IsolationArgs),
    /// Read a trace of a real system, and say what couples its services to data
    Import(ImportArgs),
    /// Print the link to a scenario's run, to be put after the address of the page
    Link(LinkArgs),
    /// Print the scenario of a link, a file or a name, and say whether the link still gives its run
    Open(OpenArgs),
    /// Print the JSON Schema of scenarios
    Schema,
    /// List the named patterns and the parts that they are made of
    Patterns(ListArgs),
    /// List the shipped scenarios
    Scenarios(ListArgs),
    /// List the stories and their stages, each with its link
    Stories(ListArgs),
}

impl Command {
    /// Whether standard output is to hold one JSON object and no more.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Run(args) => args.json,
            Self::Check(args) => args.json,
            Self::Compare(args) => args.json,
            Self::Isolation(args) => args.json,
            Self::Import(args) => args.json,
            Self::Open(args) => args.json,
            Self::Patterns(args) | Self::Scenarios(args) | Self::Stories(args) => args.json,
            Self::Link(_) | Self::Schema => false,
        }
    }
}

/// A scenario and what is changed in it before anything is done with it.
#[derive(clap::Args, Debug)]
pub struct ScenarioArgs {
    /// A file, `-` for standard input, a link, or the name of a shipped scenario
    pub scenario: String,
    /// Couple the services so: a name of `interleave patterns`, or write=…,read=…,store=…
    #[arg(long, value_name = "P")]
    pub pattern: Option<String>,
}

/// The arguments of `run`.
#[derive(clap::Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Draw at random from this seed instead of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// End the run after so many events at the latest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=bounds::MAX_EVENTS as i64))]
    pub events: Option<u32>,
    /// The address of the page, to be put before the link
    #[arg(long, value_name = "URL")]
    pub base: Option<String>,
    /// Tell every event: its time, its node, its transaction and what happened
    #[arg(long)]
    pub trace: bool,
    /// Print one JSON object and nothing else
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `check`.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// How often what may go wrong, as crash=1,drop=1,duplicate=1, or none; what is not named does
    /// not happen
    #[arg(long, value_name = "BUDGET")]
    pub faults: Option<String>,
    /// How many of the workload's arrivals take part
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=bounds::MAX_EXPLORED as i64))]
    pub transactions: Option<u32>,
    /// Stop after so many distinct states
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=bounds::MAX_STATES))]
    pub max_states: Option<u64>,
    /// Try no schedule of more choices than this
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_steps: Option<u32>,
    /// Stop when so many mebibytes are held for states
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub max_memory: Option<u64>,
    /// The order in which states are visited: `breadth-first` finds shortest schedules, `depth-first`
    /// keeps few states waiting, `random-walks` samples spaces that do not fit
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = SearchOrder::BreadthFirst)]
    pub search: SearchOrder,
    /// Draw random walks from this seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub walk_seed: u64,
    /// First without faults, then with one in all, then two, up to the budget: each property is broken
    /// by as few faults as possible
    #[arg(long)]
    pub deepen: bool,
    /// Leave out choices that others stand for: interchangeable transactions, steps that commute with
    /// everything; verdicts stay, schedules may be longer
    #[arg(long)]
    pub reduce: bool,
    /// Exit with 1 also where the check was cut before every state within the bounds was visited
    #[arg(long)]
    pub complete: bool,
    /// Check this property alone; may be given several times
    #[arg(long, value_name = "ID")]
    pub property: Vec<String>,
    /// Stop at the first violation found
    #[arg(long)]
    pub first: bool,
    /// Explain each property that is broken: what led to it, which faults it takes, the nearest run
    /// that passes, and what to switch
    #[arg(long)]
    pub why: bool,
    /// Visit so many states at most in each further check of --why
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=bounds::MAX_STATES))]
    pub why_states: u64,
    /// Show five runs that come closest to breaking what holds
    #[arg(long)]
    pub samples: bool,
    /// Draw so many runs for --samples, from --walk-seed
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub walks: u32,
    /// The address of the page, to be put before the links
    #[arg(long, value_name = "URL")]
    pub base: Option<String>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    pub json: bool,
}

/// In which order `check` visits states.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SearchOrder {
    /// Level by level.
    BreadthFirst,
    /// Along one schedule to its end, then the next.
    DepthFirst,
    /// Schedules drawn at random.
    RandomWalks,
}

/// The arguments of `compare`.
#[derive(clap::Args, Debug)]
pub struct CompareArgs {
    /// A file, `-` for standard input, a link, or the name of a shipped scenario
    pub scenario: String,
    /// The couplings, with commas between: names of `interleave patterns`, or write+read+store; all
    /// named patterns that run the scenario by default
    #[arg(long, value_name = "P,P,…")]
    pub patterns: Option<String>,
    /// Run each coupling on so many seeds
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=MAX_SEEDS as i64))]
    pub seeds: u32,
    /// Count the seeds from this one instead of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print a Markdown document
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Vary one thing as well: participants, round-trip, crash-rate or conflict-rate, as
    /// round-trip=2..26:7 or round-trip=2,10,26
    #[arg(long, value_name = "PARAMETER=RANGE")]
    pub sweep: Option<String>,
    /// The figure that the sweep looks at, one of `metrics` of --json
    #[arg(long, value_name = "ID", default_value = "end_us.p50", requires = "sweep")]
    pub metric: String,
    /// Write a decision record in Markdown to this file, or to standard output for `-`
    #[arg(long, value_name = "FILE")]
    pub record: Option<String>,
    /// Check each coupling within the scenario's bounds for the record
    #[arg(long, requires = "record")]
    pub check: bool,
}

/// The arguments of `import`.
#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    /// A file with OTLP JSON, Jaeger JSON or Zipkin v2 JSON, or `-` for standard input
    pub trace: String,
    /// Make a scenario of the trace and write it to this file, or to standard output for `-`
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<String>,
    /// Make the scenario of this finding, counted from 1; of the first by default
    #[arg(long, value_name = "N", requires = "scenario")]
    pub finding: Option<usize>,
    /// Read files of at most so many mebibytes
    #[arg(long, value_name = "MIB", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub max_mib: u32,
    /// Print one JSON object and nothing else
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `link`.
#[derive(clap::Args, Debug)]
pub struct LinkArgs {
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Draw at random from this seed instead of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop at this event when the link is opened
    #[arg(long, value_name = "EVENT")]
    pub at: Option<u32>,
    /// The address of the page, to be put before the link
    #[arg(long, value_name = "URL")]
    pub base: Option<String>,
}

/// The arguments of `open`.
#[derive(clap::Args, Debug)]
pub struct OpenArgs {
    /// A link; or a file, `-` or a name, as everywhere
    pub link: String,
    /// Print one JSON object with all that the link says
    #[arg(long)]
    pub json: bool,
}

/// The arguments of the lists.
#[derive(clap::Args, Debug)]
pub struct ListArgs {
    /// Print one JSON object and nothing else
    #[arg(long)]
    pub json: bool,
}

/// What to try in the isolation laboratory.
#[derive(clap::Args, Debug)]
pub struct IsolationArgs {
    /// A file, `-` for standard input, or the name of an experiment; without it they are listed
    pub experiment: Option<String>,
    /// Try every experiment that comes with the laboratory, and print one table
    #[arg(long, conflicts_with = "experiment")]
    pub all: bool,
    /// Only this level (`serializable`), database (`postgres`) or both (`postgres-serializable`);
    /// may be given several times
    #[arg(long, value_name = "LEVEL")]
    pub level: Vec<String>,
    /// Visit at most so many states of each level
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    pub max_states: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
