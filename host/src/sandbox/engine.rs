//! The only place that configures wasmtime.

use std::num::NonZeroUsize;
use std::sync::Arc;

use wasmtime::{
    CacheStore, Config, Engine, Inlining, InstanceAllocationStrategy, OptLevel,
    PoolingAllocationConfig, WasmBacktraceDetails, WasmFeatures,
};

use crate::interruption::Interruption;
use crate::sandbox::memory::MAX_TABLE_ELEMENTS;
use crate::sandbox::{epochs, features};

/// How much of a worker's stack wasm code may use, where nothing else was asked for.
pub(crate) const WASM_STACK_BYTES: usize = 1 << 20;

/// The address space of a memory whose accesses are checked: that of the default limit, so that it does
/// not have to be moved to grow.
const CHECKED_BYTES: u64 = 256 << 20;

/// What polls need: a second memory, whose size is not a multiple of a page's.
const POLLS: WasmFeatures = WasmFeatures::MULTI_MEMORY.union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// How much of a memory, from its beginning, stays mapped when a sandbox is thrown away, and is
/// overwritten with the module's initial memory for the next one. What is past that is given back to the
/// system, and each page of it costs the next task that touches it a page fault: a hundred times what
/// it costs to overwrite it.
///
/// The kernel can also tell which pages are dirty, and the engine ask it, to overwrite only those (its
/// `pagemap_scan`). But a page that the kernel moves just then, to make room for a large one, is
/// left out, and the next task would find what is in it. So: not that.
const KEPT_MEMORY_BYTES: usize = 2 << 20;

/// The largest memory whose contents are mapped as they are, however few of its bytes are not zero. Of a
/// larger one at least half must not be: otherwise they are copied, for each sandbox.
const IMAGE_BYTES: u64 = 16 << 20;

/// The same of a memory with a lot of data, above its stack: there is what the allocator of `sandpool-guest`
/// begins with, 128 KiB, and before and after that the statics that every call uses.
const KEPT_STATICS_BYTES: usize = 144 << 10;

/// The same of a table: all of most modules'.
const KEPT_TABLE_BYTES: usize = 64 << 10;

/// How many frames of a fault's backtrace are kept.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(20).expect("20 is not zero");

/// How code of a module is compiled and run.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// How much stack wasm code may use.
    pub(crate) stack_bytes: usize,
    /// Whether the fuel that is burnt is counted.
    pub(crate) fuel: bool,
    /// Whether operations that have no number as their result have the same bits everywhere.
    pub(crate) canonical_nans: bool,
    /// Whether accesses to memory are checked one by one.
    pub(crate) bounds_checks: bool,
    /// Whether a trap leaves a core dump.
    pub(crate) coredumps: bool,
    /// How guests are stopped.
    pub(crate) interruption: Interruption,
}

/// How much room there is for instances of a module, and how it is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// How many can live at once.
    pub(crate) instances: usize,
    /// How much of a memory stays mapped, if that was asked for.
    pub(crate) kept_memory_bytes: Option<usize>,
    /// How much data the module has for its memory.
    pub(crate) data_bytes: usize,
    /// The size of the stack at the bottom of its memory.
    pub(crate) stack_bytes: usize,
    /// The most that its memory has, where it was made from one that was in use.
    pub(crate) snapshot_bytes: u64,
}

impl Room {
    fn kept_memory_bytes(&self) -> usize {
        match self.kept_memory_bytes {
            Some(bytes) => bytes,
            // Copying so much takes longer than to map what a small task uses, and that is mostly here.
            None if self.data_bytes > KEPT_MEMORY_BYTES => {
                KEPT_MEMORY_BYTES.min(self.stack_bytes + KEPT_STATICS_BYTES)
            }
            None => KEPT_MEMORY_BYTES,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            stack_bytes: WASM_STACK_BYTES,
            fuel: false,
            canonical_nans: false,
            bounds_checks: false,
            coredumps: false,
            interruption: Interruption::default(),
        }
    }
}

