//! `queueing.json`: the engine's stations against queueing theory.
//!
//! A queue is a service with workers and a service time behind Poisson arrivals; a closed network has
//! clients that come back (`networks`).

use interleave_engine::ids::Micros;
use serde_json::{Value, json};

use super::estimate::{Found, equal, number, whole};
use super::networks::{bounded, fork_join, mean_value, tandem};
use super::queueing_rules;
use super::record::{Not, Record, id, judged, rows};
use super::stations::{Network, Run, Visit, Window};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    for (group, part) in oracle["values"].as_object().into_iter().flatten() {
        match part {
            Value::Array(rows) => {
                records.extend(rows.iter().map(|row| judged(&id(row), record(group, row))));
            }
            closed => {
                for row in rows(closed, "/rows") {
                    let name = format!("q.{group}.N{}", row["N"]);
                    let checked = match group.as_str() {
                        "MVA_closed" => mean_value(closed, row),
                        _ => Err(unknown(group)),
                    };
                    records.push(judged(&name, checked));
                }
            }
        }
    }
    for row in rows(oracle, "/ciw_check") {
        let name = format!("q.ciw.{}", row["model"].as_str().unwrap_or_default());
        records.push(judged(&name, other_simulator(row)));
    }
    let rules = rows(oracle, "/rules").iter();
    records.extend(rules.map(|row| judged(&id(row), queueing_rules::rule(row))));
    records
}

fn unknown(group: &str) -> Not {
    Not::Supported(format!("no system `{group}` is known"))
}

fn record(group: &str, row: &Value) -> Result<String, Not> {
    let lam = || number(row, "lam");
    match group {
        "MM1" | "MMc" => {
            let workers = if row["c"].is_null() { 1 } else { whole(row, "c", 1..=1_024)? };
            Queue::new(lam()?, 1.0 / number(row, "mu")?, workers, Time::Exponential)?.hold(row)
        }
        "MD1" => Queue::new(lam()?, number(row, "ES")?, 1, Time::Constant)?.hold(row),
        "MG1" => {
            let (mean, second) = (number(row, "ES")?, number(row, "ES2")?);
            // Only the first two moments matter (Pollaczek and Khinchine).
            let time = Time::of_variation(second / mean / mean - 1.0)?;
            Queue::new(lam()?, mean, 1, time)?.hold(row)
        }
        "MM1K" => {
            let mu = if row["mu"].is_null() { 1.0 } else { number(row, "mu")? };
            let lam = if row["lam"].is_null() { number(row, "rho")? * mu } else { lam()? };
            bounded(row, lam / mu, 1, whole(row, "K", 1..=1_000)?)
        }
        "ErlangB" => {
            let workers = whole(row, "c", 1..=1_000)?;
            bounded(row, number(row, "a")?, workers, workers)
        }
        "ErlangC" => {
            let workers = whole(row, "c", 1..=1_024)?;
            Queue::new(number(row, "a")?, 1.0, workers, Time::Exponential)?.hold(row)
        }
        "MGinf" => {
            let (lam, mean) = (lam()?, number(row, "ES")?);
            // Whatever the distribution is: one that is not exponential says more.
            Queue::endless(lam, mean, Time::Uniform)?.hold(row)
        }
        "tandem_MM1" => tandem(row),
        "fork_join_2_MM1" => fork_join(row),
        _ => Err(unknown(group)),
    }
}

/// A kind of service time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Time {
    Exponential,
    Constant,
    /// From 0 to twice the mean.
    Uniform,
    /// Log-normal with this standard deviation of the logarithm.
    LogNormal {
        sigma: f64,
    },
}

impl Time {
    /// A time with this squared coefficient of variation.
    fn of_variation(squared: f64) -> Result<Self, Not> {
        match squared {
            v if v.abs() < 1e-9 => Ok(Self::Constant),
            v if (v - 1.0).abs() < 1e-9 => Ok(Self::Exponential),
            v if v > 0.0 && v < 30.0 => {
                Ok(Self::LogNormal { sigma: libm::sqrt(libm::log(1.0 + v)) })
            }
            v => Err(Not::Supported(format!("no service time has the variation {v}"))),
        }
    }

