//! Welch's t-test, from running means and variances.

/// What is known of one sample.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Welch {
    count: f64,
    mean: f64,
    /// The sum of the squares of the distances from the mean.
    squares: f64,
}

impl Welch {
    /// Adds one value (Welford's way, which loses no digits).
    #[allow(clippy::cast_precision_loss)] // nanoseconds, far below 2^52
    pub(crate) fn add(&mut self, value: u64) {
        let value = value as f64;
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    pub(crate) const fn mean(&self) -> f64 {
        self.mean
    }

    /// How many standard errors the two means are apart.
    pub(crate) fn t(one: &Self, other: &Self) -> f64 {
        let error = |of: &Self| of.squares / (of.count - 1.0).max(1.0) / of.count.max(1.0);
        let together = error(one) + error(other);
        if together == 0.0 {
            return 0.0;
        }
        (one.mean - other.mean) / together.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Welch {
        let mut welch = Welch::default();
        for value in values {
            welch.add(*value);
        }
        welch
    }

    #[test]
    fn a_worked_example_comes_out_as_in_the_book() {
        // Means 3 and 6, variances 2.5 and 10, five values each: t = -3 / sqrt(0.5 + 2).
        let t = Welch::t(&of(&[1, 2, 3, 4, 5]), &of(&[2, 4, 6, 8, 10]));
        assert!((t + 3.0 / 2.5_f64.sqrt()).abs() < 1e-9, "{t}");
    }

    #[test]
    fn equal_samples_are_not_apart_and_nothing_is_divided_by_zero() {
        assert!(Welch::t(&of(&[7, 7]), &of(&[7, 7])).abs() < 1e-9);
        assert!(Welch::t(&of(&[]), &of(&[])).abs() < 1e-9);
    }
}
