//! The steps of `cargo xtask test`: their order, which of them to run, and the tally at the end.

use std::time::Instant;

use crate::{Result, checks, examples, features, fuzz, readme, setup};

/// One named check.
pub(crate) struct Step {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// One line for the help text.
    pub(crate) about: &'static str,
    run: fn() -> Result<()>,
}

/// Every step, cheapest first, so that a careless mistake shows early.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "setup",
        about: "install the tools the checks need",
        run: setup::run,
    },
    Step {
        name: "fmt",
        about: "rustfmt would change nothing",
        run: checks::fmt,
    },
    Step {
        name: "clippy",
        about: "no lint fires on any target",
        run: checks::clippy,
    },
    Step {
        name: "features",
        about: "each feature compiles alone",
        run: features::run,
    },
    Step {
        name: "docs",
        about: "rustdoc without warnings",
        run: checks::docs,
    },
    Step {
        name: "deny",
        about: "licences, sources and bans",
        run: checks::deny,
    },
    Step {
        name: "nextest",
        about: "unit and integration tests",
        run: checks::nextest,
    },
    Step {
        name: "doctests",
        about: "the examples in the documentation",
        run: checks::doctests,
    },
    Step {
        name: "vectors",
        about: "the published vectors, counted",
        run: checks::vectors,
    },
    Step {
        name: "examples",
        about: "each example serves what it announces",
        run: examples::run,
    },
    Step {
        name: "readme",
        about: "the README's example in an empty project",
        run: readme::run_example,
    },
    Step {
        name: "fuzz",
        about: "each fuzz target finds nothing in half a minute",
        run: fuzz::run,
    },
];

/// The steps named by `--only`, or all of them, in the order of [`STEPS`].
///
/// # Errors
/// When an option or a step is unknown, or when `--only` names nothing.
pub(crate) fn select(options: &[&str]) -> Result<Vec<&'static Step>> {
    let names = match options {
        [] => return Ok(STEPS.iter().collect()),
        ["--only", names] => *names,
        [option] => option
            .strip_prefix("--only=")
            .ok_or_else(|| unknown_option(option))?,
        [option, ..] => return Err(unknown_option(option).into()),
    };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        let valid: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("no step `{unknown}`; the steps are {}", valid.join(", ")).into());
    }
    Ok(STEPS
        .iter()
        .filter(|step| names.contains(&step.name))
        .collect())
}

/// Runs the steps one after the other, whatever becomes of each, and says whether all passed.
///
/// A failed step does not stop the next: someone who waits for the whole run wants to hear of every
/// failure at once. The last line printed is the tally.
pub(crate) fn run(steps: &[&Step]) -> bool {
    let mut failures = Vec::new();
    for step in steps {
        println!("\n== {} ==", step.name);
        let started = Instant::now();
        let outcome = (step.run)();
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => println!("{}: ok, {seconds:.1} s", step.name),
            Err(error) => {
                println!("{}: FAILED, {seconds:.1} s\n{error}", step.name);
                failures.push((step.name, error));
            }
        }
    }
    println!();
    for (name, error) in &failures {
        println!("{name} failed: {error}");
    }
    println!("{}", tally(steps.len(), failures.len()));
    failures.is_empty()
}

fn tally(run: usize, failed: usize) -> String {
    format!("{} passed, {failed} failed", run.saturating_sub(failed))
}

fn unknown_option(option: &str) -> String {
    format!("`test` does not understand `{option}`; use `--only STEP[,STEP…]`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(options: &[&str]) -> Vec<&'static str> {
        select(options)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect()
    }

    fn refusal(options: &[&str]) -> String {
        select(options).err().unwrap().to_string()
    }

    #[test]
    fn without_options_every_step_runs() {
        assert_eq!(selected(&[]).len(), STEPS.len());
    }

    #[test]
    fn only_selects_by_name_in_either_spelling() {
        assert_eq!(selected(&["--only", "fmt,clippy"]), ["fmt", "clippy"]);
        assert_eq!(selected(&["--only=fmt"]), ["fmt"]);
    }

    #[test]
    fn selected_steps_keep_the_fixed_order_and_run_once() {
        assert_eq!(
            selected(&["--only", "examples,fmt, fmt"]),
            ["fmt", "examples"]
        );
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_list_of_valid_ones() {
        let refusal = refusal(&["--only", "fmt,lint"]);
        assert!(refusal.contains("`lint`"), "{refusal}");
        for step in STEPS {
            assert!(refusal.contains(step.name), "{refusal}");
        }
    }

    #[test]
    fn naming_nothing_is_refused_rather_than_passing_with_no_check_run() {
        for options in [
            &["--only", ""][..],
            &["--only="],
            &["--only"],
            &["--only", "fmt,"],
        ] {
            assert!(select(options).is_err(), "{options:?}");
        }
    }

    #[test]
    fn an_unknown_option_is_refused_by_name() {
        assert!(refusal(&["--fast"]).contains("`--fast`"));
        assert!(refusal(&["--only", "fmt", "extra"]).contains("does not understand"));
    }

    #[test]
    fn step_names_are_unique() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn every_step_runs_after_a_failure_and_the_failure_is_not_forgotten() {
        let broken = Step {
            name: "broken",
            about: "",
            run: || Err("no".into()),
        };
        let fine = Step {
            name: "fine",
            about: "",
            run: || Ok(()),
        };
        assert!(!run(&[&broken, &fine]));
        assert!(run(&[&fine]));
    }

    #[test]
    fn the_tally_counts_steps() {
        assert_eq!(tally(10, 1), "9 passed, 1 failed");
    }
}