impl Profile {
    /// Returns an engine with this room for instances. `watch` is asked before each function
    /// that is compiled.
    ///
    /// Each instance has 4 GiB of address space with guard pages behind it, so that memory accesses need
    /// no bounds checks. Where so much cannot be reserved, or bounds checks are asked for, instances are
    /// mapped one by one, which is slower.
    pub(crate) fn engine(
        &self,
        room: &Room,
        watch: Arc<dyn CacheStore>,
    ) -> Result<Engine, wasmtime::Error> {
        if self.bounds_checks {
            return Engine::new(&self.mapped_one_by_one(CHECKED_BYTES, watch)?);
        }
        let pooled = self.pooled(room, Arc::clone(&watch))?;
        Engine::new(&pooled).or_else(|_| Engine::new(&self.mapped_one_by_one(0, watch)?))
    }

    fn pooled(&self, room: &Room, watch: Arc<dyn CacheStore>) -> wasmtime::Result<Config> {
        /// What the engine itself keeps for an instance: a module with many functions needs more.
        const INSTANCE_BYTES: usize = 16 << 20;
        let instances = u32::try_from(room.instances).unwrap_or(u32::MAX);
        let mut config = self.config(watch)?;
        config.memory_guaranteed_dense_image_size(IMAGE_BYTES.max(room.snapshot_bytes));
        let memories = match self.interruption {
            Interruption::Polls => 2,
            Interruption::Epochs => 1,
        };
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(instances)
            .max_memories_per_module(memories)
            .total_memories(instances.saturating_mul(memories))
            .total_tables(instances)
            .linear_memory_keep_resident(room.kept_memory_bytes())
            .table_keep_resident(KEPT_TABLE_BYTES)
            .table_elements(MAX_TABLE_ELEMENTS)
            .max_core_instance_size(INSTANCE_BYTES);
        // Guests run on the stacks of threads. They are there only if WASI is: 1000, with 2000 mappings.
        #[cfg(feature = "wasi")]
        pool.total_stacks(0);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        Ok(config)
    }

    /// Takes so much address space for a guest's memory, which is moved when it grows past that, and no
    /// guard pages to speak of.
    fn mapped_one_by_one(
        &self,
        reserved_bytes: u64,
        watch: Arc<dyn CacheStore>,
    ) -> wasmtime::Result<Config> {
        const GUARD_BYTES: u64 = 64 << 10;
        const ROOM_TO_GROW_BYTES: u64 = 1 << 20;
        let mut config = self.config(watch)?;
        config
            .memory_reservation(reserved_bytes)
            .memory_guard_size(GUARD_BYTES)
            .memory_reservation_for_growth(ROOM_TO_GROW_BYTES);
        Ok(config)
    }

    fn config(&self, watch: Arc<dyn CacheStore>) -> wasmtime::Result<Config> {
        let mut config = Config::new();
        config
            .wasm_features(WasmFeatures::all().difference(features::ON), false)
            .wasm_features(features::ON, true)
            .cranelift_opt_level(OptLevel::Speed)
            // Polls would be merged: see there.
            .compiler_inlining(Inlining::No)
            .cranelift_nan_canonicalization(self.canonical_nans)
            .consume_fuel(self.fuel)
            .coredump_on_trap(self.coredumps)
            .max_wasm_stack(self.stack_bytes)
            // Not used, but checked against the other.
            .async_stack_size(self.stack_bytes)
            .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
            .wasm_backtrace_details(WasmBacktraceDetails::Disable)
            // Guests are not unwound by the system's unwinder, and registering them with it gets slow.
            .native_unwind_info(false)
            .enable_incremental_compilation(watch)?;
        match self.interruption {
            // The module was validated without these: it has no use of them itself.
            Interruption::Polls => _ = config.wasm_features(POLLS, true),
            Interruption::Epochs => epochs::configure(&mut config),
        }
        Ok(config)
    }
}
