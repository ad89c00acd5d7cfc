//! `crossbook._kernel`: one handle, bytes in, bytes out, the GIL released while it works.
//!
//! The kernel knows nothing of Python and this crate knows nothing of the market: it moves bytes across, turns a panic
//! into a poisoned handle, and names errors.

mod errors;
mod formulas;
mod handle;

use pyo3::prelude::*;

/// The extension module.
#[pymodule]
fn _kernel(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let python = module.py();
    module.add_class::<handle::Kernel>()?;
    module.add_function(wrap_pyfunction!(handle::check_block, module)?)?;
    module.add_function(wrap_pyfunction!(handle::count_events, module)?)?;
    module.add_function(wrap_pyfunction!(handle::vocabulary, module)?)?;
    formulas::add(module)?;
    module.add("BlockError", python.get_type::<errors::BlockError>())?;
    module.add("SnapshotError", python.get_type::<errors::SnapshotError>())?;
    module.add("KernelError", python.get_type::<errors::KernelError>())?;
    Ok(())
}
