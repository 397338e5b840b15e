//! Ratios of measurements made in turns.

/// The middle of some values; `NaN` of none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Ratios of pairs: each of two measurements that stood side by side, so that what disturbed one
/// disturbed the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ratios(Vec<f64>);

impl Ratios {
    /// One ratio a pair, `numerators[i] / denominators[i]`; what has no partner is left out.
    ///
    /// ```
    /// let ratios = measure::Ratios::of(&[2.0, 3.0, 8.0], &[1.0, 1.0, 2.0]);
    /// assert_eq!(ratios.median(), 3.0);
    /// ```
    #[must_use]
    pub fn of(numerators: &[f64], denominators: &[f64]) -> Self {
        let mut ratios: Vec<f64> = numerators
            .iter()
            .zip(denominators)
            .map(|(a, b)| a / b)
            .collect();
        ratios.sort_by(f64::total_cmp);
        Self(ratios)
    }

    /// How many pairs there are.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.0.len()
    }

    /// The middle ratio.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.0)
    }

    /// The smallest ratio; `NaN` of none.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The largest ratio; `NaN` of none.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// The true median lies above this with 95 % confidence or more, whatever the distribution:
    /// an order statistic (the sign test turned round). `None` below five pairs, which cannot
    /// bear that confidence.
    #[must_use]
    pub fn lower_bound(&self) -> Option<f64> {
        tail(self.0.len()).map(|at| self.0[at])
    }

    /// As [`Self::lower_bound`], from above.
    #[must_use]
    pub fn upper_bound(&self) -> Option<f64> {
        tail(self.0.len()).map(|at| self.0[self.0.len() - 1 - at])
    }
}

/// The largest index `k` for which fewer than `k + 1` of `n` values lie below the median with a
/// probability of at most 5 %: P(Binomial(n, 1/2) <= k) <= 0.05.
fn tail(n: usize) -> Option<usize> {
    let mut probability = 0.5_f64.powi(i32::try_from(n).ok()?);
    let mut sum = 0.0;
    let mut found = None;
    for k in 0..n {
        sum += probability;
        if sum > 0.05 {
            break;
        }
        found = Some(k);
        probability *= (n - k) as f64 / (k + 1) as f64;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn bounds_are_the_order_statistics_of_the_sign_test() {
        // From tables of the binomial distribution: the sixth of 20 (P = 0.0207), the first of 5
        // (P = 0.031), the eleventh of 30 (P = 0.0494).
        let bound = |n: usize| {
            let values: Vec<f64> = (1..=n).map(|at| at as f64).collect();
            let ratios = Ratios::of(&values, &vec![1.0; n]);
            (ratios.lower_bound(), ratios.upper_bound())
        };
        assert_eq!(bound(20), (Some(6.0), Some(15.0)));
        assert_eq!(bound(5), (Some(1.0), Some(5.0)));
        assert_eq!(bound(30), (Some(11.0), Some(20.0)));
        assert_eq!(bound(4), (None, None));
    }
}
