//! What a process costs.

use std::io;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process so far: all threads, user and system.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// The most memory that a process had resident at any time, in bytes: `VmHWM` of `/proc`.
///
/// # Errors
/// When the process is gone, or the system has no `/proc`.
pub fn peak_memory(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| {
            let kib = line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?;
            kib.trim().parse::<u64>().ok()
        })
        .map(|kib| kib * 1024)
        .ok_or_else(|| io::Error::other(format!("process {pid} tells no VmHWM")))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_touched_is_in_the_peak_after_it_is_gone() {
        let before = peak_memory(std::process::id()).unwrap();
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        drop(touched);
        let after = peak_memory(std::process::id()).unwrap();
        assert!(after >= before + (60 << 20), "{before} {after}");
    }

    #[test]
    fn work_takes_processor_time() {
        let before = cpu_time();
        let mut sum = 0_u64;
        while cpu_time() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(cpu_time() > before, "{sum}");
    }
}
