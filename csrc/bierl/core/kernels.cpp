#include <cstdlib>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/kernels.hpp>

namespace bierl {

extern const KernelTable kBaselineKernels;
#if defined(BIERL_X86)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif

namespace {

#if defined(BIERL_X86)
// A policy step stands between two simulation steps, and 512-bit arithmetic there slows the simulation down:
// HalfCheetah-v5 on one thread ran at 0.90 of the bare mj_step loop with it and at 0.97 to 1.01 with 256-bit vectors,
// whose network is as fast (0.36 us both). Noise is made an episode at a time and keeps the widest vectors.
const KernelTable& avx512() {
  static const KernelTable table = [] {
    KernelTable mixed = kAvx512Kernels;
    mixed.dense = kAvx2Kernels.dense;
    mixed.activate = kAvx2Kernels.activate;
    return mixed;
  }();
  return table;
}
#endif

// Widest first; only what this processor runs.
std::vector<const KernelTable*> runnable() {
  std::vector<const KernelTable*> tables;
#if defined(BIERL_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) tables.push_back(&avx512());
  if (__builtin_cpu_supports("avx2")) tables.push_back(&kAvx2Kernels);
#endif
  tables.push_back(&kBaselineKernels);
  return tables;
}

const KernelTable& choose() {
  const auto tables = runnable();
  const char* const asked = std::getenv("BIERL_INSTRUCTION_SET");
  if (asked == nullptr || *asked == '\0') return *tables.front();
  std::string names;
  for (const KernelTable* table : tables) {
    if (std::string(asked) == table->name) return *table;
    names += (names.empty() ? "" : ", ") + std::string(table->name);
  }
  throw ArgumentError("BIERL_INSTRUCTION_SET is '" + std::string(asked) + "'; this processor runs: " + names);
}

}  // namespace

const KernelTable& kernels() {
  static const KernelTable& chosen = choose();
  return chosen;
}

}  // namespace bierl
