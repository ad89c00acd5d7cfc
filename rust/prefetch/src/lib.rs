//! A hint to the processor that memory will be read soon. It is the one line of unsafe code under the kernel, in a crate
//! of its own so that the kernel can go on forbidding it.
//!
//! Why it is worth having: executing a block is a walk over accounts and orders that are anywhere in memory. The block
//! is decoded before it is executed, so what the next commands need is known; asking for it early hides most of the
//! wait. Ordinary loads do not serve: they retire in order, so the wait only moves. `benches/kernel.rs` shows the gain.

/// Asks for the cache line at the start of `target`. Changes nothing but timing; where there is no such instruction it
/// does nothing at all.
#[inline(always)]
pub fn prefetch<T>(target: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads and writes nothing the program can observe and never faults, whatever the address;
        // this one is a live reference besides. SSE, which has the instruction, is part of every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(target).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _: &T = target;
}
