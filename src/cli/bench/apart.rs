//! A server on a core of its own, so that what its load computes is not taken from it.

#[cfg(target_os = "linux")]
use rustix::process::Pid;
#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Until it is dropped, a server has one core and this process the others.
#[cfg(target_os = "linux")]
pub struct Apart {
    server: u32,
    all: CpuSet,
}

#[cfg(target_os = "linux")]
impl Apart {
    /// None where there is one core, or the system does not say.
    pub fn of(server: u32) -> Option<Self> {
        let all = sched_getaffinity(None).ok()?;
        let one = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core))?;
        let mut ours = all;
        ours.unset(one);
        if ours.count() == 0 {
            return None;
        }
        let mut its = CpuSet::new();
        its.set(one);
        // Undone where half of it fails.
        let apart = Self { server, all };
        keep(server, &its)?;
        keep(std::process::id(), &ours)?;
        Some(apart)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Apart {
    fn drop(&mut self) {
        keep(self.server, &self.all);
        keep(std::process::id(), &self.all);
    }
}

/// Keeps each thread of a process on these cores; those that it starts later stay there too.
#[cfg(target_os = "linux")]
fn keep(process: u32, cores: &CpuSet) -> Option<()> {
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let thread = thread.ok()?.file_name().to_str()?.parse().ok()?;
        // One that has ended meanwhile is on no core.
        let _ = sched_setaffinity(Pid::from_raw(thread), cores);
    }
    Some(())
}

/// Only Linux is known to keep a process on a core.
#[cfg(not(target_os = "linux"))]
pub struct Apart;

#[cfg(not(target_os = "linux"))]
impl Apart {
    /// None.
    pub fn of(_: u32) -> Option<Self> {
        None
    }
}
