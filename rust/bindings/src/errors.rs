//! What can go wrong at the boundary.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::{PyErr, create_exception};

create_exception!(
    crossbook._kernel,
    BlockError,
    PyValueError,
    "A block does not decode; nothing was executed. Args: code, record index, message."
);
create_exception!(
    crossbook._kernel,
    SnapshotError,
    PyValueError,
    "Bytes are not a snapshot of this kernel. Args: message."
);
create_exception!(
    crossbook._kernel,
    KernelError,
    PyRuntimeError,
    "The kernel broke an invariant: a bug. The handle is poisoned. Args: message."
);

/// A block that was refused.
pub fn block(error: crossbook_kernel::decode::BlockError) -> PyErr {
    let (code, record) = (error.error.code(), error.record);
    BlockError::new_err((code, record, format!("record {record} of the block: {code}")))
}

/// What a panic said.
pub fn poisoned(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    KernelError::new_err(format!("the kernel is poisoned: {said}"))
}
