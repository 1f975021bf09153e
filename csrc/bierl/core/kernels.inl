// The body of the kernels, for vectors of BIERL_VECTOR_BYTES; included by one source file for each instruction set.
// Everything has internal linkage: a function compiled for AVX-512 must never be picked by the linker for another file,
// so nothing from the standard library with a body is used here.

namespace bierl {
namespace {

#include "kernels/vectors.inl"

#include "kernels/network.inl"
#include "kernels/noise.inl"
#include "kernels/scores.inl"

#undef BIERL_INLINE

}  // namespace
}  // namespace bierl
