//! The unsafe island: which kernel this CPU can run, and the calls of it.
//!
//! A function compiled for an instruction set may be called only where the CPU has it. Here the proof is a value:
//! an `Instructions` names a set only after the CPU was asked for it.

use crate::kernel;
use crate::lattice::{Kept, Sums};
use crate::queue::{INPUTS_MAX, Queue, Value};

/// An instruction set that this CPU has. Only this module can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instructions(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Instructions {
    /// All that this CPU has, the widest first.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let wide = [
            (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Set::Avx512),
            is_x86_feature_detected!("avx2").then_some(Set::Avx2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let wide = [];
        wide.into_iter().flatten().chain([Set::Portable]).map(Self)
    }

    /// The widest that this CPU has. The standard library remembers what it asked the CPU.
    #[inline]
    pub(crate) fn widest() -> Self {
        Self::available().next().unwrap_or(Self(Set::Portable))
    }

    /// The chaining value of each queued input behind its last block (`whole`: the hash) or before it.
    pub(crate) fn chain(self, queue: &Queue, whole: bool, values: &mut [Value; INPUTS_MAX]) {
        match self.0 {
            // SAFETY: `available` made this value because the CPU has AVX-512 F and BW.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { kernel::avx512::chain(queue, whole, values) },
            // SAFETY: `available` made this value because the CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { kernel::avx2::chain(queue, whole, values) },
            Set::Portable => kernel::portable::chain(queue, whole, values),
        }
    }

    /// Adds the term of each queued input to the sums that its tag names, and keeps it where `kept`, by input, says.
    pub(crate) fn accumulate(self, queue: &Queue, kept: &mut [Kept<'_>], sums: &mut [Sums; 2]) {
        match self.0 {
            // SAFETY: `available` made this value because the CPU has AVX-512 F and BW.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { kernel::avx512::accumulate(queue, kept, sums) },
            // SAFETY: `available` made this value because the CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { kernel::avx2::accumulate(queue, kept, sums) },
            Set::Portable => kernel::portable::accumulate(queue, kept, sums),
        }
    }
}
