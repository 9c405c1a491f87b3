//! The kernels of the benchmarks: the same natively and in a sandbox.

use kernel_tasks::{ALL, MODULE};
use sandpool::ProcessPool;

#[test]
fn every_kernel_computes_in_a_sandbox_what_it_computes_natively() {
    // Debug builds are slow, and two sizes are enough to see that the size matters.
    const SIZES: [u32; 2] = [1, 7];
    let pool = ProcessPool::new(MODULE).unwrap();
    for kernel in ALL {
        for size in SIZES {
            let sandboxed = pool.submit_json(kernel.name, size.to_string()).unwrap();
            let native = (kernel.native)(size).to_string();
            assert_eq!(
                sandboxed.join().unwrap(),
                native,
                "{} of {size}",
                kernel.name
            );
        }
    }
}

#[test]
fn every_task_of_the_module_is_in_the_list() {
    let module = sandpool::ModuleInfo::read(MODULE).unwrap();
    let mut tasks: Vec<&str> = module
        .tasks()
        .iter()
        .map(sandpool::TaskInfo::name)
        .collect();
    let mut listed: Vec<&str> = ALL.iter().map(|kernel| kernel.name).collect();
    tasks.sort_unstable();
    listed.sort_unstable();
    assert_eq!(tasks, listed);
}
