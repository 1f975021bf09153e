// What this build is and what it runs on.
#include <pybind11/pybind11.h>

#include <bierl/core/kernels.hpp>
#include <bierl/mujoco/handles.hpp>

#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;

namespace {

py::dict build_info() {
  py::dict info;
  info["version"] = BIERL_VERSION;
  info["build_type"] = BIERL_BUILD_TYPE;
#if defined(__clang__)
  info["compiler"] = "clang " __clang_version__;
#else
  info["compiler"] = "gcc " __VERSION__;
#endif
  info["instruction_set"] = kernels().name;
  info["mujoco_version"] = mj_versionString();
  return info;
}

}  // namespace

void bind_info(py::module_& m) {
  mujoco::require_matching_mujoco();  // at import: another MuJoCo answers differently
  kernels();  // at import too: an instruction set that cannot run here is refused once, with a sentence
  m.def("build_info", &build_info,
        "Versions, compiler and the instruction set in use (sse2, avx2 or avx512), as a dict of strings.");
}

}  // namespace bierl::bindings
