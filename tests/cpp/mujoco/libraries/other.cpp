// A library of terms that says it was built against another version.
#include <bierl/mujoco/terms/plugin.hpp>

extern "C" __attribute__((visibility("default"))) const bierl::mujoco::terms::Plugin* bierl_terms() {
  static const bierl::mujoco::terms::Plugin plugin = [] {
    bierl::mujoco::terms::Plugin other{bierl::mujoco::terms::kPluginAbi, nullptr};
    other.abi.bierl = "0.0.9";
    other.abi.mujoco = 3018001;
    return other;
  }();
  return &plugin;
}