    /// The second moment where this is the mean.
    fn second_moment(self, mean: f64) -> f64 {
        mean * mean
            * match self {
                Self::Exponential => 2.0,
                Self::Constant => 1.0,
                Self::Uniform => 4.0 / 3.0,
                Self::LogNormal { sigma } => libm::exp(sigma * sigma),
            }
    }

    pub(crate) fn document(self, mean_us: f64) -> Value {
        match self {
            Self::Exponential => json!({ "exponential": { "mean": mean_us } }),
            Self::Constant => json!({ "constant": libm::round(mean_us) }),
            Self::Uniform => json!({ "uniform": { "min": 0.0, "max": 2.0 * mean_us } }),
            Self::LogNormal { sigma } => {
                let median = mean_us / libm::exp(sigma * sigma / 2.0);
                json!({ "log-normal": { "median": median, "sigma": sigma } })
            }
        }
    }
}

/// One station behind Poisson arrivals.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) network: Network,
    /// Microseconds in a unit of the row.
    pub(crate) unit: f64,
    /// Customers who come before it is settled.
    pub(crate) skip: usize,
    load: f64,
    workers: u64,
    lam: f64,
    mean: f64,
    /// The second moment of the service time.
    second: f64,
}

impl Queue {
    /// A queue with this load for each worker.
    pub(crate) fn new(lam: f64, mean: f64, workers: u64, time: Time) -> Result<Self, Not> {
        let load = lam * mean / workers as f64;
        if !(load > 0.0 && load < 0.96) {
            return Err(Not::Supported(format!("at a load of {load} nothing settles soon enough")));
        }
        // The slowest decay of M/M/c is (1 - √ρ)² each service (Morse 1955); twice that, and the
        // filling of the workers, are left out.
        let idle = 1.0 - load.sqrt();
        let skip = 2.0 * load / idle / idle + 4.0 * workers as f64 + 50.0;
        let kept = match time {
            Time::LogNormal { sigma } if sigma > 1.0 => 5_000.0,
            _ => (250.0 / (1.0 - load)).clamp(500.0, 2_500.0),
        };
        Ok(Self::sized(lam, mean, workers, time, skip as usize, kept as u64))
    }

    /// A station where nobody waits, since it has a worker for everybody.
    pub(crate) fn endless(lam: f64, mean: f64, time: Time) -> Result<Self, Not> {
        let inside = lam * mean;
        if !(inside > 0.0 && inside < 200.0) {
            return Err(Not::Supported(format!("{inside} are too many or too few at once")));
        }
        let skip = (20.0 * inside) as usize + 50;
        Ok(Self::sized(lam, mean, 1_024, time, skip, 1_000))
    }

    fn sized(lam: f64, mean: f64, workers: u64, time: Time, skip: usize, kept: u64) -> Self {
        let count = skip as u64 + kept;
        // A mean service takes 100,000 microseconds, or less where the run would last beyond a day.
        let unit = (100_000.0 / mean).min(5e10 * lam / count as f64);
        let network = Network {
            stations: vec![(workers, time.document(mean * unit))],
            arrivals: json!({ "per-second": lam * 1e6 / unit }),
            count,
            before: 0,
        };
        let load = lam * mean / workers as f64;
        Self { network, unit, skip, load, workers, lam, mean, second: time.second_moment(mean) }
    }

