//! The kernel's own formulas as plain functions, so that policies and tests need no second ones.
#![allow(clippy::too_many_arguments, reason = "each is a named number of a formula, given by keyword")]

use std::panic::{UnwindSafe, catch_unwind};

use crossbook_kernel::quantities::{Lots, Money, Rate, TickValue, Ticks, Wide};
use crossbook_kernel::risk::funding_rate::{self, FundingTerms};
use crossbook_kernel::risk::margin;
use crossbook_kernel::risk::waterfall::{self, Target};
use crossbook_kernel::state::asset::LiquidationTerms;
use crossbook_kernel::state::market::Scaling;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Numbers that no market has (a price of zero, products beyond 128 bits) are the caller's error here, not a bug.
fn computed<T>(formula: impl FnOnce() -> T + UnwindSafe) -> PyResult<T> {
    catch_unwind(formula).map_err(|_| PyValueError::new_err("no market has such numbers"))
}

fn positive(name: &str, value: i64) -> PyResult<()> {
    if value > 0 { Ok(()) } else { Err(PyValueError::new_err(format!("{name} must be positive, not {value}"))) }
}

/// An amount shared among weights.
#[pyfunction]
pub fn shares(amount: i64, weights: Vec<i64>) -> PyResult<Vec<i64>> {
    if weights.iter().any(|&weight| weight < 0) || weights.iter().all(|&weight| weight == 0) {
        return Err(PyValueError::new_err("weights are not negative, and not all zero"));
    }
    let weights: Vec<Lots> = weights.into_iter().map(Lots).collect();
    computed(|| waterfall::shares(Money(amount), weights.iter().copied()).map(|share| share.0).collect())
}

/// The premium of the impact prices over the oracle, a rate.
#[pyfunction]
#[pyo3(signature = (*, impact_bid, impact_ask, oracle))]
pub fn premium(impact_bid: i64, impact_ask: i64, oracle: i64) -> PyResult<i64> {
    positive("oracle", oracle)?;
    computed(|| funding_rate::premium(Ticks(impact_bid), Ticks(impact_ask), Ticks(oracle)).0)
}

/// The funding rate of a premium.
#[pyfunction]
#[pyo3(name = "funding_rate", signature = (premium, *, scaling_rate, interest_rate, band_rate, lower_rate, upper_rate, epochs))]
pub fn rate_of_funding(
    premium: i64,
    scaling_rate: i64,
    interest_rate: i64,
    band_rate: i64,
    lower_rate: i64,
    upper_rate: i64,
    epochs: u32,
) -> PyResult<i64> {
    positive("epochs", epochs.into())?;
    if band_rate < 0 || lower_rate > upper_rate {
        return Err(PyValueError::new_err("band_rate is not negative, lower_rate not above upper_rate"));
    }
    let terms = FundingTerms {
        scaling_rate: Rate(scaling_rate),
        interest_rate: Rate(interest_rate),
        band_rate: Rate(band_rate),
        lower_rate: Rate(lower_rate),
        upper_rate: Rate(upper_rate),
        epochs,
    };
    computed(|| funding_rate::rate(Rate(premium), &terms).0)
}

/// The initial rate by size.
#[pyfunction]
#[pyo3(signature = (*, base_rate, size_rate, lots))]
pub fn size_rate(base_rate: i64, size_rate: i64, lots: i64) -> PyResult<i64> {
    computed(|| margin::size_rate(Rate(base_rate), Rate(size_rate), Lots(lots)).0)
}

/// The initial rate by open interest.
#[pyfunction]
#[pyo3(signature = (*, base_rate, open_interest, lower, upper))]
pub fn interest_rate(base_rate: i64, open_interest: i64, lower: i64, upper: i64) -> PyResult<i64> {
    let scaling = Scaling { open_interest_lower: Lots(lower), open_interest_upper: Lots(upper), ..Scaling::default() };
    computed(|| margin::interest_rate(Rate(base_rate), &scaling, open_interest.into()).0)
}

/// A position in need; `crossbook.formulas.Target` has the same fields.
#[derive(FromPyObject)]
pub struct Need {
    lots: i64,
    cost: i64,
    mark: i64,
    price_max: i64,
    tick_value: i64,
    standard: i64,
    standard_sum: i64,
    equity: i64,
    maintenance: i64,
}

impl Need {
    fn target(&self) -> PyResult<Target> {
        for (name, value) in [("mark", self.mark), ("price_max", self.price_max), ("tick_value", self.tick_value)] {
            positive(name, value)?;
        }
        positive("the size of lots", self.lots.saturating_abs())?;
        Ok(Target {
            lots: Lots(self.lots),
            cost: Money(self.cost),
            mark: Ticks(self.mark),
            price_max: Ticks(self.price_max),
            tick_value: TickValue(self.tick_value),
            standard: Money(self.standard),
            standard_sum: Wide(self.standard_sum.into()),
            equity: Wide(self.equity.into()),
            maintenance: Wide(self.maintenance.into()),
        })
    }
}

/// The worst price that a reduction may be sent at.
#[pyfunction]
#[pyo3(signature = (target, *, adjustment_rate, spread_rate))]
#[allow(clippy::needless_pass_by_value, reason = "what is taken out of a Python object is owned")]
pub fn fillable_price(target: Need, adjustment_rate: i64, spread_rate: i64) -> PyResult<i64> {
    let target = target.target()?;
    let terms = LiquidationTerms {
        adjustment_rate: Rate(adjustment_rate),
        spread_rate: Rate(spread_rate),
        ..LiquidationTerms::default()
    };
    computed(|| target.fillable_price(&terms).0)
}

/// What closing lots may cost so that the pool keeps its share.
#[pyfunction]
#[pyo3(signature = (target, *, closing, freed))]
#[allow(clippy::needless_pass_by_value, reason = "what is taken out of a Python object is owned")]
pub fn bankruptcy_value(target: Need, closing: i64, freed: i64) -> PyResult<i64> {
    let target = target.target()?;
    computed(|| target.bankruptcy_value(Lots(closing), Money(freed)).0)
}

/// Most lots of one reduction.
#[pyfunction]
#[pyo3(signature = (target, *, recovered, buffer_rate, fee_rate, partial_rate, partial_notional))]
#[allow(clippy::needless_pass_by_value, reason = "what is taken out of a Python object is owned")]
pub fn most_lots(
    target: Need,
    recovered: i64,
    buffer_rate: i64,
    fee_rate: i64,
    partial_rate: i64,
    partial_notional: i64,
) -> PyResult<i64> {
    let target = target.target()?;
    let terms = LiquidationTerms {
        fee_rate: Rate(fee_rate),
        partial_rate: Rate(partial_rate),
        partial_notional: Money(partial_notional),
        ..LiquidationTerms::default()
    };
    computed(|| target.most_lots(&terms, Rate(buffer_rate), Wide(recovered.into())).0)
}

/// Adds them to the extension module.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(shares, module)?)?;
    module.add_function(wrap_pyfunction!(premium, module)?)?;
    module.add_function(wrap_pyfunction!(rate_of_funding, module)?)?;
    module.add_function(wrap_pyfunction!(size_rate, module)?)?;
    module.add_function(wrap_pyfunction!(interest_rate, module)?)?;
    module.add_function(wrap_pyfunction!(fillable_price, module)?)?;
    module.add_function(wrap_pyfunction!(bankruptcy_value, module)?)?;
    module.add_function(wrap_pyfunction!(most_lots, module)?)?;
    Ok(())
}
