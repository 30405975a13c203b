//! Goals: each is printed beside what was measured, in a form that `cargo xtask bench` gathers.

use std::fmt;
use std::process::ExitCode;

/// Whether a figure is what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It is.
    Met,
    /// It is not.
    Missed,
}

impl Goal {
    /// `Met` if `met`.
    pub const fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }

    /// Whether both are met.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::of(self == Self::Met && other == Self::Met)
    }

    /// Prints `figure`, which may be `most` at most, as goal `number` of the performance goals.
    pub fn at_most(number: u8, what: &str, figure: f64, most: f64, unit: &str) -> Self {
        Self::print(number, what, figure, ("≤", most), unit, figure <= most)
    }

    /// Prints `figure`, which must be `least` at least.
    pub fn at_least(number: u8, what: &str, figure: f64, least: f64, unit: &str) -> Self {
        Self::print(number, what, figure, ("≥", least), unit, figure >= least)
    }

    fn print(
        number: u8,
        what: &str,
        figure: f64,
        (sign, bound): (&str, f64),
        unit: &str,
        met: bool,
    ) -> Self {
        let goal = Self::of(met);
        println!("  goal {number}: {what:<58} {figure:>8.2}{unit}  {sign} {bound}{unit}  {goal}");
        goal
    }

    /// What a program ends with.
    pub const fn exit_code(self) -> ExitCode {
        match self {
            Self::Met => ExitCode::SUCCESS,
            Self::Missed => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
        })
    }
}

/// The exit code of a program that measured, or could not.
pub fn exit(program: &str, outcome: crate::Result<Goal>) -> ExitCode {
    match outcome {
        Ok(goal) => goal.exit_code(),
        Err(error) => {
            eprintln!("{program} bench: {error}");
            ExitCode::from(2)
        }
    }
}