    /// One figure of each run.
    pub(crate) fn figures(&self, of: impl Fn(&Window<'_>) -> f64) -> Result<Vec<f64>, Not> {
        let runs = self.network.runs()?;
        Ok(runs.iter().map(|run| of(&run.stations[0].settled(self.skip))).collect())
    }

    fn samples(&self) -> f64 {
        (self.network.count - self.skip as u64) as f64 * super::estimate::RUNS as f64
    }

    /// The share of visits whose time, in units of the row, is at most `limit`.
    pub(crate) fn at_most(
        &self,
        what: &str,
        time: impl Fn(&Visit) -> Micros,
        limit: f64,
        expected: f64,
    ) -> Result<String, Not> {
        let limit = limit * self.unit;
        let shares = self.figures(|window| window.share(|visit| time(visit) as f64 <= limit))?;
        let found = Found::share_of(&shares, self.samples(), expected);
        // A quantile of 0 is that of a time that is 0 more often than the quantile says.
        let is_atom = limit <= 0.0 && found.mean > expected;
        if is_atom { Ok(format!("{what} 0")) } else { found.hold(what, expected) }
    }

    pub(crate) fn mean_time(
        &self,
        what: &str,
        time: impl Fn(&Visit) -> Micros,
        expected: f64,
    ) -> Result<String, Not> {
        let means = self.figures(|window| window.mean(&time) / self.unit)?;
        Found::controlled(&means, &self.controls()?).hold_mean(what, expected)
    }

    /// The average number inside.
    pub(crate) fn mean_inside(&self, what: &str, expected: f64) -> Result<String, Not> {
        let means = self.figures(|window| window.over_time(f64::from))?;
        Found::controlled(&means, &self.controls()?).hold_mean(what, expected)
    }

    /// What is known to be 0 on average in each run: how far the first two moments of the gaps between
    /// arrivals and of the service times lie from their expectations.
    fn controls(&self) -> Result<Vec<Vec<f64>>, Not> {
        Ok(self.controls_in(&self.network.runs()?))
    }

    pub(crate) fn controls_in(&self, runs: &[Run]) -> Vec<Vec<f64>> {
        let moments = |run: &Run| -> [f64; 4] {
            let starts =
                run.clients.windows(2).map(|pair| (pair[1].0 - pair[0].0) as f64 / self.unit);
            let served =
                run.stations[0].visits.iter().map(|v| (v.ended - v.started) as f64 / self.unit);
            let (mut gap, mut service) = ([0.0; 2], [0.0; 2]);
            starts.for_each(|time| gap = [gap[0] + time, gap[1] + time * time]);
            served.for_each(|time| service = [service[0] + time, service[1] + time * time]);
            let (gaps, services) =
                (run.clients.len() as f64 - 1.0, run.stations[0].visits.len() as f64);
            [
                gap[0] / gaps - 1.0 / self.lam,
                service[0] / services - self.mean,
                service[1] / services - self.second,
                gap[1] / gaps - 2.0 / self.lam / self.lam,
            ]
        };
        let of_runs: Vec<[f64; 4]> = runs.iter().map(moments).collect();
        (0..4).map(|ix| of_runs.iter().map(|moments| moments[ix]).collect()).collect()
    }

    /// The average over time of a function of the number inside.
    pub(crate) fn over_time(
        &self,
        what: &str,
        of: impl Fn(u32) -> f64,
        expected: f64,
    ) -> Result<String, Not> {
        let means = self.figures(|window| window.over_time(&of))?;
        Found::share_of(&means, self.samples(), expected).hold(what, expected)
    }

    /// Every figure of a row.
    fn hold(&self, row: &Value) -> Result<String, Not> {
        let workers = self.workers as u32;
        let mut held = identities(
            row,
            &[
                // Little, and what a visit is made of.
                ("L", &["W"], self.lam),
                ("Lq", &["Wq"], self.lam),
                ("mean_in_system", &[], self.lam * self.mean),
            ],
        )?;
        if let (Ok(whole), Ok(wait)) = (number(row, "W"), number(row, "Wq")) {
            held.push(equal("W", wait + self.mean, whole)?);
        }
        for (field, _) in row.as_object().into_iter().flatten() {
            if ["id", "name", "lam", "mu", "c", "ES", "ES2", "a", "source"]
                .contains(&field.as_str())
            {
                continue;
            }
            let expected = number(row, field)?;
            let busy = |inside: u32| f64::from(inside.min(workers)) / f64::from(workers);
            held.push(match field.as_str() {
                "rho" => {
                    equal(field, self.load, expected)?;
                    self.over_time("utilisation", busy, expected)?
                }
                "P_wait" | "C" => {
                    let shares = self.figures(|window| window.share(|visit| visit.wait() > 0))?;
                    Found::share_of(&shares, self.samples(), expected).hold(field, expected)?
                }
                "P0" | "P_empty" => {
                    self.over_time(field, |inside| f64::from(u8::from(inside == 0)), expected)?
                }
                "L" | "mean_in_system" => self.mean_inside(field, expected)?,
                "Lq" => {
                    let queue = |inside: u32| f64::from(inside.saturating_sub(workers));
                    let means = self.figures(|window| window.over_time(queue))?;
                    Found::controlled(&means, &self.controls()?).hold(field, expected)?
                }
                "W" => self.mean_time(field, Visit::sojourn, expected)?,
                "Wq" => {
                    let means = self.figures(|window| window.mean(Visit::wait) / self.unit)?;
                    Found::controlled(&means, &self.controls()?).hold(field, expected)?
                }
                other => match (other.strip_prefix("Wq_p"), other.strip_prefix("T_p")) {
                    (Some(p), _) => self.at_most(field, Visit::wait, expected, percent(p)?)?,
                    (_, Some(p)) => self.at_most(field, Visit::sojourn, expected, percent(p)?)?,
                    _ => {
                        let limit = other.strip_prefix("P_wait_le_").and_then(|n| n.parse().ok());
                        let limit = limit.ok_or_else(|| field_unknown(other))?;
                        self.at_most(field, Visit::wait, limit, expected)?
                    }
                },
            });
        }
        all(held)
    }
}

/// Identities among the figures of a row, held where it has them: each is the product of others and a
/// factor.
pub(crate) fn identities(row: &Value, of: &[(&str, &[&str], f64)]) -> Result<Vec<String>, Not> {
    let mut held = Vec::new();
    for (field, others, factor) in of {
        let product = others
            .iter()
            .try_fold(*factor, |product, other| number(row, other).map(|other| product * other));
        if let (Ok(expected), Ok(product)) = (number(row, field), product) {
            held.push(equal(field, product, expected)?);
        }
    }
    Ok(held)
}

/// The text of a record of which all was held; there must be something.
pub(crate) fn all(held: Vec<String>) -> Result<String, Not> {
    if held.is_empty() {
        return Err(Not::Supported("it has no figure that is known".to_owned()));
    }
    Ok(held.join("; "))
}

pub(crate) fn field_unknown(field: &str) -> Not {
    Not::Supported(format!("its figure `{field}` is not known"))
}

/// `99_9` is 0.999.
pub(crate) fn percent(text: &str) -> Result<f64, Not> {
    let percent: Option<f64> = text.replace('_', ".").parse().ok();
    percent
        .filter(|p| *p > 0.0 && *p < 100.0)
        .map(|p| p / 100.0)
        .ok_or_else(|| Not::Supported(format!("the percentile `{text}` cannot be read")))
}

/// What another simulator found, with its own interval: `M/M/1 rho.5`, `M/M/2 lam1.5`.
fn other_simulator(row: &Value) -> Result<String, Not> {
    let model = super::record::text(row, "model")?;
    let unread = || Not::Supported(format!("the model `{model}` cannot be read"));
    let (kind, load) = model.split_once(' ').ok_or_else(unread)?;
    let parts: Vec<&str> = kind.split('/').collect();
    let [arrivals, service, workers] = parts[..] else { return Err(unread()) };
    let workers: u64 =
        workers.parse().ok().filter(|w| (1..=1_024).contains(w)).ok_or_else(unread)?;
    let time = match (arrivals, service) {
        ("M", "M") => Time::Exponential,
        ("M", "D") => Time::Constant,
        _ => return Err(unread()),
    };
    let rate = match (load.strip_prefix("rho"), load.strip_prefix("lam")) {
        (Some(rho), _) => rho.parse::<f64>().map_err(|_| unread())? * workers as f64,
        (_, Some(lam)) => lam.parse::<f64>().map_err(|_| unread())?,
        _ => return Err(unread()),
    };
    let queue = Queue::new(rate, 1.0, workers, time)?;
    // Its interval is 1.96 standard errors of its own to each side.
    let own = super::estimate::T * number(row, "ci95")? / 1.96;
    let mut held = Vec::new();
    for (field, time) in [
        ("W_sim", Visit::sojourn as fn(&Visit) -> Micros),
        ("Wq_sim", Visit::wait as fn(&Visit) -> Micros),
    ] {
        let means = queue.figures(|window| window.mean(time) / queue.unit)?;
        let found = Found::mean_of(&means);
        let tolerance = (found.tolerance * found.tolerance + own * own).sqrt();
        held.push(Found { tolerance, ..found }.hold(field, number(row, field)?)?);
    }
    if !row["W_theory"].is_null() {
        held.push(queue.mean_time("W_theory", Visit::sojourn, number(row, "W_theory")?)?);
    }
    all(held)
}
