// The kernels for AVX2. Compiled with the flags that csrc/CMakeLists.txt gives this file alone.
#define BIERL_VECTOR_BYTES 32
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <bierl/core/kernels.hpp>
#include <bierl/core/philox.hpp>

#include "kernels.inl"

namespace bierl {
extern const KernelTable kAvx2Kernels;
const KernelTable kAvx2Kernels{"avx2", normals,      perturb, accumulate<Itself>, accumulate<SquareLessOne>,
                               dense,  activate_all, scores};
}  // namespace bierl
