// The kernels for the baseline: 16-byte vectors, SSE2 on x86-64. Compiled with the flags that csrc/CMakeLists.txt gives
// this file alone.
#define BIERL_VECTOR_BYTES 16
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <bierl/core/kernels.hpp>
#include <bierl/core/philox.hpp>

#include "kernels.inl"

namespace bierl {
extern const KernelTable kBaselineKernels;
#if defined(__SSE2__)
#define BIERL_BASELINE_NAME "sse2"
#else
#define BIERL_BASELINE_NAME "generic"
#endif
const KernelTable kBaselineKernels{BIERL_BASELINE_NAME,       normals, perturb,      accumulate<Itself>,
                                   accumulate<SquareLessOne>, dense,   activate_all, scores};
}  // namespace bierl
